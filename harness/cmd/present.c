// SPDX-License-Identifier: GPL-3.0-or-later
#include "cmd/present.h"

#include <unistd.h>

#include "base/text.h"
#include "report/compare/published.h"
#include "report/run/report.h"

/* Exit status of expectation results: only "fail" falls short; "unknown" has been said. */
static int judge(const struct expect_result *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (r[i].verdict == VERDICT_FAIL)
			return EXIT_EXPECT;
	return EXIT_DONE;
}

int present_one(const struct cmd_common *c, const struct analysis *a)
{
	if (c->json) {
		auto_free char *json = report_json(a);

		fputs(json, stdout);
	} else if (!c->quiet) {
		report_text(a, stdout, isatty(STDOUT_FILENO));
	}
	return judge(a->expects, a->n_expects);
}

static void print_expects(const struct expect_result *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		text_print(stdout, "expect %-7s %s: %s\n", verdict_name(r[i].verdict),
			r[i].expect->text, r[i].why);
}

static void print_published(const struct analysis *const *set, size_t n)
{
	auto_ptr(published_free) struct published *p = published_make(set, n);
	auto_struct(strbuf) text = {0};

	if (!p)
		return;
	published_text(p, &text);
	fputs(text.text, stdout);
	putchar('\n');
}

int present_set(const struct cmd_common *c, const struct analysis *const *set, size_t n)
{
	struct expect_result *results = NULL;
	size_t n_results = 0;
	struct err e = ERR_INIT;
	int status;

	if (n == 1)
		return present_one(c, set[0]);
	if (analysis_judge(set, n, &results, &n_results, &e))
		return cmd_fail(&e);
	if (c->json) {
		auto_free char *json = report_json_set(set, n, results, n_results);

		fputs(json, stdout);
	} else if (!c->quiet) {
		print_published(set, n); /* what it was run for: not behind every record's own */
		for (size_t i = 0; i < n; i++) {
			report_text(set[i], stdout, isatty(STDOUT_FILENO));
			putchar('\n');
		}
		print_expects(results, n_results);
	}
	status = judge(results, n_results);
	expect_results_free(results, n_results);
	return status;
}
