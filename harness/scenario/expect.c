// SPDX-License-Identifier: GPL-3.0-or-later
// <expect>: to which configurations it applies, what it compares, and whether that can be known.
#include <stdlib.h>
#include <string.h>

#include "scenario/build.h"
#include "scenario/near.h"
#include "scenario/units.h"
#include "terms/metrics.h"

#define SAY(msgs, pos, ...) scenario_msgs_add(msgs, BLAME_SCENARIO, pos, NULL, __VA_ARGS__)

static const char *attr_text(const struct node *n, const char *name)
{
	const struct attr *a = node_attr(n, name);

	return a ? a->value : "";
}

/* The configuration meant by a name: that of a configuration, or of a variant at the same point. */
static const struct point *find_point(const struct points *all, const char *name, size_t index)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->items[i].name, name))
			return &all->items[i];
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->items[i].variant, name) && all->items[i].index == index)
			return &all->items[i];
	return NULL;
}

static void say_no_variant(const struct points *all, const struct node *n, const char *name,
	struct scenario_msgs *msgs)
{
	struct near near = {.word = name};
	char hint[96];

	for (size_t i = 0; i < all->n; i++) {
		near_try(&near, all->items[i].variant);
		near_try(&near, all->items[i].name);
	}
	SAY(msgs, n->pos, "<expect>: there is no variant '%s'%s", name,
		near.best ? near_hint(&near, hint) : "; use the name= of one in the file");
}

static bool applies(const struct node *n, const struct points *all, const struct point *self,
	struct scenario_msgs *msgs)
{
	const char *name = attr_text(n, "variant");

	if (!name[0] || !strcmp(name, self->name) || !strcmp(name, self->variant))
		return true;
	if (!find_point(all, name, self->index))
		say_no_variant(all, n, name, msgs);
	return false;
}

static const struct metric_info *metric_named(const char *name)
{
	const char *part;
	enum metric_id id = metric_find(name, &part);

	return id < METRIC_COUNT ? &metric_table[id] : NULL;
}

/* By what the number as it is written is to be multiplied for the metric's own unit. */
static double factor_of(const struct node *n, const struct attr *a, const char *metric,
	const char *metric_unit, struct scenario_msgs *msgs)
{
	const char *unit = number_unit(a->value);
	bool of =
		node_attr(n, "of-metric") || node_attr(n, "of-variant") || node_attr(n, "of-guest");
	char choices[64];
	double factor = 1;

	if (!*unit)
		return 1;
	/* Beside of-...= it is a factor of another figure. */
	if (of && !strcmp(unit, "%"))
		return 0.01;
	if (of)
		SAY(msgs, a->pos,
			"'%s': beside of-metric, of-variant or of-guest it is a factor; write it without a unit, or in %%",
			a->value);
	else if (metric_unit && !unit_factor(unit, metric_unit, &factor))
		SAY(msgs, a->pos, "'%s': %s is in %s; write %s in %s", a->value, metric,
			metric_unit, a->name, unit_choices(metric_unit, choices));
	return factor;
}

/* The one relation given; -1 with a message. Its number goes to *value. */
static int relation_of(const struct node *n, const char *metric, const char *metric_unit,
	double *value, struct scenario_msgs *msgs)
{
	const struct attr *found = NULL;
	int relation = -1;

	for (unsigned i = 0; i < words_relation.n; i++) {
		const struct attr *a = node_attr(n, word_of(&words_relation, i));

		if (a && found) {
			SAY(msgs, a->pos, "<expect> with both %s and %s; write two expectations",
				found->name, a->name);
			return -1;
		}
		if (a) {
			found = a;
			relation = (int)i;
		}
	}
	if (!found) {
		if (!n->broken)
			SAY(msgs, n->pos,
				"<expect> compares nothing; give one of below, at-most, above, at-least, near");
		return -1;
	}
	value_parse(key_attr_find(n->key, found->name), found->value, value, NULL);
	*value *= factor_of(n, found, metric, metric_unit, msgs);
	return relation;
}

