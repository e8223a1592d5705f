// SPDX-License-Identifier: GPL-3.0-or-later
// Paths into a scenario tree.
#include "scenario/path.h"

#include <string.h>

#include "scenario/near.h"

#define SAY(msgs, pos, ...) scenario_msgs_add(msgs, BLAME_SCENARIO, pos, NULL, __VA_ARGS__)
#define PATH_MAX_LEN	    200

static const char *name_of(const struct node *n)
{
	const struct attr *a = node_attr(n, "name");

	return a ? a->value : "";
}

static bool named(const struct node *n)
{
	return n->key == &key_elems[ELEM_GUEST] || n->key == &key_elems[ELEM_NOISE] ||
	       n->key == &key_elems[ELEM_MEASURE];
}

static void say_no_element(struct node *root, const char *path, const char *kind, const char *name,
	struct scenario_pos pos, struct scenario_msgs *msgs)
{
	struct near near = {.word = name};
	char hint[96];

	node_for_each(c, root) if (named(c) && !strcmp(c->name, kind)) near_try(&near, name_of(c));
	SAY(msgs, pos, "'%s': there is no %s '%.64s'%s", path, kind, name,
		near.best ? near_hint(&near, hint) : "; use the name= of one in the file");
}

/* "NAME" or "NAME.PROBE" below a kind: the longest NAME that exists wins. */
static struct node *find_named(struct node *root, const char *kind, const char *rest, char *probe)
{
	struct node *n = node_child(root, kind, rest);
	char name[PATH_MAX_LEN];
	char *dot;

	probe[0] = '\0';
	if (n)
		return n;
	snprintf(name, sizeof(name), "%s", rest);
	dot = strrchr(name, '.');
	if (!dot)
		return NULL;
	*dot = '\0';
	n = node_child(root, kind, name);
	if (n)
		snprintf(probe, PATH_MAX_LEN, "%s", dot + 1);
	return n;
}

static struct node *find_probe(struct node *guest, const char *path, const char *probe,
	struct scenario_pos pos, struct scenario_msgs *msgs)
{
	struct node *p = node_child(guest, probe, NULL);
	struct near near = {.word = probe};
	char hint[96];

	if (p)
		return p;
	node_for_each(c, guest) near_try(&near, c->name);
	SAY(msgs, pos, "'%s': %s '%s' has no <%.40s>%s", path, guest->name, name_of(guest), probe,
		near.best ? near_hint(&near, hint) : "; add one to it in the file");
	return NULL;
}

/* "guest.NAME" or "guest.NAME.PROBE". */
static struct node *find_element(struct node *root, const char *path, const char *text,
	struct node **parent, struct scenario_pos pos, struct scenario_msgs *msgs)
{
	char kind[PATH_MAX_LEN], probe[PATH_MAX_LEN];
	char *dot;
	struct node *n;

	snprintf(kind, sizeof(kind), "%s", text);
	dot = strchr(kind, '.');
	if (!dot || (strncmp(kind, "guest.", 6) != 0 && strncmp(kind, "noise.", 6) != 0 &&
			    strncmp(kind, "measure.", 8) != 0)) {
		SAY(msgs, pos, "'%s' names nothing; write guest.NAME, noise.NAME or measure.NAME",
			path);
		return NULL;
	}
	*dot = '\0';
	n = find_named(root, kind, dot + 1, probe);
	if (!n) {
		say_no_element(root, path, kind, dot + 1, pos, msgs);
		return NULL;
	}
	*parent = root;
	if (!probe[0])
		return n;
	*parent = n;
	return find_probe(n, path, probe, pos, msgs);
}

static bool path_is_sane(const char *path, struct scenario_pos pos, struct scenario_msgs *msgs)
{
	if (path[0] && strlen(path) < PATH_MAX_LEN && !strpbrk(path, "=\" '<>\n\t"))
		return true;
	SAY(msgs, pos,
		"'%.60s' is not a path; write one as guest.victim.vcpus, lab.cpus or duration",
		path);
	return false;
}

struct node *path_element(struct node *root, const char *path, struct node **parent,
	struct scenario_pos pos, struct scenario_msgs *msgs)
{
	return path_is_sane(path, pos, msgs) ? find_element(root, path, path, parent, pos, msgs)
					     : NULL;
}

static const char *origin_name(enum origin o)
{
	return o == ORIGIN_SWEEP ? "sweep" : "variants";
}

static bool set_attr(struct arena *a, struct node *n, const char *path, const char *name,
	const struct attr *value, struct scenario_msgs *msgs)
{
	const struct attr *old = node_attr(n, name);
	struct attr v = *value;
	struct near near = {.word = name};
	char hint[96];

	if (key_attr_find(n->key, name) && !strcmp(name, "name")) {
		SAY(msgs, v.pos, "'%s': a name cannot be set; change it in the file", path);
		return false;
	}
	if (!key_attr_find(n->key, name)) {
		for (const struct key_attr *k = n->key->attrs; k && k->name; k++)
			near_try(&near, k->name);
		SAY(msgs, v.pos, "'%s': <%s> has no '%.60s' to set%s", path, n->name, name,
			near.best ? near_hint(&near, hint) : "; see `stealscope list keys`");
		return false;
	}
	if (v.origin == ORIGIN_SET && old &&
		(old->origin == ORIGIN_SWEEP || old->origin == ORIGIN_VARIANT)) {
		SAY(msgs, v.pos, "'%s' is what the %s of %s:%u vary; change it there", path,
			origin_name(old->origin), old->pos.file, old->pos.line);
		return false;
	}
	if (v.origin == ORIGIN_SWEEP && old && old->origin == ORIGIN_VARIANT) {
		SAY(msgs, v.pos, "'%s' is set by a variant too (line %u); only one of both can",
			path, old->pos.line);
		return false;
	}
	v.name = key_attr_find(n->key, name)->name;
	if (!keys_check_attr(n, &v, msgs))
		return false;
	node_set(a, n, &v);
	return true;
}

/* guest.*.memory: on every guest; false when there is none. */
static bool set_all(struct arena *a, struct node *root, const char *path, const char *kind,
	const char *name, const struct attr *value, struct scenario_msgs *msgs)
{
	bool any = false, ok = true;

	node_for_each(c, root)
	{
		if (!named(c) || strcmp(c->name, kind) != 0)
			continue;
		any = true;
		ok &= set_attr(a, c, path, name, value, msgs);
	}
	if (!any)
		SAY(msgs, value->pos, "'%s': there is no %s", path, kind);
	return any && ok;
}

bool path_set(struct arena *a, struct node *root, const char *path, const struct attr *value,
	struct scenario_msgs *msgs)
{
	char head[PATH_MAX_LEN];
	const char *name;
	struct node *n, *parent;
	char *dot;

	if (!path_is_sane(path, value->pos, msgs))
		return false;
	snprintf(head, sizeof(head), "%s", path);
	dot = strrchr(head, '.');
	if (!dot)
		return set_attr(a, root, path, head, value, msgs);
	*dot = '\0';
	name = dot + 1;
	if (!strcmp(head, "scenario"))
		return set_attr(a, root, path, name, value, msgs);
	if (!strcmp(head, "lab")) {
		n = node_child(root, "lab", NULL);
		return set_attr(a, n, path, name, value, msgs);
	}
	if (!strcmp(head, "guest.*") || !strcmp(head, "noise.*")) {
		head[5] = '\0';
		return set_all(a, root, path, head, name, value, msgs);
	}
	n = find_element(root, path, head, &parent, value->pos, msgs);
	return n && set_attr(a, n, path, name, value, msgs);
}
