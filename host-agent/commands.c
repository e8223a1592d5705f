// SPDX-License-Identifier: GPL-3.0-or-later
/* hostd's line protocol: one command per line on stdin, one answer per command on stdout, "ok ..."
 * or "error SENTENCE". */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "host-agent/agent.h"

#define ARGS_MAX      3
#define REPLY_MAX     1100
#define VCPU_TEXT_MAX 45 /* of one vCPU in an answer */

/* `reply`: what follows "ok", "" by default. */
typedef int (*command_fn)(struct agent *a, char **args, char *reply, size_t size, struct err *e);

static int parse_number(const char *text, uint64_t max, uint64_t *out, struct err *e)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || *out > max)
		return err_set(e, EINVAL, "\"%.40s\" is not a number up to %" PRIu64, text, max);
	return 0;
}

static int cmd_track(struct agent *a, char **args, char *reply, size_t size, struct err *e)
{
	struct trace_track r = {0};
	uint64_t tid, id;
	pid_t tgid;
	int rc;

	if ((rc = parse_number(args[0], INT32_MAX, &tid, e)) ||
		(rc = parse_number(args[1], UINT32_MAX, &id, e)))
		return rc;
	rc = counters_add_thread(a->counters, (pid_t)tid, &a->sink, &tgid, e);
	if (rc)
		return rc;
	r.h = trace_head(now_ns(), (uint32_t)tid, 0, TRACE_TRACK, sizeof(r));
	r.id = (uint32_t)id;
	r.tgid = (uint32_t)tgid;
	snprintf(r.name, sizeof(r.name), "%.31s", args[2]);
	sink_put(&a->sink, &r, sizeof(r));
	rc = a->tracer ? tracer_track(a->tracer, (pid_t)tid, e) : 0;
	if (rc)
		counters_drop_thread(a->counters, (pid_t)tid);
	else if (a->started && !a->stopped)
		counters_sample_thread(a->counters, (pid_t)tid, a->tracer, &a->sink);
	snprintf(reply, size, "tgid=%d", (int)tgid);
	return rc;
}

static int cmd_untrack(struct agent *a, char **args, char *reply, size_t size, struct err *e)
{
	uint64_t tid;
	int rc = parse_number(args[0], INT32_MAX, &tid, e);

	(void)reply;
	(void)size;
	if (rc)
		return rc;
	counters_drop_thread(a->counters, (pid_t)tid);
	return a->tracer ? tracer_untrack(a->tracer, (pid_t)tid, e) : 0;
}

static int cmd_cgroup(struct agent *a, char **args, char *reply, size_t size, struct err *e)
{
	bool quota = false;
	uint64_t owner;
	int rc = parse_number(args[0], UINT32_MAX, &owner, e);

	if (!rc)
		rc = counters_add_cgroup(a->counters, (uint32_t)owner, args[1], &quota, e);
	if (!rc && quota && a->tracer)
		tracer_watch_throttle(a->tracer);
	snprintf(reply, size, "quota=%d", quota);
	return rc;
}

static int cmd_start(struct agent *a, char **args, char *reply, size_t size, struct err *e)
{
	int rc = 0;

	(void)args;
	if (a->started)
		return err_set(e, EALREADY, "it is started already");
	if (a->tracer)
		rc = tracer_start(a->tracer, e);
	if (rc)
		return rc;
	a->started = true;
	a->cost_at_start = self_cost();
	agent_sample(a);
	snprintf(reply, size, "ts=%" PRIu64, now_ns());
	return 0;
}

static int cmd_sync(struct agent *a, char **args, char *reply, size_t size, struct err *e)
{
	uint64_t ts = now_ns();

	(void)args;
	agent_sample(a);
	if (a->sink.write_errno)
		return err_set(e, a->sink.write_errno, "cannot write the trace: %s",
			strerror(a->sink.write_errno));
	snprintf(reply, size, "ts=%" PRIu64 " records=%" PRIu64 " lost=%" PRIu64, ts,
		a->sink.records, a->sink.lost);
	return 0;
}

