// SPDX-License-Identifier: GPL-3.0-or-later
/* How a batch begins: its scenarios, its order, or the journal of one that was interrupted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "run/run.h"
#include "study/batch.h"
#include "study/find.h"

#define REPEATS_UNTIL 30 /* cap of --until without --repeats */

static bool same_args(const struct strv *a, const struct strv *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->items[i], b->items[i]))
			return false;
	return true;
}

static bool is_wanted(const char *dir, const struct strv *asked, const char *id)
{
	struct err e = ERR_INIT;
	struct journal j;
	bool wanted;

	if (journal_read(dir, &j, &e))
		return false;
	wanted = asked ? same_args(&j.args, asked) : !j.ended && (!id || !strcmp(id, j.id));
	journal_release(&j);
	return wanted;
}

char *batch_find(const char *results, const struct strv *asked, const char *id)
{
	struct timespec best = {0};
	char *found = NULL;

	for (auto_struct(folder) f = {.dir = beneath_opendir(results)}; folder_next(&f);) {
		auto_free char *dir = xasprintf("%s/%s", results, f.name);
		auto_free char *file = xasprintf("%s/%s", dir, JOURNAL_NAME);
		struct stat st;

		if (strncmp(f.name, "batch-", 6) || beneath_stat(file, &st) ||
			!is_wanted(dir, asked, id))
			continue;
		if (found && (st.st_mtim.tv_sec < best.tv_sec ||
				     (st.st_mtim.tv_sec == best.tv_sec &&
					     st.st_mtim.tv_nsec < best.tv_nsec)))
			continue;
		best = st.st_mtim;
		free(found);
		found = dir;
		dir = NULL;
	}
	return found;
}

static const struct batch_job *job_named(const struct batch *b, const char *name)
{
	for (size_t i = 0; i < b->n_jobs; i++)
		if (!strcmp(b->jobs[i].prepared.experiment.name, name))
			return &b->jobs[i];
	return NULL;
}

/* --until names a metric of stealscope's own, or a <measure> of the scenario. */
static bool knows_until(const struct batch *b, const struct prepared *p)
{
	const char *name = b->args.until.metric;

	if (!name || metric_find(name, NULL) < METRIC_COUNT)
		return true;
	for (size_t i = 0; i < p->experiment.configs[0].n_measures; i++)
		if (!strcmp(p->experiment.configs[0].measures[i].name, name))
			return true;
	return false;
}

static void prepare_one(struct batch *b, const char *path, int *status)
{
	struct batch_job job = {0};
	const struct batch_job *other;
	int rc = prepare_scenario(&b->study, path, &b->args.sets, true, &job.prepared);

	if ((rc != EXIT_DONE && rc != EXIT_HOST) || !job.prepared.experiment.name) {
		prepared_release(&job.prepared);
		*status = rc;
		return;
	}
	other = job_named(b, job.prepared.experiment.name);
	if (other) {
		study_tell(&b->study, STUDY_WRONG,
			"stealscope: %s and %s are both named %s; a batch tells its records apart by that name\n",
			other->path, path, job.prepared.experiment.name);
		prepared_release(&job.prepared);
		*status = EXIT_USAGE;
		return;
	}
	if (!knows_until(b, &job.prepared)) {
		study_tell(&b->study, STUDY_WRONG,
			"stealscope: --until: %s has no metric '%.60s'; `stealscope list metrics` shows stealscope's own\n",
			job.prepared.experiment.name, b->args.until.metric);
		prepared_release(&job.prepared);
		*status = EXIT_USAGE;
		return;
	}
	job.path = realpath(path, NULL);
	if (!job.path)
		job.path = xstrdup(path);
	if (rc == EXIT_HOST)
		job.skipped = xstrdup(
			job.prepared.problem ? job.prepared.problem : "this box cannot run it");
	ARRAY_GROW(b->jobs, b->n_jobs);
	b->jobs[b->n_jobs++] = job;
}

int batch_prepare(struct batch *b)
{
	int status = EXIT_DONE;

	/* All of them, so that one look shows all that is wrong. */
	for (size_t i = 0; i < b->args.files.n; i++)
		prepare_one(b, b->args.files.items[i], &status);
	return status;
}

static unsigned repeats_of(const struct batch *b, const struct batch_job *job)
{
	if (b->args.repeats)
		return b->args.repeats;
	return b->args.until.metric ? REPEATS_UNTIL : job->prepared.plans.plans[0].repeats;
}

static int add_files(struct batch *b, struct err *e)
{
	struct journal *j = &b->journal;

	for (size_t i = 0; i < b->n_jobs; i++) {
		uint64_t hash;
		int rc = journal_hash(&b->jobs[i].prepared.experiment.files, &hash, e);

		if (rc)
			return rc;
		ARRAY_GROW(j->files, j->n_files);
		j->files[j->n_files++] =
			(struct journal_file){hash, xstrdup(b->jobs[i].prepared.experiment.name),
				xstrdup(b->jobs[i].path), NULL};
	}
	return 0;
}

static void add_units(struct batch *b)
{
	auto_free struct order_size *sizes = xcalloc(b->n_jobs + 1, sizeof(*sizes));
	auto_free struct order_unit *order = NULL;
	struct journal *j = &b->journal;
	size_t n;

	j->seed = b->args.seed;
	for (size_t i = b->n_jobs; i-- > 0;) {
		if (b->jobs[i].skipped)
			continue;
		sizes[i] = (struct order_size){
			b->jobs[i].prepared.plans.n, repeats_of(b, &b->jobs[i])};
		if (!b->args.have_seed)
			j->seed = b->jobs[i].prepared.plans.plans[0].seed;
	}
	order = order_make(sizes, b->n_jobs, j->seed, &n);
	j->units = xcalloc(n + 1, sizeof(*j->units));
	for (size_t i = 0; i < n; i++) {
		const struct plan_list *plans = &b->jobs[order[i].scenario].prepared.plans;

		if (!order_in_shard(&order[i], j->shard, j->shards))
			continue;
		j->units[j->n_units++] = (struct journal_unit){
			.unit = order[i], .config = xstrdup(plans->plans[order[i].config].variant)};
	}
}

