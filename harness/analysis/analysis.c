/* SPDX-License-Identifier: GPL-3.0-or-later */
/* analysis_make(): open a record, read it once through, fold it. */
#include "analysis/analysis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/priv.h"

#define GUESTS_MAX 512 /* more are not believed */

const struct series_info series_table[SERIES_COUNT] = {
	[SERIES_STEAL] = {"steal", "ms/s", "growth of the guest's steal counter"},
	[SERIES_RUN_DELAY] = {"run_delay", "ms/s", "growth of the vCPU thread's run_delay"},
	[SERIES_WAIT] = {"wait", "ms/s", "time waiting on a run queue, from the trace"},
	[SERIES_TIMER_LATE] = {"timer_late_max", "us", "latest timer wake-up"},
	[SERIES_SLEEP_ELAPSED] = {"sleep_elapsed_max", "us", "longest sleep, period included"},
};

static void open_guests(struct build *b)
{
	struct analysis *a = b->a;

	for (size_t g = 0; g < a->n_guests; g++) {
		const char *file = a->info.guests[g].guest_file;
		auto_free char *path = xasprintf("%s/%s", a->dir, file);
		struct err e = ERR_INIT;

		b->guests[g].done = true;
		if (a->guests[g].outside)
			continue;
		/* A record may come from anywhere: never out of its folder. */
		if (!*file || *file == '/' || strstr(file, "..")) {
			strv_add(&a->warnings, "guest %s: it left no records", a->guests[g].name);
			continue;
		}
		if (guest_reader_open(path, &b->guests[g].reader, &e)) {
			strv_add(&a->warnings, "guest %s: %s", a->guests[g].name, e.msg);
			a->unread |= e.code != ENOENT && e.code != EINVAL;
			continue;
		}
		b->guests[g].done = false;
	}
}

static void open_trace(struct build *b)
{
	struct analysis *a = b->a;
	auto_free char *path = xasprintf("%s/host/trace.bin", a->dir);
	struct err e = ERR_INIT;

	a->trace_mode = TRACE_MODE_COUNTERS;
	if (access(path, F_OK)) {
		strv_add(&a->warnings, "there is no host trace: who took the CPU is not known");
		return;
	}
	if (trace_reader_open(path, &b->trace, &e)) {
		strv_add(&a->warnings, "%s", e.msg);
		a->unread |= e.code != EINVAL;
		return;
	}
	a->have_trace = true;
	if (trace_reader_header(b->trace)->mode <= TRACE_MODE_COUNTS)
		a->trace_mode = (enum trace_mode)trace_reader_header(b->trace)->mode;
}

/* The window as recorded; where it never began or ended, what the records span. */
static void find_window(struct build *b)
{
	struct analysis *a = b->a;
	const uint64_t longest = SERIES_MAX_BINS * BIN_NS;

	a->window_start_ns = a->info.window_start_ns;
	a->window_end_ns = a->info.window_end_ns;
	if (a->window_start_ns && a->window_end_ns < a->window_start_ns) {
		a->window_end_ns = a->window_start_ns + a->info.duration_ns;
		strv_add(&a->warnings, "the run ended inside the measured window");
	}
	if (!a->window_start_ns)
		strv_add(&a->warnings, "measuring never began");
	if (a->window_end_ns - a->window_start_ns > longest) {
		a->window_end_ns = a->window_start_ns + longest;
		strv_add(&a->warnings, "the window is cut to %" PRIu64 " days",
			longest / NS_PER_S / 86400);
	}
	a->window_s = (double)(a->window_end_ns - a->window_start_ns) / 1e9;
}

/* Guests of one kind that do the same have one way from an interrupt to the record of it. */
static bool are_alike(const struct run_guest *a, const struct run_guest *b)
{
	bool same = !strcmp(a->kind, b->kind) && !strcmp(a->accel, b->accel) &&
		    a->n_probes == b->n_probes;

	for (size_t i = 0; same && i < a->n_probes; i++)
		same = !strcmp(a->probes[i].name, b->probes[i].name);
	return same;
}

static struct usual_path *path_of_alike(struct build *b, size_t g)
{
	const struct run_guest *all = b->a->info.guests;
	size_t first = 0;

	while (first < g && !are_alike(&all[first], &all[g]))
		first++;
	return b->guests[first].path;
}

