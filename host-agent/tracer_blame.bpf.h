/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Part of tracer.bpf.c: walking those who wait on a CPU, and the sums of the counts mode.
 *
 * Each CPU has a ledger (tracer_shared.h): a switch adds the time that ends with it to who had the CPU.
 * A waiting thread is blamed on others only when it stops waiting: the ledger less its base, the rest on
 * who has the CPU then, so that blame adds up to the wait to the ns. It collects its culprits itself;
 * one is put into a map when another takes its place, hostd adds up both.
 *
 * A thread that begins to wait in its own CPU's switch takes its base there. One that is woken or moved
 * there may lack that CPU's lock: it joins, and the next event of that CPU blames what it waited until
 * then on who had the CPU, and takes its base. One that waits alone until it gets the CPU needs neither (waits_alone()).
 */

/* False: it is full. Atomic: a victim's cells are its own, but hostd may still read them. */
static __always_inline bool blame_add(
	void *map, const struct blame_key *key, uint64_t ns, uint64_t times)
{
	struct blame_cell *cell = bpf_map_lookup_elem(map, key), first = {.ns = ns, .times = times};

	if (!cell) {
		if (bpf_map_update_elem(map, key, &first, BPF_NOEXIST))
			return false;
		__sync_fetch_and_add(&blame_cells, 1);
		if (blame_cells - round_began > TRACER_BLAME_CELLS / 2 && !(blame_cells % 64))
			call_hostd();
		return true;
	}
	__sync_fetch_and_add(&cell->ns, ns);
	__sync_fetch_and_add(&cell->times, times);
	return true;
}

/* What a thread collected in place `i` goes to the map of this round; the rest of it, when that is
 * full, is nobody's by name. */
static __always_inline void push_out(struct tracer_thread *t, uint32_t i)
{
	struct tracer_culprit *who = &t->culprits[i];
	struct blame_key key = {t->tid, who->tid, who->kind};
	uint64_t ns = who->ns, times = who->times;

	if (blame_round & 1 ? blame_add(&blame_odd, &key, ns, times)
			    : blame_add(&blame_even, &key, ns, times))
		return;
	t->others_ns += ns;
	t->others_times += times;
}

/* A place in a ledger, its bound where the verifier sees it (Linux 6.1's knows none of an exclusive or). */
static __always_inline uint32_t place(uint32_t i)
{
	asm volatile("" : "+r"(i));
	return i % TRACER_LEDGER;
}

static __always_inline uint32_t cell_of(uint32_t tid, uint32_t kind)
{
	return place(tid + kind * 7);
}

/* The thread in `slot` waited `ns` for this culprit. */
__noinline int blame_on(uint32_t slot, uint32_t tid, uint32_t kind, uint64_t ns, uint32_t times)
{
	struct tracer_thread *t = thread_at(slot);
	struct tracer_culprit *who;
	uint32_t i;

	if (kind == BLAME_TASK && !tid)
		kind = BLAME_IDLE;
	if (t->throttled) {
		tid = 0;
		kind = BLAME_THROTTLED;
	}
	t->charged += ns;
	i = cell_of(tid, kind);
	who = &t->culprits[i];
	if (who->tid != tid || who->kind != kind) {
		if (who->times)
			push_out(t, i);
		*who = (struct tracer_culprit){.tid = tid, .kind = kind};
	}
	who->ns += ns;
	who->times += times;
	return 0;
}

/* Who waits on a CPU: each `word` of its counts that is not zero, each `group` in there, each `slot` of that group.
 * Visitors are functions of their own, which the verifier walks through once: it takes every turn of a loop,
 * and one loop over all slots made half of what it costs to load. Whether a slot's thread waits there the last
 * one asks (waits_on()). A wait that begins or ends meanwhile on another CPU is seen or not: both are
 * right. (clang 14 crashes on __builtin_ctzll for BPF.) */
#define for_each_word(word, cpu, visit)                                                            \
	for (uint32_t word = 0; word < TRACER_WAIT_WORDS; word++) {                                \
		if (wait_word(cpu, word))                                                          \
			visit;                                                                     \
	}

