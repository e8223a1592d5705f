#!/bin/bash
# Trouble in mid-run, the cells of the fault matrix that take a minute; `make faults` is all of it.
# Measures nothing, but wants no other's guests: it may run beside what only computes.
cd "$(dirname "$0")/../.." || exit 1
SS=${SS:-build/stealscope}
make -s BUILD="$(dirname "$SS")" faulty || exit 1
export BUILD=${SS%/*} QUICK=1
exec tests/faults/matrix.sh "harness kill -9@starting" "harness kill -9@measuring" "harness SIGINT@booting" "harness SIGINT@measuring" \
	"harness SIGTERM@measuring" "hostd kill -9@measuring" "QEMU killed@measuring" "QEMU SIGSTOP@starting" \
	"guest triple fault@measuring" "guest hangs@booting" "guest reboots@measuring" "/dev/kvm gone@start" "libvirtd restarted@measuring" \
	"results full@measuring" "results read-only@start" "results unwritable@stopping" "/dev/shm full@start" "eBPF denied@start" "player, harness and reaper kill -9@measuring"
