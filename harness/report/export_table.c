/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV, JSON Lines and SQLite: the same tables, three ways to write a row. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/tables.h"
#include "report/escape.h"
#include "report/export_stream.h"

#define MAX_COLUMNS 13

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

/* A column: its name with its unit, its SQL type, what it is. */
struct column {
	const char *name, *type, *doc;
};

#define GUEST_COLUMNS                                                                              \
	{"guest", "TEXT", "its name"},                                                             \
	{                                                                                          \
		"vcpu", "INTEGER", "its number"                                                    \
	}

static const struct table {
	const char *name, *doc;
	struct column columns[MAX_COLUMNS]; /* a NULL name ends */
} tables[EXPORT_TABLES] = {
	[EXPORT_SAMPLES] = {"samples", "every guest record of a probe",
		{GUEST_COLUMNS,
			{"time_s", "REAL", "when, on the host's clock since the window began"},
			{"probe", "TEXT", "timer, gap, job, lock, memory, steal; start and end"},
			{"length_us", "REAL", "lateness; length of the gap, unit, wait or stretch"},
			{"missed", "REAL", "timer: deadlines that passed unserved before it"},
			{"elapsed_us", "REAL", "timer: from arming to the wake-up"},
			{"steal_ns", "INTEGER", "the guest's steal counter"},
			{"value", "REAL", "job, lock, memory: the probe's own count"}}},
	[EXPORT_STATES] = {"states", "every stretch of a vCPU thread in one state",
		{GUEST_COLUMNS, {"start_s", "REAL", "since the window began"},
			{"length_us", "REAL", "its length"},
			{"state", "TEXT", "running, waiting, sleeping, exited, unknown"},
			{"cpu", "INTEGER", "of the host"},
			{"occupant", "TEXT", "waiting: who had that CPU"},
			{"kind", "TEXT", "of the occupant: vm, noise, process, ..."}}},
	[EXPORT_SERIES] = {"series", "windows of 10 s, and of 1 s where the run is short",
		{GUEST_COLUMNS, {"series", "TEXT", "its name"}, {"unit", "TEXT", "of value"},
			{"bin_s", "REAL", "length of the window"},
			{"time_s", "REAL", "its begin, since the window of the run began"},
			{"value", "REAL", "missing where nothing was sampled"}}},
	[EXPORT_METRICS] = {"metrics", "every metric (docs/metrics.md)",
		{{"guest", "TEXT", "its name"},
			{"vcpu", "INTEGER", "its number; the whole guest: -1, in text all"},
			{"metric", "TEXT", "its name"}, {"unit", "TEXT", "of value"},
			{"value", "REAL", "missing where it is not provided"},
			{"not_provided", "TEXT", "why it is missing"}}},
	[EXPORT_BLAME] = {"blame", "who had the CPU while a vCPU waited",
		{GUEST_COLUMNS, {"culprit", "TEXT", "its name"},
			{"kind", "TEXT", "vm, noise, process, cgroup, kernel-thread, irq, ..."},
			{"wait_ns", "INTEGER", "waiting that it caused in the window"},
			{"times", "INTEGER", "how many waits"},
			{"share_percent", "REAL", "of all waiting of the vCPU"}}},
	[EXPORT_LATE] = {"late", "every late wake-up and long gap, taken apart",
		{GUEST_COLUMNS, {"what", "TEXT", "timer or gap"},
			{"deadline_s", "REAL", "since the window began"},
			{"late_us", "REAL", "the whole"},
			{"timer_late_us", "REAL", "part: the host's timer fired late"},
			{"queued_us", "REAL", "part: in the run queue"},
			{"held_us", "REAL", "part: held by a quota"},
			{"running_us", "REAL", "part: on the CPU, and not there yet"},
			{"unexplained_us", "REAL", "part: the rest"},
			{"culprit", "TEXT", "who had the CPU longest meanwhile"},
			{"kind", "TEXT", "of the culprit"}}},
};

enum output { OUTPUT_CSV, OUTPUT_JSONL, OUTPUT_SQLITE };

struct writer {
	enum output output;
	FILE *out;	   /* CSV, JSON Lines */
	struct tables *db; /* SQLite */
	int64_t run_id;
	enum export_table id;
	const struct table *table;
	const struct analysis *a;
	struct strbuf scratch;
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
	struct table_cell row[MAX_COLUMNS + 1] = {{TABLE_INTEGER, .integer = w->run_id}};

