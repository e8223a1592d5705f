/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One run: one plan carried out once, from an empty folder to a complete record. The steps are rows
 * of one table (run.c); each knows how to undo itself, and whatever happens they are unwound in
 * reverse. A run never prints: it reports through `progress`.
 */
#ifndef SS_RUN_RUN_H
#define SS_RUN_RUN_H

#include <signal.h>

#include "plan/plan.h"
#include "record/run_info.h"
#include "scenario/experiment.h"

struct run_lab;

struct run_options {
	const char *results;	      /* folder of the records */
	const char *connect;	      /* "auto" or a libvirt URI */
	const struct strv *scenario;  /* its files, the scenario first: copied into the record */
	const struct strv *overrides; /* of the scenario, for the record */
	const char *scenario_file; /* where it was, when its files are copies; NULL = scenario[0] */
	const char *metal_elf;	   /* the metal guest's ELF */
	const char *agent; /* the Linux agent's program; NULL = none: no Linux, no native guests */
	const char *hostd; /* the host agent's program; NULL = do without, and say so */
	const char *experiment; /* id shared by the runs of one experiment */
	const char *plan_text;	/* what `plan` draws, for the record */
	const char *published;	/* as in run_info; NULL = none */
	/* give up on a guest that is not up by then; 0 = as the guests need */
	uint64_t boot_timeout_ns;
	unsigned repeat, place, places, block; /* as in run_info */
	const struct strv *warnings; /* of the time before the run, for the record; NULL = none */
	const struct run_expect *expects; /* copied into the record */
	size_t n_expects;
	const volatile sig_atomic_t *interrupted; /* end early when it becomes nonzero */
	/* What is being done; fraction 0..1 of the measuring, < 0 when unknown. May be NULL. */
	void (*progress)(void *ctx, const char *what, double fraction);
	void *progress_ctx;
	/* The libvirt connection, kept from one run of this process to the next (the embedded
	 * driver can be registered 16 times only): opened by the first run, closed by the caller
	 * with run_lab_close(). NULL = a connection of the run's own. */
	struct run_lab **lab;
};

void run_lab_close(struct run_lab **lab);
/* The connection to the libvirt that knows a domain, kept in *lab: that of `connect`, or with "auto"
 * the first usual one. */
struct lab_conn;
int run_lab_of(struct run_lab **lab, const char *connect, const char *domain, struct lab_conn **out,
	struct err *e);

/* Fill in what only libvirt knows of the domains that an experiment names: how many vCPUs. Before
 * plan_make(), which is pure. On failure `where` is the place in the scenario. */
int run_resolve_domains(
	struct experiment *x, const char *connect, struct scenario_pos *where, struct err *e);

struct run_result {
	/* folder of the record, complete or marked as interrupted; NULL if none began */
	char *record;
	bool interrupted; /* it was ended early by `interrupted` */
};

/*
 * Carry out `plan`. 0 when the record is complete. On failure the record, if one was begun, stays
 * in the results marked with what went wrong, `out->record` names it, and everything else that was
 * started is gone. e->exit says what the process should exit with.
 */
int run_plan(const struct plan *plan, const struct run_options *o, struct run_result *out,
	struct err *e);
void run_result_release(struct run_result *r);

/* Remove what interrupted runs left on this host: domains, cgroups, shared memory, runtime folders
 * of harnesses that no longer live. Each thing that is gone now is one line in `removed`; each that
 * is named like one of ours and is not proven to be it, or does not go, one in `left`. */
int run_clean(const char *connect, struct strv *removed, struct strv *left, struct err *e);
/* Put back one saved tuning (domain/tuning.h), as `clean` does all. */
int run_clean_tuning(const char *path, struct strv *removed, struct err *e);

#endif
