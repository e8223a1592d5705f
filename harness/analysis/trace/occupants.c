/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/trace/occupants.h"

#include <stdlib.h>

#include "base/util.h"

void occupants_release(struct occupants *o)
{
	free(o->ring);
	*o = (struct occupants){0};
}

void occupants_add(struct occupants *o, uint64_t since, uint32_t culprit)
{
	if (!o->ring)
		o->ring = xcalloc(OCCUPANTS_KEPT, sizeof(*o->ring));
	o->ring[o->n++ % OCCUPANTS_KEPT] = (struct occupant){since, culprit};
}

const struct occupant *occupants_get(const struct occupants *o, uint64_t index)
{
	return index < o->n ? &o->ring[index % OCCUPANTS_KEPT] : NULL;
}

bool occupants_find(const struct occupants *o, uint64_t at, uint64_t *index)
{
	uint64_t first = o->n > OCCUPANTS_KEPT ? o->n - OCCUPANTS_KEPT : 0, low = first,
		 high = o->n;

	/* The first change behind `at`; what stands before it is what is looked for. */
	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (occupants_get(o, mid)->since <= at)
			low = mid + 1;
		else
			high = mid;
	}
	*index = low - 1;
	return low > first;
}
