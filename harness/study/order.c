// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/order.h"

#include "base/util.h"

/* A small seeded generator (splitmix64, public domain by its author) is enough to shuffle an order;
 * the statistics use GSL's. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 .. n - 1 in random order. */
static void shuffle(size_t *v, size_t n, uint64_t *state)
{
	for (size_t i = 0; i < n; i++)
		v[i] = i;
	for (size_t left = n; left > 1; left--) {
		size_t j = next_random(state) % left, t = v[left - 1];

		v[left - 1] = v[j];
		v[j] = t;
	}
}

struct order_unit *order_make(
	const struct order_size *sizes, size_t n, uint64_t seed, size_t *count)
{
	auto_free size_t *scenarios = xcalloc(n + 1, sizeof(*scenarios));
	struct order_unit *order;
	unsigned repeats = 0, block = 0;
	size_t total = 0, widest = 0, k = 0;

	for (size_t i = 0; i < n; i++) {
		total += sizes[i].configs * sizes[i].repeats;
		widest = MAX(widest, sizes[i].configs);
		repeats = MAX(repeats, sizes[i].repeats);
	}
	order = xcalloc(total + 1, sizeof(*order));
	auto_free size_t *configs = xcalloc(widest + 1, sizeof(*configs));

	for (unsigned r = 0; r < repeats; r++) {
		shuffle(scenarios, n, &seed);
		for (size_t i = 0; i < n; i++) {
			size_t s = scenarios[i];

			if (r >= sizes[s].repeats || !sizes[s].configs)
				continue;
			block++;
			shuffle(configs, sizes[s].configs, &seed);
			for (size_t c = 0; c < sizes[s].configs; c++)
				order[k++] = (struct order_unit){s, configs[c], r, block};
		}
	}
	*count = k;
	return order;
}

bool order_in_shard(const struct order_unit *u, unsigned k, unsigned n)
{
	return (u->scenario + u->repeat) % n == k - 1;
}
