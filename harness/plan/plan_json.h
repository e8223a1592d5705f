/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans for machines: all that plan_print() draws, resolved to numbers. */
#ifndef SS_PLAN_PLAN_JSON_H
#define SS_PLAN_PLAN_JSON_H

#include "plan/plan_make.h"

/* One indented document with a final newline. domain_xml[i][k] is the text for guest k of plan i,
 * NULL where it has none; domain_xml itself may be NULL. Caller frees. */
char *plan_json(
	const struct plan_list *l, const struct topology *t, char *const *const *domain_xml);

#endif
