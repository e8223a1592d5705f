#!/bin/bash
# The workshop itself: every target that a person would call is in `make help`, every word given to a test
# runner finds a test or is refused, the build is quiet.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"

make help >"$T/help"
said=" $(grep -oE '(^|, )make [a-z][a-z-]*' "$T/help" | sed 's/.*make //' | sort -u | tr '\n' ' ') "
# Called by other targets only.
inner=" all build-tests faulty fuzz-build "
for target in $(sed -n 's/^\.PHONY: //p' Makefile tests/*.mk guest-agent/*/build.mk | tr ' ' '\n' | sort -u); do
	[[ $inner == *" $target "* ]] && continue
	[[ $said == *" $target "* ]] || missing+=" $target"
done
[ -z "${missing:-}" ] && ok "make help has every target" || bad "make help lacks:$missing"
for target in $said; do
	[ "$target" = test ] && continue # SAN=1 test makes its folder
	grep -qE "^([a-z-]+ )*$target( [a-z-]+)*:" Makefile tests/*.mk || unknown+=" $target"
done
[ -z "${unknown:-}" ] && ok "make help names only what there is" || bad "make help names:$unknown"

expect_exit "a word in no test's name" 2 scripts/check no-such-test
expect_exit "a word in no fault's name" 2 env BUILD="$(dirname "$SS")" tests/faults/matrix.sh no-such-fault

make -n -W harness/base/wrap.c BUILD="$(dirname "$SS")" all 2>/dev/null >"$T/quiet"
grep -q "printf.*CC.*wrap.o" "$T/quiet" && ok "a line a file" || bad "no short line for what is compiled: $(head -3 "$T/quiet")"
make -n V=1 -W harness/base/wrap.c BUILD="$(dirname "$SS")" all 2>/dev/null >"$T/loud"
grep -q "printf" "$T/loud" && bad "V=1 shortens" || ok "V=1 shows the commands"
finish
