// SPDX-License-Identifier: GPL-3.0-or-later
/* Pings: host time before and after a guest's reading of its TSC. All vCPUs are called at once, for each may sleep a
 * while before it looks; who answers is awake for 3 ms and has its rounds. */
#include <errno.h>
#include <stdlib.h>

#include "collect/priv.h"

#define ANSWER_WAIT_NS                                                                             \
	(2 * NS_PER_S) /* without any answer, on a crowded host: who has not answered is silent */
#define ROUNDS_NS                                                                                  \
	(200 * NS_PER_MS) /* all rounds of one vCPU, from its first answer; more with 16 or more */
#define AWAKE_NS                                                                                   \
	(300 * NS_PER_US) /* one that does not answer so long has no CPU just now: others first */
#define SPIN_NS (200 * NS_PER_US) /* then sleep: the vCPU may need this very CPU */
#define TURN_NS (50 * NS_PER_MS)  /* then the caller looks round */

struct ping {
	uint64_t before_ns, after_ns, tsc;
};

struct line {
	size_t guest;
	unsigned vcpu, rounds; /* that are still to come */
	unsigned n_kept;
	uint64_t before_ns; /* of the ping that it has not answered yet */
	uint64_t until_ns;  /* from its first answer: its rounds end then, whatever came of them */
	struct ping kept[GUEST_SYNC_KEEP];
	bool done;
};

struct guest_sync {
	struct guest_shm *const *guests;
	struct of_guest {
		unsigned open; /* vCPUs that are not done */
		bool silent;   /* one of them did not answer */
	} * of;
	struct line *lines;
	size_t n_lines, open, next; /* whose turn it is to be looked at */
	uint64_t answer_ns;	    /* when any of them answered last */
	uint64_t until_ns;	    /* all end then */
};

/* Keep the tightest, in order of time. */
static void keep_best(struct line *l, const struct ping *p)
{
	unsigned widest = 0;

	if (l->n_kept < GUEST_SYNC_KEEP) {
		l->kept[l->n_kept++] = *p;
		return;
	}
	for (unsigned i = 1; i < l->n_kept; i++)
		if (l->kept[i].after_ns - l->kept[i].before_ns >
			l->kept[widest].after_ns - l->kept[widest].before_ns)
			widest = i;
	if (p->after_ns - p->before_ns < l->kept[widest].after_ns - l->kept[widest].before_ns) {
		for (unsigned i = widest; i + 1 < l->n_kept; i++)
			l->kept[i] = l->kept[i + 1];
		l->kept[l->n_kept - 1] = *p;
	}
}

static void ping(struct guest_shm *g, struct line *l)
{
	uint64_t seq = ++g->vcpus[l->vcpu].ping;

	guest_shm_beacon(g);
	l->before_ns = now_ns();
	__atomic_store_n(&guest_vcpu_lines(g, l->vcpu)->ping_seq, seq, __ATOMIC_SEQ_CST);
}

static bool answered(struct guest_shm *g, struct line *l)
{
	struct shm_vcpu *lines = guest_vcpu_lines(g, l->vcpu);
	struct ping p = {.before_ns = l->before_ns};

	if (__atomic_load_n(&lines->echo_seq, __ATOMIC_ACQUIRE) != g->vcpus[l->vcpu].ping)
		return false;
	p.tsc = lines->echo_tsc;
	p.after_ns = now_ns();
	keep_best(l, &p);
	l->rounds--;
	return true;
}

static bool wait_answer(struct guest_shm *g, struct line *l)
{
	uint64_t now;

	while (!answered(g, l)) {
		now = now_ns();
		if (now - l->before_ns > AWAKE_NS || now > l->until_ns)
			return false;
		if (now - l->before_ns > SPIN_NS)
			sleep_ns(SPIN_NS);
	}
	return true;
}

/* It has just answered: the other rounds, as long as it does. */
static void rounds(struct guest_shm *g, struct line *l)
{
	/* The more vCPUs a guest has, the longer each sleeps where it is kept waiting (guest-agent/probe/agent.c). */
	if (l->n_kept == 1)
		l->until_ns = now_ns() + ROUNDS_NS * (1 + g->n_vcpus / 16);
	while (l->rounds) {
		ping(g, l);
		if (!wait_answer(g, l))
			return;
	}
}

