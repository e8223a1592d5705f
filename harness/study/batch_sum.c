// SPDX-License-Identifier: GPL-3.0-or-later
/* What became of a batch: judged from its records alone, told as JUnit XML and as a page. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "base/beneath.h"
#include "base/replace.h"
#include "record/folder.h"
#include "report/batch/figures.h"
#include "report/batch/junit.h"
#include "report/batch/page.h"
#include "study/batch.h"

/* What one run's analysis says of it. */
static void describe(struct batch_run *run, const struct analysis *a)
{
	run->wall_s = (double)a->info.wall_ns / 1e9;
	run->overhead_s = (double)a->overhead_ns / 1e9;
	batch_felt(run, a);
	for (size_t i = 0; i < a->warnings.n; i++)
		strv_add(&run->warnings, "%s", a->warnings.items[i]);
	if (analysis_lost(a)) {
		auto_free char *losses = analysis_losses(a);

		strv_add(&run->warnings, "data was lost: %s", losses);
	}
}

static void take_expects(
	struct batch_report *r, size_t scenario, const struct expect_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ARRAY_GROW(r->expects, r->n_expects);
		r->expects[r->n_expects++] = (struct batch_expect){.scenario = scenario,
			.variant = xstrdup(results[i].expect->variant),
			.text = xstrdup(results[i].expect->text),
			.why = xstrdup(results[i].why),
			.verdict = results[i].verdict};
	}
}

/* One scenario: all its records are in memory only while it is judged. */
static int judge_scenario(
	const struct study *s, struct batch_report *r, size_t scenario, struct err *e)
{
	auto_free struct analysis **set = xcalloc(r->n_runs + 1, sizeof(*set));
	struct expect_result *judged = NULL;
	size_t n = 0, n_judged = 0;
	int rc = 0;

	for (size_t i = 0; i < r->n_runs; i++) {
		struct batch_run *run = &r->runs[i];
		auto_free char *dir = xasprintf("%s/%s", s->results, run->record);

		if (run->scenario != scenario || run->state != BATCH_DONE)
			continue;
		if (analysis_make(dir, &set[n], e)) {
			run->state = BATCH_FAILED;
			run->why = "its record cannot be read";
			study_tell(s, STUDY_WRONG, "stealscope: %s\n", e->msg);
			continue;
		}
		describe(run, set[n++]);
	}
	published_free(r->scenarios[scenario].published);
	r->scenarios[scenario].published = published_make((const struct analysis *const *)set, n);
	if (n)
		rc = analysis_judge((const struct analysis *const *)set, n, &judged, &n_judged, e);
	if (!rc)
		take_expects(r, scenario, judged, n_judged);
	expect_results_free(judged, n_judged);
	for (size_t i = 0; i < n; i++)
		analysis_free(set[i]);
	return rc;
}

static int status_of(const struct batch_report *r, int status)
{
	if (status != EXIT_DONE)
		return status;
	if (batch_count(r, BATCH_FAILED) || batch_count(r, BATCH_OPEN))
		return EXIT_FAILED;
	for (size_t i = 0; i < r->n_expects; i++)
		if (r->expects[i].verdict == VERDICT_FAIL)
			return EXIT_EXPECT;
	for (size_t i = 0; !r->n_runs && i < r->n_scenarios; i++)
		if (*r->scenarios[i].skipped)
			return EXIT_HOST;
	return EXIT_DONE;
}

static int save(const char *dir, const char *name,
	void (*make)(const struct batch_report *, struct strbuf *), const struct batch_report *r,
	struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_struct(strbuf) text = {0};

	make(r, &text);
	return replace_file(path, text.text, e);
}

/* Judge, and write what came out. */
static int judge(const struct study *s, struct batch_sum *sum, int status, struct err *e)
{
	struct batch_report *r = &sum->report;
	int rc = 0;

	for (size_t i = 0; i < r->n_scenarios && !rc; i++)
		rc = judge_scenario(s, r, i, e);
	r->status = status_of(r, status);
	if (!rc)
		rc = save(sum->dir, "junit.xml", junit_xml, r, e);
	if (!rc)
		rc = save(sum->dir, "summary.html", batch_page, r, e);
	if (rc && status == EXIT_DONE)
		r->status = (int)e->exit;
	return rc;
}

