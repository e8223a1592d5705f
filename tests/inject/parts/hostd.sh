# shellcheck shell=bash disable=SC2154,SC2034
# The host agent, beside which the harness stands: it goes on without, or says in one line why it cannot.
program=stealscope-hostd
B=$T/bin
mkdir "$B"
cp "$SS" "$B/"
find "$(dirname "$SS")" -maxdepth 1 -type f ! -name 'stealscope' ! -name stealscope-hostd ! -name '*.a' -exec ln -s -t "$B" {} +
run[0]=$B/stealscope
traced() { # -D: the harness's child is hostd itself
	local i
	rm -rf "$R"
	printf '#!/bin/sh\nexec strace -D' >"$B/stealscope-hostd"
	printf ' %q' "$@" "$(dirname "$SS")/stealscope-hostd" >>"$B/stealscope-hostd"
	echo ' "$@"' >>"$B/stealscope-hostd"
	chmod 755 "$B/stealscope-hostd"
	{ timeout -s KILL "$LIMIT" "${run[@]}" >"$T/out" 2>"$T/err"; } 2>/dev/null
	status=$?
	for ((i = 0; i < 500; i++)); do pgrep -f "strace -D.*$T/" >/dev/null || break; sleep 0.02; done # its file is whole then
}
judge() {
	told_of_run
	told_of_rest
}
