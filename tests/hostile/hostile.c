// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A metal guest that attacks the harness through its shared page. Linked over agent_main() of the
 * metal guest (tests/hostile.mk), it is a sound guest unless the page asks for jobs of
 * HOSTILE_SIGN iterations: so one image serves the sound and the hostile guest of one run. Every
 * vCPU goes through all attacks, each beginning with another one. Odd vCPUs then obey; even ones
 * never say that they stopped and answer no ping again. With FILL_SIGN iterations it only writes, as
 * much as it can.
 */
#include "guest-agent/probe/agent.h"
#include "guest-agent/metal/console.h"

#define HOSTILE_SIGN 666u
#define FILL_SIGN    667u
#define TURN_NS	     UINT64_C(100000000)

void __real_agent_main(struct agent_vcpu *v) __attribute__((noreturn));
void __wrap_agent_main(struct agent_vcpu *v) __attribute__((noreturn));

struct attacker {
	struct agent_vcpu *v;
	struct shm_vcpu *lines; /* of all vCPUs */
	unsigned n_vcpus;
	uint64_t random, back;
};

static uint64_t noise(struct attacker *a)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 7;
	a->random ^= a->random << 17;
	return a->random;
}

static struct shm_rec *slots_of(const struct attacker *a, unsigned vcpu)
{
	const struct shm_host *h = a->v->host;

	return (struct shm_rec *)((uint8_t *)h + SHM_RING_OFFSET +
				  (uint64_t)vcpu * (a->v->ring.mask + 1) * sizeof(struct shm_rec));
}

/* The record that a reader expects next in a ring, whatever it has read, with this in each
 * field. */
static void publish(struct attacker *a, unsigned vcpu, uint8_t type, uint64_t tsc, uint64_t all)
{
	uint64_t head = a->lines[vcpu].head;
	struct shm_rec *rec = &slots_of(a, vcpu)[head & a->v->ring.mask];

	rec->type = type;
	rec->probe = PROBE_JOB;
	rec->vcpu = (uint16_t)all;
	rec->seq = (uint32_t)(head + 1);
	rec->tsc = tsc;
	rec->steal_ns = rec->beacon_ns = all;
	rec->v[0] = rec->v[1] = rec->v[2] = rec->v[3] = all;
	platform_barrier();
	a->lines[vcpu].head = head + 1;
}

static uint8_t some_type(struct attacker *a)
{
	return (uint8_t)(REC_START + noise(a) % REC_STEAL);
}

static void garbage_indices(struct attacker *a)
{
	a->lines[a->v->index].head = noise(a);
	a->lines[a->v->index].dropped = noise(a);
	a->lines[a->v->index].tail = noise(a);
}

static void flood(struct attacker *a)
{
	for (unsigned i = 0; i < 512; i++)
		publish(a, a->v->index, REC_TIMER, platform_tsc(), i);
}

static void torn_records(struct attacker *a)
{
	uint64_t *words = (uint64_t *)slots_of(a, a->v->index);

	publish(a, a->v->index, REC_TIMER, platform_tsc(), 0);
	for (unsigned i = 0; i < 64; i++)
		((volatile uint64_t *)words)[noise(a) & (a->v->ring.mask * 8 + 7)] = noise(a);
}

static void time_backwards(struct attacker *a)
{
	a->back -= noise(a) & 0xffffffffff;
	publish(a, a->v->index, some_type(a), a->back, a->back);
}

static void ends_of_ranges(struct attacker *a)
{
	static const uint64_t ends[] = {
		0, 1, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX};
	uint64_t end = ends[noise(a) % 6];

	publish(a, a->v->index, some_type(a), noise(a) & 1 ? end : platform_tsc(), end);
}

static void others_rings(struct attacker *a)
{
	unsigned vcpu = (unsigned)(noise(a) % a->n_vcpus);

	publish(a, vcpu, (uint8_t)noise(a), noise(a), noise(a));
	((volatile uint64_t *)&a->lines[vcpu])[noise(a) & 15] = noise(a) | UINT64_C(0xff00);
}

