// SPDX-License-Identifier: GPL-3.0-or-later
/* Cache thrashing: writes to cache lines in random order within a working set. */
#include <string.h>
#include <sys/mman.h>

#include "noise/priv.h"

#define DEFAULT_BYTES (32u << 20)
#define LINE	      64u
#define TOUCHES	      256u

struct lines {
	volatile uint64_t *words;
	size_t n;
	uint64_t random;
};

/* xorshift64: any full-period generator would do. */
static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void touch(void *ctx)
{
	struct lines *l = ctx;

	for (unsigned i = 0; i < TOUCHES; i++)
		l->words[next_random(&l->random) % l->n * (LINE / 8)]++;
}

void noise_cache(const struct plan_noise *n, unsigned index)
{
	size_t bytes = n->bytes ? n->bytes : DEFAULT_BYTES;
	struct lines l = {.random = 0x9e3779b97f4a7c15u + index};
	void *p;

	bytes = MAX(bytes, LINE);
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		noise_give_up("no memory for its working set");
	memset(p, 1, bytes);
	l.words = p;
	l.n = bytes / LINE;
	noise_duty_loop(n, touch, &l);
}
