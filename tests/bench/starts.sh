#!/bin/bash
# What a run costs beside its measuring: N metal guests (default 3, 64 and 256; "4x2": four of two vCPUs) by the harness, without warm-up; and what cannot be
# less: as many bare QEMUs of the same kind without libvirt, two a CPU at a time, each of which boots the same guest and ends (it
# finds no page of a harness's). Times are the best of ROUNDS (default 2); CPU is all that the box did meanwhile, a guest.
# With perf another run of each is taken apart: by whose threads the CPU time was. libvirt works in ss-start (what it forks for
# a QEMU has that name, too) and in threads that it names itself.
# A further run shows what memory all of it takes, the box's own (MemAvailable) included.
# TMPFS=1: with a tmpfs at /run/stealscope, for a box whose /run is none; libvirt writes and syncs a dozen files a domain there.
set -u
if [ "${TMPFS:-}" = 1 ]; then
	mkdir -p /run/stealscope
	TMPFS=there unshare -m sh -c 'mount -t tmpfs -o mode=755 tmpfs /run/stealscope && exec bash "$@"' sh "$0" "$@"
	status=$?
	rmdir --ignore-fail-on-non-empty /run/stealscope
	exit $status
fi
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build} ROUNDS=${ROUNDS:-2}
T=$(mktemp -d)
trap 'rm -rf "$T"; rm -f /dev/shm/bench-starts-'$$ EXIT
[ "$(id -u)" = 0 ] && [ -w /dev/kvm ] || { echo "SKIP bench-starts: needs root and /dev/kvm"; exit 0; }
busy() { awk '/^cpu / {print ($2 + $3 + $4 + $7 + $8) * 10}' /proc/stat; } # ms; guests' time is in it
truncate -s 1M /dev/shm/bench-starts-$$
cat >"$T/qemu" <<-X
	exec qemu-system-x86_64 -machine pc,usb=off,acpi=off,accel=kvm -cpu host,migratable=off,arch-capabilities=off -m 16 \
		-bios /usr/share/qemu/qboot.rom -no-user-config -nodefaults -display none -no-reboot -smp "\$1" -kernel $BUILD/metal.elf \
		-object memory-backend-file,id=s,mem-path=/dev/shm/bench-starts-$$,size=1M,share=on -device ivshmem-plain,memdev=s
X
parts() { # by the names of threads: ms of CPU a guest
	perf script -i "$T/perf" -F comm 2>/dev/null | awk -v n="$1" -v hz=499 '{ sub(/^ +/, "") }
		/^CPU [0-9]/ { vcpus++; next } /^(qemu-system|IO mon_io)/ { qemu++; next } /^(ss-start|vm-stealscope|qemu-event)/ { libvirt++; next }
		/^(stealscope|ss-)/ { ours++; next } /^swapper/ { idle++; next } { rest++ }
		function ms(x) { return x / hz / n * 1000 }
		END { printf "%6d  CPU a guest: QEMU %.0f, its vCPU %.0f, libvirt %.0f, stealscope %.0f, others %.0f, idle %.0f ms\n",
			n, ms(qemu), ms(vcpus), ms(libvirt), ms(ours), ms(rest), ms(idle) }'
}
field() { awk -v f="$2:" '$1 == f {print $2}' "$1" 2>/dev/null; }
memory() { # of another run, looked at as it goes: the most of the harness, of hostd, and of all of it
	local before least now pid hostd mine=0 its=0
	rm -rf "$T/res"
	sleep 2 # what the run before had is free again
	before=$(field /proc/meminfo MemAvailable) least=$before
	"$BUILD/stealscope" run -q --results "$T/res" "$T/starts.xml" >"$T/out" 2>&1 & pid=$!
	while [ -d /proc/$pid ]; do
		hostd=$(pgrep -P $pid stealscope-host)
		now=$(field /proc/$pid/status VmHWM) && mine=${now:-$mine}
		now=$(field "/proc/${hostd:-0}/status" VmHWM) && its=${now:-$its}
		now=$(field /proc/meminfo MemAvailable)
		least=$((now < least ? now : least))
		sleep 0.2
	done
	wait $pid || [ $? = 3 ] || { cat "$T/out"; exit 1; }
	awk -v n="$1" -v m="$mine" -v h="$its" -v a=$((before - least)) 'BEGIN {
		printf "%6d  memory: stealscope %.1f MiB, hostd %.1f, all of the run %.0f: %.1f a guest\n", n, m / 1024, h / 1024, a / 1024, a / 1024 / n }'
}
printf '%6s  %-8s %8s %8s %8s %8s %8s %8s\n' guests "" "ms" "start ms" "clocks" "end ms" "sample" "CPU ms"
for shape in ${*:-3 4x2 64 256}; do
	n=${shape%x*} vcpus=1
	[ "$shape" = "$n" ] || vcpus=${shape#*x}
	cat >"$T/starts.xml" <<-X
		<scenario name="starts" warmup="0" duration="1s"><doc>Guests that do next to nothing.</doc>
		<lab cpus="$(nproc)"/><guest name="g" count="$n" vcpus="$vcpus" memory="16MiB" placement="float"><timer period="50ms"/></guest></scenario>
	X
	for _ in $(seq "$ROUNDS"); do
		b=$(busy) t=$(date +%s%N)
		seq "$n" | xargs -P $((2 * $(nproc))) -I{} sh "$T/qemu" "$vcpus" >/dev/null 2>&1
		echo "QEMU $(($(date +%s%N) - t)) $((($(busy) - b) / n))"
		rm -rf "$T/res"
		b=$(busy)
		"$BUILD/stealscope" run -q --results "$T/res" "$T/starts.xml" >"$T/out" 2>&1 || [ $? = 3 ] || { cat "$T/out"; exit 1; }
		b=$(($(busy) - b))
		jq -r --argjson b $b --argjson n "$n" 'def s(w): [.steps[] | select(.name | test(w)) | .end_ns - .start_ns] | add // 0;
			"run \(.wall_ns - .duration_ns) \($b / $n | floor) \(s("^(start dom|boot)")) \(s("^(sync|stop g)")) \(s("^undo")) \(.first_sample_ns)"' \
			"$T"/res/*/run.json
	done | sort -k1,1 -k2,2n | awk -v n="$shape" '$1 != "run" && !was[$1]++ { printf "%6s  %-8s %8.0f %44.0f\n", n, $1, $2 / 1e6, $3 }
		$1 == "run" && !was[$1]++ { printf "%6s  %-8s %8.0f %8.0f %8.0f %8.0f %8.0f %8d\n", n, "run", $2 / 1e6, $4 / 1e6, $5 / 1e6, $6 / 1e6, $7 / 1e6, $3 }'
	memory "$n"
	command -v perf >/dev/null || continue
	rm -rf "$T/res"
	perf record -q -o "$T/perf" -a -F 499 -e cpu-clock -- "$BUILD/stealscope" run -q --results "$T/res" "$T/starts.xml" >"$T/out" 2>&1 ||
		[ $? = 3 ] || { cat "$T/out"; exit 1; }
	parts "$n"
done
