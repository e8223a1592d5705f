// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The saved tuning: text, a block for each save, the last whole one counts. A line is a word and
 * its values, separated by tabs. The file is locked while its owner lives, so that two stealscopes
 * never change one domain.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "domain/tuning_priv.h"

#define FORMAT	 "stealscope tuning 1"
#define FILE_MAX (1u << 20)

static char *folder(void)
{
	return xasprintf("%s/tuning", runtime_root());
}

char *tuning_path(const struct tuning *t)
{
	return xasprintf("%s/tuning/%s", runtime_root(), t->uuid);
}

/* ---- writing */

static char *block_text(const struct tuning *t)
{
	struct strbuf b = {0};

	strbuf_add(&b,
		"%s\nuri\t%s\nuuid\t%s\nname\t%s\nowner\t%s\nqemu\t%d\t%llu\nstarted\t%d\nvcpus\t%u\n",
		FORMAT, t->uri, t->uuid, t->name, t->owner, (int)t->pid,
		(unsigned long long)t->start_ticks, t->started, t->vcpus);
	for (size_t i = 0; i < t->n_rows; i++) {
		const struct tuning_row *r = &t->rows[i];

		strbuf_add(&b, "row\t%s\t%c\t%d\t%s\t%s\n", r->key,
			r->way == TUNING_KERNEL ? 'k' : 'l', r->named, r->had,
			r->want ? r->want : "-");
	}
	strbuf_add(&b, "end\n");
	return b.text;
}

/* The file, locked; -EWOULDBLOCK while another holds it. */
static int open_locked(const char *path, int flags, struct err *e)
{
	for (;;) {
		int fd = open(path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
		struct stat mine, there;

		if (fd < 0)
			return err_sys(e, "%s", path);
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			int rc = err_sys(e, "%s", path);

			close(fd);
			return rc;
		}
		/* Whoever held it may have removed it before letting go. */
		if (fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino)
			return fd;
		close(fd);
	}
}

static int sync_folder(const char *path, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? err_sys(e, "%s", path) : 0;
}

static int append_block(const struct tuning *t, const char *dir, struct err *e)
{
	auto_free char *text = block_text(t);
	int rc;

	if (lseek(t->fd, 0, SEEK_END) < 0)
		return err_sys(e, "the saved tuning of domain '%s'", t->name);
	rc = write_all(t->fd, text, strlen(text));
	if (rc || fsync(t->fd))
		return rc ? err_set(e, -rc, "the tuning of domain '%s' cannot be saved: %s",
				    t->name, strerror(-rc))
			  : err_sys(e, "the tuning of domain '%s' cannot be saved", t->name);
	return sync_folder(dir, e);
}

int tuning_save(struct tuning *t, struct strv *done, struct err *e)
{
	auto_free char *dir = folder(), *path = tuning_path(t);
	char owner[OWNER_MAX];
	struct stat st;
	int rc = make_dirs(dir, e);

	free(t->owner);
	t->owner = xstrdup(owner_self(owner));
	while (!rc && t->fd < 0) {
		t->fd = open_locked(path, O_CREAT, e);
		if (t->fd == -EWOULDBLOCK)
			return err_set_exit(e, EXIT_FAILED, EBUSY,
				"domain '%s' is being changed by another stealscope; wait for its end",
				t->name);
		if (t->fd < 0)
			return t->fd;
		if (fstat(t->fd, &st) == 0 && st.st_size > 0) {
			/* A dead one's. What was just read is not what the domain's owner wants. */
			cleanup_close(&t->fd);
			t->fd = -1;
			rc = tuning_recover(path, done, e);
			return rc < 0 ? rc : -EAGAIN;
		}
	}
	return rc ? rc : append_block(t, dir, e);
}

void tuning_forget(struct tuning *t, const struct tuning_outcome *o)
{
	auto_free char *path = tuning_path(t), *dir = folder();

	if (t->fd < 0)
		return;
	if (!o->late) {
		unlink(path);
		rmdir(dir); /* when it was the last */
		rmdir(runtime_root());
	}
	cleanup_close(&t->fd);
	t->fd = -1;
}

/* ---- reading */

static char *next_field(char **p)
{
	char *field = *p, *tab = field ? strchr(field, '\t') : NULL;

	if (tab)
		*tab = '\0';
	*p = tab ? tab + 1 : NULL;
	return field;
}

static bool read_row(char *rest, struct tuning *t)
{
	char *key = next_field(&rest), *way = next_field(&rest), *named = next_field(&rest);
	char *had = next_field(&rest), *want = next_field(&rest);

	if (!want)
		return false;
	ARRAY_GROW(t->rows, t->n_rows);
	t->rows[t->n_rows++] = (struct tuning_row){.key = xstrdup(key),
		.had = xstrdup(had),
		.want = strcmp(want, "-") ? xstrdup(want) : NULL,
		.way = *way == 'k' ? TUNING_KERNEL : TUNING_LIBVIRT,
		.named = *named == '1'};
	return true;
}

