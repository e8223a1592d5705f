/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV, JSON Lines and SQLite: the same tables, three ways to write a row. */
#include <inttypes.h>
#include <math.h>

#include "record/index.h"
#include "report/escape.h"
#include "report/export/columns.h"
#include "report/export/stream.h"
#include "base/arm.h"

enum cell_type { CELL_TEXT, CELL_REAL, CELL_COUNT, CELL_ALL };
struct cell {
	enum cell_type type;
	const char *text;
	double real; /* NaN: missing */
	uint64_t count;
};
#define TEXT(s)	  ((struct cell){.type = CELL_TEXT, .text = (s)})
#define REAL(v)	  ((struct cell){.type = CELL_REAL, .real = (v)})
#define COUNT(v)  ((struct cell){.type = CELL_COUNT, .count = (v)})
#define ALL_VCPUS ((struct cell){.type = CELL_ALL, .text = "all"}) /* in SQLite -1 */

enum output { OUTPUT_CSV, OUTPUT_JSONL, OUTPUT_SQLITE };

struct writer {
	enum output output;
	FILE *out;	   /* CSV, JSON Lines */
	struct tables *db; /* SQLite */
	int64_t run_id;
	enum export_table id;
	const struct export_columns *table;
	const struct analysis *a;
	struct strbuf scratch;
};

static void csv_text(struct writer *w, const char *s)
{
	w->scratch.len = 0;
	escape_csv(&w->scratch, s);
	if (w->scratch.len)
		fwrite(w->scratch.text, 1, w->scratch.len, w->out);
}

static void write_cell(struct writer *w, const struct cell *c)
{
	switch (c->type) {
	case CELL_TEXT:
	case CELL_ALL:
		if (w->output == OUTPUT_JSONL)
			export_json_text(w->out, c->text);
		else
			csv_text(w, c->text);
		break;
	case CELL_COUNT:
		fprintf(w->out, "%" PRIu64, c->count);
		break;
	case CELL_REAL:
		if (isfinite(c->real))
			fprintf(w->out, "%.9f", c->real);
		else if (w->output == OUTPUT_JSONL)
			fputs("null", w->out);
		break;
	}
}

static struct table_cell sql_cell(const struct cell *c)
{
	switch (c->type) {
	case CELL_TEXT:
		return (struct table_cell){*c->text ? TABLE_TEXT : TABLE_NULL, .text = c->text};
	case CELL_COUNT:
		return (struct table_cell){
			TABLE_INTEGER, .integer = (int64_t)MIN(c->count, (uint64_t)INT64_MAX)};
	case CELL_REAL:
		return (struct table_cell){
			isfinite(c->real) ? TABLE_REAL : TABLE_NULL, .real = c->real};
	default:
		return (struct table_cell){TABLE_INTEGER, .integer = -1};
	}
}

static void write_sql(struct writer *w, const struct cell *cells)
{
	struct table_cell row[EXPORT_MAX_COLUMNS + 1] = {{TABLE_INTEGER, .integer = w->run_id}};

	for (unsigned i = 0; i < EXPORT_MAX_COLUMNS && w->table->columns[i].name; i++)
		row[i + 1] = sql_cell(&cells[i]);
	tables_insert(w->db, w->id, row);
}

static void write_row(struct writer *w, const struct cell *cells)
{
	bool json = w->output == OUTPUT_JSONL;

	if (w->output == OUTPUT_SQLITE) {
		write_sql(w, cells);
		return;
	}
	for (unsigned i = 0; i < EXPORT_MAX_COLUMNS && w->table->columns[i].name; i++) {
		if (json)
			fprintf(w->out, "%s\"%s\":", i ? "," : "{", w->table->columns[i].name);
		else if (i)
			fputc(',', w->out);
		write_cell(w, &cells[i]);
	}
	fputs(json ? "}\n" : "\n", w->out);
}

static void write_head(const struct writer *w)
{
	if (w->output != OUTPUT_CSV)
		return;
	for (unsigned i = 0; i < EXPORT_MAX_COLUMNS && w->table->columns[i].name; i++)
		fprintf(w->out, "%s%s", i ? "," : "", w->table->columns[i].name);
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
	struct writer *w = arg;
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
	struct writer *w = arg;
	struct cell cells[] = {TEXT(w->a->guests[p->guest].name), COUNT(p->vcpu),
		REAL(seconds(w, p->piece->start)),
		REAL((double)(p->piece->end - p->piece->start) / 1e3),
		TEXT(word_or_unknown(&words_thread_state, p->piece->state)), COUNT(p->piece->cpu),
		TEXT(p->occupant), TEXT(*p->occupant ? culprit_kind_name(p->kind) : "")};

	write_row(w, cells);
}

static void one_series(
	struct writer *w, const char *guest, unsigned vcpu, unsigned id, const struct series *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct cell cells[] = {TEXT(guest), COUNT(vcpu), TEXT(series_table[id].name),
			TEXT(series_table[id].unit), REAL((double)s->bin_ns / 1e9),
			REAL((double)i * (double)s->bin_ns / 1e9), REAL(s->v[i])};

		write_row(w, cells);
	}
}

static void metric_rows(struct writer *w, const char *guest, struct cell vcpu,
	const struct metric_value *m, bool per_vcpu)
{
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		struct cell cells[] = {TEXT(guest), vcpu, TEXT(metric_table[i].name),
			TEXT(metric_table[i].unit), REAL(m[i].have ? m[i].value : NAN),
			TEXT(m[i].have || !m[i].why ? "" : m[i].why)};

		if (!per_vcpu || !metric_table[i].guest_only)
			write_row(w, cells);
	}
}

