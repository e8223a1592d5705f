# shellcheck shell=bash disable=SC2154,SC2034
# `clean`, after a harness that was killed with its reapers while its guest ran: it takes all away, or says what it could not; the next one does.
. tests/inject/parts/reaper.sh
traced() {
	begin_killed
	{
		kill -STOP "${reapers[@]}"
		kill -KILL $harness "${reapers[@]}"
		wait $harness
		timeout -s KILL "$LIMIT" strace "$@" "$SS" clean >"$T/out" 2>"$T/err"
	} 2>/dev/null
	status=$?
}
judge() {
	left=$(leftovers)
	case $way/$status in
	kill/137) ;;
	*/127) grep -q "error while loading shared libraries" "$T/err" || complain "status 127" ;;
	*/0) [ -z "$left" ] || [ -s "$T/err" ] || grep -q '^left' "$T/out" || complain "status 0 without a word, and left: $(echo "$left" | tr '\n' ';' | cut -c1-300)" ;;
	*/[124]) grep -qE '^(stealscope: |left)' "$T/err" "$T/out" || complain "status $status without a line" ;;
	*) complain "status $status: $(tail -1 "$T/err" | cut -c1-150)" ;;
	esac
	"$SS" clean -q >"$T/out" 2>&1 || complain "the next clean: $(tail -1 "$T/out")"
	wait_for_nothing || complain "left by it, and by the next: $(echo "$left" | tr '\n' ';' | cut -c1-300)"
}
