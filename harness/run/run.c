// SPDX-License-Identifier: GPL-3.0-or-later
/* One run: the table of steps, carried out in order and unwound in reverse. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/owner.h"
#include "base/process.h"
#include "host/cgroup.h"
#include "record/scenario_copy.h"
#include "run/played.h"
#include "run/priv.h"

/* A guest: its page, its samples, its process, libvirt's monitor and console; the rest: libraries. */
#define OPEN_FILES_GUEST 12
#define OPEN_FILES	 512

/* Everything else is named after the record: domains, shared pages, cgroups. */
static void name_parts(struct session *s)
{
	free(s->info.run);
	s->info.run = xstrdup(s->folder.name);
	for (size_t i = 0; i < s->n_guests; i++)
		s->guests[i].shm_name =
			xasprintf("stealscope-%s-%s", s->folder.name, s->plan->guests[i].name);
}

static int step_record(struct session *s, struct err *e)
{
	const char *variant = strcmp(s->plan->variant, "base") ? s->plan->variant : "";
	int rc = record_begin(s->o->results, s->plan->scenario, variant, &s->folder, e);

	if (rc)
		return rc;
	name_parts(s);
	rc = scenario_copy_in(s->folder.path, s->o->scenario, e);
	if (!rc)
		rc = played_keep(s, e);
	return rc ? rc : run_info_save(&s->info, s->folder.path, e);
}

static int step_reaper(struct session *s, struct err *e)
{
	/* The folder names this process as the run's owner, so that `clean` spares what lives. */
	s->runtime_dir = xasprintf("%s/%s", runtime_root(), s->info.run);
	if (reaper_start(s->info.run, s->runtime_dir, &s->reaper, e) == 0)
		return 0;
	if (e->code == EACCES || e->code == EPERM)
		return err_set_exit(e, EXIT_HOST, e->code,
			"no permission to make %s: running guests needs root (sudo); check, plan, analyze and show do not",
			s->runtime_dir);
	return -e->code;
}

static void undo_reaper(struct session *s)
{
	char self[OWNER_MAX];

	/* What a libvirtd that is gone did not remove. All guests have ended. */
	cgroup_machine_reap(s->info.run);
	if (s->for_reaper || cgroup_reap(s->info.run, NULL) < 0 || cgroup_is_left(s->info.run) ||
		owner_release(s->runtime_dir, owner_self(self), NULL))
		reaper_take_over(s->reaper);
	else
		reaper_done(s->reaper);
	s->reaper = NULL;
}

static int step_facts(struct session *s, struct err *e)
{
	const char *model;

	(void)e;
	s->facts = facts_read("");
	model = facts_get(s->facts, "cpu.model");
	if (model && strncmp(model, "QEMU TCG", 8) == 0)
		session_warn(
			s, "this box's processors are emulated by QEMU: latencies say nothing");
	for (size_t i = 0; i < facts_count(s->facts); i++) {
		ARRAY_GROW(s->info.facts, s->info.n_facts);
		s->info.facts[s->info.n_facts++] = (struct run_fact){
			xstrdup(facts_key(s->facts, i)), xstrdup(facts_value(s->facts, i))};
	}
	return 0;
}

static void undo_facts(struct session *s)
{
	facts_free(s->facts);
	s->facts = NULL;
}

static const struct step steps[] = {
	{"look for KVM", step_kvm, NULL},
	{"look at measures", step_measures, NULL},
	{"look at images", step_images, NULL},
	{"look at stalls", step_played, NULL},
	{"read host facts", step_facts, undo_facts},
	{"begin the record", step_record, NULL},
	{"watch over leftovers", step_reaper, undo_reaper},
	{"shared pages", step_shared_pages, undo_shared_pages},
	{"connect to libvirt", step_connect, undo_connect},
	{"look at domains", step_look_at_domains, NULL},
	{"domain XML", step_domain_xml, NULL},
	{"host agent", step_host_agent, undo_host_agent},
	/* Before the first guest is up: on a starved box the others take longer than its dead-man's
	   switch. */
	{"beacons", step_pump, undo_pump},
	{"start domains", step_start_domains, undo_start_domains},
	{"change live domains", step_live_domains, undo_live_domains},
	{"prepare noise", step_noise, undo_noise},
	{"boot guests", step_boot, NULL},
	{"host agent is ready", step_host_agent_ready, NULL},
	{"trace vCPU threads", step_track, undo_track},
	{"synchronise clocks", step_sync_clocks, NULL},
	{"keep house", step_keep_house, undo_keep_house},
	{"warm up", step_warm_up, NULL},
	{"measure", step_measure, undo_measures},
	{"stop guests", step_stop_guests, NULL},
};

static void note_step(struct session *s, const char *name, uint64_t start, const char *outcome)
{
	ARRAY_GROW(s->info.steps, s->info.n_steps);
	s->info.steps[s->info.n_steps++] =
		(struct run_step){xstrdup(name), start, now_ns(), xstrdup(outcome)};
}

