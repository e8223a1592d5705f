# SPDX-License-Identifier: GPL-3.0-or-later
# The virtual machine itself: QEMU's command line, and watching it. Sourced by lab-vm.
# shellcheck shell=bash disable=SC2034,SC2154

BOOT_SECONDS=${LAB_BOOT_SECONDS:-150} # 15 s here on a quiet machine, 60 s on a starved one
HANG_SECONDS=${LAB_HANG_SECONDS:-120} # the lab beats every 5 s of its own time
QEMU=${LAB_QEMU:-qemu-system-x86_64}

machine_check_programs() {
	local p
	command -v "$QEMU" >/dev/null || die 4 "$QEMU is not installed (apt-get install qemu-system-x86)"
	for p in tar setpriv unshare; do
		command -v $p >/dev/null || die 4 "$p is not installed (apt-get install tar util-linux)"
	done
}

machine_check_memory() {
	local have
	have=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
	((have >= MEMORY + 300)) ||
		die 4 "the lab needs $MEMORY MiB and 300 for QEMU; $have MiB of memory are available (--memory M takes less)"
}

# The processor: real nested virtualisation where this machine has it, else QEMU's own SVM, slower but complete.
# TCG's 5-level page tables only make every walk longer. With a thread for each CPU, QEMU 10.0 may hand the lab an interrupt
# before KVM has its own GS back, and the lab's kernel dies: in 5 of 6 labs within two minutes, one day, whether their guest
# used a disk or not (with 11.1 the lab ended without a word). With LAB_TCG=single one lived for 20 minutes; a guest that
# boots by a BIOS was not up in that time.
machine_accel() {
	if [ -r /dev/kvm ] && [ -w /dev/kvm ] && grep -qE '^flags.*\<(svm|vmx)\>' /proc/cpuinfo &&
		grep -qsE '^(1|Y)' /sys/module/kvm_{amd,intel}/parameters/nested; then
		echo "-accel kvm -cpu host"
	else
		echo "-accel tcg,thread=${LAB_TCG:-multi},tb-size=512 -cpu ${LAB_CPU:-max,la57=off}"
	fi
}

# NODES sockets of CPUS/NODES cores, a NUMA node each, one hop (21) from every other.
machine_nodes() {
	local i j mb=$((MEMORY / NODES))
	echo "-m $((mb * NODES)) -smp $CPUS,sockets=$NODES,cores=$((CPUS / NODES)),threads=1"
	for ((i = 0; i < NODES; i++)); do
		echo "-object memory-backend-ram,id=m$i,size=${mb}M -numa node,nodeid=$i,memdev=m$i"
		echo "-numa cpu,node-id=$i,socket-id=$i"
	done
	for ((i = 0; i < NODES; i++)); do
		for ((j = 0; j < NODES; j++)); do
			((i == j)) || echo "-numa dist,src=$i,dst=$j,val=21"
		done
	done
}

# The job as a tar: the tree without its history, results and build folders, the programs as build/, the command.
machine_pack() { # MODE COMMAND...
	local mode=$1 job=$WORK/job p parts=()
	shift
	mkdir -p "$job/job" "$job/build/tests"
	printf '%s\0' "$@" >"$job/job/command"
	echo "$mode" >"$job/job/mode"
	date +%s >"$job/job/time"
	echo "$(stty size 2>/dev/null || echo 24 80) ${TERM:-dumb}" >"$job/job/terminal"
	find "$PROGRAMS" -maxdepth 1 -type f ! -name '*.a' -exec cp -t "$job/build" {} +
	[ -x "$job/build/stealscope" ] || die 1 "$PROGRAMS/stealscope is not built"
	for p in $PROGRAM_TESTS; do
		cp "$PROGRAMS/tests/$p" "$job/build/tests/" || die 1 "$p is not built"
	done
	tar -c -f "$WORK/job.tar" -C "$TOP" --owner=0 --group=0 --exclude-vcs --exclude='./build*' \
		--exclude='./results/*' . -C "$job" job build 2>"$WORK/tar.log" ||
		[ ! -s "$WORK/tar.log" ] || grep -q 'file changed' "$WORK/tar.log" || die 1 "cannot pack the tree: $(head -1 "$WORK/tar.log")"
	truncate -s %1M "$WORK/job.tar"
}

# machine_boot: in BOOT, QEMU's words for the processor and what it boots.
machine_boot() {
	# shellcheck disable=SC2207
	BOOT=(-M q35,hpet=off $(machine_accel) -kernel "$KERNEL_DIR/kernel" -initrd "$KERNEL_DIR/initrd"
		-append "console=ttyS0 root=/dev/vda rw loglevel=4 mitigations=off tsc=reliable panic=-1 $APPEND")
}

