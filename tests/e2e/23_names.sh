#!/bin/bash
# Names of VMs, processes and records that would move a terminal's cursor, make a row of their own or turn the
# reading direction: nothing of it reaches a terminal, a table or JSON, and no row is lost by it.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { skip "names: needs root"; finish; }
bad_name=$'e\033[2J\302\233\342\200\256\nvm9/vcpu0 \377'
# plain NAME FILE: no control character but newline and tab, no mark of reading direction, all of it UTF-8.
plain() {
	if LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]' "$2"; then
		bad "$1: $(LC_ALL=C grep -aoP '.{0,20}([\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]).{0,9}' "$2" | head -1 | od -c | head -3 | tr '\n' ' ')"
	elif ! iconv -f UTF-8 -t UTF-8 "$2" >/dev/null 2>&1; then
		bad "$1: it is not UTF-8"
	elif [ ! -s "$2" ]; then
		bad "$1: it is empty"
	else
		ok "$1"
	fi
}

# blame: a VM and a process beside it.
need_kvm
qemu-system-x86_64 -name "guest=$bad_name,debug-threads=on" -machine q35,accel=kvm -m 32 -nodefaults -display none >/dev/null 2>&1 &
vm=$!
for _ in $(seq 50); do grep -qs KVM /proc/$vm/task/*/comm && break; sleep 0.1; done
bash -c 'printf "%b" "p\033[2J\nq\302\233\377" >/proc/self/comm; while :; do :; done' &
process=$!
at_exit "kill $vm $process"
disown -a
for p in $vm $process; do taskset -pc 0 $p >/dev/null; done
timeout 60 "$SS" blame --all --for 1s >"$T/out" 2>"$T/err" || bad "blame: exit $?: $(tail -1 "$T/err")"
plain "blame's table" "$T/out"
grep -q '^e.*vm9' "$T/out" && ! grep -q '^vm9' "$T/out" && ok "blame: a VM's name makes no row" || bad "blame: $(cat "$T/out")"
timeout 60 "$SS" blame --all --for 1s --json >"$T/out.json" 2>"$T/err" || bad "blame --json: exit $?: $(tail -1 "$T/err")"
plain "blame --json" "$T/out.json"
tail -1 "$T/out.json" >"$T/last.json"
is "blame --json: the VM is in it" "$T/last.json" '[.vcpus[].vm | select(test("vm9"))] | length >= 1' '[.vcpus[].vm]'
timeout 60 "$SS" blame nobody >"$T/out" 2>"$T/err"
plain "blame: the names in an error" "$T/err"
[ "$(wc -l <"$T/err")" = 1 ] && ok "which is one line" || bad "an error of several lines: $(cat "$T/err")"

# A record and an index of somebody else's.
B=$(dirname "$SS")
make -s BUILD="$B" "$B/bench-make_record" >"$T/make" 2>&1 || { bad "make_record does not build: $(tail -1 "$T/make")"; finish; }
R=$T/res
mkdir "$R" && "$B/bench-make_record" "$R/20260101T000000Z-evil-0000" 0.001 2 >/dev/null
jq --arg bad $'e\u001b[2J\u009b\u202e\nfake  1.0 s  complete' 'walk(if type == "string" and (test("^[a-z]+$")) then . + $bad else . end)
	| .status = "complete" + $bad | .warnings += [$bad] | .plan_text = $bad | .overrides = [$bad] | .run = "20260101T000000Z-evil-0000"' \
	"$R/20260101T000000Z-evil-0000/run.json" >"$T/run.json" && cp "$T/run.json" "$R/20260101T000000Z-evil-0000/run.json"
evil=$R/20260101T000000Z-evil-0000
"$SS" list --results "$R" --rebuild >"$T/out" 2>"$T/err"
plain "list" "$T/out"
[ "$(wc -l <"$T/out")" = 1 ] && ok "list: one record, one row" || bad "list: $(cat "$T/out")"
"$SS" analyze --results "$R" "$evil" >"$T/out" 2>"$T/err"
plain "analyze" "$T/out"
[ ! -s "$T/err" ] || plain "analyze, stderr" "$T/err"
for c in "show" "show --json" "show --plan"; do
	# shellcheck disable=SC2086
	"$SS" $c --results "$R" "$evil" >"$T/out" 2>"$T/err"
	plain "$c" "$T/out"
done
plain "analysis.json" "$evil/analysis.json"
plain "report.html" "$evil/report.html"
for format in csv jsonl perfetto; do
	"$SS" export --results "$R" --format $format -o "$T/exported" "$evil" >"$T/out" 2>"$T/err" || { "$SS" export --results "$R" --format $format "$evil" >"$T/exported" 2>"$T/err"; }
	if [ -d "$T/exported" ]; then cat "$T"/exported/* >"$T/flat"; else cp "$T/exported" "$T/flat"; fi
	plain "export $format" "$T/flat"
	rm -rf "$T/exported"
done
"$SS" compare --results "$R" "$evil" "$evil" >"$T/out" 2>"$T/err"
cat "$T/out" "$T/err" >"$T/both"
plain "compare" "$T/both"

# What stands in the index need not be UTF-8: the row is there all the same.
if command -v sqlite3 >/dev/null; then
	sqlite3 "$R/index.db" "UPDATE runs SET status = CAST(x'ff1b5b324ac29b0a' AS TEXT), host = CAST(x'c0' AS TEXT)"
	"$SS" list --results "$R" >"$T/out" 2>"$T/err"
	plain "list of an index that is not UTF-8" "$T/out"
	"$SS" list --json --results "$R" >"$T/list.json" 2>"$T/err"
	is "list --json: no row is lost" "$T/list.json" 'length == 1 and (.[0].status | test("\\[2J"))' '.[0].status'
	plain "list --json" "$T/list.json"
else
	skip "names: no sqlite3 program to write nonsense into an index"
fi
finish
