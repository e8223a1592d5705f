// SPDX-License-Identifier: GPL-3.0-or-later
/* The steps from the tracer to the last sample. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host/cgroup_thread.h"
#include "host/debugfs.h"
#include "run/cgroup_names.h"
#include "run/played.h"
#include "run/priv.h"
#include "run/xen.h"

/* Pings per vCPU, of which the best few are kept: one takes a ms or more on a crowded box, so many guests get fewer each. */
#define SYNC_ROUNDS    32
#define SYNC_LEAST     (2u * GUEST_SYNC_KEEP)
#define SYNC_PINGS     2048u
#define STOP_WAIT_NS   (3 * NS_PER_S)
#define READY_LOOK_MS  20
#define SAMPLE_WAIT_NS (5 * NS_PER_S) /* for the first sample of every guest */

/* A guest can make the host switch as fast as it can; a busy box has some 10,000 switches a second and CPU, of
 * 100 bytes at most. */
static uint64_t trace_limit(const struct plan *p)
{
	uint64_t seconds = (p->warmup_ns + p->duration_ns) / NS_PER_S + 1;

	return p->trace_bytes ? p->trace_bytes
			      : (64 + 4 * cpuset_count(&p->lab_cpus) * seconds) << 20;
}

int step_host_agent(struct session *s, struct err *e)
{
	auto_free char *out = xasprintf("%s/host/trace.bin", s->folder.path);
	struct hostd_options how = {.path = s->o->hostd,
		.mode = (enum trace_mode)s->plan->trace_mode,
		.out = out,
		.limit = trace_limit(s->plan),
		.cpus = &s->plan->housekeeping_cpus};
	struct err why = ERR_INIT;

	if (!s->o->hostd) {
		session_warn(s, "the host agent was left out: no trace, no host counters");
		return 0;
	}
	if (lab_is_xen(s->conn))
		return how.mode == TRACE_MODE_COUNTERS ? 0 : xen_witness_begin(s, e);
	if (hostd_launch(&how, &s->hostd, &why))
		session_warn(s, "no host agent: %s", why.msg);
	else
		reaper_add_pid(s->reaper, hostd_pid(s->hostd));
	return 0;
}

/* It has loaded its programs while the guests started. */
int step_host_agent_ready(struct session *s, struct err *e)
{
	uint64_t until = now_ns() + HOSTD_READY_MS * NS_PER_MS;
	struct err why = ERR_INIT;
	int rc;

	if (!s->hostd)
		return 0;
	while (!hostd_has_spoken(s->hostd, READY_LOOK_MS) && now_ns() < until)
		if ((rc = session_check(s, e)))
			return rc;
	if (hostd_ready(s->hostd, READY_LOOK_MS, &why)) {
		session_warn(s, "no host agent: %s", why.msg);
		hostd_close(s->hostd);
		s->hostd = NULL;
		return 0;
	}
	if ((unsigned)hostd_mode(s->hostd) != s->plan->trace_mode)
		session_warn(
			s, "the host agent has no scheduler trace: %s", hostd_reason(s->hostd));
	free(s->info.trace_mode);
	s->info.trace_mode = xstrdup(word_of(&words_trace_mode, hostd_mode(s->hostd)));
	return 0;
}

void undo_host_agent(struct session *s)
{
	hostd_close(s->hostd);
	s->hostd = NULL;
	xen_witness_end(s);
}

/* A host agent that dies takes its data with it, not the run: say so once and go on without. */
static void agent_failed(struct session *s, const struct err *why)
{
	session_warn(s, "the host agent failed: %s; the trace ends there", why->msg);
	hostd_close(s->hostd);
	s->hostd = NULL;
}

/* KVM's own TSC offsets make the clock map exact; without them causality bounds remain. */
static void attach_kvm(struct session *s)
{
	struct err why = ERR_INIT;
	char dir[64];

	s->debugfs = debugfs_open(&why);
	if (s->debugfs < 0) {
		session_warn(s, "no KVM debugfs (%s): clocks are joined by causality bounds alone",
			why.msg);
		return;
	}
	snprintf(dir, sizeof(dir), "/proc/self/fd/%d/kvm", s->debugfs);
	for (size_t i = 0; i < s->n_guests; i++) {
		struct guest_run *g = &s->guests[i];

		if (!g->domain || !g->shm)
			continue;
		guest_shm_attach_kvm(g->shm, dir, domain_pid(g->domain), g->tids, g->plan->vcpus);
	}
}

