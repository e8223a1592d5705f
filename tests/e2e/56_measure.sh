#!/bin/bash
# <measure>: a command's printed number as a metric, from the run to compare; and what makes a run fail.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"
R=$T/res
RUN="$SS run --results $R"
# In a native guest, so that it needs no KVM and boots in no time: the agent is the same.
scenario() { # NAME MEASURES [MORE]
	cat >"$T/$1.xml" <<-X
	<scenario name="$MINE" warmup="0s" duration="300ms" trace="counters"><lab cpus="1"/><guest name="bare" kind="native"/>$2
	${3:-}</scenario>
	X
}
# Time enough for a busy box, but where time is what is tested.
measure() { # NAME COMMAND [MORE]
	local more=${3:-}
	[[ $more = *timeout=* ]] || more="$more timeout=\"20s\""
	echo "<measure name=\"$1\" unit=\"ops/s\" better=\"higher\" command=\"$2\" $more/>"
}
printf '#!/bin/sh\necho "speed: 41"; echo "speed: 42.5"; echo "warm" >&2; sleep 0.5\n' >"$T/mine.sh"
printf '{"jobs": [{"read": {"clat_ns": {"percentile": {"99.000000": 1234}}}}]}\n' >"$T/fio.json"
chmod +x "$T/mine.sh"
scenario all "$(measure own.script ./mine.sh 'pattern="^speed: ([0-9.]+)$" timeout="20s"')
	$(measure own.json 'cat fio.json' 'json="/jobs/0/read/clat_ns/percentile/99.000000"')
	$(measure own.alone 'echo 7')
	$(measure in.guest "sh -c 'seq 1 20000; echo last words &gt;&amp;2'" 'on="bare" pattern="^([0-9]+)$" timeout="20s"')
	$(measure on.stderr "sh -c 'echo ops 9 &gt;&amp;2'" 'on="bare" pattern="ops ([0-9]+)"')" \
	'<expect metric="own.script" near="42.5"/><expect metric="in.guest" at-least="20000ops/s"/>'
