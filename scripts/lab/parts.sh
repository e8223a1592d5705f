# SPDX-License-Identifier: GPL-3.0-or-later
# The parts of the lab: folders CACHE/PART-...-KEY (KEY: what it is made from) that appear complete or not at all. Those
# that are missing are made at the same time, each by box.sh in namespaces of its own. Sourced by lab-vm.
#   image    the lab's disk                       kernel   its kernel, those of its guests, the initramfs
#   bochs    the emulator of the lab with an Intel processor
#   qemu     the QEMU that runs it, where this    builder  a Debian root of its release to build the programs in, where
#            machine's would hang                          this machine runs another
# shellcheck shell=bash disable=SC2034,SC2154

# Where this machine's own apt gets its packages; LAB_MIRROR and LAB_MIRROR_SECURITY name others.
apt_site() { # WORD: the first configured site for security updates, or for the rest
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sed 's|/$||' |
		if [ "$1" = security ]; then grep -m 1 security; else grep -m 1 -v security; fi
}
MIRROR=${LAB_MIRROR:-$(apt_site main)}
SECURITY=${LAB_MIRROR_SECURITY:-$(apt_site security)}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
DISK_MB=3500 # the lab's disk, sparse: about 1 GB of it is filled
export LAB MIRROR SECURITY KEYRING DISK_MB

knows_release() { case $1 in bookworm | trixie) ;; *) return 1 ;; esac }

# packages USE: the packages of a use for $RELEASE, separated by commas.
packages() {
	{
		awk -v r="$RELEASE" -v u="$1" '($1 == "any" || $1 == r) && $2 == u {for (i = 3; i <= NF; i++) print $i}' \
			"$LAB/packages"
		case $1 in
		image)
			[ "$HYPERVISOR" != xen ] || { packages xen; echo; }
			"$TOP/scripts/setup" --print run
			echo "${LAB_PACKAGES:-}"
			;;
		builder) "$TOP/scripts/setup" --print build ;;
		esac
	} | tr -s ' \n' ',' | sed 's/,$//'
}

# Emulating with a thread a processor, QEMU before 8.1 can keep a translation of code that another processor changed
# while it was being translated. Linux changes its scheduler's code when it runs (the first VM to start, a tracer):
# a processor that met the breakpoint of such a change goes on meeting it when it is gone from memory, for ever and
# with its run queue locked. Newer ones hold the page while they translate.
needs_qemu() {
	local major minor
	[ -z "${LAB_QEMU:-}" ] && [[ $(machine_accel) = *tcg* ]] || return
	read -r major minor < <("$QEMU" --version 2>/dev/null | sed -nE '1s/.*version ([0-9]+)\.([0-9]+).*/\1 \2/p')
	((${major:-0} * 100 + ${minor:-0} < 801))
}

