/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lab box's own steal per CPU in ns, through eBPF. */
#ifndef SS_HOST_AGENT_BOXSTEAL_H
#define SS_HOST_AGENT_BOXSTEAL_H

#include <stdint.h>

#include "base/err.h"

struct boxsteal;
int boxsteal_open(struct boxsteal **out, struct err *e);
void boxsteal_close(struct boxsteal *b); /* NULL is fine */
/* Steal of CPUs 0..n-1, cumulative since boot. The array is owned by b, valid until the next
 * call. */
const uint64_t *boxsteal_read(struct boxsteal *b);

#endif
