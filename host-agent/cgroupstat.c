// SPDX-License-Identifier: GPL-3.0-or-later
/* See cgroupstat.h. */
#include "host-agent/cgroupstat.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/util.h"
#include "host-agent/privilege.h"

#define STAT_MAX (16 << 10)

struct cgroupstat {
	uint32_t owner;
	int stat;
	int usage; /* v1; -1: cpu.stat has it (v2) */
};

/* A regular file or folder of a control group file system, and nothing that only looks so. */
static bool is_of_cgroupfs(int fd, mode_t type)
{
	struct statfs fs;
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && fstatfs(fd, &fs) == 0 &&
	       (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

static int open_checked(int dir, const char *name)
{
	int fd = beneath_open_at(dir, name, O_RDONLY, 0);

	if (fd < 0 || is_of_cgroupfs(fd, S_IFREG))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

static ssize_t read_text(int fd, char *text, size_t size)
{
	ssize_t n = fd < 0 ? -1 : pread(fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return n;
}

static bool has_bandwidth_limit(int dir)
{
	static const char *const names[] = {"cpu.cfs_quota_us", "cpu.max"};
	bool limited = false;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_close int fd = open_checked(dir, names[i]);
		char text[256];

		/* -1 (v1) and "max" (v2) are none */
		limited |= read_text(fd, text, sizeof(text)) > 0 && strtoll(text, NULL, 10) > 0;
	}
	return limited;
}

/* v1 usage is the cpuacct controller's, mounted with cpu or by itself beside it. */
static int open_v1_usage(int dir, const char *path)
{
	const char *cpu = strstr(path, "/cpu/");
	auto_free char *beside = NULL;
	auto_close int other = -1;
	int fd = open_checked(dir, "cpuacct.usage");

	if (fd >= 0 || !cpu)
		return fd;
	beside = xasprintf("%.*s/cpuacct/%s", (int)(cpu - path), path, cpu + strlen("/cpu/"));
	other = open(beside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return other >= 0 && is_of_cgroupfs(other, S_IFDIR) ? open_checked(other, "cpuacct.usage")
							    : -1;
}

static int open_group(const char *path, struct cgroupstat *g, bool *has_quota, struct err *e)
{
	auto_close int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || !is_of_cgroupfs(dir, S_IFDIR))
		return err_set(e, ENOENT, "%.200s is not a control group", path);
	g->stat = open_checked(dir, "cpu.stat");
	if (g->stat < 0)
		return err_sys(e, "cannot read %.200s/cpu.stat", path);
	g->usage = open_v1_usage(dir, path);
	*has_quota = has_bandwidth_limit(dir);
	return 0;
}

int cgroupstat_open(
	uint32_t owner, const char *path, struct cgroupstat **out, bool *has_quota, struct err *e)
{
	struct cgroupstat g = {owner, -1, -1};
	int rc;

	privilege_put_off();
	rc = open_group(path, &g, has_quota, e);
	privilege_take_on();
	if (rc)
		return rc;
	*out = xmalloc(sizeof(g));
	**out = g;
	return 0;
}

void cgroupstat_close(struct cgroupstat *g)
{
	if (!g)
		return;
	close(g->stat);
	if (g->usage >= 0)
		close(g->usage);
	free(g);
}

static const struct {
	const char *name;
	enum counter_key key;
	uint64_t unit_ns;
} rows[] = {
	{"usage_usec ", CTR_CGROUP_USAGE_NS, 1000}, /* v2 */
	{"nr_periods ", CTR_CGROUP_NR_PERIODS, 1}, {"nr_throttled ", CTR_CGROUP_NR_THROTTLED, 1},
	{"throttled_time ", CTR_CGROUP_THROTTLED_NS, 1},    /* v1 */
	{"throttled_usec ", CTR_CGROUP_THROTTLED_NS, 1000}, /* v2 */
};

void cgroupstat_sample(struct cgroupstat *g, struct sink *s)
{
	auto_free char *text = xmalloc(STAT_MAX);
	uint64_t now;

	read_text(g->stat, text, STAT_MAX);
	now = now_ns();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *name = rows[i].name, *at = strstr(text, name);

		if (at && (at == text || at[-1] == '\n'))
			sink_counter(s, now, 0, 0, COUNTER_CGROUP, rows[i].key, g->owner,
				strtoull(at + strlen(name), NULL, 10) * rows[i].unit_ns);
	}
	if (read_text(g->usage, text, STAT_MAX) > 0)
		sink_counter(s, now, 0, 0, COUNTER_CGROUP, CTR_CGROUP_USAGE_NS, g->owner,
			strtoull(text, NULL, 10));
}
