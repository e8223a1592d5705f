// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope blame: attach to running VMs and say who takes their CPU, now. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/process.h"
#include "cmd/cmd.h"
#include "domain/xen.h"
#include "report/run/live.h"
#include "run/attach.h"

struct args {
	struct attach_what what;
	bool vcpus;
	uint64_t for_ns; /* 0 = until interrupted */
	uint64_t interval_ns;
};

static void take_pid(void *args, const char *word, struct argp_state *state)
{
	char *end;
	long pid = strtol(word, &end, 10);

	if (*end || end == word || pid < 1 || pid > INT32_MAX)
		argp_error(state, "--pid wants a process id, not '%s'", word);
	((struct args *)args)->what.pid = (pid_t)pid;
}

static void take_for(void *args, const char *word, struct argp_state *state)
{
	struct args *a = args;

	a->for_ns = cmd_time(word);
	if (!a->for_ns)
		argp_error(state, "--for wants a time such as 30s or 2h, not '%s'", word);
}

static void take_interval(void *args, const char *word, struct argp_state *state)
{
	struct args *a = args;

	a->interval_ns = cmd_time(word);
	if (a->interval_ns < 100 * NS_PER_MS)
		argp_error(state, "--interval wants a time from 100ms, not '%s'", word);
}

static const struct cmd_option options[] = {
	{"pid", 0, "PID", "This QEMU (or any) process instead of a domain's name", BY(take_pid)},
	{"children", 0, NULL, "With --pid: its descendants too, as they come and go",
		TO_FLAG(what.children)},
	{"all", 0, NULL, "Every VM on this box, as they come and go", TO_FLAG(what.all)},
	{"vcpus", 0, NULL, "A line for each vCPU, not only for each VM", TO_FLAG(vcpus)},
	{"for", 0, "TIME", "End after this long and print the whole: 30s, 5m, 2h", BY(take_for)},
	{"interval", 0, "TIME", "Between two tables (default 2s)", BY(take_interval)},
	{0},
};

static void check(void *args, struct argp_state *state)
{
	const struct attach_what *w = &((const struct args *)args)->what;

	if (!!w->name + !!w->pid + w->all != 1)
		argp_error(state, "whom to watch? A domain's name, --pid PID, or --all");
	if (w->children && !w->pid)
		argp_error(state, "--children goes with --pid PID");
}

static const struct cmd_line line = {
	.more = "Works on any KVM host and any VMM, whoever started it: the kernel says which threads are vCPUs. With --connect xen:///system, on the dom0 of a Xen box. Nothing in the VM is needed and nothing of it is changed. run, wait, steal (the kernel's run_delay: what the guest sees) and throttle are ms per s of each vCPU. With --json one line per interval (docs/blame.md).",
	.options = options,
	.operand = TO_TEXT(what.name),
	.many = "one domain at a time, or --all",
	.check = check,
};

/* The run queues that blame looks into are this kernel's: another host's VMs have theirs. */
static int refuse_others(const struct cmd_common *c, const struct args *args, struct err *e)
{
	const char *uri = c->connect, *host = strstr(uri, "://");
	size_t n;

	if (!strcmp(uri, "auto") || !strncmp(uri, "qemu:///", 8) || xen_uri_is_local(uri))
		return 0;
	host = host ? host + 3 : "";
	n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?");
	if (!n)
		return err_set_exit(e, EXIT_USAGE, EINVAL,
			"blame watches the KVM (or Xen) guests of this host, and %s names others; leave --connect out",
			uri);
	return err_set_exit(e, EXIT_USAGE, EINVAL,
		"blame watches this host's own run queues, and the VMs of %s run on another: run it on that host, ssh %.*s stealscope blame %s",
		uri, (int)n, host, args->what.name ? args->what.name : "--all");
}

static unsigned screen_rows(void)
{
	struct winsize w;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) ? 0 : w.ws_row;
}

static void print_view(const struct cmd_common *c, const struct args *args, const struct attach *a,
	const struct live_view *v, bool table_in_place)
{
	auto_struct(strv) asleep = {0};
	const struct live_notes notes = {.vcpus = args->vcpus,
		.rows = table_in_place ? screen_rows() : 0,
		.asleep = &asleep,
		.untracked = attach_untracked(a),
		.doubt = attach_doubt(a)};

	attach_asleep(a, &asleep);
	if (c->json) {
		auto_free char *json = live_report_json(v, attach_info(a), &notes);

		fputs(json, stdout);
	} else {
		auto_struct(strbuf) text = {0};

		live_report_text(v, attach_info(a), &notes, &text);
		if (table_in_place)
			fputs("\033[H\033[J", stdout);
		fputs(text.text, stdout);
		putchar('\n');
	}
	fflush(stdout);
}

static int watch(
	const struct cmd_common *c, const struct args *args, struct attach *a, struct err *e)
{
	bool in_place = !c->json && isatty(STDOUT_FILENO);
	/* With --for a table of the whole follows; between, only those who look on are served. */
	bool looks_on = !args->for_ns || in_place || c->json || c->verbose;
	uint64_t begin = now_ns(), next = begin,
		 end = args->for_ns ? begin + args->for_ns : UINT64_MAX;
	const struct live_view *v;
	int rc = 0;

	while (!rc && !cmd_interrupted && now_ns() < end) {
		next = MIN(next + args->interval_ns, end);
		cmd_sleep_until(next);
		rc = attach_view(a, false, &v, e);
		if (!rc && looks_on)
			print_view(c, args, a, v, in_place);
		if (!rc && !args->what.all && !attach_alive(a)) {
			cmd_say(c, "what was watched has ended");
			break;
		}
	}
	if (!rc && args->for_ns && !c->json) {
		rc = attach_view(a, true, &v, e);
		if (!rc)
			print_view(c, args, a, v, in_place);
	}
	if (!rc)
		cmd_say(c, "watched for %.1f s; the agent used %.2f %% of a CPU",
			(double)(now_ns() - begin) / 1e9,
			100 * (double)attach_cost_ns(a) / (double)(now_ns() - begin));
	return rc;
}

int cmd_blame(const struct command *c, int argc, char **argv)
{
	struct args args = {.interval_ns = 2 * NS_PER_S};
	struct cmd_common common;
	auto_ptr(attach_end) struct attach *a = NULL;
	struct err e = ERR_INIT;
	auto_free char *hostd = NULL;
	int rc;

	cmd_parse(c, &line, &args, &common, argc, argv);
	cmd_catch_signals();
	process_keep_memory();
	rc = refuse_others(&common, &args, &e);
	if (!rc) {
		args.what.xen = xen_uri_is(common.connect) ? common.connect : NULL;
		hostd = args.what.xen ? NULL : cmd_find_part("stealscope-hostd", &e);
		rc = e.code ? -e.code : attach_begin(hostd, &args.what, &a, &e);
	}
	if (!rc)
		rc = watch(&common, &args, a, &e);
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
