#!/bin/bash
# `clean` takes what is proven to be of a dead harness, and nothing that is only named like it.
# Measures nothing, but wants no other's guests: it may run beside what only computes.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { skip "clean: needs root"; finish; }
R=/run/stealscope
dead=999999-1 run=$MINE-dead stranger= guest= mapper=
start_of() { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; }
live=$$-$(start_of $$)
v1=$(ls -d /sys/fs/cgroup/cpu 2>/dev/null || echo /sys/fs/cgroup)
undo() {
	[ -z "$stranger" ] || kill -9 "$stranger"
	[ -z "$mapper" ] || kill -9 "$mapper"
	umount "$R/$MINE-stuck/busy" "$R/.$dead.$MINE-stuck/busy" 2>/dev/null
	virsh -q -c qemu:///system destroy "stealscope-$MINE-mydb" >/dev/null 2>&1
	rm -rf "$R/$dead" "$R/$MINE"-* "$R/.$dead"* "/dev/shm/stealscope-$MINE"* "/tmp/stealscope-$uid"
	for g in /sys/fs/cgroup{,/cpu,/cpuset,/cpuacct}/stealscope/"$MINE"-*; do rmdir "$g" 2>/dev/null; done
	rmdir /sys/fs/cgroup{,/cpu,/cpuset,/cpuacct}/stealscope "$R" 2>/dev/null
}
uid=64$((RANDOM % 900 + 100)) # nobody's
at_exit undo
put() { mkdir -p "$(dirname "$1")" && printf '%s' "$2" >"$1"; }
# said NAME PATTERN; stays NAME TEST...; goes NAME TEST...
said() { grep -q "$2" "$T/err" && ok "$1 ($(grep -m1 "$2" "$T/err" | cut -c1-120))" || bad "$1: it does not say '$2': $(tr '\n' ';' <"$T/err")"; }
unsaid() { grep -q "$2" "$T/err" && bad "$1: $(grep -m1 "$2" "$T/err")" || ok "$1"; }
stays() { local n=$1; shift; [ "$@" ] && ok "$n stays" || bad "$n is gone"; }
goes() { local n=$1; shift; [ "$@" ] && bad "$n is left" || ok "$n goes"; }

# What a dead harness left.
put "$R/$run/owner" "$dead"
: >"/dev/shm/stealscope-$run-g"
mkdir -p "$v1/stealscope/$run/g" 2>/dev/null
put "$R/.$dead/owner" "$dead"
# A page of its that somebody has mapped still.
if command -v python3 >/dev/null; then
	head -c 4096 /dev/zero >"/dev/shm/stealscope-$run-mapped"
	python3 -c 'import mmap, sys, time
f = open(sys.argv[1], "r+b")
m = mmap.mmap(f.fileno(), 4096)
f.close()
print(flush=True)
time.sleep(60)' "/dev/shm/stealscope-$run-mapped" >"$T/mapped" &
	mapper=$!
	disown
	for _ in $(seq 100); do [ -s "$T/mapped" ] && break; sleep 0.1; done
fi
# What is only named so.
: >"/dev/shm/stealscope-$MINE"
put "$R/$MINE-starting/owner" ""
put "$R/$MINE-live/owner" "$live"
put "$R/$MINE-bare/owner" "$live" # has nothing else yet
: >"/dev/shm/stealscope-$MINE-live-g"
mkdir -p "$v1/stealscope/$MINE-live" "$v1/stealscope/$MINE-stray" 2>/dev/null
ln -s "$T" "$R/$MINE-link"
put "$T/owner" "$dead"
# A process with the words of a guest, in the pid file of a driver whose harness is dead.
sh -c 'while :; do sleep 1; done' "guest=stealscope-$MINE-mydb,debug-threads=on" "$R/$dead/lib" &
stranger=$!
disown
put "$R/$dead/run/qemu/stealscope-$MINE-mydb.pid" "$stranger"
# A folder that does not go.
put "$R/$MINE-stuck/owner" "$dead"
mkdir "$R/$MINE-stuck/busy" && mount -t tmpfs none "$R/$MINE-stuck/busy" 2>/dev/null && mounted=1

