#!/bin/bash
# The pages in a real Chromium: no complaint, no request, every figure has points, nothing overlaps or
# leaves the screen at 1280 and 390 pixels, light and dark, or the paper; keys work and reach all; a 10 h
# report opens at once. report.html, summary.html of a batch, and what `compare --html` writes.
# The pages are made by test_html (an analysis of invented values) and, where there are records in the
# results folder named by RECORDS, of the newest of them. SHOTS=DIR keeps the screenshots.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"

command -v chromium >/dev/null && command -v python3 >/dev/null ||
	{ skip "report_browser: needs chromium and python3"; finish; }
BUILD=${BUILD:-build}
make -s BUILD="$BUILD" "$BUILD/tests/test_html" >"$T/make" 2>&1 || { bad "test_html: $(tail -3 "$T/make")"; finish; }
mkdir -p "$T/pages" ${SHOTS:+"$SHOTS"}
"$BUILD/tests/test_html" --write "$T/pages" || { bad "test_html --write"; finish; }
newest=$(ls -dt "${RECORDS:-results}"/*/report.html 2>/dev/null | head -1)
newest=${newest%/report.html}
if [ -n "$newest" ] && [ "$(du -sm "$newest" | cut -f1)" -lt 100 ]; then
	cp -r "$newest" "$T/real" # as this stealscope reports it, not as the one that ran it did
	$SS report -q --results "$T" real 2>/dev/null && cp "$T/real/report.html" "$T/pages/real.html"
fi

timeout 900 python3 tests/e2e/browser.py "${SHOTS:-}" "$T"/pages/*.html >"$T/seen" 2>"$T/err" ||
	bad "the browser failed: $(tail -2 "$T/err")"
# One line a claim: "ok" or what it was, and the claim's name; of how long opening took, the document that is_timed wants.
jq -r '
	(.page + " at " + .view) as $name | .page as $page | .view as $view |
	def claim($what; $holds; $shown): (if $holds then "ok" else ($shown | tojson) end) + "\t" + $name + ": " + $what;
	claim("no complaint, no request, no image"; (.complaints | length == 0) and (.asked | length == 0) and .images == 0; [.complaints, .asked]),
	claim("nothing overlaps or leaves the screen"; .scroll <= 0 and (.wide | length == 0) and (.overlaps | length == 0); [.scroll, .wide, .overlaps]),
	claim("rows keep their names when scrolled"; .nameless | length == 0; .nameless),
	claim("keys reach whatever scrolls"; .stuck | length == 0; .stuck),
	if $page == "real" then empty
	elif $page | startswith("compare") then claim("has its plots"; .svgs >= 4; .svgs)
	elif $page | startswith("sweep") then claim("has its curves"; .svgs == 2; .svgs)
	elif $page | startswith("summary") then claim("has its links"; .links >= 40 and .svgs >= 3; [.links, .svgs])
	elif $view == "paper" then
		claim("every figure is printed with its lines"; (.figures | length >= 2) and all(.figures[]; .printed == .lines); [.figures[].printed])
	else
		claim("numbers on every y axis"; all(.figures[]; .numbers >= 3); [.figures[].numbers]),
		(if $view | startswith("1280") then claim("the guests\u0027 figures stand on the first screen"; .answer != null and .answer < 900; .answer) else empty end),
		claim("every figure has its points, keys work";
			(.figures | length >= 2) and all(.figures[]; .points > 20 and .width > 300) and .keys == "ok"; [.keys, .figures[].points])
	end' "$T/seen" >"$T/claims" || bad "what was seen cannot be read"
while IFS=$'\t' read -r said name; do
	if [ "$said" = ok ]; then ok "$name"; else bad "$name; it is $said"; fi
done <"$T/claims"
jq -s 'map({key: (.page + " at " + .view), value: .seconds}) | from_entries' "$T/seen" >"$T/seconds.json"
is_timed "every page opens in under 2 s" "$T/seconds.json" 'length > 0 and all(.[]; . < 2)' 'to_entries | max_by(.value)'
pages=$(ls "$T"/pages | wc -l)
[ "$pages" -ge 8 ] && [ "$(wc -l <"$T/seen")" = $((pages * 5)) ] && ok "$pages pages were seen in five views" ||
	bad "only $(wc -l <"$T/seen") views of $pages pages"
size=$(stat -c %s "$T/pages/long.html")
[ "$size" -lt 3000000 ] && ok "a report of 10 h and 17 vCPUs has $size bytes" || bad "10 h report: $size bytes"
finish
