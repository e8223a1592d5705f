#!/bin/bash
# Who is a vCPU: blame's names and numbers for QEMU with and without names on its threads, in every form of -name, emulated,
# and for a VMM that is not QEMU, held against what the VMM itself says (QMP, gettid) and what /proc says is busy.
. "$(dirname "$0")/lib.sh"
need_kvm
[ "$(id -u)" = 0 ] || { skip "who is a vCPU: needs root to trace"; finish; }
BUILD=$(dirname "$SS")
make -s BUILD="$BUILD" "$BUILD/tests/mini_vmm" >"$T/make" 2>&1 || { bad "the small VMM does not build: $(tail -2 "$T/make")"; finish; }
VMM=$BUILD/tests/mini_vmm
cpu=$(($(nproc) - 1))
N=e2e-who-$$

printf '.code32\n.globl _start\n_start: cli\n1: jmp 1b\n.section .note.x,"a"\n.long 4,4,18\n.asciz "Xen"\n.long _start\n' >"$T/spin.s"
as --32 -o "$T/spin.o" "$T/spin.s" && ld -m elf_i386 -Ttext=0x100000 -o "$T/spin.elf" "$T/spin.o" 2>/dev/null ||
	{ bad "cannot build the spinning guest"; finish; }

pids=()
end() {
	[ ${#pids[@]} = 0 ] || kill -9 "${pids[@]}" 2>/dev/null
	wait "${pids[@]}" 2>/dev/null
	pids=()
}
at_exit end
mini() { # FILE ARGUMENT...: the small VMM; what it says of itself is in FILE, its pid in $pid
	local file=$1
	shift
	anew "$file"
	"$VMM" "$@" >"$file" 2>&1 &
	pid=$!
	pids+=($pid)
	for _ in $(seq 100); do grep -q ready "$file" && return; sleep 0.05; done
	bad "mini_vmm $*: $(head -1 "$file")"
}
qemu() { # ARGUMENT...: a QEMU with QMP; its pid in $pid
	rm -f "$T/qmp"
	: >"$T/said"
	qemu-system-x86_64 -m 32 -nodefaults -display none -qmp "unix:$T/qmp,server=on,wait=off" "$@" >"$T/qemu" 2>&1 &
	pid=$!
	pids+=($pid)
	for _ in $(seq 100); do [ -S "$T/qmp" ] && break; sleep 0.05; done
	# The witness of the numbers: QEMU's own word, "NUMBER TID" a line.
	python3 - "$T/qmp" >"$T/said" 2>"$T/qmp.err" <<-'P'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); f = s.makefile("rw")
		f.readline()
		for command in ("qmp_capabilities", "query-cpus-fast"):
		    f.write(json.dumps({"execute": command}) + "\n"); f.flush()
		    answer = json.loads(f.readline())
		    while "return" not in answer: answer = json.loads(f.readline())
		for c in answer["return"]: print(c["cpu-index"], c["thread-id"])
	P
	[ -s "$T/said" ] || bad "QEMU $*: $(tail -1 "$T/qemu" "$T/qmp.err")"
}
kvm="-machine q35,accel=kvm -cpu host,arch-capabilities=off -bios /usr/share/qemu/qboot.rom -kernel $T/spin.elf"
look() { # ARGUMENT...: blame for half a second, into $T/b.json
	$SS blame --json --for 400ms --interval 400ms "$@" 2>"$T/err" | tail -1 >"$T/b.json"
	[ -s "$T/b.json" ] || bad "blame $*: $(tail -1 "$T/err")"
}
# three ARGUMENT...: three intervals of one blame, one after the other in $T/b.json, then a command for each.
three() { # PID COMMAND...
	local of=$1 i
	shift
	$SS blame --json --for 900ms --interval 300ms --pid "$of" 2>"$T/err" >"$T/three.json"
	for i in 1 2 3; do sed -n ${i}p "$T/three.json" >"$T/b.json"; "$@"; done
}
# The thread of process $pid that used most CPU meanwhile, by /proc.
busiest() {
	local t ns
	for t in /proc/$pid/task/*; do read -r ns _ <"$t/schedstat"; echo "${t##*/} $ns"; done >"$T/cpu"
	sleep 0.3
	while read -r t ns; do echo "$(($(cut -d' ' -f1 "/proc/$pid/task/$t/schedstat") - ns)) $t"; done <"$T/cpu" | sort -rn | head -1 | cut -d' ' -f2
}
# same NAME FILE: the "NUMBER TID" pairs of process $pid in blame's JSON are those of FILE.
same() {
	jq -r ".vcpus[] | select(.pid == $pid) | \"\(.vcpu) \(.tid)\"" "$T/b.json" | sort >"$T/got"
	sort "$2" >"$T/want"
	cmp -s "$T/got" "$T/want" && ok "$1 ($(wc -l <"$T/want") vCPUs: $(head -3 "$T/want" | tr '\n' ';'))" || bad "$1: $(diff "$T/want" "$T/got" | tr '\n' ';' | head -c 300)"
}
# busy NAME NUMBER: that vCPU is the one that runs or waits, and its thread is the one that /proc says is busy.
busy() {
	is "$1" "$T/b.json" "[.vcpus[] | select(.pid == $pid)] | max_by(.run + .wait) | .vcpu == $2 and .tid == $(busiest)" "[.vcpus[] | select(.pid == $pid)] | max_by(.run + .wait) | [.vcpu, .tid]"
}

