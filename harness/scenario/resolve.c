// SPDX-License-Identifier: GPL-3.0-or-later
// Defaults, variants, sweep and --set: one tree per configuration.
#include "scenario/resolve.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/path.h"

#define SAY(l, pos, ...) scenario_msgs_add((l)->msgs, BLAME_SCENARIO, pos, NULL, __VA_ARGS__)
#define MAX_WORK	 32768 /* elements x configurations */

void points_release(struct points *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->items[i].name);
		free(p->items[i].variant);
		free(p->items[i].text);
	}
	free(p->items);
	*p = (struct points){0};
}

static const char *attr_text(const struct node *n, const char *name)
{
	const struct attr *a = node_attr(n, name);

	return a ? a->value : "";
}

static bool has_probe(const struct node *guest)
{
	node_for_each(c, guest) if (c->key->probe) return true;
	return false;
}

static void default_child(struct loading *l, struct node *parent, enum elem_id id)
{
	struct node *n = node_new(&l->arena, key_elems[id].name, parent->pos);

	n->key = &key_elems[id];
	n->implied = true;
	node_append(parent, n);
}

static void default_node(struct loading *l, struct node *n)
{
	if (n->key == &key_elems[ELEM_GUEST] && !has_probe(n))
		default_child(l, n, ELEM_TIMER);
	if (n->key == &key_elems[ELEM_NOISE] && !node_attr(n, "name") && node_attr(n, "kind"))
		node_set(&l->arena, n,
			&(struct attr){"name", attr_text(n, "kind"), n->pos, ORIGIN_DEFAULT});
}

void resolve_defaults(struct loading *l)
{
	if (!node_child(l->root, "lab", NULL))
		default_child(l, l->root, ELEM_LAB);
	node_for_each(c, l->root)
	{
		default_node(l, c);
		if (c->key != &key_elems[ELEM_VARIANT])
			continue;
		node_for_each(add, c) node_for_each(added, add) default_node(l, added);
	}
}

/* ---- the sweep ---- */

struct over {
	const char *what;
	struct scenario_pos pos;
	char **values;
	size_t n;
};

struct sweep {
	struct over over[8];
	size_t n_over, n_points;
	bool zip;
};

static void over_read(struct loading *l, const struct node *n, struct over *o)
{
	const char *p = attr_text(n, "values");

	o->what = attr_text(n, "what");
	o->pos = n->pos;
	for (;;) {
		size_t len;

		p += strspn(p, " \t\n\r");
		len = strcspn(p, " \t\n\r");
		if (!len)
			break;
		o->values = o->n ? o->values : arena_alloc(&l->arena, 1024 * sizeof(char *));
		if (o->n == 1024)
			break;
		o->values[o->n++] = arena_strndup(&l->arena, p, len);
		p += len;
	}
	if (!o->n)
		SAY(l, n->pos, "<over> has no values; write values=\"1 2 4\"");
}

static void sweep_read(struct loading *l)
{
	struct node *n = node_child(l->root, "sweep", NULL);
	struct sweep *s = l->sweep = arena_alloc(&l->arena, sizeof(*s));

	s->n_points = 1;
	if (!n)
		return;
	s->zip = !strcmp(attr_text(n, "mode"), "zip");
	node_for_each(o, n)
	{
		struct over *over = &s->over[s->n_over];

		if (s->n_over == ARRAY_SIZE(s->over))
			break;
		over_read(l, o, over);
		if (s->zip && s->n_over && over->n != s->over[0].n)
			SAY(l, o->pos,
				"%zu values, but the first <over> has %zu; a zip needs as many",
				over->n, s->over[0].n);
		s->n_over++;
		if (!s->zip)
			s->n_points = MIN(
				s->n_points * MAX(over->n, (size_t)1), (size_t)EXP_MAX_CONFIGS * 8);
		else
			s->n_points = s->n_over == 1 ? over->n : MIN(s->n_points, over->n);
	}
	if (!s->n_over)
		SAY(l, n->pos,
			"<sweep> without <over>; write <over what=\"lab.overcommit\" values=\"1 2 3\"/>");
}

/* Value of parameter `k` at point `index`; the last parameter changes fastest. */
static const char *sweep_value(const struct sweep *s, size_t k, size_t index)
{
	if (s->zip)
		return s->over[k].values[index];
	for (size_t i = s->n_over - 1; i > k; i--)
		index /= s->over[i].n;
	return s->over[k].values[index % s->over[k].n];
}

/* "overcommit-2_duty-50": safe as a file name. */
static void point_label(
	const struct sweep *s, size_t index, struct strbuf *label, struct strbuf *text)
{
	for (size_t k = 0; k < s->n_over; k++) {
		const char *value = sweep_value(s, k, index);
		const char *last = strrchr(s->over[k].what, '.');

		strbuf_add(text, "%s%s=%s", k ? " " : "", s->over[k].what, value);
		strbuf_add(label, "%s%s-", k ? "_" : "", last ? last + 1 : s->over[k].what);
		for (const char *v = value; *v; v++)
			if (isalnum((unsigned char)*v) || strchr(".-", *v))
				strbuf_addn(label, v, 1);
	}
	for (char *c = label->text; c && *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*c = '_';
}

static bool name_taken(const struct points *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->items[i].name, name))
			return true;
	return false;
}

static void add_point(
	const struct sweep *s, const struct node *variant, size_t index, struct points *out)
{
	const char *v = variant ? attr_text(variant, "name") : "base";
	auto_struct(strbuf) label = {0}, text = {0};
	struct point p = {.variant = xstrdup(v), .variant_node = variant, .index = index};

	point_label(s, index, &label, &text);
	if (!s->n_over)
		p.name = xstrdup(v);
	else
		p.name = variant ? xasprintf("%s-%s", v, label.text) : xstrdup(label.text);
	/* Unique, and short enough for a folder's name. */
	if (strlen(p.name) > 60 || name_taken(out, p.name)) {
		free(p.name);
		p.name = xasprintf("%.40s-p%zu", v, index);
	}
	p.text = xstrdup(text.text ? text.text : "");
	ARRAY_GROW(out->items, out->n);
	out->items[out->n++] = p;
}

