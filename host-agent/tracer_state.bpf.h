/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Part of tracer.bpf.c: the state machine of a tracked thread.
 *
 * Some kernels hide the events raised in the context of some threads (then perf and ftrace miss
 * them too). The infer_*() functions run before an event is applied; where it does not fit the
 * state held, they put in what must have happened, at the time the kernel noted for it:
 * sched_info.last_arrival, last_queued and run_delay, on the run queue clock.
 */

static __always_inline void wait_count(struct tracer_thread *t, uint64_t sign)
{
	uint32_t slot = t->slot;
	struct tracer_cpu *c = cpu_at(t->cpu);

	__sync_fetch_and_add(&c->waiting[tracer_wait_word(slot)], tracer_wait_one(slot) * sign);
	__sync_fetch_and_add(&c->waiters, sign);
}

static __always_inline void set_state(
	struct tracer_thread *t, uint8_t state, uint16_t cpu, uint64_t now)
{
	uint64_t ns;

	/* The walk over the tasks may set a thread while an event that began before is under way. And what is put
	 * in may take no time: records of two CPUs are merged by time, and must not change places. */
	if (now <= t->since)
		now = t->since + 1;
	ns = now - t->since;
	if (t->state == THREAD_WAITING) {
		if (counts_mode)
			settle(t->slot, now);
		t->wait_ns += ns;
		wait_count(t, -1ull);
	} else if (t->state == THREAD_RUNNING) {
		t->run_ns += ns;
	} else if (t->state == THREAD_SLEEPING) {
		t->sleep_ns += ns;
	}
	t->since = now;
	t->charged = now;
	t->based = 0;
	t->arrived = 0;
	/* Whoever looks through the waiters of that CPU believes these two: last, and in this order. */
	COMPILER_BARRIER();
	t->cpu = cpu;
	COMPILER_BARRIER();
	t->state = state;
	if (state == THREAD_WAITING)
		wait_count(t, 1);
}

/* The wait so far, on the kernel's own clock. That one is not set anew when a wake-up preempts, so
 * it books the time from that wake-up to the switch as waiting: the reason why run_delay can be
 * some us more per wait than the time the thread really stood off the CPU. */
static __always_inline void clock_wait(struct tracer_thread *t, uint64_t begin, uint64_t end)
{
	if (begin && end > begin)
		t->clock_wait_ns += end - begin;
	t->clock_since = 0;
}

/* At a wake-up the thread has just been queued, and run_delay is what it was when it fell asleep.
 * Not so on kernels with delayed dequeue (6.12 and later): a sleeper that still stands in a run
 * queue may be moved to another, is then marked as queued there, and its sleep is booked as
 * waiting. */
static __always_inline void booked_sleep(
	struct tracer_thread *t, struct task_struct *p, uint64_t clock)
{
	uint64_t queued = BPF_CORE_READ(p, sched_info.last_queued), run_delay = kt_run_delay(p);

	t->booked_ahead_ns = queued && clock > queued ? clock - queued : 0;
	t->sleep_booked_ns += t->booked_ahead_ns;
	if (t->state == THREAD_SLEEPING)
		t->sleep_booked_ns += run_delay - t->run_delay;
	t->run_delay = run_delay;
}

static __always_inline void left_cpu(struct tracer_thread *t, struct task_struct *prev,
	bool preempt, uint16_t cpu, uint32_t next_tid, uint64_t clock, uint64_t now)
{
	unsigned int kstate = kt_task_state(prev);
	uint8_t state = THREAD_WAITING, flags = 0;

	if (kstate & KT_TASK_DEAD)
		state = THREAD_EXITED;
	else if (!preempt && kstate)
		state = THREAD_SLEEPING;
	else
		flags = TRACE_STATE_PREEMPTED;
	if (state == THREAD_SLEEPING && kstate & KT_TASK_STOPPED)
		flags = TRACE_STATE_STOPPED;
	if (state == THREAD_WAITING) {
		t->waits++;
		/* Of one preempted on its way to sleep the kernel notes no begin, and books nothing. */
		t->clock_since = kstate ? 0 : clock;
	}
	t->run_delay = kt_run_delay(prev);
	set_state(t, state, cpu, now);
	if (counts_mode && state == THREAD_WAITING) {
		cpu_at(cpu)->ledger.since = now;
		take_base(t, cpu_at(cpu));
	}
	emit_state(t->slot, flags, cpu, next_tid);
	if (state == THREAD_WAITING)
		check_throttle(t->slot, cpu, now);
}

