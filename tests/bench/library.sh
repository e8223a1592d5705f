#!/bin/bash
# Every scenario of the library that this box can run, N times in a row, and a table of what came out:
# expectations met, the box's own steal meanwhile (it spoils timing), and over all boots of a scenario the
# worst difference of guest steal and of traced waiting from run_delay, the share of waited time with a
# named culprit, and how much of the lateness over 1 ms is explained.
#   tests/bench/library.sh [N] [SCENARIO...]     LIBRARY_RESULTS=DIR keeps the records; WRAP=CMD runs each run under CMD
set -u
cd "$(dirname "$0")/../.." || exit 1
SS=${BUILD:-build}/stealscope
n=${1:-3}; shift
R=${LIBRARY_RESULTS:-$(mktemp -d)}
[ -n "${LIBRARY_RESULTS:-}" ] || trap 'rm -rf "$R"' EXIT
mkdir -p "$R"
runnable() {
	$SS list scenarios 2>/dev/null | grep '\.xml ' | grep -v '\[not here' | sed 's/\.xml .*//'
}
[ $# -gt 0 ] || mapfile -t names < <(runnable)
[ $# = 0 ] || names=("$@")

row='"\([.expect[] | select(.verdict == "pass")] | length)/\(.expect | length)" as $met |
	[.variants[].box_steal_ms_per_s // 0] as $box |
	[.variants[].checks.steal_vs_run_delay | select(. != null)] as $steal |
	[.variants[].checks.wait_vs_run_delay | select(. != null)] as $wait |
	[.variants[].checks.late_explained | select(. != null)] as $late |
	[.variants[].blame[]?] as $all |
	($all | map(.ns) | add // 0) as $ns |
	($all | map(select(.kind == "unknown").ns) | add // 0) as $unknown |
	[$met, ($box | max // 0 | . * 10 | round / 10), (($steal | max | if . == null then "-" else . * 1e6 | round / 1e6 end)), (($wait | max | if . == null then "-" else . * 1e6 | round / 1e6 end)),
	 (if $ns > 0 then 100 * (1 - $unknown / $ns) | . * 1000 | round / 1000 else "-" end),
	 ($late | min // "-")] | @tsv'
printf '%-22s %4s %9s %9s %12s %12s %9s %11s\n' scenario pass met 'box ms/s' 'steal diff' 'wait diff' 'named %' 'explained %'
for name in "${names[@]}"; do
	for ((i = 1; i <= n; i++)); do
		${WRAP:-} $SS run --results "$R" --json "scenarios/$name.xml" >"$R/$name.$i.json" 2>"$R/$name.$i.err"
		status=$?
		if [ $status != 0 ] && [ $status != 3 ]; then
			printf '%-22s %4d exit %d: %s\n' "$name" $i $status "$(tail -1 "$R/$name.$i.err")"
			continue
		fi
		IFS=$'\t' read -r met box steal wait named late < <(jq -r "$row" "$R/$name.$i.json")
		printf '%-22s %4d %9s %9s %12s %12s %9s %11s\n' "$name" $i "$met" "$box" "$steal" "$wait" "$named" "$late"
		jq -r '.expect[] | select(.verdict != "pass") | "    \(.verdict): \(.why)"' "$R/$name.$i.json"
	done
done
