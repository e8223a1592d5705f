#!/bin/bash
# scripts/lab-vm itself: what it says when it cannot, and that a lab's output, results and status come back.
# In scripts/check only what it refuses; LAB=1 (`make check-lab-vm`, 6 minutes) also what fails on purpose at the mirror, in a
# boot or by time, builds that are killed, and a short set of tests in a bookworm lab (tests/e2e/lab_inside.sh).
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"

lab=scripts/lab-vm
expect_exit "no command" 2 $lab
expect_exit "an unknown release" 2 $lab run --release sid -- true
expect_exit "CPUs that do not divide" 2 $lab build --cpus 5 --nodes 2
expect_exit "an option without its value" 2 $lab run --cpus
expect_exit "a number that is none" 2 $lab run --memory 4G -- true
expect_exit "a kernel that is none" 2 $lab build --kernel 5.10
expect_exit "a processor that is none" 2 $lab run --cpu arm -- true
expect_exit "another shape than Bochs has" 2 $lab run --cpu intel --nodes 2 -- true
expect_exit "more memory than Bochs takes" 2 $lab run --cpu intel --hypervisor xen --memory 4096 -- true
grep -q "at most 2048 MiB" "$T/err" && ok "it says how much" || bad "more memory than Bochs takes: $(cat "$T/err")"
expect_exit "no QEMU" 4 env LAB_CACHE="$T/c" LAB_QEMU=qemu-none $lab run -- true
expect_exit "not enough memory" 4 env LAB_CACHE="$T/c" $lab run --memory 1048576 -- true
if command -v mmdebstrap >/dev/null; then
	expect_exit "a mirror that is not there" 1 env LAB_CACHE="$T/c" LAB_MIRROR=http://127.0.0.1:9/debian \
		LAB_MIRROR_SECURITY=http://127.0.0.1:9/debian-security $lab build
else
	skip "a mirror that is not there: mmdebstrap is not installed"
fi
if [ "$(id -u)" = 0 ]; then
	mkdir "$T/small"
	expect_exit "not enough disk" 4 unshare --mount sh -c "mount -t tmpfs -o size=16m none '$T/small' && LAB_CACHE='$T/small' $lab build"
fi
[ -n "${LAB:-}" ] || finish
# Only where the mirror answers; the failure comes before anything is unpacked.
if command -v mmdebstrap >/dev/null && apt-get --print-uris download bash >/dev/null 2>&1; then
	expect_exit "a kernel that cannot be had" 1 env LAB_CACHE="$T/c" $lab build --kernel potato
	expect_exit "a package that cannot be had" 1 env LAB_CACHE="$T/c" LAB_PACKAGES=no-such-package $lab build
	if grep -q no-such-package "$T/err"; then
		ok "it is named ($(tail -1 "$T/err"))"
	elif grep -qE 'Failed to fetch|Could not|Cannot initiate|Temporary failure' "$T/err"; then
		skip "the package is named: the mirror does not answer ($(tail -1 "$T/err"))"
	else
		bad "the package is not named: $(cat "$T/err")"
	fi
fi
# A build that is ended, by whatever signal, when Debian's archives are being unpacked: all it started ends, nothing stays
# mounted or outside its cache, and what is left there goes with the next lab-vm.
killed() { # SIGNAL
	local pid box
	LAB_CACHE=$T/killed $lab build >/dev/null 2>"$T/err" &
	pid=$!
	for _ in $(seq 600); do
		# The first process of the image's namespaces; its folder may be visible in there only.
		box=$(pgrep -f "^bash $PWD/scripts/lab/box.sh image $T/killed/") || { kill -0 $pid 2>/dev/null || break; sleep 0.1; continue; }
		[ -d "/proc/$box/root/$T/killed/tmp.$pid/tmp.image/root/usr" ] && break
		sleep 0.1
	done
	if ! kill "-$1" $pid 2>/dev/null; then
		skip "a build that is killed ($1): there is none ($(tail -1 "$T/err"))"
		return
	fi
	wait $pid 2>/dev/null
	for _ in $(seq 100); do
		left=$(pgrep -fa "$T/killed" | cut -c1-100; grep -l "$T/killed" /proc/[0-9]*/mountinfo 2>/dev/null; find /tmp /var/tmp -maxdepth 1 -name 'mmdebstrap.*' -newer "$T/err")
		[ -n "$left" ] || break
		sleep 0.1
	done
	[ -z "$left" ] || bad "a build that is killed ($1) leaves: $left"
	# Of TERM it clears up at once, else the next one does.
	[ "$1" = TERM ] || LAB_CACHE=$T/killed $lab run --memory 1048576 -- true 2>/dev/null
	left=$(find "$T/killed" -mindepth 1 ! -name lock)
	[ -z "$left" ] && ok "a build that is killed ($1) leaves no process, mount or file" || bad "a build that is killed ($1) leaves $left"
}
if command -v mmdebstrap >/dev/null; then
	killed KILL
	killed TERM