static __always_inline void got_cpu(struct tracer_thread *t, struct task_struct *next, uint16_t cpu,
	uint32_t prev_tid, uint64_t clock, uint64_t now)
{
	uint64_t counted = t->clock_wait_ns;
	uint16_t from = t->cpu;

	if (t->throttled)
		end_throttle(t, cpu, now);
	if (t->state == THREAD_UNKNOWN)
		from = cpu;
	if (t->state == THREAD_WAITING)
		clock_wait(t,
			t->clock_since ? t->clock_since
				       : BPF_CORE_READ(next, sched_info.last_queued),
			clock);
	t->arrival_clock = t->state == THREAD_WAITING ? clock : 0;
	t->to_book_ns = t->clock_wait_ns - counted + t->booked_ahead_ns;
	t->booked_ahead_ns = 0;
	t->run_delay = kt_run_delay(next);
	t->task = (uint64_t)next;
	set_state(t, THREAD_RUNNING, cpu, now);
	t->arrived = 1;
	emit_state(t->slot, 0, from, prev_tid);
}

static __always_inline uint64_t clamp(uint64_t at, uint64_t low, uint64_t high)
{
	return at < low ? low : at > high ? high : at;
}

/* A reading of this run queue's clock as CLOCK_MONOTONIC; `now` where it cannot be known. A switch sets that clock as it
 * begins, so `clock` is `now`. */
static __always_inline uint64_t clock_to_ns(uint64_t reading, uint64_t clock, uint64_t now)
{
	return reading && clock >= reading ? now - (clock - reading) : now;
}

/* A switch to `prev` was hidden: since it got the CPU the waiters stood behind it, not behind the
 * task believed to be there. */
__noinline int infer_occupant(uint32_t cpu, uint32_t tid, uint64_t arrival, uint64_t clock)
{
	struct tracer_cpu *c = cpu_at(cpu);
	uint64_t at = clock_to_ns(arrival, clock, bpf_ktime_get_ns());

	if (counts_mode)
		charge_waiters(c, cpu, c->occupant, BLAME_TASK,
			*(volatile uint64_t *)&c->occupant_task, at);
	else
		emit_occupy(cpu, tid, at);
	return 0;
}

/* The wait that ended as it got the CPU is in run_delay while it runs, and a record says so. */
static __always_inline void note_booked(struct tracer_thread *t)
{
	t->run_delay += t->to_book_ns;
	t->to_book_ns = 0;
}

/* `prev` was seen to get this CPU, and then got it again: it lost it between, and neither was told. How long it
 * waited the kernel has booked. (Seen on Linux 6.18: two threads changed places for a slice.) */
__noinline int infer_absence(uint32_t slot, uint32_t cpu, uint64_t run_delay, uint64_t at)
{
	struct tracer_thread *t = thread_at(slot);
	uint64_t waited;

	note_booked(t);
	waited = run_delay - t->run_delay;
	t->conflicts++;
	t->waits++;
	t->clock_wait_ns += waited;
	/* The clock is some us behind the event it is said to be of. */
	if (waited > at - t->since)
		waited = at - t->since;
	set_state(t, THREAD_WAITING, cpu, at - waited);
	emit_state(t->slot, TRACE_STATE_INFERRED, cpu, 0);
	if (counts_mode && waited)
		blame_on(t->slot, 0, BLAME_OTHERS, waited, 1);
	t->run_delay = run_delay;
	set_state(t, THREAD_RUNNING, cpu, at);
	emit_state(t->slot, TRACE_STATE_INFERRED, cpu, 0);
	return 0;
}

/* What the kernel has booked since the last event of a thread, but for sleep that it booked with it. */
static __always_inline uint64_t waited_since(struct tracer_thread *t, uint64_t run_delay)
{
	uint64_t waited = run_delay - t->run_delay - t->booked_ahead_ns;

	t->booked_ahead_ns = 0;
	return waited;
}

