# SPDX-License-Identifier: GPL-3.0-or-later
# The lab whose processor is Intel's: Bochs emulates VMX with EPT and the VMX preemption timer, and SMT siblings, which QEMU's
# TCG does not. All that is needed beside the lab of KVM, and every work-around. Sourced by lab-vm (bochs_check, bochs_start,
# bochs_end), by box.sh (bochs_make) and by kernel.sh (bochs_boot_disk). What comes of it shows function and accounting, not
# speed; siblings do not slow each other down there.
# shellcheck shell=bash disable=SC2034,SC2154

# Of 3.0: skylake_x and later tell a wrong TSC by CPUID leaf 15h, and no guest comes up on them. Without ignore_bad_msrs the
# kernel's probing of MSRs ends it. 1 package, 2 cores, 2 threads each: 4 CPUs (each core shows as a package of its own).
BOCHS_CPU="model=broadwell_ult, count=1:2:2, ips=50000000, ignore_bad_msrs=1"
BOCHS_SECTORS=516096 # of a cylinder: its disks are whole ones
# Xen's words: it has no mitigations, as Linux there has none; it polls its serial line, whose interrupt is also that of the third, which is dom0's.
BOCHS_XEN_MB=1280
BOCHS_XEN="console=com1 com1=115200,8n1,0x3f8,0 cpuidle=0 spec-ctrl=no xpti=0 pv-l1tf=0 dom0_mem=${BOCHS_XEN_MB}M,max:${BOCHS_XEN_MB}M dom0_max_vcpus=1 dom0_vcpus_pin"
BOCHS_RESULTS_MB=32  # at the end of the disk that brings the job

bochs_check() {
	[ "$RELEASE" = bookworm ] || die 2 "the lab with an Intel processor is made for bookworm, not for $RELEASE"
	XEN_DOM0_MB=$BOCHS_XEN_MB
	[ "$CPUS/$NODES" = 4/1 ] || die 2 "the lab with an Intel processor has 4 CPUs (two cores of two threads) and 1 node"
	BOOT_SECONDS=${LAB_BOOT_SECONDS:-900} HANG_SECONDS=${LAB_HANG_SECONDS:-600}
	((MEMORY <= 2048)) || die 2 "the lab with an Intel processor has at most 2048 MiB"
	[ "$verb" != shell ] || die 2 "the lab with an Intel processor has no terminal: lab-vm run --cpu intel -- COMMAND"
	[ -z "$DISK" ] || die 2 "the lab with an Intel processor takes no further disk"
}

