// SPDX-License-Identifier: GPL-3.0-or-later
/* Any stressor of stress-ng, by its own command line. No shell: words are split at blanks. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "noise/priv.h"

#define MAX_WORDS 64

int noise_stress_ng_available(struct err *e)
{
	if (noise_program_found("stress-ng"))
		return 0;
	return err_set_exit(e, EXIT_HOST, ENOENT,
		"stress-ng is not installed; install the package stress-ng or use another kind of noise");
}

void noise_stress_ng(const struct plan_noise *n, unsigned index)
{
	static char program[] = "stress-ng";
	char *argv[MAX_WORDS + 2] = {program}, *save = NULL;
	char *words = xstrdup(n->args ? n->args : "");
	size_t argc = 1;

	if (index > 0) /* one stress-ng makes its own workers */
		_exit(0);
	for (char *w = strtok_r(words, " \t\n", &save); w && argc <= MAX_WORDS;
		w = strtok_r(NULL, " \t\n", &save))
		argv[argc++] = w;
	execvp(program, argv);
	_exit(127);
}
