// SPDX-License-Identifier: GPL-3.0-or-later
#include "cmd/line.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define KEY_FIRST 0x2000 /* of options without a letter */

unsigned long parse_count(const char *option, const char *word, unsigned long max, const char *unit,
	struct argp_state *state)
{
	char *end;
	unsigned long v = strtoul(word, &end, 10);

	if (word[0] < '0' || word[0] > '9' || (*end && strcmp(end, unit)) || v < 1 || v > max)
		argp_error(state, "--%s wants a number from 1 to %lu, not '%s'", option, max, word);
	return v;
}

static void take_word(const struct cmd_take *t, const char *name, void *args, const char *word,
	struct argp_state *state)
{
	void *field = (char *)args + t->at;

	switch (t->how) {
	case TAKE_NONE:
		break;
	case TAKE_FLAG:
		*(bool *)field = true;
		break;
	case TAKE_TEXT:
		*(const char **)field = word;
		break;
	case TAKE_LIST:
		strv_add(field, "%s", word);
		break;
	case TAKE_COUNT:
		*(unsigned *)field = (unsigned)parse_count(name, word, t->max, "", state);
		break;
	case TAKE_SECONDS:
		*(uint64_t *)field = parse_count(name, word, t->max, "s", state) * NS_PER_S;
		break;
	case TAKE_BY:
		t->by(args, word, state);
		break;
	}
}

static int key_of(const struct cmd_option *rows, size_t i)
{
	return rows[i].letter ? rows[i].letter : KEY_FIRST + (int)i;
}

error_t line_parse(int key, char *word, struct argp_state *state)
{
	struct line_input *in = state->input;
	const struct cmd_line *l = in->line;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = in->child;
		return 0;
	case ARGP_KEY_ARG:
		if (l->operand.how == TAKE_NONE)
			argp_error(state, "'%s' is one argument too many: this command takes none",
				word);
		if (l->operand.how == TAKE_TEXT && in->n_operands)
			argp_error(state, "%s", l->many);
		in->n_operands++;
		take_word(&l->operand, "", in->args, word, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		if (l->none)
			argp_error(state, "%s", l->none);
		return 0;
	case ARGP_KEY_END:
		if (l->check)
			l->check(in->args, state);
		return 0;
	}
	for (size_t i = 0; l->options && l->options[i].name; i++)
		if (key == key_of(l->options, i)) {
			take_word(&l->options[i].take, l->options[i].name, in->args, word, state);
			return 0;
		}
	return ARGP_ERR_UNKNOWN;
}

struct argp_option *line_options(const struct cmd_line *line)
{
	struct argp_option *out;
	size_t n = 0;

	while (line->options && line->options[n].name)
		n++;
	out = xcalloc(n + 1, sizeof(*out));
	for (size_t i = 0; i < n; i++)
		out[i] = (struct argp_option){.name = line->options[i].name,
			.key = key_of(line->options, i),
			.arg = line->options[i].arg,
			.doc = line->options[i].doc};
	return out;
}

void figures_check(const struct figures_wanted *f, struct argp_state *state)
{
	if (f->format && (!f->dir || (strcmp(f->format, "gnuplot") && strcmp(f->format, "svg") &&
					     strcmp(f->format, "pdf"))))
		argp_error(state, "--format is of --figures: gnuplot, svg or pdf");
}

struct svg_files figures_files(const struct figures_wanted *f, const char *prefix)
{
	return (struct svg_files){f->dir, prefix, f->format && !strcmp(f->format, "pdf"),
		!f->format || !strcmp(f->format, "gnuplot")};
}