/* The boots are of the journal's experiment, which may be older than this process. */
static void own_boots(struct batch *b)
{
	snprintf(b->executor.experiment, sizeof(b->executor.experiment), "%s", b->journal.id);
	b->boots = xcalloc(b->journal.n_units + 1, sizeof(*b->boots));
}

int batch_begin(struct batch *b, const struct strv *asked, struct err *e)
{
	struct journal *j = &b->journal;
	char host[256] = "";
	int rc;

	gethostname(host, sizeof(host) - 1);
	j->id = xstrdup(b->args.id ? b->args.id : b->executor.experiment);
	j->host = xstrdup(host);
	j->shard = b->args.shard;
	j->shards = b->args.shards;
	j->dir = j->shards > 1 ? xasprintf("%s/batch-%s-%uof%u", b->study.results, j->id, j->shard,
					 j->shards)
			       : xasprintf("%s/batch-%s", b->study.results, j->id);
	for (size_t i = 0; i < asked->n; i++)
		strv_add(&j->args, "%s", asked->items[i]);
	rc = add_files(b, e);
	if (rc)
		return rc;
	add_units(b);
	own_boots(b);
	return journal_create(j, e);
}

static int check_files(const struct batch *b, struct err *e)
{
	const struct journal *j = &b->journal;

	for (size_t i = 0; i < b->n_jobs || i < j->n_files; i++) {
		uint64_t hash = 0;

		if (i < b->n_jobs && i < j->n_files) {
			int rc = journal_hash(&b->jobs[i].prepared.experiment.files, &hash, e);

			if (rc)
				return rc;
			if (hash == j->files[i].hash &&
				!strcmp(j->files[i].scenario, b->jobs[i].prepared.experiment.name))
				continue;
		}
		return err_set_exit(e, EXIT_USAGE, EINVAL,
			"%s is not what it was when %s began; begin a new batch",
			i < j->n_files ? j->files[i].path : b->jobs[i].path, j->dir);
	}
	return 0;
}

static int check_units(const struct batch *b, struct err *e)
{
	const struct journal *j = &b->journal;

	for (size_t i = 0; i < j->n_units; i++) {
		const struct journal_unit *u = &j->units[i];
		const struct plan_list *plans = &b->jobs[u->unit.scenario].prepared.plans;

		if (u->unit.config >= plans->n ||
			strcmp(plans->plans[u->unit.config].variant, u->config))
			return err_set_exit(e, EXIT_USAGE, EINVAL,
				"%s: its run %zu, %s %s, is not in the scenario, or this box cannot run it; begin a new batch",
				j->dir, i, j->files[u->unit.scenario].scenario, u->config);
	}
	return 0;
}

/* The unit that a record is of, or -1. */
static long unit_of(const struct journal *j, const struct found *f)
{
	for (size_t i = 0; i < j->n_units; i++)
		if (j->units[i].unit.repeat == f->repeat &&
			!strcmp(j->units[i].config, f->variant) &&
			!strcmp(j->files[j->units[i].unit.scenario].scenario, f->scenario))
			return (long)i;
	return -1;
}

static int adopt(struct batch *b, struct found *f, struct err *e)
{
	struct journal *j = &b->journal;
	long unit = unit_of(j, f);
	auto_ptr(analysis_free) struct analysis *a = NULL;
	int rc = 0;

	if (unit < 0)
		return 0; /* another shard's */
	if (!f->complete)
		return f->sealed ? 0 : found_mark_killed(f, e);
	if (b->boots[unit].record) {
		study_say(&b->study,
			"note: %s and %s are both complete for one run; the first counts",
			b->boots[unit].record, f->name);
		return 0;
	}
	if (f->partial)
		rc = found_finish(f, e);
	/* The crash may have come before its analysis was saved. */
	if (!rc && !j->units[unit].done)
		rc = execute_analysis(&b->study, f->dir, &a, e);
	if (!rc && !j->units[unit].done)
		rc = journal_done(j, (size_t)unit, f->name, e);
	if (!rc)
		b->boots[unit].record = xstrdup(f->name);
	return rc;
}

int batch_take_up(struct batch *b, struct err *e)
{
	auto_struct(strv) removed = {0}, left = {0};
	struct err why = ERR_INIT;
	struct found *list = NULL;
	char host[256] = "";
	size_t n = 0;
	int rc = check_files(b, e);

	if (!rc)
		rc = check_units(b, e);
	if (rc)
		return rc;
	gethostname(host, sizeof(host) - 1);
	if (strcmp(host, b->journal.host))
		study_say(&b->study,
			"note: this batch began on %s and goes on on %s; the block it was in is spread over both",
			b->journal.host, host);
	if (run_clean(b->study.connect, &removed, &left, &why))
		study_say(&b->study, "note: cannot look for leftovers: %s", why.msg);
	for (size_t i = 0; i < removed.n; i++)
		study_say(&b->study, "removed %s", removed.items[i]);
	own_boots(b);
	rc = found_list(b->study.results, b->journal.id, &list, &n, e);
	for (size_t i = 0; i < n && !rc; i++)
		rc = adopt(b, &list[i], e);
	found_free(list, n);
	return rc;
}
