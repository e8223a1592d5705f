// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope-agent record. */
#include "guest-agent/linux/linux.h"

int record_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	say("record: not here yet");
	return 1;
}
