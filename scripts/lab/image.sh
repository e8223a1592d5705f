# SPDX-License-Identifier: GPL-3.0-or-later
# The lab's disk, kernel and initramfs, made from Debian's packages: sourced by lab-vm.
# An image is a folder CACHE/image-RELEASE-KEY (KEY: what it is made from) that appears complete or not at all.
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

image_knows_release() { case $1 in bookworm | trixie) ;; *) return 1 ;; esac }

# packages USE: the packages of a use for $RELEASE, separated by commas.
packages() {
	{
		awk -v r="$RELEASE" -v u="$1" '($1 == "any" || $1 == r) && $2 == u {for (i = 3; i <= NF; i++) print $i}' \
			"$LAB/packages"
		case $1 in
		lab) "$TOP/scripts/setup" --print run; echo "${LAB_PACKAGES:-}" ;;
		build) "$TOP/scripts/setup" --print build ;;
		esac
	} | tr -s ' \n' ',' | sed 's/,$//'
}

# need_disk MB: enough room below the cache.
need_disk() {
	local have
	have=$(df -Pm "$CACHE" | awk 'NR == 2 {print $4}')
	((have >= $1)) || die 4 "$CACHE has $have MB free; $1 MB are needed (LAB_CACHE names another folder)"
}

# The cache's lock: held by whoever makes something for it.
cache_lock() {
	exec 9>"$CACHE/lock"
	flock -w 1200 9 || die 1 "another lab-vm has been building in $CACHE for 20 minutes"
}
cache_unlock() { exec 9>&-; }

debian_root_check() {
	command -v mmdebstrap >/dev/null || die 4 "mmdebstrap is not installed (apt-get install mmdebstrap)"
	[ -n "$MIRROR" ] || die 4 "apt names no site to get packages from; LAB_MIRROR=URL does"
	[ -r "$KEYRING" ] || die 4 "$KEYRING is not there (apt-get install debian-archive-keyring)"
	[ "$(id -u)" = 0 ] || command -v newuidmap >/dev/null ||
		die 4 "without root, newuidmap is needed (apt-get install uidmap)"
}

# debian_root PACKAGES [MMDEBSTRAP-OPTION...]: a Debian root as a tar on stdout.
debian_root() {
	local include=$1 tmp=$WORK
	shift
	# Without root, mmdebstrap works as a subordinate user, which must be able to pass every parent folder.
	[ "$(id -u)" = 0 ] || tmp=/var/tmp
	# Retries: a mirror drops a connection now and then. Documentation, translations: half of the time of unpacking.
	TMPDIR=$tmp timeout --foreground 900 mmdebstrap --mode=auto --variant=minbase --format=tar --keyring="$KEYRING" \
		--architectures=amd64 --include="$include" --aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' --aptopt='Acquire::http::Timeout "30"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' "$@" "$RELEASE" - \
		"deb $MIRROR $RELEASE main" "deb $MIRROR $RELEASE-updates main" "deb $SECURITY $RELEASE-security main"
}

# why LOG: the line of apt or dpkg that says most.
why() {
	local line
	line=$(grep -aE "Unable to locate|has no installation candidate|unmet dep|Failed to fetch|Could not|Cannot|error:|^E:" "$1" |
		grep -avE '^E: (apt-get|mmdebstrap|run_chroot|setup failed|child)' | head -1 | sed 's/^[E: ]*//')
	echo "${line:-$(tail -n 1 "$1")}"
}

image_key() {
	{
		echo "$RELEASE $(packages lab) $MIRROR $SECURITY $DISK_MB"
		declare -f debian_root image_fill
		cat "$LAB"/disk.sh "$LAB"/guest/*
	} | sha256sum | cut -c1-12
}

image_fill() {
	local fake=
	[ "$(id -u)" = 0 ] || fake="fakeroot --"
	# shellcheck disable=SC2086
	debian_root "$(packages lab)" --customize-hook="sh '$LAB/guest/kernel' \"\$1\"" 2>"$WORK/image.log" |
		$fake bash "$LAB/disk.sh" "$WORK/root" "$WORK/image" "$LAB/guest" "$DISK_MB" >"$WORK/disk.log" 2>&1
}

image_make() {
	local start=$SECONDS
	IMAGE=$CACHE/image-$RELEASE-$(image_key)
	[ ! -e "$IMAGE/disk" ] || return 0
	need_disk 4000
	cache_lock
	[ ! -e "$IMAGE/disk" ] || { cache_unlock; return 0; }
	say "making the $RELEASE lab from Debian's packages (1-3 minutes)"
	mkdir "$WORK/root" "$WORK/image"
	debian_root_check
	[ "$(id -u)" = 0 ] || command -v fakeroot >/dev/null ||
		die 4 "without root, fakeroot is needed (apt-get install fakeroot)"
	if ! in_group image_fill; then
		cat "$WORK/disk.log" >>"$WORK/image.log"
		die 1 "the $RELEASE lab cannot be made: $(why "$WORK/image.log")"
	fi
	# Another version of the same release is of no more use.
	rm -rf "$WORK/root" "$CACHE/image-$RELEASE"-*
	mv "$WORK/image" "$IMAGE" || die 1 "cannot move the image to $IMAGE"
	cache_unlock
	say "the $RELEASE lab is made ($((SECONDS - start)) s, Linux $(cat "$IMAGE/version"))"
}
