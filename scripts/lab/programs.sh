# SPDX-License-Identifier: GPL-3.0-or-later
# The programs that go into the lab: this machine's own build where it runs the lab's release, else one made in
# a Debian root of that release, so that the versions of the libraries fit. Sourced by lab-vm.
# shellcheck shell=bash disable=SC2034,SC2154

# Unit tests of what differs most between boxes go into the lab too, and the tests of the tracer on real threads.
PROGRAM_TESTS="test_cgroup test_cgroup_reaper test_noise test_facts test_topology test_domain trace_threads"

programs_targets() { # BUILD
	local t
	echo all
	for t in $PROGRAM_TESTS; do
		echo "$1/tests/$t"
	done
}

this_release() { (. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}"); }

# In the builder, with the tree at /src and PROGRAMS at /out, in a mount namespace of its own: whatever happens,
# nothing stays mounted. Without root, the user is root of a user namespace in there.
in_builder() { # COMMAND
	local user=
	[ "$(id -u)" = 0 ] || user=--map-root-user
	# shellcheck disable=SC2016,SC2086
	exec setpriv --pdeathsig KILL unshare $user --mount --pid --fork --kill-child --mount-proc sh -ec '
		mount --rbind "$2" "$1/src"
		mount --bind "$3" "$1/out"
		mount --rbind /dev "$1/dev"
		mount --rbind /proc "$1/proc"
		unset CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKEFLAGS MFLAGS
		exec chroot "$1" /bin/sh -ec "cd /src && $4"' sh "$BUILDER" "$TOP" "$PROGRAMS" "$1"
}

# programs_make: sets PROGRAMS, the build folder whose contents the lab's build/ gets.
programs_make() {
	local log=$WORK/make.log
	if [ -z "$BUILDER" ]; then
		PROGRAMS=${LAB_BUILD:-$TOP/build}
		# shellcheck disable=SC2046
		setpriv --pdeathsig TERM make -s -C "$TOP" -j"$(nproc)" BUILD="${LAB_BUILD:-build}" \
			$(programs_targets "${LAB_BUILD:-build}") </dev/null >"$log" 2>&1 &
	else
		PROGRAMS=$CACHE/programs-$RELEASE
		mkdir -p "$PROGRAMS"
		in_builder "make -s -j$(nproc) BUILD=/out $(programs_targets /out | tr '\n' ' ')" </dev/null >"$log" 2>&1 &
	fi
	BOX[make]=$!
	wait "${BOX[make]}" || {
		tail -5 "$log" >&2
		die 1 "the programs do not build for $RELEASE"
	}
	unset "BOX[make]"
}
