#!/bin/bash
# Live domains at length, for `make check-vm` (3 minutes): pinned against stacked in 12 interleaved blocks over one
# running domain, 40 domains in one run, one that is shut off, and the bad input that needs a domain of its own.
cd "$(dirname "$0")/../e2e" || exit 1
. ./lib.sh
need_kvm
libvirtd_up >"$T/why" || { skip "live domains: $(cat "$T/why")"; finish; }
D=own$$ V="virsh -q -c qemu:///system" N=${DOMAINS:-40}
names() { echo "$D"; seq -f "$D-%g" "$N"; echo "$D-pci"; }
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
