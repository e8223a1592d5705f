#!/bin/bash
# What this process may use: under taskset, and in a cpuset control group (v1 or v2, made and removed
# here), plans keep to it and what cannot be is refused first. Measures nothing.
# Measures nothing, but wants no other's guests: it may run beside what only computes.
. "$(dirname "$0")/lib.sh"

two='<scenario name="two"><lab cpus="2"/><guest name="a"/></scenario>'
one='<scenario name="one" warmup="100ms" duration="300ms"><guest name="a"/></scenario>'
by_number='<scenario name="by-number"><guest name="a" cpus="0"/></scenario>'
echo "$two" >"$T/two.xml"
echo "$one" >"$T/one.xml"
echo "$by_number" >"$T/by-number.xml"
cpus=$(nproc)

# limits NAME WHY COMMAND...: the claims, with COMMAND before ours; it leaves CPU 1 alone.
limits() {
	local name=$1 why=$2
	shift 2
	expect_exit "$name: two CPUs are refused" 4 "$@" $SS check "$T/two.xml"
	grep -q "may use 1 of CPU 1 (limited by $why" "$T/err" && ok "$name: it says why" || bad "$name: $(cat "$T/err")"
	expect_exit "$name: CPU 0 is refused" 4 "$@" $SS plan "$T/by-number.xml"
	grep -q "CPU 0, which this process may not use (limited by $why" "$T/err" && ok "$name: it names CPU 0" || bad "$name: $(cat "$T/err")"
	"$@" $SS plan --json "$T/one.xml" >"$T/plan.json" 2>"$T/err"
	is "$name: lab, house and emulator are on CPU 1" "$T/plan.json" '.plans[0] | .lab_cpus == "1" and .housekeeping_cpus == "1" and .guests[0].emulator_cpus == "1" and (.notes | map(select(contains("may use CPU 1 only"))) | length == 1)'
	expect_exit "$name: run refuses before it begins" 4 "$@" $SS run --results "$T/none" "$T/two.xml"
	[ -e "$T/none" ] && bad "$name: a record was begun" || ok "$name: no record was begun"
	"$@" $SS doctor --json 2>/dev/null >"$T/doctor.json"
	is "$name: doctor says it" "$T/doctor.json" '.facts[] | select(.key == "cpu.allowed") | .value == "1" and .verdict == "limits"'
	if [ -w /dev/kvm ] && [ "$(id -u)" = 0 ]; then
		"$@" $SS run -q --json --results "$T/res" "$T/one.xml" >"$T/run.json" 2>"$T/err" &&
			ok "$name: a run ends well" || bad "$name: run: $(tail -3 "$T/err")"
		is "$name: its record has it" "$(echo "$T"/res/*/run.json | tr ' ' '\n' | tail -1)" '.housekeeping_cpus == "1" and .lab_cpus == "1"' '.housekeeping_cpus'
		rm -rf "$T/res"
	else
		skip "$name: a run: no /dev/kvm for $(id -un)"
	fi
}

if [ "$cpus" -lt 2 ]; then
	skip "limits: nproc says $cpus CPU"
	finish
fi
limits taskset "its CPU affinity" taskset -c 1

# A cpuset group: v1 where its controller is mounted, else v2 where that has it.
v1=$(awk '$3 == "cgroup" && $4 ~ /(^|,)cpuset(,|$)/ {print $2; exit}' /proc/mounts)
v2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
group="" name=ss-e2e-limits-$$
if [ -n "$v1" ] && mkdir "$v1/$name" 2>/dev/null; then
	group=$v1/$name
	cat "$v1/cpuset.mems" >"$group/cpuset.mems"
	echo 1 >"$group/cpuset.cpus"
elif [ -n "$v2" ] && grep -qw cpuset "$v2/cgroup.subtree_control" && mkdir "$v2/$name" 2>/dev/null; then
	group=$v2/$name
	echo 1 >"$group/cpuset.cpus"
fi
if [ -z "$group" ]; then
	skip "cpuset: no group can be made in '$v1' (v1) or '$v2' (v2: $(cat "$v2/cgroup.subtree_control" 2>/dev/null))"
	finish
fi
at_exit "rmdir $group"
# shellcheck disable=SC2016
limits cpuset "the cpuset /$name" sh -c 'echo $$ >'"$group/cgroup.procs"'; exec "$@"' sh
for i in 1 2 3 4 5 6 7 8 9 10; do
	[ -s "$group/cgroup.procs" ] || break
	sleep 0.1
done
[ -s "$group/cgroup.procs" ] && bad "left in the group: $(tr '\n' ' ' <"$group/cgroup.procs")" || ok "nothing is left in the group"
# A container with a namespace of control groups sees its own group as the top.
if unshare -C true 2>/dev/null; then
	# shellcheck disable=SC2016
	sh -c 'echo $$ >'"$group/cgroup.procs"'; exec unshare -C -m sh -c '"'mount -t cgroup -o cpuset none $v1 2>/dev/null; exec $SS plan --json $T/one.xml'" >"$T/plan.json" 2>"$T/err"
	is "namespace: on CPU 1" "$T/plan.json" '.plans[0] | .lab_cpus == "1" and .housekeeping_cpus == "1"'
else
	skip "namespace: unshare -C says $(unshare -C true 2>&1 | head -c 100)"
fi

# Whoever reads the plan may leave.
$SS plan "$T/one.xml" 2>"$T/err" | true
[ "${PIPESTATUS[0]}" = 1 ] && grep -q "cannot write to standard output" "$T/err" && ok "a reader that has gone is told" || bad "a reader that has gone: $(cat "$T/err")"

# A box file: written here, planned anywhere.
$SS doctor --box "$T/box" >/dev/null 2>&1
is "box file: has the box and what doctor found" "$T/box" '.format == "stealscope box 1" and (.cpus | length) >= 2 and (.facts | length) > 20'
$SS plan "$T/one.xml" >"$T/here" 2>/dev/null
$SS plan --box "$T/box" "$T/one.xml" 2>"$T/err" | grep -v GiB >"$T/there"
grep -v GiB "$T/here" | cmp -s - "$T/there" && ok "box file: the same plan" || bad "box file: another plan: $(diff "$T/here" "$T/there" | head -3) $(cat "$T/err")"
jq '.allowed = "0" | .limit = "the cpuset /elsewhere"' "$T/box" >"$T/box2"
expect_exit "box file: its limits count" 4 $SS check --box "$T/box2" "$T/two.xml"
expect_exit "box file: none" 4 $SS check --box "$T/two.xml" "$T/one.xml"
finish
