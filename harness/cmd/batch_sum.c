// SPDX-License-Identifier: GPL-3.0-or-later
/* What became of a batch: judged from its records alone, told on stdout, as JUnit XML and as a
 * page. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "base/text.h"
#include "study/find.h"
#include "cmd/batch.h"
#include "record/folder.h"
#include "report/batch/figures.h"
#include "report/batch/page.h"
#include "report/batch/junit.h"

/* What one run's analysis says of it. */
static void describe(struct batch_run *run, const struct analysis *a)
{
	run->wall_s = (double)a->info.wall_ns / 1e9;
	run->overhead_s = (double)a->overhead_ns / 1e9;
	batch_felt(run, a);
	for (size_t i = 0; i < a->warnings.n; i++)
		strv_add(&run->warnings, "%s", a->warnings.items[i]);
	if (a->lost_guest || a->lost_host)
		strv_add(&run->warnings, "data was lost; see its report");
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
	struct batch_report *r, size_t scenario, const char *results, struct err *e)
{
	auto_free struct analysis **set = xcalloc(r->n_runs + 1, sizeof(*set));
	struct expect_result *judged = NULL;
	size_t n = 0, n_judged = 0;
	int rc = 0;

	for (size_t i = 0; i < r->n_runs; i++) {
		struct batch_run *run = &r->runs[i];
		auto_free char *dir = xasprintf("%s/%s", results, run->record);

		if (run->scenario != scenario || run->state != BATCH_DONE)
			continue;
		if (analysis_make(dir, &set[n], e)) {
			run->state = BATCH_FAILED;
			run->why = "its record cannot be read"; /* e->msg goes to stderr */
			text_print(stderr, "stealscope: %s\n", e->msg);
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
	struct strbuf text = {0};
	int rc;

	make(r, &text);
	rc = replace_file(path, text.text, e);
	strbuf_release(&text);
	return rc;
}

/* Judge, write into `dir`, print. */
static int tell(const struct cmd_common *c, struct batch_report *r, const char *dir, int status)
{
	struct strbuf text = {0};
	struct err e = ERR_INIT;
	int rc = 0;

	for (size_t i = 0; i < r->n_scenarios && !rc; i++)
		rc = judge_scenario(r, i, c->results, &e);
	r->status = status_of(r, status);
	if (!rc)
		rc = save(dir, "junit.xml", junit_xml, r, &e);
	if (!rc)
		rc = save(dir, "summary.html", batch_page, r, &e);
	if (rc) {
		int failed = cmd_fail(&e);

		r->status = status == EXIT_DONE ? failed : status;
	}
	if (c->json)
		batch_report_json(r, &text);
	else if (!c->quiet)
		batch_report_text(r, &text);
	if (text.len)
		fputs(text.text, stdout);
	strbuf_release(&text);
	cmd_say(c, "summary: %s/summary.html, %s/junit.xml", dir, dir);
	return r->status;
}

static void report_release(struct batch_report *r)
{
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
}

static struct batch_run describe_boot(const struct batch *b, size_t i)
{
	const struct journal_unit *u = &b->journal.units[i];
	const char *stopped = b->journal.files[u->unit.scenario].stopped;
	struct batch_run run = {.scenario = u->unit.scenario,
		.config = u->config,
		.repeat = u->unit.repeat,
		.block = u->unit.block,
		.state = BATCH_OPEN,
		.record = "",
		.why = "",
		.wall_s = NAN,
		.overhead_s = NAN};

	if (b->boots[i].record) {
		run.state = BATCH_DONE;
		run.record = b->boots[i].record;
	} else if (u->text && !u->done) {
		run.state = BATCH_FAILED;
		run.why = u->text;
	} else if (stopped) {
		run.state = BATCH_STOPPED;
		run.why = stopped;
	}
	return run;
}

int batch_sum(struct batch *b, int status)
{
	struct journal *j = &b->journal;
	struct batch_report r = {.id = j->id,
		.results = "..",
		.seed = j->seed,
		.shard = j->shard,
		.shards = j->shards,
		.scenarios = xcalloc(b->n_jobs + 1, sizeof(*r.scenarios)),
		.n_scenarios = b->n_jobs,
		.runs = xcalloc(j->n_units + 1, sizeof(*r.runs)),
		.n_runs = j->n_units};
	struct err e = ERR_INIT;

	for (size_t i = 0; i < b->n_jobs; i++)
		r.scenarios[i] = (struct batch_scenario){b->jobs[i].prepared.experiment.name,
			b->jobs[i].path, b->jobs[i].skipped ? b->jobs[i].skipped : "",
			j->files[i].stopped ? j->files[i].stopped : "", NULL};
	for (size_t i = 0; i < j->n_units; i++)
		r.runs[i] = describe_boot(b, i);
	status = tell(&b->common, &r, j->dir, status);
	if (!batch_count(&r, BATCH_OPEN) && !batch_count(&r, BATCH_FAILED)) {
		if (journal_end(j, status, &e))
			status = cmd_fail(&e);
	} else {
		cmd_say(&b->common, "go on with: stealscope batch --results %s --resume",
			b->common.results);
	}
	report_release(&r);
	return status;
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
struct journals {
	struct journal *items;
	size_t n;
};

static void read_journals(const char *results, const char *id, struct journals *out)
{
	auto_free char *prefix = xasprintf("batch-%s", id);
	DIR *d = opendir(results);
	struct dirent *ent;

	while (d && (ent = readdir(d))) {
		auto_free char *dir = xasprintf("%s/%s", results, ent->d_name);
		struct err e = ERR_INIT;
		struct journal j;

		if (strncmp(ent->d_name, prefix, strlen(prefix)) || journal_read(dir, &j, &e))
			continue;
		if (strcmp(j.id, id)) {
			journal_release(&j);
			continue;
		}
		ARRAY_GROW(out->items, out->n);
		out->items[out->n++] = j;
	}
	if (d)
		closedir(d);
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
		.why = ""};
}

static bool has_run(const struct batch_report *r, size_t scenario, const struct journal_unit *u)
{
	for (size_t i = 0; i < r->n_runs; i++)
		if (r->runs[i].scenario == scenario && r->runs[i].repeat == u->unit.repeat &&
			!strcmp(r->runs[i].config, u->config))
			return true;
	return false;
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
		const struct journal_file *file = &j->files[u->unit.scenario];
		size_t scenario = scenario_index(r, file->scenario);

		if (has_run(r, scenario, u))
			continue;
		ARRAY_GROW(r->runs, r->n_runs);
		r->runs[r->n_runs++] = (struct batch_run){.scenario = scenario,
			.config = u->config,
			.repeat = u->unit.repeat,
			.block = u->unit.block,
			.state = u->text && !u->done ? BATCH_FAILED
				 : file->stopped     ? BATCH_STOPPED
						     : BATCH_OPEN,
			.record = "",
			.why = u->text && !u->done ? u->text
			       : file->stopped	   ? file->stopped
						   : "",
			.wall_s = NAN,
			.overhead_s = NAN};
	}
	r->seed = j->seed;
}

/* EXIT_FAILED, and a line, when a shard has not even begun. */
static int check_shards(const struct cmd_common *c, const struct journals *all)
{
	unsigned shards = all->n ? all->items[0].shards : 0;

	if (all->n >= shards)
		return EXIT_DONE;
	cmd_say(c, "%zu of %u shards are here; what the others were to run is not in the summary",
		all->n, shards);
	return EXIT_FAILED;
}

int batch_sum_records(const struct cmd_common *c, const char *id)
{
	auto_free char *dir = xasprintf("%s/batch-%s", c->results, id);
	struct batch_report r = {.id = id, .results = "..", .shard = 1, .shards = 1};
	struct journals journals = {0};
	struct found *list = NULL;
	struct err e = ERR_INIT;
	size_t n = 0;
	int status, rc = found_list(c->results, id, &list, &n, &e);

	for (size_t i = 0; i < n && !rc; i++)
		if (list[i].complete && !list[i].partial)
			add_found(&r, &list[i]);
	read_journals(c->results, id, &journals);
	for (size_t i = 0; i < journals.n; i++)
		add_missing(&r, &journals.items[i]);
	if (!rc && !r.n_runs)
		rc = err_set_exit(
			&e, EXIT_USAGE, ENOENT, "%s: nothing of experiment %s", c->results, id);
	if (!rc)
		rc = make_dirs(dir, &e);
	status = rc ? cmd_fail(&e) : tell(c, &r, dir, check_shards(c, &journals));
	report_release(&r);
	found_free(list, n);
	for (size_t i = 0; i < journals.n; i++)
		journal_release(&journals.items[i]);
	free(journals.items);
	return status;
}
