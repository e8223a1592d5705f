#!/bin/bash
# compare: verdicts, blocks, refusals, baselines and sweeps as text, JSON, CSV and HTML, over an index of invented
# boots; then a short sweep of real ones, their export to SQLite read back, every plot as SVG.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"
I=$T/index
mkdir "$I"
$SS list --results "$I" >/dev/null 2>&1 # makes the empty index
python3 "$(dirname "$0")/made_index.py" "$I/index.db" || { bad "the index cannot be written"; finish; }
cmp=("$SS" compare --results "$I")
says() { grep -qF -- "$2" "$3" && ok "$1 ($(grep -F -m1 -- "$2" "$3" | cut -c1-110))" || bad "$1: no '$2' in: $(head -3 "$3")"; }

expect_exit "two arms" 0 "${cmp[@]}" scenario=made,variant=float scenario=made,variant=pinned
says "a planted shift is named with its size" "pinned is better: timer.late.p99 -3." "$T/out"
says "what does not differ has its bound" "steal.rate: no difference larger than" "$T/out"
expect_exit "four boots an arm" 0 "${cmp[@]}" scenario=few,variant=float scenario=few,variant=pinned
says "too few boots support no claim, said once for all metrics" "too few boots to say (4 and 4; 6 an arm at least): timer.late.p99, steal.rate" "$T/out"
[ "$(grep -c 'too few' "$T/out")" = 1 ] && ok "... and not again" || bad "too few boots: $(grep 'too few' "$T/out")"
expect_exit "two hosts are not compared" 1 "${cmp[@]}" scenario=moved,variant=float scenario=moved,variant=pinned
says "and the hosts are named" "hosts lab and other" "$T/err"
expect_exit "runs that --set made different are no sample of one thing" 2 "${cmp[@]}" scenario=mixed,variant=float scenario=mixed,variant=pinned
says "and the settings are named" "(none; duration=2s)" "$T/err"
expect_exit "overrides= chooses among them" 0 "${cmp[@]}" scenario=mixed,variant=float scenario=mixed,variant=pinned,overrides=duration=2s
expect_exit "or none" 0 "${cmp[@]}" scenario=mixed,variant=float scenario=mixed,variant=pinned,overrides=
expect_exit "two kernels are not compared" 1 "${cmp[@]}" scenario=made,variant=float scenario=newer
says "and the kernels are named" "kernels 6.1 and 6.12" "$T/err"
expect_exit "--force compares them" 0 "${cmp[@]}" --force scenario=moved,variant=float scenario=moved,variant=pinned
says "and warns" "warning: compared across different conditions: hosts lab and other" "$T/out"
expect_exit "two shards: each block lies on one host" 0 "${cmp[@]}" scenario=sharded,variant=float scenario=sharded,variant=pinned
says "a difference smaller than the hosts' is found within blocks" "pinned is better: timer.late.p99" "$T/out"
says "the sentence says so" ", within 19 blocks" "$T/out"
says "and the figures name the hosts" "hosts lab and other: each block lies on one host" "$T/out"
"${cmp[@]}" --html "$T/blocks.html" scenario=sharded,variant=float scenario=sharded,variant=pinned >/dev/null 2>&1
says "so does the page" "hosts lab and other: each block lies on one host" "$T/blocks.html"
grep -q '<td class="n">19</td><td class="n">19, 19</td>' "$T/blocks.html" && ok "... and its figures count the blocks" || bad "no 19 blocks among the page's figures"
expect_exit "--unpaired: the hosts are refused" 1 "${cmp[@]}" --unpaired scenario=sharded,variant=float scenario=sharded,variant=pinned
expect_exit "--unpaired --force: as independent samples" 0 "${cmp[@]}" --unpaired --force --json scenario=sharded,variant=float scenario=sharded,variant=pinned
valid "compare --json" compare "$T/out"
is "with a warning and the other method" "$T/out" \
	'(.warning | contains("hosts lab and other")) and (.metrics[] | select(.name == "timer.late.p99") | .method == "mann-whitney" and .blocks == 0)' .warning