/* Geometry, magic, probes, beacon; the command is spared, so that odd vCPUs can be told to stop. */
static void header(struct attacker *a)
{
	volatile uint64_t *words = (volatile uint64_t *)a->v->host;

	words[noise(a) % (__builtin_offsetof(struct shm_host, command) / 8)] = noise(a);
}

/* FAILED is spared: it is a sound way to end the run. */
static void lies(struct attacker *a)
{
	struct shm_vcpu *l = &a->lines[a->v->index];

	l->state = (uint32_t)(noise(a) % SHM_STATE_FAILED);
	l->accel = (uint32_t)noise(a);
	l->features = (uint32_t)noise(a);
	l->tsc_hz = noise(a);
	l->apic_id = (uint32_t)noise(a);
	l->fail_code = (uint32_t)noise(a);
	l->echo_tsc = noise(a);
	l->echo_seq = l->ping_seq + 1;
}

static void (*const attacks[])(struct attacker *a) = {garbage_indices, flood, torn_records,
	time_backwards, ends_of_ranges, others_rings, header, lies};
#define N_ATTACKS (sizeof(attacks) / sizeof(attacks[0]))

static void attack(struct attacker *a)
{
	uint64_t turn = agent_ns_to_ticks(a->v, TURN_NS), end = platform_tsc() + turn;
	unsigned which = a->v->index;

	a->back = platform_tsc();
	while (a->v->host->command == SHM_CMD_RUN) {
		attacks[which % N_ATTACKS](a);
		if (platform_tsc() < end)
			continue;
		which++;
		end += turn;
	}
}

/* As a sound guest does when told to stop and when pinged. */
static void obey(struct attacker *a)
{
	struct shm_vcpu *l = &a->lines[a->v->index];

	l->state = SHM_STATE_STOPPED;
	for (;;) {
		if (a->v->host->command == SHM_CMD_POWEROFF)
			platform_poweroff(a->v, "told to");
		l->echo_tsc = platform_tsc();
		platform_barrier();
		l->echo_seq = l->ping_seq;
		platform_relax();
	}
}

/* Sound records, as fast as the ring takes them, and a serial port that never rests: what ends up on
 * the host's disk. */
static void fill(struct attacker *a)
{
	struct shm_vcpu *l = &a->lines[a->v->index];

	for (unsigned turn = 0; a->v->host->command == SHM_CMD_RUN; turn++) {
		if (l->head - l->tail <= a->v->ring.mask)
			publish(a, a->v->index, REC_TIMER, platform_tsc(), 0);
		if (turn % 256 == 0)
			console_line("words, nothing but words, line after line, to fill a disk");
	}
}

static bool asks_for(const struct shm_host *host, uint64_t sign)
{
	for (unsigned i = 0; i < host->nr_probes && i < SHM_MAX_PROBES; i++)
		if (host->probes[i].id == PROBE_JOB && host->probes[i].p[0] == sign)
			return true;
	return false;
}

void __wrap_agent_main(struct agent_vcpu *v)
{
	struct attacker a = {.v = v,
		.lines = v->shm - v->index,
		.n_vcpus = v->host->nr_vcpus,
		.random = UINT64_C(88172645463325252) + v->index};
	struct shm_vcpu *l = v->shm;

	if (!asks_for(v->host, HOSTILE_SIGN) && !asks_for(v->host, FILL_SIGN))
		__real_agent_main(v);
	l->state = SHM_STATE_READY;
	while (v->host->command != SHM_CMD_RUN) {
		l->echo_tsc = platform_tsc();
		platform_barrier();
		l->echo_seq = l->ping_seq;
	}
	if (asks_for(v->host, FILL_SIGN))
		fill(&a);
	else
		attack(&a);
	if (v->index & 1 || asks_for(v->host, FILL_SIGN))
		obey(&a);
	for (;;)
		platform_relax();
}
