# shellcheck shell=bash disable=SC2154,SC2034
# The harness's main thread, from main() on, libraries' calls included. It must end as a run does; whatever it leaves, the reaper clears away.
traced() {
	rm -rf "$R"
	{ timeout -s KILL "$LIMIT" strace "$@" "${run[@]}" >"$T/out" 2>"$T/err"; } 2>/dev/null
	status=$?
}
judge() {
	case $way/$status in
	kill/137) ;;
	*/127) grep -q "error while loading shared libraries" "$T/err" || complain "status 127" ;; # before main()
	*) told_of_run ;;
	esac
	told_of_rest
}
