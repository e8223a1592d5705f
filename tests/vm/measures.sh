#!/bin/bash
# One's own figures in a comparison, for `make check-vm` (3 minutes): redis-benchmark on the host against redis in a VM
# that runs (a Debian cloud image made of packages), beside a hog and moved away from it; stress-ng, fio, cyclictest and
# a script of one's own beside a hog and without. PART="redis programs": these.
. "$(dirname "$0")/../e2e/lib.sh"
PARTS="redis programs"
any_part $PARTS
N=${RUNS:-6}
for p in redis-benchmark redis-cli stress-ng fio cyclictest qemu-img mcopy; do
	command -v $p >/dev/null || { skip "measures: $p is not installed"; finish; }
done
measure() { echo "<measure name=\"$1\" unit=\"$2\" better=\"$3\" timeout=\"30s\" command=\"$4\" $5/>"; }
# compared METRIC SIGN: in $T/compare.json its shift has that sign, and so have both ends of its interval.
compared() {
	is_timed "$1: by its interval $2 away from the hog" "$T/compare.json" "[.. | objects | select(.name? == \"$1\" and .ci?)][0] | (.shift $3 0) and (.ci | all(. $3 0))" "[.. | objects | select(.name? == \"$1\" and .ci?)][0] | {shift, ci, verdict}"
}
runs() { # NAME: its runs and their comparison
	witness >"$T/witness"
	expect_exit "$1: $N runs an arm" 0 "$SS" run -n "$N" --results "$T/$1" "$T/$1.xml"
	"$SS" compare --results "$T/$1" --baseline beside --json "scenario=$MINE-$1" >"$T/compare.json" 2>"$T/err" || bad "$1: compare: $(tail -1 "$T/err")"
	"$SS" compare --results "$T/$1" --baseline beside "scenario=$MINE-$1" >"$T/compare.txt" 2>&1
}

# redis_vm PORT: a domain $D whose redis answers there: the image's own kernel and programs, without waiting for systemd.
redis_vm() {
	local image
	image=${CLOUD_IMAGE:-$(tests/vm/cloud-image 2>"$T/err" | tail -1)}
	[ -s "$image" ] || { skip "redis: no cloud image: $(tail -1 "$T/err")"; return 1; }
	mcopy -n -i "$image@@1048576" ::/vmlinuz ::/initrd "$T/" || { bad "redis: the image has no kernel"; return 1; }
	qemu-img create -q -f qcow2 -b "$image" -F raw "$T/redis.qcow2"
	{
		cat <<-'S'
			mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs tmp /tmp
			modprobe virtio_net
			for i in lo /sys/class/net/e*; do ip link set "${i##*/}" up; done
			ip addr add 10.0.2.15/24 dev "${i##*/}"
			ip route add default via 10.0.2.2
			echo "redis begins" >/dev/ttyS0
			exec redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --save "" --dir /tmp
		S
		head -c 4096 /dev/zero | tr '\0' '\n'
	} >"$T/init"
	truncate -s 8192 "$T/init"
	chmod 666 "$T/redis.qcow2" "$T/init"
	alone() { echo "<seclabel model='dac' relabel='no'/>"; } # whose files they are stays
	cat >"$T/redis-vm.xml" <<-X
		<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>$D</name><memory unit='MiB'>384</memory><vcpu>1</vcpu>
		<os><type arch='x86_64' machine='pc'>hvm</type><kernel>$T/vmlinuz</kernel><initrd>$T/initrd</initrd>
		<cmdline>root=/dev/vda2 ro console=ttyS0 quiet mitigations=off init=/bin/sh -- /dev/vdb</cmdline></os><features><acpi/><apic/></features>
		<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='usb' model='none'/><memballoon model='none'/>
		<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$T/redis.qcow2'>$(alone)</source>
		<backingStore type='file'><format type='raw'/><source file='$image'>$(alone)</source><backingStore/></backingStore><target dev='vda' bus='virtio'/></disk>
		<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$T/init'>$(alone)</source><target dev='vdb' bus='virtio'/><readonly/></disk>
		<serial type='file'><source path='$T/redis.log'/></serial></devices>
		<qemu:commandline><qemu:arg value='-netdev'/><qemu:arg value='user,id=n,hostfwd=tcp:127.0.0.1:$1-:6379'/>
		<qemu:arg value='-device'/><qemu:arg value='virtio-net-pci,netdev=n,romfile=,bus=pci.0,addr=0x1e'/></qemu:commandline></domain>
	X
	$V define "$T/redis-vm.xml" >/dev/null && $V start "$D" || { bad "redis: its domain cannot be started"; return 1; }
	for _ in $(seq 120); do
		[ "$(timeout 2 redis-cli -p "$1" ping 2>/dev/null)" = PONG ] && return
		sleep 1
	done
	bad "redis does not answer; its console: $(tail -3 "$T/redis.log" | tr '\n' '|')"
	return 1
}
csv() { # N: field N of redis-benchmark's line
	printf 'pattern="^.GET.'
	for _ in $(seq 3 "$1"); do printf ',.[0-9.]+.'; done
	printf ',.([0-9.]+)."'
}
part_redis() {
	local port=$((20000 + $$ % 10000))
	libvirtd_up >"$T/why" || { skip "redis in a VM that runs: $(cat "$T/why")"; return; }
	D=redis$$ V="virsh -q -c qemu:///system"
	at_exit '$V destroy $D >/dev/null 2>&1; $V undefine $D >/dev/null 2>&1'
	redis_vm $port || return
	$V dumpxml "$D" >"$T/before"
	cat >"$T/redis.xml" <<-X
		<scenario name="$MINE-redis" title="redis in a VM that runs, beside a hog and away from it" warmup="200ms" duration="1s">
		<lab cpuset="0-1"/><guest name="vm" kind="domain" domain="$D" tune="vcpupin.0 0"/><noise name="hog" kind="busy" cpus="0"/>
		$(measure redis.p50 ms lower "redis-benchmark -p $port -n 500 -c 4 -t get --csv" "$(csv 5)")
		$(measure redis.p99 ms lower "redis-benchmark -p $port -n 500 -c 4 -t get --csv" "$(csv 7)")
		$(measure redis.rps requests/s higher "redis-benchmark -p $port -n 500 -c 4 -t get --csv" "$(csv 2)")
		<variant name="beside"/><variant name="away"><set what="guest.vm.tune" to="vcpupin.0 1"/></variant>
		</scenario>
	X
	runs redis
	compared redis.rps more '>'
	compared redis.p99 shorter '<'
	is "its unit and its direction come with it" "$T/compare.json" '[.. | objects | select(.name? == "redis.p99" and .ci?)][0] | .unit == "ms"' '[.. | objects | select(.name? == "redis.p50" and .ci?)][0] | {unit, verdict, shift, ci}'
	grep -q "redis.p99" "$T/compare.txt" && ok "compare prints it ($(grep -m1 'redis.p99' "$T/compare.txt" | tr -s ' '))" || bad "compare does not print it: $(tail -3 "$T/compare.txt")"
	$V dumpxml "$D" >"$T/after"
	cmp -s "$T/before" "$T/after" && ok "the domain's XML is as it was" || bad "its XML changed: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';')"
}