# Debian's package has its debugger compiled in, which makes several processors slow, and no display without a terminal. So it is
# built from Debian's source, statically: it runs on any release.
bochs_make() {
	local uri file hash
	suite_index trixie
	(cd "$tmp" && in_apt apt-get -q download bochsbios vgabios)
	# The archive of the source, by its checksum; nothing of Debian's patches is needed.
	read -r uri file _ hash < <(in_apt apt-get -q --print-uris source bochs | tr -d "'" | grep -F .orig.tar)
	in_apt /usr/lib/apt/apt-helper download-file "$uri" "$tmp/$file" "$hash"
	for file in "$tmp"/*.deb; do dpkg -x "$file" "$tmp/bios"; done
	cp "$tmp/bios/usr/share/bochs/BIOS-bochs-latest" "$tmp/bios/usr/share/vgabios/vgabios.bin" "$out/"
	debian_root "$RELEASE" g++,make,pkg-config
	mkdir "$root/src"
	touch "$root/dev/null" # this alone: all of /dev would be at the mercy of whoever clears $tmp
	mount --bind /dev/null "$root/dev/null"
	tar -x -C "$root/src" --strip-components=1 -f "$tmp"/bochs_*.orig.tar.*
	# With several processors it forgets, after an exception or a VM exit, to note where the next instruction begins. A VM exit
	# as that one is fetched (a handler whose page EPT has not yet) then goes back to the one before, with the handler's
	# stack: no Linux guest comes up. With one processor its loop notes it (cpu_loop() in the same file).
	sed -i '/^void BX_CPU_C::cpu_run_trace(void)/,/^{/s/^{/{\n  BX_CPU_THIS_PTR prev_rip = RIP;\n  BX_CPU_THIS_PTR speculative_rsp = false;/' "$root/src/cpu/cpu.cc"
	[[ $(grep -A2 '^void BX_CPU_C::cpu_run_trace(void)' "$root/src/cpu/cpu.cc") = *'prev_rip = RIP'* ]] ||
		{ echo "error: Bochs's cpu_run_trace() is not as it was" >&2; exit 1; } # why() in parts.sh finds it
	# Its clock goes by what all processors execute on average, and one that halts counts as 16 instructions where another has
	# executed one trace, of any length: the more processors halt, the more or the fewer (by the program) instructions a second
	# has. Here each executes as many of its own a second, whatever the others do.
	sed -i -e 's/Bit32u executed = 0, processor = 0;/static Bit32u processor, seen, over[BX_MAX_SMP_THREADS_SUPPORTED];/' \
		-e 's/^\( *\)bool run = true;/\1static bool run = true;/' \
		-e 's/^\( *\)if (run)$/\1if (run \&\& over[processor] < (Bit32u)quantum)/' \
		-e 's/^\( *\)if (n == 0) n = quantum;.*/\1if (n != seen \&\& over[processor] + n < (Bit32u)quantum) { seen = n; continue; }\
		over[processor] += n;\
		over[processor] -= over[processor] < (Bit32u)quantum ? over[processor] : quantum;\
		seen = 0;/' \
		-e '/executed += n;\|executed %= /d' -e 's/BX_TICKN(executed .*/BX_TICKN(quantum);/' "$root/src/main.cc"
	[ "$(grep -cE 'static Bit32u processor, seen|static bool run = true|if \(run && over|\{ seen = n; continue; \}|BX_TICKN\(quantum\);' "$root/src/main.cc")" = 5 ] &&
		! grep -q executed "$root/src/main.cc" || { echo "error: Bochs's loop over its processors is not as it was" >&2; exit 1; }
	TMPDIR=/tmp chroot "$root" sh -ec "cd /src && LDFLAGS=-static CXXFLAGS=-O2 ./configure --enable-smp --enable-vmx=2 --enable-x86-64 --enable-cpu-level=6 \
		--enable-all-optimizations --enable-pci --enable-avx --enable-evex --with-nogui --disable-docbook && make -s -j$(nproc) bochs"
	umount "$root/dev/null"
	install -m 755 "$root/src/bochs" "$out/bochs"
}

# What its BIOS boots: a FAT partition with syslinux, the kernel and its initramfs; the kernel's words come with each start.
bochs_boot_disk() { # KERNEL INITRD FILE
	local fat=$tmp/fat
	truncate -s 63M "$fat"
	mformat -i "$fat" -v BOOT -T 129024 -h 255 -s 63 -H 2048 ::
	mcopy -i "$fat" "$1" ::/vmlinuz
	mcopy -i "$fat" "$2" ::/initrd
	mcopy -i "$fat" /usr/lib/syslinux/modules/bios/{mboot,libcom32}.c32 ::/ # for Xen, which comes with a start
	truncate -s 64M "$3"
	printf 'label: dos\nstart=2048,size=129024,type=c,bootable\n' | sfdisk -q "$3"
	dd if=/usr/lib/syslinux/mbr/mbr.bin of="$3" bs=440 count=1 conv=notrunc status=none
	dd if="$fat" of="$3" bs=1M seek=1 conv=notrunc status=none
	syslinux --install --offset 1048576 "$3"
	truncate -s "%$BOCHS_SECTORS" "$3"
}

# Four disks is all that the kernel's driver finds: what it boots, the lab's disk, the kernel's, and the job's, at whose end the
# results come back. Its serial lines take the place of virtio's ports, in the order of guest/init.
bochs_start() {
	local boot=$WORK/boot p words
	cp "$KERNEL_DIR/boot" "$boot"
	BOCHS_JOB_MB=$((($(stat -c %s "$WORK/job.tar") >> 20) + 1))
	truncate -s "$((BOCHS_JOB_MB + BOCHS_RESULTS_MB))M" "$WORK/job.tar"
	truncate -s "%$BOCHS_SECTORS" "$WORK/job.tar"
	words="rw loglevel=4 mitigations=off panic=-1 cryptomgr.notests $APPEND lab.results_mb=$BOCHS_JOB_MB"
	[ "$HYPERVISOR" != xen ] || mcopy -i "$boot@@1M" "$IMAGE/xen" ::/xen
	if [ "$HYPERVISOR" = xen ]; then
		printf 'DEFAULT xen\nLABEL xen\nKERNEL mboot.c32\nAPPEND /xen %s --- /vmlinuz %s --- /initrd\n' "$BOCHS_XEN" "console=hvc0 $words"
	else
		printf 'DEFAULT linux\nLABEL linux\nKERNEL /vmlinuz\nINITRD /initrd\nAPPEND %s\n' "console=ttyS0 tsc=reliable $words"
	fi | mcopy -o -i "$boot@@1M" - ::/syslinux.cfg
	rm -f "$WORK/out" "$WORK/err" "$WORK"/*.lock # of a first try
	mkfifo "$WORK/out" "$WORK/err"
	{
		cat <<-C
		display_library: nogui
		megs: $MEMORY
		romimage: file=$BOCHS/BIOS-bochs-latest
		vgaromimage: file=$BOCHS/vgabios.bin
		cpu: $BOCHS_CPU
		clock: sync=none
		boot: disk
		log: $WORK/bochs.log
		panic: action=fatal
		error: action=ignore
		info: action=ignore
		debug: action=ignore
		ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
		ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15
		ata0-master: type=disk, mode=flat, path=$boot
		ata0-slave: type=disk, mode=volatile, path=$IMAGE/disk, journal=$WORK/disk
		ata1-master: type=disk, mode=volatile, path=$KERNEL_DIR/disk, journal=$WORK/kernel
		ata1-slave: type=disk, mode=flat, path=$WORK/job.tar
		C
		p=1
		for file in console out err status; do echo "com$((p++)): enabled=1, mode=file, dev=$WORK/$file"; done
	} >"$WORK/bochsrc"
	cat "$WORK/out" >&1 &
	BOX[out]=$!
	cat "$WORK/err" >&2 &
	BOX[err]=$!
	setpriv --pdeathsig KILL "$BOCHS/bochs" -q -f "$WORK/bochsrc" </dev/null >"$WORK/bochs.out" 2>&1 &
	CHILD=$!
}

# What was printed is out; the results are a tar behind the job, none where the lab did not come to its end.
bochs_end() {
	: <>"$WORK/out" <>"$WORK/err" # Bochs opens a line when something is printed there: who still waits for that ends
	wait "${BOX[out]}" "${BOX[err]}"
	unset "BOX[out]" "BOX[err]"
	tail -c "+$((BOCHS_JOB_MB * 1048576 + 1))" "$WORK/job.tar" >"$WORK/results.tar"
	[ "$(dd if="$WORK/results.tar" bs=1 skip=257 count=5 status=none | tr -d '\0')" = ustar ] || : >"$WORK/results.tar"
}
