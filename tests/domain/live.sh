#!/bin/bash
# Live domains at length, for `make check-vm` (5 minutes): pinned against stacked in 12 interleaved blocks over one
# running domain, several at once, copies, 40 domains in one run, a user's own libvirt, and the bad input that needs a
# domain of its own. PART="copy refused": these parts only.
. "$(dirname "$0")/../e2e/lib.sh"
PARTS="off stacked readme several copy device many session refused rights"
any_part $PARTS
need_kvm
libvirtd_up >"$T/why" || { skip "live domains: $(cat "$T/why")"; finish; }
D=own$$ V="virsh -q -c qemu:///system" N=${DOMAINS:-40} LOOP=
names() { echo "$D"; seq -f "$D-%g" "$N"; echo "$D-disk"; echo "$D-saved"; }
down() {
	for d in $(names); do $V destroy "$d"; $V managedsave-remove "$d"; $V undefine "$d"; done >/dev/null 2>&1
	[ -z "$LOOP" ] || losetup -d "$LOOP"
}
at_exit down
install -m 644 "$(dirname "$SS")/tests/busy.elf" "$T/"
# written NAME VCPUS CPUTUNE: its XML in $T/NAME.xml. define: and known.
written() { domain_xml "$1" "$2" "$T/busy.elf" /dev/null "$3" | sed "s/<serial type='file'>.*<.serial>//" >"$T/$1.xml"; }
add() { sed -i "s#</devices>#$2</devices>#" "$T/$1.xml"; } # NAME DEVICES
known() { # NAME: by libvirt, as $T/NAME.xml has it
	$V undefine "$1" >/dev/null 2>&1
	$V define "$T/$1.xml" >/dev/null || { bad "domain $1 cannot be defined"; finish; }
}
define() {
	written "$@"
	known "$1"
}
xml_of() { # NAME...: live but for its number, and inactive
	local d
	for d in "$@"; do $V dumpxml "$d" | sed "s/ id='[0-9]*'//"; $V dumpxml --inactive "$d"; done
}
same() { # CLAIM: of $T/before and $T/after
	cmp -s "$T/before" "$T/after" && ok "$1" || bad "$1: not so: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';')"
}
# refused NAME WORDS OPTION...: exit 2, and one line with these words.
refused() {
	local name=$1 words=$2
	shift 2
	expect_exit "$name" 2 "$SS" run --results "$T/bad" "$@"
	grep -q -E "$words" "$T/err" && [ "$(wc -l <"$T/err")" = 1 ] || bad "$name: not one clear line, before anything starts: $(cat "$T/err")"
}

cat >"$T/$MINE.xml" <<-X
	<scenario name="$MINE" title="Pinned against stacked, one running domain" warmup="100ms" duration="1500ms">
	<guest name="vm" kind="domain" domain="$D"/>
	<variant name="stacked"><set what="guest.vm.placement" to="stacked"/></variant>
	<variant name="pinned"><set what="guest.vm.placement" to="pinned"/></variant>
	</scenario>
X
define "$D" 2 ""

part_off() { # shut off: started for the run, and shut down again
	"$SS" run --results "$T/one" --json "$T/$MINE.xml" --set duration=500ms >"$T/run.json" 2>"$T/err" && ok "a domain that is shut off is measured" || bad "shut off: exit $?: $(tail -1 "$T/err")"
	[ "$($V domstate "$D")" = "shut off" ] && ok "and shut down again" || bad "it is $($V domstate "$D") afterwards"
}

