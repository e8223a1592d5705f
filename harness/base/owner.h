/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose a run is. Each run of a harness has a folder below the runtime root with a file `owner` in
 * it: the harness's "PID-START" (base/process.h). The folder comes into being with that file in it,
 * before anything else of the run does, and goes when nothing else of the run is left; while it comes
 * and while it goes its name tells the owner. The harness holds a lock on the file while it lives.
 *
 * What belongs to a run carries its name. It may be taken away when all of this is proven: the root
 * and the folder are this user's and nobody else's to write to, the owner is dead, the lock is free.
 */
#ifndef SS_BASE_OWNER_H
#define SS_BASE_OWNER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/process.h"

enum run_state {
	RUN_UNKNOWN, /* no such run, or nothing proves whose it is */
	RUN_ALIVE,
	RUN_LEFT, /* its harness is dead */
};

/* Whether the runtime root is a folder that only this user can write to. A missing one is. */
int runtime_root_check(struct err *e);

/* Make the folder of a run with its owner, this process, in it. The lock is *lock, to be closed
 * when the run is over. */
int owner_claim(const char *dir, int *lock, struct err *e);
/* Remove that folder of `owner`. Where that fails half-way, what is left has its hidden name. */
int owner_release(const char *dir, const char *owner, struct err *e);
/* "/run/stealscope/.PID-START.RUN", of "/run/stealscope/RUN". Caller frees. */
char *owner_hidden_name(const char *dir, const char *owner);
/* Whether that folder's owner file says so. */
bool owner_is(const char *dir, const char *owner);

enum run_state run_state(const char *run);
/* The state of a folder below the runtime root that carries the name of its owner itself:
 * "PID-START", a driver's, or a hidden name. */
enum run_state owned_folder_state(const char *name);

#endif
