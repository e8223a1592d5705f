#!/bin/bash
# Batches: order and interleaving, killed again and again and resumed, expectations over the set, JUnit
# and summary, early stop, shards, merging, and the same under a real Slurm of one node.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"
need_kvm
R=$T/res
KILLS=${KILLS:-20} RUNS=${RUNS:-40}
quick=(--set warmup=100ms --set duration=300ms --cool-down 0)

cat >"$T/two.xml" <<'X'
<scenario name="two" warmup="100ms" duration="400ms">
	<doc>Two variants that a busy box cannot mix up: a quota throttles, or there is none.</doc>
	<lab cpus="1"/>
	<guest name="victim"><gap/></guest>
	<variant name="free"/>
	<variant name="capped"><set what="guest.victim.quota" to="10ms"/></variant>
	<expect variant="free" metric="throttle.rate" below="0.5" of-metric="throttle.rate" of-variant="capped"/>
</scenario>
X
sed 's/name="two"/name="never"/; s/below="0.5" of-metric="throttle.rate" of-variant="capped"/above="2000ms\/s"/' "$T/two.xml" >"$T/never.xml"

# complete DIR: names of complete records. marked DIR: partial ones that call themselves complete.
complete() { for d in "$1"/*/run.json; do jq -r 'select(.status == "complete") | .run' "$d" 2>/dev/null; done; }
keys() { for d in "$1"/*/run.json; do jq -r 'select(.status == "complete") | "\(.scenario) \(.variant) \(.repeat)"' "$d"; done; }

# --- killed at random instants: the harness, its host agent, its guest
target() { # print the pid to kill: mostly the harness
	local rec victim=
	case $((RANDOM % 4)) in
	0) victim=$(pgrep -P "$1" stealscope-host | head -1) ;;
	1)
		rec=$(find "$R" -maxdepth 1 -name '*.partial' -printf '%T@ %f\n' | sort -n | tail -1)
		rec=${rec#* }
		[ -z "$rec" ] || victim=$(pgrep -f "guest=.*${rec%.partial}" | head -1)
		;;
	esac
	echo "${victim:-$1}"
}
kills=0 starts=0 hit_guest=0 hit_agent=0 start=$SECONDS
again() {
	starts=$((starts + 1))
	$SS batch --resume --results "$R" --repeats "$RUNS" --retries 3 "${quick[@]}" scenarios/canary.xml >"$T/out" 2>>"$T/err" &
	pid=$!
}
again
while [ $kills -lt "$KILLS" ]; do
	sleep "$((RANDOM % 2)).$((RANDOM % 9000 + 1000))" # a boot takes a second; there are more than twice as many boots as kills
	if ! kill -0 $pid 2>/dev/null; then
		wait $pid
		[ "$(complete "$R" | wc -l)" -ge "$RUNS" ] && break
		again
		continue
	fi
	t=$(target $pid)
	kill -9 "$t" 2>/dev/null || continue
	kills=$((kills + 1))
	if [ "$t" = $pid ]; then
		wait $pid 2>/dev/null
		again
	elif tr '\0' ' ' 2>/dev/null <"/proc/$t/cmdline" | grep -q guest=; then
		hit_guest=$((hit_guest + 1))
	else
		hit_agent=$((hit_agent + 1))
	fi
done
wait $pid
while [ "$(complete "$R" | wc -l)" -lt "$RUNS" ] && [ $starts -lt 100 ]; do
	again
	wait $pid
done
[ $kills = "$KILLS" ] && ok "$kills kills ($hit_guest of a guest, $hit_agent of a host agent) in $((SECONDS - start)) s ($((starts - 1)) resumes)" ||
	bad "only $kills kills before the batch was done"
