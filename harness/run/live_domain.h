/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guests that are domains which exist already; inside run/ only. */
#ifndef SS_RUN_LIVE_DOMAIN_H
#define SS_RUN_LIVE_DOMAIN_H

#include <stdbool.h>

#include "domain/tuning.h"
#include "plan/plan.h"

struct session;
struct guest_run;

/* What is made of a domain in this run. */
enum live_use {
	LIVE_AS_IT_RUNS,
	LIVE_STARTED, /* it was shut off, and is shut down again */
	LIVE_COPY,    /* a guest of ours made from it */
};

struct live_facts;
/* Whether it can be measured in that use: one clear line if not. */
int live_judge(const char *domain, enum domain_use use, const struct live_facts *f, struct err *e);

int step_look_at_domains(struct session *s, struct err *e);
int step_live_domains(struct session *s, struct err *e);
void undo_live_domains(struct session *s);
/* It ended in mid-run: the failure that says why. */
int live_ended(struct session *s, struct guest_run *g, struct err *e);
/* The XML of a copy. Caller frees. */
char *copy_xml(struct session *s, const struct guest_run *g, const char *owner, struct err *e);

/* live_wants.c: mark in a tuning what the plan asks for. This is a named change to a running domain;
 * tuning_put_back() is its inverse. */
int live_wants(const struct plan_guest *g, struct tuning *t, struct err *e);

#endif
