// SPDX-License-Identifier: GPL-3.0-or-later
/* The steps before measuring: shared pages, libvirt, domains, boot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/process.h"
#include "host/cgroup.h"
#include "run/priv.h"
#include "run/xen.h"

/* Rings hold this much: at the pump's 100 ms a 1 kHz timer needs 100 slots; the rest is for gaps in
 * bursts and for a harness that is kept from running for seconds. */
#define RING_SLOTS 4096u

/* Starting a domain is mostly waiting; more than this at once only thrashes. */
#define START_THREADS 4
#define JOIN_NS	      (50 * NS_PER_MS)
#define RARER	      6 /* times: a look each second where 256 guests share two CPUs */

/* Guests that are up and wait for many others look more rarely than planned: their looks take the CPU from these. Agents that an
 * image brings may be of a time when they were told once. */
static uint64_t first_look_ns(const struct session *s, const struct guest_run *g)
{
	uint64_t look = plan_look_ns(s->plan);

	if (s->n_guests <= START_THREADS || g->plan->kind == GUEST_DISK)
		return look;
	return MIN(RARER * look, MAX(look, NS_PER_S));
}

/* A guest may write what it likes into its ring, as fast as it can. The probes' own records are some
 * KB/s. */
static uint64_t record_limit(const struct plan *p, const struct plan_guest *g)
{
	uint64_t seconds = (p->warmup_ns + p->duration_ns) / NS_PER_S + 1;

	return g->record_bytes ? g->record_bytes : (64 + g->vcpus * seconds) << 20;
}

int step_shared_pages(struct session *s, struct err *e)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		struct guest_run *g = &s->guests[i];
		struct shm_probe probes[SHM_MAX_PROBES] = {{0}};
		auto_free char *file = xasprintf("%s/%s", s->folder.path, g->info->guest_file);
		int rc;

		if (g->plan->outside)
			continue;
		for (size_t p = 0; p < g->plan->n_probes; p++) {
			probes[p].id = g->plan->probes[p].id;
			probes[p].vcpus = g->plan->probes[p].vcpus;
			memcpy(probes[p].p, g->plan->probes[p].p, sizeof(probes[p].p));
		}
		reaper_add_shm(s->reaper, g->shm_name);
		rc = guest_shm_create(g->shm_name, g->plan->name, g->plan->vcpus, RING_SLOTS,
			probes, (unsigned)g->plan->n_probes, file, &g->shm, e);
		if (rc)
			return err_wrap(e, "guest %s", g->plan->name);
		guest_shm_limit(g->shm, record_limit(s->plan, g->plan));
		guest_shm_look(g->shm, first_look_ns(s, g));
	}
	return 0;
}

void undo_shared_pages(struct session *s)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		s->for_reaper = guest_shm_destroy(s->guests[i].shm) || s->for_reaper;
		s->guests[i].shm = NULL;
	}
}

int step_domain_xml(struct session *s, struct err *e)
{
	char owner[OWNER_MAX];
	bool confined = lab_confined(s->conn);

	owner_self(owner);
	for (size_t i = 0; i < s->n_guests; i++) {
		struct guest_run *g = &s->guests[i];
		auto_free char *file =
			xasprintf("%s/domains/%s.xml", s->folder.path, g->plan->name);
		struct domain_files f = {
			.kernel = s->o->metal_elf,
			.shm_name = g->shm ? g->shm_name : NULL,
			.shm_size = g->shm ? guest_shm_size(g->shm) : 0,
			.emulator = DOMAIN_EMULATOR,
			.kvm = g->plan->accel != ACCEL_TCG,
			.firmware = confined ? NULL : domain_firmware(g->plan->kind),
			.policy_by_hand = domain_policy_by_hand(),
			.owner = owner,
		};
		int rc;

		/* Written by QEMU, by its name: in the folder that is nobody else's. */
		g->console = xasprintf("%s/%s.console.log", s->runtime_dir, g->plan->name);
		if (g->plan->kind == GUEST_NATIVE || guest_is_theirs(g))
			continue;
		f.console_log = g->console;
		rc = g->plan->kind == GUEST_LINUX  ? linux_prepare(s, g, &f, e)
		     : g->plan->kind == GUEST_DISK ? disk_prepare(s, g, &f, e)
						   : 0;
		if (lab_is_xen(s->conn))
			xen_guest_describe(g, &f);
		if (rc)
			return err_wrap(e, "guest %s", g->plan->name);
		g->xml = g->plan->domain ? copy_xml(s, g, owner, e)
					 : domain_xml(g->plan, s->info.run, &f, e);
		if (!g->xml)
			return err_wrap(e, "guest %s", g->plan->name);
		rc = write_file(file, g->xml, strlen(g->xml), e);
		if (rc)
			return rc;
	}
	return 0;
}

