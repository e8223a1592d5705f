#!/bin/bash
# A whole system in a disk image, for `make check-vm` (10 minutes under emulation): a Debian cloud image made of packages
# (tests/vm/cloud-image) boots unprepared, by BIOS with the agent from the seed, and by UEFI without one; then the agent
# is installed in it and needs no seed; the figures of known programs in it are metrics. PART="myvm seed uefi installed": these; CONNECT, CLOUD_IMAGE: another libvirt, image.
. "$(dirname "$0")/../e2e/lib.sh"
any_part seed uefi installed myvm
for p in qemu-img qemu-system-x86_64 genisoimage; do
	command -v $p >/dev/null || { skip "disk images: $p is not installed"; finish; }
done
IMAGE=${CLOUD_IMAGE:-$(tests/vm/cloud-image 2>"$T/err" | tail -1)}
[ -s "$IMAGE" ] || { skip "disk images: no cloud image: $(tail -1 "$T/err")"; finish; }
R=$T/res RUN="$SS run --results $T/res" CONNECT=${CONNECT:-auto}
sum() { echo "$(stat -c '%s %Y %Z' "$1") $(head -c 1048576 "$1" | sha256sum)"; }
was=$(sum "$IMAGE")
scenario() { # NAME ATTRIBUTES [INSIDE [MORE]]
	cat >"$T/$1.xml" <<-X
	<scenario name="$MINE" title="A disk image" warmup="200ms" duration="3s"><lab cpus="2"/>
	<guest name="app" kind="disk" image="$IMAGE" vcpus="2" memory="768MiB" network="user" boot-timeout="8min" $2>${3:-}</guest>${4:-}
	</scenario>
	X
}
booted() { jq -r '"first sample after \(.first_sample_ns / 1e9 | floor) s"' "$R/$(jq -r '.variants[0].record' "$1")/run.json"; }

