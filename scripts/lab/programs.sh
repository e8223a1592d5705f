# SPDX-License-Identifier: GPL-3.0-or-later
# The programs that go into the lab: this machine's own build where it runs the lab's release, else one made in
# a Debian root of that release, so that the versions of the libraries fit. Sourced by lab-vm.
# shellcheck shell=bash disable=SC2034,SC2154

# Unit tests of what differs most between boxes go into the lab too.
PROGRAM_TESTS="cgroup cgroup_reaper noise facts topology domain"

programs_targets() { # BUILD
	local t
	echo all
	for t in $PROGRAM_TESTS; do
		[ ! -e "$TOP/tests/unit/test_$t.c" ] || echo "$1/tests/test_$t"
	done
}

builder_fill() {
	debian_root "$(packages build)" 2>"$WORK/builder.log" |
		tar -x -C "$WORK/builder" --no-same-owner --exclude='./dev/*' 2>>"$WORK/builder.log"
}

# builder_make: CACHE/builder-RELEASE-KEY, a Debian root with the build packages, owned by this user.
builder_make() {
	local key start=$SECONDS
	key=$(echo "$(packages build) $MIRROR" | sha256sum | cut -c1-12)
	BUILDER=$CACHE/builder-$RELEASE-$key
	[ ! -d "$BUILDER" ] || return 0
	need_disk 4000
	cache_lock
	[ ! -d "$BUILDER" ] || { cache_unlock; return 0; }
	say "making a $RELEASE root to build in (1-3 minutes)"
	mkdir "$WORK/builder"
	debian_root_check
	in_group builder_fill || die 1 "a $RELEASE root to build in cannot be made: $(why "$WORK/builder.log")"
	mkdir -p "$WORK/builder/src" "$WORK/builder/out"
	rm -rf "$CACHE/builder-$RELEASE"-*
	mv "$WORK/builder" "$BUILDER" || die 1 "cannot move the root to $BUILDER"
	cache_unlock
	say "the root is made ($((SECONDS - start)) s)"
}

# in_builder COMMAND: in that root, with the tree at /src and PROGRAMS at /out, in a mount namespace of its own:
# whatever happens, nothing stays mounted. Without root, the user is root of a user namespace in there.
in_builder() {
	local user=
	[ "$(id -u)" = 0 ] || user=--map-root-user
	# shellcheck disable=SC2086
	unshare $user --mount --propagation private sh -ec '
		mount --rbind "$2" "$1/src"
		mount --bind "$3" "$1/out"
		mount --rbind /dev "$1/dev"
		mount --rbind /proc "$1/proc"
		exec chroot "$1" /bin/sh -ec "cd /src && $4"' sh "$BUILDER" "$TOP" "$PROGRAMS" "$1"
}

# programs_make: sets PROGRAMS, the build folder whose contents the lab's build/ gets.
programs_make() {
	local here log=$WORK/make.log
	here=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")
	if [ "$here" = "$RELEASE" ]; then
		PROGRAMS=${LAB_BUILD:-$TOP/build}
		# shellcheck disable=SC2046
		in_group make -s -C "$TOP" -j"$(nproc)" BUILD="${LAB_BUILD:-build}" \
			$(programs_targets "${LAB_BUILD:-build}") >"$log" 2>&1
	else
		builder_make
		PROGRAMS=$CACHE/programs-$RELEASE
		mkdir -p "$PROGRAMS"
		in_group in_builder "make -s -j$(nproc) BUILD=/out $(programs_targets /out | tr '\n' ' ')" >"$log" 2>&1
	fi || {
		tail -5 "$log" >&2
		die 1 "the programs do not build for $RELEASE"
	}
}
