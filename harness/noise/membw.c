// SPDX-License-Identifier: GPL-3.0-or-later
/* Memory bandwidth: copies through a working set larger than the caches, piece by piece. */
#include <string.h>
#include <sys/mman.h>

#include "noise/priv.h"

#define DEFAULT_BYTES (256u << 20)
#define PIECE	      (64u << 10)

struct copy {
	char *from, *to;
	size_t half, at;
};

static void copy_piece(void *ctx)
{
	struct copy *c = ctx;

	memcpy(c->to + c->at, c->from + c->at, PIECE);
	__asm__ volatile("" ::: "memory");
	c->at += PIECE;
	if (c->at + PIECE > c->half)
		c->at = 0;
}

void noise_membw(const struct plan_noise *n, unsigned index)
{
	size_t bytes = n->bytes ? n->bytes : DEFAULT_BYTES;
	struct copy c = {0};

	(void)index;
	bytes = MAX(bytes, 2 * PIECE) & ~(size_t)(2 * PIECE - 1);
	c.from = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c.from == MAP_FAILED)
		noise_give_up("no memory for its working set");
	memset(c.from, 1, bytes);
	c.half = bytes / 2;
	c.to = c.from + c.half;
	noise_duty_loop(n, copy_piece, &c);
}