timeout 60 "$SS" clean >"$T/out" 2>"$T/err" && ok "clean ends well" || bad "clean: exit $?: $(tail -1 "$T/err")"
goes "a dead run's shared page" -e "/dev/shm/stealscope-$run-g"
if [ -n "$mapper" ]; then
	stays "a page that is mapped" -e "/dev/shm/stealscope-$run-mapped"
	stays "the folder that proves whose it is" -e "$R/$run/owner"
	said "and named" "left folder $R/$run"
fi
goes "a dead run's control group" -e "$v1/stealscope/$run"
goes "a dead harness's first folder" -e "$R/.$dead"
goes "a dead driver's folder" -e "$R/$dead"
stays "another's shared memory" -e "/dev/shm/stealscope-$MINE"
said "and named" "left shared memory /dev/shm/stealscope-$MINE:"
stays "the folder of a harness that is just starting" -e "$R/$MINE-starting/owner"
said "and named" "left $R/$MINE-starting:"
stays "a living run's folder" -e "$R/$MINE-live/owner"
stays "one that has nothing else" -e "$R/$MINE-bare/owner"
stays "a living run's shared page" -e "/dev/shm/stealscope-$MINE-live-g"
[ ! -d "$v1/stealscope" ] || stays "a living run's control group" -d "$v1/stealscope/$MINE-live"
[ ! -d "$v1/stealscope" ] || stays "a control group of nobody's" -d "$v1/stealscope/$MINE-stray"
stays "what a link leads to" -e "$T/owner"
stays "a process that says what a guest says" -d "/proc/$stranger"
if [ -n "${mounted:-}" ]; then
	unsaid "what does not go is not called removed" "removed folder $R/$MINE-stuck"
	said "but left" "left folder $R/$MINE-stuck"
	stays "what is left of it, by a name that proves whose it is" -d "$R/.$dead.$MINE-stuck/busy"
	umount "$R/.$dead.$MINE-stuck/busy"
	timeout 60 "$SS" clean >"$T/out" 2>"$T/err" || bad "clean, what was stuck: exit $?: $(tail -1 "$T/err")"
	goes "it, when nothing holds it" -e "$R/.$dead.$MINE-stuck"
else
	skip "clean: nothing can be mounted here, so every folder goes"
fi

# Who cannot be looked at is not taken for nobody: who has a page mapped, whose a run is.
if [ -n "$mapper" ] && command -v strace >/dev/null; then
	timeout -s KILL 60 strace -f -o "$T/calls" -P /proc -e inject=openat:error=EMFILE:when=1+ "$SS" clean >"$T/out" 2>"$T/err"
	grep -q INJECTED "$T/calls" || bad "clean does not look into /proc"
	stays "a page, where nobody can be asked who has it mapped" -e "/dev/shm/stealscope-$run-mapped"
	timeout -s KILL 60 strace -f -o "$T/calls" -P "/proc/$mapper/maps" -e inject=openat:error=EMFILE:when=1+ "$SS" clean >"$T/out" 2>"$T/err"
	grep -q INJECTED "$T/calls" || bad "clean does not look at the maps of who has a page"
	stays "a page, where who has it cannot be looked at" -e "/dev/shm/stealscope-$run-mapped"
	timeout -s KILL 60 strace -f -o "$T/calls" -P "/proc/$$/stat" -e inject=openat:error=EMFILE:when=1+ "$SS" clean >"$T/out" 2>"$T/err"
	grep -q INJECTED "$T/calls" || bad "clean does not look at a run's harness"
	stays "a run whose harness cannot be looked at" -e "$R/$MINE-live/owner"
	said "and named" "left $R/$MINE-live:"
fi
# Nobody has that page mapped any more.
if [ -n "$mapper" ]; then
	kill $mapper
	for _ in $(seq 100); do kill -0 $mapper 2>/dev/null || break; sleep 0.1; done
	mapper=
	timeout 60 "$SS" clean >"$T/out" 2>"$T/err" || bad "the next clean: exit $?: $(tail -1 "$T/err")"
	goes "the page, when nobody has it mapped" -e "/dev/shm/stealscope-$run-mapped"
