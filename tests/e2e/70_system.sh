#!/bin/bash
# The same run through libvirtd (qemu:///system), with a daemon started for the test when none runs.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"
need_kvm
libvirtd_up >"$T/why" || { skip "qemu:///system: $(cat "$T/why")"; finish; }

$SS run --connect qemu:///system --results "$T/res" --json "$(own_scenario scenarios/canary.xml)" >"$T/run.json" 2>"$T/err"
got=$?
[ $got = 0 ] || [ $got = 3 ] && ok "canary through qemu:///system" || bad "canary through qemu:///system: exit $got: $(tail -3 "$T/err")"
is "steal = run_delay there too" "$T/run.json" '.variants[0].checks.steal_vs_run_delay | . != null and . <= 0.001' '.variants[0].checks'
virsh -q -c qemu:///system list --all | grep -q "stealscope-.*$MINE" && bad "a domain is left in libvirtd" || ok "no domain is left in libvirtd"
clean_after "qemu:///system"
finish