# --- a VMM that is not QEMU: numbers out of order, threads called anything, then called wrongly again and again
mini "$T/vmm" -s 5 io:7 main:5 "CPU 3/KVM:0" vhost-1:2
awk '/^vcpu/ {print $2, $3}' "$T/vmm" >"$T/said"
three $pid same "a VMM that is not QEMU: KVM's numbers, its own threads" "$T/said"
busy "... the busy one is vCPU 5" 5
is "... it is found by --all, by its name" <($SS blame --json --for 400ms --interval 400ms --all) ".vms[] | select(.pid == $pid) | .vm == \"mini_vmm-$pid\" and .accel == \"kvm\" and .n_vcpus == 4 and .numbered"
end
mini "$T/vmm" -r -s 5 -w "CPU 1/KVM" io:7 main:5 x:0 y:2
awk '/^vcpu/ {print $2, $3}' "$T/vmm" >"$T/said"
three $pid same "names that change and lie: numbers stay" "$T/said"
end
mini "$T/vmm" -2 -s 1 a:0 b:1 c:0 d:1
look --pid $pid
is "two VMs of one process are two" "$T/b.json" '[.vms[].vm] | sort == ["mini_vmm-'$pid'", "mini_vmm-'$pid' (VM 2)"]' '[.vms[].vm]'
end

# --- its I/O thread is the cause: both on one CPU, the worker called like a vCPU
mini "$T/vmm" -s 2 -w "CPU 2/KVM" a:0 b:1 c:2
taskset -cp $cpu "$(awk '/^worker/ {print $2}' "$T/vmm")" >/dev/null
taskset -cp $cpu "$(awk '$1 == "vcpu" && $2 == 2 {print $3}' "$T/vmm")" >/dev/null
look --pid $pid
is_timed "an I/O thread is the cause: it is no vCPU, and the advice is about it" "$T/b.json" \
	'.vms[0] | .n_vcpus == 3 and .worst_vcpu == 2 and (.advice | test("emulator and I/O threads"))' '.vms[0] | [.n_vcpus, .worst_vcpu, .advice]'
is "... as its own thread, by kind" "$T/b.json" '.vcpus[] | select(.vcpu == 2) | [.culprits[] | select(.kind == "own-thread")] | length == 1' '.vcpus[2].culprits[0]'
end