expect_exit "one host of the two" 0 "${cmp[@]}" --json --metric timer.late.p99 scenario=sharded,variant=float scenario=sharded,variant=pinned,host=lab
is "the other host's boots are left out" "$T/out" '.metrics[0] | .method == "signed-rank" and .blocks == 10 and .left_out == [9, 0]' '.metrics[0].words'
expect_exit "nothing matches" 2 "${cmp[@]}" scenario=none variant=float
expect_exit "one set" 2 "${cmp[@]}" scenario=made

expect_exit "--baseline: variants of one set" 0 "${cmp[@]}" --baseline float --json scenario=made
valid "compare --baseline --json" compare "$T/out"
is "every other variant against it, corrected over all tests" "$T/out" \
	'.baseline == "float" and .tests == 4 and ([.comparisons[] | .a + " " + .b] == ["float pinned", "float stacked"])' '[.tests, .comparisons[].b]'
is "both shifts are found, each in its direction" "$T/out" \
	'[.comparisons[] | .metrics[] | select(.name == "timer.late.p99") | .verdict] == ["b_better", "a_better"]'
"${cmp[@]}" --json scenario=made,variant=float scenario=made,variant=pinned >"$T/alone.json"
jq -s '[(.[0].comparisons[0].metrics, .[1].metrics) | map(select(.name == "steal.rate"))[0].p_holm]' "$T/out" "$T/alone.json" >"$T/p.json"
is "more tests, larger p" "$T/p.json" '.[0] > .[1]' .
expect_exit "--baseline: a set against sets" 0 "${cmp[@]}" --csv --baseline scenario=made,variant=float scenario=made,variant=pinned scenario=made,variant=stacked
[ "$(cut -d, -f1-3 "$T/out" | grep -c '^float,[a-z]*,timer.late.p99$')" = 2 ] && ok "CSV: a line per arm and metric, names short" || bad "CSV: $(head -3 "$T/out")"
[ "$(awk -F, '{print NF}' "$T/out" | sort -u | wc -l)" = 1 ] && ok "CSV: every line has as many fields as the head" || bad "CSV lines of unequal length"
# For a paper (make check-paper sets it with TeX).
expect_exit "--latex" 0 "${cmp[@]}" --latex --baseline float scenario=made
says "a line with medians, shift, interval, p and test" 'timer.late.p99 & 10 & ' "$T/out"
grep -qE '^timer\.late\.p99 & 10 & 4[.0-9]*~ms & 1[.0-9]*~ms & [$]-[$]3[.0-9]*~ms~\[[$]-[$]3[.0-9]*,~[$]-[$]3[.0-9]*\] & 0\.0[0-9]*.*[$]\^w[$]' "$T/out" &&
	ok "... each figure with its unit, a true minus" || bad "--latex: $(grep timer "$T/out")"
expect_exit "--methods" 0 "${cmp[@]}" --methods scenario=sharded,variant=float scenario=sharded,variant=pinned
says "how many boots of what" "38 boots of scenario sharded" "$T/out"
says "where" "on host lab, other, Linux 6.1" "$T/out"
says "in which order" "in blocks (experiment e)" "$T/out"
says "which test, of how many blocks" "within 19 complete blocks" "$T/out"
says "corrected for how many" "corrected for all 2 tests by Holm" "$T/out"
expect_exit "--methods as independent samples" 0 "${cmp[@]}" --unpaired --methods scenario=made,variant=float scenario=made,variant=pinned
says "says so" "compared as independent samples" "$T/out"
grep -q "complete blocks" "$T/out" && bad "--methods claims blocks that were not used" || ok "... and claims no blocks"
expect_exit "--methods of too few" 0 "${cmp[@]}" --methods scenario=few,variant=float scenario=few,variant=pinned
says "claims nothing" "too few boots for any claim" "$T/out"
expect_exit "--latex and --csv" 2 "${cmp[@]}" --latex --csv scenario=made,variant=float scenario=made,variant=pinned
expect_exit "a baseline that is not there" 2 "${cmp[@]}" --baseline nothing scenario=made
says "the variants are named" "it has float, pinned, stacked" "$T/err"
expect_exit "--baseline over two scenarios" 2 "${cmp[@]}" --baseline float variant=float