declare -A FOLDER BOX
# part NAME OLD WHAT...: FOLDER[NAME] for what it is made from; OLD-* are other versions of it, of no more use then.
part() {
	local guest=()
	case $1 in image | kernel) guest=("$LAB/guest"/*) ;; esac
	FOLDER[$1]=$CACHE/$2-$({ echo "${@:3}" "$MIRROR $SECURITY"; cat "$LAB/box.sh" "${guest[@]}"; cat "$LAB/$1.sh" 2>/dev/null; } |
		sha256sum | cut -c1-12)
}
parts_name() {
	if [ "$HYPERVISOR" = xen ]; then
		part image "xen-image-$RELEASE" "$(packages image)" "$(cat "$LAB/xen.sh")"
	else
		part image "image-$RELEASE" "$(packages image)"
	fi
	if [ "$CPU" = intel ]; then
		part kernel "intel-kernel-$RELEASE-$KERNEL" "$(cat "$LAB/bochs.sh")"
		part bochs bochs
	else
		part kernel "kernel-$RELEASE-$KERNEL"
		! needs_qemu || part qemu qemu
	fi
	[ "$(this_release)" = "$RELEASE" ] || part builder "builder-$RELEASE" "$(packages builder)"
}

parts_check() {
	local p have
	for p in mmdebstrap:mmdebstrap depmod:kmod mke2fs:e2fsprogs xz:xz-utils $([ "$CPU" != intel ] ||
		echo mcopy:mtools syslinux:syslinux sfdisk:fdisk); do
		command -v "${p%:*}" >/dev/null || die 4 "${p%:*} is not installed (apt-get install ${p#*:})"
	done
	[ -n "$MIRROR" ] || die 4 "apt names no site to get packages from; LAB_MIRROR=URL does"
	[ -r "$KEYRING" ] || die 4 "$KEYRING is not there (apt-get install debian-archive-keyring)"
	if [ "$(id -u)" != 0 ]; then
		command -v newuidmap >/dev/null || die 4 "without root, newuidmap is needed (apt-get install uidmap)"
		grep -qE "^($(id -un)|$(id -u)):" /etc/subuid 2>/dev/null ||
			die 4 "without root, subordinate user ids are needed (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un))"
	fi
	have=$(df -Pm "$CACHE" | awk 'NR == 2 {print $4}')
	((have >= 4000)) || die 4 "$CACHE has $have MB free; 4000 MB are needed (LAB_CACHE names another folder)"
	# Of the two Debian roots that may be in the making and QEMU's, with their packages.
	LAB_TMPFS=$(awk '/^MemAvailable/ {print ($2 > 7000000)}' /proc/meminfo)
	export LAB_TMPFS RELEASE KERNEL HYPERVISOR CPU
}

# as_root COMMAND...: as root of a user namespace where lab-vm has no root.
as_root() {
	local user=(--user --map-auto --map-root-user)
	[ "$(id -u)" != 0 ] || { "$@"; return; }
	unshare "${user[@]}" "$@"
}

box_start() { # PART
	local ns=(--mount --pid --fork --kill-child --mount-proc)
	[ "$(id -u)" = 0 ] || ns+=(--user --map-auto --map-root-user)
	PACKAGES=$(packages "$1") setpriv --pdeathsig KILL unshare "${ns[@]}" bash "$LAB/box.sh" "$1" "$WORK" \
		</dev/null >"$WORK/$1.log" 2>&1 9>&- &
	BOX[$1]=$!
}
# parts_end: each part, when it is made, becomes its FOLDER instead of older versions; the first that fails ends all.
parts_end() {
	local name pid status
	while [ ${#BOX[@]} != 0 ]; do
		wait -n -p pid "${BOX[@]}"
		status=$?
		for name in "${!BOX[@]}"; do [ "${BOX[$name]}" != "$pid" ] || break; done
		unset "BOX[$name]"
		if [ $status = 0 ]; then
			rm -rf "${FOLDER[$name]%-*}"-*
			mv "$WORK/$name" "${FOLDER[$name]}" || die 1 "cannot move the $name to ${FOLDER[$name]}"
			say "$name: made in $(cat "$WORK/$name.seconds") s"
		elif [ "$name" = qemu ]; then
			say "QEMU older than 8.1, the lab may hang; a newer one cannot be had: $(why "$WORK/qemu.log")"
		else
			die 1 "the $name of the $RELEASE lab cannot be made: $(why "$WORK/$name.log")"
		fi
	done
}

# why LOG: the line of apt or dpkg that says most.
why() {
	local line
	line=$(grep -aE "Unable to locate|has no installation candidate|unmet dep|Failed to fetch|does not have a Release|Could not|Cannot|error:|^E:" "$1" |
		grep -avE '^E: (apt-get|mmdebstrap|run_chroot|setup failed|child)' | head -1 | sed 's/^[E: ]*//')
	echo "${line:-$(tail -n 1 "$1")}"
}

# parts_make: sets IMAGE, KERNEL_DIR, QEMU and BUILDER. Where no newer QEMU can be had, this machine's runs the lab, and that is said.
parts_make() {
	local name missing=()
	parts_name
	parts_missing() { for name in "${!FOLDER[@]}"; do [ -d "${FOLDER[$name]}" ] || missing+=("$name"); done; }
	parts_missing
	if [ ${#missing[@]} != 0 ]; then
		parts_check
		exec 9>"$CACHE/lock"
		flock -w 1200 9 || die 1 "another lab-vm has been building in $CACHE for 20 minutes"
		missing=()
		parts_missing
		[ ${#missing[@]} = 0 ] || say "making from Debian's packages: ${missing[*]} (1-3 minutes)"
		for name in "${missing[@]}"; do box_start "$name"; done
		parts_end
		exec 9>&-
	fi
	IMAGE=${FOLDER[image]} KERNEL_DIR=${FOLDER[kernel]} BUILDER=${FOLDER[builder]:-} BOCHS=${FOLDER[bochs]:-}
	[ -z "${FOLDER[qemu]:-}" ] || [ ! -x "${FOLDER[qemu]}/run" ] || QEMU=${FOLDER[qemu]}/run
}
