// SPDX-License-Identifier: GPL-3.0-or-later
// What can be wrong with a guest of kind "disk" on any box. What its image is, image/disk.h says.
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/build.h"

static bool is_port(const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);

	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 6 && n &&
	       n < 65536;
}

static void check_ready(
	const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	const char *ready = g->disk.ready;
	regex_t re;

	if (!strcmp(ready, "agent")) {
		if (g->disk.agent == AGENT_NONE)
			SAY_OF(c, msgs, g->pos,
				"ready=\"agent\" of a guest without one; use port:N, console:PATTERN or now");
	} else if (!strncmp(ready, "port:", 5)) {
		if (!is_port(ready + 5))
			SAY_OF(c, msgs, g->pos,
				"ready=\"%.60s\": a port is a number from 1 to 65535", ready);
		else if (g->disk.network != NETWORK_USER)
			SAY_OF(c, msgs, g->pos,
				"ready=\"%.60s\" of a guest without a network; set network=\"user\"",
				ready);
	} else if (!strncmp(ready, "console:", 8)) {
		if (!ready[8] || regcomp(&re, ready + 8, REG_EXTENDED | REG_NOSUB))
			SAY_OF(c, msgs, g->pos, "ready=\"%.60s\": no regular expression", ready);
		else
			regfree(&re);
	} else if (strcmp(ready, "now") != 0) {
		SAY_OF(c, msgs, g->pos,
			"ready=\"%.60s\": write agent, port:N, console:PATTERN or now", ready);
	}
}

void check_disk(const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	if (!g->disk.image[0])
		SAY_OF(c, msgs, g->pos,
			"guest '%s' of kind \"disk\" has no image; write image=\"FILE\" or --set guest.%s.image=FILE",
			g->name, g->name);
	if (g->n_files)
		SAY_OF(c, msgs, g->files[0].pos,
			"<file> is for Linux guests; put it into the image of guest '%s'", g->name);
	for (size_t i = 0; i < g->n_probes && guest_is_outside(g); i++)
		SAY_OF(c, msgs, g->probes[i].pos,
			"<%s> in guest '%s', which has no agent to run it; remove it, or leave agent out",
			word_of(&words_probe, g->probes[i].kind), g->name);
	check_ready(c, g, msgs);
}
