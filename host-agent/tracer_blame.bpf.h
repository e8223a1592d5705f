/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Part of tracer.bpf.c: walking those who wait on a CPU, and the sums of the counts mode. */

static __always_inline void blame_add(uint32_t victim, uint32_t culprit, uint32_t kind, uint64_t ns)
{
	struct blame_key key = {.victim = victim, .culprit = culprit, .kind = kind};
	struct blame_cell *cell = bpf_map_lookup_elem(&blame, &key), first = {.ns = ns, .times = 1};

	if (!cell) {
		if (!bpf_map_update_elem(&blame, &key, &first, BPF_NOEXIST))
			return;
		/* Full, or another CPU was first. */
		cell = bpf_map_lookup_elem(&blame, &key);
	}
	if (!cell) {
		key.culprit = 0;
		key.kind = BLAME_OTHERS;
		cell = bpf_map_lookup_elem(&blame, &key);
	}
	if (!cell)
		return;
	__sync_fetch_and_add(&cell->ns, ns);
	__sync_fetch_and_add(&cell->times, 1);
}

/* Blame what the thread in `slot` waited since it was last charged on who had the CPU. */
__noinline int charge(uint32_t slot, uint32_t culprit, uint32_t kind, uint64_t now)
{
	struct tracer_thread *t = thread_at(slot);
	uint64_t ns = now - t->charged;

	if (now <= t->charged)
		return 0;
	t->charged = now;
	if (t->throttled) {
		culprit = 0;
		kind = BLAME_THROTTLED;
	} else if (kind == BLAME_TASK && !culprit) {
		kind = BLAME_IDLE;
	}
	blame_add(t->tid, culprit, kind, ns);
	return 0;
}

/* Call `visit` for each `slot` in a CPU's waiting set. A wait that begins or ends meanwhile on
 * another CPU is seen or not: both are right. (One loop over all bits with an early way out: clang
 * 14 crashes on __builtin_ctzll for BPF.) */
#define for_each_waiter(slot, cpu, visit)                                                          \
	for (uint32_t word_ = 0; word_ < TRACER_MASK_WORDS; word_++) {                             \
		uint64_t bits_ = *(volatile uint64_t *)&cpu_at(cpu)->waiting[word_];               \
		for (uint32_t i_ = 0; i_ < 64 && bits_; i_++, bits_ >>= 1) {                       \
			uint32_t slot = word_ * 64 + i_;                                           \
			if (bits_ & 1)                                                             \
				visit;                                                             \
		}                                                                                  \
	}

__noinline int charge_waiters(uint32_t cpu, uint32_t culprit, uint32_t kind, uint64_t now)
{
	for_each_waiter(slot, cpu, charge(slot, culprit, kind, now));
	return 0;
}

__noinline int check_waiters(uint32_t cpu, uint64_t now)
{
	for_each_waiter(slot, cpu, check_throttle(slot, cpu, now));
	return 0;
}
