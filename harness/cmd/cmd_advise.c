// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope advise: what could be changed on a running VM, and what it should gain. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/advise.h"
#include "study/trial.h"

struct args {
	const char *domain;
	bool all;
	uint64_t for_ns;
	struct strv words; /* the domain, and with --prove the candidate */
	struct advise_prove prove;
};

static void take_for(void *args, const char *word, struct argp_state *state)
{
	struct args *a = args;

	a->for_ns = cmd_time(word);
	if (a->for_ns < 100 * NS_PER_MS)
		argp_error(state, "--for wants a time from 100ms, such as 30s, not '%s'", word);
}

static void take_each(void *args, const char *word, struct argp_state *state)
{
	struct args *a = args;

	a->prove.each_ns = cmd_time(word);
	if (a->prove.each_ns < 100 * NS_PER_MS)
		argp_error(state, "--each wants a time from 100ms, such as 5s, not '%s'", word);
}

static const struct cmd_option options[] = {
	{"all", 0, NULL, "Every VM on this box", TO_FLAG(all)},
	{"for", 0, "TIME", "Watch for this long (default 30s)", BY(take_for)},
	{"prove", 0, NULL,
		"Try the candidate that is named after the domain, or the best, in interleaved blocks on the running domain, and take it back",
		TO_FLAG(prove.wanted)},
	{"rounds", 0, "N", "Blocks of a trial at most, two runs each (default 12, at least 8)",
		TO_COUNT(prove.rounds, 1000)},
	{"each", 0, "TIME", "Length of each run (default 5s)", BY(take_each)},
	{"measure", 0, "CMD",
		"Also judge by the number that this command (no shell) prints in each run; less is better",
		TO_TEXT(prove.measure)},
	{"higher", 0, NULL, "Of that number more is better", TO_FLAG(prove.higher)},
	{"keep", 0, NULL, "Leave a change that is proven and recommended; print how to undo it",
		TO_FLAG(prove.keep)},
	{"persistent", 0, NULL, "With --keep: in the domain's configuration too",
		TO_FLAG(prove.persistent)},
	{0},
};

static void check(void *args, struct argp_state *state)
{
	struct args *a = args;
	struct advise_prove *p = &a->prove;

	a->domain = a->words.n ? a->words.items[0] : NULL;
	p->candidate = a->words.n > 1 ? a->words.items[1] : NULL;
	if (!!a->domain + a->all != 1)
		argp_error(state, "which VM? A domain's name (virsh list), or --all");
	if (p->wanted && a->all)
		argp_error(state, "--prove wants one domain");
	if (a->words.n > (p->wanted ? 2 : 1))
		argp_error(state, "one domain at a time, or --all; a candidate goes with --prove");
	if (p->wanted && p->rounds < TRIAL_LEAST)
		argp_error(state, "--rounds wants %d or more: fewer cannot prove anything",
			TRIAL_LEAST);
	if (!p->wanted && (p->measure || p->keep))
		argp_error(state, "--measure and --keep go with --prove");
	if ((p->persistent && !p->keep) || (p->higher && !p->measure))
		argp_error(state, "--persistent goes with --keep, --higher with --measure");
}

static const char help[] =
	"  stealscope advise web                  watch it, list what could be changed\n"
	"  stealscope advise web --prove          try the best of these, take it back\n"
	"  stealscope advise web --prove unpin --measure \"sh -c './bench | tail -1'\"\n"
	"  stealscope advise web --prove --keep   leave it if it is proven\n"
	"  stealscope advise web --prove nothing  as it is against itself\n\n"
	"Each candidate has the figure that it rests on, what it should gain as computed from what was watched, who may pay for it, the virsh lines and the XML that make it so, and the lines that take it back. Nothing is changed, but by --prove: in random order it runs the domain as it is and changed, a record each, and takes the change back after every run, also after Ctrl-C or a kill -9. Proven is what the interval of the rounds' differences says, at 5 % of false claims in all; a neighbour that was made worse is named, and a change that costs the neighbours more than it gains is not recommended. It ends early when the answer is clear, cannot come, or somebody else changes the domain.\n\n"
	"Exit status: 0 also when nothing is proven; 2 the domain does not run; 3 --keep had nothing proven to keep; 4 there is no such domain, it is emulated, or this user may not. docs/advise.md tells more.\n\n";