static void make_guest(struct build *b, size_t g)
{
	struct analysis *a = b->a;
	const struct run_guest *info = &a->info.guests[g];
	struct analysis_guest *out = &a->guests[g];
	struct usual_path *path = path_of_alike(b, g);

	out->name = info->name;
	out->kind = info->kind;
	out->accel = info->accel;
	out->status = info->status;
	out->is_noise = info->is_noise;
	out->outside = seen_from_outside(info);
	out->n_vcpus = (unsigned)info->n_vcpus;
	b->guests[g].taken.columns = a->columns;
	out->vcpus = xcalloc(out->n_vcpus + 1, sizeof(*out->vcpus));
	b->first_vcpu[g] = b->n_vcpus;
	for (unsigned i = 0; i < out->n_vcpus; i++) {
		struct vcpu_build *v;

		ARRAY_GROW(b->vcpus, b->n_vcpus);
		v = &b->vcpus[b->n_vcpus++];
		v->out = &out->vcpus[i];
		v->guest = g;
		v->index = i;
		v->alike = path;
		v->out->id = info->vcpus[i].id;
		v->out->tid = info->vcpus[i].tid;
		v->out->cpu_set = info->vcpus[i].cpu_set;
		for (size_t p = 0; p < info->n_probes; p++)
			if (word_is(&words_probe, info->probes[p].name, PROBE_TIMER) &&
				cpuset_has(&info->probes[p].vcpus, i))
				v->timer_period_ns = info->probes[p].p[0];
	}
}

static void begin_series(struct build *b)
{
	const struct analysis *a = b->a;
	bool fine = a->window_end_ns - a->window_start_ns < FINE_BELOW_NS;

	for (size_t i = 0; i < b->n_vcpus; i++) {
		for (unsigned s = 0; s < SERIES_COUNT; s++) {
			series_begin(
				&b->vcpus[i].acc[s], a->window_start_ns, a->window_end_ns, BIN_NS);
			if (fine)
				series_begin(&b->vcpus[i].fine[s], a->window_start_ns,
					a->window_end_ns, FINE_BIN_NS);
		}
	}
}

static void read_records(struct build *b)
{
	struct analysis *a = b->a;

	guests_make_clocks(b);
	if (b->trace)
		trace_pass(b);
	for (size_t g = 0; g < a->n_guests; g++)
		guest_advance(b, g, UINT64_MAX);
	join_finish(b);
	for (unsigned i = 0; i < CPUSET_MAX; i++)
		late_box_reading(b, &b->box[i], 0);
}

static void note_readers(struct build *b)
{
	struct analysis *a = b->a;
	struct read_status s;

	for (size_t g = 0; g < a->n_guests; g++) {
		if (!b->guests[g].reader)
			continue;
		s = guest_reader_status(b->guests[g].reader);
		a->guest_records += s.records;
		a->bad_records += s.bad;
		a->cut |= s.cut;
		a->unread |= s.io_error;
		if (s.cut)
			strv_add(&a->warnings, "guest %s: its record file is cut",
				a->guests[g].name);
		if (s.io_error)
			strv_add(&a->warnings,
				"guest %s: its record file cannot be read to its end",
				a->guests[g].name);
	}
	if (b->trace) {
		s = trace_reader_status(b->trace);
		a->trace_records = s.records;
		a->bad_records += s.bad;
		a->cut |= s.cut;
		a->unread |= s.io_error;
		if (s.io_error)
			strv_add(&a->warnings, "the host trace cannot be read to its end");
		else if (s.cut)
			strv_add(&a->warnings,
				"the host trace is cut: it was not ended by the host agent");
	}
	if (a->bad_records)
		strv_add(&a->warnings,
			"%" PRIu64 " records out of range, unknown or out of order were not used",
			a->bad_records);
}

static void fold(struct build *b)
{
	struct analysis *a = b->a;

	fold_blame(b);
	fold_taken(b);
	fold_metrics(b);
	own_fold(b);
	played_fold(b);
	fold_late(b);
	for (size_t g = 0; g < a->n_guests; g++)
		a->lost_guest += a->guests[g].lost;
	a->lost_host = MAX(a->lost_host, a->info.trace_lost);
	note_readers(b);
	note_doubts(b);
	note_foreign_load(b);
	for (size_t g = 0; g < a->n_guests; g++)
		fold_job(b, g);
	for (size_t i = 0; i < a->info.warnings.n; i++)
		strv_add(&a->warnings, "%s", a->info.warnings.items[i]);
	make_checks(b);
	judge_record(a);
	a->overhead_ns =
		a->info.wall_ns > a->info.duration_ns ? a->info.wall_ns - a->info.duration_ns : 0;
}

/* What must live as long as the analysis. */
struct keep {
	struct culprits *names;
	struct clock_map **clocks;
	size_t n_clocks;
};

