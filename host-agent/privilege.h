/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SS_HOST_AGENT_PRIVILEGE_H
#define SS_HOST_AGENT_PRIVILEGE_H

#include "base/err.h"

/* Keep only the capabilities that reading /proc and debugfs and talking to loaded eBPF programs
 * need, for good. Does nothing without privileges. */
int privilege_drop(struct err *e);

#endif