/* The help, and the names that --prove takes. */
static char *make_help(void)
{
	struct strbuf out = {0};

	strbuf_add(&out, "%sCandidates, each when it fits:\n", help);
	for (size_t i = 0; i < n_advice_rows; i++)
		if (!(advice_rows[i].flags & ADVICE_SAID))
			strbuf_add(&out, "  %-14s %s%s\n", advice_rows[i].name,
				advice_rows[i].title,
				advice_rows[i].flags & ADVICE_POLICY ? " (policy: only when named)"
								     : "");
	return out.text;
}

struct advice_about advise_about(const struct advised *all, const struct advised_vm *vm)
{
	return (struct advice_about){.name = vm->name,
		.uri = vm->uri,
		.unknown = vm->unknown,
		.vcpus = vm->vcpus,
		.watched_s = all->watched_s,
		.wait = vm->wait,
		.worst = vm->worst,
		.list = vm->list,
		.n = vm->n};
}

void advise_print_json(const struct advised *all)
{
	auto_free struct advice_about *list = xcalloc(all->n + 1, sizeof(*list));
	auto_free char *text = NULL;

	for (size_t i = 0; i < all->n; i++)
		list[i] = advise_about(all, &all->vms[i]);
	text = advice_report_json(list, all->n, all->watched_s, all->agent_percent);
	puts(text);
}

static void print_text(const struct cmd_common *c, const struct advised *all)
{
	struct strbuf out = {0};

	for (size_t i = 0; i < all->n; i++) {
		const struct advice_about about = advise_about(all, &all->vms[i]);

		if (i)
			strbuf_add(&out, "\n");
		advice_report_text(&about, &out);
	}
	if (!all->n)
		strbuf_add(&out, "no VM runs on this box now\n");
	fputs(out.text, stdout);
	strbuf_release(&out);
	cmd_say(c, "watched for %.1f s; the agent used %.2f %% of a CPU; nothing was changed",
		all->watched_s, all->agent_percent);
}

/* Watch, list; with --prove try. */
static int advise(const struct cmd_common *c, const struct args *args, struct err *e)
{
	auto_free char *hostd = cmd_find_part("stealscope-hostd", e);
	const struct advise_options o = {.hostd = hostd,
		.connect = c->connect,
		.domain = args->domain,
		.for_ns = args->for_ns,
		.interrupted = &cmd_interrupted};
	struct advise_guard *guard = NULL;
	struct advised all = {0};
	int rc = hostd ? 0 : -e->code;

	/* Before it is watched: who changes it meanwhile is its owner. */
	if (!rc && args->prove.wanted)
		rc = advise_guard(c->connect, args->domain, args->prove.persistent, &guard, e);
	if (!rc)
		rc = advise_watch(&o, &all, e);
	if (!rc && args->prove.wanted)
		rc = advise_prove(c, &args->prove, guard, &all, e);
	else if (!rc && c->json)
		advise_print_json(&all);
	else if (!rc)
		print_text(c, &all);
	advise_unguard(guard);
	advised_release(&all);
	return rc;
}

int cmd_advise(const struct command *c, int argc, char **argv)
{
	struct args args = {
		.for_ns = 30 * NS_PER_S, .prove = {.rounds = 12, .each_ns = 5 * NS_PER_S}};
	auto_free char *more = make_help();
	const struct cmd_line line = {
		.more = more, .options = options, .operand = TO_LIST(words), .check = check};
	struct cmd_common common;
	struct err e = ERR_INIT;
	int status;

	cmd_parse(c, &line, &args, &common, argc, argv);
	cmd_catch_signals();
	status = advise(&common, &args, &e) ? cmd_fail(&e) : EXIT_DONE;
	strv_release(&args.words);
	return status;
}
