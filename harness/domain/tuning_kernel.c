// SPDX-License-Identifier: GPL-3.0-or-later
/* A domain's tuning as the kernel has it: affinity and policy of QEMU's threads, the files of their
 * control groups. Values are written as libvirt writes them. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "domain/tuning_priv.h"
#include "host/cgroup.h"
#include "host/cgroup_thread.h"

/* What libvirt calls no quota on cgroup v2 (VIR_DOMAIN_CPU_QUOTA_MAX, its limit in us). */
#define V2_NO_QUOTA "18446744073709551"

int tuning_index(const char *key, const char *kind)
{
	size_t len = strlen(kind);

	if (strncmp(key, kind, len) || key[len] != '.' || key[len + 1] < '0' || key[len + 1] > '9')
		return -1;
	return atoi(key + len + 1);
}

/* ---- threads */

/* The thread of QEMU that a row is about, by the names that libvirt has QEMU give them: asking its
 * monitor would taint the domain. 0 = not there. */
static pid_t thread_named(const struct tuning *t, const char *name)
{
	auto_free char *dir = xasprintf("/proc/%d/task", (int)t->pid);
	size_t len = strlen(name);
	pid_t found = 0;

	for (auto_struct(folder) f = {.dir = opendir(dir)}; !found && folder_next(&f);) {
		auto_free char *path = xasprintf("%s/%s/comm", dir, f.name);
		auto_free char *comm =
			isdigit((unsigned char)f.name[0]) ? read_file(path, 64, NULL, NULL) : NULL;

		if (comm && !strncmp(comm, name, len) && !isdigit((unsigned char)comm[len]))
			found = atoi(f.name);
	}
	return found;
}

static pid_t vcpu_thread(const struct tuning *t, int vcpu)
{
	auto_free char *name = xasprintf("CPU %d/", vcpu);

	return vcpu < 0 ? 0 : thread_named(t, name);
}

static pid_t pinned_thread(const struct tuning *t, const char *key)
{
	int vcpu = tuning_index(key, "vcpupin"), io = tuning_index(key, "iothreadpin");
	auto_free char *name = xasprintf("IO iothread%d", io);

	if (!strcmp(key, "emulatorpin"))
		return t->pid;
	return vcpu >= 0 ? vcpu_thread(t, vcpu) : io >= 0 ? thread_named(t, name) : 0;
}

static char *affinity_text(pid_t tid)
{
	struct cpuset s = {{0}};

	if (tid <= 0 || cpuset_of_thread(tid, &s))
		return NULL;
	return cpuset_text(&s);
}

/* Of CPUs that its control group does not hold the kernel takes what is left, silently. */
static int affinity_set(pid_t tid, const char *value, struct err *e)
{
	auto_free char *now = NULL;
	struct cpuset s, is;
	int rc = cpuset_parse(value, &s, e);

	if (rc)
		return rc;
	if (tid <= 0)
		return err_set(e, ESRCH, "its thread is not there");
	if (sched_setaffinity(tid, sizeof(s.bits), (cpu_set_t *)s.bits) && errno != EINVAL)
		return err_sys(e, "thread %d cannot be placed on CPUs %s", (int)tid, value);
	now = affinity_text(tid);
	if (!now || cpuset_parse(now, &is, NULL) || cpuset_equal(&s, &is))
		return 0;
	return err_set_exit(e, EXIT_HOST, EINVAL,
		"thread %d cannot be placed on CPUs %s: its control group, or this box, leaves it %s",
		(int)tid, value, now);
}

/* All of QEMU's threads that run where its main thread does; vCPUs and I/O threads have pins of
 * their own. */
static int emulator_set(const struct tuning *t, const char *value, struct err *e)
{
	auto_free char *dir = xasprintf("/proc/%d/task", (int)t->pid);
	auto_free char *before = affinity_text(t->pid);

	for (auto_struct(folder) f = {.dir = opendir(dir)}; before && folder_next(&f);) {
		auto_free char *path = xasprintf("%s/%s/comm", dir, f.name);
		auto_free char *comm = read_file(path, 64, NULL, NULL);
		auto_free char *now = affinity_text(atoi(f.name));

		if (comm && now && strncmp(comm, "CPU ", 4) && strncmp(comm, "IO iothread", 11) &&
			!strcmp(now, before) && atoi(f.name) != t->pid)
			affinity_set(atoi(f.name), value, NULL);
	}
	return affinity_set(t->pid, value, e);
}

