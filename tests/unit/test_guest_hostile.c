// SPDX-License-Identifier: GPL-3.0-or-later
/* collect/guest_ring: what a hostile guest writes is counted, bounded and harmless. */
#include <pthread.h>

#include "ring_rig.h"

static void test_mad_counters_do_not_reach_the_host(void **state)
{
	struct guest_shm_status st;
	struct rig r;

	(void)state;
	rig_up(&r, 2);
	memset(r.page, 0xff, SHM_RING_OFFSET); /* header, lines, everything */
	for (int i = 0; i < 3; i++)
		drain(&r);
	guest_shm_status(r.g, &st);
	assert_int_equal(st.accel, SHM_ACCEL_UNKNOWN);
	assert_int_equal(st.tsc_hz, 0);
	assert_int_equal(guest_shm_count_state(r.g, SHM_STATE_READY), 0);
	assert_int_equal(guest_shm_size(r.g), r.size);
	r.rings[0].shm->dropped = 3; /* runs backwards: a jump again, not 4 billion drops */
	drain(&r);
	guest_shm_status(r.g, &st);
	assert_true(st.dropped < 100);
	rig_down(&r);
}

struct adversary {
	struct rig *rig;
	volatile bool stop;
	volatile uint64_t acts;
};

/* A guest that writes random nonsense everywhere it can, as fast as it can, with sound records
 * mixed in. */
static void *adversary_main(void *arg)
{
	struct adversary *a = arg;
	uint64_t x = 88172645463325252u;

	while (!a->stop) {
		struct ring *ring = &a->rig->rings[x % a->rig->vcpus];

		a->acts++;
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		switch (x >> 60) {
		case 0:
			if (!(x & 0xfff00))
				ring->shm->head = x;
			break;
		case 1:
			ring->shm->head += x & 63;
			break;
		case 2:
			ring->shm->dropped = x;
			break;
		case 3:
			ring->shm->state = (uint32_t)x;
			ring->shm->tsc_hz = x;
			break;
		case 4:
			ring->shm->tail = x;
			break;
		case 5:
			((volatile uint8_t *)a->rig->page)[x % SHM_RING_OFFSET] = (uint8_t)x;
			break;
		default:
			((volatile uint64_t *)ring->slots)[x % (SLOTS * 8)] = x;
			ring->head = ring->shm->head;
			put(a->rig, (unsigned)(x % a->rig->vcpus), (uint8_t)x, x);
		}
	}
	return NULL;
}

static void test_adversary(void **state)
{
	struct rig r;
	struct adversary a = {.rig = &r};
	struct guest_shm_status st;
	struct shm_rec *recs;
	pthread_t thread;
	size_t drains = 0;
	size_t n;

	(void)state;
	rig_up(&r, 4);
	assert_int_equal(pthread_create(&thread, NULL, adversary_main, &a), 0);
	do {
		drain(&r);
		drains++;
		guest_shm_status(r.g, &st);
	} while (drains < 1000 ||
		 (drains < 100000 && (a.acts < 300000 || !st.torn || !st.jumps || !st.samples)));
	a.stop = true;
	pthread_join(thread, NULL);
	recs = finish(&r, &n);
	/* A ring's worth, REC_DRAIN and two REC_LOST per vCPU and drain is the most there can
	 * be. */
	assert_true(n <= drains * 4 * (SLOTS + 3));
	for (size_t i = 0; i < n; i++) {
		assert_true(recs[i].vcpu < 4);
		assert_true((recs[i].type >= REC_START && recs[i].type <= REC_OUTPUT) ||
			    recs[i].type == REC_DRAIN || recs[i].type == REC_LOST);
	}
	free(recs);
	rig_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mad_counters_do_not_reach_the_host),
		cmocka_unit_test(test_adversary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
