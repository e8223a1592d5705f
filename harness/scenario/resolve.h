/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the tree of a scenario to one complete tree per configuration: includes, defaults, variants,
 * sweep points and --set. Inside scenario/ only. */
#ifndef SS_SCENARIO_RESOLVE_H
#define SS_SCENARIO_RESOLVE_H

#include "scenario/keys.h"

/* What a scenario is read from and where its messages go. */
struct loading {
	struct arena arena;
	struct scenario_msgs *msgs;
	struct strv files;  /* every file read; positions borrow them */
	const char *folder; /* of includes; NULL = none are allowed */
	const char *const *sets;
	size_t n_sets;
	struct node *root;
	struct sweep *sweep; /* made by resolve_points() */
};

/* One configuration before its tree is made. */
struct point {
	char *name, *variant, *text;	 /* as exp_config.name, .variant, .point; owned */
	const struct node *variant_node; /* NULL = the base */
	size_t index;			 /* of the sweep point */
};
struct points {
	struct point *items;
	size_t n;
};
void points_release(struct points *p);

/* Read and check a file into a tree: the scenario itself, or a <shared> file that the element
 * `include` names. */
struct node *load_file(struct loading *l, const char *path, const struct node *include);
/* The same from memory. */
struct node *load_text(
	struct loading *l, const char *file, const char *text, size_t len, enum elem_id root);

/* Replace every <include> by what the file holds. */
void resolve_includes(struct loading *l);
/* Put in what is implied: <lab>, a timer probe, the name of a noise. */
void resolve_defaults(struct loading *l);
/* All configurations of the scenario; at least one unless there is a message. */
void resolve_points(struct loading *l, struct points *out);
/* The complete tree of one configuration, allocated from `a`. */
struct node *resolve_tree(struct loading *l, struct arena *a, const struct point *p);

#endif