void undo_track(struct session *s)
{
	if (s->debugfs >= 0)
		close(s->debugfs);
	s->debugfs = -1;
}

/* Trace a vCPU thread, and watch the bandwidth limits of its control group. False: the agent traces no more at once. */
static bool track_vcpu(struct session *s, struct guest_run *g, unsigned v, uint32_t id)
{
	auto_free char *name = xasprintf("%s/vcpu%u", g->plan->name, v);
	auto_free char *group = cgroup_of_thread(g->tids[v], NULL);
	struct err why = ERR_INIT;

	if (hostd_track(s->hostd, g->tids[v], id, name, &why)) {
		if (hostd_was_full(&why))
			return false;
		agent_failed(s, &why);
	} else if (group && hostd_cgroup(s->hostd, id, group, &why)) {
		session_warn(s, "%s: its control group is not watched: %s", name, why.msg);
	}
	return true;
}

/* One that has ended has no threads: that is what is to be said then. */
static int no_tids(struct session *s, const struct guest_run *g, struct err *e)
{
	struct err ended = ERR_INIT;

	if (!session_check(s, &ended))
		return err_wrap(e, "guest %s", g->plan->name);
	*e = ended;
	return -e->code;
}

int step_track(struct session *s, struct err *e)
{
	unsigned untraced = 0;

	for (size_t i = 0; i < s->n_guests; i++) {
		struct guest_run *g = &s->guests[i];
		unsigned n = g->plan->vcpus;
		int rc = g->native ? native_tids(g, g->tids, e)
				   : domain_vcpu_tids(g->domain, g->tids, SHM_MAX_VCPUS, &n, e);

		if (rc)
			return no_tids(s, g, e);
		if (n != g->plan->vcpus)
			return err_set(e, EIO, "guest %s: QEMU shows %u vCPU threads, not %u",
				g->plan->name, n, g->plan->vcpus);
		for (unsigned v = 0; v < n; v++) {
			g->info->vcpus[v].tid = g->tids[v];
			if (s->hostd && !track_vcpu(s, g, v, (uint32_t)(i << 8 | v)))
				untraced++;
		}
	}
	if (untraced)
		session_warn(s,
			"%u vCPUs are not traced: the host agent traces no more threads at once; what they waited for is not known",
			untraced);
	xen_witness_track(s);
	if (!lab_is_xen(s->conn))
		attach_kvm(s);
	return played_tell_victims(s, e);
}

/* What the guests said of themselves, or what was seen of them when the run ended early. */
static void note_guests(struct session *s)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		struct guest_run *g = &s->guests[i];
		struct guest_shm_status st;

		if (!g->shm)
			continue;
		guest_shm_status(g->shm, &st);
		g->info->lost = st.lost;
		if (st.torn || st.jumps)
			session_warn(s,
				"guest %s wrote into its shared page what a guest that works right never writes (%llu torn records, %llu impossible moves): do not trust its figures",
				g->plan->name, (unsigned long long)st.torn,
				(unsigned long long)st.jumps);
		if (st.over)
			session_warn(s,
				"guest %s filled its share of the record (record-limit): %llu records that came after are lost",
				g->plan->name, (unsigned long long)st.over);
		g->info->tsc_hz = st.tsc_hz;
		if ((g->plan->kind == GUEST_LINUX || g->plan->kind == GUEST_DISK) &&
			st.accel == SHM_ACCEL_TCG)
			linux_check_clock(s, g, st.tsc_hz);
		free(g->info->accel);
		g->info->accel = xstrdup(word_or_unknown(&words_accel_found, st.accel));
	}
}

int step_pump(struct session *s, struct err *e)
{
	return pump_start(s, e);
}

void undo_pump(struct session *s)
{
	pump_end(s);
	note_guests(s);
}

/* One guest's silence after the run is no reason to throw away what the others measured. */
static int silent_guest(struct session *s, size_t guest, struct err *e)
{
	if (!s->info.window_end_ns)
		return err_wrap(e, "guest %s", s->guests[guest].plan->name);
	session_warn(s, "guest %s: after the run its %s", s->guests[guest].plan->name, e->msg);
	*e = (struct err)ERR_INIT;
	return 0;
}

