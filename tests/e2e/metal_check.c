// SPDX-License-Identifier: GPL-3.0-or-later
/* What must hold of every record of a metal guest's file. */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tests/e2e/metal_vm.h"

#define PERIOD_NS UINT64_C(10000000) /* of probe timer, as in metal_vm.c */

struct seen {
	uint64_t n[REC_STEAL + 1], lost, dropped, syncs;
	uint64_t tsc, beacon, steal, seq;
	uint64_t grid, deadline, missed, units;
	const char *wrong; /* the first thing that is */
	bool running;
};

static void wrong(struct seen *s, bool is, const char *what)
{
	if (is && !s->wrong)
		s->wrong = what;
}

static void check_timer(struct seen *s, const struct shm_rec *rec, uint64_t hz)
{
	uint64_t period = PERIOD_NS * hz / NS_PER_S;

	wrong(s, rec->tsc < rec->v[0], "a timer before its deadline");
	wrong(s, rec->tsc - rec->v[0] >= period,
		"a timer late by a whole period that is not counted");
	wrong(s, s->deadline && rec->v[0] != s->deadline + (rec->v[2] + 1) * period,
		"a deadline off the grid");
	wrong(s, rec->v[1] > rec->v[0] && rec->v[2] == 0 && rec->v[1] > rec->tsc,
		"armed after it came");
	s->deadline = rec->v[0];
	s->missed += rec->v[2];
}

static void check_guest_record(struct seen *s, const struct shm_rec *rec, uint64_t hz)
{
	wrong(s, rec->seq != (uint32_t)++s->seq, "a sequence number");
	wrong(s, rec->tsc < s->tsc, "the TSC ran backwards");
	wrong(s, rec->beacon_ns < s->beacon, "the beacon ran backwards");
	wrong(s, rec->steal_ns != SHM_STEAL_NONE && rec->steal_ns < s->steal,
		"steal ran backwards");
	wrong(s, !s->running && rec->type != REC_START, "a record outside a run");
	s->tsc = rec->tsc;
	s->beacon = rec->beacon_ns;
	s->steal = rec->steal_ns;
	s->n[rec->type]++;
	switch (rec->type) {
	case REC_START:
		s->running = true;
		s->deadline = s->units = 0;
		break;
	case REC_END:
		s->running = false;
		break;
	case REC_TIMER:
		check_timer(s, rec, hz);
		break;
	case REC_GAP:
		wrong(s, rec->tsc - rec->v[0] <= hz / 1000, "a gap below the threshold");
		break;
	case REC_JOB:
		wrong(s, rec->v[1] != s->units++, "a unit's number");
		wrong(s, rec->v[0] > rec->tsc, "a unit that ended before it began");
		break;
	}
}

/* From the syncs: host time at `tsc` is at most this (the rate is known to 0.1 %). */
static void check_host_record(struct seen *s, const struct shm_rec *rec)
{
	switch (rec->type) {
	case REC_DRAIN:
		s->dropped = rec->v[1];
		wrong(s, rec->v[0] < s->beacon, "drained before the beacon it saw");
		break;
	case REC_SYNC:
		s->syncs++;
		wrong(s, rec->v[1] < rec->v[0], "a ping answered before it was sent");
		break;
	case REC_LOST:
		s->lost += rec->v[0];
		break;
	}
}

static bool has_samples(const struct seen *s, const uint32_t *probes)
{
	static const uint8_t type_of[] = {[PROBE_TIMER] = REC_TIMER,
		[PROBE_JOB] = REC_JOB,
		[PROBE_MEMORY] = REC_MEMORY,
		[PROBE_STEAL] = REC_STEAL,
		[PROBE_GAP] = REC_STEAL,
		[PROBE_LOCK] = REC_STEAL};

	for (unsigned i = 0; i < 2 && probes[i]; i++)
		if (!s->n[type_of[probes[i]]])
			return false;
	return true;
}

void vm_check_records(struct vm *vm, const char *name, bool kvm, const uint32_t *probes,
	unsigned runs, bool ended, void (*claim)(bool holds, const char *fmt, ...))
{
	static const struct seen none;
	struct seen seen[SHM_MAX_VCPUS], all = none;
	uint64_t hz = 0;
	size_t len = 0;
	auto_free char *text = read_file(vm->file, 256 << 20, &len, NULL);
	const struct shm_rec *rec, *end;

	for (unsigned i = 0; i < SHM_MAX_VCPUS; i++)
		seen[i] = none;
	if (!text || len < sizeof(struct guest_file_header)) {
		claim(false, "%s: no records", name);
		return;
	}
	rec = (const struct shm_rec *)(text + sizeof(struct guest_file_header));
	end = rec + (len - sizeof(struct guest_file_header)) / sizeof(*rec);
	for (; rec < end; rec++) {
		struct seen *s = &seen[rec->vcpu % SHM_MAX_VCPUS];

		if (rec->type == REC_START) {
			hz = rec->v[1];
			wrong(s, kvm != (rec->v[2] == SHM_ACCEL_KVM), "another accelerator");
			wrong(s, kvm == (rec->steal_ns == SHM_STEAL_NONE),
				"steal where there is none");
		}
		if (rec->type < REC_DRAIN)
			check_guest_record(s, rec, hz);
		else
			check_host_record(s, rec);
	}
	for (unsigned i = 0; i < vm->vcpus; i++) {
		struct seen *s = &seen[i];

		wrong(s, s->n[REC_START] != runs, "the number of starts");
		wrong(s, ended && s->n[REC_END] != runs, "the number of ends");
		wrong(s, !s->syncs, "no sync");
		wrong(s, s->lost + s->dropped != 0, "lost records");
		wrong(s, !has_samples(s, probes), "a probe without samples");
		if (s->wrong)
			claim(false, "%s: vCPU %u: wrong: %s", name, i, s->wrong);
		for (unsigned k = 0; k <= REC_STEAL; k++)
			all.n[k] += s->n[k];
		all.missed += s->missed;
		all.wrong = all.wrong ? all.wrong : s->wrong;
	}
	claim(!all.wrong,
		"%s: TSC %.3f MHz; timer %llu (+%llu missed), gap %llu, job %llu, lock %llu, memory %llu, steal %llu",
		name, (double)hz / 1e6, (unsigned long long)all.n[REC_TIMER],
		(unsigned long long)all.missed, (unsigned long long)all.n[REC_GAP],
		(unsigned long long)all.n[REC_JOB], (unsigned long long)all.n[REC_LOCK],
		(unsigned long long)all.n[REC_MEMORY], (unsigned long long)all.n[REC_STEAL]);
}
