// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/quiet.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LOOK_NS	 (500 * NS_PER_MS) /* 50 ticks a CPU: shares to 2 % */
#define STAT_MAX ((size_t)1 << 22)

/* "cpu3 user nice system idle iowait irq softirq steal ..." */
static bool parse_cpu(const char *line, const struct cpuset *cpus, struct quiet_counters *out)
{
	uint64_t v[8] = {0};
	unsigned cpu;
	int used = 0;
	const char *p;

	if (sscanf(line, "cpu%u%n", &cpu, &used) != 1 || !cpuset_has(cpus, cpu))
		return false;
	p = line + used;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		if (sscanf(p, " %" SCNu64 "%n", &v[i], &used) != 1)
			break;
		p += used;
	}
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		out->total += v[i];
		if (i != 3 && i != 4)
			out->busy += v[i];
	}
	return true;
}

int quiet_parse(const char *stat, const char *pressure, const struct cpuset *cpus,
	struct quiet_counters *out)
{
	struct quiet_counters c = {0};
	const char *total = pressure ? strstr(pressure, "total=") : NULL;
	bool any = false;

	while (stat && !strncmp(stat, "cpu", 3)) {
		any |= parse_cpu(stat, cpus, &c);
		stat = strchr(stat, '\n');
		stat = stat ? stat + 1 : NULL;
	}
	if (!any)
		return -EINVAL;
	if (total && sscanf(total, "total=%" SCNu64, &c.waiting_us) == 1)
		c.have_waiting = true;
	*out = c;
	return 0;
}

struct quiet quiet_between(
	const struct quiet_counters *a, const struct quiet_counters *b, uint64_t ns)
{
	struct quiet q = {.busy = 0, .waiting = NAN};

	if (b->total > a->total && b->busy >= a->busy)
		q.busy = (double)(b->busy - a->busy) / (double)(b->total - a->total);
	if (a->have_waiting && b->have_waiting && ns)
		q.waiting = (double)(b->waiting_us - a->waiting_us) * 1e3 / (double)ns;
	q.reached = q.busy <= QUIET_BUSY && !(q.waiting > QUIET_WAITING);
	return q;
}

static int look(const struct cpuset *cpus, struct quiet_counters *out, struct err *e)
{
	auto_free char *stat = read_file("/proc/stat", STAT_MAX, NULL, e);
	auto_free char *pressure = read_file("/proc/pressure/cpu", 4096, NULL, NULL);

	if (!stat)
		return -e->code;
	if (quiet_parse(stat, pressure, cpus, out))
		return err_set(e, EINVAL, "/proc/stat has none of the lab CPUs");
	return 0;
}

int quiet_wait(const struct cpuset *cpus, uint64_t limit_ns,
	const volatile sig_atomic_t *interrupted, struct quiet *out, struct err *e)
{
	uint64_t start = now_ns(), last = start;
	struct quiet q = {.waiting = NAN};
	struct quiet_counters before, after;
	int rc = look(cpus, &before, e);

	while (!rc && !q.reached && now_ns() - start < limit_ns && !*interrupted) {
		uint64_t now;

		sleep_ns(LOOK_NS);
		rc = look(cpus, &after, e);
		now = now_ns();
		if (rc)
			break;
		q = quiet_between(&before, &after, now - last);
		before = after;
		last = now;
	}
	if (rc)
		return rc;
	q.waited_ns = now_ns() - start;
	*out = q;
	return 0;
}
