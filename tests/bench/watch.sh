#!/bin/bash
# What watching 1,024 vCPUs costs: `blame --all` at 2 s intervals beside four programs whose threads are named
# as QEMU names vCPUs and wake once a second. CPU time of blame and of hostd, and of the eBPF programs by the
# kernel's own statistics (which cost some 30 ns a run themselves); of the start, from its call until the tracer
# runs; memory of both early and late. Processes come and go meanwhile (CHURN a second, default 100): each of them
# may be somebody that a vCPU waited for; so do VMs (VMS a second, default none; each lives for twelve,
# since blame looks for VMs that are not KVM's every ten): past the first 3,000 of them nothing may grow (VMS=20 AFTER=180). AFTER: begin this many seconds later. Prints, and fails above 1 % of a CPU
# or when memory grows.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build} VCPUS=${VCPUS:-1024} SECONDS_EACH=${SECONDS_EACH:-20} AFTER=${AFTER:-0} CHURN=${CHURN:-100} PERIOD_MS=${PERIOD_MS:-1000} VMS=${VMS:-0}
pids=()
stats=$(sysctl -n kernel.bpf_stats_enabled 2>/dev/null || echo 0) # as it was, it is put back
T=$(mktemp -d)
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; sysctl -q kernel.bpf_stats_enabled="$stats"; rm -rf "$T"' EXIT
trap 'exit 130' INT TERM
[ "$(id -u)" = 0 ] || { echo "SKIP bench-watch: needs root"; exit 0; }
make -s BUILD="$BUILD" "$BUILD/bench-vcpus" || exit 1

cpu() { cat /proc/"$1"/task/*/schedstat | awk '{ns += $1} END {printf "%.0f", ns}'; }
rss() { awk '/^VmRSS/ {print $2}' /proc/"$1"/status; }
bpf() { bpftool prog show -j 2>/dev/null | jq '[.[] | select(.name | test("^(on_|walk_tasks|read_steal|list_vcpus)")) | .run_time_ns // 0] | add // 0'; }

# What loading and attaching takes, with a second of nothing behind it: the middle one of three.
loads=()
for _ in 1 2 3; do
	coproc H { exec "$BUILD/stealscope-hostd" --mode=counts --out="$T/trace" 2>"$T/err"; }
	pids+=("$H_PID") hostd=$H_PID
	read -r reply <&"${H[0]}" || { cat "$T/err"; exit 1; }
	sleep 1
	loads+=("$(cpu "$hostd")")
	eval "exec ${H[1]}>&-"
	wait "$hostd" 2>/dev/null
done
printf '%s\n' "${loads[@]}" | sort -n | awk 'NR == 2 {printf "load and attach: %.0f ms of CPU\n", $1 / 1e6}'
for _ in 1 2 3 4; do
	(exec -a qemu-system-x86_64 "$BUILD/bench-vcpus" $((VCPUS / 4)) "$PERIOD_MS") & pids+=($!)
done
nap=$(awk "BEGIN {print 2 / $CHURN}") # two processes a turn
while :; do /bin/true; sleep "$nap"; done & pids+=($!)
while [ "$VMS" != 0 ]; do
	timeout 12 bash -c 'exec -a qemu-system-x86_64 "$0" 1 100' "$BUILD/bench-vcpus" &
	sleep "$(awk "BEGIN {print 1 / $VMS}")"
done & pids+=($!)
sleep 1
"$BUILD/stealscope" blame --all --json >"$T/out" 2>"$T/err" & blame=$!
pids+=("$blame")
for _ in $(seq 100); do hostd=$(pgrep -P $blame stealscope-host) && break; sleep 0.05; done
# The start ends when hostd has nothing to do; the first interval is longer than this looks.
for _ in $(seq 50); do
	b=$(cpu "$hostd")
	sleep 0.1
	[ "$b" = "$(cpu "$hostd")" ] && break
done
[ -d /proc/"$blame" ] || { cat "$T/err"; exit 1; }
start_blame=$(cpu $blame) start_hostd=$(cpu "$hostd")
while [ ! -s "$T/out" ]; do sleep 0.1; done
sleep "$AFTER"
sysctl -q kernel.bpf_stats_enabled=1
a=$(cpu $blame) b=$(cpu "$hostd") p=$(bpf) ra=$(rss $blame) rb=$(rss "$hostd") from=$(date +%s%N)
sleep "$SECONDS_EACH"
c=$(cpu $blame) d=$(cpu "$hostd") q=$(bpf) rc=$(rss $blame) rd=$(rss "$hostd") ns=$(($(date +%s%N) - from))
sysctl -q kernel.bpf_stats_enabled="$stats"
seen=$(tail -1 "$T/out" | jq -r '"\([.vms[].n_vcpus] | add) vCPUs in \(.vms | length) VMs"')
kill -INT "$blame" && wait "$blame" # the last line is of all of the time
echo "seen: $seen; $(tail -1 "$T/out" | jq '.forgotten // 0') vCPUs of VMs that ended are forgotten"
awk -v a="$start_blame" -v b="$start_hostd" 'BEGIN {printf "start: %.0f ms of CPU (hostd %.0f, blame %.0f)\n", (a + b) / 1e6, b / 1e6, a / 1e6}'
echo "memory: hostd $rb to $rd KiB, blame $ra to $rc KiB"
awk -v a=$((c - a)) -v b=$((d - b)) -v p=$((q - p)) -v ns="$ns" -v grown=$((rc + rd - ra - rb)) 'BEGIN {
	printf "watching, %.0f s: %.2f %% of a CPU (hostd %.2f, blame %.2f, eBPF %.2f)\n", ns / 1e9, 100 * (a + b + p) / ns, 100 * b / ns, 100 * a / ns, 100 * p / ns
	exit 100 * (a + b + p) / ns >= 1 || grown > 1024 }'
