// SPDX-License-Identifier: GPL-3.0-or-later
// <measure>: from the tree, and what can be wrong with it on any box.
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/build.h"
#include "scenario/near.h"
#include "terms/metrics.h"

void build_measures(const struct node *root, struct exp_config *out)
{
	node_for_each(n, root)
	{
		struct exp_measure *m;

		if (n->key != &key_elems[ELEM_MEASURE])
			continue;
		ARRAY_GROW(out->measures, out->n_measures);
		m = &out->measures[out->n_measures++];
		keys_store(n, m);
		m->pos = n->pos;
		m->broken = n->broken;
	}
}

void free_measures(struct exp_config *c)
{
	for (size_t i = 0; i < c->n_measures; i++)
		keys_free(ELEM_MEASURE, &c->measures[i]);
	free(c->measures);
}

const struct exp_measure *measure_find(const struct exp_config *c, const char *name)
{
	for (size_t i = 0; i < c->n_measures; i++)
		if (!strcmp(c->measures[i].name, name))
			return &c->measures[i];
	return NULL;
}

const char *measure_owner(const struct exp_config *c, const char *name)
{
	const struct exp_measure *m = measure_find(c, name);

	if (!m || m->broken)
		return NULL;
	if (m->of[0])
		return m->of;
	return strcmp(m->on, "host") ? m->on : NULL;
}

static void check_pattern(
	const struct exp_config *c, const struct exp_measure *m, struct scenario_msgs *msgs)
{
	regex_t re;
	int rc = regcomp(&re, m->pattern, REG_EXTENDED | REG_NEWLINE);
	char why[128];

	if (rc) {
		regerror(rc, &re, why, sizeof(why));
		SAY_OF(c, msgs, m->pos, "<measure pattern>: no regular expression: %s", why);
		return;
	}
	if (re.re_nsub != 1)
		SAY_OF(c, msgs, m->pos,
			"<measure pattern> has %zu groups; put brackets around the number alone, as \"rate: ([0-9.]+)\"",
			re.re_nsub);
	regfree(&re);
}

static const struct exp_guest *find_guest(
	const struct exp_config *c, const char *name, struct near *near)
{
	for (size_t i = 0; i < c->n_guests; i++) {
		near_try(near, c->guests[i].name);
		if (!strcmp(c->guests[i].name, name))
			return &c->guests[i];
	}
	return NULL;
}

static void check_guest_name(const struct exp_config *c, const struct exp_measure *m,
	const char *key, const char *name, struct scenario_msgs *msgs)
{
	struct near near = {.word = name};
	const struct exp_guest *g = find_guest(c, name, &near);
	char hint[96];

	if (!g)
		SAY_OF(c, msgs, m->pos, "<measure %s=\"%s\">: there is no such guest%s", key, name,
			near.best ? near_hint(&near, hint)
				  : "; use the name= of one in the file, or host");
	else if (!strcmp(key, "on") && guest_is_outside(g))
		SAY_OF(c, msgs, m->pos,
			"<measure on=\"%s\">: there is no agent in it to run programs; use on=\"host\" or agent=\"seed\"",
			name);
	else if (!strcmp(key, "on") && g->kind == GUEST_METAL)
		SAY_OF(c, msgs, m->pos,
			"<measure on=\"%s\">: a metal guest runs no programs; use on=\"host\" or a guest of another kind",
			name);
}

static void check_one(
	const struct exp_config *c, const struct exp_measure *m, struct scenario_msgs *msgs)
{
	if (metric_find(m->name, NULL) < METRIC_COUNT)
		SAY_OF(c, msgs, m->pos,
			"<measure name=\"%s\"> is the name of a metric of stealscope's own; give it another",
			m->name);
	if (measure_find(c, m->name) != m)
		SAY_OF(c, msgs, m->pos, "a second measure '%s'; give it another name", m->name);
	if (m->pattern[0] && m->json[0])
		SAY_OF(c, msgs, m->pos, "<measure> with both pattern and json; use one");
	if (m->pattern[0])
		check_pattern(c, m, msgs);
	if (!m->command[strspn(m->command, " \t")])
		SAY_OF(c, msgs, m->pos, "<measure command> is empty; name a program");
	if (strlen(m->unit) > 24)
		SAY_OF(c, msgs, m->pos, "<measure unit> is longer than 24 characters");
	if (strcmp(m->on, "host") != 0)
		check_guest_name(c, m, "on", m->on, msgs);
	if (m->of[0])
		check_guest_name(c, m, "of", m->of, msgs);
}

void check_measures(const struct exp_config *c, struct scenario_msgs *msgs)
{
	for (size_t i = 0; i < c->n_measures; i++)
		if (!c->measures[i].broken)
			check_one(c, &c->measures[i], msgs);
}
