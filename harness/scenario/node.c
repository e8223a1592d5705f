// SPDX-License-Identifier: GPL-3.0-or-later
// The tree of elements and the arena it lives in.
#include "scenario/node.h"

#include <string.h>

#define BLOCK_SIZE 65536

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(16) char data[];
};

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (!b || b->size - b->used < size) {
		size_t room = MAX(size, (size_t)BLOCK_SIZE);

		b = xmalloc(sizeof(*b) + room);
		b->used = 0;
		b->size = room;
		b->next = a->blocks;
		a->blocks = b;
	}
	p = b->data + b->used;
	b->used += size;
	return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	memcpy(p, s, n);
	return p;
}

void arena_release(struct arena *a)
{
	while (a->blocks) {
		auto_free struct arena_block *b = a->blocks;

		a->blocks = b->next;
	}
}

struct node *node_new(struct arena *a, const char *name, struct scenario_pos pos)
{
	struct node *n = arena_alloc(a, sizeof(*n));

	n->name = name;
	n->pos = pos;
	return n;
}

void node_append(struct node *parent, struct node *child)
{
	child->next = NULL;
	if (parent->last_child)
		parent->last_child->next = child;
	else
		parent->children = child;
	parent->last_child = child;
}

void node_remove(struct node *parent, struct node *child)
{
	struct node *before = NULL;

	for (struct node *c = parent->children; c && c != child; c = c->next)
		before = c;
	if (before)
		before->next = child->next;
	else
		parent->children = child->next;
	if (parent->last_child == child)
		parent->last_child = before;
	child->next = NULL;
}

struct node *node_copy(struct arena *a, const struct node *n)
{
	struct node *copy = node_new(a, n->name, n->pos);

	copy->key = n->key;
	copy->text = n->text;
	copy->implied = n->implied;
	copy->broken = n->broken;
	copy->n_attrs = n->n_attrs;
	if (n->n_attrs) {
		copy->attrs = arena_alloc(a, n->n_attrs * sizeof(*n->attrs));
		memcpy(copy->attrs, n->attrs, n->n_attrs * sizeof(*n->attrs));
	}
	node_for_each(c, n) node_append(copy, node_copy(a, c)); /* depth is bounded by the reader */
	return copy;
}

struct attr *node_attr(const struct node *n, const char *name)
{
	for (unsigned i = 0; i < n->n_attrs; i++)
		if (!strcmp(n->attrs[i].name, name))
			return &n->attrs[i];
	return NULL;
}

void node_set(struct arena *a, struct node *n, const struct attr *value)
{
	struct attr *old = node_attr(n, value->name), *grown;

	if (old) {
		*old = *value;
		return;
	}
	grown = arena_alloc(a, (n->n_attrs + 1) * sizeof(*grown));
	if (n->n_attrs)
		memcpy(grown, n->attrs, n->n_attrs * sizeof(*grown));
	grown[n->n_attrs++] = *value;
	n->attrs = grown;
}

struct node *node_child(const struct node *n, const char *name, const char *called)
{
	node_for_each(c, n)
	{
		const struct attr *a;

		if (strcmp(c->name, name) != 0)
			continue;
		if (!called)
			return c;
		a = node_attr(c, "name");
		if (a && !strcmp(a->value, called))
			return c;
	}
	return NULL;
}
