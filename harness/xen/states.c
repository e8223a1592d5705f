// SPDX-License-Identifier: GPL-3.0-or-later
#include "xen/states.h"

#include <stdlib.h>

#include "base/util.h"

struct tracked {
	unsigned domain, vcpu;
	uint32_t tid;
	bool capped, throttled;
	bool ran;	  /* until the change that is being told */
	bool known;	  /* its run state is */
	uint8_t runstate; /* enum xen_runstate */
	uint8_t state;	  /* enum thread_state, as last said */
	uint16_t cpu;	  /* where it runs or waits, or ran last */
	uint64_t since_ns, runnable_ns;
	/* Of one that was taken off its CPU: when, as Xen books it; 0: it was not, or is not told. */
	uint64_t off_book_ns;
	uint16_t off_cpu;
};

struct xen_states {
	struct xen_clock clock;
	void (*record)(void *arg, const struct trace_hdr *h);
	void *arg;
	struct tracked tracked[XEN_TRACKED_MAX];
	size_t n;
	uint32_t occupant[XENTRACE_CPUS];
	unsigned waiters[XENTRACE_CPUS];
	uint64_t conflicts;
};

uint64_t xen_clock_ns(const struct xen_clock *c, uint64_t tsc)
{
	if (c->tsc2 <= c->tsc || c->ns2 <= c->ns)
		return 0;
	/* Before the first reading too. */
	return c->ns + (uint64_t)((__int128)((__int128)tsc - c->tsc) * (c->ns2 - c->ns) /
				  (__int128)(c->tsc2 - c->tsc));
}

struct xen_states *xen_states_make(const struct xen_clock *clock,
	void (*record)(void *arg, const struct trace_hdr *h), void *arg)
{
	struct xen_states *s = xcalloc(1, sizeof(*s));

	s->clock = *clock;
	s->record = record;
	s->arg = arg;
	for (size_t i = 0; i < XENTRACE_CPUS; i++)
		s->occupant[i] = XEN_TID_SELF;
	return s;
}

void xen_states_clock(struct xen_states *s, const struct xen_clock *clock)
{
	s->clock = *clock;
}

void xen_states_free(struct xen_states *s)
{
	free(s);
}

static struct tracked *find(struct xen_states *s, unsigned domain, unsigned vcpu)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->tracked[i].domain == domain && s->tracked[i].vcpu == vcpu)
			return &s->tracked[i];
	return NULL;
}

bool xen_states_track(struct xen_states *s, unsigned domain, unsigned vcpu, bool capped)
{
	if (find(s, domain, vcpu))
		return true;
	if (s->n == XEN_TRACKED_MAX)
		return false;
	s->tracked[s->n++] = (struct tracked){
		.domain = domain, .vcpu = vcpu, .tid = xen_tid(domain, vcpu), .capped = capped};
	return true;
}

static void stop_waiting(struct xen_states *s, const struct tracked *t)
{
	if (t->state == THREAD_WAITING)
		s->waiters[t->cpu]--;
}

void xen_states_untrack(struct xen_states *s, unsigned domain)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->tracked[i].domain == domain)
			stop_waiting(s, &s->tracked[i]);
		else
			s->tracked[kept++] = s->tracked[i];
	}
	s->n = kept;
}

void xen_states_cap(struct xen_states *s, unsigned domain, bool capped)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->tracked[i].domain == domain)
			s->tracked[i].capped = capped;
}

static void say_state(struct xen_states *s, uint8_t type, const struct tracked *t, uint64_t ns,
	uint8_t state, uint8_t flags, uint16_t from_cpu, uint32_t other)
{
	struct trace_state r = {
		.h = {ns, t->tid, t->cpu, type, sizeof(r) / 8},
		.state = state,
		.flags = flags,
		.prev_cpu = from_cpu,
		.other_tid = other,
		.run_delay_ns = t->ran ? t->runnable_ns : UINT64_MAX,
	};

	s->record(s->arg, &r.h);
}

static void say_occupant(struct xen_states *s, uint16_t cpu, uint64_t ns)
{
	struct trace_occupy r = {.h = {ns, s->occupant[cpu], cpu, TRACE_OCCUPY, sizeof(r) / 8}};

	s->record(s->arg, &r.h);
}

static void throttle(struct xen_states *s, struct tracked *t, uint64_t ns, bool on)
{
	if (t->throttled == on)
		return;
	t->throttled = on;
	say_state(s, TRACE_THROTTLE, t, ns, on, 0, t->cpu, 0);
}

