// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/batch/junit.h"

#include <math.h>

#include "report/escape.h"

struct counts {
	size_t tests, failures, errors, skipped;
	double seconds;
};

static void attribute(struct strbuf *out, const char *name, const char *value)
{
	strbuf_add(out, " %s=\"", name);
	escape_xml(out, value);
	strbuf_add(out, "\"");
}

static void case_end(struct strbuf *out, const char *element, const char *message)
{
	if (!element) {
		strbuf_add(out, "/>\n");
		return;
	}
	strbuf_add(out, "><%s", element);
	attribute(out, "message", message);
	strbuf_add(out, "/></testcase>\n");
}

static void case_begin(struct strbuf *out, const char *suite, const char *name, struct counts *c)
{
	c->tests++;
	strbuf_add(out, "<testcase");
	attribute(out, "classname", suite);
	attribute(out, "name", name);
}

static void add_run(
	const struct batch_run *u, const char *suite, struct counts *c, struct strbuf *out)
{
	auto_free char *name = xasprintf("%s, boot %u", u->config, u->repeat + 1);

	case_begin(out, suite, name, c);
	if (isfinite(u->wall_s)) {
		strbuf_add(out, " time=\"%.3f\"", u->wall_s);
		c->seconds += u->wall_s;
	}
	if (u->state == BATCH_DONE) {
		case_end(out, NULL, NULL);
	} else if (u->state == BATCH_FAILED) {
		c->errors++;
		case_end(out, "error", u->why);
	} else {
		c->skipped++;
		case_end(out, "skipped", u->state == BATCH_OPEN ? "not run" : u->why);
	}
}

static void add_expect(
	const struct batch_expect *x, const char *suite, struct counts *c, struct strbuf *out)
{
	auto_free char *name = xasprintf("%s: %s", x->variant, x->text);

	case_begin(out, suite, name, c);
	if (x->verdict == VERDICT_PASS) {
		case_end(out, NULL, NULL);
	} else if (x->verdict == VERDICT_FAIL) {
		c->failures++;
		case_end(out, "failure", x->why);
	} else {
		c->skipped++;
		case_end(out, "skipped", x->why);
	}
}

static void add_suite(const struct batch_report *r, size_t scenario, struct strbuf *out)
{
	const struct batch_scenario *s = &r->scenarios[scenario];
	auto_struct(strbuf) cases = {0};
	struct counts c = {0};

	for (size_t i = 0; i < r->n_runs; i++)
		if (r->runs[i].scenario == scenario)
			add_run(&r->runs[i], s->name, &c, &cases);
	for (size_t i = 0; i < r->n_expects; i++)
		if (r->expects[i].scenario == scenario)
			add_expect(&r->expects[i], s->name, &c, &cases);
	if (*s->skipped) {
		c.skipped++;
		case_begin(&cases, s->name, "this box can run it", &c);
		case_end(&cases, "skipped", s->skipped);
	}
	strbuf_add(out, "<testsuite");
	attribute(out, "name", s->name);
	strbuf_add(out,
		" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n",
		c.tests, c.failures, c.errors, c.skipped, c.seconds);
	strbuf_addn(out, cases.text ? cases.text : "", cases.len);
	strbuf_add(out, "</testsuite>\n");
}

void junit_xml(const struct batch_report *r, struct strbuf *out)
{
	strbuf_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	attribute(out, "name", "stealscope");
	strbuf_add(out, ">\n");
	for (size_t i = 0; i < r->n_scenarios; i++)
		add_suite(r, i, out);
	strbuf_add(out, "</testsuites>\n");
}
