#!/bin/bash
# Trouble in mid-run: each ends with one clear line, the right exit status, a marked record, and nothing
# left on the host 10 s later.
. "$(dirname "$0")/lib.sh"
need_kvm
R=$T/res
cat >"$T/base.xml" <<'X'
<scenario name="long" warmup="1s" duration="20s">
	<doc>A run long enough to be disturbed.</doc>
	<lab cpus="1"/>
	<guest name="victim"><timer/></guest>
	<noise name="hog" kind="busy"/>
</scenario>
X
LONG=$(own_scenario "$T/base.xml")
expect_exit "the scenario of this test is right" 0 $SS check "$LONG"

# begin: start a run in the background and wait until it measures.
begin() {
	rm -rf "$R"
	$SS run -v --results "$R" "$LONG" >"$T/out" 2>"$T/err" &
	pid=$!
	for _ in $(seq 150); do
		grep -q '^measuring' "$T/err" && return
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	bad "the run did not begin: $(tail -3 "$T/err")"
}
ends() { # NAME STATUS WORD: the run ends by itself within 30 s with this status and a line with WORD
	local got i
	for ((i = 0; i < 300; i++)); do
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	kill -0 $pid 2>/dev/null && { bad "$1: still running after 30 s"; kill -9 $pid; }
	wait $pid
	got=$?
	[ "$got" = "$2" ] && ok "$1: exit $got" || bad "$1: exit $got, wanted $2: $(tail -2 "$T/err")"
	grep -qi "$3" "$T/err" && ok "$1: says so ($(grep -i "$3" "$T/err" | tail -1 | cut -c1-140))" || bad "$1: no line with '$3': $(tail -2 "$T/err")"
}
marked() { # NAME: no record of the results calls itself complete; what there is can be analysed
	local d
	d=$(find "$R" -name run.json -printf '%h\n' | head -1)
	[ -n "$d" ] || { bad "$1: no record was kept"; return; }
	jq -e '.status != "complete"' "$d/run.json" >/dev/null && ok "$1: the record is marked ($(jq -r .status "$d/run.json" | cut -c1-80))" || bad "$1: the record calls itself complete"
	$SS analyze --no-save "$d" >/dev/null 2>"$T/an" && ok "$1: what there is can be analysed" || bad "$1: analyze: $(tail -1 "$T/an")"
}

begin; kill -INT $pid; ends "Ctrl-C" 130 interrupted; marked "Ctrl-C"; clean_after "Ctrl-C"
begin; kill -TERM $pid; ends "SIGTERM" 130 interrupted; clean_after "SIGTERM"
begin; kill -9 "$(pgrep -f "guest=stealscope-[^ ]*$MINE-[^ ]*victim" | head -1)"; ends "QEMU killed" 1 "victim"; marked "QEMU killed"; clean_after "QEMU killed"
begin; kill -9 "$(pgrep -f "stealscope-hostd.*$R" | head -1)"; ends "hostd killed" 0 "host agent"; clean_after "hostd killed"
begin; kill -9 $pid; wait $pid 2>/dev/null; clean_after "kill -9 of the harness"; marked "kill -9 of the harness"
expect_exit "clean after kill -9" 0 $SS clean
clean_after "clean" 1

# A guest that never starts: an ELF that only halts.
if command -v ld >/dev/null; then
	mkdir -p "$T/bin" && cp $SS build/stealscope-* "$T/bin/"
	printf '.code32\n.globl _start\n_start: cli\n1: hlt\n jmp 1b\n.section .note.x,"a"\n.long 4,4,18\n.asciz "Xen"\n.long _start\n' >"$T/halt.s"
	if as --32 -o "$T/halt.o" "$T/halt.s" && ld -m elf_i386 -Ttext=0x100000 -o "$T/bin/metal.elf" "$T/halt.o" 2>/dev/null; then
		$T/bin/stealscope run --results "$R" --boot-timeout 5s "$LONG" >"$T/out" 2>"$T/err"
		[ $? = 1 ] && grep -q "did not come up" "$T/err" && ok "a guest that never starts ($(tail -1 "$T/err" | cut -c1-140))" || bad "a guest that never starts: $(tail -2 "$T/err")"
		clean_after "a guest that never starts"
	else
		skip "a guest that never starts: cannot build its ELF"
	fi
fi

# A full disk under results/.
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$T/small"
	unshare -m bash -c "mount -t tmpfs -o size=200k none $T/small && $SS run --results $T/small $LONG" >"$T/out" 2>"$T/err"
	got=$?
	[ $got = 1 ] && grep -qi "no space" "$T/err" && ok "a full disk: exit 1 ($(tail -1 "$T/err" | cut -c1-140))" || bad "a full disk: exit $got: $(tail -2 "$T/err")"
	clean_after "a full disk"
	mkdir -p "$T/ro"
	unshare -m bash -c "mount -t tmpfs -o ro none $T/ro && $SS run --results $T/ro $LONG" >"$T/out" 2>"$T/err"
	got=$?
	[ $got = 1 ] && ok "a read-only results folder: exit 1 ($(tail -1 "$T/err" | cut -c1-140))" || bad "read-only results: exit $got: $(tail -2 "$T/err")"
else
	skip "a full disk: needs root to mount a small tmpfs"
fi
finish
