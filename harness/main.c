// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope: the command table and nothing else. A command is one row here and one file in
 * cmd/. */
#include <errno.h>
#include <jansson.h>
#include <libxml/xmlmemory.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/cmd.h"

const struct command commands[] = {
	{"doctor", "", "Say what this box can and cannot do, and why", cmd_doctor, NULL},
	{"selftest", "", "Try this box on scenarios with known results, into one file for others",
		cmd_selftest, NULL},
	{"check", "FILE...", "Check scenario files; all errors at once, nothing is started",
		cmd_check,
		"its sentences are FILE:LINE: ... on stderr and its exit status is the verdict"},
	{"plan", "FILE", "Draw what a run would do on this box: who runs where", cmd_plan, NULL},
	{"run", "FILE", "Run a scenario: boot the guests, add the noise, measure, explain", cmd_run,
		NULL},
	{"batch", "PATH...",
		"Run many scenarios many times, interleaved; --resume goes on after a crash",
		cmd_batch, NULL},
	{"replay", "RUN", "Boot again what a record is of, from the record alone", cmd_replay,
		NULL},
	{"analyze", "RUN", "Make analysis.json and the report of a record again, from it alone",
		cmd_analyze, NULL},
	{"report", "RUN...", "Write report.html of a record, or lay several side by side",
		cmd_report, "it writes report.html; `show --json` has the figures"},
	{"export", "RUN...", "Write records as Perfetto trace, CSV, JSON Lines or SQLite",
		cmd_export, "--format says what it writes"},
	{"compare", "A [B...]", "Compare sets of runs, or draw a sweep; verdicts with intervals",
		cmd_compare, NULL},
	{"list", "[WHAT]", "List the records, or scenarios, metrics, probes, noise, keys, tables",
		cmd_list, NULL},
	{"show", "RUN", "Print the summary of a record", cmd_show, NULL},
	{"blame", "DOMAIN", "Say who takes the CPU of a running VM, now", cmd_blame, NULL},
	{"advise", "DOMAIN", "Say what to change on a running VM, and what it should gain",
		cmd_advise, NULL},
	{"import", "FILE...", "Make a record of recordings of stealscope-agent", cmd_import, NULL},
	{"clean", "", "Remove what interrupted runs left on this host", cmd_clean,
		"it says in sentences what it removes"},
};
const size_t n_commands = ARRAY_SIZE(commands);

static int usage(FILE *f, int status)
{
	fputs("Usage: stealscope COMMAND [OPTION...]\n"
	      "Measure what CPU overcommit does to KVM guests, and who did it.\n\n",
		f);
	for (size_t i = 0; i < n_commands; i++)
		text_print(
			f, "  %-8s %-8s %s\n", commands[i].name, commands[i].args, commands[i].doc);
	fputs("\nStart with `stealscope doctor`, then `stealscope run scenarios/first-light.xml`.\n"
	      "`stealscope COMMAND --help` tells more. Exit status: 0 done, 1 failed, 2 bad usage or\n"
	      "scenario, 3 an expectation of the scenario fell short, 4 this host cannot run it,\n"
	      "130 interrupted.\n",
		f);
	return status;
}

static int unknown(const char *name)
{
	const struct command *near = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < n_commands; i++) {
		unsigned d = edit_distance(name, commands[i].name);

		if (d < best) {
			best = d;
			near = &commands[i];
		}
	}
	if (near)
		text_print(stderr, "stealscope: no command '%.40s'; did you mean '%s'?\n", name,
			near->name);
	else
		text_print(stderr,
			"stealscope: no command '%.40s'; `stealscope --help` lists them\n", name);
	return EXIT_USAGE;
}

static volatile sig_atomic_t broken_pipe;

static void on_broken_pipe(int sig)
{
	(void)sig;
	broken_pipe = 1;
}

int main(int argc, char **argv)
{
	int status;

	if (geteuid() != getuid() || getegid() != getgid()) {
		fputs("stealscope: refuses to run set-uid; use sudo or the groups libvirt and kvm\n",
			stderr);
		return EXIT_USAGE;
	}
	/* Whoever reads what is printed may leave: said below, once, instead of ending without a
	 * word. A handler, not SIG_IGN, which the programs started here would inherit. */
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = on_broken_pipe}, NULL);
	/* Libraries make folders by the umask alone: nothing of ours is for others to write to. */
	umask(umask(0) | 022);
	/* Where memory is lacking, these libraries leave out what they could not make, or call it a
	 * syntax error: here it is the one line of ours. */
	xmlMemSetup(free, xmalloc, xrealloc, xstrdup);
	json_set_alloc_funcs(xmalloc, free);
	if (argc < 2)
		return usage(stderr, EXIT_USAGE);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return usage(stdout, EXIT_DONE);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("stealscope " SS_VERSION);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < n_commands; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		status = commands[i].main(&commands[i], argc - 1, argv + 1);
		if (fflush(stdout) || ferror(stdout)) {
			text_print(stderr, "stealscope: cannot write to standard output: %s\n",
				strerror(broken_pipe ? EPIPE : errno));
			return EXIT_FAILED;
		}
		return status;
	}
	return unknown(argv[1]);
}
