// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope batch: many boots of many scenarios, in random interleaved order, that survive being
 * killed. */
#include <errno.h>
#include <stdlib.h>

#include "cmd/batch.h"

/* What the journal was begun with, as if it stood on the command line. */
static void parse_again(
	const struct command *c, const struct journal *j, struct args *l, struct cmd_common *common)
{
	struct cmd_common now = *common;
	auto_free char **argv = xcalloc(j->args.n + 2, sizeof(*argv));
	int argc = 1;

	argv[0] = (char *)(uintptr_t)c->name;
	for (size_t i = 0; i < j->args.n; i++)
		argv[argc++] = j->args.items[i];
	strv_release(&l->batch.sets);
	free(l->batch.until.guest);
	free(l->batch.until.metric);
	batch_line_init(l);
	cmd_parse(c, &batch_cmd_line, l, common, argc, argv);
	now.connect = now.study.connect = common->connect;
	*common = now;
}

/* Open the journal to resume, if there is one; its words replace a line that names no scenario. */
static int find_journal(const struct command *c, const struct strv *words, struct args *l,
	struct cmd_common *common, struct journal *j, struct err *e)
{
	bool named = l->paths.n;
	auto_free char *dir =
		batch_find(common->results, named ? words : NULL, named ? NULL : l->batch.id);
	int rc;

	if (!dir && !named)
		return err_set_exit(e, EXIT_USAGE, ENOENT, "%s: no unfinished batch to resume",
			common->results);
	if (!dir) {
		cmd_say(common, "there is nothing to resume: a new batch begins");
		return 0;
	}
	rc = journal_open(dir, j, e);
	if (!rc && !named)
		parse_again(c, j, l, common);
	return rc;
}

/* Everything up to the first boot. */
static int get_ready(
	const struct command *c, struct batch *b, struct args *l, struct cmd_common *common)
{
	auto_struct(strv) words = {0};
	struct err e = ERR_INIT;
	int status, rc = batch_line_format(l, common->connect, &words, &e);

	if (!rc && l->resume)
		rc = find_journal(c, &words, l, common, &b->journal, &e);
	if (!rc)
		rc = batch_line_files(&l->paths, &l->batch.files, &e);
	b->args = l->batch;
	b->study = common->study;
	status = rc ? cmd_fail(&e) : batch_prepare(b);
	if (status == EXIT_DONE) {
		rc = cmd_executor(&b->executor, &b->study, !l->no_agent, &e);
		b->executor.boot_timeout_ns = l->boot_timeout_ns;
		if (!rc)
			rc = b->journal.dir ? batch_take_up(b, &e) : batch_begin(b, &words, &e);
		status = rc ? cmd_fail(&e) : EXIT_DONE;
	}
	return status;
}

static void print_sum(const struct cmd_common *c, const struct batch_sum *sum)
{
	auto_struct(strbuf) text = {0};

	if (c->json)
		batch_report_json(&sum->report, &text);
	else if (!c->quiet)
		batch_report_text(&sum->report, &text);
	if (text.len)
		fputs(text.text, stdout);
	cmd_say(c, "summary: %s/summary.html, %s/junit.xml", sum->dir, sum->dir);
}

static int tell(const struct cmd_common *c, int rc, const struct err *e, struct batch_sum *sum)
{
	int status = rc ? cmd_fail(e) : EXIT_DONE;

	if (sum->dir) {
		print_sum(c, sum);
		status = sum->report.status;
	}
	batch_sum_release(sum);
	return status;
}

static int run(struct batch *b, const struct cmd_common *c)
{
	struct batch_sum sum = {0};
	struct err e = ERR_INIT;
	bool unfinished;
	int status, rc;

	cmd_catch_signals();
	cmd_say(c, "batch %s: %zu boots, seed %llu", b->journal.id, b->journal.n_units,
		(unsigned long long)b->journal.seed);
	status = batch_run(b, &e) ? cmd_fail(&e) : EXIT_DONE;
	rc = batch_sum(b, status, &sum, &e);
	unfinished = batch_count(&sum.report, BATCH_OPEN) || batch_count(&sum.report, BATCH_FAILED);
	status = tell(c, rc, &e, &sum);
	if (unfinished)
		cmd_say(c, "go on with: stealscope batch --results %s --resume", c->results);
	return status;
}

int cmd_batch(const struct command *c, int argc, char **argv)
{
	auto_struct(batch) b = {.journal.fd = -1};
	struct batch_sum sum = {0};
	struct cmd_common common;
	struct args line;
	struct err e = ERR_INIT;
	int status, rc;

	batch_line_init(&line);
	cmd_parse(c, &batch_cmd_line, &line, &common, argc, argv);
	if (line.sum_up) {
		rc = batch_sum_records(&common.study, line.sum_up, &sum, &e);
		return tell(&common, rc, &e, &sum);
	}
	status = get_ready(c, &b, &line, &common);
	if (status == EXIT_DONE)
		status = run(&b, &common);
	strv_release(&line.paths);
	return status;
}
