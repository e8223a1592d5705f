/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The summary on a terminal. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/quantity.h"
#include "base/text.h"
#include "base/wrap.h"
#include "report/plot/figures.h"
#include "report/run/bands.h"
#include "report/run/guests.h"
#include "report/run/late_text.h"
#include "report/run/played.h"
#include "report/run/report.h"

#define TOP_CULPRITS 4 /* shown per guest */
#define TOP_LATE     5
#define TOP_WARNINGS 12
#define TOP_VICTIMS  3

struct text {
	FILE *out;
	const char *bold, *dim, *red, *green, *yellow, *plain;
};

static struct text text_begin(FILE *out, bool color)
{
	if (!color)
		return (struct text){out, "", "", "", "", "", ""};
	return (struct text){out, text_styles[STYLE_BOLD], text_styles[STYLE_DIM],
		text_styles[STYLE_RED], text_styles[STYLE_GREEN], text_styles[STYLE_YELLOW],
		text_styles[STYLE_PLAIN]};
}

/* A metric in at most `size - 1` characters; "-" when it is not provided. */
static const char *show(const struct metric_value *m, char *buf, size_t size)
{
	double v = m->value;

	if (!m->have && m->below > 0)
		snprintf(buf, size, "<%.*f", m->below < 10 ? 2 : 1, m->below);
	else if (!m->have)
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, "%.*f", fabs(v) < 10 ? 2 : fabs(v) < 1000 ? 1 : 0, v);
	return buf;
}

static const char *show_id(
	const struct analysis_guest *g, enum metric_id id, char *buf, size_t size)
{
	return show(&g->metrics[id], buf, size);
}

static void print_head(const struct text *t, const struct analysis *a)
{
	const struct run_info *r = &a->info;
	const char *status = strcmp(r->status, "complete") ? t->red : t->green;
	auto_free char *text = NULL;
	char lab[CPUSET_TEXT], house[CPUSET_TEXT];

	text_print(t->out, "%s%s%s%s%s%s%s   %s%s%s\n", t->bold, r->scenario,
		*r->variant ? " / " : "", r->variant, *r->point ? " / " : "", r->point, t->plain,
		status, r->status, t->plain);
	for (size_t i = 0; i < r->overrides.n; i++)
		text_print(t->out, "%s--set %s%s", i ? " " : "", r->overrides.items[i],
			i + 1 < r->overrides.n ? "" : "\n");
	text_print(t->out, "%s%s%s\n", t->dim, r->run, t->plain);
	if (cpuset_count(&r->lab_cpus))
		text = xasprintf(
			"measured %.1f s after %.1f s of warm-up on lab CPUs %s (housekeeping %s), overcommit %.2f",
			a->window_s, (double)r->warmup_ns / 1e9,
			cpuset_format(&r->lab_cpus, lab, sizeof(lab)),
			cpuset_format(&r->housekeeping_cpus, house, sizeof(house)), r->overcommit);
	else /* recordings */
		text = xasprintf("measured %.1f s", a->window_s);
	wrap_print(t->out, text, 0, 0);
}

static void print_guest(const struct text *t, const struct analysis_guest *g)
{
	char b[6][32], place[24], kind[24];

	snprintf(kind, sizeof(kind), "%s/%s", g->kind, g->accel);
	text_print(t->out, "%-13.13s %-9.9s %-8.8s %7s %7s %7s %7s %7s %7s\n", g->name, kind,
		guest_cpus(g, place, sizeof(place)), show_id(g, METRIC_STEAL_RATE, b[0], 32),
		show_id(g, METRIC_WAIT_RATE, b[1], 32), show_id(g, METRIC_TIMER_LATE_P50, b[2], 32),
		show_id(g, METRIC_TIMER_LATE_P99, b[3], 32),
		show_id(g, METRIC_TIMER_LATE_MAX, b[4], 32), show_id(g, METRIC_GAP_RATE, b[5], 32));
	if (g->lost)
		text_print(t->out, "%-13s lost %" PRIu64 " records\n", "", g->lost);
}

static void print_guests(const struct text *t, const struct analysis *a)
{
	auto_free size_t *order = figure_guest_order(a);
	size_t shown = MIN(a->n_guests, (size_t)FIGURE_MANY_GUESTS);

	text_print(t->out, "\n%s%-13s %-9s %-8s %7s %7s %7s %7s %7s %7s%s\n", t->bold, "guest",
		"kind", "vCPUs", "steal", "wait", "late", "late", "late", "gap", t->plain);
	text_print(t->out, "%s%-13s %-9s %-8s %7s %7s %7s %7s %7s %7s%s\n", t->dim, "", "",
		"on CPUs", "ms/s", "ms/s", "p50 us", "p99 us", "max us", "ms/s", t->plain);
	for (size_t i = 0; i < shown; i++) {
		const struct analysis_guest *g = &a->guests[order[i]];

		if (g->is_noise && !(i && a->guests[order[i - 1]].is_noise))
			text_print(t->out, "%snoise:%s\n", t->dim, t->plain);
		print_guest(t, g);
	}
	if (shown < a->n_guests)
		text_print(t->out,
			"%sthose that waited longest, noise last; %zu more: stealscope report, or export%s\n",
			t->dim, a->n_guests - shown, t->plain);
}

