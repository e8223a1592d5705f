# What a run on Xen meets: its end is told, and of it nothing is left, neither a domain nor a trace nor a page. Sourced by
# tests/xen/inside.sh.
# shellcheck shell=bash disable=SC2154,SC2317

# left: what there is of runs of ours: domains by libvirt and by Xen (a name "(null)" is one that somebody still maps), traces,
# folders of processes, pages.
left() {
	$VIRSH list --all | grep stealscope-
	xl list | grep -E 'null|stealscope'
	pgrep -lx xentrace
	find /run/stealscope /dev/shm -mindepth 1 -maxdepth 1 -name '*[0-9]*' 2>/dev/null
}
# up: s since the box was booted. Bash's SECONDS are the wall clock's, which an emulated dom0 was seen to step by 100 s.
up() { cut -d. -f1 /proc/uptime; }
# nothing_left NAME: at the latest 120 s from now: the reaper looks five times whether libvirt still makes a domain, and on
# an emulated dom0 each look takes seconds.
nothing_left() {
	local start had
	start=$(up)
	while had=$(left); [ -n "$had" ] && [ $(($(up) - start)) -lt 120 ]; do sleep 3; done
	[ -z "$had" ] && ok "$1: no domain, no trace, no page is left ($(($(up) - start)) s)" || {
		bad "$1: left after $(($(up) - start)) s: $(tr '\n' ';' <<<"$had")"
		ps -eo pid,etimes,args | grep -E '[s]s-reaper|[s]tealscope (run|clean)' | sed 's/^/      /'
	}
}

# struck WORDS ACTION: a run; ACTION is done as it says these words (-v) first. Its exit status; what it said is in $T/err.
struck() {
	local words=$1 action=$2 done=
	cat >"$T/fault.xml" <<-S
	<scenario name="fault" duration="${LASTS:-3s}" warmup="500ms"><lab cpus="1"/>$(busy a)</scenario>
	S
	: >"$T/err"
	$SS run -v $X --results "$T/faults" "$T/fault.xml" >/dev/null 2>"$T/err" &
	harness=$!
	while [ -z "$done" ] && kill -0 $harness 2>/dev/null; do
		[[ $(<"$T/err") != *"$words"* ]] || { done=1; eval "$action"; }
		sleep 0.02
	done
	wait $harness 2>/dev/null
	local status=$?
	[ -n "$done" ] || bad "the moment '$words' did not come: $(tail -n 2 "$T/err")"
	return $status
}
# fault NAME WORDS ACTION EXIT [SAYS]
fault() {
	struck "$2" "$3"
	local status=$?
	[ $status = "$4" ] && grep -qE -- "${5:-}" "$T/err" && ok "$1 at '$2': exit $status${5:+: $(grep '^stealscope: ' "$T/err" | tail -n 1 | cut -c13-130)}" ||
		bad "$1 at '$2': exit $status, wanted $4${5:+ and '$5'}: $(tail -n 2 "$T/err")"
}

# The domain is made, and its maker killed before it is let go.
killed_when_paused() {
	until xl list | grep -q stealscope- || ! kill -0 $harness; do :; done
	kill -STOP $harness
	for _ in $(seq 40); do
		$VIRSH list --state-paused --name | grep -q stealscope- && { kill -KILL $harness; return; }
		sleep 0.5
	done
	bad "no guest was seen paused"
	kill -KILL $harness
}

# Nobody cleans by itself: `clean` does, and says what it leaves as libvirt still makes it.
cleaned() {
	local start
	start=$(up)
	while $SS clean $X >"$T/clean" 2>&1; [ -n "$(left)" ] && [ $(($(up) - start)) -lt 120 ]; do sleep 3; done
	nothing_left "$1, then clean"
}

# Its guest runs, is being ended, is made and paused.
killed_rows() {
	local when
	for when in measuring "stop guests"; do
		fault "harness kill -9" "$when" 'kill -KILL $harness' 137
		nothing_left "harness kill -9 at '$when'"
	done
	fault "harness kill -9, its guest paused" "start domains" killed_when_paused 137
	nothing_left "harness kill -9, its guest paused"
}
faults_rows() {
	local when
	killed_rows
	# While the domain is being made: what libvirt makes for a caller that is gone.
	fault "harness kill -9" "start domains" 'kill -KILL $harness' 137
	nothing_left "harness kill -9 at 'start domains'"
	for when in "start domains" measuring; do
		fault "harness and reaper kill -9" "$when" 'kill -KILL $(pgrep -P $harness -x ss-reaper) $harness' 137
		cleaned "harness and reaper kill -9 at '$when'"
	done
	# An owner's command takes a slow dom0 seconds.
	LASTS=20s fault "domain destroyed by its owner" measuring '$VIRSH destroy "$($VIRSH list --name | grep stealscope-)" >/dev/null' 1 "guest a: its domain ended"
	nothing_left "domain destroyed by its owner"
	fault "xentrace killed" measuring 'pkill -KILL -x xentrace' 0
	nothing_left "xentrace killed"
	fault "libvirtd killed" measuring 'pkill -KILL -x libvirtd' 0
	nothing_left "libvirtd killed"
}
