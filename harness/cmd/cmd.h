/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every command shares: one row in the table of main.c, the common options, progress, and the
 * way an error becomes one line and an exit status. Only this folder prints and exits. */
#ifndef SS_CMD_CMD_H
#define SS_CMD_CMD_H

#include <signal.h>

#include "base/err.h"
#include "base/util.h"
#include "cmd/line.h"
#include "study/execute.h"

struct command {
	const char *name;
	const char *args; /* as in --help: "FILE" */
	const char *doc;  /* one line */
	int (*main)(const struct command *c, int argc, char **argv);
	const char *no_json; /* why --json is refused; NULL = it prints its document */
};
extern const struct command commands[];
extern const size_t n_commands;

struct cmd_common {
	const char *results; /* --results */
	const char *connect; /* --connect */
	bool json;	     /* --json: one JSON document on stdout and nothing else there */
	bool quiet;
	int verbose;
	struct study study; /* the same for harness/study, which tells through cmd_say() */
};

/* Parse argv by the command's own line (cmd/line.h), into its `struct args`, and the common options.
 * Exits with EXIT_USAGE on a bad line, such as --json for a command that has none. */
void cmd_parse(const struct command *c, const struct cmd_line *line, void *args,
	struct cmd_common *common, int argc, char **argv);

/* Print "stealscope: sentence" on stderr; returns the exit status that belongs to it. */
int cmd_fail(const struct err *e);

/* Prose on stderr, silent with -q; the second only with -v. */
void cmd_say(const struct cmd_common *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void cmd_verbose(const struct cmd_common *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A line on stderr that is overwritten by the next one; nothing when stderr is no terminal or with
 * -q. An empty text clears it. */
void cmd_progress(const struct cmd_common *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Set by SIGINT, SIGTERM and SIGHUP after cmd_catch_signals(). A second signal is the same as one:
 * the run unwinds in bounded time. */
extern volatile sig_atomic_t cmd_interrupted;
void cmd_catch_signals(void);
/* Sleeps until then (CLOCK_MONOTONIC), or until one of them comes. */
void cmd_sleep_until(uint64_t ns);

/* Where the installed or built parts lie, found beside this program. Caller frees. NULL with `e`
 * set when the part is not there. */
char *cmd_find_part(const char *name, struct err *e);

/* executor_init(), and the parts of stealscope that are beside this program. */
int cmd_executor(struct executor *x, const struct study *s, bool with_agent, struct err *e);

/* "30s", "500ms", "5m", "2h", plain numbers are seconds. 0 = no such time. */
uint64_t cmd_time(const char *text);

/* Resolve what a user calls a run (a folder, a record's name in --results, its unique beginning, or
 * "last") to the record's folder. Caller frees. */
char *cmd_find_record(const struct cmd_common *c, const char *what, struct err *e);

int cmd_doctor(const struct command *c, int argc, char **argv);
int cmd_selftest(const struct command *c, int argc, char **argv);
int cmd_check(const struct command *c, int argc, char **argv);
int cmd_plan(const struct command *c, int argc, char **argv);
int cmd_run(const struct command *c, int argc, char **argv);
int cmd_replay(const struct command *c, int argc, char **argv);
int cmd_batch(const struct command *c, int argc, char **argv);
int cmd_analyze(const struct command *c, int argc, char **argv);
int cmd_report(const struct command *c, int argc, char **argv);
int cmd_export(const struct command *c, int argc, char **argv);
int cmd_compare(const struct command *c, int argc, char **argv);
int cmd_list(const struct command *c, int argc, char **argv);
int cmd_show(const struct command *c, int argc, char **argv);
int cmd_blame(const struct command *c, int argc, char **argv);
int cmd_advise(const struct command *c, int argc, char **argv);
int cmd_import(const struct command *c, int argc, char **argv);
int cmd_clean(const struct command *c, int argc, char **argv);

#endif
