#!/bin/bash
# Run in the lab of `scripts/lab-vm --cpu intel`: the commands whose results tests/intel/check judges outside, where a program starts
# in less than ten seconds. Each leaves results/intel/NAME.json, .err and .status ("EXIT SECONDS", by the lab's clock).
grep -q vmx /proc/cpuinfo && [ "$(hostname)" = stealscope-lab ] || { echo "this is no lab with an Intel processor: make check-intel" >&2; exit 4; }
O=results/intel
mkdir -p $O

# as NAME COMMAND...
as() {
	local name=$1 since=$SECONDS
	shift
	"$@" >"$O/$name.json" 2>"$O/$name.err"
	echo "$? $((SECONDS - since))" >"$O/$name.status"
	echo "$name: exit $(cat "$O/$name.status" | tr ' ' ',') s"
}
run() { # NAME ARGUMENT...
	local name=$1
	shift
	as "$name" stealscope run --json --results results "$@"
}

doctor() { as doctor stealscope doctor --json; }
canary() { run canary scenarios/canary.xml; }

# Where the vCPUs of each variant stand, by the kernel, while they run: a row of CPUs with each one's siblings.
siblings() {
	local variant pid t cpu
	run siblings --set duration=5s scenarios/smt-siblings.xml &
	for variant in siblings cores; do
		while :; do
			sleep 2
			kill -0 $! 2>/dev/null || break 2
			pid=$(pgrep -f "^/usr/bin/qemu-system-x86_64 .*guest=stealscope.*smt-siblings-$variant-") || continue
			[ "$(cat /proc/"${pid%%$'\n'*}"/task/*/comm | grep -c '^CPU')" = 2 ] && break
		done
		sleep 2
		for t in /proc/"${pid%%$'\n'*}"/task/*; do
			[[ $(cat "$t/comm") = CPU* ]] || continue
			cpu=$(taskset -cp "${t##*/}" | sed 's/.*: //')
			echo "$cpu $(cat "/sys/devices/system/cpu/cpu$cpu/topology/thread_siblings_list")"
		done >"$O/$variant.placed"
	done
	wait
}

# blame of two guests that a run of another stealscope has on one CPU.
blame() {
	local harness
	stealscope run -q --results results --set duration=90s tests/intel/pair.xml >"$O/pair.err" 2>&1 &
	harness=$!
	while [ "$(pgrep -fc '^/usr/bin/qemu-system-x86_64 .*guest=stealscope.*-pair-')" -lt 2 ] && kill -0 $harness; do sleep 2; done
	sleep 20
	as blame stealscope blame --all --for 10s --interval 10s --json
	kill -INT $harness
	wait
	pgrep -af "guest=stealscope" >"$O/left"
	ls /run/stealscope >>"$O/left" 2>/dev/null
}

for part in "${@:-doctor canary siblings blame}"; do
	for words in $part; do $words; done
done
exit 0
