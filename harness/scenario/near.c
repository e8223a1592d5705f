// SPDX-License-Identifier: GPL-3.0-or-later
#include "scenario/near.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"

void near_try(struct near *n, const char *candidate)
{
	unsigned d = edit_distance(n->word, candidate);
	size_t len = strlen(n->word);

	/* Also "pin" for "pinned". */
	if (len >= 3 && !strncmp(n->word, candidate, len))
		d = 1;
	if (d > (len <= 3 ? 1 : MAX(2u, (unsigned)MIN(len, strlen(candidate)) / 3)))
		return;
	if (!n->best || d < n->distance) {
		n->best = candidate;
		n->distance = d;
	}
}

char *near_hint(const struct near *n, char buf[96])
{
	buf[0] = '\0';
	if (n->best)
		snprintf(buf, 96, "; did you mean '%.64s'?", n->best);
	return buf;
}
