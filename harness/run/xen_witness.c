// SPDX-License-Identifier: GPL-3.0-or-later
/* The witness on Xen: run states as xentrace tells them, written as the host agent writes its trace. A thread takes
 * what comes (not the pump: on a slow dom0 that may take seconds, and guests wait 5 s for their beacon), the steps say
 * whom to follow and when it ends: hence the lock. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "run/xen.h"
#include "xen/states.h"
#include "xen/watch.h"

#define TAKE_NS (200 * NS_PER_MS)
#define BUFFER	((size_t)64 << 10)
#define REST_NS (5 * NS_PER_S) /* for the events of the last moment, which come with later ones */

struct xen_witness {
	pthread_mutex_t lock;
	pthread_t taker;
	bool taking, enough; /* there is such a thread; it shall end (atomic) */
	struct xen_watch *watch;
	int fd;
	char *buf; /* what is not yet written: a call for each record is what a dom0 has no time for */
	size_t held;
	uint64_t records;
	struct err failed; /* the trace ends there */
	bool told;
};

static void flush(struct xen_witness *w)
{
	int rc = w->failed.code ? 0 : write_all(w->fd, w->buf, w->held);

	w->held = 0;
	if (rc)
		err_set(&w->failed, -rc, "the trace cannot be written: %s", strerror(-rc));
}

static void write_record(void *arg, const struct trace_hdr *h)
{
	struct xen_witness *w = arg;
	size_t len = (size_t)h->len8 * 8;

	if (w->held + len > BUFFER)
		flush(w);
	memcpy(w->buf + w->held, h, len);
	w->held += len;
	w->records++;
}

static void write_header(struct xen_witness *w)
{
	struct trace_file_header h = {.magic = TRACE_FILE_MAGIC,
		.version = TRACE_VERSION,
		.header_size = sizeof(h),
		.mode = TRACE_MODE_EVENTS,
		.nr_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN),
		.start_host_ns = now_ns()};
	struct trace_task self = {
		.h = {h.start_host_ns, XEN_TID_SELF, 0, TRACE_TASK, sizeof(self) / 8},
		.tgid = XEN_TID_SELF,
		.flags = TRACE_TASK_KTHREAD,
		.comm = "xen"};
	struct timespec t;
	struct utsname u;

	clock_gettime(CLOCK_REALTIME, &t);
	h.start_unix_ns = (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
	if (uname(&u) == 0)
		memcpy(h.kernel, u.release, MIN(strlen(u.release), sizeof(h.kernel) - 1));
	write_all(w->fd, &h, sizeof(h));
	write_record(w, &self.h);
}

static void take(struct xen_witness *w)
{
	struct err why = ERR_INIT;

	pthread_mutex_lock(&w->lock);
	if (!w->failed.code) {
		xen_watch_take(w->watch, &why);
		flush(w);
	}
	if (why.code && !w->failed.code)
		w->failed = why;
	pthread_mutex_unlock(&w->lock);
}

static void *taker_main(void *arg)
{
	struct xen_witness *w = arg;

	prctl(PR_SET_NAME, "stealscope-xen");
	while (!__atomic_load_n(&w->enough, __ATOMIC_RELAXED)) {
		take(w);
		sleep_ns(TAKE_NS);
	}
	return NULL;
}

static int begin_taking(struct xen_witness *w, struct err *e)
{
	int rc = pthread_create(&w->taker, NULL, taker_main, w);

	if (rc)
		return err_set(e, rc, "cannot start its thread: %s", strerror(rc));
	w->taking = true;
	return 0;
}

static void end_taking(struct xen_witness *w)
{
	__atomic_store_n(&w->enough, true, __ATOMIC_RELAXED);
	if (w->taking)
		pthread_join(w->taker, NULL);
	w->taking = false;
}

int xen_witness_begin(struct session *s, struct err *e)
{
	auto_free char *path = xasprintf("%s/host/trace.bin", s->folder.path);
	struct xen_witness *w = xcalloc(1, sizeof(*w));
	struct err why = ERR_INIT;

	(void)e;
	w->buf = xmalloc(BUFFER);
	pthread_mutex_init(&w->lock, NULL);
	s->witness = w;
	w->fd = beneath_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (w->fd < 0)
		err_sys(&why, "cannot create %s", path);
	else if (xen_watch_begin(write_record, w, &w->watch, &why) == 0) {
		write_header(w);
		begin_taking(w, &why);
	}
	if (why.code) {
		session_warn(s, "no trace of run states: %s", why.msg);
		xen_witness_end(s);
		return 0;
	}
	free(s->info.trace_mode);
	s->info.trace_mode = xstrdup(word_of(&words_trace_mode, TRACE_MODE_EVENTS));
	return 0;
}

void xen_witness_track(struct session *s)
{
	struct xen_witness *w = s->witness;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	xen_watch_calibrate(w->watch);
	for (size_t i = 0; i < s->n_guests; i++) {
		struct guest_run *g = &s->guests[i];

		for (unsigned v = 0; v < g->plan->vcpus; v++) {
			struct trace_track r = {
				.h = {xen_watch_known_ns(w->watch), (uint32_t)g->tids[v], 0,
					TRACE_TRACK, sizeof(r) / 8},
				.id = (uint32_t)(i << 8 | v)};

			snprintf(r.name, sizeof(r.name), "%.20s/vcpu%u", g->plan->name, v);
			write_record(w, &r.h);
			xen_watch_track(
				w->watch, domain_xen_id(g->domain), v, plan_xen_cap(g->plan) != 0);
		}
	}
	pthread_mutex_unlock(&w->lock);
}

void xen_witness_stop(struct session *s)
{
	struct xen_witness *w = s->witness;
	uint64_t now = now_ns(), until = now + REST_NS;

	if (!w)
		return;
	end_taking(w);
	do {
		sleep_ns(100 * NS_PER_MS);
		take(w);
	} while (!w->failed.code && xen_watch_known_ns(w->watch) < now && now_ns() < until);
	pthread_mutex_lock(&w->lock);
	if (!w->failed.code) {
		struct trace_counter end = {
			.h = {now_ns(), 0, 0, TRACE_END, sizeof(end) / 8}, .value = w->records};

		write_record(w, &end.h);
		flush(w);
		err_set(&w->failed, ESHUTDOWN, "it has ended");
		w->told = true;
	}
	s->info.trace_lost = xen_watch_lost(w->watch);
	pthread_mutex_unlock(&w->lock);
	if (!w->told)
		session_warn(s, "the trace of run states failed: %s; it ends there", w->failed.msg);
	w->told = true;
}

void xen_witness_end(struct session *s)
{
	struct xen_witness *w = s->witness;

	s->witness = NULL;
	if (!w)
		return;
	end_taking(w);
	if (w->failed.code && !w->told)
		session_warn(s, "the trace of run states failed: %s; it ends there", w->failed.msg);
	xen_watch_end(w->watch);
	if (w->fd >= 0)
		close(w->fd);
	free(w->buf);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
