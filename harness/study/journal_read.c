// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading a journal: one row per kind of line. A journal may have been cut, edited or copied, so
 * every number is checked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "study/priv.h"

#define JOURNAL_MAX  ((size_t)256 << 20) /* bytes */
#define JOURNAL_MANY 1000000u		 /* files, units, arguments */
#define FIELDS_MAX   5

struct line {
	char *field[FIELDS_MAX]; /* after the first word */
	size_t n;
	uint64_t number[FIELDS_MAX]; /* of those that the row says are numbers */
};

/* `fields`: n = number, x = number in hexadecimal, t = text. */
struct row {
	const char *word, *fields;
	int (*take)(struct journal *j, const struct line *l);
};

static int replace(char **text, const char *with)
{
	free(*text);
	*text = xstrdup(with);
	return 0;
}

static int take_id(struct journal *j, const struct line *l)
{
	return name_is_safe(l->field[0]) ? replace(&j->id, l->field[0]) : -EINVAL;
}

static int take_host(struct journal *j, const struct line *l)
{
	return replace(&j->host, l->field[0]);
}

static int take_seed(struct journal *j, const struct line *l)
{
	j->seed = l->number[0];
	return 0;
}

static int take_shard(struct journal *j, const struct line *l)
{
	if (l->number[0] < 1 || l->number[1] < l->number[0] || l->number[1] > JOURNAL_MANY)
		return -EINVAL;
	j->shard = (unsigned)l->number[0];
	j->shards = (unsigned)l->number[1];
	return 0;
}

static int take_arg(struct journal *j, const struct line *l)
{
	if (j->args.n >= JOURNAL_MANY)
		return -E2BIG;
	strv_add(&j->args, "%s", l->field[0]);
	return 0;
}

static int take_file(struct journal *j, const struct line *l)
{
	if (j->n_files >= JOURNAL_MANY)
		return -E2BIG;
	ARRAY_GROW(j->files, j->n_files);
	j->files[j->n_files++] = (struct journal_file){
		l->number[0], xstrdup(l->field[1]), xstrdup(l->field[2]), NULL};
	return 0;
}

static int take_unit(struct journal *j, const struct line *l)
{
	if (j->n_units >= JOURNAL_MANY)
		return -E2BIG;
	if (l->number[0] >= j->n_files || l->number[1] >= JOURNAL_MANY ||
		l->number[2] >= JOURNAL_MANY || l->number[3] > UINT32_MAX)
		return -EINVAL;
	ARRAY_GROW(j->units, j->n_units);
	j->units[j->n_units++] =
		(struct journal_unit){.unit = {l->number[0], l->number[1], (unsigned)l->number[2],
					      (unsigned)l->number[3]},
			.config = xstrdup(l->field[4])};
	return 0;
}

static int take_begin(struct journal *j, const struct line *l)
{
	if (l->number[0] >= j->n_units)
		return -EINVAL;
	j->units[l->number[0]].begun++;
	j->ended = false; /* taken up again after its end */
	return 0;
}

static int take_done(struct journal *j, const struct line *l)
{
	if (l->number[0] >= j->n_units)
		return -EINVAL;
	j->units[l->number[0]].done = true;
	return replace(&j->units[l->number[0]].text, l->field[1]);
}

static int take_fail(struct journal *j, const struct line *l)
{
	if (l->number[0] >= j->n_units)
		return -EINVAL;
	j->units[l->number[0]].done = false;
	return replace(&j->units[l->number[0]].text, l->field[1]);
}

static int take_stop(struct journal *j, const struct line *l)
{
	return l->number[0] < j->n_files ? replace(&j->files[l->number[0]].stopped, l->field[1])
					 : -EINVAL;
}

static int take_end(struct journal *j, const struct line *l)
{
	(void)l;
	j->ended = true;
	return 0;
}

