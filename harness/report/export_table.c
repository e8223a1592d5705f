/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV and JSON Lines: the same tables, two ways to write a row. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/export_stream.h"

#define MAX_COLUMNS 13

enum cell_type { CELL_TEXT, CELL_REAL, CELL_COUNT };
struct cell {
	enum cell_type type;
	const char *text;
	double real; /* NaN: missing */
	uint64_t count;
};
#define TEXT(s)	 ((struct cell){.type = CELL_TEXT, .text = (s)})
#define REAL(v)	 ((struct cell){.type = CELL_REAL, .real = (v)})
#define COUNT(v) ((struct cell){.type = CELL_COUNT, .count = (v)})

static const struct table {
	const char *name;
	const char *columns[MAX_COLUMNS]; /* NULL ends */
} tables[EXPORT_TABLES] = {
	[EXPORT_SAMPLES] = {"samples", {"guest", "vcpu", "time_s", "probe", "length_us", "missed",
					       "elapsed_us", "steal_ns", "value"}},
	[EXPORT_STATES] = {"states",
		{"guest", "vcpu", "start_s", "length_us", "state", "cpu", "occupant", "kind"}},
	[EXPORT_SERIES] = {"series",
		{"guest", "vcpu", "series", "unit", "bin_s", "time_s", "value"}},
	[EXPORT_METRICS] = {"metrics",
		{"guest", "vcpu", "metric", "unit", "value", "not_provided"}},
	[EXPORT_BLAME] = {"blame",
		{"guest", "vcpu", "culprit", "kind", "wait_ns", "times", "share_percent"}},
	[EXPORT_LATE] = {"late",
		{"guest", "vcpu", "what", "deadline_s", "late_us", "timer_late_us", "queued_us",
			"held_us", "running_us", "unexplained_us", "culprit", "kind"}},
};

struct writer {
	FILE *out;
	bool json;
	const struct table *table;
	const struct analysis *a;
};

const char *export_table_name(enum export_table t)
{
	return t < EXPORT_TABLES ? tables[t].name : "";
}

enum export_table export_table_find(const char *name)
{
	for (unsigned i = 0; i < EXPORT_TABLES; i++)
		if (!strcmp(tables[i].name, name))
			return (enum export_table)i;
	return EXPORT_TABLES;
}

/* RFC 4180 quoting where it is needed. A text that a spreadsheet would take for a formula gets a
 * quote mark in front: names come from guests and processes. */
static void csv_text(FILE *out, const char *s)
{
	bool formula = *s && strchr("=+-@\t\r", *s);

	if (!formula && !strpbrk(s, ",\"\r\n")) {
		fputs(s, out);
		return;
	}
	fputs(formula ? "\"'" : "\"", out);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

static void write_cell(const struct writer *w, const struct cell *c)
{
	switch (c->type) {
	case CELL_TEXT:
		if (w->json)
			export_json_text(w->out, c->text);
		else
			csv_text(w->out, c->text);
		break;
	case CELL_COUNT:
		fprintf(w->out, "%" PRIu64, c->count);
		break;
	case CELL_REAL:
		if (isfinite(c->real))
			fprintf(w->out, "%.9f", c->real);
		else if (w->json)
			fputs("null", w->out);
		break;
	}
}

static void write_row(const struct writer *w, const struct cell *cells)
{
	for (unsigned i = 0; i < MAX_COLUMNS && w->table->columns[i]; i++) {
		if (w->json)
			fprintf(w->out, "%s\"%s\":", i ? "," : "{", w->table->columns[i]);
		else if (i)
			fputc(',', w->out);
		write_cell(w, &cells[i]);
	}
	fputs(w->json ? "}\n" : "\n", w->out);
}

static void write_head(const struct writer *w)
{
	if (w->json)
		return;
	for (unsigned i = 0; i < MAX_COLUMNS && w->table->columns[i]; i++)
		fprintf(w->out, "%s%s", i ? "," : "", w->table->columns[i]);
	fputc('\n', w->out);
}

static double seconds(const struct writer *w, uint64_t host_ns)
{
	return ((double)host_ns - (double)w->a->window_start_ns) / 1e9;
}

static void sample_row(void *arg, const struct export_sample *s)
{
	static const char *const probes[] = {
		"", "start", "end", "timer", "gap", "job", "lock", "memory", "steal"};
	const struct writer *w = arg;
	const struct shm_rec *r = s->rec;
	const struct clock_map *map = w->a->guests[s->guest].vcpus[s->vcpu].clock_map;
	bool timer = r->type == REC_TIMER;
	struct cell cells[] = {TEXT(w->a->guests[s->guest].name), COUNT(s->vcpu),
		REAL(seconds(w, s->host_ns)), TEXT(probes[r->type <= REC_STEAL ? r->type : 0]),
		REAL((double)(s->host_ns - s->from_ns) / 1e3), REAL(timer ? (double)r->v[2] : NAN),
		REAL(timer && r->tsc > r->v[1]
				? (double)clock_ticks_to_ns(map, r->tsc - r->v[1]) / 1e3
				: NAN),
		r->steal_ns == SHM_STEAL_NONE ? REAL(NAN) : COUNT(r->steal_ns),
		r->type == REC_JOB || r->type == REC_LOCK || r->type == REC_MEMORY ? COUNT(r->v[1])
										   : REAL(NAN)};

	write_row(w, cells);
}

static void state_row(void *arg, const struct export_piece *p)
{
	const struct writer *w = arg;
	struct cell cells[] = {TEXT(w->a->guests[p->guest].name), COUNT(p->vcpu),
		REAL(seconds(w, p->piece->start)),
		REAL((double)(p->piece->end - p->piece->start) / 1e3),
		TEXT(export_state_name(p->piece->state)), COUNT(p->piece->cpu), TEXT(p->occupant),
		TEXT(*p->occupant ? culprit_kind_name(p->kind) : "")};

	write_row(w, cells);
}

static void one_series(const struct writer *w, const char *guest, unsigned vcpu, unsigned id,
	const struct series *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct cell cells[] = {TEXT(guest), COUNT(vcpu), TEXT(series_table[id].name),
			TEXT(series_table[id].unit), REAL((double)s->bin_ns / 1e9),
			REAL((double)i * (double)s->bin_ns / 1e9), REAL(s->v[i])};

		write_row(w, cells);
	}
}

