#!/bin/bash
# The fault matrix (faults.sh): each fault at each moment of a short run. After each: the exit status and
# one clear line, a record marked with what it has, the host as it was before; after each fault, a run that works.
# Usage: matrix.sh [WORD...], only the cells ("hostd kill -9@booting") with one of the words in their names.
# `make faults` builds what it needs. FAULTS_BOX=1: also what the whole box feels. KEEP=1: outputs are kept.
# QUICK=1: one run at the end in place of one after each fault.
here=$(cd "$(dirname "$0")" && pwd)
# In a mount namespace of its own, with a small /dev/shm: what is hidden, filled or mounted here stays here.
if [ -z "${IN_FAULTS_NAMESPACE:-}" ] && [ "$(id -u)" = 0 ]; then
	exec env IN_FAULTS_NAMESPACE=1 unshare -m --propagation private "$0" "$@"
fi
# Files that whoever began it had open would count where the harness may open few of them.
for fd in /proc/$$/fd/*; do
	[[ ${fd##*/} =~ ^([012]|255)$ ]] || eval "exec ${fd##*/}>&-"
done
BUILD=${BUILD:-build}
SS=$BUILD/stealscope
. "$here/../e2e/lib.sh"
. "$here/snapshot.sh"
. "$here/faults.sh"
# A word that no cell's name contains is a typing error: nothing is run.
CELLS=()
fault() {
	local name=$1 i
	shift 4
	for i in "${!MOMENTS[@]}"; do
		[ "$1" = - ] || CELLS+=("$name@${MOMENTS[i]}")
		shift
	done
}
fault_table
for word in "$@"; do
	printf '%s\n' "${CELLS[@]}" | grep -qF -- "$word" && continue
	echo "matrix.sh: no fault has '$word' in its name; the names are FAULT@MOMENT: $(printf '%s\n' "${CELLS[@]}" | cut -d@ -f1 | uniq | paste -sd,), at ${MOMENTS[*]}" >&2
	exit 2
done
BUILD=$(realpath "$BUILD")
need_kvm
[ "$(id -u)" = 0 ] || { skip "faults: they need root"; finish; }
QEMU=$(command -v qemu-system-x86_64)
BIN=$T/bin R=$T/res
mkdir -p "$BIN" "$R"
mount -t tmpfs -o size=16m,mode=1777 shm /dev/shm && mount -t tmpfs -o size=16m res "$R" || { skip "faults: cannot mount here"; finish; }
cp "$BUILD"/stealscope "$BUILD"/stealscope-hostd "$BUILD"/stealscope-agent "$BUILD"/metal.elf "$BIN"
SS=$BIN/stealscope
# A name that libvirt does not take whole into those of its control groups.
cat >"$T/run.xml" <<XML
<scenario name="$MINE-libvirt_cuts_this" warmup="100ms" duration="300ms">
	<lab cpus="1"/>
	<guest name="victim"><timer/></guest>
	<noise name="hog" kind="busy"/>
</scenario>
XML
# The same under play: real-time threads on the victim's CPU.
cat >"$T/played.xml" <<XML
<scenario name="$MINE-played" warmup="100ms" duration="300ms">
	<lab cpus="1"/>
	<guest name="victim" placement="pinned"><timer/></guest>
	<noise name="p$$" kind="stalls" beside="victim" rate="200ms/s" length="5ms"/>
</scenario>
XML
WORDS=("$@")
TABLE=()

cleanup() {
	[ -s "$T/libvirtd.pid" ] && kill -9 "$(cat "$T/libvirtd.pid")" 2>/dev/null
	find "$R" -type d -exec chattr -i {} + 2>/dev/null
	umount "$R"
	[ -n "${KEEP:-}" ] || rm -rf "$T"
}
trap cleanup EXIT

wait_for() { # COMMAND...: until it succeeds, at most 5 s; prints what it said
	local said i
	for ((i = 0; i < 250; i++)); do
		said=$("$@" 2>/dev/null) && { echo "$said"; return 0; }
		sleep 0.02
	done
	return 1
}
wait_for_not() {
	local i
	for ((i = 0; i < 250; i++)); do
		"$@" 2>/dev/null || return 0
		sleep 0.02
	done
	return 1
}

