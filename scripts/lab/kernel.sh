# SPDX-License-Identifier: GPL-3.0-or-later
# The lab's own kernel and those of its guests, unpacked, not installed: OUT/kernel, OUT/initrd, OUT/version and OUT/disk,
# which the lab mounts over /boot, its modules and the cache of scripts/fetch-kernel. Sourced by box.sh.
# shellcheck shell=bash disable=SC2154

# kernel_fetch SUITE FLAVOUR: its packages in $debs, newest version; the kernel's own name in $name.
kernel_fetch() {
	local names
	suite_index "$1"
	debs=$tmp/debs-$1-$2
	mkdir -p "$debs"
	# Newer ones are split: the image in "binary", its configuration in "base".
	names=$(in_apt apt-cache depends --recurse --no-{recommends,suggests,conflicts,breaks,replaces,enhances} "linux-image-$2" |
		grep -E '^linux-(image|binary|modules|base)-[0-9]')
	name=$(grep -m 1 ^linux-image <<<"$names")
	# shellcheck disable=SC2086
	(cd "$debs" && in_apt apt-get -q download $names)
}

unpack() { # FOLDER TAR-OPTION...
	local deb
	for deb in "$debs"/*.deb; do
		# tar leaves early where it has found all it was asked for.
		{ dpkg-deb --fsys-tarfile "$deb" 2>/dev/null || true; } | tar -x -C "$1" "${@:2}" || true
	done
}

# boot_file FOLDER vmlinuz|config: where it lies among what was unpacked there.
boot_file() {
	find "$1" \( -path "*/boot/$2-*" -o -path "*/lib/modules/*/$2" \) -type f | head -1
}

disk=$tmp/disk
mkdir -p "$disk/boot" "$disk/modules" "$disk/kernels"
# What scripts/fetch-kernel would fetch for Linux guests, where it would put it.
for kind in distro:cloud-amd64 distro-rt:rt-amd64; do
	to=$disk/kernels/${kind%:*}
	mkdir "$to" "$tmp/guest"
	kernel_fetch "$RELEASE" "${kind#*:}"
	unpack "$tmp/guest" --occurrence=1 --wildcards './boot/vmlinuz*' './boot/config*' './*lib/modules/*/xen-gntalloc.ko*' 2>/dev/null
	[ -n "$(boot_file "$tmp/guest" vmlinuz)" ] || unpack "$tmp/guest"
	for file in vmlinuz config; do mv "$(boot_file "$tmp/guest" $file)" "$to/$file"; done
	find "$tmp/guest" -name 'xen-gntalloc.ko*' -exec cp {} "$to/" ';' # as scripts/fetch-kernel does
	chmod 644 "$to"/*
	echo "$name" >"$to/package"
	rm -r "$tmp/guest"
done

# The lab's own, without the drivers of real devices: they are three quarters of it.
kernel_fetch "${KERNEL%-rt}" "$([[ $KERNEL != *-rt ]] || echo rt-)amd64"
mkdir "$tmp/host"
unpack "$tmp/host" --exclude='*/sound/*' --exclude='*/drivers/gpu/*' --exclude='*/drivers/media/*' \
	--exclude='*/drivers/infiniband/*' --exclude='*/drivers/net/ethernet/*' --exclude='*/drivers/net/wireless/*' \
	--exclude='*/drivers/staging/*' --exclude='*/drivers/iio/*' --exclude='*/drivers/hwmon/*' \
	--exclude='*/usr/share/*' $([ "$CPU" = intel ] || echo "--exclude=*/drivers/scsi/*")
[ -d "$tmp/host/lib" ] || ln -s usr/lib "$tmp/host/lib"
version=$(ls "$tmp/host/lib/modules")
for file in vmlinuz config; do mv "$(boot_file "$tmp/host" $file)" "$disk/boot/$file-$version"; done
chmod 644 "$disk"/boot/*
depmod -b "$tmp/host" "$version"
mv "$tmp/host/lib/modules/$version" "$disk/modules/"
mkdir -p "$tmp/find/lib"
ln -s "$disk/modules" "$tmp/find/lib/modules"

# The initramfs: busybox and the drivers that reach the disks, with what they depend on, in order.
init=$tmp/initramfs
mkdir -p "$init/bin" "$init/modules" "$init/proc" "$init/sys" "$init/dev" "$init/root"
debs=$tmp/debs-busybox
mkdir "$debs"
(cd "$debs" && apt=$tmp/apt-$RELEASE && in_apt apt-get -q download busybox-static)
mkdir "$tmp/busybox"
unpack "$tmp/busybox"
busybox=$(find "$tmp/busybox" -type f -name busybox -perm -100 | head -1)
cp "$busybox" "$init/bin/busybox"
install -m 755 "$LAB/guest/init" "$init/init"
n=10
drivers="virtio_pci virtio_blk ext4"
[ "$CPU" != intel ] || drivers="ata_piix sd_mod ext4"
for driver in $drivers; do
	modprobe -d "$tmp/find" -S "$version" --show-depends "$driver"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | while read -r path; do
	case $path in
	*.xz) xz -dc "$path" >"$init/modules/$n-$(basename "$path" .xz)" ;;
	*) cp "$path" "$init/modules/$n-$(basename "$path")" ;;
	esac
	n=$((n + 1))
done
(cd "$init" && find . | sort | "$busybox" cpio -o -H newc 2>/dev/null | gzip -1 -n) >"$out/initrd"
cp "$disk/boot/vmlinuz-$version" "$out/kernel"
echo "$version" >"$out/version"
if [ "$CPU" = intel ]; then
	. "$LAB/bochs.sh"
	bochs_boot_disk "$out/kernel" "$out/initrd" "$out/boot"
fi
make_disk "$disk" "$out/disk" "$(($(du -sm "$disk" | cut -f1) * 5 / 4 + 30))" 5ea15c0e-1ab0-4000-8000-000000000003