expect_exit "--sweep" 0 "${cmp[@]}" --sweep --json --metric timer.late.p99 --html "$T/curve.html" scenario=swept
valid "compare --sweep --json" sweep "$T/out"
is "a line per variant, points in order, medians with intervals" "$T/out" \
	'.key == "lab.overcommit" and [.sweeps[0].lines[] | .name] == ["float", "pinned"] and
	 all(.sweeps[0].lines[].points; map(.label) == ["1", "2", "10"] and all(.[]; .n == 6 and .enough and .interval[0] < .median and .median < .interval[1]))' \
	'[.sweeps[0].lines[].points[].median | round]'
grep -q 'class="band' "$T/curve.html" && ok "the page has the curves with their bands" || bad "the page has no band"
"${cmp[@]}" --sweep --html "$T/curves.html" scenario=swept >"$T/out"
says "guest steal and its witness are one curve and a sentence" "run_delay.rate draws the curve of steal.rate: within" "$T/out"
says "zeros are a sentence" "0 in every boot: throttle.rate" "$T/curves.html"
[ "$(grep -o '<section><h2>[a-z.0-9]*' "$T/curves.html" | tr -d '\n')" = '<section><h2>timer.late.p99<section><h2>steal.rate' ] &&
	ok "... two figures of four metrics on the page" || bad "figures: $(grep -o '<h2>[^<]*' "$T/curves.html" | tr '\n' ' ')"
expect_exit "a sweep of what sweeps nothing" 2 "${cmp[@]}" --sweep scenario=made
# --- a sweep's variants, point by point: planted effects of invented boots prove the arithmetic
expect_exit "--baseline over a sweep" 0 "${cmp[@]}" --baseline float --json --html "$T/points.html" scenario=planted
valid "compare --baseline --json over a sweep" compare "$T/out"
is "3 variants x 4 points x 8 boots: the planted verdict at each point" "$T/out" \
	'[.comparisons[] | {b, point, v: (.metrics[] | select(.name == "timer.late.p99") | .verdict)}] | map(.b + " " + .point + " " + .v) ==
	 (["pinned 1 b_better", "pinned 2 b_better", "pinned 4 same", "pinned 8 a_better", "stacked 1 same", "stacked 2 a_better", "stacked 4 a_better", "stacked 8 a_better"] | map(sub(" "; " lab.overcommit=")))' \
	'[.comparisons[] | .metrics[] | select(.name == "timer.late.p99") | .verdict]'
is "... and no other difference" "$T/out" 'all(.comparisons[].metrics[] | select(.name == "steal.rate"); .verdict == "same")' '[.comparisons[].metrics[].verdict]'
is "one correction for all sixteen" "$T/out" \
	'.tests == 16 and ([.comparisons[].metrics[].p | numbers] | min) as $p | [.comparisons[].metrics[] | select(.p == $p) | .p_holm] | .[0] >= 10 * $p' \
	'[.tests, ([.comparisons[].metrics[].p | numbers] | min), ([.comparisons[].metrics[].p_holm | numbers] | min)]'
