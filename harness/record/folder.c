/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making, finishing, listing and finding record folders. */
#include "record/folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/util.h"

#define PART_MAX 40 /* of a scenario's or variant's name within a record's */

/* At most PART_MAX characters that every file system and shell likes. */
static void add_part(struct strbuf *b, const char *text)
{
	if (!text || !*text)
		return;
	strbuf_add(b, "-");
	for (size_t i = 0; text[i] && i < PART_MAX; i++)
		strbuf_add(b, "%c",
			isalnum((unsigned char)text[i]) || strchr("._", text[i]) ? text[i] : '-');
}

static char *make_name(const char *scenario, const char *variant)
{
	struct strbuf b = {0};
	char when[32];
	time_t now = time(NULL);
	struct tm tm;
	uint16_t salt = 0;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
		salt = (uint16_t)(now_ns() / 1000);
	strbuf_add(&b, "%s", when);
	add_part(&b, scenario);
	add_part(&b, variant && !strcmp(variant, "base") ? NULL : variant);
	strbuf_add(&b, "-%04x", salt);
	return b.text;
}

static int make_subfolders(const char *path, struct err *e)
{
	static const char *const names[] = {"guest", "host", "domains"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *sub = xasprintf("%s/%s", path, names[i]);

		if (beneath_mkdir(sub, 0755))
			return err_sys(e, "%s", sub);
	}
	return 0;
}

static void free_names(struct record_folder *f)
{
	free(f->results);
	free(f->name);
	free(f->path);
	*f = (struct record_folder){0};
}

int record_begin_as(const char *results, const char *name, struct record_folder *out, struct err *e)
{
	auto_free char *final = xasprintf("%s/%s", results, name);
	struct record_folder f = {0};
	struct stat st;
	int rc = beneath_hold(results, e);

	if (rc)
		return rc;
	f.results = xstrdup(results);
	f.name = xstrdup(name);
	f.path = xasprintf("%s/%s%s", results, name, RECORD_PARTIAL);
	if (!beneath_stat(final, &st))
		rc = err_set(e, EEXIST, "%s is there already", final);
	else
		rc = beneath_make(f.path, e);
	if (rc) {
		free_names(&f);
		beneath_drop(results);
		return rc;
	}
	rc = make_subfolders(f.path, e);
	if (rc)
		record_folder_release(&f);
	else
		*out = f;
	return rc;
}

int record_begin(const char *results, const char *scenario, const char *variant,
	struct record_folder *out, struct err *e)
{
	int rc = make_dirs(results, e);

	if (rc)
		return rc;
	for (int attempt = 0; attempt < 16; attempt++) {
		auto_free char *name = make_name(scenario, variant);

		rc = record_begin_as(results, name, out, e);
		if (rc != -EEXIST)
			break;
	}
	return rc;
}

static void sync_dir(const char *path)
{
	auto_struct(folder) f = {.dir = beneath_opendir(path)};

	/* A file system that cannot sync folders is no reason to fail a finished run. */
	if (f.dir && fsync(dirfd(f.dir)) == 0)
		errno = 0;
}

int record_finish(struct record_folder *f, struct err *e)
{
	auto_free char *final = xasprintf("%s/%s", f->results, f->name);

	sync_dir(f->path);
	if (beneath_rename(f->path, final))
		return err_sys(e, "rename %s to %s", f->path, final);
	sync_dir(f->results);
	free(f->path);
	f->path = final;
	final = NULL;
	return 0;
}

void record_folder_release(struct record_folder *f)
{
	if (f->path)
		beneath_drop(f->path);
	if (f->results)
		beneath_drop(f->results);
	free_names(f);
}

static int by_name(const void *a, const void *b)
{
	const struct record_entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (int)x->partial - (int)y->partial;
}

int record_list(const char *results, struct record_entry **out, size_t *n, struct err *e)
{
	auto_struct(folder) f = {.dir = beneath_opendir(results)};
	struct record_entry *list = NULL;
	size_t count = 0;

	*out = NULL;
	*n = 0;
	if (!f.dir)
		return errno == ENOENT ? 0 : err_sys(e, "%s", results);
	while (folder_next(&f)) {
		size_t len = strlen(f.name), suffix = strlen(RECORD_PARTIAL);
		auto_free char *info = xasprintf("%s/run.json", f.name);
		bool partial = len > suffix && !strcmp(f.name + len - suffix, RECORD_PARTIAL);

		if (f.name[0] == '.' || (!partial && faccessat(dirfd(f.dir), info, F_OK, 0)))
			continue;
		ARRAY_GROW(list, count);
		list[count].name = xasprintf("%.*s", (int)(partial ? len - suffix : len), f.name);
		list[count].path = xasprintf("%s/%s", results, f.name);
		list[count++].partial = partial;
	}
	if (count)
		qsort(list, count, sizeof(*list), by_name);
	*out = list;
	*n = count;
	return 0;
}

void record_list_free(struct record_entry *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].name);
		free(list[i].path);
	}
	free(list);
}

char *record_resolve(const char *results, const char *what, struct err *e)
{
	auto_free char *direct = xasprintf("%s/run.json", what);
	struct record_entry *list = NULL;
	size_t n = 0, hits = 0;
	char *found = NULL;

	if (!access(direct, F_OK))
		return xstrdup(what);
	if (record_list(results, &list, &n, e))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		bool last = !strcmp(what, "last");
		bool exact = !strcmp(list[i].name, what);

		if (last ? list[i].partial : strncmp(list[i].name, what, strlen(what)) != 0)
			continue;
		hits = last || exact ? 1 : hits + 1;
		free(found);
		found = xstrdup(list[i].path);
		if (exact)
			break;
	}
	record_list_free(list, n);
	if (hits == 1)
		return found;
	free(found);
	if (hits)
		err_set_exit(e, EXIT_USAGE, EINVAL,
			"%s: %zu records in %s begin with that; write more of the name", what, hits,
			results);
	else
		err_set_exit(e, EXIT_USAGE, ENOENT,
			"%s: no such record (looked at it as a path and in %s)", what, results);
	return NULL;
}
