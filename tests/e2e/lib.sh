# Helpers of the end-to-end tests; sourced by each tests/e2e/*.sh. A test is a script that calls ok, bad
# or skip once per claim and ends with `finish`. Its results go to a folder of its own.
# shellcheck shell=bash
set -u
# A test adopts what its daemons leave, and buries it at once. Libvirtd's QEMUs go to the box's first process otherwise, and in
# some containers that one looks for its dead every two seconds only: libvirtd, and who waits for it, wait as long.
if [ "${ADOPTS:-}" != $$ ] && command -v python3 >/dev/null; then
	PR_SET_CHILD_SUBREAPER=36
	ADOPTS=$$ exec python3 -c "import ctypes, os, sys; ctypes.CDLL(None).prctl($PR_SET_CHILD_SUBREAPER, 1); os.execvp('bash', ['bash'] + sys.argv[1:])" "$0" "$@"
fi
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
SS=${SS:-build/stealscope}
PASS=0 FAIL=0 SKIPPED=0
T=$(mktemp -d "${TMPDIR:-/tmp}/stealscope-test.XXXXXX")
chmod 755 "$T"
ON_EXIT='rm -rf "$T"'
trap 'eval "$ON_EXIT"' EXIT
# at_exit COMMAND: before what was given earlier.
at_exit() { ON_EXIT="$1; $ON_EXIT"; }

