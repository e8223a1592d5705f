/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command's line as tables: a row per option says which field of the command's own `struct args`
 * its word goes to. Each command defines a `struct args` before it uses TO_FLAG(), TO_TEXT() and so on. */
#ifndef SS_CMD_LINE_H
#define SS_CMD_LINE_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/plot/svg.h"

enum taking { TAKE_NONE, TAKE_FLAG, TAKE_TEXT, TAKE_LIST, TAKE_COUNT, TAKE_SECONDS, TAKE_BY };

/* Where a word goes, and what it may be. A wrong one is said by argp_error(), which exits. */
struct cmd_take {
	enum taking how;
	size_t at;	   /* of the field, in struct args */
	unsigned long max; /* of a number, from 1 */
	void (*by)(void *args, const char *word, struct argp_state *state);
};

/* The field's type is checked: it must be the one named. TO_SECONDS() takes whole seconds, with or
 * without "s", into ns. */
/* clang-format off */
#define FIELD_AT(f, type)   (offsetof(struct args, f) + 0 * sizeof(&((struct args *)0)->f == (type *)0))
#define TO_FLAG(f)          {.how = TAKE_FLAG, .at = FIELD_AT(f, bool)}
#define TO_TEXT(f)          {.how = TAKE_TEXT, .at = FIELD_AT(f, const char *)}
#define TO_LIST(f)          {.how = TAKE_LIST, .at = FIELD_AT(f, struct strv)}
#define TO_COUNT(f, most)   {.how = TAKE_COUNT, .at = FIELD_AT(f, unsigned), .max = (most)}
#define TO_SECONDS(f, most) {.how = TAKE_SECONDS, .at = FIELD_AT(f, uint64_t), .max = (most)}
#define BY(function)        {.how = TAKE_BY, .by = (function)}
/* clang-format on */

struct cmd_option {
	const char *name; /* NULL ends the table */
	int letter;	  /* -n, or 0 */
	const char *arg;  /* as in --help; NULL = none is wanted */
	const char *doc;
	struct cmd_take take;
};

struct cmd_line {
	const char *more;		  /* the text after the options in --help */
	const struct cmd_option *options; /* NULL = only the common ones */
	struct cmd_take operand;	  /* TO_TEXT() takes one word, TO_LIST() any number */
	const char *none, *many; /* said when there is no word (NULL: fine), one too many */
	void (*check)(void *args, struct argp_state *state); /* at the end; may be NULL */
};

/* Operands and options that several commands have. */
#define WHICH_RECORD "which record? `stealscope list` shows them; `last` is the newest"
#define WHICH_SCENARIO                                                                             \
	"which scenario? A file, or the name of one that comes with it (`stealscope list scenarios`), for example first-light"
#define PDF_ALONE "--pdf makes PDF files beside those of --svg=DIR"
/* clang-format off */
#define ONE_RECORD(f) \
	.operand = TO_TEXT(f), .none = WHICH_RECORD, .many = "one record at a time"
#define ONE_SCENARIO(f) \
	.operand = TO_TEXT(f), .none = WHICH_SCENARIO, .many = "one scenario at a time; `batch` takes many"
#define OPTION_BOX(f) \
	{"box", 0, "FILE", "Plan for the box that `doctor --box FILE` described, not for this one", TO_TEXT(f)}
#define OPTION_SET(f) \
	{"set", 0, "KEY=VALUE", "Override: guest.victim.vcpus=4, duration=10h; may be repeated", TO_LIST(f)}
#define OPTION_REPEATS(f, doc) {"repeats", 'n', "N", doc, TO_COUNT(f, 10000)}
#define OPTION_PDF(f) \
	{"pdf", 0, NULL, "With --svg: as PDF too (needs rsvg-convert, package librsvg2-bin)", TO_FLAG(f)}
#define OPTIONS_FIGURES(f) \
	{"figures", 0, "DIR", \
		"Also write every plot into DIR for a person to edit, in the format of --format", \
		TO_TEXT(f.dir)}, \
	{"format", 0, "NAME", \
		"Of --figures: gnuplot (default; data and a script each, which makes PDF, SVG or TikZ), svg, pdf", \
		TO_TEXT(f.format)}
#define OPTIONS_EXECUTE(timeout_ns, agent) \
	{"boot-timeout", 0, "SECONDS", \
		"Give up on a guest that is not up by then (default 60, with Linux guests 25)", \
		TO_SECONDS(timeout_ns, 3600)}, \
	{"no-agent", 0, NULL, "Without the host agent: no trace, no blame", TO_FLAG(agent)}
/* clang-format on */

/* OPTIONS_FIGURES(): dir NULL = none are wanted; format NULL = gnuplot. */
struct figures_wanted {
	const char *dir, *format;
};
void figures_check(const struct figures_wanted *f, struct argp_state *state);
/* Where they go; `prefix` begins their names. */
struct svg_files figures_files(const struct figures_wanted *f, const char *prefix);

/* A whole number from 1 to `max` or a usage error; a final `unit` is allowed. */
unsigned long parse_count(const char *option, const char *word, unsigned long max, const char *unit,
	struct argp_state *state);
/* argp's parser of a line and its rows: ARGP_KEY_INIT hands `child` to the common options. */
struct line_input {
	const struct cmd_line *line;
	void *args, *child;
	size_t n_operands;
};
error_t line_parse(int key, char *word, struct argp_state *state);
/* The rows as argp wants them. Caller frees. */
struct argp_option *line_options(const struct cmd_line *line);

#endif
