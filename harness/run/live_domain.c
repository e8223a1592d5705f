// SPDX-License-Identifier: GPL-3.0-or-later
/* Guests that are somebody's domains: looked at before anything starts, changed before measuring,
 * put back afterwards, whatever happened in between. */
#include <errno.h>
#include <stdlib.h>

#include "domain/live.h"
#include "run/live_domain.h"
#include "run/priv.h"

#define READ_TRIES  4 /* of a tuning: what a dead stealscope left is put back in between */
#define PUT_BACK_NS (10 * NS_PER_S) /* how long a libvirtd that is gone is awaited */

static void set_status(struct guest_run *g, const char *text)
{
	free(g->info->status);
	g->info->status = xstrdup(text);
}

/* ---- before anything starts */

/* What cannot be measured at all, one clear line each. */
int live_judge(const char *d, enum domain_use use, const struct live_facts *f, struct err *e)
{
	bool copy = use == USE_COPY;

	if (f->paused)
		return err_set_exit(e, EXIT_USAGE, EBUSY,
			"domain '%s' is %s; `virsh resume %s` first, or leave it out", d, f->state,
			d);
	if (!f->running && f->managed_save)
		return err_set_exit(e, EXIT_USAGE, EBUSY,
			"domain '%s' has a managed save image, which starting it would use up; start it yourself, or `virsh managedsave-remove %s`",
			d, d);
	if (!f->running && !copy && use == USE_LIVE)
		return err_set_exit(e, EXIT_USAGE, ESRCH,
			"domain '%s' is %s and use=\"live\" wants it running; start it, or leave use out to have it started and shut down again",
			d, f->state);
	if (copy && f->passthrough)
		return err_set_exit(e, EXIT_USAGE, ENOTSUP,
			"domain '%s' has %s, which a copy cannot have too; use=\"live\" leaves it where it is",
			d, f->passthrough);
	if (copy && f->running && f->writes)
		return err_set_exit(e, EXIT_USAGE, EBUSY,
			"domain '%s' runs and writes to its disk %s, of which no sound copy can be made meanwhile; shut it down, or use=\"live\"",
			d, f->writes);
	return 0;
}

static int check_vcpus(const struct plan_guest *g, const struct live_facts *f, struct err *e)
{
	return f->vcpus == g->vcpus
		       ? 0
		       : err_set(e, EINVAL,
				 "domain '%s' has %u vCPUs now, and the plan was made for %u",
				 g->domain, f->vcpus, g->vcpus);
}

static int look_at_one(struct session *s, struct guest_run *g, struct err *e)
{
	bool copy = g->plan->use == USE_COPY;
	auto_struct(live_facts) f = {0};
	int rc = live_look(s->conn, g->plan->domain, &f, e);

	if (rc)
		return rc;
	rc = live_judge(g->plan->domain, g->plan->use, &f, e);
	if (!rc)
		rc = check_vcpus(g->plan, &f, e);
	g->use = copy ? LIVE_COPY : f.running ? LIVE_AS_IT_RUNS : LIVE_STARTED;
	g->info->memory_bytes = f.memory_bytes;
	free(g->info->domain);
	free(g->info->use);
	free(g->info->accel);
	g->info->domain = xstrdup(g->plan->domain);
	g->info->use = xstrdup(copy ? "copy" : f.running ? "live" : "started");
	g->info->accel = xstrdup(f.kvm ? "kvm" : "tcg");
	return rc;
}

int step_look_at_domains(struct session *s, struct err *e)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		struct guest_run *g = &s->guests[i];
		int rc = g->plan->domain ? look_at_one(s, g, e) : 0;

		if (rc)
			return err_wrap(e, "guest %s", g->plan->name);
	}
	return 0;
}

char *copy_xml(struct session *s, const struct guest_run *g, const char *owner, struct err *e)
{
	auto_free char *folder = xasprintf("%s/disks", s->runtime_dir);

	session_warn(s,
		"guest %s is a copy of domain '%s': its network links are down, so that it does not meet the original",
		g->plan->name, g->plan->domain);
	return live_copy_xml(s->conn, g->plan, s->info.run, owner, folder, e);
}

/* ---- changing */

static int read_once(struct session *s, struct guest_run *g, struct strv *done, struct err *e)
{
	return g->use == LIVE_STARTED ? live_start(s->conn, g->plan->domain, done, &g->tuning, e)
				      : tuning_read(s->conn, g->plan->domain, &g->tuning, e);
}

static void note_before(struct guest_run *g)
{
	const struct tuning *t = g->tuning;
	const struct tuning_row *row = tuning_row(t, "emulatorpin");

	g->info->pid = t->pid;
	for (unsigned v = 0; v < t->vcpus && v < g->info->n_vcpus; v++) {
		auto_free char *key = xasprintf("vcpupin.%u", v);
		const struct tuning_row *r = tuning_row(t, key);

		if (r)
			cpuset_parse(r->want ? r->want : r->had, &g->info->vcpus[v].cpu_set, NULL);
	}
	if (row)
		cpuset_parse(row->want ? row->want : row->had, &g->info->emulator_cpus, NULL);
	free(g->info->changed);
	g->info->changed = tuning_text(t);
}