static const struct row rows[] = {
	{"id", "t", take_id},
	{"host", "t", take_host},
	{"seed", "n", take_seed},
	{"shard", "nn", take_shard},
	{"arg", "t", take_arg},
	{"file", "xtt", take_file},
	{"unit", "nnnnt", take_unit},
	{"begin", "n", take_begin},
	{"done", "nt", take_done},
	{"fail", "nt", take_fail},
	{"stop", "nt", take_stop},
	{"end", "n", take_end},
};

static int parse_number(const char *text, int base, uint64_t *out)
{
	char *end;

	if (*text == '-' || *text == '+' || *text == ' ')
		return -EINVAL;
	errno = 0;
	*out = strtoull(text, &end, base);
	return errno || end == text || *end ? -EINVAL : 0;
}

static int parse_fields(const char *fields, char *text, struct line *l)
{
	char *next = text;

	while (next && l->n < FIELDS_MAX) {
		char *field = strsep(&next, "\t");

		l->field[l->n++] = field;
	}
	if (next || l->n != strlen(fields))
		return -EINVAL;
	for (size_t i = 0; i < l->n; i++)
		if (fields[i] != 't' &&
			parse_number(l->field[i], fields[i] == 'x' ? 16 : 10, &l->number[i]))
			return -EINVAL;
	return 0;
}

int journal_take(struct journal *j, const char *text, struct err *e)
{
	auto_free char *copy = xstrdup(text);
	char *rest = copy, *word = strsep(&rest, "\t");
	int rc = -EINVAL;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct line l = {.n = 0};

		if (strcmp(word, rows[i].word))
			continue;
		rc = rest ? parse_fields(rows[i].fields, rest, &l) : -EINVAL;
		if (!rc)
			rc = rows[i].take(j, &l);
		break;
	}
	if (rc)
		err_set(e, -rc, "%s/%s: this line cannot be read: %.80s", j->dir, JOURNAL_NAME,
			text);
	return rc;
}

/* All lines that are whole; *whole = their length. */
static int read_lines(struct journal *j, char *text, size_t *whole, struct err *e)
{
	char *line = text, *end;
	bool first = true;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		int rc;

		*end = '\0';
		if (first) {
			auto_free char *magic = xasprintf("%s\t%d", JOURNAL_MAGIC, JOURNAL_VERSION);

			rc = strcmp(line, magic)
				     ? err_set(e, EINVAL,
					       "%s/%s: not a journal that this version can read",
					       j->dir, JOURNAL_NAME)
				     : 0;
		} else {
			rc = journal_take(j, line, e);
		}
		if (rc)
			return rc;
		first = false;
	}
	*whole = (size_t)(line - text);
	if (first || !j->id || !j->host || !j->shards)
		return err_set(e, EINVAL, "%s/%s: its head is incomplete", j->dir, JOURNAL_NAME);
	return 0;
}

int journal_load(struct journal *j, size_t *whole, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", j->dir, JOURNAL_NAME);
	auto_free char *text = NULL;
	size_t len;

	text = read_file(path, JOURNAL_MAX, &len, e);
	if (!text)
		return -e->code;
	if (strlen(text) != len)
		return err_set(e, EINVAL, "%s: holds a NUL byte", path);
	return read_lines(j, text, whole, e);
}

void journal_release(struct journal *j)
{
	for (size_t i = 0; i < j->n_files; i++) {
		free(j->files[i].scenario);
		free(j->files[i].path);
		free(j->files[i].stopped);
	}
	for (size_t i = 0; i < j->n_units; i++) {
		free(j->units[i].config);
		free(j->units[i].text);
	}
	free(j->files);
	free(j->units);
	free(j->dir);
	free(j->id);
	free(j->host);
	strv_release(&j->args);
	if (j->fd > 0)
		close(j->fd);
	*j = (struct journal){.fd = -1};
}

int journal_read(const char *dir, struct journal *out, struct err *e)
{
	struct journal j = {.dir = xstrdup(dir), .fd = -1};
	size_t whole;
	int rc = journal_load(&j, &whole, e);

	if (rc)
		journal_release(&j);
	else
		*out = j;
	return rc;
}
