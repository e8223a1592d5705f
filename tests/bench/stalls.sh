#!/bin/bash
# bench-stalls: how near the player comes. SECONDS_EACH of each case on /dev/kvm (default 60).
BUILD=${BUILD:-build} S=${SECONDS_EACH:-60}
SS=$BUILD/stealscope
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
one() { # NAME NOISE-ATTRIBUTES [GUEST-PROBES]
	cat >"$T/$1.xml" <<-X
		<scenario name="bench-$1" warmup="1s" duration="${S}s"><lab cpus="1"/>
		<guest name="app" placement="pinned">${3:-<gap threshold="50us"/><steal period="1s"/>}</guest>
		<noise name="player" beside="app" $2/></scenario>
	X
	$SS run --results "$T/res" --json "$T/$1.xml" >"$T/$1.json" 2>"$T/err" || { echo "$1: $(tail -1 "$T/err")"; return 1; }
	jq -r --arg name "$1" '.variants[0] as $v | ($v.stalls // [])[] | [$name, "planned \(.mean_planned * 100 | round / 100) ms/s",
		"delivered RMSE \(.rmse_delivered) worst \(.worst_delivered)", "felt RMSE \(.rmse_felt) worst \(.worst_felt)", "KS \(.ks_delivered) \(.ks_felt)",
		"late us p50 \(.lag_us.p50) p99 \(.lag_us.p99) max \(.lag_us.max)", "stalls \(.stalls | tostring)",
		"named \([$v.blame[] | select(.culprit == "noise player") | .share] | add) %", "steal_vs_run_delay \($v.checks.steal_vs_run_delay)"] | join("; ")' "$T/$1.json"
}
made() { "$BUILD/bench-make_stalls" "$@"; }
one made 'kind="stalls" rate="45ms/s" length="3ms"'
made 200 100 fixed "$S" 1 >"$T/often.stalls"
one often 'kind="stalls" trace="often.stalls"'
printf '# stealscope stalls 1\nstart_s,length_us,cpu\n2,300000,0\n%d,300000,0\n' $((S - 2)) >"$T/long.stalls"
one long 'kind="stalls" trace="long.stalls"'
{ printf '# stealscope stalls 1\nstart_s,length_s,steal_ms_per_s,cpu\n'; for ((i = 0; i < S + 5; i++)); do echo "$i,1,$((20 + i * 7 % 60)),0"; done; } >"$T/rates.stalls"
one rates 'kind="stalls" trace="rates.stalls"'
# The circle: beside a hog, its stalls exported, played to a fresh guest.
one there 'kind="busy" duty="20%" burst="5ms"' '<timer period="10ms"/><gap threshold="50us"/><steal period="1s"/>'
$SS export --results "$T/res" --format stalls -o "$T/there.stalls" last
one again 'kind="stalls" trace="there.stalls" start="1ms"' '<timer period="10ms"/><gap threshold="50us"/><steal period="1s"/>'
jq -rs 'map(.variants[0].guests[0].metrics | {steal: .["steal.rate"], p50: .["timer.late.p50"], p99: .["timer.late.p99"], max: .["timer.late.max"]}) | "circle: there \(.[0] | tostring), again \(.[1] | tostring)"' "$T/there.json" "$T/again.json"
# Ten hours begin at once: time and memory of the look before the run.
made 45 3000 exponential 36000 1 >"$T/hours.stalls"
sed 's/duration="[^"]*"/duration="2s"/; s/trace="[^"]*"/trace="hours.stalls" from="9h"/' "$T/often.xml" >"$T/hours.xml"
$SS run --results "$T/res" --json "$T/hours.xml" >/dev/null 2>"$T/err" || tail -1 "$T/err"
jq -r '.steps[] | select(.name == "look at stalls") | "10 h (\($rows) rows): looked at in \((.end_ns - .start_ns) / 1e6) ms"' --arg rows "$(wc -l <"$T/hours.stalls")" "$(find "$T/res" -name run.json -newer "$T/hours.xml" | head -1)"
