/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reaper: a small process that outlives a killed harness and clears up after it. It holds the
 * read end of a pipe of the harness; when that closes without reaper_done() (kill -9, a crash), it
 * kills and removes what it was told of, the QEMUs of the run found by name, and the run's control
 * groups. It ignores the signals of a terminal. A second process, not a thread: kill -9 spares none
 * of those.
 */
#ifndef SS_HOST_REAPER_H
#define SS_HOST_REAPER_H

#include <sys/types.h>

#include "base/err.h"

/* What runtime_root() is for root. */
#define REAPER_RUNTIME_DIR "/run/stealscope"

struct reaper;

/* Start it, early: before threads hold anything that a fork would copy. `runtime_dir` (made if
 * missing, NULL = none) gets a file `owner` and is removed as well. */
int reaper_start(const char *run, const char *runtime_dir, struct reaper **out, struct err *e);

/* What to kill or remove, in any order. Each is safe from any thread, needs no answer, and is
 * harmless for a NULL reaper. A pid that ended meanwhile and was reused is left alone. */
void reaper_add_pid(struct reaper *r, pid_t pid);
void reaper_add_shm(struct reaper *r, const char *name);  /* below /dev/shm */
void reaper_add_path(struct reaper *r, const char *path); /* a file or a tree */
/* The saved tuning of somebody's domain (domain/tuning.h): put back by `clean --tuning` of this very
 * program, since the reaper holds no connection to libvirt. */
void reaper_add_tuning(struct reaper *r, const char *path);

/* Domains at this libvirt that are no process of this box: `clean --connect` of this very program ends them. */
void reaper_add_domains(struct reaper *r, const char *uri);

/* All was cleared up by the harness itself: the reaper leaves without a deed. Waits for its end.
 * NULL is fine. */
void reaper_done(struct reaper *r);
/* The harness could not clear up (it may open no more files, say): the reaper does. Waits for its
 * end. NULL is fine. */
void reaper_take_over(struct reaper *r);

#endif