static int sync_all(struct session *s, struct guest_sync *sync, struct err *e)
{
	size_t guest;
	int rc;

	do {
		rc = session_check(s, e);
		if (rc)
			return rc;
		pthread_mutex_lock(&s->lock);
		rc = guest_sync_turn(sync, &guest, e);
		pthread_mutex_unlock(&s->lock);
		if (rc == -ETIMEDOUT && silent_guest(s, guest, e) == 0)
			rc = 1;
	} while (rc > 0);
	return rc;
}

int step_sync_clocks(struct session *s, struct err *e)
{
	auto_free struct guest_shm **pages = xcalloc(s->n_guests, sizeof(*pages));
	struct guest_sync *sync = NULL;
	unsigned vcpus = 1, rounds;
	int rc;

	for (size_t i = 0; i < s->n_guests; i++) {
		pages[i] = s->guests[i].ended_late ? NULL : s->guests[i].shm;
		vcpus += pages[i] ? s->guests[i].plan->vcpus : 0;
	}
	rounds = MAX(MIN(SYNC_PINGS / vcpus, (unsigned)SYNC_ROUNDS), SYNC_LEAST);
	pthread_mutex_lock(&s->lock);
	rc = guest_sync_begin(pages, s->n_guests, rounds, &sync, e);
	pthread_mutex_unlock(&s->lock);
	if (!rc)
		rc = sync_all(s, sync, e);
	guest_sync_end(sync);
	return rc;
}

static void command_all(struct session *s, enum shm_command c)
{
	for (size_t i = 0; i < s->n_guests; i++)
		if (s->guests[i].shm)
			guest_shm_command(s->guests[i].shm, c);
}

/* Every guest has sent something: a run whose guest is silent measures nothing. */
static int wait_first_samples(struct session *s, struct err *e)
{
	uint64_t until = now_ns() + SAMPLE_WAIT_NS;

	for (size_t i = 0; i < s->n_guests;) {
		struct guest_run *g = &s->guests[i];
		int rc;

		if (!g->shm || guest_shm_samples(g->shm)) {
			i++;
			continue;
		}
		rc = session_check(s, e);
		if (!rc && now_ns() > until) {
			session_warn(s, "guest %s sent no sample in the first %llu s",
				g->plan->name, (unsigned long long)(SAMPLE_WAIT_NS / NS_PER_S));
			i++;
		}
		if (rc)
			return rc;
		sleep_ns(5 * NS_PER_MS);
	}
	return 0;
}

static bool any_agent(const struct session *s)
{
	for (size_t i = 0; i < s->n_guests; i++)
		if (s->guests[i].shm)
			return true;
	return false;
}

/* The thread that waits and looks 50 times a second. Not before: QEMUs and noise, which it started, would inherit that. */
int step_keep_house(struct session *s, struct err *e)
{
	int rc = cpuset_of_thread(0, &s->ran_on);

	(void)e;
	if (!rc)
		rc = cpuset_bind_thread(0, &s->plan->housekeeping_cpus);
	s->keeps_house = !rc;
	if (rc)
		session_warn(s,
			"the harness may run on the lab's CPUs: it cannot be bound to others: %s",
			strerror(-rc));
	return 0;
}

void undo_keep_house(struct session *s)
{
	if (s->keeps_house)
		cpuset_bind_thread(0, &s->ran_on);
	s->keeps_house = false;
}

int step_warm_up(struct session *s, struct err *e)
{
	struct err why = ERR_INIT;
	uint64_t start;
	int rc;

	if (s->hostd && hostd_start(s->hostd, &why))
		agent_failed(s, &why);
	other_vms_note(s);
	rc = noise_schedule(s, 0, e);
	if (rc)
		return rc;
	command_all(s, SHM_CMD_RUN);
	rc = wait_first_samples(s, e);
	if (!s->first_sample_ns && !any_agent(s))
		s->first_sample_ns = now_ns(); /* the tracer's: it has begun */
	if (s->first_sample_ns)
		s->info.first_sample_ns = s->first_sample_ns - s->begin_ns;
	if (rc)
		return rc;
	start = now_ns();
	return session_wait(s, "warming up", start, start + s->plan->warmup_ns, e);
}