#define for_each_group(group, word, cpu, visit)                                                    \
	for (uint32_t i_ = 0; i_ < TRACER_WAIT_WORD; i_++) {                                       \
		uint32_t group = word * TRACER_WAIT_WORD + i_;                                     \
		if (wait_word(cpu, word) >> i_ * TRACER_WAIT_BITS & ((1 << TRACER_WAIT_BITS) - 1)) \
			visit;                                                                     \
	}

#define for_each_slot(slot, group, visit)                                                          \
	for (uint32_t k_ = 0; k_ < TRACER_GROUP && k_ < layers; k_++) {                            \
		uint32_t slot = group + k_ * TRACER_GROUPS;                                        \
		visit;                                                                             \
	}

static __always_inline uint64_t wait_word(uint32_t cpu, uint32_t word)
{
	return *(volatile uint64_t *)&cpu_at(cpu)->waiting[word % TRACER_WAIT_WORDS];
}

static __always_inline bool waits_on(struct tracer_thread *t, uint32_t cpu)
{
	return *(volatile uint8_t *)&t->state == THREAD_WAITING &&
	       *(volatile uint16_t *)&t->cpu == cpu;
}

/* Blame what a thread with a base waited for cell `i` of the ledger, up to `now`. */
__noinline int settle_cell(uint32_t slot, uint32_t cpu, uint32_t i, uint64_t now)
{
	struct tracer_thread *t = thread_at(slot);
	struct tracer_ledger *l = &cpu_at(cpu)->ledger;
	uint64_t ns, room = now > t->charged ? now - t->charged : 0;

	i = place(i);
	if (!waits_on(t, cpu) || !t->based)
		return 0;
	ns = l->ns[i] - t->base_ns[i];
	if (ns > room)
		ns = room;
	if (ns)
		blame_on(slot, l->who[i].tid, l->who[i].kind, ns, l->times[i] - t->base_times[i]);
	t->base_ns[i] = l->ns[i];
	t->base_times[i] = l->times[i];
	return 0;
}

__noinline int settle_group(uint32_t group, uint32_t cpu, uint32_t i)
{
	for_each_slot(slot, group, settle_cell(slot, cpu, i, ~0ull));
	return 0;
}

__noinline int settle_word(uint32_t word, uint32_t cpu, uint32_t i)
{
	for_each_group(group, word, cpu, settle_group(group, cpu, i));
	return 0;
}

/* Another takes the place of cell `i`: all who wait here are blamed on it first. Who had the CPU is named here,
 * while it is there. Its time begins with the sum of the one before: only differences mean something. */
__noinline int new_cell(uint32_t cpu, uint32_t i, uint32_t tid, uint32_t kind, uint64_t task)
{
	struct tracer_ledger *l = &cpu_at(cpu)->ledger;

	i = place(i);
	for_each_word(word, cpu, settle_word(word, cpu, i));
	l->who[i] = (struct tracer_holder){tid, kind, task};
	if (task)
		name_task(tid, (struct task_struct *)task);
	return 0;
}

static __always_inline bool holds(
	struct tracer_ledger *l, uint32_t i, uint32_t tid, uint32_t kind, uint64_t task)
{
	return l->who[i].tid == tid && l->who[i].task == task && l->who[i].kind == kind;
}

/* The CPU was `tid`'s, or an interrupt's, from the last account on until `until`. */
__noinline int account(uint32_t cpu, uint32_t tid, uint32_t kind, uint64_t task, uint64_t until)
{
	struct tracer_ledger *l = &cpu_at(cpu)->ledger;
	uint64_t ns = until - l->since;
	uint32_t i = cell_of(tid, kind);

	if (until <= l->since)
		return 0;
	l->since = until;
	if (!holds(l, i, tid, kind, task)) {
		i = place(i ^ 1);
		if (!holds(l, i, tid, kind, task)) {
			i = place(i ^ (until >> 6 & 1)); /* either of two, as the clock has it */
			new_cell(cpu, i, tid, kind, task);
		}
	}
	i = place(i);
	l->ns[i] += ns;
	l->times[i]++;
	return 0;
}

static __always_inline void take_base(struct tracer_thread *t, struct tracer_cpu *c)
{
	__builtin_memcpy(t->base_ns, c->ledger.ns, sizeof(t->base_ns));
	__builtin_memcpy(t->base_times, c->ledger.times, sizeof(t->base_times));
	t->based = 1;
}

