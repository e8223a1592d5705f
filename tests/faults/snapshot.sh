# What a run may change on its host, as lines "WHAT<tab>VALUE"; and what is different afterwards.
# shellcheck shell=bash

# Affinity and policy of every process, named by pid and start time.
snapshot_processes() {
	{ cat /proc/[0-9]*/stat; grep -Hs Cpus_allowed_list /proc/[0-9]*/status; } 2>/dev/null | awk '
		/^\/proc\// { split($1, p, "/"); cpus[p[3]] = $NF; next }
		{ pid = $1; name = $0; sub(/^[^(]*\(/, "", name); sub(/\)[^)]*$/, "", name)
		  sub(/^.*\) /, ""); key[pid] = "process " pid " " $20 " " name; how[pid] = "policy " $39 }
		END { for (pid in key) print key[pid] "\tCPUs " cpus[pid] " " how[pid] }'
}
# Processes of this test's runs: they carry its mark or its scenario's name.
snapshot_ours() {
	local d
	for d in $( { grep -lsa "STEALSCOPE_CELL=$MINE" /proc/[0-9]*/environ; grep -lsa "guest=stealscope-[^,]*$MINE" /proc/[0-9]*/cmdline; } 2>/dev/null | cut -d/ -f3 | sort -u); do
		[ -s "/proc/$d/cmdline" ] && printf 'ours: process %s %s\t-\n' "$d" "$(tr '\0' ' ' <"/proc/$d/cmdline" 2>/dev/null | cut -c1-100)"
	done
}
# "FILE:LINE" lines as one setting per file.
joined() { awk '{ f = $0; sub(/:.*/, "", f); v = substr($0, length(f) + 2); if (f in all) all[f] = all[f] "|" v; else all[f] = v } END { for (f in all) print "setting " f "\t" all[f] }'; }
# Every control group, with the settings of cpu and cpuset.
snapshot_groups() {
	find /sys/fs/cgroup -mindepth 2 -type d -printf 'cgroup %p\t-\n' 2>/dev/null
	find /sys/fs/cgroup -type f \( -name cpu.shares -o -name 'cpu.cfs_*_us' -o -name cpu.rt_runtime_us -o -name cpuset.cpus \
		-o -name cpuset.mems -o -name cpu.max -o -name cpu.weight -o -name cgroup.subtree_control \) -exec grep -Hs '' {} + 2>/dev/null | joined
}
snapshot() {
	{
		snapshot_processes
		snapshot_groups
		grep -Hs '' /proc/sys/kernel/* /proc/sys/vm/* /sys/module/kvm*/parameters/* /sys/devices/system/cpu/online \
			/sys/kernel/mm/transparent_hugepage/enabled /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor |
			grep -v -e /ns_last_pid -e /random -e /pty | joined
		sed 's/^/mount /; s/$/\t-/' /proc/self/mounts
		find /dev/shm /proc/1/root/dev/shm /run/stealscope -mindepth 1 -printf 'file %p\t-\n' 2>/dev/null
		snapshot_ours
	} | sort -u
}

# Others on this box: their control groups and files come and go meanwhile.
others_at_work() {
	local p
	for p in $(pgrep -x stealscope; pgrep -x libvirtd; pgrep -x lab-vm); do
		grep -qsa "STEALSCOPE_CELL=$MINE" "/proc/$p/environ" || [ "$p" = "$(cat "$T/libvirtd.pid" 2>/dev/null)" ] || return 0
	done
	return 1
}

# changed BEFORE AFTER: lines that are new, and settings that are not what they were. What a run makes has
# its name in it, or its harness's pid; the folders above that are shared with other runs on a busy box.
changed() {
	local alone=1
	others_at_work && alone=0
	awk -F'\t' -v mine="$MINE" -v pid="/$harness-" -v alone="$alone" '
		function ours(what) { return index(what, mine) || index(what, pid) }
		NR == FNR { old[$1] = $2; next }
		{ new[$1]; if (match($1, /\/(stealscope|machine)\//)) used[substr($1, 1, RSTART + RLENGTH - 2)] }
		$1 in old { if (old[$1] != $2 && (alone || $1 ~ /^(process|setting \/(proc|sys\/(module|devices|kernel)))/ || ours($1)))
				print $1 ": " old[$1] " became " $2
			    next }
		/^(process|setting)/ { next }
		/^ours/ || ours($1) { print "left: " $1; next }
		/^mount/ { print "new: " $1; next }
		/\/(stealscope|machine)$/ { shared[$1] }
		END { for (k in old) if (k ~ /^mount/ && !(k in new)) print "gone: " k
		      for (k in shared) if (alone && !(k in used)) print "left: " k }' "$1" "$2"
}