grep -q 'class="band' "$T/points.html" && [ "$(grep -c 'badge pass">better' "$T/points.html")" = 2 ] && ok "the page has curves and verdicts" || bad "points page: $(grep -c badge "$T/points.html") badges"
grep -qF 'class="verdict">pinned against float, timer.late.p99: better at lab.overcommit=1, 2; worse at lab.overcommit=8; same at lab.overcommit=4<' "$T/points.html" &&
	ok "... the verdict first, in words" || bad "the page begins: $(grep -m1 'class="verdict"' "$T/points.html")"
expect_exit "... as CSV" 0 "${cmp[@]}" --baseline float --csv --metric timer scenario=planted
[ "$(grep -c '^float,pinned,timer.late.p99,.*,lab.overcommit=[1248]$' "$T/out")" = 4 ] && ok "CSV names the point, --metric a group" || bad "CSV: $(head -2 "$T/out")"
"${cmp[@]}" --baseline float --methods scenario=planted >"$T/out"
says "--methods over a sweep" "pinned, stacked (b) were held against float (a) at each point of lab.overcommit that both have. 96 boots" "$T/out"
"${cmp[@]}" --baseline float --latex scenario=planted >"$T/out"
says "--latex over a sweep" "2 variants (b) against float (a), point by point: medians" "$T/out"
expect_exit "pooling of points" 2 "${cmp[@]}" "scenario=planted,variant=float-*" "scenario=planted,variant=pinned-*"
says "is refused" "mixes boots of the points lab.overcommit=" "$T/err"
expect_exit "unless asked for" 0 "${cmp[@]}" --pool --json "scenario=planted,variant=float-*" "scenario=planted,variant=pinned-*"
expect_exit "... with a baseline" 0 "${cmp[@]}" --pool --json --baseline float scenario=planted
is "all points as one" "$T/out" '[.comparisons[] | [.b, .point, (.metrics[0].n_a)]] == [["pinned", null, 32], ["stacked", null, 32]]' '[.comparisons[] | .point]'
"${cmp[@]}" --help | tr '\n' ' ' | tr -s ' ' >"$T/help"
says "--help has the shape of the JSON" "p_holm, exact, cliffs_delta" "$T/help"
says "... and the methods" "signed-rank (within blocks; v)" "$T/help"
says "... and of the CSV" "The first line names the columns" "$T/help"

# --- the other commands that read results
expect_exit "list --json" 0 $SS list --results "$I" --json
valid "list --json" list "$T/out"
is "the records as one document" "$T/out" 'length == 260 and all(.[]; .run and .scenario and .variant and .host)' length
expect_exit "list --where and --limit" 0 $SS list --results "$I" --json --scenario made --where 'timer.late.p99>8000' --limit 5
is "only those that meet it" "$T/out" 'length == 5 and all(.[]; .variant == "stacked")' '[.[].variant]'
expect_exit "list metrics --json: text is no JSON" 2 $SS list metrics --json
[ ! -s "$T/out" ] && ok "and nothing is on stdout" || bad "text on stdout: $(head -1 "$T/out")"

# --- real boots
need_kvm
cat >"$T/$MINE.xml" <<X
<scenario name="$MINE" warmup="100ms" duration="400ms">
	<doc>Busy vCPUs that share one CPU.</doc>
	<lab cpus="1" overcommit="1"/>
	<guest name="worker" count="auto" placement="pinned"><gap/></guest>
	<sweep><over what="lab.overcommit" values="1 4"/></sweep>
</scenario>
X
R=$T/res
expect_exit "a sweep of real boots" 0 $SS batch --results "$R" --repeats 2 --cool-down 0 --json "$T/$MINE.xml"
valid "batch --json" batch "$T/out"
expect_exit "show --json" 0 $SS show --results "$R" --json last
valid "show --json" run "$T/out"
expect_exit "its curve" 0 $SS compare --results "$R" --sweep last --json --metric steal.rate --html "$T/real.html"
is "two points of two boots, said to be no interval" "$T/out" \
	'.sweeps[0].lines[0].points | map(.label) == ["1", "4"] and all(.[]; .n == 2 and (.enough | not))' '[.sweeps[0].lines[0].points[] | [.label, .median]]'
if jq -e '.sweeps[0].lines[0].points | .[1].median > .[0].median' "$T/out" >/dev/null; then
	ok "four vCPUs on a CPU wait longer than one"
else
	# Four busy vCPUs on one CPU wait 3/4 of the time whoever else is at work; one alone waits as long only beside hogs.
	is_timed "four vCPUs on a CPU wait longer than one" "$T/out" '.sweeps[0].lines[0].points | .[1].median > .[0].median' '[.sweeps[0].lines[0].points[].median]'
fi
expect_exit "its page and plots against a baseline" 0 $SS compare --results "$R" --baseline overcommit-1 last --html "$T/base.html" --svg "$T/svg-base"
[ -e "$T/svg-base/steal.rate.svg" ] && xmllint --noout "$T"/svg-base/*.svg 2>"$T/err" && ok "$(find "$T/svg-base" -name '*.svg' | wc -l) plots of the comparison as SVG" ||
	bad "compare --svg: $(ls "$T/svg-base" 2>&1 | head -3); $(head -1 "$T/err")"
grep -q 'vm worker-' "$T/base.html" && ok "the page has the blame of the real boots" || bad "no blame on the page"

expect_exit "export --sqlite of all four" 0 $SS export --results "$R" --sqlite "$T/out.db" "scenario=$MINE"
python3 - "$T/out.db" >"$T/tables.json" <<'P'
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
count = lambda t: db.execute(f"SELECT count(*), count(DISTINCT run_id) FROM {t}").fetchone()
print(json.dumps({t: count(t) for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}))
P
is "eight tables, rows of four runs in each" "$T/tables.json" \
	'(keys == ["blame", "guests", "late", "metrics", "runs", "samples", "series", "states"]) and .runs == [4, 4] and all(.metrics, .samples, .states, .guests; .[1] == 4) and .series == [0, 0]' . # 10 s means: these runs are shorter
n=0
for r in "$R"/*-"$MINE"-*/; do n=$((n + $($SS export --results "$R" --format csv --table states "$(basename "$r")" | wc -l) - 1)); done
is "as many states as in CSV" "$T/tables.json" ".states[0] == $n" .states[0]
expect_exit "report --svg" 0 $SS report --results "$R" --svg "$T/svg" last
n=$(find "$T/svg" -name '*.svg' | wc -l)
[ "$n" -ge 3 ] && xmllint --noout "$T"/svg/*.svg 2>"$T/err" && ok "$n plots as SVG, all well-formed" || bad "svg: $n files; $(head -1 "$T/err")"
# Outside a browser too (librsvg here, as in Inkscape, LaTeX and file managers): on white, with the palette's own colours.
palette='0 114 178|213 94 0|0 158 115|184 87 143|178 119 0|204 121 167|201 209 217|8 48 107' # the last: the darkest of a heat map
for f in "$T"/svg/*.svg "$T"/svg-base/*.svg; do
	rsvg-convert -z 3 "$f" 2>"$T/err" | pngtopnm 2>/dev/null | ppmhist -noheader 2>/dev/null | awk '{print $1, $2, $3, $5}' >"$T/colours"
	grep -qE "^($palette) " "$T/colours" && [ "$(sort -k4 -n "$T/colours" | tail -1 | cut -d' ' -f1-3)" = "255 255 255" ] || black+=" ${f##*/}"
	rendered=$((${rendered:-0} + 1))
