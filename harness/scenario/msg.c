// SPDX-License-Identifier: GPL-3.0-or-later
// The list of what is wrong with a scenario.
#include "scenario/msg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void scenario_msgs_add(struct scenario_msgs *m, enum scenario_blame blame, struct scenario_pos pos,
	const char *variant, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = xstrdup("(no memory for the message)");
	va_end(ap);
	for (size_t i = 0; i < m->n; i++) {
		const struct scenario_msg *o = &m->items[i];

		if (o->line == pos.line && !strcmp(o->text, text) && !strcmp(o->file, pos.file)) {
			free(text);
			return;
		}
	}
	if (m->n == SCENARIO_MAX_MSGS) {
		m->left_out++;
		free(text);
		return;
	}
	ARRAY_GROW(m->items, m->n);
	m->items[m->n++] = (struct scenario_msg){
		.file = xstrdup(pos.file ? pos.file : "scenario"),
		.line = pos.line,
		.text = text,
		.variant = xstrdup(variant ? variant : ""),
		.blame = blame,
	};
}

void scenario_msgs_release(struct scenario_msgs *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->items[i].file);
		free(m->items[i].text);
		free(m->items[i].variant);
	}
	free(m->items);
	*m = (struct scenario_msgs){0};
}

void scenario_msgs_format(const struct scenario_msgs *m, struct strbuf *out)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct scenario_msg *o = &m->items[i];

		strbuf_add(out, "%s:", o->file);
		if (o->line)
			strbuf_add(out, "%u:", o->line);
		strbuf_add(out, " %s", o->text);
		if (o->variant[0])
			strbuf_add(out, " (variant '%s')", o->variant);
		strbuf_add(out, "\n");
	}
	if (m->left_out)
		strbuf_add(out, "and %zu more\n", m->left_out);
}

int scenario_msgs_result(const struct scenario_msgs *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->items[i].blame == BLAME_SCENARIO)
			return -EINVAL;
	return m->n ? -ENODEV : 0;
}
