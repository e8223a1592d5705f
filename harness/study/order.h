/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The order in which an experiment runs. A block is one repeat of one scenario: each of its
 * configurations once, in random order, so that a drift of the box hits all configurations alike.
 * Blocks of several scenarios are interleaved: all first repeats, in random order, then all second
 * ones. The same sizes and seed give the same order on any box.
 *
 * A block is also what a shard takes or leaves: two configurations of a scenario are never held
 * against each other from different hosts.
 */
#ifndef SS_STUDY_ORDER_H
#define SS_STUDY_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct order_size {
	size_t configs;
	unsigned repeats;
};

struct order_unit {
	size_t scenario, config;
	unsigned repeat; /* from 0 */
	unsigned block;	 /* from 1, in running order, counted over all shards */
};

/* The order of `n` scenarios, `*count` units; the caller frees. */
struct order_unit *order_make(
	const struct order_size *sizes, size_t n, uint64_t seed, size_t *count);

/* Whether shard `k` of `n` (from 1) runs a unit. Each scenario's blocks are dealt out in turn, so
 * that shards differ by at most one block of any scenario. */
bool order_in_shard(const struct order_unit *u, unsigned k, unsigned n);

#endif
