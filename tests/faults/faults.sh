# The table of faults: what is done, how a run that meets it at each moment must end, what it must say.
# Read by matrix.sh. A new fault is a row here and, where it needs more than a line, a function below.
# shellcheck shell=bash disable=SC2154,SC2317,SC2016

# A run says on stderr what it begins; a moment is the time right after these words ("start": the
# program is there and catches signals, its work has not begun).
MOMENTS=(start connecting starting booting measuring stopping)
MOMENT_WORDS=("" "connect to libvirt" "start domains" "boot guests" "measuring" "stop guests")

# fault NAME WHEN ACTION SAYS EXIT-AT-EACH-MOMENT...
#   WHEN  now    the action is done to the harness ($harness) as it runs
#         env    as now; at "start" it is done before the program begins
#         guest  the guest does it itself; the action chooses that guest
#         box    as now, and the whole box feels it: only with FAULTS_BOX=1
#   SAYS  a pattern for the one line on stderr, or, at an exit of 0!, for a warning in the record
#   EXIT  - no such cell; 0! complete, with a warning; 1,0 either is right: the fault races the end
fault_table() {
	#     NAME                               WHEN   ACTION                                     SAYS                                 start     connecting starting  booting   measuring stopping
	fault "harness kill -9"                  now    'kill -9 $harness'                         -                                    137       137       137       137       137       137
	fault "harness kill -9 in its first run" now    'first_run_kill'                           -                                    -         137       -         -         -         -
	fault "harness SIGINT"                   now    'kill -INT $harness'                       'interrupted'                        130       130       130       130       130       130,0
	fault "harness SIGTERM"                  now    'kill -TERM $harness'                      'interrupted'                        130       130       130       130       130       130,0
	fault "hostd gone"                       env    'no_hostd'                                 'no host agent'                      0!        -         -         -         -         -
	fault "hostd kill -9"                    now    'kill -9 $(hostd)'                         'host agent( failed|: stealscope-hostd has died)'                  -         -         0!        0!        0!        0!,0
	fault "hostd SIGTERM"                    now    'kill -TERM $(hostd)'                      'host agent( failed|: stealscope-hostd has died)'                  -         -         0!        0!        0!        0!,0
	fault "hostd SIGSTOP"                    now    'kill -STOP $(hostd)'                      'host agent( failed|: stealscope-hostd does not answer)'                  -         -         0!        0!        0!        0!,0
	fault "QEMU gone"                        env    'hide $QEMU'                               'qemu-system'                        4         -         -         -         -         -
	fault "QEMU killed"                      now    'kill -9 $(qemu)'                          'guest victim'                       -         -         1         1         1         0!,0
	fault "QEMU SIGSTOP"                     now    'kill -STOP $(qemu)'                       'guest victim'                       -         -         1         1         0!        0!,0
	fault "QEMU out of memory"               now    'oom $(qemu)'                              'guest victim'                       -         -         -         1         1         -
	fault "guest triple fault"               guest  'guest triple'                             'guest victim: .*ended'  -         -         -         1         1         0!,0
	fault "guest hangs"                      guest  'guest hang'                               'guest victim: .*(come up|stop in time)' -         -         -         1         0!        0!
	fault "guest reboots"                    guest  'guest reboot'                             'guest victim: .*ended'  -         -         -         1         1         0!,0
	fault "libvirtd gone"                    env    'libvirtd_kill'                            'libvirt'                            4         -         1         0         0         0
	fault "libvirtd restarted"               env    'libvirtd_restart'                         'libvirt'                            0         -         1         0         0         0
	fault "/dev/kvm gone"                    env    'hide /dev/kvm'                            'KVM'                                4         4         4         0         0         0
	fault "/dev/kvm busy"                    env    'deny kvm'                                 '/dev/kvm'                           4         -         -         -         -         -
	fault "results full"                     env    'fill $R'                                  'No space'                           1         1         1         1         1         1
	fault "results read-only"                env    'read_only'                                'Read-only'                          1         -         -         -         -         -
	fault "results unwritable"               env    'immutable'                                'not permitted'                      1         1         1         1         1         1
	fault "results removed"                  env    'rm -rf $R/all'                            'No such file'                       0         1         1         1         1         1
	fault "/dev/shm full"                    env    'fill /dev/shm'                            'no room .* /dev/shm'                1         0         0         0         0         0
	fault "cgroup removed"                   now    'noise_group_gone'                         'noise hog'                          -         -         -         1         0!,1      0!,0
	fault "eBPF denied"                      env    'deny bpf'                                 'no scheduler trace'                 0!        -         -         -         -         -
	fault "fork fails"                       env    'no_fork'                                  'temporarily unavailable'            1         1,4       1         0         0         0
	fault "open fails"                       env    'limit nofile 5'                           'Too many open files|command API|cannot open libvirt' 1,4       1,4       1         1         0!,1      0!,1
	fault "player kill -9"                   now    'kill -9 $(player)'                        'noise p[0-9]'                       -         -         -         1         0!,1      0!,0
	fault "player SIGSTOP"                   now    'kill -STOP $(player)'                     -                                    -         -         -         -         0         -
	fault "player stopped + harness kill -9" now    'kill -STOP $(player); kill -9 $harness'   -                                    -         -         -         137       137       137
	fault "player, harness and reaper kill -9" now  'player_alone'                             -                                    -         -         -         137       137       137
	fault "clock stepped"                    box    'clock_step'                               -                                    0         0         0         0         0         0
	fault "CPU offline"                      box    'cpu_offline'                              'host changed'                       -         -         0!,1!     0!        0!        0!,0
	# Two at once.
	fault "QEMU stopped + harness kill -9"   now    'kill -STOP $(qemu); kill -9 $harness'     -                                    -         -         137       137       137       137
	fault "hostd stopped + SIGINT"           now    'kill -STOP $(hostd); kill -INT $harness'  'interrupted'                        -         -         130       130       130       130,0
	fault "results full + SIGTERM"           now    'fill $R; kill -TERM $harness'             'interrupted|No space'                     -         -         130       130       130       130,1
	fault "QEMU and hostd kill -9"           now    'kill -9 $(qemu) $(hostd)'                 'guest victim'                       -         -         1         1         1         0!,0
	fault "harness and its reaper kill -9"   now    'reaperless'                               -                                    -         -         137       137       137       137
}

