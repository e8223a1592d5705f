// SPDX-License-Identifier: GPL-3.0-or-later
/* Facts about the kernel: its accounting, its control groups, what it lets us trace. */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/priv.h"

#define CPU_NOHZ "/sys/devices/system/cpu/nohz_full"

void fact_host_name(const struct fact_source *s, struct fact *f)
{
	auto_free char *name = fact_line(s, "/proc/sys/kernel/hostname");

	if (name)
		fact_set(f, FACT_INFO, "", "%s", name);
}

void fact_kernel(const struct fact_source *s, struct fact *f)
{
	auto_free char *release = fact_line(s, "/proc/sys/kernel/osrelease");
	auto_free char *version = fact_line(s, "/proc/sys/kernel/version");

	if (!release)
		return;
	fact_set(f, FACT_INFO, "", "%s%s", release,
		version && strstr(version, "PREEMPT_RT")	? ", PREEMPT_RT"
		: version && strstr(version, "PREEMPT_DYNAMIC") ? ", PREEMPT_DYNAMIC"
								: "");
}

void fact_defects(const struct fact_source *s, struct fact *f)
{
	auto_free char *release = fact_line(s, "/proc/sys/kernel/osrelease");
	unsigned version = release ? kernel_version_parse(release) : 0;
	auto_struct(strbuf) what = {0}, effect = {0};

	if (!version)
		return;
	for (size_t i = 0; i < n_kernel_defects; i++) {
		if (!kernel_defect_applies(&kernel_defects[i], version))
			continue;
		strbuf_add(&what, "%s%s", what.len ? "; " : "", kernel_defects[i].what);
		strbuf_add(&effect, "%s%s", effect.len ? "; " : "", kernel_defects[i].effect);
	}
	if (what.len)
		fact_set(f, FACT_LIMITS, effect.text, "%s (by its version; it may be patched)",
			what.text);
	else
		fact_set(f, FACT_GOOD, "", "none known");
}

/* The coarse clock advances with the tick: its resolution is 1/HZ on every kernel. */
void fact_tick(const struct fact_source *s, struct fact *f)
{
	auto_free char *full = fact_line(s, CPU_NOHZ);
	struct timespec ts;

	if (!s->live || clock_getres(CLOCK_MONOTONIC_COARSE, &ts) || ts.tv_nsec == 0)
		return;
	fact_set(f, FACT_INFO, "", "%ld Hz%s%s", 1000000000L / ts.tv_nsec,
		full && *full && strcmp(full, "(null)") != 0 ? ", none on CPUs " : "",
		full && strcmp(full, "(null)") != 0 ? full : "");
}

void fact_clocksource(const struct fact_source *s, struct fact *f)
{
	auto_free char *v =
		fact_line(s, "/sys/devices/system/clocksource/clocksource0/current_clocksource");

	if (!v)
		return;
	if (strcmp(v, "tsc") == 0 || strcmp(v, "kvm-clock") == 0)
		fact_set(f, FACT_GOOD, "", "%s", v);
	else
		fact_set(f, FACT_LIMITS,
			"reading the time is slow and coarse; the clock map between guest and host is wider",
			"%s", v);
}

void fact_cgroup(const struct fact_source *s, struct fact *f)
{
	if (!s->live)
		return;
	switch (host_cgroup_version()) {
	case HOST_CGROUP_V1:
		fact_set(f, FACT_GOOD, "", "v1");
		break;
	case HOST_CGROUP_V2:
		fact_set(f, FACT_GOOD, "", "v2");
		break;
	default:
		fact_set(f, FACT_MISSING, "no noise, no shares and no quota here", "none");
	}
}

void fact_rt_group(const struct fact_source *s, struct fact *f)
{
	if (fact_exists(s, "/sys/fs/cgroup/cpu/cpu.rt_runtime_us"))
		fact_set(f, FACT_LIMITS,
			"real-time vCPU threads run in the root control group, outside shares and quota",
			"on (RT_GROUP_SCHED)");
	else
		fact_set(f, FACT_GOOD, "", "off");
}