fi
# A part of the lab that was made in full before another failed is no left-over.
left=$(find "$T/c" -mindepth 1 -maxdepth 1 ! -name lock ! -name 'default*' ! -name 'xen-image-*' ! -name 'image-*' ! -name 'kernel-*' ! -name 'qemu-*' ! -name 'builder-*' 2>/dev/null
	grep -s "$T" /proc/self/mounts)
[ -z "$left" ] && ok "failures leave nothing, mounted or not" || bad "left by failures: $left"

if ! command -v qemu-system-x86_64 >/dev/null || ! command -v mmdebstrap >/dev/null; then
	skip "the lab: QEMU or mmdebstrap is not installed"
	finish
fi
# All of this ends within LAB_SECONDS: a machine that is too slow or too busy for it gets SKIPs, not failures.
LAB_SECONDS=${LAB_SECONDS:-350}
left() { echo $((LAB_SECONDS > SECONDS ? LAB_SECONDS - SECONDS : 1)); }
too_slow() { skip "$1: not done within $LAB_SECONDS s of this test; this machine is too slow or too busy"; }

timeout "$(left)" $lab build --release bookworm --cpus 4 --nodes 2 >"$T/build" 2>&1
case $? in
0) ok "lab-vm build ($(grep -o 'lab is made.*' "$T/build" || echo cached))" ;;
124) too_slow "lab-vm build"; finish ;;
*)
	# A machine without a mirror, memory or disk cannot have a lab; anything else is a defect.
	if grep -qE 'MB are needed|Failed to fetch|Could not|Cannot initiate|Temporary failure' "$T/build"; then
		skip "the lab: $(tail -1 "$T/build")"
	else
		bad "lab-vm build: $(tail -2 "$T/build")"
	fi
	finish
	;;
esac
if ! timeout 20 $lab run --timeout 1 -- true >/dev/null 2>"$T/err" && grep -q 'of memory are available' "$T/err"; then
	skip "the lab: $(tail -1 "$T/err")"
	finish
fi

# fails NAME STATUS COMMAND...: a lab that comes to grief, told in one line and shown by its console's end.
fails() {
	expect_exit "$@"
	grep -q 'end of its console' "$T/err" || bad "$1: no console shown: $(tail -3 "$T/err")"
}
fails "a lab that hangs in its boot" 1 env LAB_BOOT_SECONDS=2 timeout 100 $lab run -- true
fails "a command that does not end in time" 124 timeout 60 $lab run --timeout 3 -- sleep 100
timeout 100 $lab run --append "rdinit=/none" -- true >/dev/null 2>"$T/err"
case $? in
124) too_slow "a lab that does not boot" ;;
1) grep -q '| .*panic' "$T/err" && ok "a lab that does not boot is told, its panic shown" || bad "no panic is shown: $(tail -5 "$T/err")" ;;
*) bad "a lab that does not boot: exit $?: $(tail -2 "$T/err")" ;;
esac

# The lab's own lines count as this test's; then its output, errors, results and exit status must have come back.
COMMAND='tests/e2e/lab_inside.sh short; s=$?; echo to-stderr >&2; mkdir -p results; echo kept >results/mark; exit $((s + 7))'
timeout "$(left)" $lab run --timeout "$(left)" --results "$T/back" -- sh -c "$COMMAND" 2>"$T/err" | tee "$T/inside"
got=${PIPESTATUS[0]}
inside() { grep -c "^$1 " "$T/inside"; }
PASS=$((PASS + $(inside ok))) FAIL=$((FAIL + $(inside FAIL))) SKIPPED=$((SKIPPED + $(inside SKIP)))
if grep -qE '^lab-vm: the (lab hangs|lab did not boot within|command did not end)' "$T/err" || { [ "$got" = 124 ] && [ "$(left)" = 1 ]; }; then
	grep -v '^to-stderr$' "$T/err"
	too_slow "the tests in the lab ($(grep -m 1 '^lab-vm' "$T/err"))"
else
	grep -q '^lab_inside: ' "$T/inside" && ok "the tests in the lab came to their end" || bad "the tests in the lab did not end: $(tail -3 "$T/err")"
	[ "$got" = $(($(inside FAIL) > 0 ? 8 : 7)) ] && ok "the command's exit status comes back" || bad "exit $got: $(tail -3 "$T/err")"
	grep -qx to-stderr "$T/err" && ! grep -q to-stderr "$T/inside" && ok "its output and errors come apart" || bad "its errors: $(cat "$T/err")"
	[ "$(cat "$T/back/mark" 2>/dev/null)" = kept ] && ok "its results come back" || bad "no results/mark came back"
fi
[ -z "$(find "${LAB_CACHE:-/var/cache/stealscope/lab}" -maxdepth 1 -name "tmp.*" 2>/dev/null)" ] && ok "nothing of the labs is left" ||
	echo "note: another lab-vm is running"
finish
