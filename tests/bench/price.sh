#!/bin/bash
# What the tracer adds to one context switch of two tasks that pass a byte to and fro on one CPU (perf bench sched
# pipe), beside 0, 1, 4, 16 and 64 traced threads that wait on that CPU: CPU time of the two tasks by their switches,
# the least under the tracer less the least without, of rounds that alternate (what is above the least is others' doing),
# and the range of the rounds. "0" is the gated case: nothing that
# is traced is concerned. "idle": hostd is loaded, not started, so this is what the kernel takes to call a program at
# a switch and at a wake-up, whatever it does; what is above it is ours. The last column is what the kernel's own
# statistics say of the programs at a switch and its wake-up, less the same under "idle" (they cost some 30 ns themselves).
# The waiters are SCHED_IDLE, so that the two tasks get on. PEER=1: the same under perf sched record.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build} ROUNDS=${ROUNDS:-5} PIPE=${PIPE:-40000} WAITERS=${WAITERS:-0 1 4 16 64}
T=$(mktemp -d)
CPU=$(($(nproc) - 1))
spinners=()
was=$(sysctl -n kernel.bpf_stats_enabled 2>/dev/null || echo 0) # it is put back
trap 'kill -9 "${spinners[@]}" 2>/dev/null; wait 2>/dev/null; sysctl -q kernel.bpf_stats_enabled="$was" 2>/dev/null; rm -rf "$T"' EXIT
trap 'exit 130' INT TERM
for tool in perf chrt; do command -v $tool >/dev/null || { echo "SKIP bench-price: $tool is not installed"; exit 0; }; done
[ "$(id -u)" = 0 ] || { echo "SKIP bench-price: needs root"; exit 0; }

# With many waiters the two tasks get on slowly: fewer switches then.
pipe() { # ns of CPU time a switch: the least of five
	local TIMEFORMAT='%3U %3S'
	for _ in 1 2 3 4 5; do
		{ time taskset -c "$CPU" perf bench sched pipe -l "$PIPE" >/dev/null 2>&1; } 2>&1
	done | awk -v n="$PIPE" '{ns = ($1 + $2) * 1e9 / (2 * n); if (!least || ns < least) least = ns} END {printf "%.0f\n", least}'
}
traced() { # MODE TID...: pipe under hostd, and the run time of on_switch by the kernel's statistics
	local mode=$1 reply tid i=0 price stats
	shift
	coproc H { exec "$BUILD/stealscope-hostd" --mode "${mode/idle/counts}" --out "$T/out.bin" 2>/dev/null; }
	read -r reply <&"${H[0]}"
	for tid in "$@"; do echo "track $tid $((i++ << 8)) bench-$i/vcpu0" >&"${H[1]}"; read -r reply <&"${H[0]}"; done
	[ "$mode" = idle ] || { echo start >&"${H[1]}"; read -r reply <&"${H[0]}"; }
	price=$(pipe)
	sysctl -q kernel.bpf_stats_enabled=1
	PIPE=$((PIPE / 5)) pipe >/dev/null
	sysctl -q kernel.bpf_stats_enabled="$was"
	stats=$(bpftool prog show -j | jq -r 'map(select(.name == "on_switch" or .name == "on_wakeup")) |
		(map(.run_time_ns) | add) / (map(select(.name == "on_switch").run_cnt) | add) | floor')
	echo stop >&"${H[1]}"; read -r reply <&"${H[0]}"
	eval "exec ${H[1]}>&-"
	wait "$H_PID" 2>/dev/null
	echo "$price $stats"
}
peer() { # pipe under perf sched record of the whole box
	local p price
	perf sched record -a -o "$T/perf.data" >/dev/null 2>&1 &
	p=$!
	sleep 0.7
	price=$(pipe)
	pkill -INT -P $p; kill -INT $p 2>/dev/null
	wait $p 2>/dev/null
	echo "$price 0"
}
summary() { # lines "price statistic" on stdin; BARE: the least without a tracer; IDLE: the statistic of "idle"
	sort -n | awk -v bare="$1" -v idle="$2" '{v[NR] = $1 - bare; s += $2} END {if (NR) printf "%.0f [%.0f, %.0f]%s\n", v[1], v[1], v[NR], s ? sprintf("   programs %.0f", s / NR - idle) : ""}'
}
echo "one switch of two tasks, ns added; $ROUNDS rounds of five times $((2 * PIPE)) switches"
for n in $WAITERS; do
	spinners=()
	for ((i = 0; i < (n ? n : 1); i++)); do
		taskset -c $((n ? CPU : 0)) chrt -i 0 sh -c 'while :; do :; done' & spinners+=($!)
	done
	sleep 0.3
	loops=$PIPE
	((n <= 4)) || PIPE=$((PIPE / 4))
	for ((r = 0; r < ROUNDS; r++)); do
		pipe >>"$T/bare.$n"
		for mode in idle counts events ${PEER:+perf}; do
			if [ $mode = perf ]; then read -r price stats < <(peer); else read -r price stats < <(traced $mode "${spinners[@]}"); fi
			echo "$price $stats" >>"$T/$mode.$n"
		done
	done
	PIPE=$loops
	idle=$(awk '{s += $2} END {print s / NR}' "$T/idle.$n")
	bare=$(sort -n "$T/bare.$n" | head -1)
	for mode in idle counts events ${PEER:+perf}; do printf '%2d waiting, %-7s %s\n' "$n" $mode "$(summary "$bare" "$idle" <"$T/$mode.$n")"; done
	kill -9 "${spinners[@]}"; wait "${spinners[@]}" 2>/dev/null
done
exit 0
