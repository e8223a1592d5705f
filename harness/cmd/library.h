/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scenarios and probes that come with stealscope, listed. */
#ifndef SS_CMD_LIBRARY_H
#define SS_CMD_LIBRARY_H

#include "cmd/cmd.h"

/* The file that `word` names: itself, or, where there is no such file, the scenario of the library
 * that is called so, with or without .xml. Caller frees. */
char *library_file(const char *word);
/* One line per scenario of the library: name, title, and why this box cannot run it, if so. */
int library_list(const struct cmd_common *c, struct err *e);
/* One line per probe, from the scenario table. */
void library_list_probes(FILE *f);

#endif
