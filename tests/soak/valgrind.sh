#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A run beside a hostile guest (tests/hostile), and the analysis of its record, under valgrind: no bad access, and
# nothing leaked by our own code. By libvirtd, so that its forks and QEMU are not valgrind's.
. "$(dirname "$0")/../e2e/lib.sh"
need_kvm
command -v valgrind >/dev/null || { skip "valgrind: needs the package valgrind"; finish; }
libvirtd_up >"$T/why" || { skip "valgrind: $(cat "$T/why")"; finish; }
V=(valgrind -q --child-silent-after-fork=yes --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite)

judge() { # NAME STATUS
	if [ "$2" = 99 ]; then
		bad "$1: valgrind complains: $(grep -m3 '==' "$T/err" | tr '\n' ' ' | cut -c1-300)"
		grep '==' "$T/err" | head -60
	elif grep -q 'no pidfd_open(2)' "$T/err"; then
		skip "$1: $(valgrind --version) does not know pidfd_open; until then there was no bad access"
		finish
	elif [ "$2" = 0 ] || [ "$2" = 3 ]; then
		ok "$1: no bad access, no leak"
	else
		bad "$1: exit $2: $(tail -2 "$T/err" | tr '\n' ' ')"
	fi
}
hostile_programs
"${V[@]}" "$T/bin/stealscope" run --connect qemu:///system --results "$T/res" --boot-timeout 120s "$(own_scenario tests/hostile/hostile.xml)" >"$T/out" 2>"$T/err"
judge "a run beside a hostile guest" $?
rec=$(find "$T/res" -maxdepth 1 -name "*$MINE*" -type d | head -1)
is "its record is marked" "$rec/run.json" '[.warnings[] | select(test("evil wrote into its shared page what a guest that works right never writes"))] | length == 1' '[.guests[] | {name, lost, samples}]'
"${V[@]}" "$SS" analyze "$rec" >"$T/out" 2>"$T/err"
judge "analyze" $?
clean_after valgrind
finish
