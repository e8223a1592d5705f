#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# box.sh PART WORK: make a part of the lab in WORK/PART, from Debian's packages. Run by parts.sh as the first process
# of namespaces of its own (mounts, processes; users, where lab-vm has no root): however it ends, kill -9 included, all
# it mounted and started ends with it. RELEASE, PACKAGES and the rest come in the environment.
set -eu
set -o pipefail
part=$1 work=$2 out=$2/$1 tmp=$2/tmp.$1
unset CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKEFLAGS MFLAGS # this machine's, not the root's that is built in
mkdir "$out" "$tmp"
# Unpacking is thousands of small files: in memory where there is plenty. Gone with the mount namespace.
[ "$LAB_TMPFS" = 0 ] || mount -t tmpfs -o mode=755 lab "$tmp"
chmod 755 "$tmp"
trap 'rm -rf "$tmp"/* 2>/dev/null' EXIT
export TMPDIR=$tmp
root=$tmp/root

sources() { # SUITE
	local signed="[signed-by=$KEYRING arch=amd64]"
	echo "deb $signed $MIRROR $1 main"
	[ "$1" != "$RELEASE" ] || printf '%s\n' "deb $signed $MIRROR $1-updates main" "deb $signed $SECURITY $1-security main"
}

# debian_root RELEASE PACKAGES [MMDEBSTRAP-OPTION...]: a Debian root in $root.
debian_root() {
	local RELEASE=$1 include=$2
	shift 2
	# Retries: a mirror drops a connection now and then. What dpkg leaves out, and that it need not sync each file, are told
	# it by a file: by --dpkgopt, mmdebstrap would pipe each archive through a filter in Python, half a second each.
	# shellcheck disable=SC2016
	timeout --foreground 900 mmdebstrap --mode=root --variant=minbase --format=directory --architectures=amd64 \
		--include="$include" --aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' --aptopt='Acquire::http::Timeout "30"' \
		--extract-hook='printf "%s\n" force-unsafe-io "path-exclude=/usr/share/doc/*" "path-exclude=/usr/share/man/*" \
			"path-exclude=/usr/share/locale/*" >"$1/etc/dpkg/dpkg.cfg.d/lab"' \
		"$@" "$RELEASE" "$root" - < <(sources "$RELEASE")
	rm -rf "$root"/dev/*
}

# copy FOLDER [TAR-OPTION...]: from $root to a folder, which may be owned by an ordinary user.
copy() {
	tar -c -C "$root" "${@:2}" . | tar -x -C "$1" --no-same-owner
}

# make_disk FOLDER FILE MB UUID: the same input gives the same bytes: a fixed UUID, times of a fixed day.
make_disk() {
	truncate -s "${3}M" "$2"
	SOURCE_DATE_EPOCH=1700000000 mke2fs -q -t ext4 -O ^has_journal -m 0 -U "$4" \
		-E hash_seed=5ea15c0e-1ab0-4000-8000-000000000002,lazy_itable_init=1,nodiscard -d "$1" "$2"
	truncate -s %516096 "$2" # whole cylinders, for Bochs
}

# suite_index SUITE: what it has, sources too, in a folder of its own: no apt of this machine is touched.
suite_index() {
	apt=$tmp/apt-$1
	[ ! -d "$apt" ] || return 0
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
	: >"$apt/status"
	{ sources "$1"; [ "$part" != bochs ] || sources "$1" | sed -n 's/^deb \(.*\) arch=amd64/deb-src \1/p'; } >"$apt/list"
	in_apt apt-get -q --error-on=any update
}
in_apt() { # APT-COMMAND ARGUMENT...
	"$1" -o Dir::State="$apt/state" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" -o Dir::Etc::sourceparts=- \
		-o Dir::Etc::sourcelist="$apt/list" -o APT::Sandbox::User=root -o APT::Architecture=amd64 -o Acquire::Languages=none \
		-o Acquire::Retries=3 -o Acquire::http::Timeout=30 "${@:2}"
}

case $part in
image)
	debian_root "$RELEASE" "$PACKAGES"
	. "$LAB/image.sh"
	;;
kernel)
	. "$LAB/kernel.sh"
	;;
qemu) # unpacked, not installed; it runs with its own libraries, from wherever its folder is
	debian_root trixie qemu-system-x86 --variant=extract
	copy "$out" --exclude='./var/*' --exclude='./usr/share/doc/*' --exclude='./usr/share/locale/*'
	cat >"$out/run" <<-'R'
	#!/bin/sh
	d=$(dirname "$0") lib=$(dirname "$0")/usr/lib/x86_64-linux-gnu
	QEMU_MODULE_DIR=$lib/qemu exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" \
		"$d/usr/bin/qemu-system-x86_64" -L "$d/usr/share/seabios" -L "$d/usr/share/qemu" "$@"
	R
	chmod 755 "$out/run"
	"$out/run" --version
	;;
bochs)
	. "$LAB/bochs.sh"
	bochs_make
	;;
builder)
	debian_root "$RELEASE" "$PACKAGES"
	copy "$out"
	mkdir -p "$out/src" "$out/out"
	;;
esac
echo $SECONDS >"$work/$part.seconds"