static void print_outside(const struct text *t, const struct analysis *a)
{
	auto_free char *names = guests_outside(a);
	auto_free char *text = xasprintf(
		"seen from outside only, with no agent inside: %s; steal is the run_delay of its vCPU threads, lateness is not provided",
		names);

	if (*names)
		wrap_print(t->out, text, 0, 2);
	for (size_t i = 0; i < a->n_guests; i++) {
		const struct run_guest *g = &a->info.guests[i];
		auto_free char *line = xasprintf("%s is domain '%s' (%s)%s%s", g->name, g->domain,
			g->use, g->changed && *g->changed ? ", changed for the run: " : "",
			g->changed ? g->changed : "");

		if (g->domain && *g->domain)
			wrap_print(t->out, line, 0, 2);
	}
}

/* Figures of the probes that have no column, one line per guest that has some. */
static void print_other(const struct text *t, const struct analysis *a)
{
	static const enum metric_id ids[] = {METRIC_JOB_RATE, METRIC_JOB_TIME, METRIC_LOCK_RATE,
		METRIC_LOCK_STALL_P99, METRIC_MEMORY_LATENCY, METRIC_MEMORY_BANDWIDTH,
		METRIC_THROTTLE_RATE, METRIC_WASTED_RATE, METRIC_EXITS_RATE};
	auto_free size_t *order = figure_guest_order(a);
	char b[80];

	for (size_t i = 0; i < MIN(a->n_guests, (size_t)FIGURE_MANY_GUESTS); i++) {
		const struct analysis_guest *g = &a->guests[order[i]];
		auto_free char *job = NULL;
		auto_struct(strbuf) line = {0};

		for (size_t k = 0; k < ARRAY_SIZE(ids); k++) {
			const struct metric_value *m = &g->metrics[ids[k]];

			if (!m->have || m->value == 0)
				continue;
			text_add(&line, "%s%s %s %s %s", line.len ? ", " : "",
				line.len ? "" : g->name, metric_table[ids[k]].name,
				show(m, b, sizeof(b)), metric_table[ids[k]].unit);
		}
		for (size_t k = 0; k < a->n_own; k++) {
			if (!g->own[k].have)
				continue;
			text_add(&line, "%s%s %s %s", line.len ? ", " : "", line.len ? "" : g->name,
				a->own[k].name,
				quantity_text(
					g->own[k].value, a->own[k].unit, false, b, sizeof(b)));
		}
		if (line.len)
			wrap_print(t->out, line.text, 0, 2);
		job = guest_job_text(g);
		if (job)
			wrap_print(t->out, job, 0, 2);
	}
}

static void print_blame(const struct text *t, const struct analysis *a)
{
	auto_free size_t *order = figure_guest_order(a);
	bool head = false;
	size_t shown = 0;

	for (size_t i = 0; i < a->n_guests; i++) {
		auto_free struct guest_culprit *list = NULL;
		uint64_t sum, rest;
		size_t n, k, g = order[i];
		char b[32];

		if (a->guests[g].is_noise)
			continue;
		n = guest_culprits(a, g, &list, &sum);
		if (!n)
			continue;
		if (++shown > TOP_VICTIMS)
			continue;
		if (!head)
			text_print(t->out, "\n%swho had the CPU while it waited%s\n", t->bold,
				t->plain);
		head = true;
		rest = sum;
		text_print(t->out, "%-14.14s waited %s\n", a->guests[g].name,
			quantity_ns(sum, b, sizeof(b)));
		/* The first always; of the others none that would read 0.0 %. */
		for (k = 0; k < n && k < TOP_CULPRITS && (!k || list[k].ns * 2000 >= sum); k++) {
			text_print(t->out, "  %5.1f %%  %-40.60s %10s  %s\n",
				100 * (double)list[k].ns / (double)sum, list[k].name,
				quantity_ns(list[k].ns, b, sizeof(b)),
				culprit_kind_name(list[k].kind));
			rest -= list[k].ns;
		}
		if (k < n)
			text_print(t->out, "  %5.1f %%  %zu others\n",
				100 * (double)rest / (double)sum, n - k);
	}
	if (shown > TOP_VICTIMS)
		text_print(t->out, "and of %zu more guests in the report\n", shown - TOP_VICTIMS);
}

