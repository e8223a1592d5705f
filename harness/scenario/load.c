// SPDX-License-Identifier: GPL-3.0-or-later
// The scenario reader from end to end: text, tree, configurations, structs, checks.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/build.h"

static const char *attr_text(const struct node *n, const char *name)
{
	const struct attr *a = node_attr(n, name);

	return a ? a->value : "";
}

/* The name: as given, else the file's without folder and ".xml". */
static char *experiment_name(struct loading *l, const char *path)
{
	const char *given = attr_text(l->root, "name");
	const char *slash = strrchr(path, '/');
	char *name, *dot;

	if (given[0])
		return xstrdup(given);
	name = xstrdup(slash ? slash + 1 : path);
	dot = strrchr(name, '.');
	if (dot && dot != name)
		*dot = '\0';
	if (!name_is_safe(name) || strlen(name) > 40)
		scenario_msgs_add(l->msgs, BLAME_SCENARIO, l->root->pos, NULL,
			"the file's name makes no name of at most 40 letters, digits, '.', '_', '-'; write <scenario name=\"...\">");
	return name;
}

/* Text without the blanks around it and the indentation of its lines. */
static char *trim_text(const char *text)
{
	struct strbuf out = {0};

	for (const char *line = text; line;) {
		const char *end = strchr(line, '\n');
		size_t len = end ? (size_t)(end - line) : strlen(line);

		while (len && isspace((unsigned char)*line))
			line++, len--;
		while (len && isspace((unsigned char)line[len - 1]))
			len--;
		if (len || out.len) {
			strbuf_addn(&out, line, len);
			strbuf_addn(&out, "\n", 1);
		}
		line = end ? end + 1 : NULL;
	}
	while (out.len && out.text[out.len - 1] == '\n')
		out.text[--out.len] = '\0';
	return out.text ? out.text : xstrdup("");
}

static void read_texts(struct loading *l, const char *path, struct experiment *x)
{
	const struct node *doc = node_child(l->root, "doc", NULL);

	x->name = experiment_name(l, path);
	x->doc = trim_text(doc && doc->text ? doc->text : "");
	x->title = attr_text(l->root, "title")[0]
			   ? xstrdup(attr_text(l->root, "title"))
			   : xasprintf("%.*s", (int)strcspn(x->doc, "\n"), x->doc);
}

static void make_configs(struct loading *l, struct experiment *x)
{
	auto_struct(points) points = {0};

	resolve_points(l, &points);
	for (size_t i = 0; i < points.n; i++) {
		struct point *p = &points.items[i];
		struct exp_config c = {0};
		auto_struct(arena) a = {0};

		build_config(resolve_tree(l, &a, p), &c);
		c.name = xstrdup(p->name);
		c.variant = xstrdup(p->variant);
		c.point = xstrdup(p->text);
		build_expects(l->root, &points, p, &c, l->msgs);
		check_config(&c, l->msgs);
		check_expects(&c, l->msgs);
		ARRAY_GROW(x->configs, x->n_configs);
		x->configs[x->n_configs++] = c;
	}
}

/* `l->root` has been read (or not: then there is a message). */
static int finish(struct loading *l, const char *path, size_t n_before, struct experiment *out)
{
	size_t n_before_kept = MIN(n_before, (size_t)SCENARIO_MAX_MSGS);
	struct experiment x = {0};
	int rc = 0;

	if (l->root) {
		resolve_includes(l);
		resolve_defaults(l);
		read_texts(l, path, &x);
		make_configs(l, &x);
	}
	scenario_msgs_finish(l->msgs, n_before_kept, MAX(x.n_configs, (size_t)1));
	arena_release(&l->arena);
	x.files = l->files;
	if (l->msgs->n + l->msgs->left_out > n_before) {
		experiment_release(&x);
		rc = -EINVAL;
	} else {
		for (size_t i = 0; i < l->n_sets; i++)
			strv_add(&x.overrides, "%s", l->sets[i]);
		*out = x;
	}
	return rc;
}

int scenario_load(const char *path, const char *const *sets, size_t n_sets, struct experiment *out,
	struct scenario_msgs *msgs)
{
	const char *slash = strrchr(path, '/');
	auto_free char *folder = slash == path /* "/x.xml" */
					 ? xstrdup("/.")
					 : xasprintf("%.*s", slash ? (int)(slash - path) : 0, path);

	return scenario_load_copy(path, path, folder, sets, n_sets, out, msgs);
}

int scenario_load_copy(const char *path, const char *original, const char *folder,
	const char *const *sets, size_t n_sets, struct experiment *out, struct scenario_msgs *msgs)
{
	size_t n_before = msgs->n + msgs->left_out;
	struct loading l = {.msgs = msgs, .folder = folder, .sets = sets, .n_sets = n_sets};

	l.root = load_file(&l, path, NULL);
	return finish(&l, original, n_before, out);
}

int scenario_load_text(const char *file, const char *text, size_t len, const char *const *sets,
	size_t n_sets, struct experiment *out, struct scenario_msgs *msgs)
{
	size_t n_before = msgs->n + msgs->left_out;
	struct loading l = {.msgs = msgs, .sets = sets, .n_sets = n_sets};

	l.root = load_text(&l, file, text, len, ELEM_SCENARIO);
	return finish(&l, file, n_before, out);
}

void experiment_release(struct experiment *x)
{
	for (size_t i = 0; i < x->n_configs; i++)
		config_release(&x->configs[i]);
	free(x->configs);
	free(x->name);
	free(x->title);
	free(x->doc);
	strv_release(&x->files);
	strv_release(&x->overrides);
	*x = (struct experiment){0};
}
