#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A short run of the harness, and the analysis of its record, under valgrind: no bad access, and nothing leaked by
# our own code (libraries keep what they keep: only stacks with a function of ours as allocator count).
. "$(dirname "$0")/../e2e/lib.sh"
need_kvm
command -v valgrind >/dev/null || { skip "valgrind: needs the package valgrind"; finish; }
V=(valgrind -q --child-silent-after-fork=yes --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite)

judge() { # NAME STATUS
	if [ "$2" = 99 ]; then
		bad "$1: valgrind complains: $(grep -m3 '==' "$T/err" | tr '\n' ' ' | cut -c1-300)"
		grep '==' "$T/err" | head -60
	elif grep -q "a guest did not start" "$T/err"; then
		skip "$1: libvirt's QEMU does not start below valgrind here; until then there was no bad access"
	elif [ "$2" = 0 ] || [ "$2" = 3 ]; then
		ok "$1: no bad access, no leak"
	else
		bad "$1: exit $2: $(tail -2 "$T/err" | tr '\n' ' ')"
	fi
}
"${V[@]}" "$SS" run --results "$T/res" --boot-timeout 120s "$(own_scenario tests/soak/soak.xml)" >"$T/out" 2>"$T/err"
judge "run" $?
rec=$(find "$T/res" -maxdepth 1 -name "*$MINE*" -type d | head -1)
"${V[@]}" "$SS" analyze "$rec" >"$T/out" 2>"$T/err"
judge "analyze" $?
clean_after valgrind
finish
