#!/bin/bash
# A disk image of one's own, seen from outside: a boot sector that prints and loops, made here. Overlay and original.
# Booting a Debian image with the agent in it takes minutes under emulation: make check-vm.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"
for p in qemu-img qemu-system-x86_64 qemu-io; do
	command -v $p >/dev/null || { skip "55_disk: $p is not installed"; finish; }
done
R=$T/res
RUN="$SS run --results $R"
boot_image() { # FILE WORDS: an image of 1 MiB that boots boot_sector.S
	gcc -m32 -nostdlib -static -Wl,--oformat=binary,-Ttext=0x7c00,--build-id=none "-DWORDS=\"$2\\r\\n\"" -o "$T/sector" tests/e2e/boot_sector.S || exit 1
	{ cat "$T/sector"; printf '%-512s' "second sector, as it was"; head -c 1048576 /dev/zero; } >"$1"
}
sum() { echo "$(stat -c '%s %Y %Z' "$1") $(head -c 1048576 "$1" | sha256sum)"; }
scenario() { # NAME ATTRIBUTES [MORE]: a scenario of one disk guest
	cat >"$T/$1.xml" <<-X
	<scenario name="$MINE" warmup="0s" duration="1s"><lab cpus="1"/>
	<guest name="app" kind="disk" memory="32MiB" placement="pinned" agent="none" $2/>${3:-}
	</scenario>
	X
}
mkdir "$T/images"
boot_image "$T/images/tiny.raw" "hello from the boot sector"
qemu-img convert -q -f raw -O qcow2 "$T/images/tiny.raw" "$T/images/tiny.qcow2"
qemu-img create -q -f qcow2 -b tiny.qcow2 -F qcow2 "$T/images/chain.qcow2"
for image in tiny.raw tiny.qcow2 chain.qcow2; do
	was=$(sum "$T/images/$image")
	scenario disk "image=\"images/$image\" ready=\"console:from the boot [a-z]+\" boot-timeout=\"60s\""
	expect_exit "$image boots and prints" 0 $RUN --json "$T/disk.xml"
	cp "$T/out" "$T/disk.json"
	is "it is seen from outside, and says so" "$T/disk.json" \
		'.variants[0] | .guests[0].seen == "from outside" and .guests[0].metrics["run.rate"] != null' '.variants[0].guests[0].metrics'
	is "lateness without an agent is not provided" "$T/disk.json" '.variants[0].guests[0].not_provided | (.["timer.late.p99"] | test("no agent")) and (has("steal.rate") or true)' '.variants[0].guests[0].not_provided'
	rec=$R/$(jq -r '.variants[0].record' "$T/disk.json")
	grep -q "hello from the boot sector" "$rec/guest/app.console.log" && ok "its console is in the record" || bad "no console: $(ls "$rec/guest")"
	is "the record says what was run" "$rec/run.json" '.guests[0].image | test("tiny|chain")' '.guests[0].image'
	[ "$(sum "$T/images/$image")" = "$was" ] && ok "$image is as it was" || bad "$image changed: $was -> $(sum "$T/images/$image")"
	[ $image = chain.qcow2 ] && is "the chain is shown" "$rec/run.json" '.guests[0].image | test("chain.qcow2 .* upon .*tiny.qcow2")' '.guests[0].image'
done
grep -q "second sector, as it was" "$T/images/tiny.raw" && ok "what the guest wrote went to the overlay" || bad "the guest wrote into the image"
# That test would see a guest that writes: with the image itself as its disk the sector changes.
cp "$T/images/tiny.raw" "$T/written.raw"
timeout 5 qemu-system-x86_64 -accel tcg -display none -m 32 -serial none -drive "file=$T/written.raw,format=raw,if=virtio" >/dev/null 2>&1
grep -q "second sector, as it was" "$T/written.raw" && bad "the boot sector does not write at all" || ok "a guest on the image itself would have written"
# A disk of the host, here a loop device that can only be read.
if LOOP=$(losetup -r --show -f "$T/images/tiny.raw" 2>"$T/err"); then
	at_exit 'losetup -d $LOOP'
	scenario block "image=\"$LOOP\" format=\"raw\" ready=\"console:from the boot [a-z]+\" boot-timeout=\"60s\""
	expect_exit "a block device boots and prints" 0 $RUN "$T/block.xml"
else
	skip "a block device: no loop device here: $(tail -1 "$T/err")"
fi
clean_after "four images"

# --- kill -9 at ten moments
scenario killed "image=\"images/tiny.qcow2\" ready=\"console:boot sector\" boot-timeout=\"60s\""
sed -i 's/duration="1s"/duration="5s"/' "$T/killed.xml"
was=$(sum "$T/images/tiny.qcow2")
for ms in 100 300 500 700 900 1200 1500 2000 2500 3500; do
	$RUN "$T/killed.xml" >"$T/out" 2>"$T/err" &
	run=$!
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
	kill -9 $run 2>/dev/null
	wait $run 2>/dev/null
done
clean_after "kill -9 at ten moments" 20
[ "$(sum "$T/images/tiny.qcow2")" = "$was" ] && ok "the image is as it was after kill -9 at ten moments" || bad "the image changed: $was -> $(sum "$T/images/tiny.qcow2")"

