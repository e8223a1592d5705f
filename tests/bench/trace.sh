#!/bin/bash
# What tracing costs: the same load (six busy guests, two hogs, hackbench) under nothing, stealscope counts,
# stealscope events, `perf sched record` and `trace-cmd record -e sched`, interleaved. Prints, as medians of
# ROUNDS: the CPU time of the tracing processes (user + system), the time inside stealscope's eBPF programs
# (measured by the kernel, which costs some itself), the bytes, and hackbench's wall and CPU time as ratios to
# the run under nothing. What a tracer does inside the scheduler's tracepoints is charged to whoever
# switches: eBPF time is part of hackbench's CPU time, and so is what perf and trace-cmd do there, which no
# counter tells apart. So CPU/perf compares processes with processes (and, to our disadvantage, processes
# + eBPF with perf's processes alone), and hackbench's CPU time compares all.
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

hack() { # its wall and CPU time in s
	local t0 t1
	t0=$(date +%s.%N)
	/usr/bin/time -f '%U %S' -o "$T/hack" hackbench -g 2 -l 3000 >/dev/null
	t1=$(date +%s.%N)
	sleep "$(awk -v a="$t0" -v b="$t1" -v s="$SECONDS_EACH" 'BEGIN {x = s - (b - a); print (x > 0 ? x : 0)}')"
	awk -v a="$t0" -v b="$t1" '{print b - a, $1 + $2}' "$T/hack"
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
	echo "$1 $(awk -v a="$cpu" -v b="${bpf:-0}" 'BEGIN {print a / 1e6, b / 1e6}') $(stat -c %s "$T/$1.bin") $h"
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
	echo "$name $(tail -1 "$T/time" | awk '{print ($1 + $2) * 1000, 0}') $(du -cb "$T/$name".* 2>/dev/null | tail -1 | cut -f1) $h"
	rm -f "$T/$name".*
}
# trace-cmd mounts tracefs by itself; it is taken away again when it was not there before.
tracefs=$(grep -c ' tracefs ' /proc/mounts)
tracecmd=1
trace-cmd record -e sched -o "$T/trial" true >"$T/why" 2>&1 || { tracecmd=; echo "SKIP trace-cmd: $(head -1 "$T/why")"; }
for ((r = 0; r < ROUNDS; r++)); do
	echo "nothing 0 0 0 $(hack)"
	agent counts
	agent events
	peer perf perf sched record -a -o "$T/perf.data"
	[ -z "$tracecmd" ] || peer trace-cmd trace-cmd record -e sched -o "$T/trace-cmd.dat"
done 2>/dev/null | tee "$T/rows" | sed 's/^/  /'
sort "$T/rows" | awk -v n="$ROUNDS" '
	function med(a, k,   i, j, t) { for (i = 1; i <= k; i++) for (j = i + 1; j <= k; j++) if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }; return a[int((k + 1) / 2)] }
	function column(f, x,   j) { for (j = 1; j <= n; j++) a[j] = v[f, x, j]; return med(a, n) }
	{ k = ++c[$1]; for (f = 2; f <= 6; f++) v[f, $1, k] = $f; v[7, $1, k] = $2 + $3 }
	function ratio(p, q) { return q ? sprintf("%.3f", p / q) : "-" }
	END {
		split("nothing counts events perf trace-cmd", names, " ")
		printf "%-10s %11s %8s %10s %15s %14s %9s %13s %10s\n", "tracer", "process ms", "eBPF ms", "bytes", "hackbench wall", "hackbench CPU", "CPU/perf", "with eBPF", "bytes/perf"
		for (i = 1; i <= 5; i++) {
			x = names[i]
			if (c[x])
				printf "%-10s %11.1f %8.1f %10d %15s %14s %9s %13s %10s\n", x, column(2, x), column(3, x), column(4, x), ratio(column(5, x), column(5, "nothing")),
					ratio(column(6, x), column(6, "nothing")), ratio(column(2, x), column(2, "perf")), ratio(column(7, x), column(2, "perf")), ratio(column(4, x), column(4, "perf"))
		}
	}'
[ "$tracefs" != 0 ] || umount /sys/kernel/tracing 2>/dev/null
