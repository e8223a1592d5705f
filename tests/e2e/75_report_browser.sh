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
mkdir -p "$T/pages" "${SHOTS:=$T/shots}"
"$BUILD/tests/test_html" --write "$T/pages" || { bad "test_html --write"; finish; }
newest=$(ls -dt "${RECORDS:-results}"/*/report.html 2>/dev/null | head -1)
newest=${newest%/report.html}
if [ -n "$newest" ] && [ "$(du -sm "$newest" | cut -f1)" -lt 100 ]; then
	cp -r "$newest" "$T/real" # as this stealscope reports it, not as the one that ran it did
	$SS report -q --results "$T" real 2>/dev/null && cp "$T/real/report.html" "$T/pages/real.html"
fi

timeout 900 python3 tests/e2e/browser.py "$SHOTS" "$T"/pages/*.html >"$T/seen" 2>"$T/err" ||
	bad "the browser failed: $(tail -2 "$T/err")"
while read -r line; do
	echo "$line" >"$T/one.json"
	name=$(jq -r '.page + " at " + .view' "$T/one.json")
	is "$name: no complaint, no request, no image" "$T/one.json" \
		'(.complaints | length == 0) and (.asked | length == 0) and .images == 0' '[.complaints, .asked]'
	is "$name: nothing overlaps or leaves the screen" "$T/one.json" \
		'.scroll <= 0 and (.wide | length == 0) and (.overlaps | length == 0)' '[.scroll, .wide, .overlaps]'
	is "$name: rows keep their names when scrolled" "$T/one.json" '.nameless | length == 0' .nameless
	is "$name: keys reach whatever scrolls" "$T/one.json" '.stuck | length == 0' .stuck
	is_timed "$name: opens in under 2 s" "$T/one.json" '.seconds < 2' .seconds
	case "$name" in
	real*) ;;
	compare*) is "$name: has its plots" "$T/one.json" '.svgs >= 4' .svgs ;;
	sweep*) is "$name: has its curves" "$T/one.json" '.svgs == 2' .svgs ;;
	summary*) is "$name: has its links" "$T/one.json" '.links >= 40 and .svgs >= 3' '[.links, .svgs]' ;;
	*paper)
		is "$name: every figure is printed with its lines" "$T/one.json" \
			'(.figures | length >= 2) and all(.figures[]; .printed == .lines)' '[.figures[].printed]' ;;
	*)
		is "$name: numbers on every y axis" "$T/one.json" 'all(.figures[]; .numbers >= 3)' '[.figures[].numbers]'
		case "$name" in
		*1280*) is "$name: the guests' figures stand on the first screen" "$T/one.json" \
			'.answer != null and .answer < 900' .answer ;;
		esac
		is "$name: every figure has its points, keys work" "$T/one.json" \
			'(.figures | length >= 2) and all(.figures[]; .points > 20 and .width > 300) and .keys == "ok"' \
			'[.keys, .figures[].points]' ;;
	esac
done <"$T/seen"
pages=$(ls "$T"/pages | wc -l)
[ "$pages" -ge 8 ] && [ "$(wc -l <"$T/seen")" = $((pages * 5)) ] && ok "$pages pages were seen in five views" ||
	bad "only $(wc -l <"$T/seen") views of $pages pages"
size=$(stat -c %s "$T/pages/long.html")
[ "$size" -lt 3000000 ] && ok "a report of 10 h and 17 vCPUs has $size bytes" || bad "10 h report: $size bytes"
finish