# --- QEMU as another user (qemu:///system), and all of it as an ordinary user
scenario whose 'image="images/tiny.qcow2" ready="console:boot sector" boot-timeout="60s"'
chmod 644 "$T"/images/*
was=$(sum "$T/images/tiny.qcow2")
if libvirtd_up >"$T/why"; then
	expect_exit "through qemu:///system" 0 $RUN --connect qemu:///system --json "$T/whose.xml"
	chmod 600 "$T/images/tiny.qcow2"
	expect_exit "qemu:///system and an image that its QEMU may not read" 1 $RUN --connect qemu:///system --json "$T/whose.xml"
	grep -q "tiny.qcow2.*Permission denied" "$T/err" && [ "$(wc -l <"$T/err")" -le 2 ] || bad "it is not told: $(cat "$T/err")"
	chmod 644 "$T/images/tiny.qcow2"
else
	skip "through qemu:///system: $(cat "$T/why")"
fi
user=disktest$$
if a_user "$user"; then
	chmod 644 "$T/whose.xml"
	expect_exit "as an ordinary user, with no daemon" 0 as_user "$T/bin/stealscope" run --results "$T/away/res" "$T/whose.xml"
	expect_exit "as an ordinary user, qemu:///session" 0 as_user "$T/bin/stealscope" run --connect qemu:///session --results "$T/away/res" "$T/whose.xml"
	[ -z "$(ls -A "/run/$user/stealscope" 2>/dev/null)" ] && ok "the user's runtime folder is empty" || bad "left in it: $(ls "/run/$user/stealscope")"
else
	skip "as an ordinary user: needs root to make one"
fi
[ "$(sum "$T/images/tiny.qcow2" | cut -d" " -f1,2,4)" = "$(echo "$was" | cut -d" " -f1,2,4)" ] && [ "$(stat -c %u "$T/images/tiny.qcow2")" = "$(id -u)" ] &&
	ok "the image and its owner are as they were" || bad "the image changed: $was -> $(sum "$T/images/tiny.qcow2"), owner $(stat -c %u "$T/images/tiny.qcow2")"
clean_after "other users"

# --- one clear line for what cannot be run, before anything starts
refused() { # NAME STATUS PATTERN ATTRIBUTES
	scenario bad "$4"
	expect_exit "$1" "$2" $RUN "$T/bad.xml"
	grep -q -E "$3" "$T/err" || bad "$1: $(tail -2 "$T/err")"
}
refused "an image that is missing" 4 "guest app: the image .*gone.qcow2: there is no such file" 'image="images/gone.qcow2"'
refused "a folder" 1 "is no file" 'image="images"'
: >"$T/images/empty.raw"
refused "an empty image" 1 "is empty or shorter than one sector" 'image="images/empty.raw"'
qemu-img create -q -f vmdk "$T/images/other.vmdk" 1M
refused "an unknown format" 1 "has the format vmdk; qcow2 and raw" 'image="images/other.vmdk"'
refused "another format than said" 1 "cannot read the image|is raw, not qcow2" 'image="images/tiny.raw" format="qcow2"'
gzip -k "$T/images/tiny.raw"
refused "a packed image" 1 "is packed by gzip; unpack it first" 'image="images/tiny.raw.gz"'
# qemu-img times its key by the CPU time that 32,768 rounds take, and gives up where the kernel, which may count by ticks, shows none.
for _ in $(seq 30); do
	qemu-img create -q -f qcow2 --object secret,id=s,data=x -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 "$T/images/secret.qcow2" 1M 2>"$T/luks" && break
done
[ -s "$T/images/secret.qcow2" ] || bad "qemu-img makes no encrypted image: $(tail -1 "$T/luks")"
refused "an encrypted image" 1 "is encrypted" 'image="images/secret.qcow2"'
mkdir "$T/elsewhere"
cp "$T/images/tiny.qcow2" "$T/elsewhere/base.qcow2"
qemu-img create -q -f qcow2 -b "$T/elsewhere/base.qcow2" -F qcow2 "$T/images/leaves.qcow2"
refused "a chain that leaves the folder" 1 "lies outside its folder; backing=\"anywhere\" allows it" 'image="images/leaves.qcow2"'
qemu-img create -q -f qcow2 -u -b "nbd://localhost/x" -F raw "$T/images/net.qcow2" 1M
refused "a chain that leaves the box" 1 "which is no local file" 'image="images/net.qcow2"'
qemu-img create -q -f qcow2 -u -b tiny.raw "$T/images/probes.qcow2" 1M >/dev/null 2>&1
[ ! -f "$T/images/probes.qcow2" ] || refused "a chain whose format would have to be probed" 1 "does not say the format" 'image="images/probes.qcow2"'
scenario allowed 'image="images/leaves.qcow2" backing="anywhere" ready="console:boot sector" boot-timeout="60s"'
expect_exit "it is allowed when one says so" 0 $RUN "$T/allowed.xml"
qemu-system-x86_64 -accel tcg -display none -m 32 -S -drive "file=$T/images/tiny.qcow2,format=qcow2,if=virtio" -pidfile "$T/pid" -daemonize
refused "an image in use for writing" 1 "is in use for writing by another QEMU" 'image="images/tiny.qcow2"'
kill "$(cat "$T/pid")"
boot_image "$T/images/other.raw" "something else"
refused "a guest that does not come up" 1 "not up \(console:ready\) within 3 s; its console: .*something else" 'image="images/other.raw" ready="console:ready" boot-timeout="3s"'
refused "an image that is not named" 2 "has no image; write image=" ''
refused "a probe without an agent" 2 "which has no agent to run it" 'image="images/tiny.raw" quota="10ms"><timer/></guest><guest name="x" kind="native"'
clean_after "refused images"
finish