static size_t count_nodes(const struct node *n)
{
	size_t count = 1;

	node_for_each(c, n) count += count_nodes(c);
	return count;
}

static void check_variant_name(struct loading *l, struct node *v)
{
	node_for_each(o, l->root)
	{
		if (o == v)
			return;
		if (o->key == v->key && !strcmp(attr_text(o, "name"), attr_text(v, "name")))
			SAY(l, v->pos, "two variants are named '%s'; give this one another name",
				attr_text(v, "name"));
	}
}

void resolve_points(struct loading *l, struct points *out)
{
	size_t n_variants = 0, n;
	const struct sweep *s;

	sweep_read(l);
	s = l->sweep;
	node_for_each(c, l->root) n_variants += c->key == &key_elems[ELEM_VARIANT];
	n = MAX(n_variants, (size_t)1) * s->n_points;
	if (n > EXP_MAX_CONFIGS || n * count_nodes(l->root) > MAX_WORK) {
		SAY(l, l->root->pos,
			"variants x sweep values make too much: at most %d configurations, and %d elements in all of them, fit",
			EXP_MAX_CONFIGS, MAX_WORK);
		return;
	}
	for (size_t k = 0; k < s->n_over; k++)
		if (!s->over[k].n)
			return;
	if (!n_variants)
		for (size_t i = 0; i < s->n_points; i++)
			add_point(s, NULL, i, out);
	node_for_each(c, l->root)
	{
		if (c->key != &key_elems[ELEM_VARIANT])
			continue;
		check_variant_name(l, c);
		for (size_t i = 0; i < s->n_points; i++)
			add_point(s, c, i, out);
	}
}

/* ---- one configuration ---- */

static void apply_add(struct loading *l, struct arena *a, struct node *root, const struct node *add)
{
	const struct attr *to = node_attr(add, "to");
	struct node *parent, *target = root;

	if (to)
		target = path_element(root, to->value, &parent, to->pos, l->msgs);
	node_for_each(c, add)
	{
		bool probe = c->key->probe != 0;
		struct node *copy;

		if (probe != (to != NULL)) {
			SAY(l, c->pos, "<%s> in <add%s>; %s", c->name, to ? " to" : "",
				probe ? "say which guest gets it: <add to=\"guest.NAME\">"
				      : "use <add> without to= for it");
			continue;
		}
		if (!target)
			continue;
		copy = node_copy(a, c);
		node_append(target, copy);
	}
}

static void apply_variant(
	struct loading *l, struct arena *a, struct node *root, const struct node *variant)
{
	node_for_each(c, variant)
	{
		const char *what = attr_text(c, "what");
		const struct attr *to = node_attr(c, "to");
		struct node *parent, *n;

		if (c->key == &key_elems[ELEM_ADD]) {
			apply_add(l, a, root, c);
		} else if (c->key == &key_elems[ELEM_REMOVE] && what[0]) {
			n = path_element(root, what, &parent, c->pos, l->msgs);
			if (n)
				node_remove(parent, n);
		} else if (c->key == &key_elems[ELEM_SET] && what[0] && to) {
			path_set(a, root, what,
				&(struct attr){NULL, to->value, to->pos, ORIGIN_VARIANT}, l->msgs);
		}
	}
}

static void apply_sets(struct loading *l, struct arena *a, struct node *root)
{
	for (size_t i = 0; i < l->n_sets; i++) {
		char where[256];
		const char *equals = strchr(l->sets[i], '=');
		struct scenario_pos pos = {where, 0};
		char *path;

		snprintf(where, sizeof(where), "--set %.200s", l->sets[i]);
		pos.file = arena_strndup(a, where, strlen(where));
		if (!equals) {
			SAY(l, pos, "no '='; write PATH=VALUE as guest.victim.vcpus=4");
			continue;
		}
		path = arena_strndup(a, l->sets[i], (size_t)(equals - l->sets[i]));
		path_set(a, root, path, &(struct attr){NULL, equals + 1, pos, ORIGIN_SET}, l->msgs);
	}
}

struct node *resolve_tree(struct loading *l, struct arena *a, const struct point *p)
{
	struct node *root = node_new(a, l->root->name, l->root->pos), *copy;
	const struct sweep *s = l->sweep;

	root->key = l->root->key;
	copy = node_copy(a, &(struct node){.name = l->root->name,
				    .attrs = l->root->attrs,
				    .n_attrs = l->root->n_attrs});
	root->attrs = copy->attrs;
	root->n_attrs = copy->n_attrs;
	node_for_each(c,
		l->root) if (c->key == &key_elems[ELEM_GUEST] || c->key == &key_elems[ELEM_NOISE] ||
			     c->key == &key_elems[ELEM_MEASURE] || c->key == &key_elems[ELEM_LAB])
		node_append(root, node_copy(a, c));
	if (p->variant_node)
		apply_variant(l, a, root, p->variant_node);
	for (size_t k = 0; k < s->n_over; k++)
		path_set(a, root, s->over[k].what,
			&(struct attr){
				NULL, sweep_value(s, k, p->index), s->over[k].pos, ORIGIN_SWEEP},
			l->msgs);
	apply_sets(l, a, root);
	/* Again: kind= may have changed, and what applies to a kind with it. */
	keys_check_tree(root, ELEM_SCENARIO, l->msgs);
	return root;
}
