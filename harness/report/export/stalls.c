// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The stalls of one guest of a record (docs/stalls.md): its gaps; without a gap probe what its steal
 * counter grew by, as a rate series. Each vCPU has a reader of its own, so that rows come out in order
 * of their starts in constant memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "record/reader.h"
#include "report/export/export.h"
#include "report/export/stream.h"
#include "stalls/stalls.h"

#define WAITING 16 /* gaps: half of them wait for what the counter will say */

struct gap {
	struct stall stall; /* taken_ns: as far as it is known */
	bool settled;
};

struct cursor {
	struct guest_reader *in;
	const struct analysis *a;
	size_t guest;
	unsigned vcpu;
	bool rates, coarse, have_steal, have_row;
	uint64_t steal_ns, host_ns; /* of the record before, with have_steal */
	struct stall row;
	struct gap gaps[WAITING]; /* in order of their starts */
	size_t n_gaps;
	uint64_t gap_tsc; /* end of the last gap */
	uint64_t threshold_ns;
};

/* What a vCPU's records say it lost up to this one; the first says from where. */
static uint64_t grown(struct cursor *c, const struct shm_rec *rec, bool *known)
{
	uint64_t v = 0;

	*known = false;
	if (rec->steal_ns == SHM_STEAL_NONE) {
		c->have_steal = false;
		return 0;
	}
	if (c->have_steal && rec->steal_ns >= c->steal_ns) {
		v = rec->steal_ns - c->steal_ns;
		*known = true;
	}
	c->steal_ns = rec->steal_ns;
	c->have_steal = true;
	return v;
}

/*
 * What the counter grew by belongs to the gaps that wait, the longest first: KVM may write it down at
 * a later entry than the first after the stall, and a gap's own record was read before its stall. So
 * a gap waits for some later ones. What then has less of it than the probe's threshold was the
 * guest's own exit.
 */
static void settle(struct cursor *c, uint64_t grown)
{
	while (grown) {
		struct gap *longest = NULL;
		uint64_t part;

		for (size_t i = 0; i < c->n_gaps; i++) {
			struct stall *s = &c->gaps[i].stall;

			if (!c->gaps[i].settled && s->taken_ns < s->length_ns &&
				(!longest || s->length_ns > longest->stall.length_ns))
				longest = &c->gaps[i];
		}
		if (!longest)
			break;
		part = MIN(grown, longest->stall.length_ns - longest->stall.taken_ns);
		longest->stall.taken_ns += part;
		grown -= part;
	}
}

/* The oldest gap that something was taken in, once all before it are settled. */
static bool next_gap(struct cursor *c)
{
	while (c->n_gaps && (c->gaps[0].settled || c->n_gaps > WAITING / 2)) {
		bool whole = c->gaps[0].stall.taken_ns == c->gaps[0].stall.length_ns;

		c->row = c->gaps[0].stall;
		c->row.length_ns = c->row.taken_ns;
		memmove(c->gaps, c->gaps + 1, --c->n_gaps * sizeof(c->gaps[0]));
		if (whole || (c->row.taken_ns && c->row.taken_ns >= c->threshold_ns))
			return true;
	}
	return false;
}

#define MEAN_OF_PASSES 100 /* fewer say little of one: an interrupt may lie between two gaps */

/* A gap lasts one pass of the loop longer than the stall in it. */
static uint64_t stall_in(const struct cursor *c, const struct shm_rec *rec)
{
	uint64_t gap = rec->tsc - rec->v[0], before = c->gap_tsc, pass = 0;

	if (before && rec->v[2] >= MEAN_OF_PASSES && rec->v[0] > before)
		pass = (rec->v[0] - before) / rec->v[2];
	return clock_ticks_to_ns(
		c->a->guests[c->guest].vcpus[c->vcpu].clock_map, pass < gap / 2 ? gap - pass : gap);
}

static void gap_row(struct cursor *c, const struct shm_rec *rec, uint64_t host)
{
	bool known, gap = rec->type == REC_GAP && rec->tsc > rec->v[0];
	uint64_t grown_by = grown(c, rec, &known), length = gap ? stall_in(c, rec) : 0;
	bool untold = c->coarse || rec->steal_ns == SHM_STEAL_NONE;

	if (gap)
		c->gap_tsc = rec->tsc;
	if (length && length <= STALLS_LENGTH_MAX && host >= length &&
		host - length >= c->a->window_start_ns && host <= c->a->window_end_ns) {
		c->gaps[c->n_gaps++] = (struct gap){{host - length - c->a->window_start_ns, length,
							    untold ? length : 0, c->vcpu},
			untold};
	}
	if (known && grown_by)
		settle(c, grown_by);
}

static bool rate_row(struct cursor *c, const struct shm_rec *rec, uint64_t host)
{
	uint64_t taken, before = c->host_ns;
	bool known;

	if (rec->type != REC_STEAL || rec->probe != PROBE_STEAL)
		return false;
	taken = grown(c, rec, &known);
	c->host_ns = host;
	if (!known || host <= before || before < c->a->window_start_ns ||
		host > c->a->window_end_ns + NS_PER_S / 10)
		return false;
	c->row.start_ns = before - c->a->window_start_ns;
	c->row.length_ns = host - before;
	c->row.taken_ns = MIN(taken, c->row.length_ns);
	return c->row.length_ns <= STALLS_LENGTH_MAX;
}

