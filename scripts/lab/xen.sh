# SPDX-License-Identifier: GPL-3.0-or-later
# The lab whose hypervisor is Xen: all that is needed beside the lab of KVM, and every work-around. Sourced by lab-vm
# (xen_check, xen_boot) and by image.sh (xen_image). What comes of it shows function and accounting, not speed: its
# processor is QEMU's emulation.
# shellcheck shell=bash disable=SC2034,SC2154

# The processor. With XSAVE and AVX on, programs in PV guests (dom0 is one) crash about once a minute under QEMU 10; with
# them off none did in 15 minutes. 5-level page tables only make walks longer. QEMU 7.2 crashes the dom0 whatever the
# processor: needs_qemu (parts.sh) brings a newer one.
XEN_CPU=${LAB_XEN_CPU:-max,la57=off,xsave=off,avx=off,avx2=off,mpx=off,pku=off}
XEN_DOM0_MB=1536

xen_check() {
	[ "$RELEASE" = bookworm ] || die 2 "the lab with Xen is made for bookworm (Xen 4.17), not for $RELEASE"
	((MEMORY >= XEN_DOM0_MB + 768)) || die 2 "the lab with Xen needs $((XEN_DOM0_MB + 768)) MiB: dom0 has $XEN_DOM0_MB of them"
}

# Xen is the kernel (multiboot), dom0's kernel and its initramfs are modules, in one option: a comma in it is doubled.
# HPET stays on: it is Xen's clock here. dom0 has one CPU, the first, and keeps to it: the others are the guests'.
xen_boot() {
	local dom0="console=hvc0 root=/dev/vda rw loglevel=4 panic=-1 $APPEND"
	BOOT=(-M q35 -accel "tcg,thread=multi,tb-size=512" -cpu "$XEN_CPU" -kernel "$IMAGE/xen"
		-append "console=com1 com1=115200,8n1 dom0_mem=${XEN_DOM0_MB}M,max:${XEN_DOM0_MB}M dom0_max_vcpus=1 dom0_vcpus_pin"
		-initrd "$KERNEL_DIR/kernel ${dom0//,/,,},$KERNEL_DIR/initrd")
}

# The image: the hypervisor beside the disk, unpacked, as QEMU's multiboot loader wants it.
xen_image() {
	zcat "$root"/boot/xen-4.17-amd64.gz >"$out/xen"
	# Xen hides the flag SEP from dom0 on AMD; libvirt 9's xen driver then finds no CPU model that fits and ends at its start.
	sed -i "/'sep'/d" "$root/usr/share/libvirt/cpu_map/x86_kvm64.xml"
	# libvirt starts when it is first asked, and must find xenstored.
	mkdir -p "$root/etc/systemd/system/lab-job.service.d" "$root/etc/systemd/system/libvirtd.service.d"
	printf '[Unit]\nWants=xen.service\nAfter=xen.service\n' | tee "$root/etc/systemd/system/lab-job.service.d/xen.conf" \
		>"$root/etc/systemd/system/libvirtd.service.d/xen.conf"
	# Domains are libvirt's; those that xl saved or would start are none of the lab's.
	ln -sf /dev/null "$root/etc/systemd/system/xendomains.service"
	# Loading AppArmor's profiles takes most of the boot on an emulated processor, and confines no domain of Xen.
	ln -sf /dev/null "$root/etc/systemd/system/apparmor.service"
	rm -f "$root/etc/modules-load.d/kvm.conf" # dom0 has no KVM
}
