/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Record folders: results/<name> once complete, results/<name>.partial while it is being written or
 * after an interrupted run. Names are unique: UTC time, scenario, variant, four random hex digits.
 */
#ifndef SS_RECORD_FOLDER_H
#define SS_RECORD_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define RECORD_PARTIAL ".partial"

struct record_folder {
	char *results; /* as given */
	char *name;    /* "20261120T161500Z-overcommit-4x-3f9c" */
	char *path;    /* results/name.partial until record_finish(), results/name after */
};

/* Make results/ where it is missing, and the partial folder with guest/, host/ and domains/ in it;
 * both are held (base/beneath.h) until record_folder_release(). Characters of scenario and variant
 * that have no place in a file name become '-'. */
int record_begin(const char *results, const char *scenario, const char *variant,
	struct record_folder *out, struct err *e);
/* The same by this name; -EEXIST when there is such a record. results/ is there. */
int record_begin_as(
	const char *results, const char *name, struct record_folder *out, struct err *e);
/* Everything written: sync and rename to the final name; updates `path`. */
int record_finish(struct record_folder *f, struct err *e);
void record_folder_release(struct record_folder *f); /* frees the names, leaves the folder */

struct record_entry {
	char *name; /* without ".partial" */
	char *path;
	bool partial;
};
/* All records below `results`, sorted by name (so by time). A missing folder is an empty list. */
int record_list(const char *results, struct record_entry **out, size_t *n, struct err *e);
void record_list_free(struct record_entry *list, size_t n);

/* The folder of a record given as a path, a name, the start of a name that fits one record only, or
 * "last". Caller frees; NULL with `e` set. */
char *record_resolve(const char *results, const char *what, struct err *e);

#endif
