/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What run and batch do alike with one boot: carry out its plan, analyse and save the record, put
 * it into the index. */
#ifndef SS_CMD_EXECUTE_H
#define SS_CMD_EXECUTE_H

#include "analysis/analysis.h"
#include "study/order.h"
#include "cmd/cmd.h"
#include "cmd/scenario.h"

struct executor {
	const struct cmd_common *common;
	char *metal, *agent, *hostd; /* parts of stealscope; hostd NULL = without */
	char experiment[33];
	uint64_t boot_timeout_ns; /* 0 = as run.h says */
	struct run_lab *lab;	  /* kept open between boots; see run.h */
};

/* Find the parts and draw a new experiment id. */
int executor_init(
	struct executor *x, const struct cmd_common *common, bool with_agent, struct err *e);
void executor_release(struct executor *x);

/* One boot of an order. */
struct execution {
	const struct prepared *prepared;
	const char *scenario_file; /* as in run.h; may be NULL */
	struct order_unit unit;
	size_t place, places;	     /* of the order, from 1 */
	const struct strv *warnings; /* of the time before it; may be NULL */
	const char *tail;	     /* of the progress line: "3 min left"; may be NULL */
};

/* The record's folder in *record (NULL if none began; the caller frees) whatever comes out. 0: it
 * is complete and *out its analysis, saved and indexed, which the caller frees. */
int execute(struct executor *x, const struct execution *what, char **record, struct analysis **out,
	struct err *e);

/* Analyse a complete record, save what was made of it, put it into the index. */
int execute_analysis(
	const struct cmd_common *c, const char *record, struct analysis **out, struct err *e);

/* --boot-timeout and --no-agent, shared by run, batch and replay. */
enum { OPT_BOOT_TIMEOUT = 0x300, OPT_NO_AGENT };
#define OPTIONS_EXECUTE                                                                            \
	{"boot-timeout", OPT_BOOT_TIMEOUT, "SECONDS", 0,                                           \
		"Give up on a guest that is not up by then (default 60, with Linux guests 25)",    \
		0},                                                                                \
	{                                                                                          \
		"no-agent", OPT_NO_AGENT, NULL, 0, "Without the host agent: no trace, no blame", 0 \
	}

/* Take one of the two. */
void execute_option(
	int key, char *arg, struct argp_state *state, uint64_t *boot_timeout_ns, bool *no_agent);

/* A whole number from 1 to `max` or a usage error; a final `unit` is allowed. */
unsigned long parse_count(const char *option, const char *arg, unsigned long max, const char *unit,
	struct argp_state *state);

#endif
