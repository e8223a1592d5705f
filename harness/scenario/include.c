// SPDX-License-Identifier: GPL-3.0-or-later
// Files of a scenario: reading them, and <include>.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenario/resolve.h"
#include "scenario/xml.h"

#define INCLUDE_MAX 16 /* files in all */

struct node *load_text(
	struct loading *l, const char *file, const char *text, size_t len, enum elem_id root)
{
	struct node *n;

	strv_add(&l->files, "%s", file);
	n = xml_to_nodes(l->files.items[l->files.n - 1], text, len, &l->arena, l->msgs);
	if (!n)
		return NULL;
	keys_check_tree(n, root, l->msgs);
	return n->key ? n : NULL;
}

/* A regular file of at most 1 MiB, opened without following a link when it was included. */
static char *read_regular(const char *path, bool included, size_t *len, struct err *e)
{
	auto_close int fd = open(
		path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (included ? O_NOFOLLOW : 0));
	auto_free char *buf = NULL;
	char *out;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st)) {
		err_set(e, errno, "cannot open: %s", strerror(errno));
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(e, EINVAL, "not a regular file; name a scenario file");
		return NULL;
	}
	buf = xmalloc(XML_MAX_BYTES + 2);
	for (*len = 0; *len <= XML_MAX_BYTES; *len += (size_t)n) {
		do
			n = read(fd, buf + *len, XML_MAX_BYTES + 1 - *len);
		while (n < 0 && errno == EINTR);
		if (n < 0) {
			err_set(e, errno, "cannot read: %s", strerror(errno));
			return NULL;
		}
		if (n == 0)
			break;
	}
	buf[*len] = '\0';
	out = buf;
	buf = NULL;
	return out;
}

struct node *load_file(struct loading *l, const char *path, const struct node *include)
{
	struct scenario_pos pos = include ? include->pos : (struct scenario_pos){path, 0};
	struct err e = ERR_INIT;
	size_t len = 0;
	auto_free char *text = read_regular(path, include != NULL, &len, &e);

	if (!text) {
		scenario_msgs_add(l->msgs, BLAME_SCENARIO, pos, NULL, "%s%s%s", include ? path : "",
			include ? ": " : "", e.msg);
		return NULL;
	}
	return load_text(l, path, text, len, include ? ELEM_SHARED : ELEM_SCENARIO);
}

static bool seen(const struct loading *l, const char *path)
{
	for (size_t i = 0; i < l->files.n; i++)
		if (!strcmp(l->files.items[i], path))
			return true;
	return false;
}

/* The tree of an included file, or NULL with a message. */
static struct node *load_include(struct loading *l, const struct node *inc)
{
	const struct attr *file = node_attr(inc, "file");
	auto_free char *path = NULL;

	if (!file)
		return NULL;
	if (!l->folder) {
		scenario_msgs_add(l->msgs, BLAME_SCENARIO, inc->pos, NULL,
			"<include> needs a scenario in a file; this one has no folder");
		return NULL;
	}
	if (l->files.n >= INCLUDE_MAX) {
		scenario_msgs_add(l->msgs, BLAME_SCENARIO, inc->pos, NULL,
			"more than %d files; put shared guests into fewer", INCLUDE_MAX);
		return NULL;
	}
	path = l->folder[0] ? xasprintf("%s/%s", l->folder, file->value) : xstrdup(file->value);
	if (seen(l, path)) {
		scenario_msgs_add(l->msgs, BLAME_SCENARIO, inc->pos, NULL,
			"'%s' is included already; include a file once", file->value);
		return NULL;
	}
	return load_file(l, path, inc);
}

void resolve_includes(struct loading *l)
{
	struct node *inc;

	while ((inc = node_child(l->root, "include", NULL))) {
		struct node *shared = load_include(l, inc);
		struct node *next;

		node_remove(l->root, inc);
		for (struct node *c = shared ? shared->children : NULL; c; c = next) {
			next = c->next;
			if (c->key != &key_elems[ELEM_DOC])
				node_append(l->root, c);
		}
	}
}