part_stacked() {
	local pid
	$V start "$D"
	sleep 2
	xml_of "$D" >"$T/before"
	pid=$(cat "/run/libvirt/qemu/$D.pid")
	"$SS" run -n 12 --results "$T/res" "$T/$MINE.xml" >"$T/out" 2>"$T/err" && ok "12 interleaved runs an arm over one running domain" || bad "12 runs: exit $?: $(tail -1 "$T/err")"
	xml_of "$D" >"$T/after"
	same "its XML, live and inactive, is as it was"
	[ "$pid" = "$(cat "/run/libvirt/qemu/$D.pid")" ] && ok "without a reboot (QEMU is pid $pid still)" || bad "its QEMU is another"
	"$SS" compare --results "$T/res" --baseline stacked --json "scenario=$MINE" >"$T/compare.json" 2>"$T/err" || bad "compare: $(tail -1 "$T/err")"
	is_timed "compare: steal 490 ms/s lower when pinned, with an interval" "$T/compare.json" '[.. | objects | select(.name? == "steal.rate" and .method? == "signed-rank")][0] | .blocks == 12 and .shift < -450 and .shift > -530 and .ci[1] < 0' '[.. | objects | select(.name? == "steal.rate")][0] | {shift, ci, blocks, verdict}'
	cat "$T"/res/*/run.json | jq -s '{worst: ([.[].first_sample_ns] | max / 1e9)}' >"$T/first.json"
	is_timed "from run to measuring in 0.6 s" "$T/first.json" '.worst <= 0.6' '.worst'
	"$SS" compare --results "$T/res" --baseline stacked "scenario=$MINE" 2>/dev/null | grep -q "seen from outside only.*: vm;" && ok "compare says who was seen from outside" || bad "compare does not say who was seen from outside"
	$V destroy "$D"
}

part_readme() { # its second page, to the letter but for the domain's name and the length of the runs
	local line n=0
	grep -A3 '^    virsh list$' README.md | sed 's/^ *//; s/ *#.*//' >"$T/page"
	ln -s "$PWD/scenarios" "$T/scenarios"
	$V start "$D"
	sleep 2
	xml_of "$D" >"$T/before"
	while read -r line; do
		n=$((n + 1))
		line=${line//labvm/$D}
		line=${line//run -n 12/run -n 6 --set duration=500ms}
		(cd "$T" && eval "$line") >"$T/page.$n" 2>"$T/err" </dev/null && ok "README: $line" || bad "README: $line: exit $?: $(tail -1 "$T/err")"
	done < <(sed "s#^stealscope#$(realpath "$SS")#" "$T/page")
	[ "$n" = 4 ] && grep -q "$D *running" "$T/page.1" || bad "README's second page has $n commands: $(cat "$T/page")"
	grep -q -E "is better: steal.rate .*\[|steal.rate: no difference" "$T/page.4" && ok "README: a verdict with an interval ($(grep -m1 -E 'better: steal.rate|steal.rate: no' "$T/page.4"))" || bad "README: no verdict with an interval: $(grep -m3 steal "$T/page.4")"
	xml_of "$D" >"$T/after"
	same "README: the domain is as it was"
	$V destroy "$D"
}

part_several() { # two at once, one the subject and one its neighbour, beside a metal guest and noise; the second is started for it
	define "$D-1" 1 ""
	$V start "$D"
	state() { xml_of "$D"; $V dumpxml --inactive "$D-1"; $V domstate "$D-1"; }
	state >"$T/before"
	cat >"$T/several.xml" <<-X
		<scenario name="$MINE-several" title="Several domains beside metal guests and noise" warmup="100ms" duration="2s">
		<lab cpus="1"/>
		<guest name="vm" kind="domain" domain="$D" placement="stacked"/>
		<guest name="other" kind="domain" domain="$D-1" role="neighbour" placement="stacked"/>
		<guest name="metal" placement="stacked"><timer/></guest>
		<noise name="hog" kind="busy" placement="stacked"/>
		<expect metric="steal.rate" guest="vm" above="600ms/s"/>
		<expect metric="blame.share:hog" guest="vm" above="10%"/>
		<expect metric="blame.share:other" guest="vm" above="10%"/>
		</scenario>
	X
	"$SS" run --results "$T/several" --json "$T/several.xml" >"$T/several.json" 2>"$T/err" && ok "a subject, a neighbour, a metal guest and noise on one CPU" || bad "several: exit $?: $(tail -1 "$T/err")"
	is "each is what it was called" "$T/several.json" '[.variants[0].guests[] | {(.name): [.noise, .seen]}] | add == {vm: [false, "from outside"], other: [true, "from outside"], metal: [false, "by its agent"]}' '[.variants[0].guests[] | {(.name): [.noise, .seen, .metrics["steal.rate"]]}] | add'
	state >"$T/after"
	same "both have what they had: one runs, one is shut off"
	$V destroy "$D"
	$V undefine "$D-1"
}

# Owner, mode, times and content of each file: what a copy must leave alone.
files() { local f; for f in "$@"; do echo "$(stat -c '%n %s %u:%g %a %Y %Z' "$f") $(sha256sum <"$f")"; done; }
copy_gone() { [ -z "$($V list --all --name | grep "^stealscope-.*$MINE")" ]; }
part_copy() { # of one that has a disk upon another, an ISO, a network card and a name of its own: it writes, on an overlay
	local run copy='' overlay grown=0 ms disks
	gcc -m32 -nostdlib -static -Wl,--oformat=binary,-Ttext=0x7c00,--build-id=none '-DWORDS="hello from the disk\r\n"' -o "$T/sector" tests/e2e/boot_sector.S
	{ cat "$T/sector"; printf '%-512s' "second sector, as it was"; head -c 1048576 /dev/zero; } >"$T/own.raw"
	qemu-img create -q -f qcow2 -b own.raw -F raw "$T/own.qcow2"
	cp "$T/own.raw" "$T/own.iso"
	chmod 644 "$T"/own.*
	disks=("$T/own.raw" "$T/own.qcow2" "$T/own.iso")
	written "$D-disk" 1 ""
	sed -i "s#<loader.*</cmdline>#<boot dev='hd'/>#; s#<kernel>.*</cmdline>#<boot dev='hd'/>#; s/<domain type='kvm'>/<domain type='qemu'>/; /<cpu /d" "$T/$D-disk.xml"
	add "$D-disk" "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$T/own.qcow2'/><target dev='vda' bus='virtio'/></disk><disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='$T/own.iso'/><target dev='hda' bus='ide'/><readonly/></disk><interface type='user'><mac address='52:54:00:0d:0e:0f'/></interface><serial type='pty'/>"
	known "$D-disk"
	{ $V dumpxml --inactive "$D-disk"; files "${disks[@]}"; } >"$T/before"
	cat >"$T/copy.xml" <<-X
		<scenario name="$MINE-copy" title="A copy" warmup="100ms" duration="15s"><lab cpus="1"/>
		<guest name="vm" kind="domain" domain="$D-disk" use="copy" placement="pinned"/></scenario>
	X
	"$SS" run --results "$T/copy" "$T/copy.xml" >"$T/out" 2>"$T/err" &
	run=$!
	for _ in $(seq 100); do
		copy=$($V list --name | grep "^stealscope-.*-vm$" | head -1)
		[ -z "$copy" ] || break
		sleep 0.1
	done
	[ -n "$copy" ] && $V dumpxml "$copy" >"$T/copy.now" || : >"$T/copy.now"
	files "${disks[@]}" >"$T/meanwhile"
	overlay=$(grep -o "/run/stealscope/[^']*qcow2" "$T/copy.now" | head -1)
	while [ "${grown:-0}" = 0 ] && kill -0 $run 2>/dev/null; do
		sleep 0.5
		# By QEMU: the overlay's own tables are written when it pleases.
		grown=$($V domblkstat "$copy" vda 2>/dev/null | awk '$2 == "wr_req" {print $3}')
	done
	[ "${grown:-0}" = 0 ] || kill -INT $run # it has written: nothing more to wait for
	wait $run
	[[ $? =~ ^(0|130)$ ]] && ok "a copy of a domain with a disk upon another" || bad "a copy: exit $?: $(tail -1 "$T/err")"
	[ -n "$overlay" ] && ! grep -q "$($V domuuid "$D-disk")" "$T/copy.now" && ! grep -q "52:54:00:0d:0e:0f" "$T/copy.now" && grep -q "<link state='down'/>" "$T/copy.now" &&
		ok "its name ($copy), UUID and MAC are new, its link is down, its disk an overlay" || bad "the copy: $(grep -E '<name>|<uuid>|mac addr|source file|link' "$T/copy.now" | tr '\n' ' ')"
	[ "${grown:-0}" -gt 0 ] && ok "it writes, on the overlay ($grown requests)" || bad "nothing was written into the overlay: $(grep -E 'source file|boot|emulator' "$T/copy.now" | tr '\n' ' ')"
	{ $V dumpxml --inactive "$D-disk"; files "${disks[@]}"; } >"$T/after"
	same "the original, and its disks: owner, mode, size, times, content"
	[ "$(cat "$T/meanwhile")" = "$(files "${disks[@]}")" ] && ok "and so they were while the copy ran" || bad "while the copy ran: $(diff "$T/meanwhile" <(files "${disks[@]}"))"
	copy_gone && [ ! -e "$overlay" ] && ok "nothing of the copy is left" || bad "left of the copy: $($V list --all --name | grep stealscope) $overlay"
	for ms in 200 600 1200; do
		"$SS" run --results "$T/killed" "$T/copy.xml" >/dev/null 2>&1 &
		run=$!
		sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
		kill -9 $run
		wait $run 2>/dev/null
	done
	clean_after "copies of killed runs" 20
	for _ in $(seq 50); do copy_gone && break; sleep 0.2; done
	copy_gone && ok "kill -9 leaves no copy" || bad "after kill -9: $($V list --all --name | grep stealscope)"
	{ $V dumpxml --inactive "$D-disk"; files "${disks[@]}"; } >"$T/after"
	same "and the original and its disks as they were"
	files "$T/busy.elf" >"$T/before"
	expect_exit "a copy of one that boots a kernel" 0 "$SS" run --results "$T/copy" --set guest.vm.use=copy --set duration=500ms "$T/$MINE.xml"
	files "$T/busy.elf" >"$T/after"
	same "its kernel is as it was"
	$V start "$D-disk" # libvirt gives them to its QEMU's user while it runs
	refused "a copy of a domain that runs and writes to its disk" "runs and writes to its disk vda" "$T/copy.xml"
	$V destroy "$D-disk"
	$V undefine "$D-disk"
}

part_device() { # one that holds a device of the host, here a disk as a whole
	head -c 1048576 /dev/zero >"$T/lun"
	LOOP=$(losetup --show -f "$T/lun" 2>"$T/err") || { skip "a passed-through device: no loop device here: $(tail -1 "$T/err")"; return; }
	written "$D" 2 ""
	add "$D" "<disk type='block' device='lun'><driver name='qemu' type='raw'/><source dev='$LOOP'/><target dev='vda' bus='virtio'/></disk>"
	# QEMU passes a disk through virtio in its old form only, which libvirt has no word for.
	sed -i "s#<domain #&xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' #; s#</domain>#<qemu:commandline><qemu:arg value='-global'/><qemu:arg value='virtio-blk-pci.disable-modern=on'/></qemu:commandline>&#" "$T/$D.xml"
	known "$D"
	refused "a copy of a domain with a passed-through device" "has a disk of the host as a whole .*use=\"live\"" --set guest.vm.use=copy "$T/$MINE.xml"
	if $V start "$D" >"$T/out" 2>&1; then
		xml_of "$D" >"$T/before"
		expect_exit "live it is measured" 0 "$SS" run --results "$T/device" --set guest.vm.use=live --set duration=500ms "$T/$MINE.xml"
		xml_of "$D" >"$T/after"
		same "its XML is as it was"
		$V destroy "$D"
	else
		skip "live with a passed-through device: it does not start here: $(tail -1 "$T/out")"
	fi
	losetup -d "$LOOP"
	LOOP=
	define "$D" 2 ""
}

part_many() {
	local d left
	for d in $(seq -f "$D-%g" "$N"); do define "$d" 1 ""; $V start --paused "$d"; done
	for d in $(seq -f "$D-%g" "$N"); do $V resume "$d"; done
	{
		echo "<scenario name=\"$MINE-all\" title=\"Many domains in one run\" warmup=\"100ms\" duration=\"2s\">"
		for d in $(seq -f "$D-%g" "$N"); do echo "<guest name=\"g-${d##*-}\" kind=\"domain\" domain=\"$d\" placement=\"spread\"/>"; done
		echo "</scenario>"
	} >"$T/all.xml"
	for d in $(seq -f "$D-%g" "$N"); do xml_of "$d"; done >"$T/before"
	"$SS" batch --results "$T/all" --repeats 1 "$T/all.xml" >"$T/out" 2>"$T/err" && ok "$N domains in one batch run" || bad "$N domains: exit $?: $(tail -1 "$T/err")"
	cat "$T"/all/*/run.json 2>/dev/null | jq -s "{n: ([.[0].guests[] | select(.use == \"live\" and .status == \"ok\")] | length), first_s: (.[0].first_sample_ns / 1e9)}" >"$T/all.json"
	is "all of them measured" "$T/all.json" ".n == $N" '.'
	for d in $(seq -f "$D-%g" "$N"); do xml_of "$d"; done >"$T/after"
	same "each has what it had"
	for d in $(seq -f "$D-%g" "$N"); do $V destroy "$d"; $V undefine "$d"; done >/dev/null 2>&1
}

part_session() { # a user's own libvirt: no control groups there, and no tracer
	local S="as_user virsh -q -c qemu:///session" uri
	a_user "session$$" kvm || { skip "a user's own libvirt: no user can be made here: $(tail -1 "$T/err")"; return; }
	written mine 2 "<cputune><vcpupin vcpu='0' cpuset='0-1'/></cputune>"
	$S define "$T/mine.xml" >/dev/null && $S start mine || { bad "qemu:///session does not start a domain"; return; }
	sed "s/domain=\"$D\"/domain=\"mine\"/; s/<scenario /&trace=\"counters\" /" "$T/$MINE.xml" >"$T/session.xml"
	chmod 644 "$T/session.xml" "$T/mine.xml"
	sleep 1
	own() { $S dumpxml mine | sed "s/ id='[0-9]*'//"; $S dumpxml --inactive mine; grep -h Cpus_allowed_list /proc/"$(pgrep -u "$AS" -f guest=mine)"/task/*/status; }
	own >"$T/before"
	for uri in qemu:///session auto; do
		as_user "$T/bin/stealscope" run --connect $uri --results "$T/away/res" --json "$T/session.xml" >"$T/session.json" 2>"$T/err" && ok "a user's own running domain, by --connect $uri" || bad "--connect $uri: exit $?: $(tail -1 "$T/err")"
		is_timed "stacked it steals from itself, pinned not" "$T/session.json" '[.variants[].guests[0].metrics["steal.rate"]] | .[0] - .[1] > 300' '[.variants[].guests[0] | [.seen, .metrics["steal.rate"]]]'
		own >"$T/after"
		same "its XML, and where its threads may run, are as they were"
	done
	as_user "$T/bin/stealscope" run --connect qemu:///session --results "$T/away/res" "$T/session.xml" >/dev/null 2>&1 &
	sleep 1.5
	pkill -KILL -u "$AS" -x stealscope
	wait $! 2>/dev/null
	for _ in $(seq 50); do [ -z "$(ls -A "/run/$AS/stealscope" 2>/dev/null)" ] && break; sleep 0.2; done
	own >"$T/after"
	same "also after a kill -9 in mid-run"
	[ -z "$(ls -A "/run/$AS/stealscope" 2>/dev/null)" ] && ok "the user's runtime folder is empty" || bad "left in it: $(ls "/run/$AS/stealscope")"
	$S destroy mine
}

part_refused() {
	$V start "$D"
	$V suspend "$D"
	refused "paused" "is paused; .virsh resume $D. first" "$T/$MINE.xml"
	refused "paused, as a copy" "is paused" --set guest.vm.use=copy "$T/$MINE.xml"
	$V destroy "$D"
	# Emulated, since QEMU saves no guest that has the host's own CPU.
	written "$D-saved" 1 ""
	sed -i "s/<domain type='kvm'>/<domain type='qemu'>/; /<cpu /d" "$T/$D-saved.xml"
	known "$D-saved"
	$V start "$D-saved" && $V managedsave "$D-saved" >"$T/out" 2>&1 || { bad "managed save: libvirt does not save it: $(tail -1 "$T/out")"; return; }
	$V dumpxml --inactive "$D-saved" >"$T/before"
	refused "managed save" "has a managed save image, .*managedsave-remove" --set "guest.vm.domain=$D-saved" "$T/$MINE.xml"
	refused "managed save, as a copy" "has a managed save image" --set "guest.vm.domain=$D-saved" --set guest.vm.use=copy "$T/$MINE.xml"
	[ "$($V list --all --with-managed-save --name)" = "$D-saved" ] && ok "its managed save is there still" || bad "the managed save is gone"
	$V managedsave-remove "$D-saved"
	$V undefine "$D-saved"
}

part_rights() { # its owner's control group keeps it on CPU 0: whether its XML names the pins or not, it cannot be placed
	local how g top
	[ -d /sys/fs/cgroup/cpuset ] || { skip "a domain that may not be placed: this box has no cpuset of version 1"; return; }
	for how in "" "<cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' cpuset='0'/><emulatorpin cpuset='0'/></cputune>"; do
		define "$D" 2 "$how"
		$V start "$D"
		sleep 1
		top=$(find /sys/fs/cgroup/cpuset -maxdepth 3 -type d -name "*-$D.*" | head -1)
		for g in "$top"/*/ "$top"; do echo 0 >"$g/cpuset.cpus"; done
		xml_of "$D" >"$T/before"
		echo "<scenario name=\"$MINE\" duration=\"500ms\"><lab cpuset=\"1\"/><guest name=\"vm\" kind=\"domain\" domain=\"$D\" placement=\"stacked\"/></scenario>" >"$T/rights.xml"
		expect_exit "a domain that may not be placed${how:+, its pins in its XML}" 4 "$SS" run --results "$T/bad" "$T/rights.xml"
		grep -q "domain '$D' cannot be changed: vcpupin.0: " "$T/err" && ok "it is told ($(grep -o "domain '.*" "$T/err"))" || bad "it is not told: $(cat "$T/err")"
		xml_of "$D" >"$T/after"
		same "its XML is as it was"
		$V destroy "$D"
	done
	define "$D" 2 ""
}

# shellcheck disable=SC2086
parts $PARTS
down
clean_after "live domains"
finish