void batch_sum_release(struct batch_sum *sum)
{
	struct batch_report *r = &sum->report;

	for (size_t i = 0; i < r->n_runs; i++)
		strv_release(&r->runs[i].warnings);
	for (size_t i = 0; i < r->n_expects; i++) {
		free(r->expects[i].variant);
		free(r->expects[i].text);
		free(r->expects[i].why);
	}
	for (size_t i = 0; i < r->n_scenarios; i++)
		published_free(r->scenarios[i].published);
	free(r->scenarios);
	free(r->runs);
	free(r->expects);
	found_free(sum->found, sum->n_found);
	for (size_t i = 0; i < sum->n_journals; i++)
		journal_release(&sum->journals[i]);
	free(sum->journals);
	free(sum->dir);
}

/* What a journal says of a boot; the record, where there is one, says more. */
static struct batch_run describe_boot(const struct journal *j, size_t i, const char *record)
{
	const struct journal_unit *u = &j->units[i];
	const char *stopped = j->files[u->unit.scenario].stopped;
	struct batch_run run = {.scenario = u->unit.scenario,
		.config = u->config,
		.repeat = u->unit.repeat,
		.block = u->unit.block,
		.state = BATCH_OPEN,
		.record = "",
		.why = "",
		.wall_s = NAN,
		.overhead_s = NAN,
		.place = u->unit.config};

	if (record) {
		run.state = BATCH_DONE;
		run.record = record;
	} else if (u->text && !u->done) {
		run.state = BATCH_FAILED;
		run.why = u->text;
	} else if (stopped) {
		run.state = BATCH_STOPPED;
		run.why = stopped;
	}
	return run;
}

int batch_sum(struct batch *b, int status, struct batch_sum *sum, struct err *e)
{
	struct journal *j = &b->journal;
	struct batch_report *r = &sum->report;
	int rc;

	*sum = (struct batch_sum){
		.report = {.id = j->id,
			.results = "..",
			.seed = j->seed,
			.shard = j->shard,
			.shards = j->shards,
			.scenarios = xcalloc(b->n_jobs + 1, sizeof(*r->scenarios)),
			.n_scenarios = b->n_jobs,
			.runs = xcalloc(j->n_units + 1, sizeof(*r->runs)),
			.n_runs = j->n_units},
		.dir = xstrdup(j->dir)};
	for (size_t i = 0; i < b->n_jobs; i++)
		r->scenarios[i] = (struct batch_scenario){b->jobs[i].prepared.experiment.name,
			b->jobs[i].path, b->jobs[i].skipped ? b->jobs[i].skipped : "",
			j->files[i].stopped ? j->files[i].stopped : "", NULL};
	for (size_t i = 0; i < j->n_units; i++)
		r->runs[i] = describe_boot(j, i, b->boots[i].record);
	rc = judge(&b->study, sum, status, e);
	if (!rc && !batch_count(r, BATCH_OPEN) && !batch_count(r, BATCH_FAILED)) {
		rc = journal_end(j, r->status, e);
		if (rc)
			r->status = (int)e->exit;
	}
	return rc;
}

static size_t scenario_index(struct batch_report *r, const char *name)
{
	for (size_t i = 0; i < r->n_scenarios; i++)
		if (!strcmp(r->scenarios[i].name, name))
			return i;
	ARRAY_GROW(r->scenarios, r->n_scenarios);
	r->scenarios[r->n_scenarios] = (struct batch_scenario){name, "", "", "", NULL};
	return r->n_scenarios++;
}

