// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Recordings as guests of a record: their wake-ups and counters become the records that an agent in
 * a lab guest would have written. The "TSC" of such a guest is the recorded machine's clock in ns.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi/guest_shm.h"
#include "base/beneath.h"
#include "record/folder.h"
#include "record/import.h"
#include "record/recording.h"

#define PAIR_NS (10 * NS_PER_S) /* so often the two clocks are tied together */

struct importer {
	struct recording *in;
	FILE *out;
	unsigned vcpus;
	uint64_t shift; /* added to the recorded machine's clock */
	uint64_t next_pair;
	uint32_t seq[SHM_MAX_VCPUS];
	bool steal;
	/* Since the row before. */
	uint64_t row_ns, row_steal[SHM_MAX_VCPUS], samples, latest_ns;
	bool row_have[SHM_MAX_VCPUS];
	/* Of the whole recording. */
	uint64_t held_ns[SHM_MAX_VCPUS]; /* stretches whose counter cannot be true, see is_held() */
	uint64_t rows_ns, own_ns, psi_ns, machine_ns;
};

static int put(struct importer *m, const struct shm_rec *rec, struct err *e)
{
	struct shm_rec r = *rec;

	if (r.type < REC_DRAIN)
		r.seq = ++m->seq[r.vcpu];
	if (fwrite(&r, sizeof(r), 1, m->out) != 1)
		return err_sys(e, "cannot write the record");
	return 0;
}

/* A record of every CPU that has no steal of its own. */
static int put_each(
	struct importer *m, unsigned type, uint64_t ns, const uint64_t v[3], struct err *e)
{
	int rc = 0;

	for (unsigned cpu = 0; cpu < m->vcpus && !rc; cpu++)
		rc = put(m,
			&(struct shm_rec){.type = (uint8_t)type,
				.vcpu = (uint16_t)cpu,
				.tsc = ns,
				.steal_ns = SHM_STEAL_NONE,
				.v = {v[0], v[1], v[2]}},
			e);
	return rc;
}

static int put_pairs(struct importer *m, uint64_t ns, struct err *e)
{
	int rc = put_each(m, REC_OFFSET, ns, (const uint64_t[]){ns, IMPORT_ERROR_NS, 0}, e);

	m->next_pair = ns + PAIR_NS;
	return rc;
}

/* A counter that ran backwards or jumped is held at "all of the time" by some kernels for as long as
 * it takes to catch up, for ever where it went back. A CPU on which the recorder woke on time all
 * the while was not stolen. (What runs backwards or grows faster than time, the analysis sees.) */
static bool is_held(const struct importer *m, const struct recording_event *ev, unsigned v)
{
	uint64_t span = ev->ns - m->row_ns, grown = ev->steal_ns[v] - m->row_steal[v];

	return m->row_have[v] && ev->cpu == (int)v && span >= NS_PER_S / 5 && m->samples >= 10 &&
	       m->latest_ns < span / 10 && grown <= span + span / 10 && grown >= span - span / 50;
}

static int put_steal(
	struct importer *m, unsigned vcpu, uint64_t ns, uint64_t steal_ns, struct err *e)
{
	return put(m,
		&(struct shm_rec){.type = REC_STEAL,
			.probe = PROBE_STEAL,
			.vcpu = (uint16_t)vcpu,
			.tsc = ns,
			.steal_ns = steal_ns},
		e);
}

static int put_row(struct importer *m, const struct recording_event *ev, struct err *e)
{
	uint64_t ns = ev->ns + m->shift;
	int rc = 0;

	for (unsigned v = 0; v < m->vcpus && !rc; v++) {
		bool have = m->steal && ev->steal_have[v];

		if (have && is_held(m, ev, v)) {
			m->held_ns[v] += ev->ns - m->row_ns;
			have = false;
		}
		/* The growth of this stretch is not provided; the next begins at its end. */
		if (!have && m->steal)
			rc = put_steal(m, v, ns, SHM_STEAL_NONE, e);
		if (!rc)
			rc = put_steal(m, v, ns,
				m->steal && ev->steal_have[v] ? ev->steal_ns[v] : SHM_STEAL_NONE,
				e);
		m->row_steal[v] = ev->steal_ns[v];
		m->row_have[v] = m->steal && ev->steal_have[v];
	}
	m->rows_ns += m->row_ns && ev->ns > m->row_ns ? ev->ns - m->row_ns : 0;
	m->own_ns += m->row_ns ? ev->own_ns : 0;
	m->psi_ns += m->row_ns ? ev->psi_ns : 0;
	m->machine_ns += m->row_ns ? ev->machine_ns : 0;
	m->row_ns = ev->ns;
	m->samples = m->latest_ns = 0;
	return rc;
}

