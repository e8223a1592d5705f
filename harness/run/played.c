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
#include "record/scenario_copy.h"

/* What a record is made of again is in that record. */
static char *find_trace(const struct session *s, const struct noise_run *n, const char *folder)
{
	const char *trace = n->stalls.trace, *file = s->o->scenario->items[0];
	const char *slash = s->o->scenario_file ? strrchr(file, '/') : NULL;
	auto_free char *record = slash ? xasprintf("%.*s", (int)(slash - file), file) : NULL;
	char *kept = record ? trace_copy_path(record, n->plan->name) : NULL;

	if (kept && access(kept, R_OK) == 0)
		return kept;
	free(kept);
	return *trace == '/' ? xstrdup(trace) : xasprintf("%s/%s", folder, trace);
}

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
		if (n->stalls.trace)
			n->stalls.how.trace = n->trace = find_trace(s, n, folder);
		n->plan = &n->own;
		if (stalls_look(&n->stalls, e))
			return err_wrap(e, "noise %s", n->plan->name);
	}
	return 0;
}

int played_keep(struct session *s, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < s->n_noises; i++) {
		const struct noise_run *n = &s->noises[i];

		rc = n->trace ? trace_copy_in(s->folder.path, n->plan->name, n->trace, e) : 0;
		if (rc != -EFBIG)
			continue;
		session_warn(s, "%s: the record does not hold it, and replay needs it where it is",
			e->msg);
		*e = (struct err)ERR_INIT;
		rc = 0;
	}
	return rc;
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

/* The thread is where the plan says, and nowhere else: somebody's domain may have been moved since. */
static int check_place(const struct guest_run *g, unsigned v, unsigned cpu, struct err *e)
{
	struct cpuset there, planned = cpuset_of(cpu);

	if (cpuset_of_thread(g->tids[v], &there) || cpuset_equal(&there, &planned))
		return 0;
	return err_set_exit(e, EXIT_HOST, EBUSY,
		"stalls cannot be played to '%s': its vCPU %u was to stay on CPU %u, and somebody moved it; start again",
		g->plan->name, v, cpu);
}

int played_tell_victims(struct session *s, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < s->n_noises; i++) {
		struct noise_run *n = &s->noises[i];
		const struct plan_stalls *p = n->plan->stalls;
		size_t vcpu = 0;

		for (size_t g = 0; p && g < s->n_guests; g++) {
			if (!is_copy(s->guests[g].plan->name, p->victim))
				continue;
			for (unsigned v = 0; !rc && v < s->guests[g].plan->vcpus; v++) {
				rc = check_place(&s->guests[g], v, p->cpus[vcpu], e);
				noise_victim(n->noise, vcpu++, s->guests[g].tids[v]);
			}
		}
	}
	return rc;
}