done
[ -z "${black:-}" ] && ok "$rendered plots rendered by librsvg have their colours on white" || bad "rendered by librsvg, without their colours:$black"
grep -l 'var(--\|@media\|system-ui' "$T"/svg/*.svg "$T"/svg-base/*.svg >"$T/out" && bad "plots with what only a browser knows: $(head -3 "$T/out")" || ok "no plot needs a browser"
expect_exit "another record beside it, and as PDF" 0 $SS report --results "$R" --svg "$T/svg" --pdf "$(basename "$(ls -d "$R"/*-"$MINE"-*/ | head -1)")"
[ "$(find "$T/svg" -name '*.svg' | wc -l)" -gt "$n" ] && ok "two records' plots in one folder" || bad "the second record's plots took the place of the first's"
[ "$(find "$T/svg" -name '*.pdf' -exec head -c5 {} \; | grep -c '%PDF-' )" -ge 1 ] && ok "plots as PDF" || bad "no PDF: $(ls "$T/svg" | head -3)"
expect_exit "figures to edit" 0 $SS report --results "$R" --figures "$T/gp" --format gnuplot last
expect_exit "figures to edit, of arms" 0 $SS compare --results "$I" --baseline float scenario=made --figures "$T/gp-arms"
expect_exit "figures to edit, of two real boots an arm" 0 $SS compare --results "$R" --baseline overcommit-1 last --figures "$T/gp-real"
expect_exit "figures to edit, of a sweep" 0 $SS compare --results "$R" --sweep last --figures "$T/gp-sweep"
expect_exit "figures to edit, of arms at each point" 0 $SS compare --results "$I" --baseline float scenario=planted --metric steal.rate --figures "$T/gp-points"
for f in gp-arms/shifts-0 gp-arms/shifts-1 gp-arms/steal.rate gp-arms/timer.late.p99 gp-real/steal.rate gp-sweep/steal.rate gp-points/steal.rate; do
	[ -s "$T/$f.gp" ] && [ -s "$T/$f.dat" ] || none="${none:-} $f"