static int put_event(struct importer *m, const struct recording_event *ev, struct err *e)
{
	uint64_t ns = ev->ns + m->shift, deadline = ev->deadline_ns + m->shift;
	uint64_t period = recording_head(m->in)->period_ns, late = ev->ns - ev->deadline_ns;
	uint64_t own = recording_head(m->in)->flags & RECORDING_OWN_DELAY ? ev->own_ns + 1 : 0;
	int rc = ns >= m->next_pair ? put_pairs(m, ns, e) : 0;

	if (rc)
		return rc;
	if (ev->is_row)
		return put_row(m, ev, e);
	m->samples++;
	m->latest_ns = MAX(m->latest_ns, late + ev->missed * period);
	return put(m,
		&(struct shm_rec){.type = REC_TIMER,
			.probe = PROBE_TIMER,
			.tsc = ns,
			.steal_ns = SHM_STEAL_NONE,
			.v = {deadline, deadline - (1 + ev->missed) * period, ev->missed,
				SHM_TIMER_HALTED | own << SHM_TIMER_WAIT_SHIFT}},
		e);
}

static int put_head(struct importer *m, const char *name, uint32_t accel, struct err *e)
{
	struct guest_file_header h = {.magic = GUEST_FILE_MAGIC,
		.version = GUEST_FILE_VERSION,
		.header_size = sizeof(h),
		.rec_size = sizeof(struct shm_rec),
		.nr_vcpus = m->vcpus,
		.start_host_ns = IMPORT_BASE_NS,
		.start_unix_ns = recording_head(m->in)->start_unix_ns};
	uint32_t features = m->steal ? SHM_FEAT_STEAL | SHM_FEAT_STEAL_COARSE : 0;
	int rc;

	snprintf(h.name, sizeof(h.name), "%.63s", name);
	if (fwrite(&h, sizeof(h), 1, m->out) != 1)
		return err_sys(e, "cannot write the record");
	rc = put_each(
		m, REC_START, IMPORT_BASE_NS, (const uint64_t[]){features, NS_PER_S, accel}, e);
	return rc ? rc : put_pairs(m, IMPORT_BASE_NS, e);
}

/* The file's name without folder and ending, made safe and unique: two recordings of one machine
 * differ by it. */
char *import_guest_name(const struct run_info *info, const char *file)
{
	const char *slash = strrchr(file, '/');
	char base[48];
	char *name, *dot;

	snprintf(base, sizeof(base), "%.47s", slash ? slash + 1 : file);
	dot = strrchr(base, '.');
	if (dot && dot != base)
		*dot = '\0';
	for (char *p = base; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_",
			    *p))
			*p = '-';
	if (!name_is_safe(base))
		snprintf(base, sizeof(base), "machine");
	name = xstrdup(base);
	for (unsigned k = 2;; k++) {
		bool taken = false;

		for (size_t i = 0; i < info->n_guests; i++)
			taken |= info->guests[i].name && !strcmp(info->guests[i].name, name);
		if (!taken)
			return name;
		free(name);
		name = xasprintf("%s-%u", base, k);
	}
}

static void note_machine(
	struct run_info *info, const char *name, const struct recording_header *h, const char *file)
{
	time_t when = (time_t)(h->start_unix_ns / NS_PER_S);
	char stamp[32];
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	ARRAY_GROW(info->facts, info->n_facts);
	info->facts[info->n_facts++] = (struct run_fact){xasprintf("machine.%s", name),
		xasprintf("%s, Linux %s, %s, %u CPUs, recorded from %s (%s)", h->host, h->kernel,
			h->hypervisor[0] ? h->hypervisor : "no hypervisor", h->n_cpus, stamp,
			file)};
	if (h->n_cpus > SHM_MAX_VCPUS)
		strv_add(&info->warnings, "%s: %u CPUs were recorded; the first %u are shown", name,
			h->n_cpus, SHM_MAX_VCPUS);
	if (!(h->flags & RECORDING_STEAL))
		strv_add(&info->warnings, "%s: the machine has no steal counter: not provided",
			name);
}

