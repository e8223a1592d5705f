// SPDX-License-Identifier: GPL-3.0-or-later
// A tree against the table of keys, and from the tree into the structs.
#include <string.h>

#include "scenario/keys.h"
#include "scenario/near.h"

#define SAY(msgs, pos, ...) scenario_msgs_add(msgs, BLAME_SCENARIO, pos, NULL, __VA_ARGS__)

static enum elem_id elem_id(const struct key_elem *e)
{
	return (enum elem_id)(e - key_elems);
}

static const struct key_elem *elem_find(const char *name)
{
	for (int i = 0; i < ELEM_COUNT; i++)
		if (!strcmp(key_elems[i].name, name))
			return &key_elems[i];
	return NULL;
}

/* The row of kind=; NULL when there is none or it is wrong. */
static const struct kind *kind_of_node(const struct node *n)
{
	const struct key_attr *row = key_attr_find(n->key, "kind");
	const struct attr *a = node_attr(n, "kind");
	unsigned word;

	if (!row || (!a && !row->def) || value_parse(row, a ? a->value : row->def, &word, NULL))
		return NULL;
	return kind_of(row->words, word);
}

static void free_value(enum value_type type, void *value)
{
	auto_free char *s = NULL;

	if (type > VALUE_FILE)
		return;
	memcpy(&s, value, sizeof(s));
	memset(value, 0, sizeof(s));
}

bool keys_check_attr(const struct node *n, const struct attr *a, struct scenario_msgs *msgs)
{
	const struct key_attr *row = key_attr_find(n->key, a->name);
	_Alignas(16) char scratch[sizeof(struct cpuset)];
	struct err e = ERR_INIT;
	const struct kind *kind;

	if (value_parse(row, a->value, scratch, &e)) {
		SAY(msgs, a->pos, "<%s %s>: %s", n->name, a->name, e.msg);
		return false;
	}
	free_value(row->type, scratch);
	kind = row->only ? kind_of_node(n) : NULL;
	if (kind && !(row->only & kind->traits)) {
		SAY(msgs, a->pos, "<%s %s> does not apply to kind=\"%s\"; remove it", n->name,
			a->name, kind->name);
		return false;
	}
	return true;
}

static void drop_attr(struct node *n, unsigned i)
{
	n->n_attrs--;
	memmove(&n->attrs[i], &n->attrs[i + 1], (n->n_attrs - i) * sizeof(n->attrs[0]));
}

static void say_unknown_attr(const struct node *n, const struct attr *a, struct scenario_msgs *msgs)
{
	struct near near = {.word = a->name};
	char hint[96];

	for (const struct key_attr *k = n->key->attrs; k && k->name; k++)
		near_try(&near, k->name);
	SAY(msgs, a->pos, "<%s> has no attribute '%.60s'%s", n->name, a->name,
		near.best ? near_hint(&near, hint) : "; see `stealscope list keys`");
}

static void check_attrs(struct node *n, struct scenario_msgs *msgs)
{
	uint64_t bad = 0; /* the reader bounds how many attributes there are */

	for (const struct key_attr *k = n->key->attrs; k && k->name; k++) {
		if (!k->required || node_attr(n, k->name))
			continue;
		SAY(msgs, n->pos, "<%s> without %s; write <%s %s=\"...\">", n->name, k->name,
			n->name, k->name);
		n->broken = true;
	}
	for (unsigned i = 0; i < n->n_attrs; i++) {
		if (!key_attr_find(n->key, n->attrs[i].name))
			say_unknown_attr(n, &n->attrs[i], msgs);
		else if (keys_check_attr(n, &n->attrs[i], msgs))
			continue;
		bad |= UINT64_C(1) << i;
	}
	for (unsigned i = n->n_attrs; i-- > 0;)
		if (bad >> i & 1)
			drop_attr(n, i);
	n->broken |= bad != 0;
}

/* Where an element may stand: "<scenario> or <add>". */
static void describe_parents(const struct key_elem *e, struct strbuf *out)
{
	for (int i = 0; i < ELEM_COUNT; i++)
		if (e->parents >> i & 1)
			strbuf_add(out, "%s<%s>", out->len ? " or " : "", key_elems[i].name);
}

static bool child_belongs(struct node *parent, struct node *c, struct scenario_msgs *msgs)
{
	const struct key_elem *e = elem_find(c->name);
	struct near near = {.word = c->name};
	struct strbuf where = {0};
	char hint[96];

	if (e && e->parents >> elem_id(parent->key) & 1) {
		c->key = e;
		return true;
	}
	if (e && e->parents) {
		describe_parents(e, &where);
		SAY(msgs, c->pos, "<%s> cannot stand in <%s>; it belongs into %s", c->name,
			parent->name, where.text);
		strbuf_release(&where);
		return false;
	}
	for (int i = 0; i < ELEM_COUNT; i++)
		if (key_elems[i].parents >> elem_id(parent->key) & 1)
			near_try(&near, key_elems[i].name);
	SAY(msgs, c->pos, "unknown element <%.60s> in <%s>%s", c->name, parent->name,
		near.best ? near_hint(&near, hint) : "; see `stealscope list keys`");
	return false;
}

static void check_children(struct node *n, struct scenario_msgs *msgs)
{
	unsigned seen[ELEM_COUNT] = {0};
	struct node *next;

	for (struct node *c = n->children; c; c = next) {
		next = c->next;
		if (!child_belongs(n, c, msgs)) {
			node_remove(n, c);
			continue;
		}
		if (c->key->max && ++seen[elem_id(c->key)] == c->key->max + 1)
			SAY(msgs, c->pos, "more than %u <%s> in <%s>; remove this one", c->key->max,
				c->name, n->name);
	}
}

static void check_node(struct node *n, struct scenario_msgs *msgs)
{
	if (!n->broken)
		check_attrs(n, msgs);
	check_children(n, msgs);
	if (n->text && !n->key->text)
		SAY(msgs, n->pos, "<%s> cannot hold text; use a comment or <doc>", n->name);
	node_for_each(c, n) check_node(c, msgs); /* the reader bounds the depth */
}

void keys_check_tree(struct node *root, enum elem_id expected, struct scenario_msgs *msgs)
{
	if (strcmp(root->name, key_elems[expected].name) != 0) {
		SAY(msgs, root->pos, "the root element is <%.60s>; it must be <%s>", root->name,
			key_elems[expected].name);
		return;
	}
	root->key = &key_elems[expected];
	check_node(root, msgs);
}

void keys_store(const struct node *n, void *out)
{
	for (const struct key_attr *k = n->key->attrs; k && k->name; k++) {
		const struct attr *a = node_attr(n, k->name);
		const char *text = a ? a->value : k->def;
		char *field;

		if (k->offset == KEY_NOT_STORED)
			continue;
		field = (char *)out + k->offset;
		if (!text && k->type <= VALUE_FILE)
			text = "";
		if (!text)
			continue;
		if (!*text) {
			char *empty = xstrdup("");

			memcpy(field, &empty, sizeof(empty));
			continue;
		}
		value_parse(k, text, field, NULL);
	}
}

void keys_free(enum elem_id elem, void *fields)
{
	for (const struct key_attr *k = key_elems[elem].attrs; k && k->name; k++)
		if (k->offset != KEY_NOT_STORED)
			free_value(k->type, (char *)fields + k->offset);
}
