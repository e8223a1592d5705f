// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "record/folder.h"
#include "report/run/html.h"
#include "report/run/report.h"

static void add_metrics(const struct analysis_guest *g, int vcpu, const struct metric_value *values,
	struct index_metric **out, size_t *n)
{
	for (size_t m = 0; m < METRIC_COUNT; m++) {
		if (!values[m].have)
			continue;
		ARRAY_GROW(*out, *n);
		(*out)[(*n)++] = (struct index_metric){g->name, g->is_noise, vcpu,
			metric_table[m].name, metric_table[m].unit, values[m].value};
	}
}

static void collect_metrics(const struct analysis *a, struct index_metric **out, size_t *n)
{
	*out = NULL;
	*n = 0;
	for (size_t i = 0; i < a->n_guests; i++) {
		const struct analysis_guest *g = &a->guests[i];

		add_metrics(g, -1, g->metrics, out, n);
		for (size_t m = 0; m < a->n_own; m++) {
			if (!g->own[m].have)
				continue;
			ARRAY_GROW(*out, *n);
			(*out)[(*n)++] = (struct index_metric){g->name, g->is_noise, -1,
				a->own[m].name, a->own[m].unit, g->own[m].value};
		}
		for (unsigned v = 0; v < g->n_vcpus; v++)
			add_metrics(g, (int)v, g->vcpus[v].metrics, out, n);
	}
}

/* The record's folder relative to results/: its last component. */
static const char *folder_name(const char *dir)
{
	const char *slash = strrchr(dir, '/');

	return slash ? slash + 1 : dir;
}

int results_save(const struct study *s, const struct analysis *a, struct err *e)
{
	auto_free char *page = xasprintf("%s/report.html", a->dir);
	struct err why = ERR_INIT;
	int rc = report_json_save(a, a->dir, e);

	if (!rc && html_report_save(a, page, &why))
		study_tell(s, STUDY_WRONG, "stealscope: no report.html: %s\n", why.msg);
	return rc;
}

/* index_rebuild() asks for one record at a time; the analysis must live until the next call. */
static int read_record(void *ctx, const char *dir, const struct run_info *r,
	struct index_metric **metrics, size_t *n, const struct strv **warnings, struct err *e)
{
	struct analysis **held = ctx;
	int rc;

	(void)r;
	analysis_free(*held);
	*held = NULL;
	rc = analysis_make(dir, held, e);
	if (rc)
		return rc;
	collect_metrics(*held, metrics, n);
	*warnings = &(*held)->warnings;
	return 0;
}

static int rebuild_index(const struct study *s, struct index *x, struct err *e)
{
	auto_ptr(analysis_free) struct analysis *held = NULL;
	auto_struct(strv) problems = {0};
	int n = index_rebuild(x, read_record, &held, &problems, e);

	for (size_t i = 0; i < problems.n; i++)
		study_say(s, "note: %s", problems.items[i]);
	return MIN(n, 0);
}

void results_add(const struct study *s, const struct analysis *a)
{
	auto_free struct index_metric *metrics = NULL;
	auto_ptr(index_close) struct index *x = NULL;
	struct run_info told = a->info;
	struct err e = ERR_INIT;
	size_t n;

	told.warnings = a->warnings; /* the run's, and what the analysis doubts */
	collect_metrics(a, &metrics, &n);
	/* One that is new has what else lies here, too. */
	if (index_open(s->results, &x, &e) || (index_is_empty(x) && rebuild_index(s, x, &e)) ||
		index_add(x, &told, folder_name(a->dir), metrics, n, &e))
		study_say(s,
			"note: the index was not updated: %s; `stealscope list --rebuild` mends it",
			e.msg);
}

int results_open(const struct study *s, bool rebuild, struct index **out, struct err *e)
{
	auto_free char *file = xasprintf("%s/index.db", s->results);
	struct stat st;
	int rc;

	rebuild |= beneath_stat(file, &st) != 0;
	rc = index_open(s->results, out, e);
	if (rc == -EPROTO || rc == -EILSEQ) {
		study_say(s, "note: %s; rebuilding", e->msg);
		rc = index_reset(s->results, e);
		if (!rc)
			rc = index_open(s->results, out, e);
		rebuild = true;
	}
	if (!rc && index_access(*out) == INDEX_BEHIND)
		study_say(s,
			"note: %s is another user's, who is adding to it: what came last may be missing",
			file);
	if (!rc && index_access(*out) == INDEX_IN_MEMORY)
		study_say(s,
			"note: %s cannot be written by this user: all records are read instead",
			file);
	if (!rc && rebuild)
		return rebuild_index(s, *out, e);
	/* An empty one may have been cut short while it was made. Who only reads cannot mend that. */
	if (!rc && index_is_empty(*out) && rebuild_index(s, *out, e))
		study_say(s, "note: the index is empty and cannot be filled: %s", e->msg);
	return rc;
}

struct condition {
	const char *key;
	const char **field;
};

int results_select(
	const struct study *s, const char *what, struct index_filter *f, char **text, struct err *e)
{
	struct condition keys[] = {{"run", &f->run}, {"experiment", &f->experiment},
		{"scenario", &f->scenario}, {"variant", &f->variant}, {"arm", &f->arm},
		{"host", &f->host}, {"kernel", &f->kernel}, {"overrides", &f->overrides},
		{"since", &f->since}, {"until", &f->until}};
	char *save = NULL;

	*f = (struct index_filter){.status = "complete"};
	if (!strchr(what, '=')) {
		auto_free char *dir = record_resolve(s->results, what, e);

		if (!dir)
			return -e->code;
		*text = xstrdup(folder_name(dir));
		f->run = *text;
		return 0;
	}
	*text = xstrdup(what);
	for (char *part = strtok_r(*text, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(part, '=');
		size_t i;

		if (eq)
			*eq = '\0';
		for (i = 0; eq && i < ARRAY_SIZE(keys) && strcmp(part, keys[i].key); i++)
			;
		if (!eq || i == ARRAY_SIZE(keys)) {
			free(*text);
			*text = NULL;
			return err_set_exit(e, EXIT_USAGE, EINVAL,
				"'%.60s' is not a condition; write run=, experiment=, scenario=, variant=, arm=, host=, kernel=, overrides=, since= or until=, joined by commas",
				what);
		}
		*keys[i].field = eq + 1;
	}
	return 0;
}