static void describe(struct run_guest *g, const struct recording_header *h, unsigned vcpus)
{
	g->kind = xstrdup(word_of(
		&words_guest_kind, h->accel == SHM_ACCEL_NATIVE ? GUEST_NATIVE : GUEST_LINUX));
	g->accel = xstrdup(word_or_unknown(&words_accel_found, h->accel));
	g->n_vcpus = vcpus;
	g->vcpus = xcalloc(vcpus, sizeof(*g->vcpus));
	for (unsigned v = 0; v < vcpus; v++)
		g->vcpus[v].id = v;
	g->policy = xstrdup("");
	g->tsc_hz = NS_PER_S;
	g->status = xstrdup("ok");
	g->guest_file = xasprintf("guest/%s.bin", g->name);
	g->n_probes = 2;
	g->probes = xcalloc(2, sizeof(*g->probes));
	g->probes[0].name = xstrdup(word_of(&words_probe, PROBE_TIMER));
	g->probes[0].p[0] = h->period_ns;
	run_probe_add(&g->probes[0], 0);
	g->probes[1].name = xstrdup(word_of(&words_probe, PROBE_STEAL));
	g->probes[1].p[0] = NS_PER_S;
	for (unsigned v = 0; v < vcpus; v++)
		run_probe_add(&g->probes[1], v);
}

/* What the machine's own tasks waited for in its own run queues: its owner's load, not its
 * provider's. */
static void note_load(struct run_info *info, const char *name, const struct importer *m)
{
	uint32_t flags = recording_head(m->in)->flags;
	auto_free char *own = NULL, *psi = NULL, *all = NULL;
	double s = (double)m->rows_ns / 1e9;

	if (s <= 0)
		return;
	own = flags & RECORDING_OWN_DELAY ? xasprintf("%.1f ms/s", (double)m->own_ns / 1e6 / s)
					  : xstrdup("not provided");
	psi = flags & RECORDING_PSI ? xasprintf("%.1f %%", (double)m->psi_ns / 1e7 / s)
				    : xstrdup("not provided");
	all = flags & RECORDING_MACHINE_DELAY
		      ? xasprintf("%.1f ms/s", (double)m->machine_ns / 1e6 / s)
		      : xstrdup("not provided");
	ARRAY_GROW(info->facts, info->n_facts);
	info->facts[info->n_facts++] = (struct run_fact){xasprintf("machine.%s.load", name),
		xasprintf(
			"its own run queues: the recorder's thread waited %s; some task waited (PSI) %s of the time; all tasks together (schedstat) %s",
			own, psi, all)};
}

static void note_held(struct run_info *info, const char *name, const struct importer *m)
{
	for (unsigned v = 0; v < m->vcpus; v++)
		if (m->held_ns[v])
			strv_add(&info->warnings,
				"%s/vcpu%u: for %.1f s its steal counter says that all of its time was stolen while the recorder woke on it on time: not provided there",
				name, v, (double)m->held_ns[v] / 1e9);
}

static void note_end(struct run_info *info, struct run_guest *g, const struct recording_status *s,
	uint64_t shift)
{
	if (s->cut)
		strv_add(&info->warnings, "%s: the recording is cut; it was read up to the cut",
			g->name);
	if (s->bad_blocks || s->lost_blocks)
		strv_add(&info->warnings,
			"%s: %llu blocks of the recording are damaged, %llu are missing", g->name,
			(unsigned long long)s->bad_blocks, (unsigned long long)s->lost_blocks);
	g->lost = s->bad_blocks + s->lost_blocks;
	info->window_end_ns = MAX(info->window_end_ns, s->last_ns + shift + 1);
}