struct starter {
	struct session *s;
	uint64_t from_ns;
	size_t next;  /* taken with __atomic */
	bool planned; /* all were told to look as planned */
};

static void look_as_planned(struct session *s)
{
	for (size_t i = 0; i < s->n_guests; i++)
		if (s->guests[i].shm)
			guest_shm_look(s->guests[i].shm, plan_look_ns(s->plan));
}

/* So early that the last of the rare looks are over when all are up: the next that comes is the comparing of clocks. */
static void look_in_time(struct starter *st, size_t started)
{
	uint64_t each = (now_ns() - st->from_ns) / started;

	if ((st->s->n_guests - started) * each <= RARER * plan_look_ns(st->s->plan) &&
		!__atomic_exchange_n(&st->planned, true, __ATOMIC_RELAXED))
		look_as_planned(st->s);
}

static void start_one(struct session *s, struct guest_run *g)
{
	if (domain_start(s->conn, g->xml, &g->domain, &g->start_err)) {
		domain_kill_named(s->conn, g->shm_name);
		return;
	}
	reaper_add_pid(s->reaper, domain_pid(g->domain));
	if (!domain_apply_policy(g->domain, g->plan, &g->start_err) &&
		!xen_guest_go(s, g, &g->start_err))
		domain_limit(g->domain, g->plan, false, &g->start_err);
}

static void start_all(struct starter *st)
{
	size_t i;

	while ((i = __atomic_fetch_add(&st->next, 1, __ATOMIC_RELAXED)) < st->s->n_guests) {
		struct guest_run *g = &st->s->guests[i];

		if (st->s->o->interrupted && *st->s->o->interrupted)
			break;
		if (g->plan->kind != GUEST_NATIVE && !guest_is_theirs(g))
			start_one(st->s, g);
		look_in_time(st, i + 1);
	}
}

static void *start_thread(void *arg)
{
	pthread_setname_np(
		pthread_self(), "ss-start"); /* a profile tells libvirt's work from ours */
	start_all(arg);
	return NULL;
}

static bool join_within(pthread_t thread, uint64_t ns)
{
	uint64_t until = now_ns() + ns;
	struct timespec ts = {(time_t)(until / NS_PER_S), (long)(until % NS_PER_S)};

	return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &ts) == 0;
}

/* libvirt waits for ever for a QEMU that does not answer: it is killed when the user wants out, or
 * when its guest should long be up (then true). Domains are named as their shared pages are. */
static bool join_starters(struct session *s, const pthread_t *threads, size_t n)
{
	uint64_t until = now_ns() + boot_timeout_ns(s);
	bool late = false;

	while (n > 0) {
		bool out = s->o->interrupted && *s->o->interrupted;

		if (join_within(threads[n - 1], JOIN_NS)) {
			n--;
			continue;
		}
		late |= now_ns() > until;
		for (size_t i = 0; (late || out) && i < s->n_guests; i++)
			if (!guest_is_theirs(&s->guests[i]) &&
				!__atomic_load_n(&s->guests[i].domain, __ATOMIC_ACQUIRE))
				domain_kill_named(s->conn, s->guests[i].shm_name);
	}
	return late;
}

