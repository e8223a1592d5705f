# SPDX-License-Identifier: GPL-3.0-or-later
# The lab's disk: the Debian root in $root becomes a system that does what lab-vm asks for, in OUT/disk. Sourced by box.sh.
# shellcheck shell=bash disable=SC2154

[ -x "$root/usr/sbin/libvirtd" ] # a broken download ends in half a root
# No network, no waiting, and the one service that does the job.
install -m 755 "$LAB/guest/lab-job" "$LAB/guest/lab-canary" "$root/usr/local/sbin/"
install -m 644 "$LAB/guest/lab-job.service" "$root/etc/systemd/system/"
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../lab-job.service "$root/etc/systemd/system/multi-user.target.wants/lab-job.service"
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
	e2scrub_reap.service getty@tty1.service serial-getty@ttyS0.service serial-getty@hvc0.service \
	systemd-networkd-wait-online.service libvirt-guests.service; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# The kernel's disk is mounted over these by guest/init.
mkdir -p "$root/lab-kernel" "$root/boot" "$root/usr/lib/modules" "$root/var/cache/stealscope/kernels"
echo stealscope-lab >"$root/etc/hostname"
echo "127.0.0.1 localhost stealscope-lab" >"$root/etc/hosts"
echo "UUID=5ea15c0e-1ab0-4000-8000-000000000001 / ext4 defaults,noatime 0 0" >"$root/etc/fstab"
printf 'kvm_amd\nkvm_intel\n' >"$root/etc/modules-load.d/kvm.conf"
sed -i 's/^root:[^:]*:/root::/' "$root/etc/shadow"
grep -q '^lab:' "$root/etc/passwd" || {
	echo 'lab:x:1000:1000:member of libvirt:/home/lab:/bin/bash' >>"$root/etc/passwd"
	echo 'lab:!:19000:0:99999:7:::' >>"$root/etc/shadow"
	echo 'lab:x:1000:' >>"$root/etc/group"
	sed -i -E '/^(libvirt|kvm):/{s/:$/:lab/;t;s/$/,lab/}' "$root/etc/group"
	mkdir -p "$root/home/lab"
	chown 1000:1000 "$root/home/lab"
}
if [ "$HYPERVISOR" = xen ]; then
	. "$LAB/xen.sh"
	xen_image
fi
make_disk "$root" "$out/disk" "$DISK_MB" 5ea15c0e-1ab0-4000-8000-000000000001