static int cmd_dump(struct agent *a, char **args, char *reply, size_t size, struct err *e)
{
	if (a->tracer && a->started && !a->stopped)
		tracer_dump(a->tracer, &a->sink);
	return cmd_sync(a, args, reply, size, e);
}

static int cmd_stop(struct agent *a, char **args, char *reply, size_t size, struct err *e)
{
	struct self_cost now;

	(void)args;
	agent_stop(a);
	if (a->sink.write_errno)
		return err_set(e, a->sink.write_errno, "cannot write the trace: %s",
			strerror(a->sink.write_errno));
	now = self_cost();
	snprintf(reply, size,
		"records=%" PRIu64 " lost=%" PRIu64 " cpu_ns=%" PRIu64 " switches=%" PRIu64
		" bpf_ns=%" PRIu64,
		a->sink.records, a->sink.lost, now.cpu_ns - a->cost_at_start.cpu_ns,
		now.switches - a->cost_at_start.switches,
		a->tracer && a->measure_bpf ? tracer_bpf_ns(a->tracer) : 0);
	return 0;
}

/* As many as an answer holds; the caller asks on from there. The list is made anew for 0. */
static int cmd_vcpus(struct agent *a, char **args, char *reply, size_t size, struct err *e)
{
	uint64_t from;
	size_t used;
	int rc = parse_number(args[0], UINT32_MAX, &from, e);

	if (rc)
		return rc;
	if (!a->vcpus) {
		snprintf(reply, size, "unknown %s",
			a->no_vcpus.msg[0] ? a->no_vcpus.msg : "there is no eBPF here");
		return 0;
	}
	if (from == 0) {
		a->n_seen = 0;
		rc = vcpus_list(a->vcpus, &a->seen, &a->n_seen, e);
	}
	used = (size_t)snprintf(reply, size, "n=%zu", a->n_seen);
	for (size_t i = from; !rc && i < a->n_seen && used + VCPU_TEXT_MAX < size; i++)
		used += (size_t)snprintf(reply + used, size - used, " %u:%u:%u:%u", a->seen[i].tgid,
			a->seen[i].tid, a->seen[i].id, a->seen[i].vm);
	return rc;
}

static const struct command {
	const char *name;
	unsigned args; /* the last one takes the rest of the line */
	command_fn run;
	const char *usage;
} commands[] = {
	{"track", 3, cmd_track, "track TID ID NAME: trace this thread; ID and NAME are noted"},
	{"untrack", 1, cmd_untrack, "untrack TID"},
	{"cgroup", 2, cmd_cgroup, "cgroup OWNER PATH: sample this cgroup under the number OWNER"},
	{"vcpus", 1, cmd_vcpus,
		"vcpus FROM: n=ALL and PROCESS:THREAD:ID:VM of each vCPU of the box from FROM on, or \"unknown WHY\""},
	{"start", 0, cmd_start, "start: begin recording"},
	{"sync", 0, cmd_sync,
		"sync: counters now, and everything up to a millisecond ago into the file"},
	{"dump", 0, cmd_dump, "dump: as sync, and the totals so far"},
	{"stop", 0, cmd_stop, "stop: end the trace"},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int run_line(struct agent *a, char *line, char *reply, size_t size, struct err *e)
{
	char *args[ARGS_MAX] = {0}, *name = strsep(&line, " ");
	const struct command *c = find_command(name);

	if (!c)
		return err_set(e, EINVAL, "unknown command \"%.40s\"", name);
	for (unsigned i = 0; i < c->args; i++) {
		args[i] = i + 1 < c->args ? strsep(&line, " ") : line;
		if (!args[i] || !*args[i])
			return err_set(e, EINVAL, "usage: %s", c->usage);
	}
	return c->run(a, args, reply, size, e);
}

void agent_command(struct agent *a, char *line, char *reply, size_t size)
{
	struct err e = ERR_INIT;
	char more[REPLY_MAX] = "";

	if (run_line(a, line, more, sizeof(more), &e) < 0)
		snprintf(reply, size, "error %s\n", e.msg);
	else
		snprintf(reply, size, "ok%s%s\n", more[0] ? " " : "", more);
}
