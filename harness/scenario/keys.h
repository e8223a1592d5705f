/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of the scenario language: every element and attribute with its type, range, default and
 * meaning. The parser, its messages, docs/scenario-keys.md and scenarios/scenario.rng are made from
 * it. To add a key: a field in experiment.h and a row in keys_experiment.c,
 * keys_guest.c or keys_probe.c. */
#ifndef SS_SCENARIO_KEYS_H
#define SS_SCENARIO_KEYS_H

#include "scenario/node.h"
#include "scenario/value.h"
#include "terms/kinds.h"

enum elem_id {
	ELEM_SCENARIO,
	ELEM_SHARED,
	ELEM_DOC,
	ELEM_INCLUDE,
	ELEM_LAB,
	ELEM_GUEST,
	ELEM_TIMER,
	ELEM_GAP,
	ELEM_JOB,
	ELEM_LOCK,
	ELEM_MEMORY,
	ELEM_STEAL,
	ELEM_FILE,
	ELEM_NOISE,
	ELEM_MEASURE,
	ELEM_VARIANT,
	ELEM_SET,
	ELEM_ADD,
	ELEM_REMOVE,
	ELEM_SWEEP,
	ELEM_OVER,
	ELEM_EXPECT,
	ELEM_COUNT,
};

#define KEY_NOT_STORED SIZE_MAX /* read by name where it is needed */

struct key_attr {
	const char *name;
	enum value_type type;
	size_t offset; /* of the field in the element's struct */
	uint64_t min, max;
	const char *def;	   /* default as text, NULL = the field stays zero ("not given") */
	const struct words *words; /* VALUE_WORD */
	unsigned only;		   /* allowed only for kinds with one of these traits; 0 = always */
	bool required;
	const char *doc;
};

struct key_elem {
	const char *name;
	const char *doc;
	uint32_t parents;	      /* bits of enum elem_id */
	unsigned max;		      /* per parent; 0 = any number */
	bool text;		      /* holds text */
	bool built;		      /* has a struct: attributes are stored at their offsets */
	const struct key_attr *attrs; /* terminated by name NULL; NULL = none */
	enum probe_id probe;	      /* PROBE_NONE: none */
};

extern const struct key_elem key_elems[ELEM_COUNT];

const struct key_attr *key_attr_find(const struct key_elem *elem, const char *name);
/* The element of a probe. */
enum elem_id key_probe_elem(enum probe_id probe);
/* What an attribute means; of kind=, each kind too. */
void key_attr_doc(const struct key_attr *a, struct strbuf *out);

/*
 * Check a tree against the table: names, places, values, required attributes. Every problem becomes
 * a message; unknown elements and attributes are dropped from the tree, so that one mistake is one
 * message. Sets node.key everywhere.
 */
void keys_check_tree(struct node *root, enum elem_id expected, struct scenario_msgs *msgs);
/* The same for one attribute of one element. */
bool keys_check_attr(const struct node *n, const struct attr *a, struct scenario_msgs *msgs);

/* Fill the element's struct from its attributes and defaults. Only for trees without messages. */
void keys_store(const struct node *n, void *out);
/* Free the strings keys_store() made. */
void keys_free(enum elem_id elem, void *fields);

#endif
