// SPDX-License-Identifier: GPL-3.0-or-later
#include "analysis/trace/culprit_names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static uint32_t hash_of(const char *name, unsigned kind)
{
	uint32_t h = 2166136261u ^ kind; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h;
}

/* Where in the table it stands, or would. */
static uint32_t *slot_of(
	const struct culprit_names *c, enum culprit_kind kind, int guest, const char *name)
{
	uint32_t slot = hash_of(name, kind) % c->n_table;

	for (; c->table[slot]; slot = (slot + 1) % c->n_table) {
		const struct culprit *known = &c->list[c->table[slot] - 1];

		if (known->kind == kind && known->guest == guest && !strcmp(known->name, name))
			break;
	}
	return &c->table[slot];
}

static void make_table(struct culprit_names *c, uint32_t size)
{
	free(c->table);
	c->n_table = size;
	c->table = xcalloc(size, sizeof(*c->table));
	for (uint32_t i = 0; i < c->n; i++)
		if (c->list[i].name)
			*slot_of(c, c->list[i].kind, c->list[i].guest, c->list[i].name) = i + 1;
}

uint32_t culprit_names_add(struct culprit_names *c, enum culprit_kind kind, int guest, char *name)
{
	uint32_t *slot, id;

	for (char *p = name; *p; p++)
		if (!isprint((unsigned char)*p))
			*p = '?';
	if (c->n * 4 >= c->n_table)
		make_table(c, MAX(c->n_table * 2, 1024u));
	slot = slot_of(c, kind, guest, name);
	if (*slot || (c->n == CULPRITS_MAX && !c->n_spare)) {
		free(name);
		return *slot ? *slot - 1 : CULPRIT_ID_OTHERS;
	}
	if (c->n_spare) {
		id = c->spare[--c->n_spare];
	} else {
		ARRAY_GROW(c->list, c->n);
		id = c->n++;
	}
	c->list[id] = (struct culprit){kind, guest, name};
	*slot = id + 1;
	return id;
}

const struct culprit *culprit_names_of(const struct culprit_names *c, uint32_t id)
{
	return &c->list[id < c->n && c->list[id].name ? id : CULPRIT_ID_UNKNOWN];
}

void culprit_names_sweep(struct culprit_names *c, const bool *used)
{
	for (uint32_t i = CULPRIT_ID_FIRST; i < c->n; i++) {
		if (used[i] || !c->list[i].name)
			continue;
		free(c->list[i].name);
		c->list[i].name = NULL;
		ARRAY_GROW(c->spare, c->n_spare);
		c->spare[c->n_spare++] = i;
	}
	make_table(c, c->n_table);
}

void culprit_names_release(struct culprit_names *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		free(c->list[i].name);
	free(c->list);
	free(c->table);
	free(c->spare);
}
