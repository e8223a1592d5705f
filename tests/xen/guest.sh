# Linux guests under Xen (PV), made by libvirt: a busy loop, and what the guest itself says of its steal. Sourced by
# tests/xen/inside.sh.
# shellcheck shell=bash disable=SC2034,SC2154

KERNEL=/var/cache/stealscope/kernels/distro/vmlinuz
VIRSH="virsh -q -c xen:///system"

# guest_initrd: $T/initrd. /init burns its CPU when told so on the command line, and says each second
# "TICK uptime_s steal_ticks" (1/100 s, of /proc/stat).
guest_initrd() {
	local d=$T/initramfs
	mkdir -p "$d/bin" "$d/proc" "$d/dev"
	cp /bin/busybox "$d/bin/"
	cat >"$d/init" <<-'I'
	#!/bin/busybox sh
	/bin/busybox --install -s /bin
	mount -t proc proc /proc
	mount -t devtmpfs dev /dev
	grep -q burn /proc/cmdline && while :; do :; done &
	while sleep 1; do
		read -r up _ </proc/uptime
		set -- $(head -n 1 /proc/stat)
		echo "TICK $up $9"
	done
	I
	chmod 755 "$d/init"
	(cd "$d" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$T/initrd"
}

# guest_start NAME CPU [burn|sleep] [CAP]: pinned before it runs; its console goes to $T/NAME.console.
guest_start() {
	cat >"$T/$1.xml" <<-X
	<domain type='xen'><name>$1</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
	<os><type arch='x86_64' machine='xenpv'>linux</type><kernel>$KERNEL</kernel><initrd>$T/initrd</initrd>
	<cmdline>console=hvc0 quiet ${3:-burn}</cmdline></os>
	<on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>
	<devices><console type='pty'><target type='xen' port='0'/></console></devices></domain>
	X
	$VIRSH create "$T/$1.xml" --paused || return
	at_exit "$VIRSH destroy $1 >/dev/null 2>&1"
	$VIRSH vcpupin "$1" 0 "$2" || return
	[ -z "${4:-}" ] || $VIRSH schedinfo "$1" --set cap="$4" >/dev/null || return
	cat "$($VIRSH ttyconsole "$1")" >"$T/$1.console" &
	at_exit "kill $! 2>/dev/null"
	$VIRSH resume "$1" >/dev/null
}

# guest_up NAME: it has said something.
guest_up() {
	local i
	for i in $(seq 120); do
		grep -q TICK "$T/$1.console" && return
		sleep 0.5
	done
	echo "$1 did not come up: $(tail -n 3 "$T/$1.console")"
	return 1
}

# guest_steal NAME FROM-LINE: ms/s of steal by its own /proc/stat, from that TICK on to the last.
guest_steal() {
	grep -a TICK "$T/$1.console" | tr -d '\r' | tail -n "+$2" | awk 'NR == 1 {u = $2; s = $3} {U = $2; S = $3}
		END {if (U > u) printf "%.1f\n", (S - s) * 10 / (U - u)}'
}
guest_ticks() { grep -ac TICK "$T/$1.console"; }