# launch: the harness in the background, its stderr through a pipe that is read line by line; the last line is ENDED.
ENDED="(the harness has ended)"
launch() {
	local WRAP=() connect=auto scenario=run
	# A guest stops within milliseconds: the harness is held for a moment after each line.
	[ "$moment" != stopping ] || ! command -v strace >/dev/null || WRAP=(strace -D -o /dev/null -P "$T/pipe" -e trace=write -e inject=write:delay_exit=50000)
	[[ $name != player* ]] || scenario=played
	needs_libvirtd "$action" && connect=qemu:///system
	rm -f "$T/pipe" && mkfifo "$T/pipe"
	(
		export STEALSCOPE_CELL=$MINE.$CELL
		harness=$BASHPID
		if [ "$moment/$when" = start/env ] || [ "$when" = guest ]; then
			eval "$action" || echo "(the fault could not be done: $action)" >&2
		fi
		exec "${WRAP[@]}" "$SS" run -v --results "$R/all" --connect "$connect" --boot-timeout 5s "$T/$scenario.xml" >"$T/out"
	) 2>"$T/pipe" &
	harness=$!
	exec 7<"$T/pipe"
	(
		timeout 60 tail --pid="$harness" -s 0.02 -f /dev/null || { kill -9 "$harness" && echo "still running after 60 s" >>"$T/problems"; }
		echo "$ENDED"
	) >"$T/pipe" &
}

