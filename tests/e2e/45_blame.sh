#!/bin/bash
# blame on VMs that this harness did not make: plain QEMU and a libvirt domain started by virsh, beside
# stress-ng in a cgroup of its own, beside two hogs with shares 2:1, and against each other.
# (Timing-dependent: shares over 4 s; one retry.)
. "$(dirname "$0")/lib.sh"
need_kvm
[ "$(id -u)" = 0 ] || { skip "blame: needs root to trace"; finish; }
command -v stress-ng >/dev/null || { skip "blame: stress-ng is not installed"; finish; }
cpu=$(($(nproc) - 1))
G=e2e-blame-$$

# A guest that does nothing but spin: 32-bit code that KVM enters at once (PVH).
printf '.code32\n.globl _start\n_start: cli\n1: jmp 1b\n.section .note.x,"a"\n.long 4,4,18\n.asciz "Xen"\n.long _start\n' >"$T/spin.s"
as --32 -o "$T/spin.o" "$T/spin.s" && ld -m elf_i386 -Ttext=0x100000 -o "$T/spin.elf" "$T/spin.o" 2>/dev/null ||
	{ bad "cannot build the spinning guest"; finish; }
chmod 644 "$T/spin.elf"

pids=()
end() {
	[ ${#pids[@]} = 0 ] || kill -9 "${pids[@]}" 2>/dev/null
	wait 2>/dev/null
	for d in /sys/fs/cgroup/cpu/$G-* /sys/fs/cgroup/$G-*; do [ -d "$d" ] && rmdir "$d"; done 2>/dev/null
	pids=()
}
at_exit end
vm() { # NAME CPU: a QEMU of nobody's, its vCPU pinned
	qemu-system-x86_64 -name "guest=$1,debug-threads=on" -machine q35,accel=kvm -cpu host,arch-capabilities=off -m 32 \
		-nodefaults -display none -bios /usr/share/qemu/qboot.rom -kernel "$T/spin.elf" >/dev/null 2>&1 &
	local pid=$! t
	pids+=($pid)
	for _ in $(seq 50); do
		for t in /proc/$pid/task/*; do
			case $(cat "$t/comm" 2>/dev/null) in "CPU "*) taskset -cp "$2" "${t##*/}" >/dev/null && return ;; esac
		done
		sleep 0.1
	done
	bad "the VM $1 did not come up"
}
hog() { # NAME SHARES: stress-ng on the CPU in a cgroup of its own; its pid in $hog
	local d=/sys/fs/cgroup/cpu/$G-$1 w=cpu.shares
	[ -d /sys/fs/cgroup/cpu ] || { d=/sys/fs/cgroup/$G-$1; w=; echo +cpu >/sys/fs/cgroup/cgroup.subtree_control; }
	mkdir -p "$d"
	if [ -n "$w" ]; then echo "$2" >"$d/$w"; else echo $(($2 * 100 / 1024)) >"$d/cpu.weight"; fi
	sh -c "echo \$\$ >$d/cgroup.procs; exec taskset -c $cpu stress-ng -q --cpu 1" >/dev/null 2>&1 &
	pids+=($!)
}
# CPU time of what runs in a hog's cgroup, ns
used() {
	local d=/sys/fs/cgroup/cpu/$G-$1 p
	[ -d "$d" ] || d=/sys/fs/cgroup/$G-$1
	for p in $(cat "$d/cgroup.procs"); do cat "/proc/$p/schedstat"; done | awk '{s += $1} END {printf "%.0f", s}'
}
look() { # NAME...: blame it for 4 s into $T/b.json (the whole time as one interval)
	$SS blame --json --for 4s --interval 4s "$@" 2>"$T/err" | tail -1 >"$T/b.json"
	[ -s "$T/b.json" ] || bad "blame $*: $(tail -1 "$T/err")"
}

expect_exit "blame of nobody" 2 $SS blame no-such-domain-here
expect_exit "blame of a dead pid" 2 $SS blame --pid 4194303

# It sleeps until the next look, and a signal ends that: with a minute to go it is gone in seconds.
$SS blame --all --for 2min --interval 1min >"$T/out" 2>"$T/err" &
waits=$!
sleep 3
kill -INT $waits
timeout 20 tail --pid=$waits -s 0.1 -f /dev/null && ok "a signal wakes blame that sleeps" || { bad "blame slept on after SIGINT"; kill -9 $waits; }
wait $waits

vm "$G-a" $cpu
hog one 1024
sleep 1
for try in 1 2; do
	[ $try = 1 ] || second_try "try $try"
	look "$G-a"
	jq -e '.vcpus[0] | .wait > 450 and .wait < 550' "$T/b.json" >/dev/null && break
done
is_timed "one hog: the VM waits half of the time (try $try)" "$T/b.json" '.vcpus[0] | .wait > 450 and .wait < 550' '.vcpus[0].wait'
is "one hog: wait and what the kernel booked agree" "$T/b.json" '.vcpus[0] | (.wait - .run_delay | fabs) < 10' '.vcpus[0] | [.wait, .run_delay]'
is_timed "one hog: its cgroup is named first" "$T/b.json" ".vcpus[0].culprits[0] | (.name | contains(\"$G-one\")) and .share > 95" '.vcpus[0].culprits[0]'
is "one hog: 99.9 % of the waiting has a name" "$T/b.json" '.vcpus[0].named >= 99.9' '.vcpus[0].named'
is "one hog: there is advice" "$T/b.json" '.vcpus[0].advice | length > 20' '.vcpus[0].advice'
is "one hog: no record lost" "$T/b.json" '.lost == 0'

# Two hogs 2:1: each one's share of the blame is its share of the CPU time that hogs used.
hog two 2048
sleep 1
before1=$(used one) before2=$(used two)
look "$G-a"
after1=$(used one) after2=$(used two)
jq -c --argjson a $((after1 - before1)) --argjson b $((after2 - before2)) --arg g "$G" \
	'(.vcpus[0].culprits | map(select(.name | contains($g + "-one")))[0].ms_per_s // 0) as $x |
	 (.vcpus[0].culprits | map(select(.name | contains($g + "-two")))[0].ms_per_s // 0) as $y |
	 {blamed: ($y / ($x + $y)), used: ($b / ($a + $b))}' "$T/b.json" >"$T/two.json"
is_timed "two hogs 2:1: the blame divides as their own CPU time, within 1 %" "$T/two.json" '(.blamed - .used | fabs) < 0.01' .
end

# Two busy VMs against each other.
vm "$G-a" $cpu
vm "$G-b" $cpu
sleep 1
$SS blame --json --for 4s --interval 4s --all 2>"$T/err" | tail -1 >"$T/b.json"
is_timed "two VMs: each names the other's vCPU" "$T/b.json" \
	"[.vcpus[] | select(.vm | startswith(\"$G\"))] | length == 2 and all(.culprits[0].kind == \"vm\" and .culprits[0].share > 90)" \
	'[.vcpus[] | {vm, wait, top: .culprits[0]}]'
end

# A domain that virsh started.
if libvirtd_up >"$T/why"; then
	chmod 755 "$T"
	cat >"$T/d.xml" <<X
<domain type='kvm'><name>$G-virsh</name><memory unit='MiB'>32</memory><vcpu cpuset='$cpu'>1</vcpu>
<os><type machine='q35'>hvm</type><loader readonly='yes' type='rom'>/usr/share/qemu/qboot.rom</loader><kernel>$T/spin.elf</kernel></os>
<features><acpi/></features><cpu mode='host-passthrough'><feature policy='disable' name='arch-capabilities'/></cpu>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>
X
	if virsh -q -c qemu:///system create "$T/d.xml" >"$T/virsh" 2>&1; then
		hog virsh 1024
		sleep 1
		look "$G-virsh"
		is_timed "a domain made by virsh: the hog is named" "$T/b.json" ".vcpus[0].culprits[0].name | contains(\"$G-virsh\")" '.vcpus[0].culprits[0]'
		virsh -q -c qemu:///system list --name | grep -q "$G-virsh" && ok "it runs on after blame detached" || bad "it is gone after blame"
		virsh -q -c qemu:///system destroy "$G-virsh" >/dev/null
	else
		bad "virsh create: $(tail -1 "$T/virsh")"
	fi
	libvirtd_down
else
	skip "a domain made by virsh: $(cat "$T/why")"
fi
end
[ -z "$(pgrep -f "stealscope-hostd.*/proc/")" ] && ok "no agent is left" || bad "an agent is left: $(pgrep -fa stealscope-hostd | head -2)"
finish
