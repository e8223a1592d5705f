// SPDX-License-Identifier: GPL-3.0-or-later
/* Stalls and rate series, ours and others', as guests of a record: exact stalls become gaps, a rate
 * series the readings of a steal counter. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "record/import.h"
#include "record/recording.h"
#include "record/stalls_json.h"
#include "stalls/csv.h"

#define SNIFF	4096u
#define PAIR_NS (10 * NS_PER_S)

enum form { FORM_STALLS, FORM_CSV, FORM_JSON, FORM_NONE };

/* One of the formats, read row by row. */
struct rows {
	enum form form;
	struct stalls_reader *stalls;
	struct stalls_csv *csv;
	struct stalls_json *json;
};

static enum form form_of(const char *file)
{
	char text[SNIFF + 1];
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? 0 : read_some(fd, text, SNIFF);
	size_t blank;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return FORM_NONE;
	text[n] = '\0';
	blank = strspn(text, " \t\r\n");
	if (stalls_recognise(text, (size_t)n))
		return FORM_STALLS;
	if (text[blank] == '{' || text[blank] == '[')
		return FORM_JSON;
	return stalls_csv_recognise(text, (size_t)n) ? FORM_CSV : FORM_NONE;
}

bool stalls_import_recognise(const char *file)
{
	return form_of(file) != FORM_NONE;
}

static int rows_open(const char *file, struct rows *r, struct err *e)
{
	*r = (struct rows){.form = form_of(file)};
	switch (r->form) {
	case FORM_STALLS:
		return stalls_open(file, &r->stalls, e);
	case FORM_CSV:
		return stalls_csv_open(file, &r->csv, e);
	default:
		return stalls_json_open(file, &r->json, e);
	}
}

static int rows_next(struct rows *r, struct stall *out, struct err *e)
{
	switch (r->form) {
	case FORM_STALLS:
		return stalls_next(r->stalls, out, e);
	case FORM_CSV:
		return stalls_csv_next(r->csv, out, e);
	default:
		return stalls_json_next(r->json, out);
	}
}

static void rows_close(struct rows *r)
{
	stalls_close(r->stalls);
	stalls_csv_close(r->csv);
	stalls_json_close(r->json);
}

static bool are_rates(const struct rows *r)
{
	return r->form == FORM_CSV || (r->form == FORM_STALLS && stalls_head(r->stalls)->rates);
}

struct writer {
	FILE *out;
	bool rates;
	unsigned vcpus;
	struct cpuset seen; /* recorded CPUs, in the order of their numbers */
	uint64_t steal_ns[SHM_MAX_VCPUS], busy_ns[SHM_MAX_VCPUS];
	uint32_t seq[SHM_MAX_VCPUS];
	uint64_t next_pair, last_ns, left_out, overlaps;
};

/* Which CPUs there are, and whether it is whole, before anything is written: once through. */
static int look(const char *file, struct writer *w, struct err *e)
{
	struct rows r;
	struct stall s;
	int rc = rows_open(file, &r, e);

	if (!rc) {
		w->rates = are_rates(&r);
		if (r.stalls)
			w->seen = stalls_head(r.stalls)->cpus;
		while ((rc = rows_next(&r, &s, e)) == 1) {
			cpuset_add(&w->seen, s.cpu);
			w->last_ns = MAX(w->last_ns, s.start_ns + s.length_ns);
		}
	}
	rows_close(&r);
	if (!rc && !w->last_ns)
		rc = err_set_exit(e, EXIT_USAGE, ENODATA, "%s has no row", file);
	w->vcpus = MIN(cpuset_count(&w->seen), SHM_MAX_VCPUS);
	return rc;
}

static int put(struct writer *w, struct shm_rec r, struct err *e)
{
	if (r.type < REC_DRAIN)
		r.seq = ++w->seq[r.vcpu];
	return fwrite(&r, sizeof(r), 1, w->out) == 1 ? 0 : err_sys(e, "cannot write the record");
}

