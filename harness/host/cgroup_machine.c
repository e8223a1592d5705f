// SPDX-License-Identifier: GPL-3.0-or-later
/* The control groups that libvirt makes for domains, below "machine" in each hierarchy: nobody
 * removes them when libvirt's process dies with the run, or was not there when QEMU did. systemd,
 * where it runs, looks after its own. */
#include <ctype.h>
#include <errno.h>
#include <mntent.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "host/cgroup.h"
#include "host/cgroup_tree.h"

#define NAME_PREFIX "stealscope-"
#define SUFFIX	    ".libvirt-qemu"
/* libvirt (virDomainDriverGenerateMachineName) cuts what stands before the suffix to 64 bytes, then
 * takes a '-' or '.' off its end. */
#define CUT_LEN 63
#define STALE_S 30 /* older than any start takes */

/* What libvirt keeps of a name: letters, digits, '-', '.'; of several '-' and '.' in a row the
 * first. */
static char *libvirt_name(const char *name)
{
	char *out = xstrdup(name), *to = out;
	bool skip = true;

	for (const char *p = name; *p; p++) {
		bool mark = *p == '-' || *p == '.';

		if (mark ? !skip : isalnum((unsigned char)*p) != 0)
			*to++ = *p;
		skip = mark;
	}
	*to = '\0';
	return out;
}

enum machine_match cgroup_machine_match(const char *group, const char *name, bool prefix)
{
	const char *rest = strstr(group, "-" NAME_PREFIX), *end = strstr(group, SUFFIX);
	auto_free char *want = libvirt_name(name);
	size_t n, len = strlen(want);

	if (!rest || !end || end <= rest || end[strlen(SUFFIX)])
		return MACHINE_OTHER;
	rest++;
	n = (size_t)(end - rest);
	if (n >= len && !strncmp(rest, want, len) && (prefix || n == len))
		return MACHINE_WHOLE;
	return n < len && end - group >= CUT_LEN && !strncmp(rest, want, n) ? MACHINE_CUT
									    : MACHINE_OTHER;
}

static bool is_stale(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && time(NULL) - st.st_mtime > STALE_S;
}

/* `remove` says whether a group went. */
struct sweep {
	const char *name;
	bool (*remove)(const char *path, const char *group, const char *name);
	int count, error;
};

static void sweep_mount(const struct mntent *m, void *arg)
{
	auto_free char *machine = xasprintf("%s/machine", m->mnt_dir);
	auto_struct(folder) f = folder_open(machine);
	struct sweep *s = arg;
	int count = 0;

	while (folder_next(&f)) {
		auto_free char *path = xasprintf("%s/%s", machine, f.name);

		count += strstr(f.name, "-" NAME_PREFIX) && s->remove(path, f.name, s->name);
	}
	rmdir(machine); /* fails, and should, while anyone's domain is in it */
	/* Who may not look there has none there. */
	s->error = f.error && f.error != EACCES ? -f.error : s->error;
	s->count = MAX(s->count, count);
}

/* How many went, counted in one hierarchy; -errno when not all could be looked at. */
static int sweep(struct sweep *s)
{
	int rc = access("/run/systemd/system", F_OK) ? cgroup_each_mount(sweep_mount, s) : 0;

	rc = rc ? rc : s->error;
	return rc ? rc : s->count;
}

/* A new group of the cpuset controller has no CPUs until somebody gives it its parent's. */
static void inherit(const char *parent, const char *file)
{
	auto_free char *from = xasprintf("%s/%s", parent, file);
	auto_free char *to = xasprintf("%s/machine/%s", parent, file);
	auto_free char *have = read_file(to, 4096, NULL, NULL);
	auto_free char *text = have && have[strspn(have, " \n")] == '\0'
				       ? read_file(from, 4096, NULL, NULL)
				       : NULL;

	if (text)
		write_file(to, text, strlen(text), NULL);
}

static void prepare_mount(const struct mntent *m, void *arg)
{
	auto_free char *machine = xasprintf("%s/machine", m->mnt_dir);

	(void)arg;
	if (strcmp(m->mnt_type, "cgroup") || !hasmntopt(m, "cpuset"))
		return;
	mkdir(machine, 0755);
	inherit(m->mnt_dir, "cpuset.cpus");
	inherit(m->mnt_dir, "cpuset.mems");
}

void cgroup_machine_prepare(void)
{
	if (access("/run/systemd/system", F_OK))
		cgroup_each_mount(prepare_mount, NULL);
}

static bool remove_of_run(const char *path, const char *group, const char *prefix)
{
	switch (cgroup_machine_match(group, prefix, true)) {
	case MACHINE_WHOLE:
		return cgroup_remove_tree(path);
	case MACHINE_CUT:
		/* Perhaps another run's: only when nothing is in it. */
		return cgroup_tree_rmdir(path);
	default:
		return false;
	}
}

static bool is_of_run(const char *path, const char *group, const char *prefix)
{
	return cgroup_machine_match(group, prefix, true) == MACHINE_WHOLE &&
	       access(path, F_OK) == 0;
}

bool cgroup_machine_is_left(const char *run)
{
	auto_free char *prefix = xasprintf(NAME_PREFIX "%s-", run);

	return sweep(&(struct sweep){.name = prefix, .remove = is_of_run}) != 0;
}

int cgroup_machine_reap(const char *run)
{
	auto_free char *prefix = xasprintf(NAME_PREFIX "%s-", run);

	return MAX(sweep(&(struct sweep){.name = prefix, .remove = remove_of_run}), 0);
}

static bool remove_of_domain(const char *path, const char *group, const char *name)
{
	switch (cgroup_machine_match(group, name, false)) {
	case MACHINE_WHOLE:
		return cgroup_tree_rmdir(path);
	case MACHINE_CUT:
		/* Perhaps that of another guest which is being started. */
		return is_stale(path) && cgroup_tree_rmdir(path);
	default:
		return false;
	}
}

void cgroup_machine_remove(const char *domain)
{
	sweep(&(struct sweep){.name = domain, .remove = remove_of_domain});
}

static bool remove_stale(const char *path, const char *group, const char *name)
{
	(void)group;
	(void)name;
	return is_stale(path) && cgroup_tree_rmdir(path);
}

void cgroup_machine_remove_stale(void)
{
	sweep(&(struct sweep){.name = NULL, .remove = remove_stale});
}
