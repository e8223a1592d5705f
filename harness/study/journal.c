// SPDX-License-Identifier: GPL-3.0-or-later
/* A journal open for writing; what its lines say is read in journal_read.c. */
#include "study/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/replace.h"
#include "study/priv.h"
#include "record/folder.h"

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static int check_texts(const struct journal *j, struct err *e)
{
	const char *bad = NULL;

	for (size_t i = 0; i < j->args.n; i++)
		bad = has_control(j->args.items[i]) ? j->args.items[i] : bad;
	for (size_t i = 0; i < j->n_files; i++)
		bad = has_control(j->files[i].path) ? j->files[i].path : bad;
	if (bad)
		return err_set_exit(e, EXIT_USAGE, EINVAL,
			"'%.60s...' holds a control character; a batch cannot note it down", bad);
	return 0;
}

static void format_head(const struct journal *j, struct strbuf *b)
{
	strbuf_add(b, "%s\t%d\nid\t%s\nhost\t%s\n", JOURNAL_MAGIC, JOURNAL_VERSION, j->id, j->host);
	strbuf_add(
		b, "seed\t%llu\nshard\t%u\t%u\n", (unsigned long long)j->seed, j->shard, j->shards);
	for (size_t i = 0; i < j->args.n; i++)
		strbuf_add(b, "arg\t%s\n", j->args.items[i]);
	for (size_t i = 0; i < j->n_files; i++)
		strbuf_add(b, "file\t%016llx\t%s\t%s\n", (unsigned long long)j->files[i].hash,
			j->files[i].scenario, j->files[i].path);
	for (size_t i = 0; i < j->n_units; i++) {
		const struct order_unit *u = &j->units[i].unit;

		strbuf_add(b, "unit\t%zu\t%zu\t%u\t%u\t%s\n", u->scenario, u->config, u->repeat,
			u->block, j->units[i].config);
	}
}

/* Open for appending, alone. */
static int lock_alone(struct journal *j, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", j->dir, JOURNAL_NAME);

	j->fd = beneath_open(path, O_WRONLY | O_APPEND, 0);
	if (j->fd < 0)
		return err_sys(e, "%s", path);
	if (flock(j->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	err_set(e, errno == EWOULDBLOCK ? EBUSY : errno,
		"%s: another process is carrying out this batch", j->dir);
	close(j->fd);
	j->fd = -1;
	return -e->code;
}

int journal_create(struct journal *j, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", j->dir, JOURNAL_NAME);
	auto_struct(strbuf) head = {0};
	struct stat st;
	int rc = check_texts(j, e);

	if (!rc)
		rc = make_dirs(j->dir, e);
	if (!rc && beneath_stat(path, &st) == 0)
		rc = err_set_exit(e, EXIT_USAGE, EEXIST,
			"%s exists already; continue it with --resume", path);
	if (rc)
		return rc;
	format_head(j, &head);
	rc = replace_file(path, head.text, e);
	return rc ? rc : lock_alone(j, e);
}

int journal_open(const char *dir, struct journal *out, struct err *e)
{
	struct journal j = {.dir = xstrdup(dir), .fd = -1};
	size_t whole;
	int rc = lock_alone(&j, e);

	if (!rc)
		rc = journal_load(&j, &whole, e);
	/* Half a line at the end was never said: what follows must not be glued to it. */
	if (!rc && ftruncate(j.fd, (off_t)whole))
		rc = err_sys(e, "%s/%s", dir, JOURNAL_NAME);
	if (rc)
		journal_release(&j);
	else
		*out = j;
	return rc;
}

/* One line: what happened, to which number, and a text (NULL = none). */
static int append(struct journal *j, const char *what, size_t n, const char *text, struct err *e)
{
	auto_free char *line =
		xasprintf("%s\t%zu%s%s", what, n, text ? "\t" : "", text ? text : "");
	size_t len = strlen(line), tabs = 0;
	int rc;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\t' && tabs++ < 2)
			continue;
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	}
	line[len] = '\n'; /* in the place of the NUL: one write */
	rc = write_all(j->fd, line, len + 1);
	line[len] = '\0';
	if (!rc && fdatasync(j->fd))
		rc = -errno;
	if (!rc)
		return journal_take(j, line, e);
	errno = -rc;
	return err_sys(e, "%s/%s", j->dir, JOURNAL_NAME);
}

int journal_begin(struct journal *j, size_t unit, struct err *e)
{
	return append(j, "begin", unit, NULL, e);
}

int journal_done(struct journal *j, size_t unit, const char *record, struct err *e)
{
	return append(j, "done", unit, record, e);
}

int journal_fail(struct journal *j, size_t unit, const char *why, struct err *e)
{
	return append(j, "fail", unit, why, e);
}

int journal_stop(struct journal *j, size_t file, const char *why, struct err *e)
{
	return append(j, "stop", file, why, e);
}

int journal_end(struct journal *j, int status, struct err *e)
{
	return append(j, "end", (size_t)status, NULL, e);
}

int journal_hash(const struct strv *paths, uint64_t *hash, struct err *e)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < paths->n; i++) {
		size_t len;
		auto_free char *text = read_file(paths->items[i], 1 << 20, &len, e);

		if (!text)
			return -e->code;
		for (size_t k = 0; k < len; k++)
			h = (h ^ (unsigned char)text[k]) * UINT64_C(0x100000001b3);
	}
	*hash = h;
	return 0;
}