	for (unsigned i = 0; i < MAX_COLUMNS && w->table->columns[i].name; i++)
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
	for (unsigned i = 0; i < MAX_COLUMNS && w->table->columns[i].name; i++) {
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
	for (unsigned i = 0; i < MAX_COLUMNS && w->table->columns[i].name; i++)
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
		TEXT(export_state_name(p->piece->state)), COUNT(p->piece->cpu), TEXT(p->occupant),
		TEXT(*p->occupant ? culprit_kind_name(p->kind) : "")};

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

		if (!per_vcpu || metric_table[i].per_vcpu)
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

	w->id = t;
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

/* What the tables' run_id stands for; its number is EXPORT_TABLES. */
static const struct column run_columns[] = {
	{"run_id", "INTEGER PRIMARY KEY", "what the other tables call it"},
	{"run", "TEXT", "name of the record"},
	{"experiment", "TEXT", "id shared by the runs of one run or batch"},
	{"scenario", "TEXT", "its name"},
	{"variant", "TEXT", "its configuration"},
	{"point", "TEXT", "what was swept: key=value"},
	{"repeat", "INTEGER", "from 0"},
	{"started", "TEXT", "UTC, ISO 8601"},
	{"window_s", "REAL", "measured time"},
	{"lost_guest", "INTEGER", "guest records lost"},
	{"lost_host", "INTEGER", "trace records lost"},
};

static void add_column(struct strbuf *out, const struct column *c)
{
	strbuf_add(out, "%s%s %s", out->len ? ", " : "", c->name, c->type);
}

struct tables *export_sqlite_begin(const char *path, struct err *e)
{
	struct tables *db;
	struct strbuf columns = {0};

	if (tables_create(path, &db, e))
		return NULL;
	for (size_t t = 0; t < EXPORT_TABLES; t++) {
		unsigned n = 0;

		columns.len = 0;
		strbuf_add(&columns, "run_id INTEGER NOT NULL REFERENCES runs (run_id)");
		while (n < MAX_COLUMNS && tables[t].columns[n].name)
			add_column(&columns, &tables[t].columns[n++]);
		tables_add(db, tables[t].name, columns.text, n + 1);
	}
	columns.len = 0;
	for (size_t i = 0; i < ARRAY_SIZE(run_columns); i++)
		add_column(&columns, &run_columns[i]);
	tables_add(db, "runs", columns.text, ARRAY_SIZE(run_columns));
	strbuf_release(&columns);
	return db;
}

int export_sqlite_run(struct tables *db, const struct analysis *a, unsigned run_id, struct err *e)
{
	const struct run_info *r = &a->info;
	struct writer w = {.output = OUTPUT_SQLITE, .db = db, .run_id = run_id, .a = a};
	const char *const names[] = {r->run, r->experiment, r->scenario, r->variant, r->point};
	struct table_cell run[ARRAY_SIZE(run_columns)] = {{TABLE_INTEGER, .integer = run_id}};
	unsigned n = 1;
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		run[n++] = (struct table_cell){TABLE_TEXT, .text = names[i] ? names[i] : ""};
	run[n++] = (struct table_cell){TABLE_INTEGER, .integer = r->repeat};
	run[n++] = (struct table_cell){TABLE_TEXT, .text = r->started ? r->started : ""};
	run[n++] = (struct table_cell){TABLE_REAL, .real = a->window_s};
	run[n++] = (struct table_cell){TABLE_INTEGER, .integer = (int64_t)a->lost_guest};
	run[n++] = (struct table_cell){TABLE_INTEGER, .integer = (int64_t)a->lost_host};
	tables_insert(db, EXPORT_TABLES, run);
	for (unsigned t = 0; t < EXPORT_TABLES && !rc; t++)
		rc = write_table(&w, (enum export_table)t, e);
	return rc;
}

static void print_columns(FILE *out, const struct column *c, size_t n)
{
	for (size_t i = 0; i < n && c[i].name; i++)
		fprintf(out, "    %-16s %-8.*s %s\n", c[i].name, (int)strcspn(c[i].type, " "),
			c[i].type, c[i].doc);
}

void export_print_tables(FILE *out)
{
	for (size_t t = 0; t < EXPORT_TABLES; t++) {
		fprintf(out, "%s: %s\n", tables[t].name, tables[t].doc);
		print_columns(out, tables[t].columns, MAX_COLUMNS);
	}
	fprintf(out, "runs: of --sqlite only, as the column run_id in front of every table\n");
	print_columns(out, run_columns, ARRAY_SIZE(run_columns));
}
