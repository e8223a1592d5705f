# SPDX-License-Identifier: GPL-3.0-or-later
# The QEMU that runs the lab: this machine's, or Debian 13's in the cache folder where this machine's would hang.
# Emulating with a thread a processor, QEMU before 8.1 can keep a translation of code that another processor changed
# while it was being translated. Linux changes its scheduler's code when it runs (the first VM to start, a tracer):
# a processor that met the breakpoint of such a change goes on meeting it when it is gone from memory, for ever and
# with its run queue locked. Newer ones hold the page while they translate. Sourced by lab-vm.
# shellcheck shell=bash disable=SC2034,SC2154

# qemu_is_sound: by its version; unknown is not.
qemu_is_sound() {
	local major minor
	read -r major minor < <("$QEMU" --version 2>/dev/null | sed -nE '1s/.*version ([0-9]+)\.([0-9]+).*/\1 \2/p')
	((${major:-0} * 100 + ${minor:-0} >= 801))
}

# Unpacked, not installed; it runs with its own libraries, from wherever its folder is.
qemu_fill() {
	RELEASE=trixie debian_root qemu-system-x86 --variant=extract 2>"$WORK/qemu-fill.log" |
		tar -x -C "$WORK/qemu" --no-same-owner --exclude='./dev/*' --exclude='./var/*' \
			--exclude='./usr/share/doc/*' --exclude='./usr/share/locale/*' 2>>"$WORK/qemu-fill.log" || return
	cat >"$WORK/qemu/run" <<-'X'
	#!/bin/sh
	d=$(dirname "$0") lib=$(dirname "$0")/usr/lib/x86_64-linux-gnu
	QEMU_MODULE_DIR=$lib/qemu exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" \
		"$d/usr/bin/qemu-system-x86_64" -L "$d/usr/share/seabios" -L "$d/usr/share/qemu" "$@"
	X
	chmod 755 "$WORK/qemu/run" && "$WORK/qemu/run" --version >/dev/null 2>>"$WORK/qemu-fill.log"
}

# qemu_make: sets QEMU. Where no newer one can be had, this machine's runs the lab, and that is said.
qemu_make() {
	local key dir start=$SECONDS
	[ -z "${LAB_QEMU:-}" ] && [[ $(machine_accel) = *tcg* ]] && ! qemu_is_sound || return 0
	key=$({ echo "$MIRROR"; declare -f qemu_fill debian_root; } | sha256sum | cut -c1-12)
	dir=$CACHE/qemu-$key
	if [ ! -d "$dir" ]; then
		need_disk 500
		cache_lock
	fi
	if [ ! -d "$dir" ]; then
		say "this machine's QEMU is older than 8.1 and would hang now and then: getting Debian 13's (half a minute)"
		mkdir "$WORK/qemu"
		debian_root_check
		if in_group qemu_fill; then
			rm -rf "$CACHE"/qemu-*
			mv "$WORK/qemu" "$dir" || die 1 "cannot move QEMU to $dir"
			say "it is there ($((SECONDS - start)) s)"
		else
			say "it cannot be had, the lab may hang: $(why "$WORK/qemu-fill.log")"
		fi
	fi
	cache_unlock
	[ ! -d "$dir" ] || QEMU=$dir/run
}