static void set_text(char **field, const char *value)
{
	free(*field);
	*field = xstrdup(value ? value : "");
}

static bool read_line(char *line, struct tuning *t)
{
	char *rest = line, *word = next_field(&rest);

	if (!strcmp(word, "row"))
		return read_row(rest, t);
	if (!rest)
		return false;
	if (!strcmp(word, "uri"))
		set_text(&t->uri, rest);
	else if (!strcmp(word, "uuid"))
		set_text(&t->uuid, rest);
	else if (!strcmp(word, "name"))
		set_text(&t->name, rest);
	else if (!strcmp(word, "owner"))
		set_text(&t->owner, rest);
	else if (!strcmp(word, "started"))
		t->started = *rest == '1';
	else if (!strcmp(word, "vcpus"))
		t->vcpus = (unsigned)atoi(rest);
	else if (!strcmp(word, "qemu")) {
		t->pid = atoi(next_field(&rest));
		t->start_ticks = rest ? strtoull(rest, NULL, 10) : 0;
	}
	return true;
}

/* The last whole block; NULL when there is none: then nothing was applied. */
static char *last_block(char *text)
{
	char *end = NULL, *begin = NULL;

	for (char *p = strstr(text, "\nend\n"); p; p = strstr(p + 1, "\nend\n"))
		end = p;
	if (!end)
		return NULL;
	end[1] = '\0';
	for (char *p = strstr(text, FORMAT "\n"); p; p = strstr(p + 1, FORMAT "\n"))
		begin = p;
	return begin;
}

static int parse(char *text, const char *path, struct tuning **out, struct err *e)
{
	struct tuning *t = tuning_new();
	char *line = last_block(text);
	bool good = true;

	*out = NULL;
	line = line ? strchr(line, '\n') : NULL;
	for (line = line ? line + 1 : NULL; good && line && *line;) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		good = read_line(line, t);
		line = end ? end + 1 : NULL;
	}
	if (good && t->uri && t->uuid && t->name && t->owner) {
		*out = t;
		return 0;
	}
	tuning_free(t);
	return strlen(text) && !good
		       ? err_set(e, EINVAL, "%s is not a saved tuning of a domain", path)
		       : 0;
}

int tuning_load(const char *path, struct tuning **out, struct err *e)
{
	auto_free char *text = read_file(path, FILE_MAX, NULL, e);

	return text ? parse(text, path, out, e) : e && e->code ? -e->code : -EIO;
}

/* ---- recovering */

static void tell(const struct tuning *t, const struct tuning_outcome *o, struct strv *done)
{
	if (!done)
		return;
	if (o->gone)
		strv_add(done, "tuning of domain '%s': its QEMU has ended, nothing to put back",
			t->name);
	else if (o->late)
		strv_add(done,
			"tuning of domain '%s': put back in the kernel; libvirt does not answer at %s, run `stealscope clean` when it does",
			t->name, t->uri);
	else
		strv_add(done, "tuning of domain '%s': %u setting%s put back", t->name, o->put_back,
			o->put_back == 1 ? "" : "s");
	for (size_t i = 0; i < o->kept.n; i++)
		strv_add(done, "tuning of domain '%s': %s", t->name, o->kept.items[i]);
	for (size_t i = 0; i < o->lost.n; i++)
		strv_add(done, "tuning of domain '%s': %s", t->name, o->lost.items[i]);
}

int tuning_recover(const char *path, struct strv *done, struct err *e)
{
	int fd = open_locked(path, 0, e), rc;
	auto_struct(tuning_outcome) o = {0};
	struct tuning *t = NULL;

	if (fd == -ENOENT || fd == -EWOULDBLOCK) {
		if (e)
			*e = (struct err)ERR_INIT;
		return 0;
	}
	if (fd < 0)
		return fd;
	rc = tuning_load(path, &t, e);
	if (!t && !rc)
		unlink(path);
	if (!t) {
		close(fd);
		return rc;
	}
	t->fd = fd;
	if (t->started)
		tuning_shut_down(NULL, t, &o);
	else
		tuning_put_back(NULL, t, TUNING_RECOVER_NS, &o);
	tell(t, &o, done);
	tuning_forget(t, &o);
	tuning_free(t);
	return 1;
}

int tuning_recover_all(struct strv *done, struct err *e)
{
	auto_free char *dir = folder();
	auto_struct(folder) f = folder_open(dir);
	int n = 0;

	while (folder_next(&f)) {
		auto_free char *path = xasprintf("%s/%s", dir, f.name);
		struct err why = ERR_INIT;
		int rc = f.name[0] == '.' ? 0 : tuning_recover(path, done, &why);

		n += rc > 0;
		if (rc < 0 && e && !e->code)
			*e = why;
	}
	if (e && !e->code)
		folder_read_all(&f, dir, e);
	return e && e->code ? -e->code : n;
}