/* ---- policy */

struct policy_attr { /* struct sched_attr of the kernel, its first version */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static const char *const policies[] = {[SCHED_OTHER] = "other",
	[SCHED_FIFO] = "fifo",
	[SCHED_RR] = "rr",
	[SCHED_BATCH] = "batch",
	[SCHED_IDLE] = "idle"};

static bool is_real_time(uint32_t policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static char *policy_text(pid_t tid)
{
	struct policy_attr a = {0};

	if (tid <= 0 || syscall(SYS_sched_getattr, tid, &a, sizeof(a), 0))
		return NULL;
	if (a.policy >= ARRAY_SIZE(policies) || !policies[a.policy])
		return xasprintf("policy-%u", a.policy);
	return xasprintf("%s %d%s", policies[a.policy],
		is_real_time(a.policy) ? (int)a.priority : a.nice, a.flags & 1 ? " reset" : "");
}

static int policy_set(pid_t tid, const char *value, struct err *e)
{
	struct policy_attr a = {.size = sizeof(a), .flags = strstr(value, " reset") != NULL};
	size_t len = strcspn(value, " ");

	while (a.policy < ARRAY_SIZE(policies) &&
		(!policies[a.policy] || strlen(policies[a.policy]) != len ||
			strncmp(policies[a.policy], value, len) != 0))
		a.policy++;
	if (a.policy == ARRAY_SIZE(policies))
		return err_set(
			e, EINVAL, "\"%s\" is not a scheduling policy that can be set", value);
	if (is_real_time(a.policy))
		a.priority = (uint32_t)atoi(value + len);
	else
		a.nice = atoi(value + len);
	if (tid <= 0)
		return err_set(e, ESRCH, "its thread is not there");
	if (syscall(SYS_sched_setattr, tid, &a, 0))
		return err_sys(e, "thread %d cannot run as %s", (int)tid, value);
	return 0;
}

/* ---- control groups */

/* The folder whose files hold a "schedinfo." row: that of the vCPU, or of the whole domain above
 * it. NULL when there is none of its own. */
static char *group_folder(const struct tuning *t, const char *field, int vcpu)
{
	char *path = cgroup_of_thread(vcpu_thread(t, vcpu), NULL), *slash;

	slash = path ? strrchr(path, '/') : NULL;
	if (!slash || strncmp(slash, "/vcpu", 5) != 0) {
		free(path);
		return NULL;
	}
	if (!strcmp(field, "cpu_shares")) {
		*slash = '\0';
		slash = strrchr(path, '/');
		if (slash && !strcmp(slash, "/libvirt"))
			*slash = '\0';
	}
	return path;
}

static const char *group_file(const char *field)
{
	bool v2 = host_cgroup_version() == HOST_CGROUP_V2;

	if (!strcmp(field, "cpu_shares"))
		return v2 ? "cpu.weight" : "cpu.shares";
	if (!strcmp(field, "vcpu_period"))
		return v2 ? "cpu.max" : "cpu.cfs_period_us";
	if (!strcmp(field, "vcpu_quota"))
		return v2 ? "cpu.max" : "cpu.cfs_quota_us";
	return NULL;
}

static char *group_path(const struct tuning *t, const char *field, int vcpu)
{
	const char *file = group_file(field);
	auto_free char *folder = file ? group_folder(t, field, vcpu) : NULL;

	return folder ? xasprintf("%s/%s", folder, file) : NULL;
}

static char *group_read(const struct tuning *t, const char *field)
{
	auto_free char *path = group_path(t, field, 0);
	char *text = path ? read_file(path, 256, NULL, NULL) : NULL, *space;

	if (!text)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	space = strchr(text, ' '); /* v2's cpu.max: "QUOTA PERIOD" */
	if (space && !strcmp(field, "vcpu_period"))
		memmove(text, space + 1, strlen(space + 1) + 1);
	else if (space)
		*space = '\0';
	if (!strcmp(text, "max")) {
		free(text);
		text = xstrdup(V2_NO_QUOTA);
	}
	return text;
}

static int group_write_one(const char *path, const char *field, const char *value, struct err *e)
{
	auto_free char *line = xstrdup(value);
	auto_free char *now = NULL;
	long long us = strtoll(value, NULL, 10);

	if (strstr(path, "/cpu.max") && !strcmp(field, "vcpu_quota")) {
		free(line);
		line = us < 0 || us > QUOTA_MAX_US ? xstrdup("max") : xasprintf("%lld", us);
	} else if (strstr(path, "/cpu.max")) {
		now = read_file(path, 256, NULL, e);
		if (!now)
			return e && e->code ? -e->code : -EIO;
		now[strcspn(now, " \n")] = '\0';
		free(line);
		line = xasprintf("%s %s", now, value);
	}
	return write_file(path, line, strlen(line), e);
}

static int group_write(const struct tuning *t, const char *field, const char *value, struct err *e)
{
	bool whole = !strcmp(field, "cpu_shares");
	int rc = 0;

	for (unsigned v = 0; !rc && v < (whole ? 1 : t->vcpus); v++) {
		auto_free char *path = group_path(t, field, (int)v);

		rc = path ? group_write_one(path, field, value, e)
			  : err_set(e, ENOENT, "vCPU %u has no control group of its own", v);
	}
	return rc;
}

/* v1 only: on v2 a thread's group says nothing of real-time. */
static char *own_group(const struct tuning *t, int vcpu)
{
	char *path = host_cgroup_version() == HOST_CGROUP_V1
			     ? cgroup_of_thread(vcpu_thread(t, vcpu), NULL)
			     : NULL;
	size_t len = path ? strlen(path) : 0;

	if (len && path[len - 1] == '/') /* the root group's */
		path[len - 1] = '\0';
	return path;
}

static int move_to_group(pid_t tid, const char *folder, struct err *e)
{
	auto_free char *path = xasprintf("%s/tasks", folder);
	auto_free char *text = xasprintf("%d", (int)tid);

	return tid > 0 ? write_file(path, text, strlen(text), e)
		       : err_set(e, ESRCH, "its thread is not there");
}

/* ---- rows */

bool tuning_kernel_may(const struct tuning *t, const char *key)
{
	auto_free char *proc = xasprintf("/proc/%d", (int)t->pid);
	auto_free char *path = NULL;
	struct stat st;

	if (t->pid <= 0)
		return false;
	if (tuning_index(key, "policy") >= 0 || tuning_index(key, "cpugroup") >= 0)
		return true; /* there is no other way */
	if (!strncmp(key, "schedinfo.", 10)) {
		path = group_path(t, key + 10, 0);
		return path && access(path, W_OK) == 0;
	}
	return !strncmp(key, "numatune.", 9)
		       ? false
		       : geteuid() == 0 || (stat(proc, &st) == 0 && st.st_uid == geteuid());
}

char *tuning_kernel_read(const struct tuning *t, const char *key)
{
	if (t->pid <= 0)
		return NULL;
	if (tuning_index(key, "policy") >= 0)
		return policy_text(vcpu_thread(t, tuning_index(key, "policy")));
	if (tuning_index(key, "cpugroup") >= 0)
		return own_group(t, tuning_index(key, "cpugroup"));
	if (!strncmp(key, "schedinfo.", 10))
		return group_read(t, key + 10);
	return affinity_text(pinned_thread(t, key));
}

int tuning_kernel_write(const struct tuning *t, const char *key, const char *value, struct err *e)
{
	int rc;

	if (tuning_index(key, "policy") >= 0)
		rc = policy_set(vcpu_thread(t, tuning_index(key, "policy")), value, e);
	else if (tuning_index(key, "cpugroup") >= 0)
		rc = move_to_group(vcpu_thread(t, tuning_index(key, "cpugroup")), value, e);
	else if (!strncmp(key, "schedinfo.", 10))
		rc = group_write(t, key + 10, value, e);
	else if (!strcmp(key, "emulatorpin"))
		rc = emulator_set(t, value, e);
	else
		rc = affinity_set(pinned_thread(t, key), value, e);
	return rc ? err_wrap(e, "%s", key) : 0;
}