static int put_pairs(struct writer *w, uint64_t ns, struct err *e)
{
	int rc = 0;

	for (unsigned v = 0; v < w->vcpus && !rc; v++)
		rc = put(w,
			(struct shm_rec){.type = REC_OFFSET,
				.vcpu = (uint16_t)v,
				.tsc = ns,
				.steal_ns = SHM_STEAL_NONE,
				.v = {ns, IMPORT_ERROR_NS, 0}},
			e);
	w->next_pair = ns + PAIR_NS;
	return rc;
}

static int put_head(struct writer *w, const char *name, struct err *e)
{
	struct guest_file_header h = {.magic = GUEST_FILE_MAGIC,
		.version = GUEST_FILE_VERSION,
		.header_size = sizeof(h),
		.rec_size = sizeof(struct shm_rec),
		.nr_vcpus = w->vcpus,
		.start_host_ns = IMPORT_BASE_NS};
	int rc = 0;

	snprintf(h.name, sizeof(h.name), "%.63s", name);
	if (fwrite(&h, sizeof(h), 1, w->out) != 1)
		return err_sys(e, "cannot write the record");
	for (unsigned v = 0; v < w->vcpus && !rc; v++)
		rc = put(w,
			(struct shm_rec){.type = REC_START,
				.vcpu = (uint16_t)v,
				.tsc = IMPORT_BASE_NS,
				.steal_ns = SHM_STEAL_NONE,
				.v = {SHM_FEAT_STEAL, NS_PER_S, SHM_ACCEL_UNKNOWN}},
			e);
	for (unsigned v = 0; v < w->vcpus && !rc; v++)
		rc = put(w,
			(struct shm_rec){.type = REC_STEAL,
				.probe = PROBE_STEAL,
				.vcpu = (uint16_t)v,
				.tsc = IMPORT_BASE_NS,
				.steal_ns = 0},
			e);
	return rc ? rc : put_pairs(w, IMPORT_BASE_NS, e);
}

static int vcpu_of(const struct writer *w, unsigned cpu)
{
	unsigned v = 0;

	cpuset_for_each (c, &w->seen) {
		if ((unsigned)c == cpu)
			return v < w->vcpus ? (int)v : -1;
		v++;
	}
	return -1;
}

/* The counter as it stood at `ns`. */
static int put_reading(struct writer *w, unsigned v, uint64_t ns, struct err *e)
{
	return put(w,
		(struct shm_rec){.type = REC_STEAL,
			.probe = PROBE_STEAL,
			.vcpu = (uint16_t)v,
			.tsc = ns,
			.steal_ns = w->steal_ns[v]},
		e);
}

static int put_rate(
	struct writer *w, unsigned v, uint64_t from, const struct stall *s, struct err *e)
{
	int rc = 0;

	/* Of a stretch between two rows nothing is known. */
	if (w->busy_ns[v] && w->busy_ns[v] < from)
		rc = put(w,
			(struct shm_rec){.type = REC_STEAL,
				.probe = PROBE_STEAL,
				.vcpu = (uint16_t)v,
				.tsc = from,
				.steal_ns = SHM_STEAL_NONE},
			e);
	if (!rc && w->busy_ns[v] != from)
		rc = put_reading(w, v, from, e);
	w->steal_ns[v] += s->taken_ns;
	return rc ? rc : put_reading(w, v, from + s->length_ns, e);
}

static int put_row(struct writer *w, const struct stall *s, struct err *e)
{
	int v = vcpu_of(w, s->cpu), rc = 0;
	uint64_t from = IMPORT_BASE_NS + s->start_ns, to = from + s->length_ns;

	if (v < 0) {
		w->left_out++;
		return 0;
	}
	if (from < w->busy_ns[v]) {
		w->overlaps++;
		return 0;
	}
	if (from >= w->next_pair)
		rc = put_pairs(w, from, e);
	if (!rc && w->rates) {
		rc = put_rate(w, (unsigned)v, from, s, e);
	} else if (!rc) {
		w->steal_ns[v] += s->length_ns;
		rc = put(w,
			(struct shm_rec){.type = REC_GAP,
				.probe = PROBE_GAP,
				.vcpu = (uint16_t)v,
				.tsc = to,
				.steal_ns = w->steal_ns[v],
				.v = {from, 0, 0, 0}},
			e);
	}
	w->busy_ns[v] = to;
	return rc;
}

