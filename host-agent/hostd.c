// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * stealscope-hostd: what the host's scheduler did to some threads, written to a trace file. Its own
 * process, so that it alone needs the privileges, and so that its cost can be told. The harness
 * talks to it over stdin and stdout (commands.c); it ends when stdin does.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cpuset.h"
#include "base/process.h"
#include "base/util.h"
#include "terms/words.h"
#include "host-agent/agent.h"
#include "host-agent/privilege.h"
#include "host-agent/syscalls.h"
#include "host-agent/tracer_shared.h"

#define OPEN_FILES                                                                                 \
	(4 * TRACER_MAX_THREADS) /* three for each thread, where each has a control group of v1; and the rest */
#define REPLY_MAX      1200		 /* commands.c's, with its "ok" */
#define REPLY_LATE_NS  (500 * NS_PER_MS) /* no answer is kept for longer */
#define POLL_EVENTS_MS 100		 /* a tracer that cannot call is drained this often */

const char *argp_program_version = "stealscope-hostd " SS_VERSION;

struct options {
	enum trace_mode mode;
	unsigned interval_ms;
	const char *out;
	int out_fd;
	uint64_t limit;
	bool pin, measure_bpf, queue, no_kvm;
	struct cpuset cpus;
};

static const struct argp_option option_rows[] = {
	{"mode", 'm', "MODE", 0, "events (default), counts or counters", 0},
	{"interval", 'i', "MS", 0, "Time between counter samples, 10 to 60000 (default 1000)", 0},
	{"out", 'o', "FILE", 0, "Write the trace here", 0},
	{"out-fd", 'f', "N", 0, "Write the trace to this inherited file descriptor", 0},
	{"limit", 's', "BYTES", 0,
		"Let the trace fill no more than this; what comes after is counted as lost", 0},
	{"label", 'l', "TEXT", 0, "Whose trace it is, for those who look at `ps`", 0},
	{"cpus", 'c', "LIST", 0, "Run on these CPUs only", 0},
	{"measure-bpf", 'b', NULL, 0, "Also measure the time spent in the eBPF programs", 0},
	{"no-kvm", 'k', NULL, 0, "Do without KVM's counters, a file each to open for every sample",
		0},
	{"queue", 'q', NULL, 0, "Do without the BPF ring buffer, as on PREEMPT_RT before 6.12", 0},
	{0},
};

static error_t parse_mode(struct options *o, const char *arg, struct argp_state *state)
{
	int mode = word_find(&words_trace_mode, arg);

	if (mode < 0) {
		argp_error(state, "no mode \"%s\"; there are events, counts and counters", arg);
		return EINVAL;
	}
	o->mode = (enum trace_mode)mode;
	return 0;
}