int step_start_domains(struct session *s, struct err *e)
{
	struct starter st = {.s = s, .from_ns = now_ns()};
	pthread_t threads[START_THREADS];
	bool late = false;
	size_t n = 0;

	if (geteuid() == 0 && !lab_is_xen(s->conn))
		cgroup_machine_prepare();
	while (n < MIN((size_t)START_THREADS, s->n_guests) &&
		pthread_create(&threads[n], NULL, start_thread, &st) == 0)
		n++;
	if (n == 0)
		start_all(&st);
	else
		late = join_starters(s, threads, n);
	look_as_planned(s); /* again: a page may have been moved just then */
	if (s->o->interrupted && *s->o->interrupted)
		return session_check(s, e);
	for (size_t i = 0; i < s->n_guests; i++) {
		struct guest_run *g = &s->guests[i];

		/* From this thread: a native guest dies with the thread that forked it. */
		if (g->plan->kind == GUEST_NATIVE)
			native_start(s, g, &g->start_err);
		if (g->start_err.code) {
			*e = g->start_err;
			if (late)
				err_set(e, ETIMEDOUT, "QEMU did not answer within %llu s",
					(unsigned long long)(boot_timeout_ns(s) / NS_PER_S));
			free(g->info->status);
			g->info->status = xstrdup("could not be started");
			return err_wrap(e, "guest %s", g->plan->name);
		}
		if (g->domain)
			g->info->pid = lab_is_xen(s->conn) ? (int)domain_xen_id(g->domain)
							   : (int)domain_pid(g->domain);
	}
	return session_check(s, e);
}

void undo_start_domains(struct session *s)
{
	auto_free struct domain **all = xcalloc(s->n_guests, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < s->n_guests; i++) {
		xen_guest_console(&s->guests[i]);
		native_stop(&s->guests[i]);
		linux_release(&s->guests[i]);
		if (guest_is_theirs(&s->guests[i]))
			continue;
		if (s->guests[i].domain)
			all[n++] = s->guests[i].domain;
		s->guests[i].domain = NULL;
	}
	domain_stop_all(all, n, NULL);
	consoles_keep(s);
}

/* Every vCPU of its agent has come up; a guest without one says so otherwise. */
static int look_ready(struct session *s, struct guest_run *g, bool *ready, struct err *e)
{
	if (g->disk && strcmp(g->plan->disk.ready, "agent") != 0)
		return disk_ready(s, g, ready, e);
	*ready = !g->shm || guest_shm_count_state(g->shm, SHM_STATE_READY) == g->plan->vcpus;
	return 0;
}

static int late_boot(struct session *s, struct guest_run *g, uint64_t timeout_ns, struct err *e)
{
	unsigned ready = g->shm ? guest_shm_count_state(g->shm, SHM_STATE_READY) : 0;
	auto_free char *tail = console_tail(g->console);

	(void)s;
	free(g->info->status);
	g->info->status = xstrdup("did not come up");
	if (g->disk && strcmp(g->plan->disk.ready, "agent") != 0)
		return err_set(e, ETIMEDOUT, "guest %s: not up (%s) within %g s; %s", g->plan->name,
			g->plan->disk.ready, (double)timeout_ns / 1e9, tail);
	return err_set(e, ETIMEDOUT,
		"guest %s: %u of its %u vCPUs came up within %llu s, so it did not come up%s; %s",
		g->plan->name, ready, g->plan->vcpus, (unsigned long long)(timeout_ns / NS_PER_S),
		g->disk && g->plan->disk.agent == AGENT_SEED
			? " (does its cloud-init work? without one use agent=\"installed\" or \"none\")"
			: "",
		tail);
}

static int wait_for_boot(struct session *s, struct err *e)
{
	uint64_t start = now_ns();

	for (size_t i = 0; i < s->n_guests;) {
		struct guest_run *g = &s->guests[i];
		uint64_t timeout = g->disk && !s->o->boot_timeout_ns ? g->plan->disk.boot_timeout_ns
								     : boot_timeout_ns(s);
		bool ready = false;
		int rc = session_check(s, e);

		for (size_t k = 0; k < s->n_guests && !rc; k++)
			rc = xen_guest_look(s, &s->guests[k], e);
		if (!rc)
			rc = look_ready(s, g, &ready, e);
		if (!rc && ready) {
			free(g->info->status);
			g->info->status = xstrdup("ok");
			i++;
			continue;
		}
		if (!rc && now_ns() > start + timeout)
			rc = late_boot(s, g, timeout, e);
		if (rc)
			return rc;
		session_say(s, "boot guests", -1);
		sleep_ns(5 * NS_PER_MS);
	}
	return 0;
}

int step_boot(struct session *s, struct err *e)
{
	int rc = wait_for_boot(s, e);

	for (size_t i = 0; i < s->n_guests && !rc; i++)
		if (!guest_is_theirs(&s->guests[i]))
			rc = domain_limit(s->guests[i].domain, s->guests[i].plan, true, e);
	return rc;
}
