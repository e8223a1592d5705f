// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope compare --published: boots of one scenario, of any boxes, beside the figures it was made after. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/compare.h"
#include "json/json_text.h"
#include "report/compare/published.h"
#include "study/arms.h"

static int print(const struct cmd_common *c, const struct args *args, const struct published *p,
	struct err *e)
{
	auto_struct(strbuf) out = {0};
	auto_free char *json = c->json ? json_document(published_json(p), JSON_INDENT(2)) : NULL;

	if (!json)
		published_text(p, &out);
	fputs(json ? json : out.text, stdout);
	return args->html ? published_save(p, args->html, e) : 0;
}

static int of_boots(const struct cmd_common *c, const struct args *args,
	const struct analysis *const *set, size_t n, struct err *e)
{
	auto_ptr(published_free) struct published *p = published_make(set, n);

	return p ? print(c, args, p, e)
		 : err_set(e, ENODATA,
			   "no published figures stand beside scenario %s; vmm-overhead-3v4 has some (published= in its file)",
			   n ? set[0]->info.scenario : "");
}

static int one_scenario(const struct analysis *const *set, size_t n, struct err *e)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(set[i]->info.scenario, set[0]->info.scenario))
			return err_set(e, EINVAL,
				"these are runs of %s and of %s; choose one with scenario=",
				set[0]->info.scenario, set[i]->info.scenario);
	return 0;
}

int compare_published(
	const struct cmd_common *c, const struct args *args, struct index *x, struct err *e)
{
	size_t n = args->sets.n, n_all = 0;
	struct arm *arms = xcalloc(n, sizeof(*arms));
	auto_free struct compare_boots *boots = xcalloc(n, sizeof(*boots));
	auto_free const struct analysis **all = NULL;
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++) {
		rc = arm_read_scenario(&arms[i], &c->study, x, args->sets.items[i], e);
		if (rc)
			break;
		boots[i] = arm_boots(&c->study, &arms[i]);
		for (size_t k = 0; k < boots[i].n; k++) {
			ARRAY_GROW(all, n_all);
			all[n_all++] = boots[i].set[k];
		}
	}
	if (!rc)
		rc = one_scenario(all, n_all, e);
	if (!rc)
		rc = of_boots(c, args, all, n_all, e);
	for (size_t i = 0; i < n; i++)
		arm_boots_free(&boots[i]);
	arms_free(arms, n);
	return rc;
}
