// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/cgroup.h"

#include <errno.h>
#include <libcgroup.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cgroup_tree.h"

/* libcgroup keeps its mount table in globals. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct cgroup_handle {
	enum host_cgroup_version version;
	char *run, *name; /* "stealscope/RUN", "stealscope/RUN/NAME" */
	char *cpu_path;
	char *acct_path; /* v1: cpuacct */
};

static const char *const v1_controllers[] = {"cpu", "cpuacct", "cpuset"};
static const char *const v2_controllers[] = {"cpu", "cpuset"};

uint64_t cgroup_weight(uint64_t shares)
{
	uint64_t weight = (shares * 100 + 512) / 1024;

	return MAX(1, MIN(weight, 10000));
}

size_t cgroup_translate(
	enum host_cgroup_version version, const struct cgroup_limits *l, struct cgroup_setting *out)
{
	size_t n = 0;
	uint64_t period = l->period_us ? l->period_us : 100000;

	if (!cpuset_empty(&l->cpus)) {
		out[n] = (struct cgroup_setting){"cpuset", "cpuset.cpus", ""};
		cpuset_format(&l->cpus, out[n].value, sizeof(out[n].value));
		n++;
	}
	if (l->shares && version == HOST_CGROUP_V2) {
		out[n] = (struct cgroup_setting){"cpu", "cpu.weight", ""};
		snprintf(out[n].value, sizeof(out[n].value), "%llu",
			(unsigned long long)cgroup_weight(l->shares));
		n++;
	} else if (l->shares) {
		out[n] = (struct cgroup_setting){"cpu", "cpu.shares", ""};
		snprintf(out[n].value, sizeof(out[n].value), "%llu", (unsigned long long)l->shares);
		n++;
	}
	if (l->quota_us && version == HOST_CGROUP_V2) {
		out[n] = (struct cgroup_setting){"cpu", "cpu.max", ""};
		snprintf(out[n].value, sizeof(out[n].value), "%llu %llu",
			(unsigned long long)l->quota_us, (unsigned long long)period);
		n++;
	} else if (l->quota_us) {
		out[n] = (struct cgroup_setting){"cpu", "cpu.cfs_period_us", ""};
		snprintf(out[n].value, sizeof(out[n].value), "%llu", (unsigned long long)period);
		n++;
		out[n] = (struct cgroup_setting){"cpu", "cpu.cfs_quota_us", ""};
		snprintf(out[n].value, sizeof(out[n].value), "%llu",
			(unsigned long long)l->quota_us);
		n++;
	}
	return n;
}

static int lib_error(struct err *e, int code, const char *what, const char *group)
{
	int os = code == ECGOTHER ? cgroup_get_last_errno() : 0;

	if (os == EACCES || os == EPERM || code == ECGROUPNOTALLOWED)
		return err_set_exit(e, EXIT_HOST, EPERM,
			"%s control group %s: not permitted; run it as root (sudo)", what, group);
	return err_set(e, os ? os : EIO, "%s control group %s: %s", what, group,
		os ? strerror(os) : cgroup_strerror(code));
}

/* v1's cpuset leaves a new group without CPUs and memory nodes: it takes those of the root. */
static int add_inherited(struct cgroup_controller *cpuset, bool with_cpus, struct err *e)
{
	static const char *const files[] = {"cpuset.mems", "cpuset.cpus"};
	char mount[256];

	if (!cgroup_mount("cpuset", mount, sizeof(mount)))
		return 0;
	for (size_t i = 0; i < (with_cpus ? 2 : 1); i++) {
		auto_free char *path = xasprintf("%s/%s", mount, files[i]);
		auto_free char *text = read_file(path, 4096, NULL, e);

		if (!text)
			return -EIO;
		text[strcspn(text, "\n")] = '\0';
		cgroup_add_value_string(cpuset, files[i], text);
	}
	return 0;
}

/* One folder in every hierarchy of use, with its settings. */
static int make_group(enum host_cgroup_version version, const char *name,
	const struct cgroup_setting *settings, size_t n_settings, struct err *e)
{
	const char *const *names = version == HOST_CGROUP_V1 ? v1_controllers : v2_controllers;
	size_t n =
		version == HOST_CGROUP_V1 ? ARRAY_SIZE(v1_controllers) : ARRAY_SIZE(v2_controllers);
	struct cgroup *g = cgroup_new_cgroup(name);
	bool own_cpus = false;
	int code, rc = 0;

	for (size_t i = 0; i < n_settings; i++)
		own_cpus |= strcmp(settings[i].file, "cpuset.cpus") == 0;
	for (size_t c = 0; !rc && c < n; c++) {
		struct cgroup_controller *ctl = cgroup_add_controller(g, names[c]);

		if (!ctl) {
			rc = err_set(e, ENOMEM, "control group %s: no memory", name);
			break;
		}
		if (version == HOST_CGROUP_V1 && strcmp(names[c], "cpuset") == 0)
			rc = add_inherited(ctl, !own_cpus, e);
		for (size_t i = 0; i < n_settings; i++)
			if (strcmp(settings[i].controller, names[c]) == 0)
				cgroup_add_value_string(ctl, settings[i].file, settings[i].value);
	}
	code = rc ? 0 : cgroup_create_cgroup(g, 1);
	if (code)
		rc = lib_error(e, code, "cannot make", name);
	cgroup_free(&g);
	return rc;
}

static void handle_free(struct cgroup_handle *g)
{
	free(g->run);
	free(g->name);
	free(g->cpu_path);
	free(g->acct_path);
	free(g);
}

