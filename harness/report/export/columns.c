// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/export/columns.h"

#include <string.h>

#include "base/text.h"

#define GUEST_COLUMNS                                                                              \
	{"guest", "TEXT", "its name"},                                                             \
	{                                                                                          \
		"vcpu", "INTEGER", "its number"                                                    \
	}

const struct export_columns export_columns[EXPORT_TABLES] = {
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
			{"running_us", "REAL",
				"part: on the CPU, on its usual way to the guest's record"},
			{"guest_queue_us", "REAL", "part: in the guest's own run queue"},
			{"box_steal_us", "REAL",
				"part: on the CPU, taken by the box's own hypervisor"},
			{"unexplained_us", "REAL", "part: the rest"},
			{"culprit", "TEXT", "who had the CPU longest meanwhile"},
			{"kind", "TEXT", "of the culprit"}}},
	[EXPORT_GUESTS] = {"guests", "every guest, and what its run was",
		{{"guest", "TEXT", "its name"},
			{"is_noise", "INTEGER", "1: it is there to be in the way"},
			{"kind", "TEXT", "metal, linux, disk, domain, native"},
			{"vcpus", "INTEGER", "how many"},
			{"weight", "INTEGER", "CPU weight of its group (cpu.shares); 0: as it is"},
			{"quota_us", "INTEGER", "of CPU a period; 0: none"},
			{"period_us", "INTEGER", "of the quota"},
			{"scenario", "TEXT", "of the run"},
			{"variant", "TEXT", "its configuration"},
			{"arm", "TEXT", "the same without the point"},
			{"point", "TEXT", "what was swept: key=value"},
			{"host", "TEXT", "where it ran"}, {"kernel", "TEXT", "of the host"},
			{"overrides", "TEXT", "of --set, joined by blanks"},
			{"warnings", "TEXT", "of the run, joined by semicolons"}}},
};

enum export_table export_table_find(const char *name)
{
	for (unsigned i = 0; i < EXPORT_TABLES; i++)
		if (!strcmp(export_columns[i].name, name))
			return (enum export_table)i;
	return EXPORT_TABLES;
}

const struct export_column export_run_columns[EXPORT_RUN_COLUMNS] = {
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
	{"arm", "TEXT", "the variant without the point"},
	{"host", "TEXT", "where it ran"},
	{"kernel", "TEXT", "of the host"},
	{"overrides", "TEXT", "of --set, joined by blanks"},
	{"warnings", "TEXT", "joined by semicolons"},
};

static void add_column(struct strbuf *out, const struct export_column *c)
{
	strbuf_add(out, "%s%s %s", out->len ? ", " : "", c->name, c->type);
}

struct tables *export_sqlite_begin(const char *path, struct err *e)
{
	struct tables *db;
	auto_struct(strbuf) columns = {0};

	if (tables_create(path, &db, e))
		return NULL;
	for (size_t t = 0; t < EXPORT_TABLES; t++) {
		unsigned n = 0;

		columns.len = 0;
		strbuf_add(&columns, "run_id INTEGER NOT NULL REFERENCES runs (run_id)");
		while (n < EXPORT_MAX_COLUMNS && export_columns[t].columns[n].name)
			add_column(&columns, &export_columns[t].columns[n++]);
		tables_add(db, export_columns[t].name, columns.text, n + 1);
	}
	columns.len = 0;
	for (size_t i = 0; i < EXPORT_RUN_COLUMNS; i++)
		add_column(&columns, &export_run_columns[i]);
	tables_add(db, "runs", columns.text, EXPORT_RUN_COLUMNS);
	return db;
}

static void print_columns(FILE *out, const struct export_column *c, size_t n)
{
	for (size_t i = 0; i < n && c[i].name; i++)
		text_print(out, "    %-16s %-8.*s %s\n", c[i].name, (int)strcspn(c[i].type, " "),
			c[i].type, c[i].doc);
}

void export_print_tables(FILE *out)
{
	for (size_t t = 0; t < EXPORT_TABLES; t++) {
		text_print(out, "%s: %s\n", export_columns[t].name, export_columns[t].doc);
		print_columns(out, export_columns[t].columns, EXPORT_MAX_COLUMNS);
	}
	text_print(out, "runs: of --sqlite only, as the column run_id in front of every table\n");
	print_columns(out, export_run_columns, EXPORT_RUN_COLUMNS);
}
