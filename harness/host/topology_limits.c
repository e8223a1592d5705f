// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What this process may use of the box: the cpuset that it stands in (cgroup v1, v2, with or without
 * a cgroup namespace), its CPU affinity, and what partitions of others have taken. A cpuset cannot be
 * left; an affinity could be, but somebody chose it.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "host/topology.h"

/* Where the hierarchy with the cpuset controller is mounted, and where this process stands in it. */
struct place {
	const char *root;  /* prefix of all paths */
	char *mount;	   /* with the prefix; NULL = none */
	char *path;	   /* "/a/b"; "/" at the top */
	bool v2, noprefix; /* noprefix: v1's files are "cpus" and "mems" */
};

/* The first file that is there and could not be read, since topology_limits() began: without it the limits would look
 * wider than they are. One thread reads them. */
static struct err trouble;

static char *text_at(const char *path, size_t max)
{
	struct err why = ERR_INIT;
	char *text = read_file(path, max, NULL, &why);

	if (!text && !trouble.code && (why.code == EMFILE || why.code == ENFILE || why.code == EIO))
		trouble = why;
	return text;
}

static char *text_of(const char *dir, const char *file)
{
	auto_free char *path = xasprintf("%s/%s", dir, file);
	char *text = text_at(path, 1 << 16);

	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = strstr(list, word); p; p = strstr(p + 1, word))
		if ((p == list || strchr(" ,", p[-1])) && (!p[len] || strchr(" ,\n", p[len])))
			return true;
	return false;
}

/* One line of /proc/mounts: "cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0". v1 before v2. */
static void try_mount(struct place *p, char *line)
{
	char *save = NULL, *dir, *type, *flags;
	auto_free char *full = NULL, *controllers = NULL;
	bool v1;

	strtok_r(line, " ", &save);
	dir = strtok_r(NULL, " ", &save);
	type = strtok_r(NULL, " ", &save);
	flags = strtok_r(NULL, " ", &save);
	if (!flags)
		return;
	full = xasprintf("%s%s", p->root, dir);
	v1 = !strcmp(type, "cpuset") || (!strcmp(type, "cgroup") && has_word(flags, "cpuset"));
	if (!strcmp(type, "cgroup2") && !p->mount)
		controllers = text_of(full, "cgroup.controllers");
	if (!v1 && !(controllers && has_word(controllers, "cpuset")))
		return;
	free(p->mount);
	p->mount = full;
	full = NULL;
	p->v2 = !v1;
	p->noprefix = !strcmp(type, "cpuset") || has_word(flags, "noprefix");
}

static void find_mount(struct place *p)
{
	static const char *const files[] = {"/proc/self/mounts", "/proc/mounts"};
	auto_free char *text = NULL;
	char *save = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(files) && !text; i++) {
		auto_free char *path = xasprintf("%s%s", p->root, files[i]);

		text = text_at(path, 4 << 20);
	}
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
		line = strtok_r(NULL, "\n", &save))
		try_mount(p, line);
}

/* /proc/self/cpuset, or the cgroup's line where the kernel has none of it. */
static char *own_path(const struct place *p)
{
	auto_free char *proc = xasprintf("%s/proc/self", p->root);
	char *text = text_of(proc, "cpuset");
	auto_free char *groups = NULL, *file = xasprintf("%s/cgroup", proc);
	char *line, *end;

	if (text && text[0] == '/' && !strstr(text, "/.."))
		return text;
	free(text);
	groups = text_at(file, 1 << 16);
	line = groups ? strstr(groups, p->v2 ? "0::/" : ":cpuset:/") : NULL;
	line = line ? strchr(line, '/') : NULL;
	end = line ? line + strcspn(line, "\n") : NULL;
	if (!line)
		return xstrdup("/");
	*end = '\0';
	return xstrdup(strstr(line, "/..") ? "/" : line);
}

/* A list of `dir`, under the first of its names that is there. */
static bool group_list(const struct place *p, const char *dir, bool mems, struct cpuset *out)
{
	static const char *const v2[][2] = {{"cpuset.cpus.effective", "cpuset.mems.effective"}};
	static const char *const v1[][2] = {
		{"cpuset.effective_cpus", "cpuset.effective_mems"}, {"cpuset.cpus", "cpuset.mems"}};
	static const char *const plain[][2] = {
		{"effective_cpus", "effective_mems"}, {"cpus", "mems"}};
	const char *const(*names)[2] = p->v2 ? v2 : p->noprefix ? plain : v1;

	for (size_t i = 0; i < (p->v2 ? 1 : 2); i++) {
		auto_free char *text = text_of(dir, names[i][mems]);

		if (text && text[0] && !cpuset_parse(text, out, NULL))
			return true;
	}
	return false;
}

/* Of the group this process stands in, or of the nearest above that has the controller (v2), or
 * that this mount shows (a container without a cgroup namespace shows its own as the top). */
static bool own_list(const struct place *p, bool mems, struct cpuset *out)
{
	auto_free char *path = xstrdup(p->path);

	while (p->mount) {
		auto_free char *dir = xasprintf("%s%s", p->mount, path);
		char *slash = strrchr(path, '/');

		if (group_list(p, dir, mems, out))
			return true;
		if (!slash)
			break;
		*slash = '\0';
	}
	return false;
}

/* A line of /proc/self/status: "Cpus_allowed_list:\t0-3". */
static bool status_list(const char *root, const char *key, struct cpuset *out)
{
	auto_free char *path = xasprintf("%s/proc/self/status", root);
	auto_free char *text = text_at(path, 1 << 16);
	char *p = text ? strstr(text, key) : NULL;

	if (!p)
		return false;
	p += strlen(key);
	p[strcspn(p, "\n")] = '\0';
	return !cpuset_parse(p, out, NULL);
}

