// SPDX-License-Identifier: GPL-3.0-or-later
/* guest-agent/probe on the host: the timer's grid, the steal probe's, the page's checks, the ring's
 * fullness. The probes are compiled in; the platform below is a stand-in for the guest's CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest-agent/probe/agent.c"
#include "guest-agent/probe/gap.c"
#include "guest-agent/probe/job.c"
#include "guest-agent/probe/lock.c"
#include "guest-agent/probe/memory.c"
#include "guest-agent/probe/probe.c"
#include "guest-agent/probe/steal.c"
#include "guest-agent/probe/timer.c"

#define HZ	 UINT64_C(2500000000)
#define PERIOD	 UINT64_C(25000000) /* 10 ms */
#define SLOTS	 16u
#define PAGE_LEN (SHM_RING_OFFSET + SHM_MAX_VCPUS * 4096)

static uint64_t armed;
static jmp_buf powered_off;
static bool may_power_off;

void platform_arm(struct agent_vcpu *v, uint64_t tsc)
{
	(void)v;
	armed = tsc;
}

/* Each sleep of an idle guest: how long it will be, and what the harness writes meanwhile. */
static uint64_t naps[4];
static unsigned n_naps;

void platform_idle(struct agent_vcpu *v)
{
	if (!may_power_off)
		return;
	naps[n_naps++] = armed - platform_tsc();
	v->host->look_us = 160000;
	if (n_naps == 4)
		v->host->command = SHM_CMD_POWEROFF;
}

void platform_irq_off(struct agent_vcpu *v)
{
	(void)v;
}

void platform_irq_on(struct agent_vcpu *v)
{
	(void)v;
}

const struct probe_ops *platform_probe(uint32_t id)
{
	(void)id;
	return NULL;
}

uint64_t platform_steal(struct agent_vcpu *v)
{
	(void)v;
	return 4242;
}

void *platform_memory(struct agent_vcpu *v, uint64_t *bytes)
{
	(void)v;
	(void)bytes;
	return NULL;
}

void platform_say(struct agent_vcpu *v, const char *text)
{
	(void)v;
	(void)text;
}

void platform_poweroff(struct agent_vcpu *v, const char *why)
{
	(void)v;
	(void)why;
	if (may_power_off)
		longjmp(powered_off, 1);
	abort();
}

struct rig {
	uint8_t *page;
	struct agent_vcpu v;
};

static struct shm_host *sound_header(uint8_t *page)
{
	struct shm_host *h = (struct shm_host *)page;

	*h = (struct shm_host){.magic = SHM_MAGIC,
		.version = SHM_VERSION,
		.nr_vcpus = 2,
		.total_size = PAGE_LEN,
		.ring_offset = SHM_RING_OFFSET,
		.ring_stride = 4096,
		.ring_slots = SLOTS};
	return h;
}

static void rig_up(struct rig *r)
{
	*r = (struct rig){.page = aligned_alloc(4096, PAGE_LEN), .v = {.tsc_hz = HZ}};
	memset(r->page, 0, PAGE_LEN);
	agent_init(&r->v, sound_header(r->page), 1);
}

/* The record number n of vCPU 1. */
static const struct shm_rec *record(const struct rig *r, unsigned n)
{
	return (const struct shm_rec *)(r->page + SHM_RING_OFFSET + 4096) + n;
}

static void start_probe(struct rig *r, uint32_t id, uint64_t p0)
{
	r->v.host->nr_probes = 1;
	r->v.host->probes[0] = (struct shm_probe){.id = id, .vcpus = {{2}}, .p = {p0}};
	assert_true(agent_take_probes(&r->v));
	assert_int_equal(r->v.n_ticks, 1);
	r->v.ticks[0].ops->start(&r->v, &r->v.ticks[0]);
}

static void interrupt_at(struct rig *r, uint64_t tsc)
{
	struct stamp at = {.beacon_ns = 7, .tsc = tsc};

	agent_interrupt(&r->v, &at);
}

/* How often it looks for commands is the harness's to say; pages of before say nothing. */
static void test_looks_as_often_as_asked(void **state)
{
	struct rig r;

	(void)state;
	rig_up(&r);
	assert_int_equal(r.v.look_ticks, HZ / 100);
	r.v.host->look_us = 960000;
	agent_init(&r.v, r.v.host, 1);
	assert_int_equal(r.v.look_ticks, HZ / 100 * 96);
	may_power_off = true;
	if (!setjmp(powered_off))
		agent_main(&r.v);
	may_power_off = false;
	assert_int_equal(n_naps, 4);
	/* This thread may lose its CPU between. */
	assert_true(naps[0] > HZ / 100 * 16 && naps[0] <= HZ / 100 * 96);
	for (unsigned i = 1; i < 4; i++)
		assert_true(naps[i] > 0 && naps[i] <= HZ / 100 * 16);
	free(r.page);
}

