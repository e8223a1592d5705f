#!/bin/bash
# Linux guests (under TCG where KVM cannot run them), native guests, programs as jobs.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"
need_kvm
R=$T/res
RUN="$SS run --results $R"
cache=$(scripts/fetch-kernel --print)
if ! [ -r "$cache/distro/vmlinuz" ]; then
	skip "50_linux: no kernel in $cache; run scripts/fetch-kernel"
	finish
fi
scenario() { # NAME ATTRIBUTES PROBES: a scenario file of one Linux guest
	echo "<scenario name=\"$1\" warmup=\"0s\" duration=\"2s\"><lab cpus=\"1\"/><guest name=\"tux\" kind=\"linux\" placement=\"pinned\" $2>$3</guest></scenario>" >"$T/$1.xml"
}

scripts/fetch-kernel distro >"$T/fetch" 2>&1
if grep -q "could not\|apt knows no" "$T/fetch"; then
	skip "a fetched kernel is used again: $(tail -1 "$T/fetch" | cut -c1-120)"
else
	grep -q "cached in\|now in" "$T/fetch" && ok "a fetched kernel is used again, or a newer one taken ($(tail -1 "$T/fetch" | cut -c1-100))" || bad "fetch-kernel: $(cat "$T/fetch")"
fi
expect_exit "fetch-kernel knows its kernels" 2 scripts/fetch-kernel bogus

# --- one report with guests of three kinds
expect_exit "metal, linux and native guest in one run" 0 $RUN --json tests/e2e/scenarios/linux-and-metal.xml
cp "$T/out" "$T/three.json"
G='.variants[0].guests'
is "their accelerators are said" "$T/three.json" "[$G[].accel] == [\"kvm\",\"tcg\",\"native\"] or [$G[].accel] == [\"kvm\",\"kvm\",\"native\"]" "[$G[].accel]"
is "when the first samples came, in s after run, is told" "$T/three.json" '.variants[0].first_sample_s > 0' '.variants[0].first_sample_s'
is "all three have a timer" "$T/three.json" "[$G[].metrics[\"timer.late.p50\"]] | all(. > 0)" "[$G[].metrics[\"timer.late.p50\"]]"
is "steal without a counter is not provided, never 0" "$T/three.json" \
	"[$G[] | select(.accel != \"kvm\") | (.metrics | has(\"steal.rate\")) or (.not_provided[\"steal.rate\"] | startswith(\"not provided\") | not)] | any | not" \
	"[$G[] | .not_provided[\"steal.rate\"]]"
three=$(find "$R" -maxdepth 1 -name '*linux-and-metal*' | sort | tail -1)
is "the kernel of a guest under TCG knows its TSC, whatever the load" "$three/run.json" \
	'[.guests[1, 2].tsc_hz] | (.[0] - .[1] | fabs) < .[1] / 50' '[.guests[].tsc_hz]'
if [ "$(jq -r "$G[1].accel" "$T/three.json")" = tcg ]; then
	$SS show --results "$R" "$(basename "$three")" >"$T/three.txt"
	$SS export -f csv -t metrics "$three" >"$T/three.csv"
	grep '^tux ' "$T/three.txt" | grep -q ' - ' && grep -q '^tux,all,steal.rate,ms/s,,"*not provided' "$T/three.csv" &&
		grep -q 'not provided' "$three/report.html" && ok "nor in text, CSV and HTML" ||
		bad "steal of a guest under TCG: $(grep -h '^tux' "$T/three.txt" | head -3; grep '^tux.*steal.rate,' "$T/three.csv")"
fi
is "bzip2 was run to its end in the guest" "$T/three.json" "$G[1].metrics[\"job.time\"] > 0" "$G[1].metrics[\"job.time\"]"
$SS export -f csv -t samples "$three" >"$T/samples.csv"
awk -F, '$1 == "tux" && $4 == "job" {if (n++ && $3 - $5 / 1e6 < last) over++; last = $3} END {exit !over}' "$T/samples.csv" &&
	ok "two copies of it ran at once" || bad "no two of these overlap: $(grep -c '^tux.*,job,' "$T/samples.csv") runs of it"
is "the guest's own run queue is told apart" "$T/three.json" "$G[1].metrics[\"timer.guest.max\"] != null" "$G[1].metrics[\"timer.guest.max\"]"
clean_after "three kinds"
find "$R" -name '*.initramfs' | grep -q . && bad "an initramfs stayed in a record" || ok "no initramfs stays in a record"