/* Counters at this end of the window; and the tracer's own sums, where it keeps no timeline. */
static void agent_sync(struct session *s)
{
	struct err why = ERR_INIT;
	int rc = 0;

	if (s->hostd && hostd_mode(s->hostd) == TRACE_MODE_COUNTS)
		rc = hostd_dump(s->hostd, &why);
	else if (s->hostd)
		rc = hostd_sync(s->hostd, NULL, &why);
	if (rc)
		agent_failed(s, &why);
}

struct usage {
	uint64_t cpu_ns, switches;
};

static struct usage own_usage(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (struct usage){
		(uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * NS_PER_S +
			(uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * NS_PER_US,
		(uint64_t)(r.ru_nvcsw + r.ru_nivcsw)};
}

int step_measure(struct session *s, struct err *e)
{
	uint64_t now, start, end;
	bool running = s->n_measures > 0;
	struct usage before = own_usage(), after;
	int rc = 0;

	warn_of_neighbours(s);
	warn_of_unfair_groups(s);
	agent_sync(s);
	noises_account(s, -1);
	s->info.window_start_ns = start = now_ns();
	end = start + s->plan->duration_ns;
	rc = measures_begin(s, e);
	/* At least the duration, and until all measures have ended. */
	while (!rc && ((now = now_ns()) < end || running)) {
		rc = noise_schedule(s, now - start, e);
		if (!rc)
			rc = measures_look(s, &running, e);
		if (!rc)
			rc = session_check(s, e);
		if (s->hostd && hostd_dead(s->hostd)) {
			struct err why = ERR_INIT;

			err_set(&why, ECHILD, "it ended in mid-run");
			agent_failed(s, &why);
		}
		session_say(s, "measuring", MIN((double)(now - start) / (double)(end - start), 1));
		if (!rc)
			sleep_ns(now < end ? MIN(end - now, 50 * NS_PER_MS) : 5 * NS_PER_MS);
	}
	if (!rc)
		rc = session_check(s, e);
	s->info.window_end_ns = now_ns();
	noises_account(s, 1);
	agent_sync(s);
	after = own_usage();
	s->info.harness_cpu_ns = after.cpu_ns - before.cpu_ns;
	s->info.harness_switches = after.switches - before.switches;
	noises_judge(s);
	warn_of_neighbours(s);
	cgroup_names_read(&s->info);
	other_vms_note(s);
	return rc ? rc : measures_read(s, e);
}

int step_stop_guests(struct session *s, struct err *e)
{
	struct err why = ERR_INIT;
	uint64_t until;
	int rc;

	for (size_t i = 0; i < s->n_noises; i++)
		noise_pause(s->noises[i].noise, NULL);
	command_all(s, SHM_CMD_STOP);
	/* Should it fail, they end as slowly as they are let. */
	for (size_t i = 0; i < s->n_guests; i++)
		if (!guest_is_theirs(&s->guests[i]))
			domain_limit(s->guests[i].domain, s->guests[i].plan, false, &why);
	why = (struct err)ERR_INIT;
	until = now_ns() + STOP_WAIT_NS;
	for (size_t i = 0; i < s->n_guests;) {
		struct guest_run *g = &s->guests[i];
		unsigned stopped =
			g->shm ? guest_shm_count_state(g->shm, SHM_STATE_STOPPED) : g->plan->vcpus;

		if (stopped == g->plan->vcpus || g->ended_late || now_ns() > until) {
			if (stopped != g->plan->vcpus && !g->ended_late)
				session_warn(s, "guest %s: %u of %u vCPUs did not stop in time",
					g->plan->name, g->plan->vcpus - stopped, g->plan->vcpus);
			i++;
			continue;
		}
		rc = session_check(s, e);
		if (rc)
			return rc;
		sleep_ns(2 * NS_PER_MS);
	}
	xen_witness_stop(s);
	if (s->hostd) {
		struct hostd_totals r = {0};

		if (hostd_stop(s->hostd, &r, &why)) {
			agent_failed(s, &why);
		} else {
			s->info.trace_lost = r.lost;
		}
	}
	rc = step_sync_clocks(s, e);
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_guests && !rc; i++)
		rc = s->guests[i].shm ? guest_shm_flush(s->guests[i].shm, e) : 0;
	pthread_mutex_unlock(&s->lock);
	return rc;
}