ok() { PASS=$((PASS + 1)); echo "ok    $*"; }
bad() { FAIL=$((FAIL + 1)); echo "FAIL  $*"; }
skip() { SKIPPED=$((SKIPPED + 1)); echo "SKIP  $*"; }
finish() {
	[ "$SECOND_TRIES" = 0 ] || echo "flaky: $SECOND_TRIES second tries in $(basename "$0" .sh)"
	echo "$(basename "$0" .sh): $PASS passed, $FAIL failed, $SKIPPED skipped"
	[ "$FAIL" = 0 ]
	exit
}
# anew FILE...: emptied, before a command in the background writes there and this script waits for its word: the shell of
# the command empties the file, too, but perhaps after the script has read the word of the one before.
anew() { for _ in "$@"; do : >"$_"; done; }
# need_kvm: end the whole test as skipped where there is no usable /dev/kvm.
need_kvm() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ] && return
	skip "$(basename "$0" .sh): /dev/kvm is not there or not usable by $(id -un)"
	finish
}
# is NAME FILE JQ-CONDITION: a claim about a JSON document; prints what VALUE was when it fails.
is() {
	local name=$1 file=$2 cond=$3 shown=${4:-} said
	# jq -e calls an empty file true; a claim about nothing does not hold.
	if said=$(jq -e "$cond" "$file" 2>/dev/null) && [ -n "$said" ]; then
		ok "$name${shown:+ ($(jq -c "$shown" "$file" 2>/dev/null))}"
	else
		bad "$name: not $cond${shown:+; it is $(jq -c "$shown" "$file" 2>&1 | head -c 400)}"
	fi
}
# valid NAME SCHEMA FILE: the document is as docs/schemas/SCHEMA.schema.json says; without one of its members it is not.
valid() {
	local said
	said=$(/usr/bin/python3 - "docs/schemas/$2.schema.json" "$3" 2>&1 <<-'P'
		import json, jsonschema, sys
		schema, document = (json.load(open(f)) for f in sys.argv[1:])
		jsonschema.Draft7Validator.check_schema(schema)
		check = jsonschema.Draft7Validator(schema)
		wrong = list(check.iter_errors(document))
		if wrong: sys.exit("; ".join(f"{'/'.join(map(str, e.path))}: {e.message[:100]}" for e in wrong[:3]))
		less = document[0] if isinstance(document, list) else document
		del less[next(iter(less))]
		if check.is_valid(document): sys.exit("the schema misses no member")
	P
	) && ok "$1: as docs/schemas/$2.schema.json says" || bad "$1: not as docs/schemas/$2.schema.json says: $(tail -1 <<<"$said" | head -c 400)"
}
# witness: what an independent witness saw since it was asked last: "FOREIGN STEAL", CPU time in ms per second that
# others took on this box, and that the box's own hypervisor took from it. From /proc/stat, less what this test and
# all that it started used by /proc/PID/stat, dead and living (QEMU and libvirtd that began after it are its own, for they
# leave its family); nothing that stealscope says goes into it.
WITNESS=
witness_now() { # "own busy steal ms", CPU times in ticks
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v me=$$ -v ms="$(($(date +%s%N) / 1000000))" '
		{ pid = $1; daemon[pid] = /^[0-9]+ [(](qemu-system|libvirtd|virtlogd)/; sub(/^.*[)] /, "")
		  parent[pid] = $2; used[pid] = $12 + $13; waited[pid] = $14 + $15; begun[pid] = $20 }
		function mine(p,  n) {
			for (n = 0; p > 1 && n < 64; n++) { if (p == me || (daemon[p] && begun[p] >= begun[me])) return 1; p = parent[p] }
			return 0
		}
		END { for (p in used) if (mine(p)) own += used[p] + waited[p]
			getline line < "/proc/stat"; split(line, v)
			print own + 0, v[2] + v[3] + v[4] + v[7] + v[8], v[9], ms }'
}
# What is asked within a second is about the same work: the answer is the same.
witness() {
	local now last=(${WITNESS:-0 0 0 0})
	now=$(witness_now)
	[ -n "${WITNESS_SAID:-}" ] && [ $((${now##* } - last[3])) -lt 1000 ] && { echo "$WITNESS_SAID"; return; }
	WITNESS_SAID=$(echo "$WITNESS $now" | awk -v hz="$(getconf CLK_TCK)" -v cpus="$(nproc)" 'NF == 8 && $8 > $4 { k = 1000000 / hz / ($8 - $4)
		f = ($6 - $2 - ($5 - $1)) * k; printf "%.1f %.1f\n", (f > 0 ? f : 0), ($7 - $3) * k / cpus }')
	WITNESS=$now
	echo "$WITNESS_SAID"
}
FOREIGN_MAX=10 STEAL_MAX=5 # ms/s that explain a miss of a percent
# is_timed NAME FILE JQ-CONDITION [VALUE]: as `is`, for figures that only a quiet box can give. A miss is a SKIP when
# the witness saw others at work since the last document that such a claim was about. What no box can give, a rate below 0 or above
# the whole of a CPU, fails whoever was at work.
declare -A WITNESSED
is_timed() {
	local impossible doc
	# All claims about one document have the witness of the time that it was made in.
	doc="$2 $(stat -c '%i %.9Y' "$2" 2>/dev/null)"
	[ -n "${WITNESSED[$doc]:-}${TRIAL:-}" ] || { others_at_work; WITNESSED[$doc]="$? $OTHERS"; }
	impossible=$(jq -c '[(.variants[]?.guests[]?.vcpus[]?.metrics // {} | to_entries[] | select(.key | IN("steal.rate", "wait.rate", "throttle.rate")) | .value),
		(.vcpus[]? | .run?, .wait?, .run_delay?)] | map(select(type == "number" and (. < 0 or . > 1001)))' "$2" 2>/dev/null)
	if [ -n "$impossible" ] && [ "$impossible" != "[]" ]; then
		bad "$1: impossible values, whoever was at work: $impossible ms/s"
	elif [ -n "${TRIAL:-}" ]; then
		jq -e "$3" "$2" >/dev/null 2>&1 || MISSED=1
	elif ! jq -e "$3" "$2" >/dev/null 2>&1 && [ -s "$2" ] && [ "${WITNESSED[$doc]%% *}" = 0 ]; then
		skip "$1: ${WITNESSED[$doc]#* }; it is $(jq -c "${4:-.}" "$2" 2>/dev/null | head -c 200)"
	else
		is "$@"
	fi
}
# others_at_work: the witness saw others on this box since it was asked last; OTHERS says how much.
others_at_work() {
	local foreign steal
	witness >"$T/witness"
	read -r foreign steal <"$T/witness"
	OTHERS="others took ${foreign:=0} ms/s of this box's CPUs by /proc/stat, its own hypervisor ${steal:=0} ms/s each"
	awk -v f="$foreign" -v s="$steal" -v F=$FOREIGN_MAX -v S=$STEAL_MAX 'BEGIN {exit !(f > F || s > S)}'
}
witness >/dev/null
# switches_hidden SECONDS: "SEEN HIDDEN", how many switches the kernel's own trace file shows, beside two loops on one CPU, and
# how many must have been between them unseen, as the thread that leaves a CPU is not the one that came last.
# Some sandbox kernels hide such events from every tracer. Nothing that stealscope says goes into it.
switches_hidden() {
	local a b
	taskset -c 0 timeout "$1" sh -c 'while :; do :; done' & a=$!
	taskset -c 0 timeout "$1" sh -c 'while :; do :; done' & b=$!
	unshare -m sh -c '
		mkdir -p "$0/tracefs" && mount -t tracefs none "$0/tracefs" && i=$0/tracefs/instances/$1 && mkdir "$i" || exit
		echo 1 >"$i/events/sched/sched_switch/enable"; sleep "$2"; echo 0 >"$i/tracing_on"
		cat "$i/trace"; echo 0 >"$i/events/sched/sched_switch/enable"; rmdir "$i"' "$T" "witness$$" "$1" 2>/dev/null | awk '
		/sched_switch:/ && match($0, /[[][0-9]+]/) { cpu = substr($0, RSTART, RLENGTH)
			match($0, /prev_pid=[0-9]+/); prev = substr($0, RSTART + 9, RLENGTH - 9)
			match($0, /next_pid=[0-9]+/); next_ = substr($0, RSTART + 9, RLENGTH - 9)
			if ((cpu in last) && last[cpu] != prev) hidden++
			last[cpu] = next_; seen++ }
		END { print seen + 0, hidden + 0 }'
	wait $a $b
}
# watch_vcpus: in the background, each second of a run of this test, what the kernel says its vCPU threads waited for a CPU
# (schedstat) and where they may run, into $T/vcpus: "MS TID RUN_DELAY CPUS". unwatch_vcpus: ends it.
watch_vcpus() {
	: >"$T/vcpus"
	while :; do
		sleep 1
		for p in $(pgrep -f "guest=stealscope-[^ ]*$MINE"); do
			for t in /proc/"$p"/task/*; do
				read -r comm <"$t/comm" && [[ $comm == CPU*KVM ]] || continue
				read -r _ delay _ <"$t/schedstat" && echo "$(($(date +%s%N) / 1000000)) ${t##*/} $delay $(awk '/^Cpus_allowed_list/ { print $2 }' "$t/status")"
			done 2>/dev/null
		done >>"$T/vcpus"
	done &
	WATCHER=$!
}
unwatch_vcpus() { kill "$WATCHER" 2>/dev/null; wait "$WATCHER" 2>/dev/null; }
# waited_by_schedstat SECONDS: the mean over the threads of what they waited, in ms/s, over the last SECONDS but one that they lived.
waited_by_schedstat() {
	awk -v s="$1" '{ n[$2]++; at[$2, n[$2]] = $1; d[$2, n[$2]] = $3 }
		END { for (t in n) { e = n[t] - 1; for (b = e; b > 1 && at[t, e] - at[t, b - 1] <= s * 1000; b--);
			if (e > b) { sum += (d[t, e] - d[t, b]) / 1000 / (at[t, e] - at[t, b]); k++ } }
			print k ? sum / k : "none" }' "$T/vcpus"
}
# second_try NAME: what did not hold at first is tried again; counted, and told at the end.
SECOND_TRIES=0
second_try() { SECOND_TRIES=$((SECOND_TRIES + 1)); echo "AGAIN $*"; witness >"$T/witness"; }
# twice NAME MEASURE CLAIMS: MEASURE runs, and CLAIMS says what it has of it by is_timed. Where one of these misses, once more. What
# has nothing to do with time is claimed in MEASURE, each time.
twice() {
	local TRIAL=1 MISSED=
	"$2"
	"$3"
	TRIAL=
	[ -z "$MISSED" ] || { second_try "$1"; "$2"; }
	"$3"
}
# expect_exit NAME STATUS COMMAND...: its exit status, and that it said one clear line on stderr.
expect_exit() {
	local name=$1 want=$2 got
	shift 2
	"$@" >"$T/out" 2>"$T/err"
	got=$?
	if [ "$got" != "$want" ]; then
		bad "$name: exit $got, wanted $want: $(head -c 300 "$T/err")"
	elif [ "$want" != 0 ] && [ ! -s "$T/err" ]; then
		bad "$name: said nothing"
	else
		ok "$name (exit $got: $(head -1 "$T/err" | cut -c1-150))"
	fi
}
# daemon_here NAME: one of that name lives under this root (not outside a chroot, where /proc shows it too) and has its socket.
daemon_here() {
	local p
	[ -S "/run/libvirt/$1-sock" ] || return 1
	for p in $(pgrep -x "$1"); do [ "/proc/$p/root/." -ef /. ] && return; done
	return 1
}
# end_daemon NAME: the one that this test started, by its pid; none that was there.
end_daemon() {
	local pid
	pid=$(cat "$T/$1.pid" 2>/dev/null) || return 0
	kill "$pid" 2>/dev/null
	for _ in $(seq 100); do [ -d "/proc/$pid" ] || break; sleep 0.1; done
	rm -f "$T/$1.pid"
}
# libvirtd_up: qemu:///system answers: by a daemon of the test's own, where none runs. Else false, its reason printed.
# QEMU runs as libvirt-qemu there: it needs /dev/kvm through its group, as on any box with udev.
libvirtd_up() {
	[ "$(id -u)" = 0 ] || { echo "needs root to start libvirtd"; return 1; }
	command -v libvirtd >/dev/null || { echo "libvirtd is not installed"; return 1; }
	[ -n "${LIBVIRTD_USED:-}" ] || { exec 19>/run/stealscope-test-libvirtd && flock -s -w 60 19 && LIBVIRTD_USED=1; }
	virsh -q -c qemu:///system list >/dev/null 2>&1 && return # by its socket: some box's own, left alone
	KVM_WAS=$(stat -c '%a %g' /dev/kvm 2>/dev/null) LIBVIRTD_OURS=1 MACHINES_WERE=" $(echo /sys/fs/cgroup/*/machine) "
	at_exit libvirtd_down
	[ -n "$KVM_WAS" ] && getent group kvm >/dev/null && chgrp kvm /dev/kvm && chmod 660 /dev/kvm
	daemon_here virtlogd || virtlogd -d -p "$T/virtlogd.pid" 19>&-
	libvirtd -d -p "$T/libvirtd.pid" 19>&-
	for _ in $(seq 50); do virsh -q -c qemu:///system list >/dev/null 2>&1 && return; sleep 0.2; done
	echo "libvirtd does not start here"
	return 1
}
libvirtd_down() { # what libvirtd_up did is undone
	[ -n "${LIBVIRTD_OURS:-}" ] || return 0
	flock -x -w 300 19 # a test beside this one that uses it, too, ends first
	end_daemon libvirtd
	end_daemon virtlogd
	for g in /sys/fs/cgroup/*/machine; do # its empty parent groups stay
		[[ $MACHINES_WERE == *" $g "* ]] || rmdir "$g" 2>/dev/null
	done
	[ -z "$KVM_WAS" ] || { chmod "${KVM_WAS% *}" /dev/kvm; chgrp "${KVM_WAS#* }" /dev/kvm; }
	LIBVIRTD_OURS=
}
# a_user NAME [GROUPS]: a user of this test's own, with the programs in $T/bin, $T/away to write to and a runtime folder
# (short: sockets lie below it); `as_user COMMAND...` runs as that user, in $T/away. False where none can be made.
a_user() {
	local name=$1 build
	build=$(dirname "$SS")
	[ "$(id -u)" = 0 ] && PATH=$PATH:/usr/sbin useradd -r -M -d "$T/home" -s /bin/sh ${2:+-G "$2"} "$name" 2>"$T/err" || return
	at_exit "a_user_gone $name"
	AS=$name
	mkdir "$T/bin" "$T/home" "$T/away" "/run/$name"
	chown "$name" "$T/home" "$T/away" "/run/$name"
	chmod 700 "/run/$name"
	install -m 755 "$SS" "$build/stealscope-hostd" "$build/stealscope-agent" "$T/bin/"
	install -m 644 "$build/metal.elf" "$T/bin/"
}
as_user() { (cd "$T/away" && timeout 120 runuser -u "$AS" -- env -i HOME="$T/home" XDG_RUNTIME_DIR="/run/$AS" PATH="$PATH" "$@"); }
a_user_gone() { # NAME: with all that runs as it, a libvirtd among them
	pkill -KILL -u "$1"
	for _ in $(seq 50); do pgrep -u "$1" >/dev/null || break; sleep 0.1; done
	PATH=$PATH:/usr/sbin userdel "$1" 2>/dev/null
	rm -rf "/run/${1:?}"
}
# parts NAME...: calls part_NAME of each, or of those that $PART names.
parts() {
	local p
	for p in "$@"; do ! wanted_part "$p" || "part_$p"; done
}
wanted_part() { [[ -z ${PART:-} || " $PART " == *" $1 "* ]]; }
# any_part NAME...: ends the test where $PART names none of them: it is another's.
any_part() {
	local p
	for p in "$@"; do ! wanted_part "$p" || return 0; done
	finish
}
# A scenario of this test's own name, so that its runs are told from others on the same box.
MINE=t$$
own_scenario() { # FILE: a copy of it in $T under the name $MINE; prints its path
	sed "0,/name=\"[^\"]*\"/s//name=\"$MINE\"/" "$1" >"$T/$MINE-$(basename "$1")"
	echo "$T/$MINE-$(basename "$1")"
}
# domain_xml NAME VCPUS KERNEL CONSOLE CPUTUNE: somebody's domain, busy on all its vCPUs (tests/domain/busy.c).
domain_xml() {
	local rom=
	[ ! -r /usr/share/qemu/qboot.rom ] || rom="<loader type='rom'>/usr/share/qemu/qboot.rom</loader>"
	cat <<-X
		<domain type='kvm'><name>$1</name><memory unit='MiB'>32</memory><vcpu placement='static'>$2</vcpu>$5
		<os><type arch='x86_64' machine='pc'>hvm</type>$rom<kernel>$3</kernel><cmdline>$2</cmdline></os>
		<features><acpi/><apic/></features>
		<cpu mode='host-passthrough' check='none' migratable='off'><feature policy='disable' name='arch-capabilities'/></cpu>
		<clock offset='utc'><timer name='hpet' present='no'/></clock>
		<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='usb' model='none'/><memballoon model='none'/>
		<serial type='file'><source path='$4'/></serial></devices></domain>
	X
}
# hostile_programs: in $T/bin, the programs with a hostile guest in place of the metal one (tests/hostile).
hostile_programs() {
	local b
	b=$(dirname "$SS")
	make -s BUILD="$b" "$b/tests/hostile.elf" >"$T/make" 2>&1 || { bad "the hostile guest does not build: $(tail -2 "$T/make")"; finish; }
	mkdir "$T/bin" && cp "$SS" "$b"/stealscope-* "$T/bin/" && cp "$b/tests/hostile.elf" "$T/bin/metal.elf"
}
began() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '{print $20} END {if (!NR) print 0}'; } # PID: in ticks; 0: it is gone
# What this test's runs may have left behind: one line a thing. Empty = clean.
leftovers() {
	pgrep -fa "guest=stealscope-[^ ]*$MINE" | cut -c1-120 | sed 's/^/process: /'
	pgrep -fa "stealscope-hostd.*$T" | cut -c1-120 | sed 's/^/process: /'
	find /dev/shm -maxdepth 1 -name "stealscope-*$MINE*" 2>/dev/null | sed 's/^/shm: /'
	find /sys/fs/cgroup -maxdepth 5 -type d -name "*$MINE*" 2>/dev/null | sed 's/^/cgroup: /'
	grep "$T" /proc/self/mounts | sed 's/^/mount: /'
	find /run/stealscope -maxdepth 1 -name "*$MINE*" 2>/dev/null | sed 's/^/runtime: /'
	local d pid
	# QEMUs that libvirt asked what they can do since this test began, below the root PID-START of a harness that is gone.
	pgrep -fa 'qemu-system.*-machine none.*/run/stealscope/' | sed -n 's,^\([0-9]*\) .*/run/stealscope/\([0-9]*\)-[0-9]*/.*,\1 \2,p' |
		while read -r pid d; do [ -d "/proc/$d" ] || [ "$(began "$pid")" -lt "$(began $$)" ] || echo "process: $pid, a QEMU that libvirt asked for harness $d"; done
	for d in /run/stealscope/[0-9]*; do # PID-START of a harness
		[[ ${d##*/} =~ ^([0-9]+)-[0-9]+$ ]] || continue
		pid=${BASH_REMATCH[1]}
		[ -d "$d" ] && [ ! -d "/proc/$pid" ] && echo "runtime: $d"
	done
}
# clean_after NAME [SECONDS]: nothing is left, at the latest SECONDS (10) from now.
clean_after() {
	local left i
	for ((i = 0; i < ${2:-10} * 5; i++)); do
		left=$(leftovers)
		[ -z "$left" ] && { ok "$1: nothing left behind"; return; }
		sleep 0.2
	done
	bad "$1: left behind: $(echo "$left" | tr '\n' ';' | head -c 600)"
}
