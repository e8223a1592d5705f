/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of `doctor` beyond host/facts.h: they need the parts that it tries for real. */
#ifndef SS_CMD_DOCTOR_H
#define SS_CMD_DOCTOR_H

#include <string.h>

#include "cmd/cmd.h"
#include "domain/domain.h"
#include "host/facts.h"
#include "report/run/lists.h"

struct tried {
	struct fact_row *rows;
	size_t n;
	struct strv texts; /* owns what the rows point to */
};

/* Texts are copied. `verdict`: one of fact_verdict_text(). */
void doctor_row(struct tried *t, const char *key, const char *doc, const char *verdict,
	const char *note, const char *value);

void tried_release(struct tried *t);

/* All that doctor prints. False: no guest can be run here at all. */
bool doctor_rows(const struct cmd_common *c, struct tried *t);
/* What a box with Xen has and lacks. */
void doctor_xen(struct lab_conn *c, struct tried *rows);

#endif