/* Journals of one experiment: one, or one per shard. */
static void read_journals(const char *results, const char *id, struct batch_sum *out)
{
	auto_free char *prefix = xasprintf("batch-%s", id);

	for (auto_struct(folder) f = {.dir = beneath_opendir(results)}; folder_next(&f);) {
		auto_free char *dir = xasprintf("%s/%s", results, f.name);
		struct err e = ERR_INIT;
		struct journal j;

		if (strncmp(f.name, prefix, strlen(prefix)) || journal_read(dir, &j, &e))
			continue;
		if (strcmp(j.id, id)) {
			journal_release(&j);
			continue;
		}
		ARRAY_GROW(out->journals, out->n_journals);
		out->journals[out->n_journals++] = j;
	}
}

static void add_found(struct batch_report *r, const struct found *f)
{
	size_t scenario = scenario_index(r, f->scenario);

	ARRAY_GROW(r->runs, r->n_runs);
	r->runs[r->n_runs++] = (struct batch_run){.scenario = scenario,
		.config = f->variant,
		.repeat = f->repeat,
		.block = f->block,
		.state = BATCH_DONE,
		.record = f->name,
		.why = "",
		.place = SIZE_MAX}; /* a journal knows; by name else */
}

/* Whether the boot is there; it and its like learn their place. */
static bool has_run(const struct batch_report *r, size_t scenario, const struct journal_unit *u)
{
	bool found = false;

	for (size_t i = 0; i < r->n_runs; i++) {
		struct batch_run *run = &r->runs[i];

		if (run->scenario != scenario || strcmp(run->config, u->config) != 0)
			continue;
		run->place = u->unit.config;
		found |= run->repeat == u->unit.repeat;
	}
	return found;
}

/* What the journal orders and no record is there of. */
static void add_missing(struct batch_report *r, const struct journal *j)
{
	for (size_t i = 0; i < j->n_files; i++) {
		struct batch_scenario *s = &r->scenarios[scenario_index(r, j->files[i].scenario)];

		s->path = j->files[i].path;
		if (j->files[i].stopped)
			s->stopped = j->files[i].stopped;
	}
	for (size_t i = 0; i < j->n_units; i++) {
		const struct journal_unit *u = &j->units[i];
		size_t scenario = scenario_index(r, j->files[u->unit.scenario].scenario);

		if (has_run(r, scenario, u))
			continue;
		ARRAY_GROW(r->runs, r->n_runs);
		r->runs[r->n_runs] = describe_boot(j, i, NULL);
		r->runs[r->n_runs++].scenario = scenario;
	}
	r->seed = j->seed;
}

/* EXIT_FAILED, and a line, when a shard has not even begun. */
static int check_shards(const struct study *s, const struct batch_sum *sum)
{
	unsigned shards = sum->n_journals ? sum->journals[0].shards : 0;

	if (sum->n_journals >= shards)
		return EXIT_DONE;
	study_say(s, "%zu of %u shards are here; what the others were to run is not in the summary",
		sum->n_journals, shards);
	return EXIT_FAILED;
}

int batch_sum_records(const struct study *s, const char *id, struct batch_sum *sum, struct err *e)
{
	auto_free char *dir = xasprintf("%s/batch-%s", s->results, id);
	struct batch_report *r = &sum->report;
	int rc;

	*sum = (struct batch_sum){.report = {.id = id, .results = "..", .shard = 1, .shards = 1}};
	rc = found_list(s->results, id, &sum->found, &sum->n_found, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < sum->n_found; i++)
		if (sum->found[i].complete && !sum->found[i].partial)
			add_found(r, &sum->found[i]);
	read_journals(s->results, id, sum);
	for (size_t i = 0; i < sum->n_journals; i++)
		add_missing(r, &sum->journals[i]);
	if (!r->n_runs)
		return err_set_exit(
			e, EXIT_USAGE, ENOENT, "%s: nothing of experiment %s", s->results, id);
	rc = make_dirs(dir, e);
	if (rc)
		return rc;
	sum->dir = dir;
	dir = NULL;
	return judge(s, sum, check_shards(s, sum), e);
}
