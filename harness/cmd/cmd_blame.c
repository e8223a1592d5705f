// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope blame: attach to running VMs and say who takes their CPU, now. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "report/run/live.h"
#include "run/attach.h"

struct blame_args {
	const char *domain;
	long pid;
	bool all;
	uint64_t for_ns; /* 0 = until interrupted */
	uint64_t interval_ns;
};

enum { OPT_PID = 0x100, OPT_ALL, OPT_FOR, OPT_INTERVAL };

static const struct argp_option options[] = {
	{"pid", OPT_PID, "PID", 0, "This QEMU (or any) process instead of a domain's name", 0},
	{"all", OPT_ALL, NULL, 0, "Every VM on this box", 0},
	{"for", OPT_FOR, "TIME", 0, "End after this long and print the whole: 30s, 5m, 2h", 0},
	{"interval", OPT_INTERVAL, "TIME", 0, "Between two tables (default 2s)", 0},
	{0},
};

/* "30s", "500ms", "5m", "2h", plain numbers are seconds. 0 = no such time. */
static uint64_t parse_time(const char *text)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {{"", NS_PER_S}, {"s", NS_PER_S}, {"ms", NS_PER_MS}, {"m", 60 * NS_PER_S},
		{"min", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}};
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	for (size_t i = 0; end != text && v <= 100000 && i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].unit))
			return v * units[i].ns;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct blame_args *a = state->input;
	char *end;

	switch (key) {
	case OPT_PID:
		a->pid = strtol(arg, &end, 10);
		if (*end || end == arg || a->pid < 1)
			argp_error(state, "--pid wants a process id, not '%s'", arg);
		return 0;
	case OPT_ALL:
		a->all = true;
		return 0;
	case OPT_FOR:
		a->for_ns = parse_time(arg);
		if (!a->for_ns)
			argp_error(state, "--for wants a time such as 30s or 2h, not '%s'", arg);
		return 0;
	case OPT_INTERVAL:
		a->interval_ns = parse_time(arg);
		if (a->interval_ns < 100 * NS_PER_MS)
			argp_error(state, "--interval wants a time from 100ms, not '%s'", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (a->domain)
			argp_error(state, "one domain at a time, or --all");
		a->domain = arg;
		return 0;
	case ARGP_KEY_END:
		if (!!a->domain + !!a->pid + a->all != 1)
			argp_error(state, "whom to watch? A domain's name, --pid PID, or --all");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void add_vm(struct vm_list *l, const struct vm *vm)
{
	ARRAY_GROW(l->items, l->n);
	l->items[l->n] = *vm;
	l->items[l->n].name = xstrdup(vm->name);
	l->items[l->n].vcpus = xcalloc(vm->n_vcpus, sizeof(*vm->vcpus));
	memcpy(l->items[l->n].vcpus, vm->vcpus, vm->n_vcpus * sizeof(*vm->vcpus));
	l->n++;
}

static int pick_victims(
	const struct blame_args *a, const struct vm_list *all, struct vm_list *out, struct err *e)
{
	struct strbuf names = {0};

	if (a->pid) {
		struct vm vm;
		int rc = vm_of_pid((pid_t)a->pid, &vm, e);

		if (rc) {
			e->exit = EXIT_USAGE;
			return rc;
		}
		ARRAY_GROW(out->items, out->n);
		out->items[out->n++] = vm;
		return 0;
	}
	for (size_t i = 0; i < all->n; i++) {
		if (a->all || !strcmp(all->items[i].name, a->domain))
			add_vm(out, &all->items[i]);
		strbuf_add(&names, "%s%s", i ? ", " : "", all->items[i].name);
	}
	if (!out->n)
		err_set_exit(e, EXIT_USAGE, ENOENT, "no VM %s%s%s here; %s%s",
			a->all ? "runs" : "'", a->all ? "" : a->domain, a->all ? "" : "' runs",
			names.len ? "running: " : "none is running", names.len ? names.text : "");
	strbuf_release(&names);
	return out->n ? 0 : -ENOENT;
}

static void print_view(const struct cmd_common *c, const struct attach *a,
	const struct live_view *v, bool table_in_place)
{
	if (c->json) {
		auto_free char *line = live_report_json(attach_live(a), v, attach_info(a));

		fputs(line, stdout);
	} else {
		struct strbuf text = {0};

		live_report_text(attach_live(a), v, attach_info(a), &text);
		if (table_in_place)
			fputs("\033[H\033[J", stdout);
		fputs(text.text, stdout);
		putchar('\n');
		strbuf_release(&text);
	}
	fflush(stdout);
}

static int watch(
	const struct cmd_common *c, const struct blame_args *args, struct attach *a, struct err *e)
{
	bool in_place = !c->json && isatty(STDOUT_FILENO);
	uint64_t begin = now_ns(), next = begin,
		 end = args->for_ns ? begin + args->for_ns : UINT64_MAX;
	const struct live_view *v;
	int rc = 0;

	while (!rc && !cmd_interrupted && now_ns() < end) {
		next = MIN(next + args->interval_ns, end);
		while (!cmd_interrupted && now_ns() < next)
			sleep_ns(MIN(next - now_ns() + NS_PER_MS, 100 * NS_PER_MS));
		/* With --for a table of the whole follows; between, only those who look on are
		 * served. */
		if (args->for_ns && !in_place && !c->json && !c->verbose)
			continue;
		rc = attach_view(a, false, &v, e);
		if (!rc)
			print_view(c, a, v, in_place);
	}
	if (!rc && args->for_ns && !c->json) {
		rc = attach_view(a, true, &v, e);
		if (!rc)
			print_view(c, a, v, in_place);
	}
	if (!rc)
		cmd_say(c, "watched for %.1f s; the agent used %.2f %% of a CPU",
			(double)(now_ns() - begin) / 1e9,
			100 * (double)attach_cost_ns(a) / (double)(now_ns() - begin));
	return rc;
}

int cmd_blame(const struct command *c, int argc, char **argv)
{
	struct blame_args args = {.interval_ns = 2 * NS_PER_S};
	struct cmd_common common;
	struct vm_list all = {0}, victims = {0};
	struct attach *a = NULL;
	struct err e = ERR_INIT;
	auto_free char *hostd = NULL;
	int rc;

	cmd_parse(c,
		"Works on any KVM host and any QEMU, whoever started it; nothing in the VM is needed and nothing of it is changed. run, wait, steal (the kernel's run_delay: what the guest sees) and throttle are ms per s of each vCPU. With --json one line per interval.",
		options, parse, &args, &common, argc, argv);
	cmd_catch_signals();
	hostd = cmd_find_part("stealscope-hostd", &e);
	rc = hostd ? vms_find(&all, &e) : -e.code;
	if (!rc)
		rc = pick_victims(&args, &all, &victims, &e);
	if (!rc)
		rc = attach_begin(hostd, &victims, &all, &a, &e);
	if (!rc)
		rc = watch(&common, &args, a, &e);
	attach_end(a);
	vms_release(&victims);
	vms_release(&all);
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
