// SPDX-License-Identifier: GPL-3.0-or-later
/* clock_step SECONDS: moves the wall clock of this box by so much, at once and exactly, so that the
 * same step back restores it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>

int main(int argc, char **argv)
{
	struct timex t = {.modes = ADJ_SETOFFSET};

	t.time.tv_sec = argc == 2 ? atol(argv[1]) : 0;
	if (!t.time.tv_sec) {
		fputs("clock_step SECONDS\n", stderr);
		return 2;
	}
	if (adjtimex(&t) < 0) {
		perror("adjtimex");
		return 1;
	}
	return 0;
}
