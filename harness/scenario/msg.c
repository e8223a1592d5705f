// SPDX-License-Identifier: GPL-3.0-or-later
// The list of what is wrong with a scenario.
#include "scenario/msg.h"

#include <stdlib.h>
#include <string.h>

/* What a file or a command line put in must not reach a terminal raw. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static struct scenario_msg *find_msg(
	struct scenario_msgs *m, const char *file, unsigned line, const char *text)
{
	for (size_t i = 0; i < m->n; i++) {
		struct scenario_msg *o = &m->items[i];

		if (o->line == line && !strcmp(o->text, text) && !strcmp(o->file, file))
			return o;
	}
	return NULL;
}

void scenario_msgs_add(struct scenario_msgs *m, enum scenario_blame blame, struct scenario_pos pos,
	const char *variant, const char *fmt, ...)
{
	auto_free char *text = NULL, *file = xstrdup(pos.file ? pos.file : "scenario");
	struct scenario_msg *old;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	make_printable(text);
	make_printable(file);
	old = find_msg(m, file, pos.line, text);
	if (old) {
		old->times++;
		return;
	}
	if (m->n == SCENARIO_MAX_MSGS) {
		m->left_out++;
		return;
	}
	ARRAY_GROW(m->items, m->n);
	m->items[m->n++] = (struct scenario_msg){
		.file = file,
		.line = pos.line,
		.text = text,
		.variant = xstrdup(variant ? variant : ""),
		.times = 1,
		.blame = blame,
	};
	file = text = NULL; /* the list owns them */
}

/* Of each message's file: the index of the first message about it. */
static void rank_files(const struct scenario_msgs *m, unsigned *rank)
{
	for (size_t i = 0; i < m->n; i++) {
		size_t first = 0;

		while (strcmp(m->items[first].file, m->items[i].file) != 0)
			first++;
		rank[i] = (unsigned)first;
	}
}

void scenario_msgs_finish(struct scenario_msgs *m, size_t from, size_t n_configs)
{
	unsigned rank[SCENARIO_MAX_MSGS];

	for (size_t i = from; i < m->n; i++)
		if (m->items[i].times >= n_configs)
			m->items[i].variant[0] = '\0';
	rank_files(m, rank);
	/* Few: insertion is stable and fast enough. */
	for (size_t i = from + 1; i < m->n; i++) {
		struct scenario_msg msg = m->items[i];
		unsigned file = rank[i];
		size_t k = i;

		for (; k > from && (rank[k - 1] > file || (rank[k - 1] == file &&
								  m->items[k - 1].line > msg.line));
			k--) {
			m->items[k] = m->items[k - 1];
			rank[k] = rank[k - 1];
		}
		m->items[k] = msg;
		rank[k] = file;
	}
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
