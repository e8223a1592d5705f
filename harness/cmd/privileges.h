/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What needs which privilege: the table of docs/privileges.md. */
#ifndef SS_CMD_PRIVILEGES_H
#define SS_CMD_PRIVILEGES_H

#include <stdio.h>

void privileges_print_markdown(FILE *f);

/* What this user is, in words; *note says what follows ("" = nothing). `hostd`: the host agent's
 * file, may be NULL. Both are constants. */
const char *privileges_here(const char *hostd, const char **note);

#endif
