// SPDX-License-Identifier: GPL-3.0-or-later
/* Noise that plays stalls: looked at before anything starts, logged into the record, told its victims. */
#include "run/played.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "noise/stalls.h"

int step_played(struct session *s, struct err *e)
{
	auto_free char *folder = run_scenario_folder(s);

	for (size_t i = 0; i < s->n_noises; i++) {
		struct noise_run *n = &s->noises[i];

		if (!n->plan->stalls)
			continue;
		n->own = *n->plan;
		n->stalls = *n->plan->stalls;
		n->own.stalls = &n->stalls;
		if (n->stalls.trace) {
			n->trace = *n->stalls.trace == '/'
					   ? xstrdup(n->stalls.trace)
					   : xasprintf("%s/%s", folder, n->stalls.trace);
			n->stalls.how.trace = n->trace;
		}
		n->plan = &n->own;
		if (stalls_look(&n->stalls, e))
			return err_wrap(e, "noise %s", n->plan->name);
	}
	return 0;
}

int played_start(struct session *s, struct noise_run *n, struct err *e)
{
	auto_free char *path = xasprintf("%s/host/stalls-%s.bin", s->folder.path, n->plan->name);
	int rc;

	n->log = beneath_open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0644);
	if (n->log < 0)
		return err_sys(e, "%s", path);
	rc = noise_start_logged(n->plan, s->info.run, n->words, n->log, &n->noise, e);
	if (!rc)
		reaper_add_pid(s->reaper, noise_last_pid(n->noise));
	return rc;
}

void played_end(struct noise_run *n)
{
	if (n->log >= 0)
		close(n->log);
	n->log = -1;
	free(n->trace);
	n->trace = NULL;
}

/* A guest's name, or that of its copies: "app", "app-0". */
static bool is_copy(const char *guest, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(guest, name, n) &&
	       (!guest[n] || (guest[n] == '-' && guest[n + 1] &&
				     strspn(guest + n + 1, "0123456789") == strlen(guest + n + 1)));
}

void played_tell_victims(struct session *s)
{
	for (size_t i = 0; i < s->n_noises; i++) {
		struct noise_run *n = &s->noises[i];
		size_t vcpu = 0;

		if (!n->plan->stalls)
			continue;
		for (size_t g = 0; g < s->n_guests; g++) {
			if (!is_copy(s->guests[g].plan->name, n->plan->stalls->victim))
				continue;
			for (unsigned v = 0; v < s->guests[g].plan->vcpus; v++)
				noise_victim(n->noise, vcpu++, s->guests[g].tids[v]);
		}
	}
}