catches_signals() {
	[ "/proc/$harness/exe" -ef "$SS" ] && (((0x$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$harness/status") & 2) != 0))
}

# Do the fault at its moment.
strike() {
	local words=$1
	[ "$when" != guest ] && [ "$words" = "$moment_words" ] && [ -z "$struck" ] || return
	struck=1
	eval "$action" >"$T/action" 2>&1 || echo "the fault could not be done: $action: $(head -1 "$T/action")" >>"$T/problems"
}

# The harness runs, and is struck; returns its exit status, 124 when it had to be ended.
run_cell() {
	local words struck=
	: >"$T/err"
	launch
	if [ "$moment/$when" = start/env ]; then
		struck=1
	elif [ "$moment" = start ]; then # the program is in, its work is not
		wait_for catches_signals >/dev/null
		strike ""
	fi
	while IFS= read -r words <&7 && [ "$words" != "$ENDED" ]; do
		strike "$words"
		echo "$words" >>"$T/err"
	done
	wait "$harness" 2>/dev/null
	local status=$?
	while IFS= read -r -t 0.05 words <&7; do echo "$words" >>"$T/err"; done
	exec 7<&-
	[ -n "$struck" ] || [ "$when" = guest ] || echo "the moment did not come" >>"$T/problems"
	return $status
}

# judge STATUS WANTED SAYS: problems with how it ended go to $T/problems.
judge() {
	local status=$1 wanted=$2 says=$3 lines dirs=() dir state
	[[ ",${wanted//!/}," == *",$status,"* ]] || echo "exit $status, wanted $wanted" >>"$T/problems"
	lines=$(grep -c '^stealscope: ' "$T/err")
	if [ "$status" != 0 ] && [ "$status" != 137 ]; then
		[ "$lines" = 1 ] || echo "$lines lines that say what is wrong, of $(wc -l <"$T/err"): $(tail -1 "$T/err" | head -c 200)" >>"$T/problems"
		grep '^stealscope: ' "$T/err" | tail -1 | grep -qE "$says" || echo "no line with '$says'" >>"$T/problems"
	fi
	for dir in "$R"/all/*/; do [ -d "$dir" ] && dirs+=("${dir%/}"); done
	[ ${#dirs[@]} -le 1 ] || echo "${#dirs[@]} records" >>"$T/problems"
	record=none
	if [ ${#dirs[@]} = 0 ] || [ ! -e "${dirs[0]}/run.json" ]; then
		[ "$status" != 0 ] || [[ $action == *rm* ]] || echo "exit 0 without a record" >>"$T/problems"
		return
	fi
	dir=${dirs[0]}
	state=$(jq -r .status "$dir/run.json")
	record=${state%%:*}
	if [ "$status" = 0 ]; then
		[ "$state" = complete ] && [ "${dir%.partial}" = "$dir" ] || echo "exit 0, and the record is $state" >>"$T/problems"
		[[ ",$wanted," != *",0!,"* || ",$wanted," == *",0,"* ]] || jq -r '.warnings[]?' "$dir/run.json" | grep -qE "$says" || echo "no warning with '$says'" >>"$T/problems"
	else
		[ "$state" != complete ] || echo "exit $status, and the record calls itself complete" >>"$T/problems"
		[ "${dir%.partial}" != "$dir" ] || echo "exit $status, and the record has no mark in its name" >>"$T/problems"
	fi
	"$SS" analyze --no-save "$dir" >/dev/null 2>"$T/analyze" || echo "analyze: $(head -1 "$T/analyze")" >>"$T/problems"
}

# The host is as it was, at the latest 10 s later.
host_as_before() {
	local i diff
	for ((i = 0; i < 50; i++)); do
		snapshot >"$T/after"
		diff=$(changed "$T/before" "$T/after")
		[ -z "$diff" ] && return
		sleep 0.2
	done
	echo "the host after 10 s: $(echo "$diff" | head -4 | tr '\n' ';')" >>"$T/problems"
}

# The threads of the player that can run: not one whose end init has not heard of yet.
players() { ps -eLo stat=,cls=,comm= | awk -v name="p$$" '$3 == name && $1 !~ /^[ZX]/'; }
gone() { # COMMAND: it prints nothing, at the latest 2 s later
	for _ in $(seq 20); do [ -n "$("$1")" ] || return 0; sleep 0.1; done
	return 1
}

try_cell() {
	local status line
	: >"$T/problems"
	rm -rf "$R"/*
	snapshot >"$T/before"
	declare -F "before_${action%% *}" >/dev/null && "before_${action%% *}"
	run_cell
	status=$?
	declare -F "undo_${action%%[ ;]*}" >/dev/null && { eval "undo_${action%%;*}" >"$T/undo" 2>&1 || echo "undo: $(head -1 "$T/undo")" >>"$T/problems"; }
	judge $status "$wanted" "$says"
	host_as_before
	[[ $name != player* ]] || gone players || echo "a thread of the player is left: $(players | tr '\n' ';')" >>"$T/problems"
	line=$(grep '^stealscope: ' "$T/err" | tail -1 | cut -c13-110)
	[ "$status" != 0 ] || line=$(jq -r '.warnings[]?' "$R"/all/*/run.json 2>/dev/null | grep -E -- "$says" | head -1 | cut -c1-97)
	outcome="exit $status, record $record${line:+: $line}"
	[ ! -s "$T/problems" ]
}

cell() {
	local tries=1 t=${EPOCHREALTIME/[.,]/}
	try_cell || { tries=2; cp "$T/problems" "$T/first"; sleep 1; try_cell; } # the box may have stood still
	t=$(((${EPOCHREALTIME/[.,]/} - t) / 100000)) SECOND_TRIES=$((SECOND_TRIES + tries - 1))
	if [ ! -s "$T/problems" ]; then
		ok "$name @ $moment: $outcome ($((t / 10)).$((t % 10)) s$([ $tries = 1 ] || echo "; at the second try: $(tr '\n' ';' <"$T/first")"))"
		marks+=" pass"
	else
		bad "$name @ $moment: $(tr '\n' ';' <"$T/problems") ($outcome)"
		[ -z "${KEEP:-}" ] || cp "$T/err" "$T/err.$CELL"
		marks+=" FAIL"
	fi
}

# The next run works.
next_run() {
	rm -rf "$R"/*
	STEALSCOPE_CELL=$MINE.next "$SS" run -q --results "$R/all" "$T/run.xml" >/dev/null 2>"$T/err" &&
		jq -e '.status == "complete"' "$R"/all/*/run.json >/dev/null && ok "$name: the next run works" ||
		bad "$name: the next run: $(tail -1 "$T/err")"
}

# chosen NAME@MOMENT: whether one of the words is in it, or there are none.
chosen() {
	local word
	[ ${#WORDS[@]} != 0 ] || return 0
	for word in "${WORDS[@]}"; do [[ $1 == *"$word"* ]] && return; done
	return 1
}

fault() {
	local name=$1 when=$2 action=$3 says=$4 i moment moment_words wanted outcome record marks="" any=
	shift 4
	for i in "${!MOMENTS[@]}"; do
		moment=${MOMENTS[i]} moment_words=${MOMENT_WORDS[i]} wanted=$1
		shift
		CELL=$((CELL + 1))
		if [ "$wanted" = - ] || ! chosen "$name@$moment"; then
			marks+=" -"
		elif [ "$when" = box ] && [ -z "${FAULTS_BOX:-}" ]; then
			skip "$name @ $moment: the whole box feels it; FAULTS_BOX=1 does it"
			marks+=" skip"
		else
			needs_libvirtd "$action" && [ ! -s "$T/libvirtd.pid" ] && libvirtd_start
			cell
			any=1
		fi
	done
	[ -z "$any" ] || [ -n "${QUICK:-}" ] || next_run
	[[ $marks != *[a-z]* ]] || TABLE+=("$(printf "$ROW" "$name" $marks)")
}

ROW='%-34s%-7s%-12s%-10s%-9s%-11s%-9s'
CELL=0 SECOND_TRIES=0
start=$SECONDS
fault_table
[ -z "${QUICK:-}" ] || name="after all of them" next_run
echo
printf "$ROW\n" fault "${MOMENTS[@]}"
printf '%s\n' "${TABLE[@]}"
echo "$(printf '%s\n' "${TABLE[@]}" | grep -ow -e pass -e FAIL | wc -l) cells in $((SECONDS - start)) s, $SECOND_TRIES of them tried twice"
finish