/* ---- partitions of others ---- */

static bool is_partition(const char *dir)
{
	auto_free char *text = text_of(dir, "cpuset.cpus.partition");

	return text && !strstr(text, "invalid") && strcmp(text, "member") != 0 && text[0];
}

/* A partition's parent is one too, or (Linux 6.7) hands exclusive CPUs down: other branches of the
 * tree need not be walked. */
static bool may_hold_partitions(const char *dir)
{
	auto_free char *exclusive = text_of(dir, "cpuset.cpus.exclusive");

	return is_partition(dir) || (exclusive && exclusive[0]);
}

static bool holds_us(const struct place *p, const char *path)
{
	size_t len = strlen(path);

	return !strncmp(p->path, path, len) && (!p->path[len] || p->path[len] == '/');
}

static void take(const char *dir, const char *path, struct cpuset *taken, struct strv *names)
{
	static const char *const files[] = {
		"cpuset.cpus.exclusive.effective", "cpuset.cpus.effective"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *text = text_of(dir, files[i]);
		struct cpuset s;

		if (!text || !text[0] || cpuset_parse(text, &s, NULL))
			continue;
		*taken = cpuset_or(taken, &s);
		strv_add(names, "%s", path);
		return;
	}
}

static void walk(const struct place *p, const char *path, unsigned depth, struct cpuset *taken,
	struct strv *names)
{
	auto_free char *dir = xasprintf("%s%s", p->mount, path);

	for (auto_struct(folder) f = {.dir = opendir(dir)}; folder_next(&f);) {
		auto_free char *sub = xasprintf("%s/%s", path, f.name);
		auto_free char *full = xasprintf("%s%s", p->mount, sub);
		struct stat st;

		if (f.name[0] == '.' || lstat(full, &st) || !S_ISDIR(st.st_mode))
			continue;
		if (is_partition(full) && !holds_us(p, sub))
			take(full, sub, taken, names);
		if (depth > 0 && may_hold_partitions(full))
			walk(p, sub, depth - 1, taken, names);
	}
}

/* ---- all of it ---- */

static void find_taken(struct topology *t, const struct place *p, struct strv *why)
{
	auto_struct(strv) names = {0};

	if (p->v2 && p->mount) {
		auto_free char *isolated = text_of(p->mount, "cpuset.cpus.isolated");
		struct cpuset s = {{0}};

		/* Linux 6.7; only at the top of the tree. */
		if (isolated && !cpuset_parse(isolated, &s, NULL))
			t->isolated = cpuset_or(&t->isolated, &s);
		walk(p, "", 16, &t->taken, &names);
	}
	t->taken = cpuset_and(&t->taken, &t->online);
	if (!cpuset_empty(&t->taken)) {
		auto_free char *all = strv_join(&names, ", ");

		strv_add(why, "the cpuset partition%s of others (%.200s)", names.n == 1 ? "" : "s",
			all);
	}
}

static void limit_cpus(struct topology *t, const struct place *p, struct strv *why)
{
	struct cpuset cpus, all = t->online, usual;

	if (own_list(p, false, &cpus)) {
		t->allowed = cpuset_and(&t->allowed, &cpus);
		if (!cpuset_equal(&t->allowed, &all))
			strv_add(why, "the cpuset %.200s", p->path);
	}
	t->allowed = cpuset_minus(&t->allowed, &t->taken);
	if (!status_list(p->root, "Cpus_allowed_list:", &cpus))
		return;
	cpus = cpuset_and(&cpus, &t->allowed);
	/* With isolcpus= the kernel starts everybody off those CPUs: nobody's choice. */
	usual = cpuset_minus(&t->allowed, &t->isolated);
	if (cpuset_equal(&cpus, &t->allowed) ||
		(cpuset_equal(&cpus, &usual) && !cpuset_empty(&usual)))
		return;
	t->allowed = cpus;
	strv_add(why, "its CPU affinity (taskset, or a container's cpuset)");
}

static void limit_nodes(struct topology *t, const struct place *p)
{
	struct cpuset mems;

	if (own_list(p, true, &mems))
		mems = cpuset_and(&t->allowed_nodes, &mems);
	else
		mems = t->allowed_nodes;
	if (!cpuset_empty(&mems))
		t->allowed_nodes = mems;
	if (!status_list(p->root, "Mems_allowed_list:", &mems))
		return;
	mems = cpuset_and(&t->allowed_nodes, &mems);
	if (!cpuset_empty(&mems))
		t->allowed_nodes = mems;
}

int topology_limits(struct topology *t, const char *root, struct err *e)
{
	struct place p = {.root = root};
	auto_struct(strv) why = {0};

	trouble = (struct err)ERR_INIT;
	find_mount(&p);
	p.path = own_path(&p);
	find_taken(t, &p, &why);
	for (size_t i = 0; i < t->n_cpus; i++)
		t->cpus[i].isolated = cpuset_has(&t->isolated, t->cpus[i].id);
	limit_cpus(t, &p, &why);
	limit_nodes(t, &p);
	free(t->limit);
	t->limit = why.n ? strv_join(&why, " and ") : NULL;
	free(p.mount);
	free(p.path);
	if (trouble.code)
		return err_set(e, trouble.code, "%s", trouble.msg);
	if (cpuset_empty(&t->allowed))
		return err_set(e, EINVAL, "no CPU that is online is left to this process by %s",
			t->limit ? t->limit : "the kernel");
	return 0;
}
