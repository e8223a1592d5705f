#!/bin/bash
# What tracing costs: the same load (six busy guests, two hogs, hackbench) under nothing, stealscope counts,
# stealscope events, `perf sched record` and `trace-cmd record -e sched`, interleaved. Prints the tracer's
# CPU time, its bytes, and hackbench's time as ratios to the run under nothing (medians of ROUNDS).
# CPU time: user + system of the tracing processes, for stealscope also the time inside its eBPF programs.
# What perf and trace-cmd cost inside the kernel's tracepoints is in no process: it shows in hackbench.
set -u
cd "$(dirname "$0")/../.." || exit 1
ROUNDS=${ROUNDS:-3} SECONDS_EACH=${SECONDS_EACH:-8}
T=$(mktemp -d)
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; rm -rf "$T"' EXIT
for tool in hackbench perf trace-cmd stress-ng qemu-system-x86_64; do
	command -v $tool >/dev/null || { echo "SKIP bench-trace: $tool is not installed"; exit 0; }
done
[ "$(id -u)" = 0 ] && [ -w /dev/kvm ] || { echo "SKIP bench-trace: needs root and /dev/kvm"; exit 0; }

printf '.code32\n.globl _start\n_start: cli\n1: jmp 1b\n.section .note.x,"a"\n.long 4,4,18\n.asciz "Xen"\n.long _start\n' >"$T/s.s"
as --32 -o "$T/s.o" "$T/s.s" && ld -m elf_i386 -Ttext=0x100000 -o "$T/s.elf" "$T/s.o" 2>/dev/null || exit 1
for i in 1 2 3 4 5 6; do
	qemu-system-x86_64 -name "guest=bench-$i,debug-threads=on" -machine q35,accel=kvm -cpu host,arch-capabilities=off -m 32 \
		-nodefaults -display none -bios /usr/share/qemu/qboot.rom -kernel "$T/s.elf" >/dev/null 2>&1 &
	pids+=($!)
done
stress-ng -q --cpu 2 & pids+=($!)
sleep 2
tids=()
for p in "${pids[@]}"; do
	for t in /proc/$p/task/*; do case $(cat "$t/comm" 2>/dev/null) in CPU*) tids+=(${t##*/}) ;; esac; done
done
echo "load: ${#tids[@]} vCPU threads, 2 hogs, hackbench; $ROUNDS rounds of at least $SECONDS_EACH s; CPUs: $(nproc)"

hack() { # its wall time in s
	local t0 t1
	t0=$(date +%s.%N)
	hackbench -g 2 -l 400 >/dev/null
	t1=$(date +%s.%N)
	sleep "$(awk -v a="$t0" -v b="$t1" -v s="$SECONDS_EACH" 'BEGIN {x = s - (b - a); print (x > 0 ? x : 0)}')"
	awk -v a="$t0" -v b="$t1" 'BEGIN {print b - a}'
}
cpu_of() { awk '{print $14 + $15}' "/proc/$1/stat"; } # ticks

agent() { # MODE: hostd on all vCPU threads while hackbench runs
	local h reply cpu
	coproc H { exec build/stealscope-hostd --mode "$1" --measure-bpf --out "$T/$1.bin" 2>/dev/null; }
	read -r reply <&"${H[0]}"
	for i in "${!tids[@]}"; do echo "track ${tids[$i]} $((i << 8)) bench-$i/vcpu0" >&"${H[1]}"; read -r reply <&"${H[0]}"; done
	echo start >&"${H[1]}"; read -r reply <&"${H[0]}"
	h=$(hack)
	echo stop >&"${H[1]}"; read -r reply <&"${H[0]}"
	cpu=$(echo "$reply" | grep -Eo 'cpu_ns=[0-9]+' | cut -d= -f2)
	bpf=$(echo "$reply" | grep -Eo 'bpf_ns=[0-9]+' | cut -d= -f2)
	eval "exec ${H[1]}>&-"
	wait "$H_PID" 2>/dev/null
	echo "$1 $(awk -v a="$cpu" -v b="${bpf:-0}" 'BEGIN {print (a + b) / 1e6}') $(stat -c %s "$T/$1.bin") $h"
}
peer() { # NAME COMMAND...: it traces the whole box while hackbench runs
	local name=$1 p h
	shift
	/usr/bin/time -f '%U %S' -o "$T/time" "$@" >/dev/null 2>&1 &
	p=$!
	sleep 1
	h=$(hack)
	pkill -INT -P $p
	wait $p 2>/dev/null
	echo "$name $(tail -1 "$T/time" | awk '{print ($1 + $2) * 1000}') $(du -cb "$T/$name".* 2>/dev/null | tail -1 | cut -f1) $h"
	rm -f "$T/$name".*
}
# trace-cmd mounts tracefs by itself; it is taken away again when it was not there before.
tracefs=$(grep -c ' tracefs ' /proc/mounts)
tracecmd=1
trace-cmd record -e sched -o "$T/trial" true >"$T/why" 2>&1 || { tracecmd=; echo "SKIP trace-cmd: $(head -1 "$T/why")"; }
for ((r = 0; r < ROUNDS; r++)); do
	echo "nothing 0 0 $(hack)"
	agent counts
	agent events
	peer perf perf sched record -a -o "$T/perf.data"
	[ -z "$tracecmd" ] || peer trace-cmd trace-cmd record -e sched -o "$T/trace-cmd.dat"
done 2>/dev/null | tee "$T/rows" | sed 's/^/  /'
sort "$T/rows" | awk -v n="$ROUNDS" '
	function med(a, k,   i, j, t) { for (i = 1; i <= k; i++) for (j = i + 1; j <= k; j++) if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }; return a[int((k + 1) / 2)] }
	{ k = ++c[$1]; cpu[$1, k] = $2; bytes[$1, k] = $3; h[$1, k] = $4 }
	END {
		split("nothing counts events perf trace-cmd", names, " ")
		for (i = 1; i <= 5; i++) { x = names[i]; for (j = 1; j <= n; j++) { a[j] = cpu[x, j]; b[j] = bytes[x, j]; d[j] = h[x, j] }; C[x] = med(a, n); B[x] = med(b, n); H[x] = med(d, n) }
		printf "%-10s %12s %14s %14s %12s %12s\n", "tracer", "CPU ms", "bytes", "hackbench x", "CPU/perf", "bytes/perf"
		for (i = 1; i <= 5; i++) { x = names[i]; if (c[x]) printf "%-10s %12.1f %14d %14.3f %12.3f %12.4f\n", x, C[x], B[x], H[x] / H["nothing"], C["perf"] ? C[x] / C["perf"] : 0, B["perf"] ? B[x] / B["perf"] : 0 }
	}'
[ "$tracefs" != 0 ] || umount /sys/kernel/tracing 2>/dev/null
