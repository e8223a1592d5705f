// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope doctor: what this box can and cannot do, row by row, and what follows from it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/wrap.h"
#include "cmd/cmd.h"
#include "cmd/doctor.h"
#include "cmd/privileges.h"
#include "collect/hostd.h"
#include "domain/xen.h"
#include "host/box.h"

void doctor_row(struct tried *t, const char *key, const char *doc, const char *verdict,
	const char *note, const char *value)
{
	const char *fields[] = {key, doc, value, verdict, note};
	size_t first = t->texts.n;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		strv_add(&t->texts, "%s", fields[i]);
	ARRAY_GROW(t->rows, t->n);
	t->rows[t->n++] = (struct fact_row){t->texts.items[first], t->texts.items[first + 1],
		t->texts.items[first + 2], t->texts.items[first + 3], t->texts.items[first + 4]};
}

static void try_libvirt(const struct cmd_common *c, struct tried *t)
{
	auto_ptr(lab_close) struct lab_conn *conn = NULL;
	struct err e = ERR_INIT;
	unsigned long v, q;
	auto_free char *value = NULL;

	if (lab_open(c->connect, NULL, &conn, &e)) {
		doctor_row(t, "libvirt", "connection that guests are made through", "missing",
			e.msg, "cannot be opened");
		return;
	}
	v = lab_libvirt_version(conn);
	q = lab_qemu_version(conn);
	value = xasprintf("%s, libvirt %lu.%lu.%lu, %s %lu.%lu.%lu", lab_uri(conn), v / 1000000,
		v / 1000 % 1000, v % 1000, xen_uri_is(c->connect) ? "Xen" : "QEMU", q / 1000000,
		q / 1000 % 1000, q % 1000);
	doctor_row(t, "libvirt", "connection that guests are made through", "good", "", value);
	if (xen_uri_is(c->connect))
		doctor_xen(conn, t);
}

/* Load the tracer for real: nothing else tells whether eBPF works here. */
static void try_tracer(struct tried *t)
{
	static const char doc[] = "eBPF scheduler tracer (loaded for this row)";
	struct err e = ERR_INIT;
	auto_free char *path = cmd_find_part("stealscope-hostd", &e);
	struct hostd_options how = {.path = path, .mode = TRACE_MODE_EVENTS};
	auto_ptr(hostd_close) struct hostd *h = NULL;

	if (!path || hostd_spawn(&how, &h, &e))
		doctor_row(
			t, "ebpf.tracer", doc, "missing", e.msg, "the host agent does not start");
	else if (hostd_mode(h) != TRACE_MODE_EVENTS)
		doctor_row(t, "ebpf.tracer", doc, "missing", hostd_reason(h),
			"counters only: no trace, no blame");
	else
		doctor_row(t, "ebpf.tracer", doc, "good", "", "loads and traces");
}

static void say_user(struct tried *t)
{
	auto_free char *hostd = cmd_find_part("stealscope-hostd", NULL);
	const char *note, *value = privileges_here(hostd, &note);

	doctor_row(t, "user", "what this user may do", note[0] ? "limits" : "good", note, value);
}

static void print_rows(const struct fact_row *rows, size_t n)
{
	bool color = isatty(STDOUT_FILENO);
	size_t wide = 0;
	int column;

	for (size_t i = 0; i < n; i++)
		wide = MAX(wide, strlen(rows[i].key));
	column = 8 + (int)wide + 2;
	for (size_t i = 0; i < n; i++) {
		const char *code = !strcmp(rows[i].verdict, "good")	 ? text_styles[STYLE_GREEN]
				   : !strcmp(rows[i].verdict, "limits")	 ? text_styles[STYLE_YELLOW]
				   : !strcmp(rows[i].verdict, "missing") ? text_styles[STYLE_RED]
									 : "";

		text_print(stdout, "%s%-7s%s %-*s  ", color ? code : "", rows[i].verdict,
			color && *code ? text_styles[STYLE_PLAIN] : "", (int)wide, rows[i].key);
		wrap_print(stdout, rows[i].value, column, column);
		if (rows[i].note[0]) {
			text_print(stdout, "%*s-> ", column, "");
			wrap_print(stdout, rows[i].note, column + 3, column + 3);
		}
	}
}

struct args {
	const char *box;
};

static const struct cmd_option options[] = {
	{"box", 0, "FILE",
		"Also write what this box has, and the rows, to FILE: check --box and plan --box plan for it anywhere",
		TO_TEXT(box)},
	{0},
};

static const struct cmd_line line = {
	.more = "Each row: verdict, what it is about, what was found, and what follows. good: as one would wish; limits: works, but limits what results mean; missing: cannot be done here. Nothing is changed. Exit status 4 when a guest cannot be run at all.",
	.options = options,
};

static int write_box(const char *path, const struct tried *tried, struct err *e)
{
	auto_free struct box_fact *facts = xcalloc(tried->n, sizeof(*facts));
	struct topology t;
	int rc = topology_read("", &t, e);

	for (size_t i = 0; i < tried->n; i++)
		facts[i] = (struct box_fact){tried->rows[i].key, tried->rows[i].value,
			tried->rows[i].verdict, tried->rows[i].note};
	if (!rc) {
		rc = box_write(path, &t, facts, tried->n, e);
		topology_release(&t);
	}
	return rc;
}

bool doctor_rows(const struct cmd_common *c, struct tried *t)
{
	auto_ptr(facts_free) struct facts *f = facts_read("");
	bool xen = xen_uri_is(c->connect), missing;

	for (size_t i = 0; i < facts_count(f); i++)
		if (!xen || strncmp(facts_key(f, i), "kvm.", 4) != 0)
			doctor_row(t, facts_key(f, i), facts_doc(f, i),
				fact_verdict_text(facts_verdict(f, i)), facts_note(f, i),
				facts_value(f, i));
	say_user(t);
	try_libvirt(c, t);
	missing = !strcmp(t->rows[t->n - 1].verdict, "missing");
	if (!xen)
		try_tracer(t);
	return !missing;
}

void tried_release(struct tried *t)
{
	strv_release(&t->texts);
	free(t->rows);
}

int cmd_doctor(const struct command *c, int argc, char **argv)
{
	struct args args = {0};
	struct cmd_common common;
	auto_struct(tried) t = {0};
	struct err e = ERR_INIT;
	int status;

	cmd_parse(c, &line, &args, &common, argc, argv);
	status = doctor_rows(&common, &t) ? EXIT_DONE : EXIT_HOST;
	if (common.json) {
		auto_free char *json = facts_json(t.rows, t.n);

		fputs(json, stdout);
	} else {
		print_rows(t.rows, t.n);
	}
	if (args.box && write_box(args.box, &t, &e))
		status = cmd_fail(&e);
	return status;
}