# The pids of this cell's processes.
hostd() { pgrep -f "stealscope-hostd .*--label=$R"; }
qemu() { wait_for pgrep -f "guest=stealscope-[^ ]*$MINE"; }
reaper() { pgrep -x ss-reaper | while read -r p; do grep -qs "$CELL" "/proc/$p/environ" && echo "$p"; done; }

# The player of stalls, in rows that begin with it (matrix.sh gives these a scenario with one).
player() { wait_for pgrep -x "p$$"; }
# Nobody is left to end it but the kernel, which does as its parent dies.
player_alone() { player >/dev/null && kill -9 $(reaper) "$harness"; }
undo_player_alone() { "$SS" clean -q; }

# Killed while libvirt asks QEMU what it can do, which it does once on a box: those QEMUs are daemons.
before_first_run_kill() { mkdir -p /var/cache/stealscope && mount -t tmpfs none /var/cache/stealscope; }
first_run_kill() { wait_for pgrep -f "qemu-system.*stealscope/$harness-" && kill -9 "$harness"; }
undo_first_run_kill() { umount /var/cache/stealscope; }

# hide FILE: in this test's mount namespace only, as everything that is mounted here.
hide() { mount --bind /dev/null "$1"; }
undo_hide() { umount "$1"; }

no_hostd() { chmod -x "$BIN/stealscope-hostd"; }
undo_no_hostd() { chmod +x "$BIN/stealscope-hostd"; }

# limit RESOURCE N: of the harness and what it starts from now on.
limit() { prlimit --pid "$harness" "--$1=$2:$2"; }

# deny WHAT: the kernel says no to it, to the harness and to what it starts.
deny() {
	case $1 in
	kvm) WRAP=("$BUILD/faulty/kvm_busy") ;;
	bpf) WRAP=(capsh --drop=cap_bpf,cap_perfmon,cap_sys_admin -- -c 'exec "$@"' sh) ;;
	esac
}

fill() {
	dd if=/dev/zero of="$1/filler" bs=64k 2>/dev/null
	! dd if=/dev/zero of="$1/filler" bs=512 oflag=append conv=notrunc 2>/dev/null
}
undo_fill() { rm -f "$1/filler"; }

read_only() { mount -o remount,ro "$R"; }
undo_read_only() { mount -o remount,rw "$R"; }

# No new names in the results: even root cannot make any.
immutable() { find "$R" -type d -exec chattr +i {} +; }
undo_immutable() { find "$R" -type d -exec chattr -i {} +; }

