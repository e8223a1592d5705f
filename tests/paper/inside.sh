#!/bin/bash
# In a lab of tests/paper/labs: the variants of vmm-overhead-3v4 that this box can run, on two of its CPUs, into results/.
# tests/paper/inside.sh native|kvm|xen|xen-dom0-floats; PAPER_NOT: variants to leave out, a pattern (".*-float").
what=$1 more=() boot=120
[ "$(hostname)" = stealscope-lab ] || { echo "this is no lab: make paper-labs" >&2; exit 4; }
only() { sed -i "/<variant name=\"$1/,/<\/variant>/d" one.xml; }
! grep -q lab.results_mb= /proc/cmdline || boot=3000 # Bochs
cp scenarios/vmm-overhead-3v4.xml one.xml
case $what in
native) only guest- ;;
kvm) only native- && more=(--boot-timeout $boot) ;;
xen) only native- && more=(--connect xen:///system --boot-timeout $boot) ;;
xen-dom0-floats)
	only native- && only 'guest-[a-z0-9-]*-float'
	more=(--connect xen:///system --boot-timeout $boot)
	xl vcpu-pin Domain-0 all all || exit
	;;
*) echo "native, kvm, xen or xen-dom0-floats is meant" >&2; exit 2 ;;
esac
[ -z "${PAPER_NOT:-}" ] || only "$PAPER_NOT"
# lab-vm takes a lab that says nothing for one that hangs.
while sleep 30; do echo "$what: running for $SECONDS s"; done &
trap 'kill $!' EXIT
stealscope run -q --results results --set lab.cpus=2 --set "duration=${PAPER_SECONDS:-40}s" "${more[@]}" one.xml
