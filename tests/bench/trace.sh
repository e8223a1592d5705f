#!/bin/bash
# What tracing costs: the same load (six busy guests, two hogs, hackbench) under nothing, stealscope's programs loaded and idle,
# stealscope counts, stealscope events, `perf sched record` and `trace-cmd record -e sched`, interleaved, ROUNDS times.
#
# A tracer costs twice: its processes, whose CPU time is read, and its work inside the scheduler's tracepoints,
# which is charged to whoever switches. That work is measured on a load that does nothing but switch: two tasks on
# one CPU that pass a byte to and fro (perf bench sched pipe), beside the waiting vCPUs; what their CPU time grows by
# under a tracer, divided by the switches they made, is its price of a switch, the same yardstick for all. The whole
# cost of tracing the load is then its processes' CPU time + the switches of the box under hackbench x that price.
# Printed are medians over the rounds; of prices the least less the least under nothing, and the range of the rounds. CPUs are shared with other VMs on
# many boxes, so only ratios mean something.
set -u
cd "$(dirname "$0")/../.." || exit 1
ROUNDS=${ROUNDS:-3} SECONDS_EACH=${SECONDS_EACH:-8} PIPE=${PIPE:-40000}
T=$(mktemp -d)
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$T"' EXIT
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

hack() { # hackbench: its wall and CPU time in s, the switches of the box meanwhile
	local t0 t1 c0 c1
	c0=$(switches) t0=$(date +%s.%N)
	/usr/bin/time -f '%U %S' -o "$T/hack" hackbench -g 2 -l 3000 >/dev/null
	t1=$(date +%s.%N)
	sleep "$(awk -v a="$t0" -v b="$t1" -v s="$SECONDS_EACH" 'BEGIN {x = s - (b - a); print (x > 0 ? x : 0)}')"
	c1=$(switches)
	awk -v a="$t0" -v b="$t1" -v c="$((c1 - c0))" '{print b - a, $1 + $2, c}' "$T/hack"
}
switches() { awk '/^ctxt/ {print $2}' /proc/stat; }
pipe() { # the CPU time in ns of one switch of two tasks on the last CPU: the least of five, what is above it is others' doing
	local TIMEFORMAT='%3U %3S'
	for _ in 1 2 3 4 5; do
		{ time taskset -c $(($(nproc) - 1)) perf bench sched pipe -l "$PIPE" >/dev/null 2>&1; } 2>&1
	done | awk -v n="$PIPE" '{ns = ($1 + $2) * 1e9 / (2 * n); if (!least || ns < least) least = ns} END {print least}'
}

agent() { # MODE LOAD: hostd on all vCPU threads while LOAD runs: CPU time in ms, bytes, what LOAD printed
	local out reply cpu
	coproc H { exec build/stealscope-hostd --mode "$1" --out "$T/$1.bin" 2>/dev/null; }
	read -r reply <&"${H[0]}"
	for i in "${!tids[@]}"; do echo "track ${tids[$i]} $((i << 8)) bench-$i/vcpu0" >&"${H[1]}"; read -r reply <&"${H[0]}"; done
	echo start >&"${H[1]}"; read -r reply <&"${H[0]}"
	out=$($2)
	echo stop >&"${H[1]}"; read -r reply <&"${H[0]}"
	cpu=$(echo "$reply" | grep -Eo 'cpu_ns=[0-9]+' | cut -d= -f2)
	eval "exec ${H[1]}>&-"
	wait "$H_PID" 2>/dev/null
	echo "$(awk -v a="$cpu" 'BEGIN {print a / 1e6}') $(stat -c %s "$T/$1.bin") $out"
}
loaded() { # LOAD: hostd loaded and never started, so its programs return at once: what the kernel takes to call any
	local out
	coproc H { exec build/stealscope-hostd --mode counts --out "$T/idle.bin" 2>/dev/null; }
	read -r <&"${H[0]}"
	out=$($1)
	eval "exec ${H[1]}>&-"
	wait "$H_PID" 2>/dev/null
	echo "0 0 $out"
}
peer() { # NAME LOAD COMMAND...: it traces the whole box while LOAD runs; the same three
	local name=$1 load=$2 p out
	shift 2
	/usr/bin/time -f '%U %S' -o "$T/time" "$@" >/dev/null 2>&1 &
	p=$!
	sleep 1
	out=$($load)
	pkill -INT -P $p
	wait $p 2>/dev/null
	echo "$(tail -1 "$T/time" | awk '{print ($1 + $2) * 1000}') $(du -cb "$T/$name".* 2>/dev/null | tail -1 | cut -f1) $out"
	rm -f "$T/$name".*
}
under() { # TRACER LOAD
	case $1 in
	nothing) echo "0 0 $($2)" ;;
	idle) loaded "$2" ;;
	counts | events) agent "$1" "$2" ;;
	perf) peer perf "$2" perf sched record -a -o "$T/perf.data" ;;
	trace-cmd) peer trace-cmd "$2" trace-cmd record -e sched -o "$T/trace-cmd.dat" ;;
	esac
}

