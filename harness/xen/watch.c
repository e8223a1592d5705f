// SPDX-License-Identifier: GPL-3.0-or-later
/* xentrace writes into a memory file. */
#include "xen/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/memory_file.h"
#include "base/util.h"
#include "xen/counts.h"
#include "xen/states.h"

#define CALIBRATION_NS (200 * NS_PER_MS)
#define START_NS       (30 * NS_PER_S) /* of its first output; on a starved emulation it took over 3 s */
#define END_MS	       5000
#define TRACE_FILE     "/proc/self/fd/3" /* CHILD_KEPT_FD: xentrace wants a name */

struct xen_watch {
	pid_t pid;
	int pidfd, messages; /* -1: none */
	struct memory_file trace;
	struct xentrace *reader;
	struct xen_states *states;
	struct xen_counts *counts;
	struct xen_clock clock;
	void (*record)(void *arg, const struct trace_hdr *h);
	void *arg;
};

bool xen_is_dom0(void)
{
	auto_free char *can = read_file("/proc/xen/capabilities", 4096, NULL, NULL);

	return can && strstr(can, "control_d");
}

static uint64_t tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/* dom0 reads the processor's own TSC, as Xen does for its trace. Of three readings the one whose
 * clock call took least. */
static void read_clocks(uint64_t *at, uint64_t *ns)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 3; i++) {
		uint64_t before = tsc(), now = now_ns(), took = tsc() - before;

		if (took < best) {
			best = took;
			*at = before + took / 2;
			*ns = now;
		}
	}
}

static void on_record(void *arg, const struct trace_hdr *h)
{
	struct xen_watch *w = arg;

	xen_counts_record(w->counts, h);
	if (w->record)
		w->record(w->arg, h);
}

/* -D: what is in the buffers from before is dropped. */
static int launch(struct xen_watch *w, struct err *e)
{
	struct child_setup setup = {.files = {CHILD_NULL, w->messages, w->messages},
		.keep = w->trace.fd,
		.death_signal = SIGTERM}; /* it switches Xen's tracing off */

	w->pid = child_fork(&setup, e);
	if (w->pid == 0) {
		execlp("xentrace", "xentrace", "-D", "-e", XENTRACE_EVENTS, TRACE_FILE,
			(char *)NULL);
		_exit(127);
	}
	if (w->pid < 0) {
		w->pid = 0;
		return -e->code;
	}
	w->pidfd = child_pidfd(w->pid, e);
	if (w->pidfd < 0) {
		w->pid = 0;
		return -e->code;
	}
	return 0;
}

static bool has_ended(const struct xen_watch *w, int timeout_ms)
{
	struct pollfd p = {.fd = w->pidfd, .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

/* The last line of what it said. */
static int say_why(const struct xen_watch *w, struct err *e)
{
	char said[512] = "";
	ssize_t n = pread(w->messages, said, sizeof(said) - 1, 0);
	char *line = said;

	while (n > 0 && (said[n - 1] == '\n' || said[n - 1] == ' '))
		said[--n] = '\0';
	if (strrchr(said, '\n'))
		line = strrchr(said, '\n') + 1;
	return err_set_exit(e, EXIT_HOST, ENOTSUP, "no run-state trace of Xen here: %s",
		*line ? line
		      : "xentrace is not there (package xen-utils-common), or wrote nothing");
}

/* Until it has written something: dom0's own changes of state are in the trace. */
static int wait_for_trace(struct xen_watch *w, struct err *e)
{
	uint64_t until = now_ns() + START_NS;
	struct stat st;

	while (fstat(w->trace.fd, &st) == 0 && st.st_size == 0) {
		if (has_ended(w, 20) || now_ns() > until)
			return say_why(w, e);
	}
	return 0;
}

static int begin(struct xen_watch *w, struct err *e)
{
	uint64_t start;
	int rc;

	if (!xen_is_dom0())
		return err_set_exit(e, EXIT_HOST, ENODEV,
			"this is not the dom0 of a Xen box (/proc/xen/capabilities does not say control_d)");
	rc = memory_file_make(&w->trace, "stealscope-xentrace", e);
	if (rc)
		return rc;
	w->messages = memfd_create("stealscope-xentrace-said", MFD_CLOEXEC);
	if (w->messages < 0)
		return err_sys(e, "cannot make a memory file");
	read_clocks(&w->clock.tsc, &w->clock.ns);
	start = w->clock.ns;
	rc = launch(w, e);
	if (!rc)
		rc = wait_for_trace(w, e);
	if (rc)
		return rc;
	while (now_ns() < start + CALIBRATION_NS)
		sleep_ns(10 * NS_PER_MS);
	read_clocks(&w->clock.tsc2, &w->clock.ns2);
	w->counts = xen_counts_make(w->clock.ns2);
	w->states = xen_states_make(&w->clock, on_record, w);
	w->reader =
		xentrace_make((struct xentrace_sink){xen_states_event, xen_states_lost, w->states});
	return 0;
}

int xen_watch_begin(void (*record)(void *arg, const struct trace_hdr *h), void *arg,
	struct xen_watch **out, struct err *e)
{
	struct xen_watch *w = xcalloc(1, sizeof(*w));
	int rc;

	w->pidfd = w->trace.fd = w->messages = -1;
	w->record = record;
	w->arg = arg;
	rc = begin(w, e);
	if (rc)
		xen_watch_end(w);
	else
		*out = w;
	return rc;
}

static void end_xentrace(struct xen_watch *w)
{
	if (!w->pid)
		return;
	kill(w->pid, SIGTERM);
	if (!has_ended(w, END_MS))
		kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	close(w->pidfd);
	w->pid = 0;
}

void xen_watch_end(struct xen_watch *w)
{
	if (!w)
		return;
	end_xentrace(w);
	xentrace_free(w->reader);
	xen_states_free(w->states);
	xen_counts_free(w->counts);
	memory_file_close(&w->trace);
	if (w->messages >= 0)
		close(w->messages);
	free(w);
}

void xen_watch_calibrate(struct xen_watch *w)
{
	read_clocks(&w->clock.tsc2, &w->clock.ns2);
	xen_states_clock(w->states, &w->clock);
}

bool xen_watch_track(struct xen_watch *w, unsigned domain, unsigned vcpu, bool capped)
{
	return xen_states_track(w->states, domain, vcpu, capped);
}

void xen_watch_untrack(struct xen_watch *w, unsigned domain)
{
	xen_states_untrack(w->states, domain);
}

static ssize_t feed(void *reader, const void *data, size_t len, struct err *e)
{
	return xentrace_feed(reader, data, len, e);
}

int xen_watch_take(struct xen_watch *w, struct err *e)
{
	if (has_ended(w, 0))
		return say_why(w, e);
	return memory_file_take(&w->trace, feed, w->reader, e);
}

uint64_t xen_watch_known_ns(const struct xen_watch *w)
{
	uint64_t known = xentrace_known(w->reader);

	return known ? xen_clock_ns(&w->clock, known) : w->clock.ns2;
}

void xen_watch_dump(
	struct xen_watch *w, void (*record)(void *arg, const struct trace_hdr *h), void *arg)
{
	xen_counts_dump(w->counts, xen_watch_known_ns(w), record, arg);
}

pid_t xen_watch_pid(const struct xen_watch *w)
{
	return w->pid;
}

uint64_t xen_watch_events(const struct xen_watch *w)
{
	return xentrace_totals(w->reader).events;
}

uint64_t xen_watch_lost(const struct xen_watch *w)
{
	return xentrace_totals(w->reader).lost;
}