n=$(complete "$R" | wc -l)
[ "$n" = "$RUNS" ] && ok "exactly $n complete records" || bad "$n complete records, wanted $RUNS: $(tail -3 "$T/err")"
n=$(keys "$R" | sort -u | wc -l)
[ "$n" = "$RUNS" ] && ok "every boot once, none twice" || bad "$n distinct boots of $RUNS"
n=$(find "$R" -maxdepth 1 -name '*.partial' | wc -l)
m=$(cat "$R"/*.partial/run.json 2>/dev/null | jq -r .status | grep -cv '^complete')
ok "partial records of killed boots: $n, marked: $m"
cat "$R"/*.partial/run.json 2>/dev/null | jq -r .status | grep -q '^complete' && bad "a partial record calls itself complete"
stale=$(cat "$R"/*.partial/run.json 2>/dev/null | jq -r 'select(.status == "interrupted" and .wall_ns == 0) | .run')
[ -z "$stale" ] || bad "stale partial records are not marked: $stale"
n=$($SS list --results "$R" --json | jq '[.[] | select(.status == "complete")] | length')
[ "$n" = "$RUNS" ] && ok "the index has all $n" || bad "the index has $n of $RUNS"
[ "$(find "$R" -maxdepth 2 -name report.html -not -path '*.partial/*' | wc -l)" = "$RUNS" ] && ok "every record has its report" || bad "reports are missing"
is "every record says where in the order it ran" <(cat "$R"/*-canary-????/run.json | jq -s .) "map(.place) | sort == [range(1; $RUNS + 1)]"
$SS batch --resume --results "$R" --repeats "$RUNS" --retries 3 "${quick[@]}" scenarios/canary.xml >"$T/out" 2>"$T/err"
got=$?
[ $got = 0 ] || [ $got = 3 ] && [ "$(complete "$R" | wc -l)" = "$RUNS" ] && ok "resuming a batch that is done runs nothing (exit $got)" || bad "resume of a done batch: exit $got"
clean_after "killed batch" 15

# --- order, exit status, JUnit, summary
B=$T/set
expect_exit "two scenarios, expectations met" 0 $SS batch --results "$B" --repeats 3 --seed 5 --cool-down 0 --json "$T/two.xml"
cp "$T/out" "$T/batch.json"
is "one JSON document with 6 runs, all done" "$T/batch.json" '(.runs | length == 6) and all(.runs[]; .state == "done")' '[.runs[].state]'
is "blocks hold each variant once" "$T/batch.json" '[.runs | group_by(.block)[] | map(.variant) | sort] | unique == [["capped", "free"]]'
is "overhead of every run is shown" "$T/batch.json" 'all(.runs[]; .overhead_s > 0)' '[.runs[].overhead_s]'
is "an expectation across variants is judged over all boots" "$T/batch.json" '.expect | length == 1 and .[0].verdict == "pass"' .expect
$SS batch --results "$T/again" --repeats 3 --seed 5 --cool-down 0 --json "$T/two.xml" >"$T/again.json" 2>/dev/null
[ "$(jq -c '[.runs[].variant]' "$T/batch.json")" = "$(jq -c '[.runs[].variant]' "$T/again.json")" ] && ok "the same seed, the same order ($(jq -c '[.runs[].variant]' "$T/again.json"))" || bad "the same seed gave another order"
dir=$(dirname "$(find "$B" -name journal)")
xmllint --noout "$dir/junit.xml" 2>"$T/err" && ok "junit.xml is XML ($(grep -c '<testcase' "$dir/junit.xml") cases)" || bad "junit.xml: $(head -1 "$T/err")"
dead=0
for link in $(grep -o 'href="[^"]*"' "$dir/summary.html" | cut -d'"' -f2 | grep -v "^#\|^data:"); do [ -e "$dir/$link" ] || dead=$((dead + 1)); done
n=$(grep -c 'report.html' "$dir/summary.html")
[ $dead = 0 ] && [ "$n" -ge 6 ] && ok "summary.html links to $n reports, all there" || bad "summary.html: $n links, $dead dead"
rm -f "$B"/index.db*
expect_exit "a run into results that lost their index" 0 $SS run -q --results "$B" "$T/two.xml"
n=$($SS list --results "$B" --json | jq length)
[ "$n" = 8 ] && ok "the index it makes has all $n" || bad "the index it makes has $n records of 8"
mkdir "$T/folder" && cp "$T/two.xml" "$T/never.xml" "$T/folder/" && echo '<shared><timer/></shared>' >"$T/folder/part.xml"
expect_exit "a folder; one expectation falls short" 3 $SS batch --results "$T/never" --cool-down 0 "$T/folder"
grep -q '<failure ' "$T"/never/batch-*/junit.xml && ok "junit.xml has the failure" || bad "junit.xml has no failure"
mkdir "$T/twin" && cp "$T/two.xml" "$T/twin/"
expect_exit "two files of one name" 2 $SS batch --results "$T/x" "$T/two.xml" "$T/twin/two.xml"
expect_exit "--jobs 2" 2 $SS batch --jobs 2 "$T/two.xml"
expect_exit "a wrong scenario among right ones" 2 $SS batch --results "$T/x" "$T/two.xml" README.md
[ ! -e "$T/x" ] && ok "and nothing was begun" || bad "something was begun: $(ls "$T/x")"
expect_exit "a scenario that changed since" 0 $SS batch --results "$T/c" --set duration=200ms --cool-down 0 --repeats 1 "$T/folder/two.xml"
sed -i '$d' "$T"/c/batch-*/journal
echo ' ' >>"$T/folder/two.xml"
expect_exit "... is refused by --resume" 2 $SS batch --results "$T/c" --resume
expect_exit "--resume without anything to resume" 2 $SS batch --results "$T/nothing" --resume
expect_exit "a scenario this box cannot run is skipped, the other is run" 0 $SS batch --results "$T/skip" --cool-down 0 "$T/two.xml" scenarios/numa-local-vs-remote.xml
[ -d /sys/devices/system/node/node1 ] || { grep -q '<skipped message="[^"]*node' "$T"/skip/batch-*/junit.xml && ok "junit.xml says why" || bad "junit.xml does not say why"; }

# --- cool-down: bounded, and told when the box was not quiet
nice -n 19 timeout 20 sh -c 'while :; do :; done' & hog=$!
nice -n 19 timeout 20 sh -c 'while :; do :; done' & hog2=$!
pages=/proc/sys/vm/nr_hugepages
had=$(cat $pages 2>/dev/null)
{ # a host fact that changes in the first run
	until ls -d "$T"/cool/*.partial >/dev/null 2>&1; do sleep 0.05; done
	[ -w $pages ] && echo $((had + 1)) >$pages
} & changer=$!
$SS batch --results "$T/cool" --cool-down 1s "$T/two.xml" >"$T/out" 2>"$T/err"
kill $hog $hog2; wait $hog $hog2 $changer 2>/dev/null
grep -q 'not quiet before this run' "$T/out" && ok "a box that is not quiet is named ($(grep 'not quiet' "$T/out" | head -1 | cut -c1-120))" || bad "busy box not named: $(head -5 "$T/out")"

if [ -w $pages ] && [ "$(cat $pages)" != "$had" ]; then
	grep 'the host changed' "$T/out" | grep -q memory.hugepages && ok "a host fact that changed is named, with its runs ($(grep 'the host changed' "$T/out" | head -1 | cut -c1-150))" ||
		bad "a changed host fact is not named: $(head -8 "$T/out")"
	echo "$had" >$pages
else
	skip "a host fact that changes: huge pages cannot be reserved here"
fi

# --- early stop
cat >"$T/half.xml" <<'X'
<scenario name="half" warmup="100ms" duration="500ms">
	<doc>A busy guest and a hog on one CPU.</doc>
	<lab cpus="1"/>
	<guest name="victim"><gap/></guest>
	<noise name="hog" kind="busy"/>
</scenario>
X
expect_exit "--until" 0 $SS batch --results "$T/until" --cool-down 0 --repeats 30 --until steal.rate:victim:50% --json "$T/half.xml"
is "a metric that is known well enough ends its scenario early" "$T/out" '([.runs[] | select(.state == "done")] | length) as $n | $n >= 6 and $n < 30' '[.runs[] | .state] | group_by(.) | map([.[0], length])'
n=$(complete "$T/until" | wc -l)
$SS batch --results "$T/until" --cool-down 0 --repeats 30 --until steal.rate:victim:50% --resume "$T/half.xml" >"$T/out" 2>&1
[ "$(complete "$T/until" | wc -l)" = "$n" ] && ok "and stays ended when resumed" || bad "resumed after an early stop: $(tail -2 "$T/out")"

# --- shards by whole blocks, merged by copying
for k in 1 2; do
	expect_exit "shard $k of 2" 0 $SS batch --id e2e --shard $k/2 --results "$T/sh/shard-$k" --repeats 4 --cool-down 0 "$T/two.xml"
	n=$(keys "$T/sh/shard-$k" | awk '{print $3}' | sort | uniq -c | awk '$1 != 2' | wc -l)
	[ "$n" = 0 ] && [ "$(complete "$T/sh/shard-$k" | wc -l)" = 4 ] && ok "shard $k has 2 whole blocks" || bad "shard $k: $(keys "$T/sh/shard-$k" | tr '\n' ';')"
done
STEALSCOPE=$(readlink -f $SS) scripts/slurm-batch --merge "$T/sh" >"$T/out" 2>"$T/err"
got=$?
[ $got = 0 ] && [ "$(keys "$T/sh" | sort -u | wc -l)" = 8 ] && ok "merged: 8 boots, judged together ($(grep '^expect' "$T/out" | cut -c1-60))" || bad "merge: exit $got: $(tail -2 "$T/err")"
[ "$($SS list --results "$T/sh" --json | jq length)" = 8 ] && ok "the index has the merged records" || bad "the index has not 8"

rm -r "$T"/sh/*-two-free-???? && mv "$T/sh/batch-e2e-2of2" "$T/"
expect_exit "a summary of less than was to be run" 1 $SS batch --results "$T/sh" --sum-up e2e
grep -q '1 of 2 shards' "$T/err" && grep -q ' 2 open' "$T/out" && ok "says what is missing" || bad "does not say what is missing: $(head -1 "$T/out"; head -1 "$T/err")"

# --- Slurm
. tests/e2e/slurm.sh
[ "$(id -u)" = 0 ] || { skip "Slurm: needs root to start slurmd"; finish; }
export STEALSCOPE SLURM_BATCH_POLL=1
STEALSCOPE=$(readlink -f $SS)
at_exit slurm_stop
if ! slurm_start "$T/slurm" >"$T/why"; then
	slurm_stop
	skip "Slurm: $(head -1 "$T/why")"
	finish
fi
expect_exit "slurm-batch: an array of 2 shards, merged" 0 scripts/slurm-batch --shards 2 --results "$T/array" --wait --repeats 4 --cool-down 0 "$T/two.xml"
[ "$(keys "$T/array" | sort -u | wc -l)" = 8 ] && ok "8 boots in the merged results" || bad "merged: $(keys "$T/array" | tr '\n' ';')"
job=$(sed -n 's/.*job array \([0-9]*\) .*/\1/p' "$T/err")
shown=$(scontrol show job "${job}_1" 2>&1)
echo "$shown" | grep -q 'OverSubscribe=NO' && echo "$shown" | grep -q 'NumNodes=1 ' && ok "each task had one node of its own" || bad "not exclusive: $(echo "$shown" | grep -E 'OverSub|NumNodes' | tr '\n' ' ')"
# A task killed in mid-run, submitted again.
scripts/slurm-batch --shards 2 --results "$T/hit" --repeats 4 --cool-down 0 "$T/two.xml" 2>"$T/err"
for ((i = 0; i < 100; i++)); do
	[ "$(complete "$T/hit/shard-1" 2>/dev/null | wc -l)" -ge 1 ] && break
	sleep 0.1
done
kill -9 "$(pgrep -o -f "batch --resume .*--results $T/hit/shard-1 ")" 2>/dev/null && ok "a task's harness is killed" || bad "no task to kill: $(cat "$T"/hit/*.log 2>&1 | tail -3)"
while squeue -h | grep -q .; do sleep 0.5; done
n=$(cat "$T"/hit/shard-*/*/run.json 2>/dev/null | jq -r 'select(.status == "complete") | .run' | wc -l)
sbatch --wait "$T"/hit/slurm-*.sh >/dev/null 2>&1
scripts/slurm-batch --merge "$T/hit" >"$T/out" 2>"$T/err"
got=$?
[ "$n" -lt 8 ] && [ $got = 0 ] && [ "$(keys "$T/hit" | sort -u | wc -l)" = 8 ] && [ "$(keys "$T/hit" | wc -l)" = 8 ] &&
	ok "submitted again it goes on: $n boots before, 8 after" || bad "submitted again: exit $got, $n before, $(keys "$T/hit" | wc -l) after: $(tail -2 "$T/err")"
slurm_stop
left=$(pgrep -af "$T/slurm" | head -3)
[ -z "$left" ] && ok "no daemon of the test's Slurm is left" || bad "left: $left"
clean_after "batches" 15
finish