static long number(const char *arg, long min, long max, struct argp_state *state)
{
	char *end;
	long v = strtol(arg, &end, 10);

	if (end == arg || *end || v < min || v > max)
		argp_error(state, "\"%s\" is not a number from %ld to %ld", arg, min, max);
	return v;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct err e = ERR_INIT;

	switch (key) {
	case 'm':
		return parse_mode(o, arg, state);
	case 'i':
		o->interval_ms = (unsigned)number(arg, 10, 60000, state);
		return 0;
	case 'o':
		o->out = arg;
		return 0;
	case 'f':
		o->out_fd = (int)number(arg, 0, 1 << 20, state);
		return 0;
	case 's':
		o->limit = (uint64_t)number(arg, 4096, LONG_MAX, state);
		return 0;
	case 'l':
		return 0;
	case 'c':
		if (cpuset_parse(arg, &o->cpus, &e) || cpuset_empty(&o->cpus))
			argp_error(state, "--cpus: %s", e.msg[0] ? e.msg : "the list is empty");
		o->pin = true;
		return 0;
	case 'b':
		o->measure_bpf = true;
		return 0;
	case 'k':
		o->no_kvm = true;
		return 0;
	case 'q':
		o->queue = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected \"%s\"", arg);
		return EINVAL;
	case ARGP_KEY_END:
		if (!o->out == (o->out_fd < 0))
			argp_error(state, "give either --out or --out-fd");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void pin_self(const struct options *o)
{
	int rc = o->pin ? cpuset_bind_thread(0, &o->cpus) : 0;

	if (rc)
		fprintf(stderr, "stealscope-hostd: cannot run on the CPUs asked for: %s\n",
			strerror(-rc));
}

/* Open the file, load what can be loaded, say "ready". */
static int agent_init(struct agent *a, const struct options *o, struct err *e)
{
	struct tracer *tracer = NULL;
	struct err why = ERR_INIT, drop = ERR_INIT;
	int rc, fd = o->out_fd;

	if (o->out)
		fd = beneath_open(o->out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		return err_sys(e, "cannot create %s", o->out);
	privilege_use();
	tracer_hush();
	if (o->mode == TRACE_MODE_COUNTERS)
		err_set(&why, ENOTSUP, "asked for");
	else
		tracer_open(o->mode == TRACE_MODE_COUNTS, o->queue, &tracer, &why);
	*a = (struct agent){.tracer = tracer,
		.mode = tracer ? o->mode : TRACE_MODE_COUNTERS,
		.measure_bpf = o->measure_bpf};
	if (!tracer || vcpus_open(tracer, &a->vcpus, &a->no_vcpus))
		a->vcpus = NULL;
	rc = sink_open(&a->sink, fd, a->mode, e);
	if (rc) {
		vcpus_close(a->vcpus);
		tracer_close(tracer);
		return rc;
	}
	a->sink.limit = o->limit;
	if (tracer && o->measure_bpf && tracer_measure(tracer, &why)) {
		sink_note(&a->sink, "%s", why.msg);
		a->measure_bpf = false;
	}
	a->counters = counters_open(!o->no_kvm, &a->sink);
	if (privilege_drop(counters_has_kvm(a->counters), &drop) || syscalls_restrict(&drop))
		fprintf(stderr, "stealscope-hostd: %s\n", drop.msg);
	if (tracer)
		printf("ready mode=%s\n", word_of(&words_trace_mode, a->mode));
	else
		printf("ready mode=%s reason=%s\n", word_of(&words_trace_mode, a->mode), why.msg);
	return 0;
}

/* Run the whole lines in `buf`; what is left of it is moved to the front. Answers to lines that came
 * together leave together. False: stdout is gone. */
static bool run_lines(struct agent *a, char *buf, size_t *used)
{
	char replies[8 * REPLY_MAX], *nl, *at = buf;
	uint64_t since = now_ns();
	size_t n = 0;

	while ((nl = memchr(at, '\n', *used - (size_t)(at - buf)))) {
		*nl = '\0';
		if (sizeof(replies) - n < REPLY_MAX || now_ns() - since > REPLY_LATE_NS) {
			if (n && write_all(STDOUT_FILENO, replies, n) < 0)
				return false;
			n = 0;
			since = now_ns();
		}
		agent_command(a, at, replies + n, REPLY_MAX);
		n += strlen(replies + n);
		at = nl + 1;
	}
	*used -= (size_t)(at - buf);
	memmove(buf, at, *used);
	return !n || write_all(STDOUT_FILENO, replies, n) >= 0;
}

static void serve(struct agent *a, unsigned interval_ms, int signals)
{
	uint64_t next = now_ns() + interval_ms * NS_PER_MS;
	char buf[4096];
	size_t used = 0;

	for (;;) {
		bool tracing = a->tracer && a->started && !a->stopped;
		uint64_t now = now_ns();
		int64_t left = next > now ? (int64_t)((next - now + NS_PER_MS - 1) / NS_PER_MS) : 0;
		struct pollfd fds[] = {
			{.fd = STDIN_FILENO, .events = POLLIN},
			{.fd = signals, .events = POLLIN},
			{.fd = tracing ? tracer_poll_fd(a->tracer) : -1, .events = POLLIN},
		};

		if (tracing && !tracer_calls(a->tracer))
			left = MIN(left, POLL_EVENTS_MS);
		if (poll(fds, 3, a->started && !a->stopped ? (int)left : -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents)
			return;
		if (fds[0].revents) {
			ssize_t n = read_some(STDIN_FILENO, buf + used, sizeof(buf) - used);

			if (n <= 0)
				return;
			used += (size_t)n;
			if (!run_lines(a, buf, &used) || used == sizeof(buf))
				return;
		}
		if (!a->started || a->stopped)
			continue;
		if (now_ns() >= next) {
			agent_sample(a);
			next += interval_ms * NS_PER_MS;
			if (next < now_ns())
				next = now_ns() + interval_ms * NS_PER_MS;
		} else {
			agent_drain(a);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_rows,
		.parser = parse_option,
		.doc = "Traces threads' scheduling for stealscope; commands come on stdin.",
	};
	struct options o = {.mode = TRACE_MODE_EVENTS, .interval_ms = 1000, .out_fd = -1};
	struct agent a;
	struct err e = ERR_INIT;
	sigset_t set;
	int signals;

	if (privilege_begin(&e)) {
		fprintf(stderr, "stealscope-hostd: %s\n", e.msg);
		return (int)e.exit;
	}
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	process_open_files(OPEN_FILES);
	process_keep_memory();
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	pin_self(&o);
	if (agent_init(&a, &o, &e)) {
		printf("error %s\n", e.msg);
		fprintf(stderr, "stealscope-hostd: %s\n", e.msg);
		return EXIT_FAILED;
	}
	serve(&a, o.interval_ms, signals);
	agent_stop(&a);
	counters_close(a.counters);
	vcpus_close(a.vcpus);
	tracer_close(a.tracer);
	sink_close(&a.sink);
	return a.sink.write_errno ? EXIT_FAILED : EXIT_DONE;
}