void fact_rt_throttling(const struct fact_source *s, struct fact *f)
{
	long long runtime = fact_number(s, "/proc/sys/kernel/sched_rt_runtime_us", -2);
	long long period = fact_number(s, "/proc/sys/kernel/sched_rt_period_us", 1000000);

	if (runtime == -2 || period <= 0)
		return;
	if (runtime < 0)
		fact_set(f, FACT_INFO, "a busy real-time vCPU can lock up its CPU", "off");
	else
		fact_set(f, FACT_INFO,
			"a busy real-time vCPU is stopped for the rest of each period",
			"%lld of %lld us", runtime, period);
}

/* A ring buffer is the newest thing the tracer needs (Linux 5.8); creating one needs the
 * privilege. */
void fact_ebpf(const struct fact_source *s, struct fact *f)
{
	union bpf_attr attr;
	int fd;

	if (!s->live)
		return;
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_RINGBUF;
	attr.max_entries = (unsigned)sysconf(_SC_PAGESIZE);
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd >= 0) {
		close(fd);
		fact_set(f, FACT_GOOD, "", "usable");
	} else if (errno == EPERM) {
		fact_set(f, FACT_INFO,
			"only root or a host agent with capabilities may: the row ebpf.tracer tells",
			"not by this user");
	} else {
		fact_set(f, FACT_MISSING,
			"counters only, no blame: this kernel has no eBPF ring buffer", "%s",
			strerror(errno));
	}
}

void fact_btf(const struct fact_source *s, struct fact *f)
{
	if (fact_exists(s, "/sys/kernel/btf/vmlinux"))
		fact_set(f, FACT_GOOD, "", "present");
	else
		fact_set(f, FACT_MISSING, "the tracer cannot be loaded: counters only, no blame",
			"missing");
}

void fact_bpf_unprivileged(const struct fact_source *s, struct fact *f)
{
	long long v = fact_number(s, "/proc/sys/kernel/unprivileged_bpf_disabled", -1);

	if (v >= 0)
		fact_set(f, FACT_INFO, "", "%s", v == 0 ? "allowed" : "disabled");
}

void fact_schedstat(const struct fact_source *s, struct fact *f)
{
	auto_free char *line = fact_line(s, "/proc/self/schedstat");
	unsigned long long run, delay, slices;

	if (line && sscanf(line, "%llu %llu %llu", &run, &delay, &slices) == 3 && slices > 0)
		fact_set(f, FACT_GOOD, "", "present");
	else
		fact_set(f, FACT_MISSING, "steal cannot be checked against the host's run delay",
			"missing (SCHED_INFO is off)");
}

void fact_psi(const struct fact_source *s, struct fact *f)
{
	if (fact_exists(s, "/proc/pressure/cpu"))
		fact_set(f, FACT_GOOD, "", "present");
	else
		fact_set(f, FACT_INFO, "no pressure figures in the record", "missing");
}

void fact_pmu(const struct fact_source *s, struct fact *f)
{
	if (fact_exists(s, "/sys/bus/event_source/devices/cpu") ||
		fact_exists(s, "/sys/bus/event_source/devices/cpu_core"))
		fact_set(f, FACT_GOOD, "", "present");
	else
		fact_set(f, FACT_INFO,
			"no cycle counts: a slower CPU cannot be told from a busy one", "none");
}

void fact_perf_paranoid(const struct fact_source *s, struct fact *f)
{
	long long v = fact_number(s, "/proc/sys/kernel/perf_event_paranoid", -100);

	if (v != -100)
		fact_set(f, FACT_INFO, "", "%lld", v);
}

void fact_numa_balancing(const struct fact_source *s, struct fact *f)
{
	long long v = fact_number(s, "/proc/sys/kernel/numa_balancing", -1);

	if (v <= 0)
		fact_set(f, FACT_GOOD, "", "%s", v == 0 ? "off" : "none");
	else
		fact_set(f, FACT_LIMITS, "pages and threads move between nodes while you measure",
			"on");
}

void fact_ksm(const struct fact_source *s, struct fact *f)
{
	long long v = fact_number(s, "/sys/kernel/mm/ksm/run", -1);

	if (v == 1)
		fact_set(f, FACT_LIMITS, "ksmd takes CPU from guests that look alike", "on");
	else
		fact_set(f, FACT_GOOD, "", "%s", v < 0 ? "none" : "off");
}