# --- 40 vCPUs, as the one watched and as the culprit
mini "$T/many" -s 39 $(for i in $(seq 39 -1 0); do echo "t$i:$i"; done)
many=$pid
awk '/^vcpu/ {print $2, $3}' "$T/many" >"$T/said"
look --pid $pid
same "40 vCPUs" "$T/said"
busy "... the busy one is vCPU 39" 39
taskset -cp $cpu "$(awk '$1 == "vcpu" && $2 == 39 {print $3}' "$T/many")" >/dev/null
mini "$T/vmm" -s 0 a:0
taskset -cp $cpu "$(awk '$1 == "vcpu" {print $3}' "$T/vmm")" >/dev/null
look --pid $pid
is_timed "a culprit's 40th vCPU has its number" "$T/b.json" ".vcpus[0].culprits[0] | .name == \"vm mini_vmm-$many vcpu39\" and .kind == \"vm\"" '.vcpus[0].culprits'
end

# --- QEMU: forms of -name, with and without names on the threads, sparse APIC ids, 40 vCPUs
forms=()
form() { # NAME OPTION BUSY ARGUMENT...: started here, looked at together
	local name=$1 option=$2 busy=$3
	shift 3
	qemu -name "$option" $kvm "$@"
	cp "$T/said" "$T/said.$pid"
	forms+=("$pid $name $busy -name $option $*")
}
form "$N-1" "$N-1" 0 -smp 2
form "$N-2" "debug-threads=on,guest=$N-2" 0 -smp 2
form "$N,3" "guest=$N,,3,process=foo" 0 -smp 2
form "$N-4" "$N-4,debug-threads=off" 0 -smp 6,sockets=2,cores=3,threads=1
form "$N-5" "$N-5" 0 -smp 3,maxcpus=12,sockets=2,cores=3,threads=2
form "$N-6" "process=p,guest=$N-6,debug-threads=on" 0 -smp 40
look --all
for f in "${forms[@]}"; do
	read -r pid name number how <<<"$f"
	same "$how: numbers as QMP has them" "$T/said.$pid"
	is "... it is VM \"$name\" by KVM" "$T/b.json" "[.vms[] | select(.pid == $pid)] | length == 1 and (.[0] | .vm == \"$name\" and .accel == \"kvm\" and .program == \"qemu\")" "[.vms[] | select(.pid == $pid) | [.vm, .accel]]"
	busy "... the busy one is vCPU $number" "$number"
done
look "$N,3"
is "a VM is found by its name" "$T/b.json" '.vms | length == 1 and .[0].vm == "'"$N,3"'"' '.vms | map(.vm)'
end

# --- emulated: marked, with its numbers where the threads' names tell, unknown where not
qemu -name "debug-threads=on,guest=$N" -accel tcg,thread=multi -smp 3
look "$N"
same "TCG: numbers by the names of its threads, as QMP has them" "$T/said"
is "... marked as TCG" "$T/b.json" '.vms[0] | .accel == "tcg" and .numbered' '.vms[0].accel'
end
qemu -name "guest=$N,debug-threads=on" -accel tcg,thread=single -smp 3
look "$N"
is "TCG, thread=single: one thread for all vCPUs, that which QMP has" "$T/b.json" \
	".vcpus | length == 1 and (.[0] | .role == \"all-vcpus\" and .vcpu == null and .tid == $(head -1 "$T/said" | cut -d' ' -f2))" '.vcpus | map([.role, .tid])'