static char *expect_text(const struct exp_expect *e, const char *unit)
{
	const char *of_guest = e->of_guest[0] ? e->of_guest : e->guest;
	struct strbuf b = {0};

	strbuf_add(&b, "%s%s%s %s %g", e->metric, e->guest[0] ? " of " : "", e->guest,
		word_of(&words_relation, e->relation), e->value);
	if (!e->of_metric[0])
		strbuf_add(&b, " %s", unit);
	else
		strbuf_add(&b, " x %s%s%s%s%s", e->of_metric, of_guest[0] ? " of " : "", of_guest,
			e->of_config[0] ? " in " : "", e->of_config);
	if (e->relation == EXPECT_NEAR)
		strbuf_add(&b, " +- %g %%", e->tolerance * 100);
	return b.text;
}

/* Of a metric of stealscope's own or of a <measure>; NULL when there is no such metric. */
static const char *unit_of(const struct exp_config *c, const char *metric)
{
	const struct metric_info *m = metric_named(metric);
	const struct exp_measure *own = m ? NULL : measure_find(c, metric);

	return m ? m->unit : own ? own->unit : NULL;
}

static void build_expect(const struct node *n, const struct points *all, const struct point *self,
	struct exp_config *out, struct scenario_msgs *msgs)
{
	const char *unit = unit_of(out, attr_text(n, "metric"));
	const char *of = attr_text(n, "of-variant");
	struct exp_expect e = {.pos = n->pos};
	const struct point *other = of[0] ? find_point(all, of, self->index) : NULL;
	int relation = relation_of(n, attr_text(n, "metric"), unit, &e.value, msgs);

	if (of[0] && !other)
		say_no_variant(all, n, of, msgs);
	if (relation < 0 || !attr_text(n, "metric")[0])
		return;
	keys_store(n, &e);
	if (!e.guest[0] && measure_owner(out, e.metric)) {
		free(e.guest);
		e.guest = xstrdup(measure_owner(out, e.metric));
	}
	e.relation = (enum expect_relation)relation;
	e.of_config = xstrdup(other && other != self ? other->name : "");
	if (!e.of_metric[0] && (of[0] || e.of_guest[0])) {
		free(e.of_metric);
		e.of_metric = xstrdup(e.metric);
	}
	e.text = expect_text(&e, unit ? unit : "");
	ARRAY_GROW(out->expects, out->n_expects);
	out->expects[out->n_expects++] = e;
}

void build_expects(const struct node *scenario, const struct points *all, const struct point *self,
	struct exp_config *out, struct scenario_msgs *msgs)
{
	node_for_each(
		n, scenario) if (n->key == &key_elems[ELEM_EXPECT] && applies(n, all, self, msgs))
		build_expect(n, all, self, out, msgs);
}

/* ---- can it be known? ---- */

/* Whether `name` is the guest or one of its numbered copies. */
static bool guest_is(const struct exp_guest *g, const char *name)
{
	size_t len = strlen(g->name);
	const char *rest = name + len;

	if (strncmp(g->name, name, len) != 0)
		return false;
	if (!*rest)
		return true;
	return *rest == '-' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1) &&
	       g->count > 1 && (g->count == EXP_AUTO || strtoul(rest + 1, NULL, 10) < g->count);
}

static const struct exp_probe *probe_of(const struct exp_guest *g, enum probe_id kind)
{
	for (size_t i = 0; i < g->n_probes; i++)
		if (g->probes[i].kind == kind)
			return &g->probes[i];
	return NULL;
}

static bool has_memory_mode(const struct exp_guest *g, enum memory_mode mode)
{
	for (size_t i = 0; i < g->n_probes; i++)
		if (g->probes[i].kind == PROBE_MEMORY && g->probes[i].mode == mode)
			return true;
	return false;
}