# trace-cmd mounts tracefs by itself; it is taken away again when it was not there before.
tracefs=$(grep -c ' tracefs ' /proc/mounts)
tracers=(nothing idle counts events perf trace-cmd)
trace-cmd record -e sched -o "$T/trial" true >"$T/why" 2>&1 || {
	echo "SKIP trace-cmd: $(head -1 "$T/why")"
	tracers=(nothing idle counts events perf)
}
for ((r = 0; r < ROUNDS; r++)); do
	for tracer in "${tracers[@]}"; do
		hackbench=$(under "$tracer" hack)
		price=$(under "$tracer" pipe)
		echo "$tracer $hackbench ${price##* }"
	done
done 2>/dev/null | tee "$T/rows" | sed 's/^/  /'
awk -v names="${tracers[*]}" '
	function med(a, k,   i, j, t) { for (i = 1; i <= k; i++) for (j = i + 1; j <= k; j++) if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }; low = a[1]; high = a[k]; return a[int((k + 1) / 2)] }
	# The median over the rounds of field f under x; of the price: what the least switch costs above the least under nothing.
	function column(f, x,   j, bare) {
		if (f == 7) { for (j = 1; j <= c["nothing"]; j++) a[j] = v[f, "nothing", j]; med(a, c["nothing"]); bare = low }
		for (j = 1; j <= c[x]; j++) a[j] = v[f, x, j] - (f == 7 ? bare : 0)
		j = med(a, c[x])
		return f == 7 ? low : j
	}
	function ratio(p, q) { return q > 0 ? sprintf("%.3f", p / q) : "-" }
	{ k = ++c[$1]; for (f = 2; f <= 7; f++) v[f, $1, k] = $f }
	END {
		n = split(names, name, " ")
		printf "%-10s %11s %10s %15s %14s %26s %10s %13s %11s %11s\n", "tracer", "process ms", "bytes", "hackbench wall", "hackbench CPU", "ns a switch [min, max]", "whole ms", "process/perf", "whole/perf", "bytes/perf"
		for (i = 1; i <= n; i++) {
			x = name[i]
			whole[x] = column(2, x) + column(6, x) * column(7, x) / 1e6
		}
		for (i = 1; i <= n; i++) {
			x = name[i]
			price = column(7, x); least = low; most = high
			printf "%-10s %11.1f %10d %15s %14s %8.0f [%6.0f, %6.0f] %10.0f %13s %11s %11s\n", x, column(2, x), column(3, x), ratio(column(4, x), column(4, "nothing")),
				ratio(column(5, x), column(5, "nothing")), price, least, most, whole[x], ratio(column(2, x), column(2, "perf")), ratio(whole[x], whole["perf"]), ratio(column(3, x), column(3, "perf"))
		}
	}' "$T/rows"
[ "$tracefs" != 0 ] || umount /sys/kernel/tracing 2>/dev/null