expect_exit "a script, JSON, a bare number, and a guest's command" 0 $RUN --json "$T/all.xml"
cp "$T/out" "$T/all.json"
G='.variants[0].guests[0].metrics'
is "each number is a metric" "$T/all.json" "[$G[\"own.script\", \"own.json\", \"own.alone\", \"in.guest\", \"on.stderr\"]] == [42.5, 1234, 7, 20000, 9]" "$G"
is "expectations hold them" "$T/all.json" '[.expect[].verdict] == ["pass", "pass"]' .expect
is "the window lasted until the slowest had ended" "$T/all.json" '.variants[0].window_s > 0.5' '.variants[0].window_s'
rec=$R/$(jq -r '.variants[0].record' "$T/all.json")
[ "$(cat "$rec/measure/own.script.out")" = "speed: 41
speed: 42.5" ] && [ "$(cat "$rec/measure/own.script.err")" = warm ] && [ "$(wc -l <"$rec/measure/in.guest@bare.out")" = 20000 ] &&
	[ "$(cat "$rec/measure/in.guest@bare.err")" = "last words" ] && ok "what they printed is in the record, whole" ||
	bad "what they printed: $(wc "$rec"/measure/*; cat "$rec/measure/in.guest@bare.err")"
$SS analyze "$rec" >"$T/out" 2>&1
grep -q 'own.script 42.5 ops/s' "$T/out" && grep -q '>own.script<' "$rec/report.html" && ok "analyze, text and page show it" || bad "not shown: $(grep own "$T/out")"
$SS export -f csv -t metrics "$rec" | grep -q '^bare,all,own.script,ops/s,42.5' && ok "export has it" || bad "not in the export"
$SS list --results "$R" --where 'own.script>42' >"$T/out" && grep -q "$MINE" "$T/out" && ok "list finds it" || bad "list: $(cat "$T/out")"
expect_exit "a metric of nobody's" 2 $SS list --results "$R" --where 'own.nothing>1'
clean_after "measures"

# --- variants, compare
scenario compare "$(measure own.time "sh -c 'echo 10.\$\$'")" "<variant name=\"slow\"/><variant name=\"fast\"><set what=\"measure.own.time.command\" to=\"echo 30\"/></variant>"
$SS batch --results "$R" --repeats 6 --cool-down 0s "$T/compare.xml" >"$T/out" 2>&1 || bad "batch: $(tail -2 "$T/out")"
$SS compare --results "$R" --json --metric own.time --baseline slow "scenario=$MINE,overrides=,variant=*" >"$T/compare.json" 2>"$T/err" ||
	$SS compare --results "$R" --json --metric own.time "scenario=$MINE,variant=slow" "scenario=$MINE,variant=fast" >"$T/compare.json" 2>"$T/err"
grep -q '"own.time"' "$T/compare.json" && grep -q 'b_better\|B is better\|fast is better' "$T/compare.json" && ok "compare knows it, its unit and which way is better" ||
	bad "compare: $(cat "$T/err"; head -c 600 "$T/compare.json")"

# --- what fails a run, and with which words
fails() { # NAME STATUS PATTERN MEASURE
	scenario bad "$4"
	$RUN "$T/bad.xml" >"$T/out" 2>"$T/err"
	local got=$?
	[ $got = "$2" ] && grep -q -E "$3" "$T/err" && ok "$1 ($(grep -E "$3" "$T/err" | head -1 | cut -c1-150))" || bad "$1: exit $got: $(tail -2 "$T/err")"
}
fails "an exit status" 1 "measure own.x: its command ended with status 3; its last words: no luck" "$(measure own.x "sh -c 'echo no luck; exit 3'")"
fails "a signal" 1 "ended by signal 9" "$(measure own.x "sh -c 'kill -9 \$\$'")"
fails "a pattern that matches nothing" 1 "nothing it printed matches the pattern \"x\(.\)\"; its last words: abc" "$(measure own.x 'echo abc' 'pattern="x(.)"')"
fails "no JSON" 1 "is not JSON" "$(measure own.x 'echo abc' 'json="a.b"')"
fails "a path that leads nowhere" 1 "has nothing at \"a.b\"" "$(measure own.x 'cat fio.json' 'json="a.b"')"
fails "no number" 1 "did not print one number" "$(measure own.x 'echo fast')"
fails "a time-out" 1 "had not ended after 0.2 s; its last words: begun" "$(measure own.x "sh -c 'echo begun; sleep 60'" 'timeout="200ms"')"
fails "a program that is not there" 4 "its program no-such-program is not on this host" "$(measure own.x 'no-such-program --fast')"
fails "a command in a guest that fails" 1 "measure own.x: its command ended with status 1" "$(measure own.x false 'on="bare"')"
fails "a program that is not in the guest" 1 "no-such-program" "$(measure own.x no-such-program 'on="bare"')"
fails "a name of stealscope's own" 2 "a metric of stealscope's own" "$(measure steal.rate 'echo 1')"
fails "no regular expression" 2 "no regular expression" "$(measure own.x 'echo 1' 'pattern="("')"
fails "no group" 2 "has 0 groups" "$(measure own.x 'echo 1' 'pattern="[0-9]+"')"
fails "no such guest" 2 "there is no such guest; did you mean 'bare'" "$(measure own.x 'echo 1' 'on="bar"')"
fails "another unit" 2 "own.x is in ops/s" "$(measure own.x 'echo 1')<expect metric=\"own.x\" above=\"1ms\"/>"
grep -q "no luck" "$R"/*.partial/measure/own.x.out && ok "a failed run keeps what was printed" || bad "nothing kept: $(ls -d "$R"/*.partial/measure/*)"
# Whoever is killed leaves no command behind.
scenario killed "$(measure own.x "sh -c 'sleep 61 &amp; sleep 61'" 'timeout="90s"')"
$RUN "$T/killed.xml" >"$T/out" 2>"$T/err" &
run=$!
for _ in $(seq 100); do pgrep -f "^sleep 61" >/dev/null && break; sleep 0.1; done
pgrep -f "^sleep 61" >/dev/null && kill -9 $run || bad "the command never ran: $(tail -2 "$T/err")"
wait $run 2>/dev/null
for _ in $(seq 60); do pgrep -f "^sleep 61" >/dev/null || break; sleep 0.1; done
pgrep -f "^sleep 61" >/dev/null && bad "a command outlived a killed run" || ok "kill -9 of the run ends its commands"
clean_after "failing measures"
finish
