# shellcheck shell=bash disable=SC2154,SC2034
# The pump (THREAD=stealscope-pump) or the beacon (stealscope-beat): the harness's threads that go on for as long as a run does. strace
# joins one that is there, so its calls are counted from then on; what it does before its loop is one prctl() and its CPUs.
. tests/inject/parts/harness.sh
begin='>(pump|beacon)_main'
short_run 1500ms # two rounds of everything that the pump does
traced() {
	local pid tid='' i
	rm -rf "$R"
	timeout -s KILL "$LIMIT" "${run[@]}" >"$T/out" 2>"$T/err" &
	pid=$!
	for ((i = 0; i < 500; i++)); do
		tid=$(grep -lxF "${THREAD:-stealscope-pump}" /proc/"$(pgrep -P $pid -x stealscope)"/task/*/comm 2>/dev/null | cut -d/ -f5)
		[ -z "$tid" ] && kill -0 $pid 2>/dev/null || break
		sleep 0.01
	done
	[ -z "$tid" ] || timeout -s KILL "$LIMIT" strace -q "$@" -p "$tid" >/dev/null 2>&1
	wait $pid
	status=$?
} 2>/dev/null