static void test_timer_keeps_its_grid(void **state)
{
	struct rig r;
	uint64_t first;

	(void)state;
	rig_up(&r);
	start_probe(&r, PROBE_TIMER, 10000000);
	first = r.v.ticks[0].deadline;
	interrupt_at(
		&r, first - 1); /* too early, as an APIC timer may be: no record, armed again */
	assert_int_equal(r.v.shm->head, 0);
	assert_int_equal(armed, first);
	interrupt_at(&r, first + 1000);
	interrupt_at(&r, first + PERIOD + PERIOD - 1); /* late by one tick less than a period */
	interrupt_at(&r, first + 2 * PERIOD);
	interrupt_at(&r, first + 7 * PERIOD + 5); /* 3, 4, 5 and 6 missed */
	interrupt_at(&r, first + 8 * PERIOD);
	assert_int_equal(r.v.shm->head, 5);
	const uint64_t want[5][2] = {{0, 0}, {1, 0}, {2, 0}, {7, 4}, {8, 0}};
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(record(&r, i)->type, REC_TIMER);
		assert_int_equal(record(&r, i)->seq, i + 1);
		assert_int_equal(record(&r, i)->beacon_ns, 7);
		assert_int_equal(record(&r, i)->steal_ns, 4242);
		assert_int_equal(record(&r, i)->v[0], first + want[i][0] * PERIOD);
		assert_int_equal(record(&r, i)->v[2], want[i][1]);
		assert_int_equal(record(&r, i)->v[3], 1);
	}
	assert_int_equal(r.v.ticks[0].deadline, first + 9 * PERIOD);
	free(r.page);
}

static void test_steal_probe_skips_what_it_missed(void **state)
{
	struct rig r;
	uint64_t first;

	(void)state;
	rig_up(&r);
	start_probe(&r, PROBE_STEAL, 10000000);
	first = r.v.ticks[0].deadline;
	interrupt_at(&r, first + 3 * PERIOD);
	assert_int_equal(r.v.ticks[0].deadline, first + 4 * PERIOD);
	interrupt_at(&r, first + 4 * PERIOD + 1);
	assert_int_equal(r.v.ticks[0].deadline, first + 5 * PERIOD);
	assert_int_equal(r.v.shm->head, 2);
	free(r.page);
}

static void test_a_full_ring_drops(void **state)
{
	struct rig r;
	uint64_t first;

	(void)state;
	rig_up(&r);
	start_probe(&r, PROBE_TIMER, 10000000);
	first = r.v.ticks[0].deadline;
	for (unsigned i = 0; i < SLOTS + 3; i++)
		interrupt_at(&r, first + i * PERIOD);
	assert_int_equal(r.v.shm->head, SLOTS);
	assert_int_equal(r.v.shm->dropped, 3);
	r.v.shm->tail = SLOTS;
	interrupt_at(&r, first + (SLOTS + 3) * PERIOD);
	assert_int_equal(r.v.shm->head, SLOTS + 1);
	assert_int_equal(record(&r, 0)->seq, SLOTS + 1);
	assert_int_equal(record(&r, 0)->v[0], first + (SLOTS + 3) * PERIOD);
	free(r.page);
}

static void test_gap_from_inside_the_handler(void **state)
{
	struct rig r;
	struct probe_run *run;

	(void)state;
	rig_up(&r);
	r.v.host->nr_probes = 2;
	r.v.host->probes[0] =
		(struct shm_probe){.id = PROBE_TIMER, .vcpus = {{2}}, .p = {10000000}};
	r.v.host->probes[1] = (struct shm_probe){.id = PROBE_GAP, .vcpus = {{2}}, .p = {1000000}};
	assert_true(agent_take_probes(&r.v));
	run = &r.v.busy;
	r.v.ticks[0].ops->start(&r.v, &r.v.ticks[0]);
	run->ops->start(&r.v, run);
	assert_int_equal(run->threshold, HZ / 1000);
	run->last_tsc = r.v.ticks[0].deadline - HZ / 1000 - 1;
	run->exit_tsc = run->last_tsc - 5;
	interrupt_at(&r, r.v.ticks[0].deadline);
	assert_int_equal(r.v.shm->head, 2);
	assert_int_equal(record(&r, 0)->type, REC_GAP);
	assert_int_equal(record(&r, 0)->tsc - record(&r, 0)->v[0], HZ / 1000 + 1);
	assert_int_equal(record(&r, 1)->type, REC_TIMER);
	assert_int_equal(record(&r, 1)->v[3], 0);
	assert_int_equal(run->irq_seq, 1);
	/* The loop wrote an old reading over it: the handler's own exit counts. */
	run->exit_tsc = r.v.ticks[0].deadline - 10;
	run->last_tsc = run->exit_tsc - HZ;
	interrupt_at(&r, r.v.ticks[0].deadline);
	assert_int_equal(r.v.shm->head, 3);
	assert_int_equal(record(&r, 2)->type, REC_TIMER);
	free(r.page);
}

