#!/bin/bash
# doctor, list and the help texts: the commands that start nothing.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"

expect_exit "--help" 0 $SS --help
expect_exit "--version" 0 $SS --version
for c in $($SS --help | awk '/^  [a-z]/ {print $1}'); do
	$SS "$c" --help >"$T/help" 2>&1 && [ "$(wc -l <"$T/help")" -ge 8 ] && ok "$c --help teaches" || bad "$c --help"
done
expect_exit "no command" 2 $SS
expect_exit "an unknown command" 2 $SS rnu
grep -q "did you mean 'run'" "$T/err" && ok "a near miss is suggested" || bad "no suggestion: $(cat "$T/err")"

$SS doctor >"$T/doctor" 2>&1 && ok "doctor ends with 0" || bad "doctor: exit $?"
for word in kvm libvirt cgroup ebpf btf numa smt isolated halt_poll tick clocksource nest defect; do
	grep -qi "$word" "$T/doctor" && ok "doctor has a row on $word" || bad "doctor says nothing on $word"
done
path=$(awk '$2 == "box.path" {print $3}' "$T/doctor")
grep -qF "| \`$path\` |" docs/hardware.md && ok "the row of docs/hardware.md that it names is there ($path)" || bad "no row '$path' in docs/hardware.md"
$SS doctor --json >"$T/doctor.json" 2>/dev/null
is "doctor --json is one document with rows" "$T/doctor.json" '.facts | length > 15' '.facts | length'

for what in scenarios metrics probes noise keys; do
	expect_exit "list $what" 0 $SS list $what
	[ "$(wc -l <"$T/out")" -ge 4 ] && ok "list $what has rows" || bad "list $what: $(cat "$T/out")"
done
valid "doctor --json" doctor "$T/doctor.json"
# A scenario that comes with it, by its name, from anywhere; a file of that name is nearer.
S=$(realpath "$SS")
(cd "$T" && "$S" check first-light first-light.xml) >"$T/out" 2>&1
[ "$(grep -c "/scenarios/first-light.xml: right" "$T/out")" = 2 ] && ok "a name stands for the library's file" || bad "check first-light: $(cat "$T/out")"
echo '<scenario name="mine"/>' >"$T/first-light.xml"
(cd "$T" && "$S" check first-light.xml) >"$T/out" 2>&1 && bad "the library's file before one's own" || ok "a file of that name is nearer"
expect_exit "check of no scenario" 2 $SS check first-lihgt
# --json: one document on stdout, or a refusal and nothing there.
$SS plan --json scenarios/first-light.xml >"$T/plan.json" 2>"$T/err"
is "plan --json is one document with who runs where" "$T/plan.json" \
	'.scenario == "first-light" and (.plans | length == 2) and all(.plans[]; [.map[].who[]] | index("victim/0"))' '.plans[].map'
valid "plan --json" plan "$T/plan.json"
is "without --xml it has no domain XML" "$T/plan.json" '[.plans[].guests[] | has("domain_xml")] | any | not' '[.plans[].guests[].domain_xml]'
$SS plan --json --xml scenarios/first-light.xml >"$T/plan.json" 2>"$T/err"
is "with it, the text for each guest" "$T/plan.json" '[.plans[].guests[].domain_xml | startswith("<?xml")] | length == 4 and all' '[.plans[].guests[].domain_xml | length]'
for c in "check scenarios/first-light.xml" "report last" "export last" clean "show --late 1 last" "show --plan last" "list keys"; do
	expect_exit "$c --json is refused" 2 $SS $c --json
	[ ! -s "$T/out" ] && [ "$(wc -l <"$T/err")" = 1 ] && ok "$c --json: nothing on stdout, one line of why" || bad "$c --json: $(cat "$T/out" "$T/err")"
done
mkdir -p "$T/empty"
expect_exit "list of an empty results folder" 0 $SS list --results "$T/empty"
$SS list --json --results "$T/empty" >"$T/list.json" 2>/dev/null
is "list --json of an empty results folder" "$T/list.json" '. == []'
finish