static void metric_rows(const struct writer *w, const char *guest, struct cell vcpu,
	const struct metric_value *m, bool per_vcpu)
{
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		struct cell cells[] = {TEXT(guest), vcpu, TEXT(metric_table[i].name),
			TEXT(metric_table[i].unit), REAL(m[i].have ? m[i].value : NAN),
			TEXT(m[i].have || !m[i].why ? "" : m[i].why)};

		if (!per_vcpu || metric_table[i].per_vcpu)
			write_row(w, cells);
	}
}

static void small_table(const struct writer *w, enum export_table t)
{
	for (size_t g = 0; g < w->a->n_guests; g++) {
		const struct analysis_guest *guest = &w->a->guests[g];

		for (unsigned v = 0; v < guest->n_vcpus; v++) {
			for (unsigned s = 0; t == EXPORT_SERIES && s < SERIES_COUNT; s++) {
				one_series(w, guest->name, v, s, &guest->vcpus[v].series[s]);
				one_series(w, guest->name, v, s, &guest->vcpus[v].fine[s]);
			}
			if (t == EXPORT_METRICS)
				metric_rows(
					w, guest->name, COUNT(v), guest->vcpus[v].metrics, true);
		}
		if (t == EXPORT_METRICS)
			metric_rows(w, guest->name, TEXT("all"), guest->metrics, false);
	}
	for (size_t i = 0; t == EXPORT_BLAME && i < w->a->n_blame; i++) {
		const struct blame_row *b = &w->a->blame[i];
		struct cell cells[] = {TEXT(w->a->guests[b->guest].name), COUNT(b->vcpu),
			TEXT(b->culprit), TEXT(culprit_kind_name(b->kind)), COUNT(b->ns),
			COUNT(b->times), REAL(b->share)};

		write_row(w, cells);
	}
}

static void write_late(void *arg, const struct analysis *a, const struct late *l)
{
	const struct writer *w = arg;
	struct cell cells[] = {TEXT(a->guests[l->guest].name), COUNT(l->vcpu),
		TEXT(l->kind == LATE_GAP ? "gap" : "timer"),
		REAL(((double)l->deadline_ns - (double)a->window_start_ns) / 1e9),
		REAL((double)l->lateness_ns / 1e3), REAL((double)l->fired_late_ns / 1e3),
		REAL((double)l->wait_ns / 1e3), REAL((double)l->throttled_ns / 1e3),
		REAL((double)l->running_ns / 1e3), REAL((double)l->unexplained_ns / 1e3),
		TEXT(l->n_who ? l->who[0].name : ""),
		TEXT(l->n_who ? culprit_kind_name(l->who[0].kind) : "")};

	write_row(w, cells);
}

/* They are not kept by the analysis: made once more, row by row. */
static int write_lates(struct writer *w, struct err *e)
{
	struct analysis *again = NULL;
	int rc = analysis_make_each(w->a->dir, write_late, w, &again, e);

	analysis_free(again);
	return rc;
}

static int write_table(struct writer *w, enum export_table t, struct err *e)
{
	int rc = 0;

	w->table = &tables[t];
	write_head(w);
	if (t == EXPORT_SAMPLES)
		rc = export_each_sample(w->a, sample_row, w, e);
	else if (t == EXPORT_STATES)
		rc = export_each_piece(w->a, state_row, w, e);
	else if (t == EXPORT_LATE)
		rc = write_lates(w, e);
	else
		small_table(w, t);
	return rc ? rc : export_finish(w->out, e);
}

int export_csv(const struct analysis *a, enum export_table t, FILE *out, struct err *e)
{
	struct writer w = {.out = out, .json = false, .a = a};

	return write_table(&w, t, e);
}

int export_jsonl(const struct analysis *a, enum export_table t, FILE *out, struct err *e)
{
	struct writer w = {.out = out, .json = true, .a = a};

	return write_table(&w, t, e);
}
