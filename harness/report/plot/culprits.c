// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/plot/culprits.h"

#include <stdlib.h>
#include <string.h>

static bool is_of_a_guest(enum culprit_kind kind)
{
	return kind == CULPRIT_VM || kind == CULPRIT_VM_THREAD || kind == CULPRIT_NATIVE ||
	       kind == CULPRIT_NATIVE_THREAD;
}

void culprit_group(const char *culprit, enum culprit_kind kind, char name[static CULPRIT_TEXT])
{
	const char *last = strrchr(culprit, ' '), *first = strchr(culprit, ' ');
	size_t n = strlen(culprit);

	/* "vm NAME THREAD": the thread goes, the name may hold blanks itself. */
	if (is_of_a_guest(kind) && last > first)
		n = (size_t)(last - culprit);
	n = MIN(n, CULPRIT_TEXT - 1);
	memcpy(name, culprit, n);
	name[n] = '\0';
}

struct sum {
	char name[CULPRIT_TEXT];
	uint64_t ns;
};

static int by_ns(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	return x->ns > y->ns ? -1 : x->ns < y->ns ? 1 : strcmp(x->name, y->name);
}

/* Where `name` stands among the sums, or the place behind them. `table`: places + 1, by hash; its size is a power of two. */
static size_t place_of(
	const struct sum *sums, uint32_t *table, size_t size, size_t n, const char *name)
{
	size_t slot = 5381; /* Bernstein's hash */

	for (const char *p = name; *p; p++)
		slot = slot * 33 + (unsigned char)*p;
	for (slot &= size - 1; table[slot]; slot = (slot + 1) & (size - 1))
		if (!strcmp(sums[table[slot] - 1].name, name))
			return table[slot] - 1;
	table[slot] = (uint32_t)n + 1;
	return n;
}

/* What each took of the guests that are noise, or of those that are not. A plot each, for some hundred guests with tens of
 * thousands of rows: not sorted by name. */
static size_t sum_up(const struct analysis *a, bool noise, struct sum *sums)
{
	auto_free uint32_t *table = NULL;
	size_t n = 0, size = 16;

	while (size < 2 * a->n_blame)
		size *= 2;
	table = xcalloc(size, sizeof(*table));
	for (size_t i = 0; i < a->n_blame; i++) {
		const struct blame_row *r = &a->blame[i];
		size_t at;

		if (a->guests[r->guest].is_noise != noise || r->kind == CULPRIT_QUOTA ||
			r->kind == CULPRIT_IDLE || r->kind == CULPRIT_UNKNOWN)
			continue;
		culprit_group(r->culprit, r->kind, sums[n].name);
		at = place_of(sums, table, size, n, sums[n].name);
		if (at == n)
			sums[n++].ns = 0;
		sums[at].ns += r->ns;
	}
	qsort(sums, n, sizeof(*sums), by_ns);
	return n;
}

struct culprit_palette culprit_palette(const struct analysis *a)
{
	struct sum *sums = xcalloc(a->n_blame + 1, sizeof(*sums));
	struct culprit_palette p = {0};
	size_t n = sum_up(a, false, sums);

	if (!n) /* nobody but noise waited */
		n = sum_up(a, true, sums);
	for (; p.n < MIN(n, (size_t)SLOTS_NAMED); p.n++)
		memcpy(p.name[p.n], sums[p.n].name, CULPRIT_TEXT);
	free(sums);
	return p;
}

unsigned culprit_slot(const struct culprit_palette *p, const char *culprit, enum culprit_kind kind)
{
	char name[CULPRIT_TEXT];

	if (kind == CULPRIT_QUOTA || kind == CULPRIT_IDLE)
		return kind == CULPRIT_QUOTA ? SLOT_QUOTA : SLOT_IDLE;
	culprit_group(culprit, kind, name);
	for (unsigned i = 0; i < p->n; i++)
		if (!strcmp(p->name[i], name))
			return i;
	return SLOT_OTHERS;
}

const char *culprit_slot_name(const struct culprit_palette *p, unsigned slot)
{
	static const char *const rest[] = {"its own quota", "idle CPU, on its way", "others"};

	return slot < SLOTS_NAMED ? p->name[slot] : rest[slot - SLOTS_NAMED];
}

const char *culprit_slot_class(unsigned slot)
{
	static const char *const class[CULPRIT_SLOTS] = {
		"w0", "w1", "w2", "w3", "w4", "w5", "w6", "throttle", "sleep", "wx"};

	return class[slot];
}
