/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A box file: what a box has, what its writer might use of it, and what doctor found there, as JSON,
 * so that plans for it can be made anywhere. A member that is not known is left out, never 0:
 *
 *   {"format": "stealscope box 1",
 *    "memory_bytes", "memory_available_bytes",
 *    "online", "isolated", "allowed", "taken", "allowed_nodes": CPU and node lists, "limit": text,
 *    "cpus": [{"id", "socket", "llc", "siblings", "kind"}],
 *    "nodes": [{"id", "ids", "cpus", "memory_bytes", "free_bytes", "hugepages_2m", "hugepages_1g",
 *               "distance": [...]}],
 *    "facts": [{"key", "value", "verdict", "note"}]}
 */
#ifndef SS_HOST_BOX_H
#define SS_HOST_BOX_H

#include "base/err.h"
#include "host/topology.h"

struct box_fact {
	const char *key, *value, *verdict, *note;
};

int box_write(const char *path, const struct topology *t, const struct box_fact *facts,
	size_t n_facts, struct err *e);
/* -EINVAL with a sentence for a file that is none, or that contradicts itself; *out is untouched. */
int box_read(const char *path, struct topology *out, struct err *e);

#endif
