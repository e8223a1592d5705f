/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scenario as a tree of elements with positions, before it means anything. Variants and overrides
 * edit copies of the tree. All memory comes from an arena, so that a tree is dropped at once. */
#ifndef SS_SCENARIO_NODE_H
#define SS_SCENARIO_NODE_H

#include "base/util.h"
#include "scenario/msg.h"

struct arena {
	struct arena_block *blocks;
};
void *arena_alloc(struct arena *a, size_t size); /* zeroed */
char *arena_strndup(struct arena *a, const char *s, size_t n);
void arena_release(struct arena *a);

/* Who gave an attribute its value, in rising order of precedence. */
enum origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_VARIANT, ORIGIN_SWEEP, ORIGIN_SET };

struct attr {
	const char *name, *value;
	struct scenario_pos pos;
	enum origin origin;
};

struct node {
	const char *name;
	const struct key_elem *key; /* NULL until node_check_keys() knew the name */
	struct scenario_pos pos;
	struct attr *attrs;
	unsigned n_attrs;
	bool implied;	  /* put in by resolve_defaults() */
	bool broken;	  /* an attribute was wrong and is gone: do not judge the rest */
	const char *text; /* character data of elements that take text; NULL without */
	struct node *children, *last_child, *next;
};

struct node *node_new(struct arena *a, const char *name, struct scenario_pos pos);
void node_append(struct node *parent, struct node *child);
/* Take `child` out of `parent`. */
void node_remove(struct node *parent, struct node *child);
/* A deep copy; strings are shared with the original. */
struct node *node_copy(struct arena *a, const struct node *n);
struct attr *node_attr(const struct node *n, const char *name); /* NULL if there is none */
/* Set or replace. Strings are borrowed. */
void node_set(struct arena *a, struct node *n, const struct attr *value);
/* The child `name` (and, when `called` is not NULL, whose attribute name= is `called`). */
struct node *node_child(const struct node *n, const char *name, const char *called);

#define node_for_each(c, n) for (struct node *c = (n)->children; c; c = c->next)

#endif