static void advance(struct cursor *c)
{
	const struct shm_rec *rec = NULL;

	c->have_row = next_gap(c);
	if (c->have_row)
		return;
	while (!c->have_row && (rec = guest_reader_next(c->in))) {
		const struct clock_map *map = c->a->guests[c->guest].vcpus[c->vcpu].clock_map;
		uint64_t host;

		if (rec->vcpu != c->vcpu || rec->type >= REC_DRAIN)
			continue;
		if (rec->type == REC_START) {
			c->coarse = rec->v[0] & SHM_FEAT_STEAL_COARSE;
			continue;
		}
		host = clock_to_host(map, rec->tsc, NULL);
		if (c->rates) {
			c->row.cpu = c->vcpu;
			c->have_row = rate_row(c, rec, host);
		} else {
			gap_row(c, rec, host);
			c->have_row = next_gap(c);
		}
	}
	for (size_t i = 0; i < c->n_gaps && !rec; i++)
		c->gaps[i].settled = true;
	if (!c->have_row)
		c->have_row = next_gap(c);
}

static bool has_gaps(const struct analysis *a, size_t g)
{
	const struct run_guest *info = &a->info.guests[g];

	for (size_t i = 0; i < info->n_probes; i++)
		if (word_is(&words_probe, info->probes[i].name, PROBE_GAP))
			return true;
	return false;
}

/* The named one; else the first that is no noise, one with gaps before others. */
static int find_guest(const struct analysis *a, const char *name, size_t *out, struct err *e)
{
	size_t best = a->n_guests;

	for (size_t g = 0; g < a->n_guests; g++) {
		const struct analysis_guest *guest = &a->guests[g];

		if (name ? strcmp(guest->name, name) != 0 : guest->is_noise || guest->outside)
			continue;
		if (best == a->n_guests || (has_gaps(a, g) && !has_gaps(a, best)))
			best = g;
	}
	if (best == a->n_guests)
		return err_set_exit(e, EXIT_USAGE, ENOENT,
			name ? "the record has no guest '%s'; `stealscope show` lists them"
			     : "the record has no guest with an agent in it%s",
			name ? name : "");
	*out = best;
	return 0;
}

static void head_of(const struct analysis *a, size_t g, bool rates, struct stalls_head *h)
{
	const struct run_guest *info = &a->info.guests[g];

	*h = (struct stalls_head){.rates = rates};
	snprintf(h->source, sizeof(h->source), "%.70s, guest %.40s, %s", a->info.run, info->name,
		rates ? "steal counter" : "gap probe");
	snprintf(h->clock, sizeof(h->clock), "of the host, from the window");
	for (size_t i = 0; i < a->info.n_facts; i++)
		if (!strcmp(a->info.facts[i].key, "kernel.release"))
			snprintf(h->kernel, sizeof(h->kernel), "%.63s", a->info.facts[i].value);
	for (unsigned v = 0; v < a->guests[g].n_vcpus; v++)
		cpuset_add(&h->cpus, v);
	for (size_t i = 0; i < info->n_probes && !rates; i++)
		if (word_is(&words_probe, info->probes[i].name, PROBE_GAP))
			h->threshold_ns = info->probes[i].p[0];
}

/* The cursor whose row begins first; NULL: none has one. */
static struct cursor *first_of(struct cursor *c, size_t n)
{
	struct cursor *first = NULL;

	for (size_t i = 0; i < n; i++)
		if (c[i].have_row && (!first || c[i].row.start_ns < first->row.start_ns))
			first = &c[i];
	return first;
}

int export_stalls(const struct analysis *a, const char *guest, FILE *out, struct err *e)
{
	struct cursor cursors[SHM_MAX_VCPUS] = {{0}}, *c;
	struct stalls_head head;
	auto_free char *path = NULL;
	size_t g = 0;
	unsigned n = 0;
	int rc = find_guest(a, guest, &g, e);

	if (rc)
		return rc;
	if (!*a->info.guests[g].guest_file || strstr(a->info.guests[g].guest_file, ".."))
		return err_set(e, ENODATA, "guest %s left no records", a->guests[g].name);
	path = xasprintf("%s/%s", a->dir, a->info.guests[g].guest_file);
	head_of(a, g, !has_gaps(a, g), &head);
	for (; n < MIN(a->guests[g].n_vcpus, SHM_MAX_VCPUS) && !rc; n++) {
		cursors[n] = (struct cursor){.a = a,
			.guest = g,
			.vcpu = n,
			.rates = head.rates,
			.threshold_ns = head.threshold_ns};
		rc = guest_reader_open(path, &cursors[n].in, e);
		if (!rc)
			advance(&cursors[n]);
	}
	if (!rc)
		stalls_write_head(out, &head);
	while (!rc && (c = first_of(cursors, n))) {
		stalls_write(out, &head, &c->row);
		advance(c);
	}
	for (unsigned i = 0; i < n; i++)
		guest_reader_close(cursors[i].in);
	return rc ? rc : export_finish(out, e);
}