static int import_one(const char *file, struct run_info *info, const char *dir, struct err *e)
{
	struct importer m = {0};
	struct run_guest *g;
	struct recording_event ev;
	struct recording_status s;
	auto_free char *path = NULL;
	int rc = recording_open(file, &m.in, e);

	if (rc)
		return rc;
	ARRAY_GROW(info->guests, info->n_guests);
	g = &info->guests[info->n_guests];
	g->name = import_guest_name(info, file);
	info->n_guests++;
	m.vcpus = MIN(recording_head(m.in)->n_cpus, SHM_MAX_VCPUS);
	m.steal = recording_head(m.in)->flags & RECORDING_STEAL;
	m.shift = IMPORT_BASE_NS - recording_head(m.in)->start_ns;
	describe(g, recording_head(m.in), m.vcpus);
	note_machine(info, g->name, recording_head(m.in), file);
	path = xasprintf("%s/%s", dir, g->guest_file);
	m.out = beneath_fopen(path, "wx");
	rc = m.out ? put_head(&m, g->name, recording_head(m.in)->accel, e)
		   : err_sys(e, "cannot make %s", path);
	while (!rc && recording_next(m.in, &ev))
		rc = put_event(&m, &ev, e);
	if (m.out && fclose(m.out) && !rc)
		rc = err_sys(e, "cannot write %s", path);
	s = recording_status(m.in);
	if (!rc && !s.samples && !s.rows)
		rc = err_set(e, ENODATA,
			"%s holds nothing yet: a recording's first block is written after 10 s",
			file);
	if (!rc) {
		note_end(info, g, &s, m.shift);
		note_load(info, g->name, &m);
		note_held(info, g->name, &m);
	}
	recording_close(m.in);
	return rc;
}

static void begin_info(struct run_info *info, const char *run, uint64_t start_unix_ns)
{
	time_t when = (time_t)(start_unix_ns / NS_PER_S);
	char stamp[32];
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	info->format = RUN_INFO_FORMAT;
	info->run = xstrdup(run);
	info->experiment = xstrdup(run);
	info->scenario = xstrdup("recording");
	info->variant = xstrdup("base");
	info->point = xstrdup("");
	info->status = xstrdup("complete");
	info->started = xstrdup(stamp);
	info->version = xstrdup(SS_VERSION);
	info->connect = xstrdup("none");
	info->plan_text =
		xstrdup("Recordings of stealscope-agent, side by side; all begin at 0 s.\n"
			"There is no host trace: who took the CPU is not known.\n");
	info->trace_mode = xstrdup("none");
	info->window_start_ns = IMPORT_BASE_NS;
}

int recording_import(
	const char *const *files, size_t n, const char *results, char **record, struct err *e)
{
	auto_struct(record_folder) folder = {0};
	auto_struct(run_info) info = {0};
	auto_ptr(recording_close) struct recording *first = NULL;
	uint64_t start_unix_ns = 0;
	int rc;

	if (n < 1 || n > IMPORT_MAX)
		return err_set_exit(e, EXIT_USAGE, EINVAL, "%zu recordings; 1 to %d fit one record",
			n, IMPORT_MAX);
	if (!stalls_import_recognise(files[0])) {
		rc = recording_open(files[0], &first, e);
		if (rc)
			return rc;
		start_unix_ns = recording_head(first)->start_unix_ns;
	}
	rc = record_begin(results, "recording", "", &folder, e);
	if (rc)
		return rc;
	begin_info(&info, folder.name, start_unix_ns);
	for (size_t i = 0; i < n && !rc; i++)
		rc = stalls_import_recognise(files[i])
			     ? stalls_import_one(files[i], &info, folder.path, e)
			     : import_one(files[i], &info, folder.path, e);
	info.duration_ns =
		info.window_end_ns > IMPORT_BASE_NS ? info.window_end_ns - IMPORT_BASE_NS : 0;
	info.wall_ns = info.duration_ns;
	info.overcommit = 0;
	if (!rc)
		rc = run_info_save(&info, folder.path, e);
	if (!rc)
		rc = record_finish(&folder, e);
	if (rc)
		remove_tree(folder.path, NULL);
	else
		*record = xstrdup(folder.path);
	return rc;
}
