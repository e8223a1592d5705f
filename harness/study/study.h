/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every part of a study is given: where its records are, how its guests are reached, what ends
 * it, and somebody who passes on what it has to say. Nothing in this folder prints or exits. */
#ifndef SS_STUDY_STUDY_H
#define SS_STUDY_STUDY_H

#include <signal.h>

#include "base/util.h"

enum study_tone {
	STUDY_SAY,	/* a line */
	STUDY_DETAIL,	/* a line for who wants to know more */
	STUDY_PROGRESS, /* stands until the next one; "" takes it away */
	STUDY_WRONG,	/* messages about a scenario, as they are to be printed */
};

struct study {
	const char *results, *connect;
	const char *box; /* check, plan: a box file (host/box.h) to plan for; NULL = this box */
	const volatile sig_atomic_t *interrupted;			 /* NULL = it cannot be */
	void (*tell)(void *ctx, enum study_tone tone, const char *text); /* NULL = nobody hears */
	void *ctx;
};

void study_tell(const struct study *s, enum study_tone tone, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define study_say(s, ...) study_tell(s, STUDY_SAY, __VA_ARGS__)

bool study_interrupted(const struct study *s);
/* Whether its guests run on this box. */
bool study_is_local(const struct study *s);

#endif