static void test_probes_that_cannot_be(void **state)
{
	static const uint32_t bad[][3] = {
		{99}, {PROBE_GAP, PROBE_JOB}, {0}, {PROBE_TIMER, PROBE_STEAL, PROBE_TIMER}};
	struct rig r;

	(void)state;
	rig_up(&r);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r.v.host->nr_probes = 3;
		for (unsigned k = 0; k < 3; k++)
			r.v.host->probes[k] = (struct shm_probe){
				.id = bad[i][k], .vcpus = {{bad[i][k] || k == 0 ? 2 : 0}}};
		assert_false(agent_take_probes(&r.v));
	}
	free(r.page);
}

/* vCPUs 1 and 65 share no bit. */
static void test_beyond_a_word(void **state)
{
	struct shm_vcpus only_1 = {{0}}, only_65 = {{0}};
	struct rig r;

	(void)state;
	rig_up(&r);
	shm_vcpus_add(&only_1, 1);
	shm_vcpus_add(&only_65, 65);
	assert_int_equal(shm_vcpus_count(&only_65, SHM_MAX_VCPUS), 1);
	assert_int_equal(shm_vcpus_count(&only_65, 65), 0);
	r.v.host->nr_probes = 2;
	r.v.host->probes[0] = (struct shm_probe){.id = PROBE_TIMER, .vcpus = only_1};
	r.v.host->probes[1] = (struct shm_probe){.id = PROBE_GAP, .vcpus = only_65};
	r.v.index = 65;
	assert_true(agent_take_probes(&r.v));
	assert_int_equal(r.v.n_ticks, 0);
	assert_int_equal(r.v.busy.ops->id, PROBE_GAP);
	r.v.index = 1;
	assert_true(agent_take_probes(&r.v));
	assert_int_equal(r.v.n_ticks, 1);
	assert_null(r.v.busy.ops);
	free(r.page);
}

static void test_page_checks(void **state)
{
	uint8_t *page = aligned_alloc(4096, PAGE_LEN);
	struct shm_host *h = sound_header(page);

	(void)state;
	assert_null(agent_check_page(h, PAGE_LEN));
	assert_non_null(agent_check_page(h, SHM_RING_OFFSET + 4096));
	h->ring_slots = 15;
	assert_non_null(agent_check_page(h, PAGE_LEN));
	h = sound_header(page);
	h->ring_slots = 128; /* larger than the stride */
	assert_non_null(agent_check_page(h, PAGE_LEN));
	h = sound_header(page);
	h->ring_offset = 0xfffff000;
	assert_non_null(agent_check_page(h, PAGE_LEN));
	h = sound_header(page);
	h->ring_offset = 0;
	assert_non_null(agent_check_page(h, PAGE_LEN));
	h = sound_header(page);
	h->nr_vcpus = SHM_MAX_VCPUS + 1;
	assert_non_null(agent_check_page(h, PAGE_LEN));
	h = sound_header(page);
	h->magic = 0;
	assert_non_null(agent_check_page(h, PAGE_LEN));
	free(page);
}

static void test_ns_to_ticks(void **state)
{
	struct agent_vcpu v = {.tsc_hz = HZ};

	(void)state;
	assert_int_equal(agent_ns_to_ticks(&v, 0), 0);
	assert_int_equal(agent_ns_to_ticks(&v, 1), 2);
	assert_int_equal(agent_ns_to_ticks(&v, 1000000000), HZ);
	assert_int_equal(agent_ns_to_ticks(&v, UINT64_MAX), 3600 * HZ); /* an hour is the longest */
	/* Exact, for every clock there is and times of all sizes. */
	for (v.tsc_hz = 999999; v.tsc_hz < UINT64_C(1) << 34; v.tsc_hz = v.tsc_hz * 7 / 3 + 1)
		for (uint64_t ns = 1; ns < UINT64_C(3600000000000); ns = ns * 5 / 3 + 1)
			assert_int_equal(agent_ns_to_ticks(&v, ns),
				(uint64_t)((unsigned __int128)ns * v.tsc_hz / 1000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks_as_often_as_asked),
		cmocka_unit_test(test_timer_keeps_its_grid),
		cmocka_unit_test(test_steal_probe_skips_what_it_missed),
		cmocka_unit_test(test_a_full_ring_drops),
		cmocka_unit_test(test_gap_from_inside_the_handler),
		cmocka_unit_test(test_probes_that_cannot_be),
		cmocka_unit_test(test_beyond_a_word),
		cmocka_unit_test(test_page_checks),
		cmocka_unit_test(test_ns_to_ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
