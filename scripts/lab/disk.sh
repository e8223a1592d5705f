# SPDX-License-Identifier: GPL-3.0-or-later
# disk.sh ROOT OUT GUEST MB: a Debian root (a tar on stdin) becomes OUT/disk, OUT/kernel, OUT/initrd and
# OUT/version. Run by image.sh, as root or under fakeroot; ROOT and OUT are empty folders.
set -eu
set -o pipefail
root=$1 out=$2 guest=$3 mb=$4

tar -x -C "$root" --exclude='./dev/*'
[ -x "$root/usr/sbin/libvirtd" ] # a broken pipe ends in half a root
version=$(ls "$root/lib/modules")
modules=$root/lib/modules/$version
cp "$root/boot/vmlinuz-$version" "$out/kernel"
echo "$version" >"$out/version"

# The initramfs: busybox and the three drivers that reach the disk, with what they depend on, in order.
init=$root/lab-initramfs
mkdir -p "$init/bin" "$init/modules" "$init/proc" "$init/sys" "$init/dev" "$init/root"
cp "$root/bin/busybox" "$init/bin/"
cp "$guest/init" "$init/init"
chmod 755 "$init/init"
n=10
while read -r path; do
	case $path in
	*.xz) xz -dc "$root$path" >"$init/modules/$n-$(basename "$path" .xz)" ;;
	*) cp "$root$path" "$init/modules/$n-$(basename "$path")" ;;
	esac
	n=$((n + 1))
done <"$root/lab-modules"
rm "$root/lab-modules"
(cd "$init" && find . | sort | "$root/bin/busybox" cpio -o -H newc 2>/dev/null | gzip -1 -n) >"$out/initrd"
rm -rf "$init"

# The system: no network, no waiting, and the one service that does what lab-vm was asked for.
install -m 755 "$guest/lab-job" "$root/usr/local/sbin/lab-job"
install -m 644 "$guest/lab-job.service" "$root/etc/systemd/system/"
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../lab-job.service "$root/etc/systemd/system/multi-user.target.wants/lab-job.service"
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
	e2scrub_reap.service getty@tty1.service serial-getty@ttyS0.service serial-getty@hvc0.service \
	systemd-networkd-wait-online.service libvirt-guests.service; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
echo stealscope-lab >"$root/etc/hostname"
echo "127.0.0.1 localhost stealscope-lab" >"$root/etc/hosts"
echo "/dev/vda / ext4 defaults,noatime 0 1" >"$root/etc/fstab"
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

# The same input gives the same bytes: a fixed UUID, times of a fixed day.
export SOURCE_DATE_EPOCH=1700000000
truncate -s "${mb}M" "$out/disk.tmp"
mke2fs -q -t ext4 -O ^has_journal -m 0 -U 5ea15c0e-1ab0-4000-8000-000000000001 \
	-E hash_seed=5ea15c0e-1ab0-4000-8000-000000000002,lazy_itable_init=1,nodiscard -d "$root" "$out/disk.tmp"
mv "$out/disk.tmp" "$out/disk"
