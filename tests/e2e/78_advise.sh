#!/bin/bash
# What could be changed on a running VM: listed with what it should gain, nothing changed; one tried in blocks and taken back;
# what cannot be advised is one clear line. More of it: tests/domain/advise.sh (make check-advise).
. "$(dirname "$0")/lib.sh"
need_kvm
libvirtd_up >"$T/why" || { skip "advise: $(cat "$T/why")"; finish; }
[ "$(nproc)" -ge 2 ] || { skip "advise: two CPUs are wanted"; finish; }
make -s BUILD="$(dirname "$SS")" "$(dirname "$SS")/tests/busy.elf" >"$T/make" 2>&1 || { bad "the busy guest does not build: $(tail -2 "$T/make")"; finish; }
D=adv$$ V="virsh -q -c qemu:///system"
down() { for d in "$D" "$D-tcg"; do $V destroy "$d"; $V undefine "$d"; done >/dev/null 2>&1; }
at_exit down
install -m 644 "$(dirname "$SS")/tests/busy.elf" "$T/"
domain_xml "$D" 2 "$T/busy.elf" /dev/null "<cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' cpuset='0'/></cputune>" | sed "s/<serial type='file'>.*<.serial>//" >"$T/domain.xml"
$V define "$T/domain.xml" >/dev/null || { bad "the domain cannot be defined"; finish; }
both() { $V dumpxml "$D" | sed "s/ id='[0-9]*'//"; $V dumpxml --inactive "$D"; }
advise() { "$SS" advise --results "$T/res" --for 1s "$@"; }

expect_exit "no such domain" 4 advise "nobody$$"
expect_exit "not running" 2 advise "$D"
expect_exit "neither a domain nor --all" 2 advise
$V start "$D"
sleep 1
both >"$T/before"
advise --json "$D" >"$T/advise.json" 2>"$T/err" && ok "two busy vCPUs on one CPU are advised" || bad "advise: exit $?: $(tail -1 "$T/err")"
valid "advise --json" advise "$T/advise.json"
both >"$T/after"
cmp -s "$T/before" "$T/after" && ok "nothing was changed" || bad "its XML changed: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';')"
is_timed "pinning apart (where no CPU idles: spreading) is a candidate: one vcpupin, its inverse, its XML" "$T/advise.json" '.vms[0] | .domain == "'"$D"'" and ([.candidates[] | select(.name == "pin-apart" or .name == "spread")][0] | (.changes | length) == 1 and .changes[0].had == "0" and .changes[0].want == "1" and (.virsh[0] | test("virsh vcpupin '"$D"' [01] 1 --live")) and (.undo[0] | test("vcpupin '"$D"' [01] 0 --live")) and (.xml | test("<cputune><vcpupin")))' '[.vms[0].candidates[] | select(.name == "pin-apart" or .name == "spread")][0].virsh'
is_timed "it should gain about 490 ms/s" "$T/advise.json" '.vms[0] | .best == "pin-apart" and (.candidates[0].expected_gain > 400 and .candidates[0].expected_gain < 520)' '.vms[0].candidates[0] | {wait, then, expected_gain}'
advise "$D" >"$T/text" 2>"$T/err" && grep -q "^1. .*should gain" "$T/text" && grep -q "undo: virsh" "$T/text" && ok "the same for people" || bad "text: $(head -3 "$T/text")"
advise --all --json >"$T/all.json" 2>"$T/err"
is "--all has it too" "$T/all.json" '[.vms[].domain] | index("'"$D"'") != null'

# A trial: eight blocks of two runs on the running domain, everything as before afterwards.
prove() { "$SS" advise --results "$T/res" --for 1s --prove "$@"; }
expect_exit "a candidate that is none" 2 prove "$D" nonsense
anew "$T/err"
prove --rounds 8 --each 200ms --json "$D" >"$T/trial.json" 2>"$T/err" &
trial=$!
for _ in $(seq 100); do grep -q "^trying" "$T/err" && break; sleep 0.1; done
"$SS" advise --results "$T/other" --for 100ms --prove "$D" >/dev/null 2>"$T/second"
[ $? = 4 ] && ok "one trial a host ($(head -1 "$T/second"))" || bad "a second trial at once: $(head -1 "$T/second")"
wait $trial && ok "a trial" || bad "a trial: exit $?: $(tail -1 "$T/err")"
both >"$T/after"
cmp -s "$T/before" "$T/after" && ok "everything is as before" || bad "its XML changed: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';')"
valid "advise --prove --json" trial "$T/trial.json"
is_timed "pin-apart is proven, with an interval" "$T/trial.json" '.candidate == "pin-apart" and .proven and .recommended and .figures[0].shift < -400 and .figures[0].ci[1] < 0' '{ended: .end, expected_gain, shift: .figures[0].shift, ci: .figures[0].ci, wall_s, cpu_s}'
is "two runs a round, each a record; both arms' values, who had the waiting" "$T/trial.json" '.rounds as $n | (.figures[0] | (.before | length) == $n and (.after | length) == $n) and .blame[0].before > 0 and (.runs | length) == 2 * $n and (if .end == "hopeless" then $n >= 3 else $n == 8 end) and ([.runs[].changed] | map(select(.)) | length) == $n' '[.end, .rounds, .runs[0]]'
[ "$(find "$T/res" -maxdepth 1 -name "*trial-$D*" | wc -l)" = "$(jq '.runs | length' "$T/trial.json")" ] && grep -q "Blocks over time" "$T"/res/trial-*/report.html && ok "its records and its page" || bad "records or page are missing: $(ls "$T/res" | head -3 | tr '\n' ' ')"
$V suspend "$D"
expect_exit "paused" 2 advise "$D"
$V destroy "$D"
sed "s/type='kvm'/type='qemu'/; s/<name>.*<.name>/<name>$D-tcg<\/name>/; s/<cpu mode.*<.cpu>//" "$T/domain.xml" >"$T/tcg.xml"
$V define "$T/tcg.xml" >/dev/null 2>&1 && $V start "$D-tcg" >/dev/null 2>&1 && expect_exit "emulated (TCG)" 4 advise "$D-tcg" || skip "emulated: it does not start here"
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent "$@"; }
nobody test -x "$SS" 2>/dev/null && expect_exit "without rights" 4 nobody "$SS" advise --for 1s "$D"
down
clean_after "advise"
finish
