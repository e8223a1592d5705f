/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes named so that a reused pid cannot be mistaken for them: pid and start time together. An
 * "owner" is the text "PID-START", which domains, cgroups and runtime folders of a harness carry,
 * so that a later one can tell what belongs to the living. */
#ifndef SS_BASE_PROCESS_H
#define SS_BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/util.h"

#define OWNER_MAX 48

/* When `pid` started, in clock ticks since boot (field 22 of /proc/PID/stat); 0 if there is
 * none. */
uint64_t process_start_ticks(pid_t pid);

/* The folder below which runs, and their embedded libvirt drivers, have their runtime folders:
 * /run/stealscope for root; a user's own below $XDG_RUNTIME_DIR, or in /tmp. Never NULL, not to be
 * freed, the same for the whole life of a process. */
const char *runtime_root(void);

/* This process as owner text. Returns buf. */
char *owner_self(char buf[OWNER_MAX]);

/* Whether the process that `owner` names still runs (a zombie does not): 1, 0, or -1 when this user
 * cannot tell, or not now. 0 for other text. */
int owner_look(const char *owner);
/* It runs, or that cannot be told. */
bool owner_alive(const char *owner);

/* The owner of the run of that name: the harness that made its runtime folder. False when there is
 * none, or the folder is not this user's alone (base/owner.h). */
bool owner_of_run(const char *run, char buf[OWNER_MAX]);

/* Whether `text` has the form of an owner. */
bool owner_parse(const char *text, pid_t *pid, uint64_t *start_ticks);

/* Whether its executable is QEMU, which no argument can pretend; also true of another user's process,
 * whose executable this one may not see (nor signal it). False when it is not there. */
bool process_runs_qemu(pid_t pid);
/* Whether it is a QEMU one of whose arguments has one of these texts in it. 0 also when it is not there; -errno where its
 * arguments cannot be read. */
int process_qemu_has(pid_t pid, const struct strv *texts);

/* A pidfd, close-on-exec, or -errno. */
int process_open(pid_t pid);
/* Whether the process of a pidfd has ended. */
bool process_ended(int pidfd);
/* Wait at most `timeout_ms` for it to end. True when it has. */
bool process_wait_end(int pidfd, int timeout_ms);
/* Collect its exit status if it has ended and is this process's child; harmless otherwise. */
void process_collect(int pidfd);
/* Send a signal through a pidfd. 0 or -errno. */
int process_signal(int pidfd, int sig);

/* This process may have so many files open, or as many as this user may. */
void process_open_files(unsigned wanted);
/* Memory that was freed is kept for the next time: for who does the same again and again, for days. What is given
 * back to the kernel is zeroed, and found again a page fault at a time. */
void process_keep_memory(void);

#endif
