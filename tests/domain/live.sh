#!/bin/bash
# Live domains at length, for `make check-vm` (4 minutes): pinned against stacked in 12 interleaved blocks over one
# running domain, 40 domains in one run, one that is shut off, and the bad input that needs a domain of its own.
cd "$(dirname "$0")/../e2e" || exit 1
. ./lib.sh
need_kvm
libvirtd_up >"$T/why" || { skip "live domains: $(cat "$T/why")"; finish; }
D=own$$ V="virsh -q -c qemu:///system" N=${DOMAINS:-40}
names() { echo "$D"; seq -f "$D-%g" "$N"; echo "$D-pci"; echo "$D-disk"; }
down() { for d in $(names); do $V destroy "$d"; $V managedsave-remove "$d"; $V undefine "$d"; done >/dev/null 2>&1; }
at_exit down
install -m 644 "$(dirname "$SS")/tests/busy.elf" "$T/"
define() { # NAME VCPUS CPUTUNE
	domain_xml "$1" "$2" "$T/busy.elf" /dev/null "$3" | sed "s/<serial type='file'>.*<.serial>//" >"$T/$1.xml"
	$V define "$T/$1.xml" >/dev/null || { bad "domain $1 cannot be defined"; finish; }
}
both() { $V dumpxml "$D" | sed "s/ id='[0-9]*'//"; $V dumpxml --inactive "$D"; }

define "$D" 2 ""
cat >"$T/$MINE.xml" <<-X
	<scenario name="$MINE" title="Pinned against stacked, one running domain" warmup="100ms" duration="1500ms">
	<guest name="vm" kind="domain" domain="$D"/>
	<variant name="stacked"><set what="guest.vm.placement" to="stacked"/></variant>
	<variant name="pinned"><set what="guest.vm.placement" to="pinned"/></variant>
	</scenario>
X

# Shut off: started for the run, and shut down again.
"$SS" run --results "$T/one" --json "$T/$MINE.xml" --set duration=500ms >"$T/run.json" 2>"$T/err" && ok "a domain that is shut off is measured" || bad "shut off: exit $?: $(tail -1 "$T/err")"
[ "$($V domstate "$D")" = "shut off" ] && ok "and shut down again" || bad "it is $($V domstate "$D") afterwards"