/* What a run state is called in a record. */
static uint8_t state_of(const struct tracked *t, uint8_t runstate)
{
	switch (runstate) {
	case XEN_RUNNING:
		return THREAD_RUNNING;
	case XEN_RUNNABLE:
		return THREAD_WAITING;
	case XEN_OFFLINE:
		return t->capped ? THREAD_WAITING : THREAD_SLEEPING;
	default:
		return THREAD_SLEEPING;
	}
}

/* A wait of `traced` ns as Xen books it, where it does for this CPU. */
static uint64_t booked(const struct tracked *t, const struct xen_event *v, uint64_t traced)
{
	uint64_t ns = v->book_ns - t->off_book_ns;

	if (!t->off_book_ns || !v->book_ns || v->cpu != t->off_cpu ||
		MAX(traced, ns) - MIN(traced, ns) > NS_PER_S)
		return traced;
	return ns;
}

/* A vCPU that is followed goes from one state to another; a parked one that is put back into the run
 * queue goes on waiting, only no longer for its cap. */
static void change(struct xen_states *s, struct tracked *t, const struct xen_event *v, uint64_t ns)
{
	uint8_t state = state_of(t, v->to), flags = 0;
	bool first = !t->known;
	uint16_t was_on = first ? v->cpu : t->cpu;
	bool ran = v->from == XEN_RUNNING;

	if (t->known && t->runstate != v->from) {
		flags |= TRACE_STATE_INFERRED;
		s->conflicts++;
	}
	t->ran = t->known && t->state == THREAD_RUNNING;
	if (t->known && t->runstate == XEN_RUNNABLE && ns > t->since_ns)
		t->runnable_ns += booked(t, v, ns - t->since_ns);
	t->off_book_ns = t->ran && v->to == XEN_RUNNABLE ? v->book_ns : 0;
	t->off_cpu = v->cpu;
	t->since_ns = ns;
	t->known = true;
	t->runstate = v->to;
	if (state != t->state || flags) {
		stop_waiting(s, t);
		if (first || ran || v->to == XEN_RUNNING)
			t->cpu = v->cpu;
		t->state = state;
		if (state == THREAD_WAITING) {
			s->waiters[t->cpu]++;
			flags |= ran ? TRACE_STATE_PREEMPTED : 0;
		} else if (v->to == XEN_OFFLINE) {
			flags |= TRACE_STATE_STOPPED;
		}
		if (first && v->from == v->to) /* so it was before */
			flags |= TRACE_STATE_INITIAL;
		say_state(s, TRACE_STATE, t, ns, state, flags, was_on, s->occupant[t->cpu]);
	}
	throttle(s, t, ns, state == THREAD_WAITING && v->to == XEN_OFFLINE);
	if (state == THREAD_WAITING && !ran)
		say_occupant(s, t->cpu, ns);
}

void xen_states_event(void *arg, const struct xen_event *v)
{
	struct xen_states *s = arg;
	struct tracked *t = find(s, v->domain, v->vcpu);
	uint64_t ns = xen_clock_ns(&s->clock, v->tsc);

	if (v->cpu >= XENTRACE_CPUS)
		return;
	/* The CPU is Xen's own from one vCPU's leaving to the next one's coming. A change from
	 * running is made where it ran. */
	if (v->from == XEN_RUNNING)
		s->occupant[v->cpu] = XEN_TID_SELF;
	if (t)
		change(s, t, v, ns);
	if (v->to == XEN_RUNNING)
		s->occupant[v->cpu] = xen_tid(v->domain, v->vcpu);
	else if (v->from != XEN_RUNNING)
		return;
	if (s->waiters[v->cpu])
		say_occupant(s, v->cpu, ns);
}

void xen_states_lost(void *arg, const struct xen_event *at, uint32_t n)
{
	struct xen_states *s = arg;
	struct trace_counter r = {
		.h = {xen_clock_ns(&s->clock, at->tsc), 0, at->cpu, TRACE_LOST, sizeof(r) / 8},
		.value = n};

	for (size_t i = 0; i < s->n; i++) {
		stop_waiting(s, &s->tracked[i]);
		s->tracked[i].known = s->tracked[i].throttled = false;
		s->tracked[i].state = THREAD_UNKNOWN;
	}
	for (size_t i = 0; i < XENTRACE_CPUS; i++)
		s->occupant[i] = XEN_TID_SELF;
	s->record(s->arg, &r.h);
}

uint64_t xen_states_conflicts(const struct xen_states *s)
{
	return s->conflicts;
}