end
for how in multi single; do
	qemu -name "$N" -accel tcg,thread=$how -smp 3
	look "$N"
	is "TCG, thread=$how, threads without names: unknown, said so, without advice, the main thread left out" "$T/b.json" \
		"(.vms | length == 1 and (.[0] | .accel == \"tcg\" and .numbered == false and .advice == null)) and
		 (.vcpus | length >= 1 and all(.role == \"thread\" and .vcpu == null and .advice == null and .tid != $pid)) and
		 ([.vcpus[].tid] | contains($(cut -d' ' -f2 "$T/said" | sort -u | jq -cs .)))" '.vms[0]'
	$SS blame --for 500ms "$N" >"$T/text" 2>/dev/null
	grep -q "(TCG)" "$T/text" && grep -q "numbers, is not known" "$T/text" && ! grep -q -- "->" "$T/text" && ok "... and in the table" || bad "the table: $(head -5 "$T/text")"
	end
done

# --- a VM whose vCPUs have not run; a thread's number stands for its process
qemu -name "$N" $kvm -S
look "$N"
is "a VM of which no vCPU has run is named" "$T/b.json" ".not_run == [\"$N\"] and .vms == []" '[.not_run, .vms]'
end
mini "$T/vmm" -s 1 a:1
look --pid "$(awk '/^vcpu/ {print $3}' "$T/vmm")"
is "--pid with a thread's number: its process" "$T/b.json" ".vms[0].pid == $pid and .vcpus[0].vcpu == 1" '.vms[0]'
end

# --- an odd name; the JSON's schema
qemu -name "$N"$'\e[31m\xff\n' $kvm
look --all
is "a VM with an odd name is there, readably" "$T/b.json" "[.vms[] | select(.pid == $pid)] | length == 1 and .[0].vm == \"$N\\\\x1b[31m\\\\xff\\\\x0a\"" ".vms | map(.vm)"
$SS blame --for 500ms --all 2>/dev/null | LC_ALL=C grep -q '[^ -~]' && bad "the table has bytes of the name" || ok "... and the table has no byte of it that is no text"
look "$N"$'\e[31m\xff\n'
is "... it is found by its name" "$T/b.json" ".vms[0].pid == $pid"
look --all
valid "blame --json" blame "$T/b.json"
end

# --- VMs that come and go under --all; children
anew "$T/all.json"
$SS blame --all --json --interval 300ms >"$T/all.json" 2>"$T/err" &
blame=$!
lines() { wc -l <"$T/all.json"; }
until_seen() { for _ in $(seq 100); do jq -se "$1" "$T/all.json" >/dev/null 2>&1 && return; sleep 0.1; done; }
until_seen 'length >= 2'
mini "$T/vmm" -s 3 a:3
come=$pid
until_seen "[.[].vms[] | select(.pid == $come and (.ended | not))] | length >= 2"
kill -9 $come
wait $come 2>/dev/null
until_seen "[.[].vms[] | select(.pid == $come and .ended)] | length >= 1"
had=$(lines)
until_seen "length >= $had + 2"
kill -INT $blame
wait $blame
got=$?
pids=()
[ $got = 0 ] && [ -z "$(grep -v "^watched" "$T/err")" ] && ok "VMs come and go under --all without an error" || bad "--all: exit $got: $(head -1 "$T/err")"
jq -s "[.[] | [.vms[] | select(.pid == $come) | .ended]]" "$T/all.json" >"$T/seen.json"
is "... it appears, with its number, ends once, and is not shown again" "$T/seen.json" '.[0] == [] and .[-1] == [] and (flatten | length >= 2 and .[-1] == true and (.[:-1] | all(. == false)))' .
is "... and ran as vCPU 3" <(jq -s . "$T/all.json") "[.[].vcpus[] | select(.pid == $come)] | length > 1 and all(.vcpu == 3)"
# One whose worker had the CPU before it was known whose it is: it begins right behind a look, a second before the next.
mini "$T/vmm" -s 1 a:1
was=$pid
taskset -apc "$cpu" "$was" >"$T/out"
anew "$T/all.json"
$SS blame --all --json --interval 1s >"$T/all.json" 2>"$T/err" &
blame=$!
until_seen 'length >= 2'
taskset -c "$cpu" "$VMM" -w busy -s 1 b:1 >"$T/vmm" 2>&1 &
come=$!
pids+=("$come")
until_seen "[.[].vms[] | select(.pid == $come)] | length >= 3"
kill -INT $blame
wait $blame
tail -1 "$T/all.json" >"$T/b.json"
is "the worker of a VM that began meanwhile is that VM's" "$T/b.json" "[.vcpus[] | select(.pid == $was).culprits[] | select(.share > 20).name] | sort == [\"vm mini_vmm-$come mini_vmm\", \"vm mini_vmm-$come vcpu1\"]" "[.vcpus[] | select(.pid == $was).culprits[:3][] | .name]"
end
sh -c "$VMM -s 1 a:1 >$T/child; :" &
parent=$!
for _ in $(seq 50); do grep -qs ready "$T/child" && break; sleep 0.05; done
look --pid $parent
is "--pid of a parent: its own threads" "$T/b.json" '.vms | length == 1 and .[0].accel == "none" and .[0].advice == null' '.vms'
look --pid $parent --children
is "--children: what it started, too" "$T/b.json" '[.vms[].accel] | sort == ["kvm", "none"]' '.vms | map([.vm, .accel])'
kill -9 $(pgrep -P $parent) 2>/dev/null
wait $parent

# --- 64 VMs: a line for each, one "nothing to do"
for i in $(seq 64); do "$VMM" a:0 b:1 >/dev/null & pids+=($!); done
for _ in $(seq 50); do [ "$(ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c 'kvm-vcpu:1')" -ge 64 ] && break; sleep 0.1; done
$SS blame --all --for 500ms >"$T/text" 2>"$T/err"
lines=$(wc -l <"$T/text") mine=$(grep -c '^mini_vmm-' "$T/text")
[ "$(grep -c '^mini_vmm-[0-9]* *2  ' "$T/text")" = 64 ] && [ "$(grep -c 'nothing to do' "$T/text")" = 1 ] && [ "$lines" -lt 110 ] && [ "$(awk 'length > 80' "$T/text" | wc -l)" = 0 ] &&
	ok "64 VMs: a line for each ($lines lines in all), nothing to do said once" || bad "64 VMs: $lines lines, $mine of the VMs: $(head -3 "$T/text")"
script -qefc "stty rows 30 cols 80; exec $SS blame --all --for 400ms --interval 300ms" /dev/null </dev/null >"$T/tty" 2>/dev/null
# Of each picture (from "home" on) at most 30 lines, the last of all being blame's own farewell.
tr -d '\r' <"$T/tty" | awk '/\033\[H/ {n = 0} {n++; if (n > most) most = n} END {exit !(most > 5 && most <= 32)}' && grep -q "more VMs, which wait less" "$T/tty" &&
	ok "64 VMs on a terminal of 30 lines: the worst stay in sight" || bad "on a terminal: $(tr -d '\r' <"$T/tty" | wc -l) lines"
end

# --- the culprit of a run: its name, and its vCPU's number, while its threads' names lie
mini "$T/vmm" -r -s 20 a:20 b:21
taskset -cp $cpu "$(awk '$1 == "vcpu" && $2 == 20 {print $3}' "$T/vmm")" >/dev/null
cat >"$T/run.xml" <<-E
	<scenario name="$MINE" title="Beside another VM" warmup="200ms" duration="1s"><lab cpus="1"/><guest name="g" placement="pinned"><timer period="10ms"/></guest></scenario>
E
$SS run --results "$T/res" --json "$T/run.xml" >"$T/run.json" 2>"$T/err"
is "a run's culprit is named by its vCPU's number" "$T/run.json" ".variants[0].blame | map(select(.culprit == \"vm mini_vmm-$pid vcpu20\")) | length == 1" '.variants[0].blame | map(.culprit)'
end

for uri in qemu+ssh://h/system qemu://h/system qemu+tcp://h:1/system; do
	expect_exit "blame --connect $uri" 2 $SS blame --connect "$uri" vm
	grep -q "run it on that host, ssh h" "$T/err" || bad "it does not say what is right: $(cat "$T/err")"
done
expect_exit "blame --connect xen:///system where no Xen is" 4 $SS blame --connect xen:///system vm
expect_exit "--children without --pid" 2 $SS blame --all --children
orphans() { ps -eo ppid,pid,args | awk -v me=$$ '($1 == 1 || $1 == me) && /stealscope-hostd --mode=counts/'; }
[ -z "$(orphans)" ] && ok "no agent is left" || bad "an agent is left: $(orphans | head -2)"
finish
