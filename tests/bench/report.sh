#!/bin/bash
# A report of a long recording: make a simulated one (HOURS=10, VCPUS=4), write its report.html, open it in
# Chromium. Prints bytes and seconds; fails at 3 MB, or when it takes 1.5 s to be drawn.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build} HOURS=${HOURS:-10} VCPUS=${VCPUS:-4}
make -s BUILD="$BUILD" all "$BUILD/bench-make_record"
dir=$(mktemp -d -p "$BUILD")
trap 'rm -rf "$dir"' EXIT
"$BUILD/bench-make_record" "$dir/record" "$HOURS" "$VCPUS"
"$BUILD/stealscope" report -q --results "$dir" record
cp "$dir/record/report.html" "$dir/page.html"
# A page without anything first: the browser's own start (up to 0.6 s more, seen) is not the page's.
echo '<!doctype html><html data-ready="static"><title>nothing</title></html>' >"$dir/nothing.html"
python3 tests/e2e/browser.py "$dir" "$dir/nothing.html" "$dir/page.html" | grep -v '"page": "nothing"' >"$dir/seen"
size=$(stat -c %s "$dir/page.html")
jq -r --arg size "$size" --arg hours "$HOURS" --arg vcpus "$VCPUS" \
	'"report of \($hours) h, \($vcpus) vCPUs, at \(.view): \($size) bytes, drawn after \(.seconds) s, \([.figures[].points] | add) points"' "$dir/seen"
[ "$size" -lt 3000000 ] && jq -es 'all(.[]; .seconds < 1.5)' "$dir/seen" >/dev/null