static int finish(struct guest_sync *s, struct line *l, struct err *e)
{
	struct guest_shm *g = s->guests[l->guest];
	struct of_guest *of = &s->of[l->guest];

	l->done = true;
	s->open--;
	for (unsigned i = 0; i < l->n_kept; i++) {
		struct shm_rec rec = {.type = REC_SYNC,
			.vcpu = (uint16_t)l->vcpu,
			.tsc = l->kept[i].tsc,
			.steal_ns = SHM_STEAL_NONE,
			.v = {l->kept[i].before_ns, l->kept[i].after_ns}};

		guest_append(g, &rec);
	}
	if (--of->open == 0)
		guest_shm_command(g, g->before_sync);
	if (l->n_kept || of->silent)
		return 0;
	of->silent = true;
	return err_set(e, ETIMEDOUT, "vCPU %u does not answer", l->vcpu);
}

/* While others answer the box is busy and not dead; but no guest holds up the run by answering late. */
static bool out_of_time(const struct guest_sync *s, const struct line *l)
{
	return now_ns() > MIN(l->n_kept ? l->until_ns : s->answer_ns + ANSWER_WAIT_NS, s->until_ns);
}

/* 1: it did something. */
static int look_at(struct guest_sync *s, struct line *l, struct err *e)
{
	bool came;

	if (l->done)
		return 0;
	came = answered(s->guests[l->guest], l);
	if (came) {
		rounds(s->guests[l->guest], l);
		s->answer_ns = now_ns();
	}
	if (l->rounds && !out_of_time(s, l))
		return came;
	return finish(s, l, e) ? -ETIMEDOUT : 1;
}

int guest_sync_turn(struct guest_sync *s, size_t *guest, struct err *e)
{
	uint64_t from = now_ns(), quiet = from;

	while (s->open && now_ns() - from < TURN_NS) {
		struct line *l = &s->lines[s->next];
		int rc = look_at(s, l, e);

		*guest = l->guest;
		s->next = (s->next + 1) % s->n_lines;
		if (rc < 0)
			return rc;
		if (rc)
			quiet = now_ns();
		else if (s->next == 0 && now_ns() - quiet > SPIN_NS)
			sleep_ns(SPIN_NS);
	}
	return s->open != 0;
}

static void call_all(struct guest_sync *s, size_t guest, unsigned rounds_each)
{
	struct guest_shm *g = s->guests[guest];

	for (unsigned v = 0; v < g->n_vcpus; v++) {
		uint32_t state = guest_vcpu_lines(g, v)->state;
		struct line *l = &s->lines[s->n_lines];

		if (state == SHM_STATE_ABSENT || state == SHM_STATE_FAILED)
			continue;
		if (s->of[guest].open++ == 0) {
			g->before_sync = g->command;
			guest_shm_command(g, SHM_CMD_SYNC);
		}
		*l = (struct line){.guest = guest, .vcpu = v, .rounds = rounds_each};
		ping(g, l);
		s->n_lines++;
	}
}

int guest_sync_begin(struct guest_shm *const *guests, size_t n, unsigned rounds_each,
	struct guest_sync **out, struct err *e)
{
	struct guest_sync *s;
	size_t vcpus = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		if (guests[i] && guests[i]->command == SHM_CMD_RUN)
			return err_set(e, EBUSY, "clocks are not compared while probes run");
		vcpus += guests[i] ? guests[i]->n_vcpus : 0;
	}
	/* What the rings hold is older than the answers to come: the files stay in order. */
	for (size_t i = 0; i < n && !rc; i++)
		rc = guests[i] ? guest_shm_drain(guests[i], e) : 0;
	if (rc)
		return rc;
	*out = s = xcalloc(1, sizeof(*s));
	s->guests = guests;
	s->of = xcalloc(n, sizeof(*s->of));
	s->lines = xcalloc(vcpus, sizeof(*s->lines));
	for (size_t i = 0; i < n; i++)
		if (guests[i])
			call_all(s, i, rounds_each);
	s->open = s->n_lines;
	s->answer_ns = now_ns();
	s->until_ns = s->answer_ns + ANSWER_WAIT_NS + s->n_lines * ROUNDS_NS;
	return 0;
}

void guest_sync_end(struct guest_sync *s)
{
	if (!s)
		return;
	/* Broken off: nobody shall wait for pings that do not come. */
	for (size_t i = 0; i < s->n_lines; i++)
		if (!s->lines[i].done)
			guest_shm_command(s->guests[s->lines[i].guest],
				s->guests[s->lines[i].guest]->before_sync);
	free(s->of);
	free(s->lines);
	free(s);
}