static void check_need(const struct exp_config *c, const struct exp_expect *e,
	const struct exp_guest *g, const struct metric_info *m, struct scenario_msgs *msgs)
{
	if (g->broken)
		return;
	if (m->probe && g->kind == GUEST_DOMAIN)
		SAY(msgs, e->pos,
			"%s is felt by an agent, and there is none in domain guest '%s'; expect steal.rate, wait.rate or another of the host's figures",
			m->name, g->name);
	else if (m->probe && !probe_of(g, m->probe))
		SAY(msgs, e->pos,
			"%s needs the probe %s, which guest '%s' does not have; add <%s/> to it",
			m->name, word_of(&words_probe, m->probe), g->name,
			word_of(&words_probe, m->probe));
	else if (m->probe == PROBE_MEMORY && !has_memory_mode(g, m->mode))
		SAY(msgs, e->pos, "%s needs <memory mode=\"%s\"> in guest '%s'", m->name,
			word_of(&words_memory_mode, m->mode), g->name);
	if (m->need == NEED_STEAL && (g->kind == GUEST_NATIVE || g->accel == ACCEL_TCG))
		SAY(msgs, e->pos,
			"%s needs KVM's steal counter, which guest '%s' (%s) does not have; expect run_delay.rate of it",
			m->name, g->name, g->accel == ACCEL_TCG ? "accel tcg" : "kind native");
	if (m->need == NEED_TRACE && c->trace == TRACE_MODE_COUNTERS)
		SAY(msgs, e->pos, "%s needs the host trace; set trace=\"events\" or \"counts\"",
			m->name);
	if (m->need == NEED_EVENTS && c->trace != TRACE_MODE_EVENTS)
		SAY(msgs, e->pos, "%s needs the host's timeline; set trace=\"events\"", m->name);
	if (m->window_10s && c->duration_ns < 10 * NS_PER_S)
		SAY(msgs, e->pos,
			"%s is made of 10 s windows, and the duration is shorter; set duration=\"10s\" or more",
			m->name);
}

static void check_metric(const struct exp_config *c, const struct exp_expect *e, const char *metric,
	const char *guest, struct scenario_msgs *msgs)
{
	const struct metric_info *m = metric_named(metric);
	struct near near = {.word = metric}, near_guest = {.word = guest};
	bool any = false;
	char hint[96];

	if (!m && !measure_find(c, metric)) {
		for (unsigned i = 0; i < METRIC_COUNT; i++)
			near_try(&near, metric_table[i].name);
		for (size_t i = 0; i < c->n_measures; i++)
			near_try(&near, c->measures[i].name);
		SAY(msgs, e->pos, "unknown metric '%.60s'%s", metric,
			near.best ? near_hint(&near, hint) : "; see `stealscope list metrics`");
		return;
	}
	for (size_t i = 0; i < c->n_guests; i++) {
		const struct exp_guest *g = &c->guests[i];

		near_try(&near_guest, g->name);
		if (guest[0] ? !guest_is(g, guest) : g->is_noise)
			continue;
		any = true;
		if (m)
			check_need(c, e, g, m, msgs);
	}
	if (!any && guest[0])
		SAY(msgs, e->pos, "<expect>: there is no guest '%s' in variant '%s'%s", guest,
			c->variant,
			near_guest.best
				? near_hint(&near_guest, hint)
				: "; use the name= of one, or say for which variant it is meant");
}

void check_expects(const struct exp_config *c, struct scenario_msgs *msgs)
{
	for (size_t i = 0; i < c->n_expects; i++) {
		const struct exp_expect *e = &c->expects[i];

		check_metric(c, e, e->metric, e->guest, msgs);
		/* In another configuration it is checked when that is known to have the guest:
		 * guests rarely differ, and a missing value there is reported by the analysis. */
		if (e->of_metric[0] && !e->of_config[0])
			check_metric(
				c, e, e->of_metric, e->of_guest[0] ? e->of_guest : e->guest, msgs);
	}
}
