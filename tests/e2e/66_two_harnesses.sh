#!/bin/bash
# Two harnesses at once on one box: both complete, nothing is mixed up, and each record says that the other was
# there (so that nobody takes the figures for a quiet box's).
# Measures nothing, but wants no other's guests: it may run beside what only computes.
. "$(dirname "$0")/lib.sh"
need_kvm
S=$(own_scenario tests/soak/soak.xml)
for i in 1 2; do
	$SS run --json --set duration=2s --results "$T/res$i" "$S" >"$T/$i.json" 2>"$T/err$i" &
	pid[i]=$!
done
for i in 1 2; do
	wait "${pid[i]}"
	got=$?
	[ $got = 0 ] && ok "harness $i of 2 ends well" || bad "harness $i of 2: exit $got: $(tail -2 "$T/err$i" | tr '\n' ' ')"
	is "harness $i: its own guest, nothing lost" "$T/$i.json" '(.variants[0].guests | length == 1) and .lost.guest == 0 and .lost.host == 0' '[[.variants[0].guests[].name], .lost]'
	is "harness $i: its guest was measured" "$T/$i.json" '.variants[0].guests[0].samples > 100' '.variants[0].guests[0].samples'
done
# Both windows may not overlap on a slow box: who began second saw the first.
jq -s '[.[].warnings[] | select(test("another stealscope"))]' "$T/1.json" "$T/2.json" >"$T/said.json"
is "the record says that another harness was there" "$T/said.json" 'length >= 1' '.[0]'
# A signal that comes while KVM is asked whether it is there says nothing of KVM.
if command -v strace >/dev/null; then
	strace -o "$T/calls" -e trace=ioctl -e inject=ioctl:error=EINTR:when=2 $SS run -q --set duration=200ms --results "$T/res1" "$S" >"$T/out" 2>"$T/err"
	status=$?
	[ "$(grep INJECTED "$T/calls" | grep -c KVM_CREATE_VM)" = 1 ] && { [ $status = 0 ] || [ $status = 3 ]; } && ok "a signal cuts KVM's answer short: asked again" ||
		bad "a signal cuts KVM's answer short: exit $status: $(tail -1 "$T/err") ($(grep INJECTED "$T/calls"))"
	# And a call that fails by Ctrl-C is no fault of the host's.
	strace -o "$T/calls" -e trace=ioctl -e inject=ioctl:error=EPERM:signal=INT:when=2 $SS run --set duration=200ms --results "$T/res1" "$S" >"$T/out" 2>"$T/err"
	status=$?
	[ $status = 130 ] && grep -q '^stealscope: interrupted' "$T/err" && ok "a call that fails by Ctrl-C: interrupted" || bad "a call that fails by Ctrl-C: exit $status: $(tail -1 "$T/err")"
	# A QEMU is collected before libvirt learns that it has ended: else libvirt polls, 200 ms at least. And it asks QEMU
	# what it can do once: not again where the harness begins on another CPU, whose APIC id is another (a loop keeps it there).
	cpus=$(taskset -cp $$) cpus=${cpus##* } # "0,1", "2-5"
	taskset -c "${cpus%%[-,]*}" $SS run -q --set duration=200ms --results "$T/res1" "$S" >"$T/out" 2>"$T/err"
	taskset -c "${cpus%%[-,]*}" bash -c 'while :; do :; done' &
	loop=$!
	(
		taskset -pc "${cpus##*[-,]}" $BASHPID && exec timeout 30 strace -f -o "$T/calls" -e trace=clock_nanosleep,pidfd_getfd \
			bash -c 'taskset -pc '"$cpus"' $$; exec "$@"' -- $SS run -q --set duration=200ms --results "$T/res1" "$S"
	) >"$T/out" 2>"$T/err"
	status=$?
	kill $loop
	wait $loop 2>/dev/null
	[[ $status = [03] ]] && grep -q pidfd_getfd "$T/calls" && ! grep 'tv_nsec=200000000' "$T/calls" >"$T/polls" && ok "libvirt polls neither for the end of a guest's QEMU nor for one that it asks again" ||
		bad "libvirt polls for the end of a QEMU: exit $status, $(wc -l <"$T/polls") times"
	# Guests that start side by side, while the group that libvirt puts them in has been made and has no CPUs yet.
	if [ -d /sys/fs/cgroup/cpuset ] && [ ! -d /run/systemd/system ]; then
		M=/sys/fs/cgroup/cpuset/machine four=$(own_scenario tests/e2e/scenarios/four-busy.xml)
		timeout 60 strace -f -o "$T/calls" -P $M -P $M/ -e inject=mkdir:delay_exit=300000 $SS run -q --set duration=200ms --set warmup=0 --results "$T/res1" "$four" >"$T/out" 2>"$T/err"
		status=$?
		[[ $status = [03] ]] && grep -q DELAYED "$T/calls" && ok "guests start side by side however long libvirt's group is in the making" ||
			bad "guests that start side by side: exit $status: $(head -1 "$T/err")"
	fi
	# Where a sandbox knows no pidfd_send_signal(), QEMU is ended by kill(); else libvirt waits for it for the better part of a minute.
	timeout 30 strace -f -o "$T/calls" -e trace=pidfd_send_signal -e inject=pidfd_send_signal:error=EPERM:when=1+ $SS run -q --set duration=200ms --results "$T/res1" "$S" >"$T/out" 2>"$T/err"
	status=$?
	grep -q INJECTED "$T/calls" && { [ $status = 0 ] || [ $status = 3 ]; } && ok "a sandbox without pidfd_send_signal: QEMU is ended all the same" ||
		bad "a sandbox without pidfd_send_signal: exit $status: $(tail -1 "$T/err")"
	# What one call leaves undone, the reaper does. All calls of a kind are hit, for a call's number moves from run to run; a message that a
	# signal cut short is sent again, so of these every other one is.
	# disturbed NAME STATUS CALL OPTION...: that call was hit; the status; nothing left behind.
	disturbed() {
		local name=$1 want=$2 call=$3 got
		shift 3
		{ timeout -s KILL 40 strace -o "$T/calls" "$@" $SS run -q --set duration=200ms --results "$T/res1" "$S" >"$T/out" 2>"$T/err"; } 2>/dev/null
		got=$?
		grep -q '^+++' "$T/calls" || got="none after 40 s"
		grep -q "$call.*INJECTED" "$T/calls" && [[ $got = $want ]] && ok "$name" || bad "$name: exit $got: $(tail -1 "$T/err") ($(grep INJECTED "$T/calls" | head -3))"
		clean_after "$name" 20
	}
	disturbed "a page that could not be unlinked" '[03]' /dev/shm -e trace=unlink -e "inject=unlink:error=EPERM:when=1+"
	disturbed "a message to the reaper cut short by a signal, then the harness killed" 137 /dev/shm -e trace=sendto,kill \
		-e "inject=sendto:error=EINTR:when=1+2" -e inject=kill:signal=KILL:when=2
	disturbed "a control group that could not be removed" '[03]' /stealscope/ -e trace=rmdir,rename -e inject=rmdir:error=EBUSY:when=1+
	grep -qE '^rename(at2?)?\(.*/run/stealscope/[^"/]*", .*"/run/stealscope/[.]' "$T/calls" && bad "the folder that proves whose it is goes before it" || ok "the folder that proves whose it is stays for the reaper"
	disturbed "a noise that may not be killed" '[013]' kill -e trace=kill,pidfd_send_signal -e inject=kill,pidfd_send_signal:error=EPERM:when=1+
else
	skip "a signal that cuts KVM's answer short: strace is not installed"
fi
clean_after "two harnesses"
finish
