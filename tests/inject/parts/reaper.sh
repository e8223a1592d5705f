# shellcheck shell=bash disable=SC2154,SC2034
# The reapers of a harness that was killed while its guest ran: the run's (REAPER=0, the first of the two) and the connection's (REAPER=1). What one of
# them cannot do any more, `clean` does.
worlds=apart REAPER=${REAPER:-1}
short_run 60s
begin_killed() { # until its guest is there; harness and reapers
	local i
	rm -rf "$R"
	"${run[@]}" >"$T/out" 2>"$T/err" &
	harness=$!
	for ((i = 0; i < 200; i++)); do
		mapfile -t reapers < <(pgrep -x ss-reaper -P $harness)
		[ ${#reapers[@]} = 2 ] && pgrep -f "guest=stealscope-[^ ]*$MINE" >/dev/null && break
		sleep 0.05
	done
	[ $i -lt 200 ] || complain "its guest did not come"
	sleep 0.5
}
traced() {
	local s i
	begin_killed
	anew "$T/attached"
	timeout -s KILL "$LIMIT" strace "$@" -p "${reapers[REAPER]}" 2>"$T/attached" &
	s=$!
	for ((i = 0; i < 200; i++)); do grep -q attached "$T/attached" && break; sleep 0.02; done
	{ kill -KILL $harness; wait $harness; } 2>/dev/null
	wait $s 2>/dev/null
	status=$?
	grep -q attached "$T/attached" || status="strace: $(head -1 "$T/attached")"
	[ "$status" != 137 ] || status="no end after $LIMIT s"
}
judge() {
	[ "$status" = 0 ] || complain "$status"
	wait_for_nothing && return
	"$SS" clean -q >"$T/out" 2>&1 || complain "clean after it: $(tail -1 "$T/out")"
	wait_for_nothing || complain "left by it, and by clean: $(echo "$left" | tr '\n' ';' | cut -c1-300)"
}
