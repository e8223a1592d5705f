// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * All of a small folder is held in memory, compared after each child and put back. What the parent has open must
 * stay what it has open: a file that it writes keeps a second name beside the folder meanwhile, so that one that the
 * child removed or renamed comes back as the same file; a folder that was removed is made anew, and takes the
 * place of the old one in the parent's handles.
 */
#define _GNU_SOURCE
#include "keep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_MAX 128
#define FDS	 64

struct kept {
	char path[512];
	struct stat st;
	char *data;
	char second[520]; /* its second name; "" */
	uint64_t handles; /* of a folder: a bit for each fd of the parent's */
};

static char top[256];
static struct kept kept[KEPT_MAX], now[KEPT_MAX];
static unsigned n_kept, n_now;
/* Files that the parent writes and that have no name any more. */
static struct {
	int fd;
	off_t size;
	char *data;
} nameless[FDS];
static unsigned n_nameless;

static void give_up(const char *what, const char *path)
{
	fprintf(stderr, "inject: keep: %s %s: %m\n", what, path);
	_exit(98);
}

static char *content(const char *path, off_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data = malloc((size_t)size + 1);

	if (fd < 0 || !data || read(fd, data, (size_t)size) != size)
		give_up("read", path);
	close(fd);
	return data;
}

static void free_all(struct kept *k, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		free(k[i].data);
		k[i].data = NULL;
	}
}

/* All below `dir`, a folder before what is in it. */
static void walk(const char *dir, struct kept *list, unsigned *n)
{
	DIR *d = opendir(dir);

	if (!d)
		give_up("walk", dir);
	for (struct dirent *e; (e = readdir(d));) {
		struct kept *k = &list[*n];

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (*n == KEPT_MAX || snprintf(k->path, sizeof(k->path), "%s/%s", dir, e->d_name) >=
					      (int)sizeof(k->path))
			give_up("too much in", dir);
		if (lstat(k->path, &k->st))
			give_up("stat", k->path);
		++*n;
		k->data = S_ISREG(k->st.st_mode) ? content(k->path, k->st.st_size) : NULL;
		*k->second = '\0';
		k->handles = 0;
		if (S_ISDIR(k->st.st_mode))
			walk(k->path, list, n);
	}
	closedir(d);
}

void keep_begin(const char *dir)
{
	char *full = realpath(dir, NULL);

	if (!full || snprintf(top, sizeof(top), "%s", full) >= (int)sizeof(top))
		give_up("folder", dir);
	free(full);
}

static struct kept *find(struct kept *list, unsigned n, const char *path)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(list[i].path, path))
			return &list[i];
	return NULL;
}

/* A file that the parent writes through this, and perhaps below the folder; its name there is no sure sign: to a
 * file that was put back this handle gives the name it had before, "(deleted)". */
static bool is_written(int fd, struct stat *st, char path[512])
{
	char link[32];
	int flags = fcntl(fd, F_GETFL);
	ssize_t n;

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || flags & O_PATH || fstat(fd, st) ||
		!S_ISREG(st->st_mode))
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, 511);
	path[n > 0 ? n : 0] = '\0';
	return !strncmp(path, top, strlen(top)) && path[strlen(top)] == '/';
}

static struct kept *kept_as(const struct stat *st)
{
	for (unsigned i = 0; i < n_kept; i++)
		if (kept[i].st.st_ino == st->st_ino && kept[i].st.st_dev == st->st_dev)
			return &kept[i];
	return NULL;
}

void keep_note(void)
{
	char path[512], link_name[32];
	struct stat st;

	if (!*top)
		return;
	n_kept = n_nameless = 0;
	walk(top, kept, &n_kept);
	for (int fd = 3; fd < FDS; fd++) {
		struct kept *k = fstat(fd, &st) ? NULL : kept_as(&st);

		if (k)
			k->handles |= UINT64_C(1) << fd;
		if (!is_written(fd, &st, path))
			continue;
		if (k && !*k->second) {
			snprintf(k->second, sizeof(k->second), "%s.second%d", top, fd);
			if (link(k->path, k->second))
				give_up("second name of", k->path);
		} else if (!k) {
			snprintf(link_name, sizeof(link_name), "/proc/self/fd/%d", fd);
			nameless[n_nameless].fd = fd;
			nameless[n_nameless].size = st.st_size;
			nameless[n_nameless++].data = content(link_name, st.st_size);
		}
	}
}

static void write_all(int fd, const char *data, off_t size, const char *path)
{
	if (fd < 0 || ftruncate(fd, size) || pwrite(fd, data, (size_t)size, 0) != size)
		give_up("write", path);
}

/* Another folder with that name: the parent's handles of the old one become handles of it. */
static void replace_handles(const struct kept *k)
{
	int dir = open(k->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int fd = 3; fd < FDS; fd++)
		if (k->handles >> fd & 1 &&
			dup3(dir, fd, fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
			give_up("handle of", k->path);
	close(dir);
}

static void put_back(const struct kept *k)
{
	char made[520];
	int fd;

	if (S_ISDIR(k->st.st_mode)) {
		if (mkdir(k->path, k->st.st_mode & 07777))
			give_up("mkdir", k->path);
		replace_handles(k);
		return;
	}
	snprintf(made, sizeof(made), "%s.made", top);
	if (*k->second) {
		if (link(k->second, made))
			give_up("link", k->second);
		fd = open(made, O_WRONLY | O_CLOEXEC);
	} else {
		fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, k->st.st_mode & 07777);
	}
	write_all(fd, k->data, k->st.st_size, made);
	close(fd);
	/* Of two names of one file rename() does nothing. */
	unlink(k->path);
	if (rename(made, k->path))
		give_up("rename", made);
}

static bool is_same(const struct kept *a, const struct kept *b)
{
	if ((a->st.st_mode & S_IFMT) != (b->st.st_mode & S_IFMT))
		return false;
	if (S_ISDIR(a->st.st_mode))
		return a->st.st_ino == b->st.st_ino;
	return (!*a->second || a->st.st_ino == b->st.st_ino) && a->st.st_size == b->st.st_size &&
	       !memcmp(a->data, b->data, (size_t)a->st.st_size);
}

void keep_restore(void)
{
	if (!*top)
		return;
	n_now = 0;
	walk(top, now, &n_now);
	for (unsigned i = n_now; i-- > 0;) {
		const struct kept *k = find(kept, n_kept, now[i].path);

		if (!k || (k->st.st_mode & S_IFMT) != (now[i].st.st_mode & S_IFMT))
			if (remove(now[i].path))
				give_up("remove", now[i].path);
	}
	for (unsigned i = 0; i < n_kept; i++) {
		struct kept *k = &kept[i];
		const struct kept *is = find(now, n_now, k->path);
		bool folder = S_ISDIR(k->st.st_mode);

		if (is && is_same(k, is))
			continue;
		if (is && folder && S_ISDIR(is->st.st_mode))
			replace_handles(k);
		else
			put_back(k);
		if (stat(k->path, &k->st)) /* the next child may remove it again */
			give_up("stat", k->path);
	}
	for (unsigned i = 0; i < n_nameless; i++)
		write_all(
			nameless[i].fd, nameless[i].data, nameless[i].size, "a file without name");
	free_all(now, n_now);
}

void keep_drop(void)
{
	for (unsigned i = 0; *top && i < n_kept; i++)
		if (*kept[i].second && unlink(kept[i].second))
			give_up("unlink", kept[i].second);
	free_all(kept, n_kept);
	for (unsigned i = 0; i < n_nameless; i++)
		free(nameless[i].data);
	n_kept = n_nameless = 0;
}
