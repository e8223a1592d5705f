// SPDX-License-Identifier: GPL-3.0-or-later
/* Any stressor of stress-ng, by its own command line. No shell: words are split at blanks. */
#include <string.h>
#include <unistd.h>

#include "noise/priv.h"

#define MAX_WORDS 64

void noise_stress_ng(const struct plan_noise *n, unsigned index)
{
	static char program[] = "stress-ng";
	char *argv[MAX_WORDS + 2] = {program}, *save = NULL;
	char *words = xstrdup(n->args ? n->args : "");
	size_t argc = 1;

	(void)index;
	for (char *w = strtok_r(words, " \t\n", &save); w && argc <= MAX_WORDS;
		w = strtok_r(NULL, " \t\n", &save))
		argv[argc++] = w;
	execvp(program, argv);
	noise_give_up("cannot run stress-ng");
}