/* `prev` was not seen to get this CPU, which it did at `at` by the kernel's clock. */
__noinline int infer_run(uint32_t slot, uint32_t cpu, uint64_t run_delay, uint64_t at)
{
	struct tracer_thread *t = thread_at(slot);
	uint64_t waited = waited_since(t, run_delay);
	uint16_t from = t->cpu;

	t->conflicts++;
	/* Where it also ran and waited unseen before, it waited no longer than the kernel says (which says
	 * nothing of one that was preempted on its way to sleep). */
	if (t->state == THREAD_WAITING && waited && at > t->since + waited)
		at = t->since + waited;
	if (t->state == THREAD_SLEEPING && waited) {
		t->waits++;
		set_state(t, THREAD_WAITING, cpu, clamp(at - waited, t->since, at));
		emit_state(slot, TRACE_STATE_INFERRED, from, 0);
	}
	clock_wait(t, 1, 1 + waited);
	if (t->throttled)
		end_throttle(t, cpu, at);
	t->run_delay = run_delay;
	t->to_book_ns = 0;
	set_state(t, THREAD_RUNNING, cpu, at);
	emit_state(slot, TRACE_STATE_INFERRED, from, 0);
	return 0;
}

/* `prev` leaves the CPU: it must have been running, since it was seen to get it. Else infer. */
static __always_inline void infer_arrival(struct tracer_thread *t, struct task_struct *prev,
	uint16_t cpu, uint64_t clock, uint64_t now)
{
	uint64_t arrival = BPF_CORE_READ(prev, sched_info.last_arrival);
	bool seen = t->state == THREAD_RUNNING &&
		    (!t->arrived || !t->arrival_clock || t->arrival_clock == arrival);

	if (seen || t->state == THREAD_UNKNOWN)
		return;
	now = clamp(clock_to_ns(arrival, clock, now), t->since, now);
	if (t->state == THREAD_RUNNING)
		infer_absence(t->slot, cpu, kt_run_delay(prev), now);
	else
		infer_run(t->slot, cpu, kt_run_delay(prev), now);
}

/* A thread waits, and the kernel has booked some of that: it got a CPU and lost it again, or was moved, and no event
 * told. It has waited for this CPU since the kernel noted it as queued, at `lost`. */
__noinline int infer_presence(uint32_t slot, uint32_t cpu, uint64_t run_delay, uint64_t lost)
{
	struct tracer_thread *t = thread_at(slot);
	uint64_t waited = waited_since(t, run_delay);
	uint64_t got = clamp(t->since + waited, t->since, lost);
	uint16_t from = t->cpu;

	t->conflicts++;
	t->waits++;
	t->clock_wait_ns += waited;
	if (t->throttled)
		end_throttle(t, from, got);
	set_state(t, THREAD_RUNNING, from, got);
	emit_state(slot, TRACE_STATE_INFERRED, from, 0);
	t->run_delay = run_delay;
	t->clock_since = 0;
	set_state(t, THREAD_WAITING, cpu, lost);
	emit_state(slot, TRACE_STATE_INFERRED, from, 0);
	return 0;
}

/* `next` was seen to run or to sleep, but waits since `at`, and for `booked` before it was moved unseen: that set
 * last_queued anew. */
__noinline int infer_wait(
	uint32_t slot, uint32_t cpu, uint32_t prev_tid, uint64_t booked, uint64_t at)
{
	struct tracer_thread *t = thread_at(slot);
	uint16_t from = t->cpu;

	if (t->state == THREAD_RUNNING) {
		booked -= t->to_book_ns;
		note_booked(t);
	}
	t->conflicts++;
	t->waits++;
	t->clock_wait_ns += booked;
	at = at - booked < t->since ? t->since : at - booked;
	set_state(t, THREAD_WAITING, cpu, at);
	emit_state(slot, TRACE_STATE_INFERRED, from, 0);
	if (!counts_mode)
		emit_occupy(cpu, prev_tid, at);
	return 0;
}

/* `next` gets the CPU: it must have been waiting for it. One believed to run left the CPU unseen
 * (seen on Linux 7.3; perhaps it left while the walk over the tasks looked, which was not proven):
 * it has waited since the kernel noted it as queued. */
static __always_inline void infer_queued(struct tracer_thread *t, struct task_struct *next,
	uint16_t cpu, uint32_t prev_tid, uint64_t clock, uint64_t now)
{
	uint64_t run_delay = kt_run_delay(next);

	if (t->state == THREAD_UNKNOWN || (t->state == THREAD_WAITING && run_delay == t->run_delay))
		return;
	now = clamp(clock_to_ns(BPF_CORE_READ(next, sched_info.last_queued), clock, now), t->since,
		now);
	if (t->state == THREAD_WAITING)
		infer_presence(t->slot, cpu, run_delay, now);
	else
		infer_wait(t->slot, cpu, prev_tid, run_delay - t->run_delay, now);
}
