/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What hostd may do, and when. It is started by root, or by a user with file capabilities (setcap
 * ...=p: permitted, not effective): then everything that the caller names is opened with the
 * caller's own rights, the capabilities are on while the programs are loaded, and only what later
 * reading needs is kept, for good. docs/privileges.md is the table of what is needed for what.
 */
#ifndef SS_HOST_AGENT_PRIVILEGE_H
#define SS_HOST_AGENT_PRIVILEGE_H

#include <stdbool.h>

#include "base/err.h"

/* First of all: refuse set-uid and set-gid use; put the caller's environment and the capabilities
 * of a user out of effect. */
int privilege_begin(struct err *e);
/* Set-up begins: the capabilities that a user's hostd was given are on. Does nothing for root. */
void privilege_use(void);
/* Around the opening of what the caller names: with the caller's rights, no capability in effect;
 * and back to what it holds. */
void privilege_put_off(void);
void privilege_take_on(void);
/* Set-up is done: keep CAP_BPF, with `debugfs` CAP_DAC_READ_SEARCH, and CAP_SYS_PTRACE where /proc
 * hides the threads of others; as root, become nobody. No way back, not by exec either. */
int privilege_drop(bool debugfs, struct err *e);

#endif