$V start "$D"
sleep 2
both >"$T/before"
pid=$(cat "/run/libvirt/qemu/$D.pid")
"$SS" run -n 12 --results "$T/res" "$T/$MINE.xml" >"$T/out" 2>"$T/err" && ok "12 interleaved runs an arm over one running domain" || bad "12 runs: exit $?: $(tail -1 "$T/err")"
both >"$T/after"
cmp -s "$T/before" "$T/after" && ok "its XML, live and inactive, is as it was" || bad "its XML changed: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';')"
[ "$pid" = "$(cat "/run/libvirt/qemu/$D.pid")" ] && ok "without a reboot (QEMU is pid $pid still)" || bad "its QEMU is another"
"$SS" compare --results "$T/res" --baseline stacked --json "scenario=$MINE" >"$T/compare.json" 2>"$T/err" || bad "compare: $(tail -1 "$T/err")"
FOREIGN=$T/out is_timed "compare: steal 490 ms/s lower when pinned, with an interval" "$T/compare.json" '[.. | objects | select(.name? == "steal.rate" and .method? == "signed-rank")][0] | .blocks == 12 and .shift < -450 and .shift > -530 and .ci[1] < 0' '[.. | objects | select(.name? == "steal.rate")][0] | {shift, ci, blocks, verdict}'
cat "$T"/res/*/run.json | jq -s '{worst: ([.[].first_sample_ns] | max / 1e9)}' >"$T/first.json"
is_timed "from run to measuring in 0.6 s" "$T/first.json" '.worst <= 0.6' '.worst'
$V destroy "$D"

# Two at once, one the subject and one its neighbour, beside a metal guest and noise; the second is started for it.
define "$D-1" 1 ""
$V start "$D"
for d in "$D" "$D-1"; do $V dumpxml --inactive "$d"; done >"$T/before"
$V dumpxml "$D" | sed "s/ id='[0-9]*'//" >>"$T/before"
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
{ for d in "$D" "$D-1"; do $V dumpxml --inactive "$d"; done; $V dumpxml "$D" | sed "s/ id='[0-9]*'//"; } >"$T/after"
cmp -s "$T/before" "$T/after" && [ "$($V domstate "$D-1")" = "shut off" ] && ok "both have what they had: one runs, one is shut off" || bad "afterwards: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';') $($V domstate "$D-1")"
"$SS" compare --results "$T/res" --baseline stacked "scenario=$MINE" 2>/dev/null | grep -q "seen from outside only.*: vm;" && ok "compare says who was seen from outside" || bad "compare does not say who was seen from outside"
$V destroy "$D"
$V undefine "$D-1"

# A copy of one that has a disk, a network card and a name of its own: it writes, on an overlay.
gcc -m32 -nostdlib -static -Wl,--oformat=binary,-Ttext=0x7c00,--build-id=none '-DWORDS="hello from the disk\r\n"' -o "$T/sector" tests/e2e/boot_sector.S
{ cat "$T/sector"; printf '%-512s' "second sector, as it was"; head -c 1048576 /dev/zero; } >"$T/own.raw"
chmod 644 "$T/own.raw"
define "$D-disk" 1 ""
$V undefine "$D-disk"
sed -i "s#<loader.*</cmdline>#<boot dev='hd'/>#; s#<kernel>.*</cmdline>#<boot dev='hd'/>#; s#</devices>#<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$T/own.raw'/><target dev='vda' bus='virtio'/></disk><interface type='user'><mac address='52:54:00:0d:0e:0f'/></interface><serial type='pty'/></devices>#" "$T/$D-disk.xml"
$V define "$T/$D-disk.xml" >/dev/null || bad "the domain with a disk cannot be defined"
$V dumpxml --inactive "$D-disk" >"$T/before"
was="$(stat -c '%s %Y %u %a' "$T/own.raw") $(sha256sum <"$T/own.raw")"
cat >"$T/copy.xml" <<-X
	<scenario name="$MINE-copy" title="A copy" warmup="100ms" duration="12s"><lab cpus="1"/>
	<guest name="vm" kind="domain" domain="$D-disk" use="copy" placement="pinned"/></scenario>
X
"$SS" run --results "$T/copy" "$T/copy.xml" >"$T/out" 2>"$T/err" &
run=$!
copy=
for _ in $(seq 100); do
	copy=$($V list --name | grep "^stealscope-.*-vm$" | head -1)
	[ -z "$copy" ] || break
	sleep 0.1
done
[ -n "$copy" ] && $V dumpxml "$copy" >"$T/copy.now" || : >"$T/copy.now"
overlay=$(grep -o "/run/stealscope/[^']*qcow2" "$T/copy.now" | head -1) grown=0
for _ in $(seq 24); do
	[ "${grown:-0}" = 0 ] && kill -0 $run 2>/dev/null || break
	sleep 0.5
	grown=$(qemu-img map -U --output=json "$overlay" 2>/dev/null | jq '[.[] | select(.depth == 0 and .data)] | length')
done
wait $run && ok "a copy of a domain with a disk" || bad "a copy: exit $?: $(tail -1 "$T/err")"
[ -n "$overlay" ] && ! grep -q "$($V domuuid "$D-disk")" "$T/copy.now" && ! grep -q "52:54:00:0d:0e:0f" "$T/copy.now" && grep -q "<link state='down'/>" "$T/copy.now" &&
	ok "its name ($copy), UUID and MAC are new, its link is down, its disk an overlay" || bad "the copy: $(grep -E '<name>|<uuid>|mac addr|source file|link' "$T/copy.now" | tr '\n' ' ')"
[ "${grown:-0}" -gt 0 ] && ok "what it wrote is in the overlay" || bad "nothing was written into the overlay ($overlay)"
$V dumpxml --inactive "$D-disk" >"$T/after"
cmp -s "$T/before" "$T/after" && [ "$was" = "$(stat -c '%s %Y %u %a' "$T/own.raw") $(sha256sum <"$T/own.raw")" ] && ok "the original and its disk are as they were" ||
	bad "the original changed: $was -> $(stat -c '%s %Y %u %a' "$T/own.raw"); $(diff "$T/before" "$T/after" | head -3 | tr '\n' ';')"
[ -z "$($V list --all --name | grep "^stealscope-.*$MINE")" ] && [ ! -e "$overlay" ] && ok "nothing of the copy is left" || bad "left of the copy: $($V list --all --name | grep stealscope) $overlay"
$V start "$D-disk"
expect_exit "a copy of a domain that runs and writes to its disk" 2 "$SS" run --results "$T/bad" "$T/copy.xml"
$V destroy "$D-disk"
for ms in 200 600 1200; do
	"$SS" run --results "$T/killed" "$T/copy.xml" >/dev/null 2>&1 &
	run=$!
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
	kill -9 $run
	wait $run 2>/dev/null
done
clean_after "copies of killed runs" 20
for _ in $(seq 50); do [ -z "$($V list --all --name | grep "^stealscope-.*$MINE")" ] && break; sleep 0.2; done
[ -z "$($V list --all --name | grep "^stealscope-.*$MINE")" ] && [ "$(sha256sum <"$T/own.raw")" = "${was#* * * * }" ] && ok "kill -9 leaves no copy, and the disk as it was" || bad "after kill -9: $($V list --all --name | grep stealscope)"

# 40 of them.
for d in $(seq -f "$D-%g" "$N"); do define "$d" 1 ""; $V start "$d"; done
{
	echo "<scenario name=\"$MINE-all\" title=\"Many domains in one run\" warmup=\"100ms\" duration=\"2s\">"
	for d in $(seq -f "$D-%g" "$N"); do echo "<guest name=\"g-${d##*-}\" kind=\"domain\" domain=\"$d\" placement=\"spread\"/>"; done
	echo "</scenario>"
} >"$T/all.xml"
"$SS" batch --results "$T/all" --repeats 1 "$T/all.xml" >"$T/out" 2>"$T/err" && ok "$N domains in one batch run" || bad "$N domains: exit $?: $(tail -1 "$T/err")"
cat "$T"/all/*/run.json 2>/dev/null | jq -s "{n: ([.[0].guests[] | select(.use == \"live\" and .status == \"ok\")] | length), first: (.[0].first_sample_ns / 1e9)}" >"$T/all.json"
is "all of them measured" "$T/all.json" ".n == $N" '.'
left=$(for d in $(seq -f "$D-%g" "$N"); do $V dumpxml "$d" | grep -c vcpupin; done | grep -vc '^0$')
[ "$left" = 0 ] && ok "no pin is left in any of them" || bad "$left domains have a pin left"

# Bad input.
$V start "$D"
if $V managedsave "$D" >"$T/out" 2>&1; then
	expect_exit "managed save" 2 "$SS" run --results "$T/bad" "$T/$MINE.xml"
else
	skip "managed save: QEMU does not save it here: $(head -1 "$T/out")"
fi
define "$D-pci" 1 ""
$V undefine "$D-pci"
sed -i "s#</devices>#<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0x0000' bus='0x00' slot='0x1f' function='0x7'/></source></hostdev></devices>#" "$T/$D-pci.xml"
$V define "$T/$D-pci.xml" >/dev/null && expect_exit "a copy of a domain with a passed-through device" 2 "$SS" run --results "$T/bad" --set guest.vm.use=copy --set "guest.vm.domain=$D-pci" "$T/$MINE.xml"
down
clean_after "live domains"
finish