static void own_row(struct writer *w, const struct analysis_guest *g, size_t i)
{
	const struct own_metric *m = &w->a->own[i];
	struct cell cells[] = {TEXT(g->name), ALL_VCPUS, TEXT(m->name), TEXT(m->unit),
		REAL(g->own[i].have ? g->own[i].value : NAN),
		TEXT(g->own[i].have || !g->own[i].why ? "" : g->own[i].why)};

	write_row(w, cells);
}

static void guest_rows(struct writer *w)
{
	const struct run_info *r = &w->a->info;
	auto_free char *overrides = strv_join(&r->overrides, " ");
	auto_free char *warnings = strv_join(&w->a->warnings, "; ");
	auto_free char *arm = arm_of(r->variant ? r->variant : "", r->point ? r->point : "");

	for (size_t g = 0; g < r->n_guests; g++) {
		const struct run_guest *i = &r->guests[g];
		struct cell cells[] = {TEXT(i->name), COUNT(i->is_noise), TEXT(i->kind),
			COUNT(i->n_vcpus), COUNT(i->shares), COUNT(i->quota_us),
			COUNT(i->period_us), TEXT(r->scenario), TEXT(r->variant), TEXT(arm),
			TEXT(r->point), TEXT(index_host_of(r)), TEXT(index_kernel_of(r)),
			TEXT(overrides), TEXT(warnings)};

		write_row(w, cells);
	}
}

static void small_table(struct writer *w, enum export_table t)
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
			metric_rows(w, guest->name, ALL_VCPUS, guest->metrics, false);
		for (size_t i = 0; t == EXPORT_METRICS && i < w->a->n_own; i++)
			own_row(w, guest, i);
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
	struct writer *w = arg;
	struct cell cells[] = {TEXT(a->guests[l->guest].name), COUNT(l->vcpu),
		TEXT(l->kind == LATE_GAP ? "gap" : "timer"),
		REAL(((double)l->deadline_ns - (double)a->window_start_ns) / 1e9),
		REAL((double)l->lateness_ns / 1e3), REAL((double)l->fired_late_ns / 1e3),
		REAL((double)l->wait_ns / 1e3), REAL((double)l->throttled_ns / 1e3),
		REAL((double)l->running_ns / 1e3), REAL((double)l->guest_queue_ns / 1e3),
		REAL((double)l->box_steal_ns / 1e3), REAL((double)l->unexplained_ns / 1e3),
		TEXT(l->n_who ? l->who[0].name : ""),
		TEXT(l->n_who ? culprit_kind_name(l->who[0].kind) : "")};

	write_row(w, cells);
}

/* They are not kept by the analysis: made once more, row by row. */
static int write_lates(struct writer *w, struct err *e)
{
	auto_ptr(analysis_free) struct analysis *again = NULL;

	return analysis_make_each(w->a->dir, write_late, w, &again, e);
}

static int write_table(struct writer *w, enum export_table t, struct err *e)
{
	int rc = 0;

	w->id = t;
	w->table = &export_columns[t];
	write_head(w);
	if (t == EXPORT_SAMPLES)
		rc = export_each_sample(w->a, sample_row, w, e);
	else if (t == EXPORT_STATES)
		rc = export_each_piece(w->a, state_row, w, e);
	else if (t == EXPORT_LATE)
		rc = write_lates(w, e);
	else if (t == EXPORT_GUESTS)
		guest_rows(w);
	else
		small_table(w, t);
	strbuf_release(&w->scratch);
	return rc;
}

int export_csv(const struct analysis *a, enum export_table t, FILE *out, struct err *e)
{
	struct writer w = {.output = OUTPUT_CSV, .out = out, .a = a};
	int rc = write_table(&w, t, e);

	return rc ? rc : export_finish(out, e);
}

int export_jsonl(const struct analysis *a, enum export_table t, FILE *out, struct err *e)
{
	struct writer w = {.output = OUTPUT_JSONL, .out = out, .a = a};
	int rc = write_table(&w, t, e);

	return rc ? rc : export_finish(out, e);
}

/* ---- SQLite */

int export_sqlite_run(struct tables *db, const struct analysis *a, unsigned run_id, struct err *e)
{
	const struct run_info *r = &a->info;
	struct writer w = {.output = OUTPUT_SQLITE, .db = db, .run_id = run_id, .a = a};
	const char *const names[] = {r->run, r->experiment, r->scenario, r->variant, r->point};
	auto_free char *arm = arm_of(r->variant ? r->variant : "", r->point ? r->point : "");
	auto_free char *overrides = strv_join(&r->overrides, " ");
	auto_free char *warnings = strv_join(&a->warnings, "; ");
	const char *const more[] = {arm, index_host_of(r), index_kernel_of(r), overrides, warnings};
	struct table_cell run[EXPORT_RUN_COLUMNS] = {{TABLE_INTEGER, .integer = run_id}};
	unsigned n = 1;
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		run[n++] = (struct table_cell){TABLE_TEXT, .text = names[i] ? names[i] : ""};
	run[n++] = (struct table_cell){TABLE_INTEGER, .integer = r->repeat};
	run[n++] = (struct table_cell){TABLE_TEXT, .text = r->started ? r->started : ""};
	run[n++] = (struct table_cell){TABLE_REAL, .real = a->window_s};
	run[n++] = (struct table_cell){TABLE_INTEGER, .integer = (int64_t)a->lost_guest};
	run[n++] = (struct table_cell){TABLE_INTEGER, .integer = (int64_t)a->lost_host};
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		run[n++] = (struct table_cell){TABLE_TEXT, .text = more[i]};
	tables_insert(db, EXPORT_TABLES, run);
	for (unsigned t = 0; t < EXPORT_TABLES && !rc; t++)
		rc = write_table(&w, (enum export_table)t, e);
	return rc;
}