fi
goes "a dead run's folder" -e "$R/$run"
said "it is said" "removed folder $R/$run"

# A harness that is killed while libvirt asks QEMU what it can do: once a box, or when it has forgotten. That QEMU goes before the
# folder that proves whose it is.
asked() { pgrep -f "qemu-system.*-machine none.*$R/$1-"; }
if [ -w /dev/kvm ]; then
	for _ in 1 2 3 4 5; do # it may be between two of them
		rm -rf /var/cache/stealscope/libvirt/*
		"$SS" doctor >/dev/null 2>&1 &
		harness=$!
		for _ in $(seq 2000); do asked $harness >/dev/null && break; done
		kill -9 $harness
		wait $harness 2>/dev/null
		sleep 0.3
		asked $harness >/dev/null && break
	done
	asked $harness >/dev/null && ok "a QEMU that libvirt asks outlives its harness" || bad "no QEMU outlived its harness: there is nothing to clean"
	timeout 60 "$SS" clean >"$T/out" 2>"$T/err" || bad "clean, a QEMU that was asked: exit $?: $(tail -1 "$T/err")"
	asked $harness >/dev/null && bad "a QEMU that libvirt asked is left" || ok "it goes"
	said "and is named" "removed QEMU of $R/$harness-"
	pkill -9 -f "qemu-system.*-machine none.*$R/$harness-"
fi

# `clean` that is killed, or sees nothing for a moment: what it did not take stays provable, and the next one takes it.
left_behind() {
	put "$R/$MINE-half/owner" "$dead"
	put "$R/$MINE-half/sub/file" ""
	: >"/dev/shm/stealscope-$MINE-half-g"
	for g in "$v1" /sys/fs/cgroup/cpuset /sys/fs/cgroup/cpuacct; do [ ! -d "$g" ] || mkdir -p "$g/stealscope/$MINE-half"; done 2>/dev/null
}
half_left() { ls -d "$R/$MINE-half" "$R/.$dead.$MINE-half" /dev/shm/*"$MINE-half"* /sys/fs/cgroup{,/cpu,/cpuset,/cpuacct}/stealscope/"$MINE-half" 2>/dev/null | sort -u | tr '\n' ' '; }
# disturbed NAME MOST SAID STRACE-ARGUMENT...: at the call of number WHEN, for each of them; what it leaves it has SAID.
disturbed() {
	local name=$1 last=$2 said=$3 k came=0 all="" over
	shift 3
	for k in $(seq "$last"); do
		left_behind
		{ timeout -s KILL 60 strace -f -o "$T/calls" "${@//WHEN/$k}" "$SS" clean >"$T/out" 2>"$T/err"; } 2>/dev/null
		status=$?
		grep -qE 'INJECTED|killed by SIGKILL' "$T/calls" || break
		came=$k
		over=$(half_left)
		[ -z "$over" ] || [[ $over = *" $R"* || $over = "$R"* ]] || all+="$k: the folder is gone, left: $over; "
		[ -z "$over" ] || [ $status != 0 ] || grep -qE "$said" "$T/err" || all+="$k: it says nothing of $over; "
		timeout 60 "$SS" clean >"$T/out" 2>"$T/err"
		over=$(half_left)
		[ -z "$over" ] || all+="$k: the next one leaves $over; "
	done
	[ "$came" -gt 0 ] || all+="the calls did not come"
	[ -z "$all" ] && ok "$name ($came times): the next one takes all" || bad "$name: $all"
}
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	paths=("$R/$MINE-half" "$R/.$dead.$MINE-half" "/dev/shm/stealscope-$MINE-half-g")
	disturbed "clean, killed while it removes" 20 . "${paths[@]/#/-P}" -e inject=unlinkat,unlink,rename:signal=KILL:when=WHEN
	disturbed "clean, that cannot look at mounts" 20 '^left .*half|cannot' -P /proc/self/mounts -e inject=openat:error=EMFILE:when=WHEN
	disturbed "clean, that cannot look for pages" 20 '^left .*half|cannot' -P /dev/shm -e inject=openat:error=EMFILE:when=WHEN
	disturbed "clean, that can never look for pages" 2 '^left .*half|cannot' -P /dev/shm -e inject=openat:error=EMFILE:when=WHEN+
	disturbed "clean, that cannot look for runs" 20 cannot -P "$R" -e inject=openat:error=EMFILE:when=WHEN
else
	skip "clean, disturbed: no strace here, or it may not trace"
fi

# A harness that dies while `clean` is at work on another's: what is its stays together, and the next one takes it.
sleep 60 &
dying=$!
put "$R/$MINE-dying/owner" "$dying-$(start_of $dying)"
: >"/dev/shm/stealscope-$MINE-dying-g"
mkdir -p "$R/$dead/many" && (cd "$R/$dead/many" && seq 30000 | xargs touch)
before=$(stat -c %y "$R/$dead/many")
timeout 60 "$SS" clean >"$T/out" 2>"$T/err" &
cleaner=$!
while kill -0 $cleaner 2>/dev/null && [ "$(stat -c %y "$R/$dead/many" 2>/dev/null)" = "$before" ]; do :; done
{ kill -9 $dying; wait $dying; } 2>/dev/null
wait $cleaner && ok "clean beside one that dies ends well" || bad "clean beside one that dies: $(tail -1 "$T/err")"
stays "what proves whose the page is of a harness that died meanwhile" -e "$R/$MINE-dying/owner"
timeout 60 "$SS" clean >"$T/out" 2>"$T/err"
goes "its page, the next time" -e "/dev/shm/stealscope-$MINE-dying-g"
goes "its folder" -e "$R/$MINE-dying"

# An ordinary user, beside all that: fine, and nothing touched; in a folder that another made: as `run`, refused.
as_user() { setpriv --reuid "$uid" --regid "$uid" --clear-groups env -i PATH="$PATH" HOME="$T/home" "$@"; }
mkdir "$T/home" && chown "$uid" "$T/home"
install -m 755 "$SS" "$T/stealscope"
as_user "$T/stealscope" clean >"$T/out" 2>"$T/err" && ok "clean as a user beside root's runs ends well" || bad "clean as a user: exit $?: $(tail -1 "$T/err")"
stays "root's run" -e "$R/$MINE-live/owner"
rm -rf "/tmp/stealscope-$uid"
put "/tmp/stealscope-$uid/$MINE-trap/owner" "$dead"
put "/tmp/stealscope-$uid/$dead/file" ""
chmod -R a+rwX "/tmp/stealscope-$uid"
expect_exit "clean in a folder that another user made" 4 as_user "$T/stealscope" clean
stays "what stands in it" -e "/tmp/stealscope-$uid/$MINE-trap/owner"
stays "and beside that" -e "/tmp/stealscope-$uid/$dead/file"

# A domain of the user's own that is called stealscope-...
if ! libvirtd_up >"$T/why"; then
	skip "clean, domains: $(cat "$T/why")"
else
	meta='<metadata><s:owner xmlns:s="https://stealscope.invalid/domain/1">999999-1</s:owner></metadata>'
	for kind in plain copied; do
		printf '<domain type="qemu"><name>stealscope-%s-mydb</name>%s<memory unit="MiB">16</memory><vcpu>1</vcpu><os><type arch="x86_64" machine="microvm">hvm</type></os></domain>' "$MINE" "$([ $kind = copied ] && echo "$meta")" >"$T/mydb.xml"
		sed -i 's/ machine="microvm"//' "$T/mydb.xml"
		if ! virsh -q -c qemu:///system create "$T/mydb.xml" >"$T/why" 2>&1; then
			skip "clean, domains: no domain starts here: $(head -1 "$T/why")"
			break
		fi
		timeout 60 "$SS" clean --connect qemu:///system >"$T/out" 2>"$T/err" || bad "clean: exit $?: $(tail -1 "$T/err")"
		[ "$(virsh -q -c qemu:///system domstate "stealscope-$MINE-mydb" 2>/dev/null | head -1)" = running ] && ok "a domain of the user's own stays ($kind)" || bad "a domain of the user's own is gone ($kind)"
		said "and is named" "left domain stealscope-$MINE-mydb"
		virsh -q -c qemu:///system destroy "stealscope-$MINE-mydb"
	done
fi
finish