# --- unprepared: cloud-init takes the seed, and the seed brings the agent
measure() { echo "<measure name=\"$1\" unit=\"$2\" better=\"$3\" on=\"app\" timeout=\"5min\" command=\"$4\" $5/>"; }
MEASURES="$(measure redis.p50 ms lower "sh -c 'redis-server --port 0 --unixsocket /run/r.sock --save &quot;&quot; --daemonize yes &gt;/dev/null; sleep 3; redis-benchmark -s /run/r.sock -n 1000 -c 4 -t get --csv'" 'pattern="^.GET.,.[0-9.]+.,.[0-9.]+.,.[0-9.]+.,.([0-9.]+)."')
$(measure stress.ops bogo-ops higher 'stress-ng --cpu 1 --cpu-method int64 --timeout 3 --metrics-brief' 'pattern="\] cpu +([0-9]+) "')
$(measure fio.iops IOPS higher 'fio --name=r --rw=randread --size=8M --filename=/root/fio --ioengine=psync --runtime=3 --time_based --output-format=json' 'json="jobs.0.read.iops"')
$(measure cyclic.max us lower 'cyclictest -q -D 3 -p 80 -i 10000' 'pattern="Max: +([0-9]+)"')
$(measure own.script s lower "sh -c 'cut -d&quot; &quot; -f1 /proc/uptime'" '')"
part_seed() {
	scenario seed "" '<timer/>' "$MEASURES"
	expect_exit "a cloud image, unprepared, BIOS" 0 $RUN --connect "$CONNECT" --json "$T/seed.xml"
	cp "$T/out" "$T/seed.json"
	[ -s "$T/seed.json" ] && echo "      $(booted "$T/seed.json")"
	is "its agent came up by itself" "$T/seed.json" '.variants[0].guests[0] | .seen == "by its agent" and .metrics["timer.late.p99"] != null' '.variants[0].guests[0].metrics["timer.late.p99"]'
	G='.variants[0].guests[0].metrics'
	is "redis-benchmark, stress-ng, fio, cyclictest and a script in it are metrics" "$T/seed.json" "[$G[\"redis.p50\", \"stress.ops\", \"fio.iops\", \"cyclic.max\", \"own.script\"]] | all(. > 0)" "$G | with_entries(select(.key | test(\"redis|stress|fio|cyclic|own\")))"
	rec=$R/$(jq -r '.variants[0].record' "$T/seed.json")
	grep -q "Datasource DataSourceNoCloud" "$rec/guest/app.console.log" && ok "cloud-init finished, by NoCloud" || bad "cloud-init did not finish: $(tail -3 "$rec/guest/app.console.log")"
	[ "$(sum "$IMAGE")" = "$was" ] && ok "the image is as it was" || bad "the image changed: $was -> $(sum "$IMAGE")"
}
# --- UEFI, no agent, up when its application answers
part_uefi() {
	scenario uefi 'agent="none" boot="uefi" ready="port:8080"'
	expect_exit "the same by UEFI, up when port 8080 answers" 0 $RUN --connect "$CONNECT" --json "$T/uefi.xml"
	cp "$T/out" "$T/uefi.json"
	[ -s "$T/uefi.json" ] && echo "      $(booted "$T/uefi.json")"
	is "seen from outside only" "$T/uefi.json" '.variants[0].guests[0] | .seen == "from outside" and .metrics["run.rate"] != null and .not_provided["timer.late.p99"] != null' '.variants[0].guests[0].metrics["run.rate"]'
}
# --- installed: in the booted image, by its own hands; then it needs no seed
part_installed() {
	mkdir "$T/own"
	cp "$(dirname "$SS")/stealscope-agent" "$T/own/agent"
	printf 'instance-id: prepare\nlocal-hostname: prepare\n' >"$T/own/meta-data"
	printf '%s\n' '#cloud-config' 'runcmd:' '  - mount -o ro,exec -L cidata /mnt' \
		'  - [sh, -c, "/mnt/agent install >/dev/ttyS0 2>&1; systemctl is-enabled stealscope-agent >/dev/ttyS0 2>&1; cloud-init clean --seed; touch /etc/cloud/cloud-init.disabled; sync; poweroff"]' >"$T/own/user-data"
	genisoimage -quiet -volid cidata -joliet -rock -output "$T/own.seed" "$T/own" 2>/dev/null
	qemu-img create -q -f qcow2 -b "$IMAGE" -F raw "$T/prepared.qcow2"
	accel=tcg
	! grep -qE '^flags.*\<(svm|vmx)\>' /proc/cpuinfo || accel=kvm
	timeout 480 qemu-system-x86_64 -accel $accel -smp 2 -m 768 -display none -no-reboot -nic user -serial "file:$T/prepare.log" \
		-drive "file=$T/prepared.qcow2,format=qcow2,if=virtio" -drive "file=$T/own.seed,format=raw,if=virtio,readonly=on"
	grep -q "installed /usr/local/sbin/stealscope-agent" "$T/prepare.log" && grep -q "^enabled" "$T/prepare.log" &&
		ok "stealscope-agent install in the booted image ($(grep -m1 -o 'installed .*' "$T/prepare.log" | cut -c1-100))" || bad "install: $(tail -3 "$T/prepare.log")"
	IMAGE=$T/prepared.qcow2
	scenario installed 'agent="installed" backing="anywhere"' '<timer/>' "$(measure own.script s lower "sh -c 'cut -d&quot; &quot; -f1 /proc/uptime'" '')"
	expect_exit "the image it was installed in, without a seed" 0 $RUN --connect "$CONNECT" --json "$T/installed.xml"
	cp "$T/out" "$T/installed.json"
	[ -s "$T/installed.json" ] && echo "      $(booted "$T/installed.json")"
	is "its service is the agent" "$T/installed.json" '.variants[0].guests[0] | .seen == "by its agent" and .metrics["timer.late.p99"] != null and .metrics["own.script"] > 0' '.variants[0].guests[0].metrics["own.script"]'
}
# --- scenarios/my-vm.xml, six boots an arm, on an image that is up in seconds
part_myvm() {
	local small=$T/small.raw was
	tests/vm/small-image "$IMAGE" "$(dirname "$SS")/stealscope-agent" "$small" 2>"$T/err" || { bad "my-vm: no small image: $(tail -1 "$T/err")"; return; }
	was=$(sum "$small")
	sed "s/name=\"my-vm\"/name=\"$MINE-my-vm\"/" scenarios/my-vm.xml >"$T/my-vm.xml"
	expect_exit "my-vm, ${RUNS:-6} boots an arm" 0 $RUN -n "${RUNS:-6}" --connect "$CONNECT" --set "guest.app.image=$small" --set guest.app.agent=installed \
		--set guest.app.memory=256MiB --set warmup=200ms --set duration=5s "$T/my-vm.xml"
	"$SS" compare --results "$R" --baseline float --json "scenario=$MINE-my-vm" >"$T/my-vm.json" 2>"$T/err" || bad "my-vm: compare: $(tail -1 "$T/err")"
	is "its own figure is compared, with an interval" "$T/my-vm.json" '[.. | objects | select(.name? == "app.programs" and .ci?)][0] | .unit == "programs" and (.ci | all(type == "number"))' '[.. | objects | select(.name? == "app.programs" and .ci?)][0] | {shift, ci, verdict}'
	echo "      $(cat "$R"/*my-vm*/run.json | jq -s '"up after \([.[].first_sample_ns] | (min / 1e9), (max / 1e9) | . * 10 | round / 10) s"' | tr '\n' ' ')"
	[ "$(sum "$small")" = "$was" ] && ok "the image is as it was" || bad "the image changed: $was -> $(sum "$small")"
}
parts myvm seed uefi installed
clean_after "disk images" 20
finish
