/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run on Xen: what takes the place of the page in /dev/shm (xen_guest.c) and of the host agent
 * (xen_witness.c). All are no-ops where the run is not on Xen. */
#ifndef SS_RUN_XEN_H
#define SS_RUN_XEN_H

#include "run/priv.h"

/* What a domain is told of its page; `f` borrows from `g`. */
void xen_guest_describe(struct guest_run *g, struct domain_files *f);
/* A domain that was started, and is paused: its page moves into its memory, and it runs. */
int xen_guest_go(struct session *s, struct guest_run *g, struct err *e);
/* A guest with a kernel, while it comes up: its page moves into what it granted. */
int xen_guest_look(struct session *s, struct guest_run *g, struct err *e);
/* What it says goes to its console's file. */
void xen_guest_console(struct guest_run *g);

struct xen_witness;
/* xentrace's run states into the record's trace, in place of the host agent. Warns where it cannot. */
int xen_witness_begin(struct session *s, struct err *e);
void xen_witness_track(struct session *s);
/* All until now is in the trace, and it ends. */
void xen_witness_stop(struct session *s);
void xen_witness_end(struct session *s);

#endif