static void describe(struct run_info *info, struct run_guest *g, const struct writer *w,
	const struct rows *r, const char *file)
{
	const struct stalls_head *h = r->stalls ? stalls_head(r->stalls) : NULL;

	g->kind = xstrdup(word_of(&words_guest_kind, GUEST_LINUX));
	g->accel = xstrdup(word_or_unknown(&words_accel_found, SHM_ACCEL_UNKNOWN));
	g->n_vcpus = w->vcpus;
	g->vcpus = xcalloc(w->vcpus, sizeof(*g->vcpus));
	for (unsigned v = 0; v < w->vcpus; v++)
		g->vcpus[v].id = (unsigned)cpuset_nth(&w->seen, v);
	g->policy = xstrdup("");
	g->tsc_hz = NS_PER_S;
	g->status = xstrdup("ok");
	g->guest_file = xasprintf("guest/%s.bin", g->name);
	g->n_probes = 1;
	g->probes = xcalloc(1, sizeof(*g->probes));
	g->probes[0].name = xstrdup(word_of(&words_probe, w->rates ? PROBE_STEAL : PROBE_GAP));
	g->probes[0].p[0] = w->rates ? NS_PER_S : h ? h->threshold_ns : 0;
	for (unsigned v = 0; v < w->vcpus; v++)
		run_probe_add(&g->probes[0], v);
	ARRAY_GROW(info->facts, info->n_facts);
	info->facts[info->n_facts++] = (struct run_fact){xasprintf("machine.%s", g->name),
		xasprintf("%s of %s%s%s%s (%s)", w->rates ? "rate series" : "stalls",
			h && *h->source ? h->source : "an unnamed machine",
			h && *h->kernel ? ", Linux " : "", h ? h->kernel : "",
			h && *h->coverage ? ", not of all of the time" : "", file)};
	if (h && *h->coverage)
		strv_add(&info->warnings, "%s: coverage: %s", g->name, h->coverage);
}

static void note_end(
	struct run_info *info, const char *name, const struct writer *w, const struct rows *r)
{
	if (w->left_out)
		strv_add(&info->warnings,
			"%s: %" PRIu64 " rows are of CPUs beyond the 16th: left out", name,
			w->left_out);
	if (w->overlaps)
		strv_add(&info->warnings,
			"%s: %" PRIu64
			" rows begin before the one before on that CPU was over: left out",
			name, w->overlaps);
	if (r->stalls && stalls_marks(r->stalls))
		strv_add(&info->warnings, "%s: %" PRIu64 " marks (steps of the clock and the like)",
			name, stalls_marks(r->stalls));
	if (r->csv && stalls_csv_backwards(r->csv))
		strv_add(&info->warnings,
			"%s: %" PRIu64 " rows in which time or counter ran backwards: left out",
			name, stalls_csv_backwards(r->csv));
}

int stalls_import_one(const char *file, struct run_info *info, const char *dir, struct err *e)
{
	struct writer w = {0};
	auto_free char *path = NULL;
	struct run_guest *g;
	struct rows r;
	struct stall s;
	int rc = look(file, &w, e);

	if (!rc)
		rc = rows_open(file, &r, e);
	if (rc)
		return rc;
	ARRAY_GROW(info->guests, info->n_guests);
	g = &info->guests[info->n_guests];
	g->name = import_guest_name(info, file);
	info->n_guests++;
	describe(info, g, &w, &r, file);
	path = xasprintf("%s/%s", dir, g->guest_file);
	w.out = beneath_fopen(path, "wx");
	rc = w.out ? put_head(&w, g->name, e) : err_sys(e, "cannot make %s", path);
	while (!rc && (rc = rows_next(&r, &s, e)) == 1)
		rc = put_row(&w, &s, e);
	for (unsigned v = 0; v < w.vcpus && !rc && !w.rates; v++)
		rc = put_reading(&w, v, IMPORT_BASE_NS + w.last_ns, e);
	if (w.out && fclose(w.out) && !rc)
		rc = err_sys(e, "cannot write %s", path);
	if (!rc) {
		note_end(info, g->name, &w, &r);
		info->window_end_ns = MAX(info->window_end_ns, IMPORT_BASE_NS + w.last_ns + 1);
	}
	rows_close(&r);
	return rc;
}
