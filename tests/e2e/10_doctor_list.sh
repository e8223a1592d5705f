#!/bin/bash
# doctor, list and the help texts: the commands that start nothing.
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
$SS doctor --json >"$T/doctor.json" 2>/dev/null
is "doctor --json is one document with rows" "$T/doctor.json" '.facts | length > 15' '.facts | length'

for what in scenarios metrics probes noise keys; do
	expect_exit "list $what" 0 $SS list $what
	[ "$(wc -l <"$T/out")" -ge 4 ] && ok "list $what has rows" || bad "list $what: $(cat "$T/out")"
done
mkdir -p "$T/empty"
expect_exit "list of an empty results folder" 0 $SS list --results "$T/empty"
finish
