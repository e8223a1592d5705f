/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SS_RUN_PLAYED_H
#define SS_RUN_PLAYED_H

#include "run/priv.h"

/* Find the traces and refuse what cannot be played here. */
int step_played(struct session *s, struct err *e);
/* In place of noise_start(), of a noise that plays; known to the reaper. */
int played_start(struct session *s, struct noise_run *n, struct err *e);
void played_end(struct noise_run *n);
/* Once the threads of the vCPUs are known. */
/* The traces go into the record, which has begun. */
int played_keep(struct session *s, struct err *e);
/* Once their threads are known: also that these stay where they are stalled. */
int played_tell_victims(struct session *s, struct err *e);

#endif