done
[ -z "${none:-}" ] && ok "boots, shifts and curves have a script and data each" || bad "no script or data:$none"
if command -v gnuplot >/dev/null; then # each in every format: make check-paper
	for d in "$T"/gp "$T"/gp-*; do (cd "$d" && gnuplot ./*.gp); done >"$T/err" 2>&1
	[ "$(find "$T"/gp* -name '*.pdf' -size +1k | wc -l)" = "$(find "$T"/gp* -name '*.gp' | wc -l)" ] && [ ! -s "$T/err" ] &&
		ok "gnuplot makes $(find "$T"/gp* -name '*.pdf' | wc -l) figures of the record, the arms and the sweeps" || bad "gnuplot: $(head -2 "$T/err")"
fi
expect_exit "compare --figures in a format that there is not" 2 $SS compare --results "$R" --sweep last --figures "$T/gp-none" --format png
# Beside published figures: native boots of two of its variants.
cat >"$T/choi.xml" <<S
<scenario name="$MINE-choi" warmup="0s" duration="400ms" trace="counters" published="choi-3v4"><lab cpus="1..2"/>
	<guest name="box" kind="native" placement="pinned"><job command="true"/></guest>
	<variant name="native-bzip2-n1-pinned"/><variant name="native-bzip2-n-pinned"/></scenario>
S
expect_exit "native boots of an experiment that was published" 0 $SS run -q --results "$R" "$T/choi.xml"
expect_exit "compare --published" 0 $SS compare --results "$R" --published --json --html "$T/choi.html" "scenario=$MINE-choi"
is "... has their change, and what was published" "$T/out" \
	'(.figures[0].rows[] | select(.who == "native, pinned") | .change[0] != null and .change[1] == null) and .systems[0][0:10] == "native on " and any(.figures[0].rows[]; .published == "+3.75 %")' .
valid "compare --published --json" published "$T/out"
grep -q "over all CPUs but one" "$T/choi.html" && ok "... and a page" || bad "no page of published figures"
expect_exit "compare --published of what nobody published" 1 $SS compare --results "$R" --published "scenario=$MINE"
says "says so" "no published figures stand beside scenario $MINE" "$T/err"
expect_exit "compare --published, as CSV" 2 $SS compare --results "$R" --published --csv "scenario=$MINE-choi"
expect_exit "--pdf without --svg" 2 $SS report --results "$R" --pdf last
clean_after "compare"
finish
