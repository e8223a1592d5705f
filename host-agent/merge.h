/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of several writers, the CPUs, each one's in order, become one stream by time. What is put in is copied. */
#ifndef SS_HOST_AGENT_MERGE_H
#define SS_HOST_AGENT_MERGE_H

#include <stddef.h>

#include "host-agent/sink.h"

struct merge;

struct merge *merge_make(void);
void merge_free(struct merge *m); /* NULL is fine */
/* The next writer's records: up to `size` bytes, all of them whole; they go where the pointer points. */
char *merge_stream(struct merge *m, size_t size);
/* One more record to the last stream. */
void merge_add(struct merge *m, const void *record, size_t size);
/* Those up to this time, to the sink; of those of one time, an earlier stream's come first. The others stay, before what comes. */
void merge_until(struct merge *m, uint64_t until, struct sink *s);

#endif