/* Read, mark, save: nothing is changed yet. -EAGAIN as tuning_save() has it. */
static int prepare_once(struct session *s, struct guest_run *g, struct strv *done, struct err *e)
{
	auto_free char *path = NULL;
	int rc = read_once(s, g, done, e);

	if (rc)
		return rc;
	rc = live_wants(g->plan, g->tuning, e);
	if (!rc)
		rc = tuning_save(g->tuning, done, e);
	if (rc)
		return rc;
	path = tuning_path(g->tuning);
	reaper_add_tuning(s->reaper, path);
	return 0;
}

static int change_one(struct session *s, struct guest_run *g, struct err *e)
{
	auto_struct(strv) done = {0};
	unsigned n;
	int rc = -EAGAIN;

	for (unsigned i = 0; rc == -EAGAIN && i < READ_TRIES; i++) {
		tuning_free(g->tuning);
		g->tuning = NULL;
		*e = (struct err)ERR_INIT;
		rc = prepare_once(s, g, &done, e);
	}
	for (size_t i = 0; i < done.n; i++)
		session_warn(s, "left by another run: %s", done.items[i]);
	if (!rc)
		rc = domain_attach(s->conn, g->tuning, &g->domain, e);
	if (!rc)
		note_before(g);
	if (!rc)
		rc = tuning_apply(s->conn, g->tuning, e);
	n = g->tuning ? tuning_names_defaults(g->tuning) : 0;
	if (!rc && n)
		session_warn(s,
			"domain '%s': %u setting%s its XML did not name could be changed through libvirt only: the live XML names the default from now on (a run as root leaves no trace)",
			g->plan->domain, n, n == 1 ? "" : "s");
	return rc;
}

int step_live_domains(struct session *s, struct err *e)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		struct guest_run *g = &s->guests[i];
		int rc = guest_is_theirs(g) ? change_one(s, g, e) : 0;

		if (rc) {
			set_status(g, "could not be changed");
			return err_wrap(e, "guest %s", g->plan->name);
		}
	}
	return 0;
}

/* ---- ending before its run */

/* What of the run's changes is in force elsewhere, or will be again; "" nothing. Caller frees. */
static char *taken_along(struct session *s, const struct guest_run *g, const char **why)
{
	bool lives_on;

	*why = live_why_ended(s->conn, g->tuning, &lives_on);
	return lives_on ? tuning_text_in_xml(g->tuning) : xstrdup("");
}

int live_ended(struct session *s, struct guest_run *g, struct err *e)
{
	const char *why;
	auto_free char *taken = taken_along(s, g, &why);

	set_status(g, "died");
	return err_set(e, ECHILD, "guest %s: domain '%s' ended in mid-run: %s%s%s%s", g->plan->name,
		g->plan->domain, why, *taken ? ", and what the run had changed went with it (" : "",
		taken, *taken ? "); put it back where it runs" : "");
}

/* ---- putting back */

static void tell(struct session *s, const struct guest_run *g, const struct tuning_outcome *o)
{
	const char *d = g->plan->domain;
	auto_free char *changed = tuning_text(g->tuning);

	for (size_t i = 0; i < o->kept.n; i++)
		session_warn(s, "domain '%s': %s", d, o->kept.items[i]);
	for (size_t i = 0; i < o->lost.n; i++)
		session_warn(s, "domain '%s': %s", d, o->lost.items[i]);
	if (o->late)
		session_warn(s,
			"domain '%s': put back in the kernel, but libvirt at %s does not answer and still holds what was applied (%s); run `stealscope clean` when it does",
			d, g->tuning->uri, changed);
	if (o->gone && g->use == LIVE_AS_IT_RUNS) {
		const char *why;
		auto_free char *taken = taken_along(s, g, &why);

		if (*taken)
			session_warn(s,
				"domain '%s': %s, and what the run had changed went with it (%s); put it back where it runs",
				d, why, taken);
	}
}

/* The promise: what it has now is what was read. */
static void check_restored(
	struct session *s, const struct guest_run *g, const struct tuning_outcome *o)
{
	struct err why = ERR_INIT;

	if (o->gone || o->late || o->kept.n || o->lost.n)
		return;
	if (tuning_check(s->conn, g->tuning, &why) == -EIO)
		session_warn(
			s, "not changed by this run, and yet otherwise afterwards: %s", why.msg);
}

static void put_back_one(struct session *s, struct guest_run *g)
{
	auto_struct(tuning_outcome) o = {0};

	if (g->use == LIVE_STARTED)
		tuning_shut_down(s->conn, g->tuning, &o);
	else
		tuning_put_back(s->conn, g->tuning, PUT_BACK_NS, &o);
	tell(s, g, &o);
	if (g->use != LIVE_STARTED)
		check_restored(s, g, &o);
	tuning_forget(g->tuning, &o);
}

void undo_live_domains(struct session *s)
{
	for (size_t i = s->n_guests; i-- > 0;) {
		struct guest_run *g = &s->guests[i];

		if (!guest_is_theirs(g))
			continue;
		if (g->tuning && g->tuning->fd >= 0)
			put_back_one(s, g);
		domain_detach(g->domain);
		g->domain = NULL;
		tuning_free(g->tuning);
		g->tuning = NULL;
	}
}