static void print_late(const struct text *t, const struct analysis *a)
{
	char b[32];

	if (!a->n_late)
		return;
	text_print(t->out, "\n%slatest wake-ups%s (of %zu kept)\n", t->bold, t->plain, a->n_late);
	for (size_t i = 0; i < a->n_late && i < TOP_LATE; i++) {
		const struct late *l = &a->late[i];
		auto_struct(strbuf) line = {0};

		text_add(&line, "%s%s/vcpu%u at %.3f s: ", l->kind == LATE_GAP ? "gap of " : "",
			a->guests[l->guest].name, l->vcpu,
			((double)l->deadline_ns - (double)a->window_start_ns) / 1e9);
		late_parts(&line, l);
		text_print(t->out, "  %9s ", quantity_ns(l->lateness_ns, b, sizeof(b)));
		wrap_print(t->out, line.text, 12, 12);
	}
}

static void print_played(const struct text *t, const struct analysis *a)
{
	if (a->n_played)
		text_print(t->out, "\n%sstalls played%s\n", t->bold, t->plain);
	for (size_t i = 0; i < a->n_played; i++) {
		auto_free char *line = played_line(a, i);

		text_print(t->out, "  ");
		wrap_print(t->out, line, 2, 4);
	}
}

static void print_bands(const struct text *t, const struct analysis *a)
{
	struct bands b;

	bands_make(a, &b);
	if (b.n)
		text_print(t->out, "\n%s%s%s\n", t->bold, b.title, t->plain);
	for (size_t i = 0; i < b.n; i++) {
		auto_free char *line = band_line(&b.band[i]);

		text_print(t->out, "  ");
		wrap_print(t->out, line, 2, 4);
	}
	bands_release(&b);
}

static const char *verdict_color(const struct text *t, enum verdict v)
{
	return v == VERDICT_PASS ? t->green : v == VERDICT_FAIL ? t->red : t->yellow;
}

static void print_checks(const struct text *t, const struct analysis *a)
{
	text_print(t->out, "\n%schecks%s\n", t->bold, t->plain);
	for (size_t i = 0; i < a->n_checks; i++) {
		const struct check *c = &a->checks[i];
		char value[32] = "-";

		if (c->have)
			snprintf(value, sizeof(value), "%.3g%s%s", c->value, *c->unit ? " " : "",
				c->unit);
		text_print(t->out, "  %s%-7s%s %-18s %-9s ", verdict_color(t, c->verdict),
			verdict_name(c->verdict), t->plain, c->name, value);
		wrap_print(t->out, c->doc, 39, 39);
		if (c->verdict == VERDICT_PASS)
			continue;
		text_print(t->out, "%10s", "");
		wrap_print(t->out, c->note, 10, 10);
	}
}

static void print_expects(const struct text *t, const struct analysis *a)
{
	if (!a->n_expects)
		return;
	text_print(t->out, "\n%sexpectations%s\n", t->bold, t->plain);
	for (size_t i = 0; i < a->n_expects; i++) {
		text_print(t->out, "  %s%-7s%s ", verdict_color(t, a->expects[i].verdict),
			verdict_name(a->expects[i].verdict), t->plain);
		wrap_print(t->out, a->expects[i].why, 10, 10);
	}
}

static void print_tail(const struct text *t, const struct analysis *a)
{
	const struct metric_value *cpu =
		a->n_guests ? &a->guests[0].metrics[METRIC_HARNESS_CPU] : NULL;
	auto_free char *losses = analysis_losses(a);
	auto_struct(strbuf) line = {0};
	char b[32];

	if (a->warnings.n)
		text_print(t->out, "\n%swarnings%s\n", t->bold, t->plain);
	for (size_t i = 0; i < a->warnings.n && i < TOP_WARNINGS; i++) {
		text_print(t->out, "  %s!%s ", t->yellow, t->plain);
		wrap_print(t->out, a->warnings.items[i], 4, 4);
	}
	if (a->warnings.n > TOP_WARNINGS)
		text_print(
			t->out, "  and %zu more in analysis.json\n", a->warnings.n - TOP_WARNINGS);
	text_add(&line, "%s; ", losses);
	if (a->info.first_sample_ns)
		text_add(&line, "first sample after %s; ",
			quantity_ns(a->info.first_sample_ns, b, sizeof(b)));
	text_add(&line, "not measuring %s of %.1f s", quantity_ns(a->overhead_ns, b, sizeof(b)),
		(double)a->info.wall_ns / 1e9);
	if (cpu && cpu->have)
		text_add(&line, "; harness %.1f %% of a CPU", cpu->value);
	fputc('\n', t->out);
	wrap_print(t->out, line.text, 0, 0);
}

void report_text(const struct analysis *a, FILE *out, bool color)
{
	struct text t = text_begin(out, color);

	print_head(&t, a);
	print_guests(&t, a);
	print_outside(&t, a);
	print_other(&t, a);
	print_blame(&t, a);
	print_late(&t, a);
	print_bands(&t, a);
	print_played(&t, a);
	print_checks(&t, a);
	print_expects(&t, a);
	print_tail(&t, a);
}
