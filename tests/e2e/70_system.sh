#!/bin/bash
# The same run through libvirtd (qemu:///system), with a daemon started for the test when none runs.
. "$(dirname "$0")/lib.sh"
need_kvm
[ "$(id -u)" = 0 ] || { skip "qemu:///system: needs root to start libvirtd"; finish; }
command -v libvirtd >/dev/null || { skip "qemu:///system: libvirtd is not installed"; finish; }

started=
mode=$(stat -c %a /dev/kvm) group=$(stat -c %g /dev/kvm)
restore() {
	[ -z "$started" ] || { pkill -x libvirtd; pkill -x virtlogd; }
	chmod "$mode" /dev/kvm; chgrp "$group" /dev/kvm
	rm -rf "$T"
}
trap restore EXIT
if ! pgrep -x libvirtd >/dev/null; then
	virtlogd -d && libvirtd -d || { skip "qemu:///system: libvirtd does not start here"; finish; }
	started=1
	for _ in $(seq 50); do virsh -q -c qemu:///system list >/dev/null 2>&1 && break; sleep 0.2; done
fi
# QEMU runs as libvirt-qemu there: it needs /dev/kvm through its group, as on any box with udev.
getent group kvm >/dev/null && chgrp kvm /dev/kvm && chmod 660 /dev/kvm

$SS run --connect qemu:///system --results "$T/res" --json "$(own_scenario scenarios/canary.xml)" >"$T/run.json" 2>"$T/err"
got=$?
[ $got = 0 ] && ok "canary through qemu:///system" || bad "canary through qemu:///system: exit $got: $(tail -3 "$T/err")"
is "steal = run_delay there too" "$T/run.json" '.variants[0].checks.steal_vs_run_delay | . != null and . <= 0.001' '.variants[0].checks'
virsh -q -c qemu:///system list --all | grep -q "stealscope-.*$MINE" && bad "a domain is left in libvirtd" || ok "no domain is left in libvirtd"
clean_after "qemu:///system"
finish
