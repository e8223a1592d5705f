// SPDX-License-Identifier: GPL-3.0-or-later
/* Pings: host time before and after a guest's reading of its TSC. */
#include <errno.h>
#include <sched.h>

#include "collect/priv.h"

#define ANSWER_WAIT_NS (2 * NS_PER_S)	 /* for the first answer of a vCPU on a crowded host */
#define ROUNDS_NS      (200 * NS_PER_MS) /* all rounds of one vCPU, from its first answer */
#define SPIN_NS	       (200 * NS_PER_US) /* then sleep: the vCPU may need this very CPU */

struct ping {
	uint64_t before_ns, after_ns, tsc;
};

static bool ping_once(struct guest_shm *g, unsigned vcpu, uint64_t until_ns, struct ping *out)
{
	struct shm_vcpu *lines = guest_vcpu_lines(g, vcpu);
	uint64_t seq = ++g->vcpus[vcpu].ping, now;

	guest_shm_beacon(g);
	out->before_ns = now = now_ns();
	__atomic_store_n(&lines->ping_seq, seq, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&lines->echo_seq, __ATOMIC_ACQUIRE) != seq) {
		if (now > until_ns)
			return false;
		if (now - out->before_ns > SPIN_NS) {
			sleep_ns(SPIN_NS);
			guest_shm_beacon(g);
		}
		now = now_ns();
	}
	out->tsc = lines->echo_tsc;
	out->after_ns = now_ns();
	return true;
}

/* Keep the tightest, in order of time. */
static unsigned keep_best(struct ping *kept, unsigned n, const struct ping *p)
{
	unsigned widest = 0;

	if (n < GUEST_SYNC_KEEP) {
		kept[n] = *p;
		return n + 1;
	}
	for (unsigned i = 1; i < n; i++)
		if (kept[i].after_ns - kept[i].before_ns >
			kept[widest].after_ns - kept[widest].before_ns)
			widest = i;
	if (p->after_ns - p->before_ns < kept[widest].after_ns - kept[widest].before_ns) {
		for (unsigned i = widest; i + 1 < n; i++)
			kept[i] = kept[i + 1];
		kept[n - 1] = *p;
	}
	return n;
}

static bool sync_vcpu(struct guest_shm *g, unsigned vcpu, unsigned rounds, uint64_t patience_ns)
{
	struct ping kept[GUEST_SYNC_KEEP];
	uint64_t until = now_ns() + patience_ns;
	unsigned n = 0;

	for (unsigned r = 0; r < rounds; r++) {
		struct ping p;

		if (!ping_once(g, vcpu, until, &p))
			break;
		if (r == 0)
			until = now_ns() + ROUNDS_NS;
		n = keep_best(kept, n, &p);
	}
	for (unsigned i = 0; i < n; i++) {
		struct shm_rec rec = {.type = REC_SYNC,
			.vcpu = (uint16_t)vcpu,
			.tsc = kept[i].tsc,
			.steal_ns = SHM_STEAL_NONE,
			.v = {kept[i].before_ns, kept[i].after_ns}};

		guest_append(g, &rec);
	}
	return n != 0;
}

void guest_shm_sync_soon(struct guest_shm *g)
{
	if (g->command == SHM_CMD_RUN || g->command == SHM_CMD_SYNC)
		return;
	g->before_sync = g->command;
	guest_shm_command(g, SHM_CMD_SYNC);
}

int guest_shm_sync(struct guest_shm *g, unsigned rounds, struct err *e)
{
	uint64_t patience_ns = ANSWER_WAIT_NS;
	int rc = 0;

	if (g->command == SHM_CMD_RUN)
		return err_set(e, EBUSY, "clocks are not compared while probes run");
	guest_shm_sync_soon(g);
	for (unsigned i = 0; i < g->n_vcpus; i++) {
		uint32_t state = guest_vcpu_lines(g, i)->state;

		if (state == SHM_STATE_ABSENT || state == SHM_STATE_FAILED)
			continue;
		if (sync_vcpu(g, i, rounds, patience_ns))
			continue;
		/* One that is silent has had time enough for all: 16 of them shall not hold up the
		   run for half a minute. */
		patience_ns = ROUNDS_NS;
		if (!rc)
			rc = err_set(e, ETIMEDOUT, "vCPU %u does not answer", i);
	}
	guest_shm_command(g, g->before_sync);
	return rc;
}
