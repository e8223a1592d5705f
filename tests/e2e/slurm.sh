# shellcheck shell=bash
# A Slurm of one node for tests: own munge key, own configuration, own ports, all below a folder, nothing
# of the system's touched. slurm_start DIR (1 and a sentence on stdout where it cannot), slurm_stop.
# Afterwards SLURM_CONF makes sbatch and squeue talk to it.
slurm_pids=()
slurm_free_port() { # a port nobody listens on, from $1 upwards
	local p=$1
	while ss -ltn 2>/dev/null | grep -q ":$p "; do p=$((p + 1)); done
	echo "$p"
}
slurm_start() {
	local dir=$1 host ctl node i
	[ "$(id -u)" = 0 ] || { echo "needs root to start slurmd"; return 1; }
	for i in munged slurmctld slurmd sbatch; do
		PATH=$PATH:/usr/sbin command -v $i >/dev/null || { echo "$i is not installed"; return 1; }
	done
	host=$(hostname -s)
	ctl=$(slurm_free_port 16817)
	node=$(slurm_free_port $((ctl + 1)))
	mkdir -p "$dir/state" "$dir/spool" "$dir/munge" && chmod 700 "$dir/state" "$dir/spool"
	chmod 755 "$dir" "$dir/munge"
	head -c 64 /dev/urandom >"$dir/munge/key" && chmod 400 "$dir/munge/key"
	cat >"$dir/slurm.conf" <<C
ClusterName=lab
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$ctl
SlurmdPort=$node
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$dir/munge/socket
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/linear
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=1
MailProg=/bin/true
MpiDefault=none
ReturnToService=2
KillWait=20
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=lab Nodes=$host Default=YES MaxTime=INFINITE State=UP
C
	export SLURM_CONF=$dir/slurm.conf
	/usr/sbin/munged --foreground --force --num-threads=1 --key-file="$dir/munge/key" \
		--socket="$dir/munge/socket" --pid-file="$dir/munge/pid" --log-file="$dir/munge/log" \
		--seed-file="$dir/munge/seed" >"$dir/munge/out" 2>&1 &
	slurm_pids+=($!)
	for ((i = 0; i < 50; i++)); do [ -S "$dir/munge/socket" ] && break; sleep 0.1; done
	[ -S "$dir/munge/socket" ] || { echo "munged does not start: $(tail -1 "$dir/munge/out")"; return 1; }
	/usr/sbin/slurmctld -D -c -f "$SLURM_CONF" >"$dir/ctl.out" 2>&1 &
	slurm_pids+=($!)
	/usr/sbin/slurmd -D -f "$SLURM_CONF" -N "$host" >"$dir/node.out" 2>&1 &
	slurm_pids+=($!)
	for ((i = 0; i < 150; i++)); do
		[ "$(timeout 5 sinfo -h -o %t 2>/dev/null)" = idle ] && return 0
		sleep 0.2
	done
	echo "the node does not come up: $(timeout 5 sinfo -h 2>&1 | tail -1); $(tail -1 "$dir/slurmd.log" 2>&1); $(tail -1 "$dir/slurmctld.log" 2>&1)"
	return 1
}
slurm_stop() {
	local i p
	for ((i = ${#slurm_pids[@]} - 1; i >= 0; i--)); do
		p=${slurm_pids[i]}
		kill "$p" 2>/dev/null
		for ((t = 0; t < 50; t++)); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done
		kill -9 "$p" 2>/dev/null
		wait "$p" 2>/dev/null
	done
	slurm_pids=()
}