/* Seal the record: status, facts that changed, run.json, and the name without its mark. */
static int finish_record(
	struct session *s, const struct err *failure, struct run_result *out, struct err *e)
{
	bool interrupted = failure->code && failure->exit == EXIT_INTERRUPTED;
	int rc;

	if (!s->folder.path)
		return 0;
	free(s->info.status);
	s->info.status = !failure->code ? xstrdup("complete")
			 : interrupted	? xstrdup("interrupted")
					: xasprintf("failed: %s", failure->msg);
	s->info.wall_ns = now_ns() - s->begin_ns;
	rc = run_info_save(&s->info, s->folder.path, e);
	if (!rc && !failure->code && (rc = record_finish(&s->folder, e))) {
		free(s->info.status);
		s->info.status = xasprintf("failed: %s", e->msg);
		run_info_save(&s->info, s->folder.path, NULL);
	}
	out->record = xstrdup(s->folder.path);
	out->interrupted = interrupted;
	return rc;
}

/* What of the host changed meanwhile, as warnings; and in the sentence of a failure, which may be
 * due to it. */
static void compare_facts(struct session *s, struct err *failure)
{
	auto_struct(strv) changes = {0};
	auto_ptr(facts_free) struct facts *after = NULL;

	if (!s->facts)
		return;
	undo_keep_house(s); /* where this thread may run is one of the facts */
	after = facts_read("");
	facts_compare(s->facts, after, &changes);
	for (size_t i = 0; i < changes.n; i++)
		session_warn(s, "the host changed during the run: %s", changes.items[i]);
	if (changes.n && failure->code && failure->exit != EXIT_INTERRUPTED) {
		auto_free char *all = strv_join(&changes, "; ");
		size_t len = strlen(failure->msg);

		snprintf(failure->msg + len, sizeof(failure->msg) - len,
			" (the host changed during the run: %s)", all);
	}
}

static void session_release(struct session *s)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		free(s->guests[i].shm_name);
		free(s->guests[i].console);
		free(s->guests[i].xml);
		linux_release(&s->guests[i]);
		disk_release(&s->guests[i]);
	}
	free(s->guests);
	free(s->noises);
	measures_release(s);
	free(s->runtime_dir);
	record_folder_release(&s->folder);
	run_info_release(&s->info);
	pthread_mutex_destroy(&s->lock);
}

static void session_init(struct session *s, const struct plan *plan, const struct run_options *o)
{
	*s = (struct session){.plan = plan, .o = o, .begin_ns = now_ns(), .debugfs = -1};
	pthread_mutex_init(&s->lock, NULL);
	run_describe(plan, o, &s->info);
	s->n_guests = plan->n_guests;
	s->guests = xcalloc(plan->n_guests, sizeof(*s->guests));
	for (size_t i = 0; i < s->n_guests; i++) {
		s->guests[i].plan = &plan->guests[i];
		s->guests[i].info = &s->info.guests[i];
	}
	s->n_noises = plan->n_noises;
	s->noises = xcalloc(plan->n_noises, sizeof(*s->noises));
	for (size_t i = 0; i < s->n_noises; i++) {
		s->noises[i].plan = &plan->noises[i];
		s->noises[i].info = &s->info.noises[i];
		s->noises[i].words = s->noises[i].log = -1;
	}
}

int run_plan(
	const struct plan *plan, const struct run_options *o, struct run_result *out, struct err *e)
{
	struct session s;
	struct err failure = ERR_INIT, late = ERR_INIT;
	size_t begun = 0;

	*out = (struct run_result){0};
	session_init(&s, plan, o);
	process_open_files(OPEN_FILES + OPEN_FILES_GUEST * (unsigned)plan->n_guests);
	for (size_t i = 0; i < ARRAY_SIZE(steps) && !failure.code; i++) {
		uint64_t start = now_ns();

		session_say(&s, steps[i].name, -1);
		if (o->interrupted && *o->interrupted) {
			err_set_exit(&failure, EXIT_INTERRUPTED, EINTR, "interrupted");
			break;
		}
		begun = i + 1;
		if (steps[i].up(&s, &failure) && !failure.code)
			err_set(&failure, EIO, "%s failed without a reason (a bug)", steps[i].name);
		note_step(&s, steps[i].name, start, failure.code ? failure.msg : "ok");
	}
	/* A call that the user's signal cut short failed for that, whatever it says. */
	if (failure.code && o->interrupted && *o->interrupted)
		err_set_exit(&failure, EXIT_INTERRUPTED, EINTR, "interrupted");
	session_say(&s, "clean up", -1);
	compare_facts(&s, &failure);
	while (begun-- > 0) {
		uint64_t start = now_ns();

		if (!steps[begun].undo)
			continue;
		steps[begun].undo(&s);
		if (now_ns() - start > NS_PER_MS) {
			auto_free char *name = xasprintf("undo: %s", steps[begun].name);

			note_step(&s, name, start, "ok");
		}
	}
	if (finish_record(&s, &failure, out, &late) && !failure.code)
		failure = late;
	session_release(&s);
	if (failure.code)
		*e = failure;
	return -failure.code;
}

void run_result_release(struct run_result *r)
{
	free(r->record);
	*r = (struct run_result){0};
}