static int make_all(struct cgroup_handle *g, const struct cgroup_limits *limits, struct err *e)
{
	struct cgroup_setting settings[CGROUP_MAX_SETTINGS];
	size_t n = cgroup_translate(g->version, limits, settings);
	int code = cgroup_init(), rc;

	if (code)
		return lib_error(e, code, "cannot look for", g->name);
	/* A parent that exists keeps what it has: v1 cpuset refuses no rewrite of the same. */
	rc = make_group(g->version, CGROUP_ROOT, NULL, 0, e);
	if (!rc)
		rc = make_group(g->version, g->run, NULL, 0, e);
	if (!rc)
		rc = make_group(g->version, g->name, settings, n, e);
	return rc;
}

/* Asked first: on v2, libcgroup calls a file it may not write a parameter that does not exist. */
static bool may_make(const char *cpu_mount)
{
	auto_free char *ours = xasprintf("%s/" CGROUP_ROOT, cpu_mount);

	return access(access(ours, F_OK) ? cpu_mount : ours, W_OK) == 0;
}

int cgroup_make(const char *run, const char *name, const struct cgroup_limits *limits,
	struct cgroup_handle **out, struct err *e)
{
	char cpu[256], acct[256];
	struct cgroup_handle *g;
	int rc;

	if (!name_is_safe(run) || !name_is_safe(name))
		return err_set(e, EINVAL, "\"%s/%s\" cannot be a control group's name", run, name);
	if (!cgroup_mount("cpu", cpu, sizeof(cpu)))
		return err_set_exit(e, EXIT_HOST, ENOENT,
			"this box has no mounted control group hierarchy with the cpu controller that can be looked at");
	if (!may_make(cpu))
		return lib_error(e, ECGROUPNOTALLOWED, "cannot make", name);
	g = xcalloc(1, sizeof(*g));
	g->version = host_cgroup_version();
	g->run = xasprintf(CGROUP_ROOT "/%s", run);
	g->name = xasprintf("%s/%s", g->run, name);
	g->cpu_path = xasprintf("%s/%s", cpu, g->name);
	if (g->version == HOST_CGROUP_V1 && cgroup_mount("cpuacct", acct, sizeof(acct)))
		g->acct_path = xasprintf("%s/%s", acct, g->name);
	pthread_mutex_lock(&lock);
	rc = make_all(g, limits, e);
	pthread_mutex_unlock(&lock);
	if (rc) {
		cgroup_destroy(g, NULL);
		return rc;
	}
	*out = g;
	return 0;
}

/* Into the group of that name in each hierarchy. */
int cgroup_add_process(struct cgroup_handle *g, pid_t pid, struct err *e)
{
	char mount[256], text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t c = 0; c < ARRAY_SIZE(v1_controllers); c++) {
		if (!cgroup_mount(v1_controllers[c], mount, sizeof(mount)))
			continue;
		auto_free char *path = xasprintf("%s/%s/cgroup.procs", mount, g->name);

		int rc = write_file(path, text, strlen(text), e);

		if (rc)
			return err_wrap(e, "moving %d into control group %s", (int)pid, g->name);
		if (g->version == HOST_CGROUP_V2)
			break;
	}
	return 0;
}

const char *cgroup_cpu_path(const struct cgroup_handle *g)
{
	return g->cpu_path;
}

static uint64_t stat_value(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (strncmp(p, key, len) == 0 && p[len] == ' ')
			return strtoull(p + len + 1, NULL, 10);
	return 0;
}

void cgroup_parse_stat(const char *text, struct cgroup_usage *out)
{
	out->usage_ns += stat_value(text, "usage_usec") * 1000;
	out->nr_periods += stat_value(text, "nr_periods");
	out->nr_throttled += stat_value(text, "nr_throttled");
	out->throttled_ns +=
		stat_value(text, "throttled_usec") * 1000 + stat_value(text, "throttled_time");
}

int cgroup_read_usage(const struct cgroup_handle *g, struct cgroup_usage *out, struct err *e)
{
	auto_free char *path = xasprintf("%s/cpu.stat", g->cpu_path);
	auto_free char *text = read_file(path, 65536, NULL, e);
	struct cgroup_usage u = {0};

	if (!text)
		return -EIO;
	cgroup_parse_stat(text, &u);
	if (g->acct_path) {
		auto_free char *usage = xasprintf("%s/cpuacct.usage", g->acct_path);
		int rc = read_u64(usage, &u.usage_ns, e);

		if (rc)
			return rc;
	}
	*out = u;
	return 0;
}

int cgroup_signal(const struct cgroup_handle *g, int sig, struct err *e)
{
	(void)e;
	cgroup_tree_signal(g->cpu_path, sig);
	return 0;
}

int cgroup_destroy(struct cgroup_handle *g, struct err *e)
{
	char mount[256];
	int rc = 0;

	if (!g)
		return 0;
	for (size_t c = 0; c < ARRAY_SIZE(v1_controllers); c++) {
		if (!cgroup_mount(v1_controllers[c], mount, sizeof(mount)))
			continue;
		auto_free char *path = xasprintf("%s/%s", mount, g->name);
		auto_free char *run = xasprintf("%s/%s", mount, g->run);
		auto_free char *root = xasprintf("%s/" CGROUP_ROOT, mount);

		if (!cgroup_remove_tree(path) && !rc)
			rc = err_set(e, EBUSY, "control group %s does not become empty", path);
		rmdir(run); /* the last one out */
		rmdir(root);
	}
	handle_free(g);
	return rc;
}