part_programs() { # the agent of a native guest is that of all others
	printf '#!/bin/sh\nn=0; end=$(($(date +%%s%%N) + 1000000000))\nwhile [ "$(date +%%s%%N)" -lt $end ]; do n=$((n + 1)); done; echo $n\n' >"$T/own.sh"
	chmod 755 "$T/own.sh"
	cat >"$T/programs.xml" <<-X
		<scenario name="$MINE-programs" title="Known programs beside a hog and away from it" warmup="100ms" duration="1s">
		<lab cpuset="0-1"/><guest name="app" kind="native" cpus="0"/><noise name="hog" kind="busy" cpus="0"/>
		$(measure stress.ops bogo-ops higher 'stress-ng --cpu 1 --cpu-method int64 --timeout 1 --metrics-brief' 'on="app" pattern="\] cpu +([0-9]+) "')
		$(measure fio.iops IOPS higher "fio --name=r --rw=randread --size=8M --filename=$T/fio --ioengine=psync --runtime=1 --time_based --output-format=json" 'on="app" json="jobs.0.read.iops"')
		$(measure cyclic.max us lower 'cyclictest -q -D 1 -i 1000 --policy other' 'on="app" pattern="Max: +([0-9]+)"')
		$(measure own.script loops higher "$T/own.sh" 'on="app"')
		<variant name="beside"/><variant name="away"><set what="noise.hog.cpus" to="1"/></variant>
		</scenario>
	X
	runs programs
	compared stress.ops more '>'
	compared own.script more '>'
	is "fio's JSON and cyclictest's maximum stand beside them" "$T/compare.json" '[.. | objects | select((.name? == "fio.iops" or .name? == "cyclic.max") and .ci?) | .name] | unique | length == 2' '[.. | objects | select((.name? == "fio.iops" or .name? == "cyclic.max") and .ci?) | {name, shift, ci, verdict}]'
}
# shellcheck disable=SC2086
parts $PARTS
clean_after "measures" 20
finish