machine_start() { # MODE
	local port=virtserialport,bus=lab.0 BOOT
	local console="-chardev null,id=hvc"
	[ "$1" != shell ] || console="-chardev stdio,id=hvc,signal=off"
	mkfifo "$WORK/monitor.in" "$WORK/monitor.out"
	if [ "$HYPERVISOR" = xen ]; then xen_boot; else machine_boot; fi
	# The command's output goes to file descriptors of this process, whatever they are, as it comes.
	# shellcheck disable=SC2046,SC2086
	TMPDIR=$WORK setpriv --pdeathsig KILL "$QEMU" -name stealscope-lab -nodefaults -no-user-config \
		-display none -no-reboot -nic none "${BOOT[@]}" $(machine_nodes) \
		-drive "file=$IMAGE/disk,format=raw,if=virtio,snapshot=on,cache=unsafe" \
		-drive "file=$WORK/job.tar,format=raw,if=virtio,readonly=on" \
		-drive "file=$KERNEL_DIR/disk,format=raw,if=virtio,readonly=on" \
		${DISK:+-drive "file=$DISK,format=raw,if=virtio,readonly=on"} \
		-chardev "file,id=con,path=$WORK/console" -serial chardev:con \
		-chardev "pipe,id=mon,path=$WORK/monitor" -mon chardev=mon,mode=readline \
		-add-fd fd=7,set=1 -add-fd fd=8,set=2 \
		-device virtio-serial-pci,id=lab,max_ports=8 $console -device virtconsole,bus=lab.0,chardev=hvc,nr=0 \
		-chardev file,id=out,path=/dev/fdset/1,append=on -device $port,chardev=out,name=lab.out,nr=1 \
		-chardev file,id=err,path=/dev/fdset/2,append=on -device $port,chardev=err,name=lab.err,nr=2 \
		-chardev "file,id=res,path=$WORK/results.tar" -device $port,chardev=res,name=lab.results,nr=3 \
		-chardev "file,id=status,path=$WORK/status" -device $port,chardev=status,name=lab.status,nr=4 \
		7>&1 8>&2 2>"$WORK/qemu.log" 0<&6 &
	CHILD=$!
}

# crashed: the console as its kernel began to say that it died; false if it did not.
crashed() {
	tr -d '\r' <"$WORK/console" 2>/dev/null | grep -m1 -aA14 -E 'BUG: |Oops: |general protection fault|kernel stack is corrupted|Kernel panic'
}
console_tail() {
	[ -s "$WORK/console" ] || { say "the end of its console: it is empty"; return; }
	if crashed >/dev/null; then
		say "its kernel died:"
		crashed | cut -c1-160 | sed 's/^/  | /' >&2
		return
	fi
	say "the end of its console:"
	tr -d '\r' <"$WORK/console" 2>/dev/null | tail -n 15 | cut -c1-160 | sed 's/^/  | /' >&2
}

# machine_watch: until the job has ended, with its exit status; a lab that does not boot, hangs or dies is told.
# Silence is counted in rounds of a fifth of a second, so that time in which this machine slept is not held against it.
machine_watch() {
	local start=$SECONDS state='' size beats=0 silent=0
	booted=
	while :; do
		state=$(tail -n 1 "$WORK/status" 2>/dev/null)
		size=$(stat -c %s "$WORK/status")
		silent=$((silent + 1))
		[ "$size" = "$beats" ] || { beats=$size silent=0 booted=1; }
		[[ $state != exit\ * ]] || return "${state#exit }"
		if ! kill -0 "$CHILD" 2>/dev/null; then
			if [ -s "$WORK/qemu.log" ]; then
				say "QEMU ended: $(tail -1 "$WORK/qemu.log")"
			else
				say "the lab ended by itself before the command did"
			fi
			console_tail
			crashed >/dev/null && return 125
			return 1
		elif [ -z "$state" ] && ((silent > BOOT_SECONDS * 5)); then
			say "the lab did not boot within $BOOT_SECONDS s"
			booted=no
			console_tail
			return 1
		elif [ -n "$state" ] && ((silent > HANG_SECONDS * 5)); then
			say "the lab hangs: nothing was heard from it for $HANG_SECONDS s; the same command may well succeed next time"
			console_tail
			return 125
		elif ((TIMEOUT > 0 && SECONDS - start > TIMEOUT)); then
			say "the command did not end within $TIMEOUT s"
			console_tail
			return 124
		fi
		sleep 0.2
	done
}

machine_run() { # MODE COMMAND...
	local status try booted
	[ -n "$TIMEOUT" ] || { TIMEOUT=1800; [ "$1" != shell ] || TIMEOUT=0; }
	machine_pack "$@"
	exec 6<&0
	[ "$1" = shell ] || exec 6</dev/null
	# A lab that hung before the command began may be tried again: nobody has seen anything of it.
	for try in 1 2; do
		: >"$WORK/status"
		rm -f "$WORK"/monitor.*
		if [ "$CPU" = intel ]; then bochs_start; else machine_start "$1"; fi
		machine_watch
		status=$?
		{ kill -KILL "$CHILD"; wait "$CHILD"; } 2>/dev/null
		CHILD=
		[ "$CPU" = amd ] || bochs_end
		[ "$booted" = no ] && [ $try = 1 ] || break
		say "trying once more"
	done
	[ "$1" != shell ] || stty sane 2>/dev/null
	[ -z "$CONSOLE" ] || cp "$WORK/console" "$CONSOLE"
	if [ -s "$WORK/results.tar" ]; then
		mkdir -p "$RESULTS"
		tar -x --no-same-owner --strip-components=1 -C "$RESULTS" -f "$WORK/results.tar" ||
			{ say "its results are not whole: what could be read is in $RESULTS"; [ $status != 0 ] || status=1; }
	fi
	return $status
}