# --- policies, relative sleep and a mutex in Linux and in native guests
expect_exit "SCHED_DEADLINE, RR, relative sleep and mutex" 0 $RUN --json tests/e2e/scenarios/policies.xml
cp "$T/out" "$T/policies.json"
is "no guest refused its policy, and every timer woke" "$T/policies.json" "[$G[] | .status == \"ok\" and .metrics[\"timer.late.p50\"] > 0] | length == 5 and all" \
	"[$G[] | [.name, .status, .metrics[\"timer.late.p50\"]]]"
is "a relative sleep takes its 10 ms or more" "$T/policies.json" "[$G[] | select(.name | endswith(\"mutex\")) | .metrics[\"sleep.elapsed.p50\"]] | length == 2 and all(. > 9990)" \
	"[$G[] | [.name, .metrics[\"sleep.elapsed.p50\"]]]"
is "who waits for the mutex is recorded" "$T/policies.json" "[$G[] | select(.name | endswith(\"mutex\")) | .metrics[\"lock.stall.p50\"]] | length == 2 and all(. > 0)" \
	"[$G[] | .metrics[\"lock.stall.p50\"]]"
is "a busy loop beside a timer sees its gaps, and memory is timed" "$T/policies.json" \
	"([$G[] | select(.name == \"rr\") | .metrics[\"gap.rate\"]] | all(. > 0)) and ([$G[] | select(.name == \"native-rr\") | .metrics[\"memory.latency\"]] | all(. > 0))" \
	"[$G[] | [.name, .metrics[\"gap.rate\"], .metrics[\"memory.latency\"]]]"
is "native guests are blamed as what they are" "$T/policies.json" '.variants[0] | .trace_mode != "events" or ([.blame[].culprit] | any(startswith("native native-")) and (any(startswith("vm native-")) | not))' \
	'[.variants[0].blame[].culprit] | unique | map(select(contains("native")))'
clean_after "policies"

# --- one clear line within 30 s for what cannot work
line() { # NAME STATUS PATTERN SCENARIO: ends so, in time, with a line that says it
	local start=$SECONDS
	witness >"$T/witness"
	$RUN "$T/$4.xml" >"$T/out" 2>"$T/err"
	local got=$?
	if [ $got = "$2" ] && grep -q -E "$3" "$T/err" && [ $((SECONDS - start)) -gt 30 ] && others_at_work; then
		skip "$1: after $((SECONDS - start)) s: $OTHERS"
	elif [ $got = "$2" ] && grep -q -E "$3" "$T/err" && [ $((SECONDS - start)) -le 30 ]; then
		ok "$1 ($((SECONDS - start)) s: $(grep -E "$3" "$T/err" | head -1 | cut -c1-160))"
	else
		bad "$1: exit $got after $((SECONDS - start)) s: $(tail -2 "$T/err")"
	fi
}
head -c 13000000 "$cache/distro/vmlinuz" >"$T/cut"
truncate -s "$(stat -c %s "$cache/distro/vmlinuz")" "$T/cut"
scenario no-boot "kernel=\"$T/cut\"" "<timer/>"
line "a kernel that does not boot" 1 "guest tux: .*console" no-boot
echo "no kernel" >"$T/text"
scenario host-kernel "kernel=\"host\"" "<timer/>"
if [ -r "/boot/vmlinuz-$(uname -r)" ]; then
	$RUN --json "$T/host-kernel.xml" >"$T/host.json" 2>"$T/err" && ok "a guest on the host's own kernel" ||
		skip "a guest on the host's own kernel: $(tail -1 "$T/err" | cut -c1-150)"
else
	line "the host's own kernel where its image is not there" 4 "running kernel's image .* is not there" host-kernel
fi
scenario no-kernel "kernel=\"$T/text\"" "<timer/>"
line "a file that is no kernel" 1 "not a Linux kernel image" no-kernel
echo 'int f(void); int main(void) { return f(); }' >"$T/main.c"
echo 'int f(void) { return 0; }' >"$T/f.c"
if gcc -shared -fPIC -o "$T/libgone.so" "$T/f.c" 2>/dev/null && gcc -o "$T/needs" "$T/main.c" -L"$T" -lgone; then
	rm "$T/libgone.so"
	scenario no-library "kernel=\"distro\"" "<file source=\"$T/needs\"/><timer/>"
	line "a program missing a library" 4 "needs the library libgone.so" no-library
else
	skip "a program missing a library: no gcc"
fi
truncate -s 200M "$T/big"
scenario too-large "kernel=\"distro\" memory=\"256MiB\"" "<file source=\"$T/big\"/><timer/>"
line "an initramfs too large for the guest" 2 "too large for its memory" too-large
scenario bad-program "kernel=\"distro\"" "<job command=\"false\"/>"
line "a program that fails" 1 "program false ended with status 1" bad-program
clean_after "refused and broken guests"
finish