static void end_build(struct build *b)
{
	struct keep *keep = xcalloc(1, sizeof(*keep));

	keep->names = b->names;
	keep->n_clocks = b->n_vcpus;
	keep->clocks = xcalloc(b->n_vcpus + 1, sizeof(struct clock_map *));
	for (size_t i = 0; i < b->n_vcpus; i++) {
		struct vcpu_build *v = &b->vcpus[i];

		keep->clocks[i] = v->clock;
		v->out->clock_map = v->clock;
		for (unsigned s = 0; s < SERIES_COUNT; s++) {
			series_free(&v->acc[s]);
			series_free(&v->fine[s]);
		}
		free(v->pending);
	}
	b->a->private = keep;
	for (size_t g = 0; g < b->a->n_guests; g++) {
		guest_reader_close(b->guests[g].reader);
		hist_release(&b->guests[g].path[LATE_TIMER].ran);
		hist_release(&b->guests[g].path[LATE_GAP].ran);
	}
	trace_reader_close(b->trace);
	timeline_free(b->timeline);
	for (unsigned i = 0; i < 3; i++)
		free(b->worst[i]);
	free(b->counted);
	for (unsigned i = 0; i < CPUSET_MAX; i++) {
		series_free(&b->box[i].idle);
		free(b->box[i].claims);
	}
	free(b->guests);
	free(b->vcpus);
	free(b->first_vcpu);
	free(b->box);
}

int analysis_make(const char *dir, struct analysis **out, struct err *e)
{
	return analysis_make_each(dir, NULL, NULL, out, e);
}

int analysis_make_each(
	const char *dir, analysis_late_fn each, void *arg, struct analysis **out, struct err *e)
{
	struct analysis *a = xcalloc(1, sizeof(*a));
	struct build b = {.a = a, .each_late = each, .each_arg = arg};
	int rc = run_info_load(&a->info, dir, e);

	if (!rc && a->info.n_guests > GUESTS_MAX)
		rc = err_set(e, EINVAL, "%s: %zu guests; at most %d can be read", dir,
			a->info.n_guests, GUESTS_MAX);
	if (rc) {
		analysis_free(a);
		return rc;
	}
	a->format = ANALYSIS_FORMAT;
	a->dir = xstrdup(dir);
	a->n_guests = a->info.n_guests;
	a->guests = xcalloc(a->n_guests + 1, sizeof(*a->guests));
	b.guests = xcalloc(a->n_guests + 1, sizeof(*b.guests));
	b.first_vcpu = xcalloc(a->n_guests + 1, sizeof(*b.first_vcpu));
	b.box = xcalloc(CPUSET_MAX, sizeof(*b.box));
	for (unsigned i = 0; i < 3; i++)
		b.worst[i] = xcalloc(ANALYSIS_WORST, sizeof(struct late));
	find_window(&b);
	a->columns = columns_make(a->window_start_ns, a->window_end_ns);
	for (size_t g = 0; g < a->n_guests; g++)
		make_guest(&b, g);
	begin_series(&b);
	b.names = culprits_make(&a->info);
	b.timeline = timeline_make(a->window_start_ns, a->window_end_ns, b.names,
		(struct timeline_sink){trace_thread_leaving, &b});
	open_guests(&b);
	open_trace(&b);
	played_read(&b);
	read_records(&b);
	fold(&b);
	end_build(&b);
	*out = a;
	return 0;
}

static void free_vcpu(struct analysis_vcpu *v)
{
	for (unsigned s = 0; s < SERIES_COUNT; s++) {
		free(v->series[s].v);
		free(v->fine[s].v);
	}
	hist_release(&v->late);
	hist_release(&v->elapsed);
	hist_release(&v->gap);
	hist_release(&v->lock);
}

static void free_guest(struct analysis_guest *g)
{
	for (unsigned i = 0; i < g->n_vcpus; i++)
		free_vcpu(&g->vcpus[i]);
	free(g->vcpus);
	free(g->own);
	hist_release(&g->late);
	hist_release(&g->elapsed);
	hist_release(&g->gap);
	hist_release(&g->lock);
	heat_release(&g->heat);
}

void analysis_free(struct analysis *a)
{
	struct keep *keep = a ? a->private : NULL;

	if (!a)
		return;
	for (size_t i = 0; a->guests && i < a->n_guests; i++)
		free_guest(&a->guests[i]);
	free(a->guests);
	free(a->own);
	for (size_t i = 0; i < a->n_blame; i++)
		free(a->blame[i].culprit);
	free(a->blame);
	for (size_t i = 0; i < a->n_taken; i++)
		free(a->taken[i].ns);
	free(a->taken);
	for (size_t i = 0; i < a->n_late; i++)
		free(a->late[i].pieces);
	free(a->late);
	for (size_t i = 0; i < a->n_checks; i++)
		free(a->checks[i].note);
	free(a->checks);
	played_free(a);
	expect_results_free(a->expects, a->n_expects);
	strv_release(&a->warnings);
	if (keep) {
		for (size_t i = 0; i < keep->n_clocks; i++)
			clock_free(keep->clocks[i]);
		free(keep->clocks);
		culprits_free(keep->names);
		free(keep);
	}
	run_info_release(&a->info);
	free(a->dir);
	free(a);
}
