// SPDX-License-Identifier: GPL-3.0-or-later
/* Whether stalls can be played here, before anything starts. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "noise/stalls.h"
#include "noise/stalls_map.h"
#include "stalls/source.h"

#define LOOK_ROWS  1000000u /* of a longer trace the rest is judged as it is played */
#define RT_RUNTIME "/proc/sys/kernel/sched_rt_runtime_us"
#define RT_PERIOD  "/proc/sys/kernel/sched_rt_period_us"

uint64_t stalls_rt_runtime_ns(uint64_t *period_ns)
{
	auto_free char *text = read_file(RT_RUNTIME, 64, NULL, NULL);
	uint64_t period = 0, runtime = 0;

	*period_ns = NS_PER_S;
	if (!text || *text == '-' || read_u64(RT_RUNTIME, &runtime, NULL))
		return UINT64_MAX;
	if (read_u64(RT_PERIOD, &period, NULL) == 0 && period)
		*period_ns = period * NS_PER_US;
	return runtime * NS_PER_US;
}

/* In a child, so that nothing of this process changes. */
static int try_real_time(void)
{
	struct child_setup setup = {
		.files = {CHILD_NULL, CHILD_NULL, CHILD_NULL}, .keep = -1, .death_signal = SIGKILL};
	struct sched_param param = {.sched_priority = 60};
	int status = 0;
	pid_t pid = child_fork(&setup, NULL);

	if (pid < 0)
		return pid;
	if (pid == 0)
		_exit(sched_setscheduler(0, SCHED_FIFO, &param) ? errno : 0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* The cpu control group of this process on v1; NULL where there is none. Caller frees. */
static char *own_cpu_group(void)
{
	auto_free char *text = read_file("/proc/self/cgroup", 1 << 16, NULL, NULL);
	char *save = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
		line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':'),
		     *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (path &&
			(!strncmp(controllers, ":cpu,", 5) || !strncmp(controllers, ":cpu:", 5)))
			return xstrdup(path + 1);
	}
	return NULL;
}

static int look_at_rights(struct err *e)
{
	int rc = try_real_time();
	auto_free char *group = rc == -EPERM ? own_cpu_group() : NULL;
	auto_free char *file =
		xasprintf("/sys/fs/cgroup/cpu%s/cpu.rt_runtime_us", group ? group : "");
	uint64_t runtime;

	if (!rc)
		return 0;
	if (rc == -EPERM && group && read_u64(file, &runtime, NULL) == 0 && !runtime)
		return err_set_exit(e, EXIT_HOST, EPERM,
			"stalls need real-time threads, and this kernel (RT_GROUP_SCHED) gives the control group %s no real-time time; start from the root group, or write a number to its cpu.rt_runtime_us",
			group);
	if (rc == -EPERM)
		return err_set_exit(e, EXIT_HOST, EPERM,
			"stalls need real-time threads, which this user may not have; run as root, or allow it by `ulimit -r 60` (RLIMIT_RTPRIO)");
	return err_set_exit(e, EXIT_HOST, -rc, "stalls need real-time threads: %s", strerror(-rc));
}

/* What the victim's CPUs are to lose in each period of the kernel's real-time bandwidth. */
struct budget {
	uint64_t period_ns, runtime_ns;
	uint64_t period[SHM_MAX_VCPUS * 64],
		sum[SHM_MAX_VCPUS * 64]; /* by vCPU, of its present period */
	uint64_t rows;
};

static int spend(struct budget *b, const struct stall *s, unsigned vcpu, struct err *e)
{
	if (vcpu >= ARRAY_SIZE(b->sum))
		return 0;
	if (b->period[vcpu] != s->start_ns / b->period_ns)
		b->sum[vcpu] = 0;
	b->period[vcpu] = s->start_ns / b->period_ns;
	/* Of a long stretch whose stalls nobody knows, what falls into one period. */
	b->sum[vcpu] += s->length_ns > b->period_ns
				? (uint64_t)((double)s->taken_ns / (double)s->length_ns *
					     (double)b->period_ns)
				: s->taken_ns;
	b->rows++;
	if (b->sum[vcpu] <= b->runtime_ns)
		return 0;
	return err_set_exit(e, EXIT_HOST, EPERM,
		"the stalls around %.3f s take %.0f ms of vCPU %u within %.0f ms, and this kernel leaves real-time threads %.0f ms of that (" RT_RUNTIME
		"); write -1 there, or play less of them (scale=)",
		(double)s->start_ns / 1e9, (double)b->sum[vcpu] / 1e6, vcpu,
		(double)b->period_ns / 1e6, (double)b->runtime_ns / 1e6);
}

static int look_at_rows(const struct plan_stalls *s, struct err *e)
{
	static struct stalls_map map;
	static struct budget b;
	struct stalls_source *in;
	struct stall row;
	int rc = stalls_map_make(s, &map, e);

	if (!rc)
		rc = stalls_source_open(&s->how, &in, e);
	if (rc)
		return rc;
	memset(&b, 0, sizeof(b));
	b.runtime_ns = stalls_rt_runtime_ns(&b.period_ns);
	for (unsigned i = 0; i < LOOK_ROWS && (rc = stalls_source_next(in, &row, e)) == 1; i++) {
		int vcpu = stalls_map_find(&map, row.cpu);

		if (row.start_ns > s->until_ns)
			break;
		rc = vcpu < 0 ? 0 : spend(&b, &row, (unsigned)vcpu, e);
		if (rc)
			break;
		if (vcpu >= 0 && !stalls_source_rates(in) && row.length_ns > STALLS_PLAYED_MAX_NS) {
			rc = err_set_exit(e, EXIT_HOST, EINVAL,
				"the stall at %.3f s lasts %.0f s; none of over 10 s is played (scale=, speed=)",
				(double)row.start_ns / 1e9, (double)row.length_ns / 1e9);
			break;
		}
	}
	stalls_source_close(in);
	if (rc < 0)
		return rc;
	return b.rows ? 0
		      : err_set_exit(e, EXIT_USAGE, ENODATA,
				"%s has no stall for a vCPU of '%s'; look at its CPUs (map=) and times (from=)",
				s->trace ? s->trace : "what is made", s->victim);
}

int stalls_look(const struct plan_stalls *s, struct err *e)
{
	int rc = look_at_rows(s, e);

	return rc ? rc : look_at_rights(e);
}
