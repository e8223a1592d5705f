// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/find.h"

#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "record/folder.h"

static bool take(struct found *f, const struct record_entry *entry, const char *experiment)
{
	auto_struct(run_info) r = {0};
	struct err e = ERR_INIT;

	if (run_info_load(&r, entry->path, &e) || strcmp(r.experiment, experiment))
		return false;
	*f = (struct found){.dir = xstrdup(entry->path),
		.name = xstrdup(entry->name),
		.scenario = xstrdup(r.scenario),
		.variant = xstrdup(r.variant),
		.repeat = r.repeat,
		.block = r.block,
		.place = r.place,
		.complete = !strcmp(r.status, "complete"),
		.partial = entry->partial,
		.sealed = r.wall_ns != 0};
	return true;
}

int found_list(
	const char *results, const char *experiment, struct found **out, size_t *n, struct err *e)
{
	struct record_entry *entries;
	struct found *list = NULL;
	size_t n_entries, count = 0;
	int rc = record_list(results, &entries, &n_entries, e);

	if (rc)
		return rc;
	for (size_t i = 0; i < n_entries; i++) {
		ARRAY_GROW(list, count);
		count += take(&list[count], &entries[i], experiment);
	}
	record_list_free(entries, n_entries);
	*out = list;
	*n = count;
	return 0;
}

void found_free(struct found *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].dir);
		free(list[i].name);
		free(list[i].scenario);
		free(list[i].variant);
	}
	free(list);
}

int found_mark_killed(const struct found *f, struct err *e)
{
	auto_struct(run_info) r = {0};
	int rc = run_info_load(&r, f->dir, e);

	if (rc)
		return rc;
	free(r.status);
	r.status = xstrdup("interrupted: its harness was killed");
	return run_info_save(&r, f->dir, e);
}

int found_finish(struct found *f, struct err *e)
{
	size_t len = strlen(f->dir) - strlen(RECORD_PARTIAL);
	auto_free char *final = xasprintf("%.*s", (int)len, f->dir);

	if (beneath_rename(f->dir, final))
		return err_sys(e, "rename %s to %s", f->dir, final);
	free(f->dir);
	f->dir = final;
	final = NULL;
	f->partial = false;
	return 0;
}
