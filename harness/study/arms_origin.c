// SPDX-License-Identifier: GPL-3.0-or-later
/* Where the boots of arms come from, for the paragraph on methods. */
#include <stdlib.h>
#include <string.h>

#include "study/arms.h"

/* What the runs have in one of their fields, each once: "a, b"; "" when none has anything. */
static char *distinct(const struct arm *arms, size_t n, size_t field)
{
	auto_struct(strv) seen = {0};

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < arms[i].n; k++) {
			char *value;
			size_t s = 0;

			memcpy(&value, (const char *)&arms[i].rows[k] + field, sizeof(value));
			while (s < seen.n && strcmp(seen.items[s], value) != 0)
				s++;
			if (s == seen.n && *value)
				strv_add(&seen, "%s", value);
		}
	return seen.n ? strv_join(&seen, ", ") : xstrdup("");
}

void arms_origin(const struct arm *arms, size_t n, const char *guest, struct arms_origin *out)
{
	struct compare_origin *o = &out->origin;

	*out = (struct arms_origin){
		.text = {
			distinct(arms, n, offsetof(struct index_row, scenario)),
			distinct(arms, n, offsetof(struct index_row, experiment)),
			distinct(arms, n, offsetof(struct index_row, host)),
			distinct(arms, n, offsetof(struct index_row, kernel)),
			distinct(arms, n, offsetof(struct index_row, overrides)),
		}};
	*o = (struct compare_origin){.scenarios = out->text[0],
		.experiments = out->text[1],
		.hosts = out->text[2],
		.kernels = out->text[3],
		.overrides = out->text[4],
		.guest = guest,
		.ordered = true};
	for (size_t i = 0; i < n; i++) {
		o->boots += arms[i].n;
		for (size_t k = 0; k < arms[i].n; k++) {
			const struct index_row *r = &arms[i].rows[k];

			o->ordered &= *r->experiment != 0;
			if (!o->since || strcmp(r->started, o->since) < 0)
				o->since = r->started;
			if (!o->until || strcmp(r->started, o->until) > 0)
				o->until = r->started;
		}
	}
}

void arms_origin_release(struct arms_origin *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(o->text); i++)
		free(o->text[i]);
}