guest() { cp "$BUILD/faulty/$1-$moment.elf" "$BIN/metal.elf"; }
undo_guest() { cp "$BUILD/metal.elf" "$BIN/metal.elf"; }

# group CONTROLLER: a control group of this cell; prints its folder.
group() {
	local d=/sys/fs/cgroup/$1/$CELL
	[ -d "/sys/fs/cgroup/$1" ] || d=/sys/fs/cgroup/$CELL
	mkdir -p "$d" && echo "$d"
}

# oom PID: the kernel's own killer chooses it, because its control group wants more than it may have.
oom() {
	local g file=memory.max
	g=$(group memory) || return
	[ -e "$g/memory.limit_in_bytes" ] && file=memory.limit_in_bytes
	echo 16M >"$g/$file" && echo "$1" >"$g/cgroup.procs" && echo 1000 >"/proc/$1/oom_score_adj" || return
	bash -c 'echo $$ >"$0/cgroup.procs" && exec tail /dev/zero' "$g" 2>/dev/null &
	wait_for_not kill -0 "$1" # where the kernel's report goes to a slow console, it takes seconds
	kill -9 $! 2>/dev/null || true
}
undo_oom() { wait_for rmdir "$(group memory)"; }

# Not one process or thread more than there are.
no_fork() {
	local g
	g=$(group pids) && echo "$harness" >"$g/cgroup.procs" && echo 1 >"$g/pids.max"
}
undo_no_fork() { wait_for rmdir "$(group pids)"; }

rmdir_or_there() { rmdir "$1"; [ -d "$1" ]; }
noise_group_gone() {
	local d
	for d in $(find /sys/fs/cgroup -type d -path "*stealscope/*$MINE*/hog"); do
		{ xargs -r kill -9 <"$d/cgroup.procs"; } 2>/dev/null
		wait_for_not rmdir_or_there "$d" || return # at "stopping" the harness removes it as well
	done
}

# Without its reaper only `clean` is left, and the guests' own dead-man's switch.
reaperless() { kill -9 $(reaper) "$harness"; }
undo_reaperless() { "$SS" clean -q; }

# A daemon of this test's own, in its mount namespace; its QEMUs are root's.
needs_libvirtd() { case $1 in libvirtd_*) return 0 ;; *) return 1 ;; esac; }
libvirtd_start() {
	mountpoint -q /run/libvirt || {
		mkdir -p /run/libvirt "$T/etc"
		mount -t tmpfs none /run/libvirt && mount -t tmpfs none /var/lib/libvirt && mount --bind "$T/etc" /etc/libvirt
		printf '%s\n' 'user = "root"' 'group = "root"' 'stdio_handler = "file"' 'namespaces = []' >/etc/libvirt/qemu.conf
	}
	env -u STEALSCOPE_CELL libvirtd -d -p "$T/libvirtd.pid" </dev/null >/dev/null 2>&1
	wait_for virsh -q -c qemu:///system uri >/dev/null
}
libvirtd_kill() { kill -9 "$(cat "$T/libvirtd.pid")"; wait_for_not kill -0 "$(cat "$T/libvirtd.pid")" 2>/dev/null; }
undo_libvirtd_kill() { libvirtd_start; }
libvirtd_restart() { libvirtd_kill; libvirtd_start; }

# 2 s ahead and, a moment later, exactly as much back.
clock_step() {
	"$BUILD/faulty/clock_step" 2 && sleep 0.3 && "$BUILD/faulty/clock_step" -2
}

# The last CPU. Control groups of v1 forget it for good, so what they had is written again afterwards, from the top.
last_cpu() { find /sys/devices/system/cpu -maxdepth 2 -path '*/cpu[0-9]*/online' | sort -V | tail -1; }
cpuset_root=/sys/fs/cgroup/cpuset/cpuset.cpus
cpuset_is_whole() { [ ! -e $cpuset_root ] || [ "$(cat $cpuset_root)" = "$(cat /sys/devices/system/cpu/online)" ]; }
cpu_offline() { echo 0 >"$(last_cpu)"; }
undo_cpu_offline() {
	local file cpus
	echo 1 >"$(last_cpu)" || return
	wait_for cpuset_is_whole # a moment later, by itself
	sed -n 's/^setting \(.*cpuset.cpus\)\t/\1 /p' "$T/before" | awk -F/ '{print NF, $0}' | sort -n | while read -r _ file cpus; do
		[ ! -e "$file" ] || [ "$(cat "$file")" = "$cpus" ] || echo "$cpus" >"$file"
	done
}