/* Blame what the thread in `slot` waited up to `now`, and no more: where a switch was hidden, `now` is past, and
 * the ledger may be ahead of it. */
__noinline int settle(uint32_t slot, uint64_t now)
{
	struct tracer_thread *t = thread_at(slot);
	struct tracer_cpu *c = cpu_at(t->cpu);
	struct tracer_ledger *l = &c->ledger;

	if (t->based)
		for (uint32_t i = 0; i < TRACER_LEDGER; i++)
			if (l->ns[i] != t->base_ns[i])
				settle_cell(slot, t->cpu, i, now);
	if (now > t->charged) {
		uint64_t task = c->occupant_task;

		if (c->occupant && task)
			name_task(c->occupant, (struct task_struct *)task);
		blame_on(slot, c->occupant, BLAME_TASK, now - t->charged, 1);
	}
	return 0;
}

/* A thread that joined is blamed on what ended now; from here on it has a base. */
__noinline int adopt(uint32_t slot, uint32_t cpu, uint32_t tid, uint32_t kind, uint64_t now)
{
	struct tracer_thread *t = thread_at(slot);
	struct tracer_cpu *c = cpu_at(cpu);

	if (!waits_on(t, cpu) || t->based)
		return 0;
	if (t->charged > now) { /* it came while this CPU looked */
		c->joined = 1;
		return 0;
	}
	if (t->charged < now)
		blame_on(slot, tid, kind, now - t->charged, 1);
	take_base(t, c);
	return 0;
}

__noinline int adopt_group(uint32_t group, uint32_t cpu, uint32_t tid, uint32_t kind, uint64_t now)
{
	for_each_slot(slot, group, adopt(slot, cpu, tid, kind, now));
	return 0;
}

__noinline int adopt_word(uint32_t word, uint32_t cpu, uint32_t tid, uint32_t kind, uint64_t now)
{
	for_each_group(group, word, cpu, adopt_group(group, cpu, tid, kind, now));
	return 0;
}

__noinline int adopt_waiters(uint32_t cpu, uint32_t tid, uint32_t kind, uint64_t now)
{
	for_each_word(word, cpu, adopt_word(word, cpu, tid, kind, now));
	return 0;
}

/* What ended at `now` on this CPU was the time of `tid` or of an interrupt. */
static __always_inline void charge_waiters(struct tracer_cpu *c, uint32_t cpu, uint32_t tid,
	uint32_t kind, uint64_t task, uint64_t now)
{
	account(cpu, tid, kind, task, now);
	if (!c->joined)
		return;
	c->joined = 0;
	/* Whoever joins from here on is seen below or sets the flag again. */
	__sync_fetch_and_add(&c->fence, 1);
	adopt_waiters(cpu, tid, kind, now);
}

/* Look whether a waiting thread is held back by its group's quota; a record only when that changed. */
__noinline int check_throttle(uint32_t slot, uint32_t cpu, uint64_t now)
{
	struct tracer_thread *t = thread_at(slot);
	bool throttled;

	if (!waits_on(t, cpu))
		return 0;
	throttled = kt_task_throttled((struct task_struct *)t->task);
	if (throttled == !!t->throttled)
		return 0;
	if (counts_mode)
		settle(slot, now);
	t->throttled = throttled;
	if (throttled)
		watch_throttle = 1;
	emit_throttle(slot, cpu, now);
	return 0;
}

static __always_inline void end_throttle(struct tracer_thread *t, uint16_t cpu, uint64_t now)
{
	if (counts_mode)
		settle(t->slot, now);
	t->throttled = 0;
	emit_throttle(t->slot, cpu, now);
}

/* No function for a group: the stack of all calls under way is used up here (`make bpf-stack`). */
__noinline int check_word(uint32_t word, uint32_t cpu, uint64_t now)
{
	for_each_group(
		group, word, cpu, for_each_slot(slot, group, check_throttle(slot, cpu, now)));
	return 0;
}

__noinline int check_waiters(uint32_t cpu, uint64_t now)
{
	for_each_word(word, cpu, check_word(word, cpu, now));
	return 0;
}
