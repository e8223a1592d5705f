// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

#define NOBODY 65534

static struct held {
	char *path; /* absolute, see beneath_full_name() */
	int fd;
	unsigned times;
} held[BENEATH_HELD_MAX];

char *beneath_full_name(const char *path)
{
	auto_free char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);
	auto_free char *whole = xasprintf("%s%s%s", cwd ? cwd : "", cwd ? "/" : "", path);
	struct strbuf b = {0};
	char *save = NULL;

	for (char *part = strtok_r(whole, "/", &save); part; part = strtok_r(NULL, "/", &save))
		if (strcmp(part, ".") != 0)
			strbuf_add(&b, "/%s", part);
	return b.text ? b.text : xstrdup("/");
}

/* The held folder with the longest name that `full` is or is below; *rest is what follows. */
static struct held *holder(const char *full, const char **rest)
{
	struct held *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		size_t len = held[i].path ? strlen(held[i].path) : 0;

		if (len > best_len && !strncmp(full, held[i].path, len) &&
			(full[len] == '/' || !full[len])) {
			best = &held[i];
			best_len = len;
		}
	}
	if (best)
		*rest = full[best_len] ? full + best_len + 1 : "";
	return best;
}

/* The held folder that `path` itself is, or NULL. */
static struct held *held_itself(const char *path)
{
	auto_free char *full = beneath_full_name(path);
	const char *rest = "";
	struct held *h = holder(full, &rest);

	return *rest ? NULL : h;
}

/* Kernels before 5.6, and sandboxes that do not know openat2(): part by part. */
static int walk(int dir, const char *name, int flags, mode_t mode)
{
	auto_free char *copy = xstrdup(name);
	int at = dir;

	for (char *part = copy, *next; part; part = next) {
		int fd;

		next = strchr(part, '/');
		if (next)
			*next++ = '\0';
		if (!strcmp(part, "..")) {
			errno = EXDEV;
			fd = -1;
		} else if (next) {
			fd = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (fd < 0 && errno == ENOTDIR) { /* a link, perhaps */
				struct stat st;

				if (!fstatat(at, part, &st, AT_SYMLINK_NOFOLLOW))
					errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
			}
		} else {
			fd = openat(at, part, flags | O_NOFOLLOW, mode);
		}
		if (at != dir) {
			int why = errno;

			close(at);
			errno = why;
		}
		if (fd < 0 || !next)
			return fd;
		at = fd;
	}
	return -1;
}

static int open_below(int dir, const char *name, int flags, mode_t mode)
{
	struct open_how how = {
		/* Of a handle on a folder O_NOFOLLOW would make "no folder" out of "a link". */
		.flags = (unsigned)(flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOFOLLOW)),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	long fd;

	do { /* EAGAIN: something was renamed on the way */
		fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	if (fd < 0 && errno == ENOSYS)
		fd = walk(dir, name, (int)how.flags, mode);
	return (int)fd;
}

/* A handle on the folder of `path`, and the last part of its name in *last (borrowed of *full).
 * *ours: the handle is the caller's to close. */
struct place {
	char *full;
	const char *last;
	int dir;
	bool ours;
};

static void place_release(struct place *p)
{
	int why = errno;

	if (p->ours)
		close(p->dir);
	free(p->full);
	errno = why;
}
#define auto_place __attribute__((cleanup(place_release)))

static int find_place(const char *path, struct place *p)
{
	const char *rest;
	struct held *h;
	char *slash;

	*p = (struct place){.full = beneath_full_name(path), .dir = -1};
	slash = strrchr(p->full, '/');
	h = holder(p->full, &rest);
	if (h && *rest) {
		slash = strrchr(rest, '/');
		p->last = slash ? slash + 1 : rest;
		p->dir = h->fd;
		if (!slash)
			return 0;
		*slash = '\0';
		p->dir = open_below(h->fd, rest, O_PATH | O_DIRECTORY, 0);
	} else { /* the user's own name for it */
		p->last = slash + 1;
		*slash = '\0';
		p->dir = open(*p->full ? p->full : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	p->ours = p->dir >= 0;
	if (p->ours && (!*p->last || !strcmp(p->last, ".."))) {
		errno = EXDEV;
		return -1;
	}
	return p->ours ? 0 : -1;
}

/* What was opened is what one opens: no device, no pipe, and no second name when it is written to. */
static int looked_at(int fd, int flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY;
	struct stat st;
	int why = 0;

	if (fd < 0 || flags & O_PATH)
		return fd;
	if (fstat(fd, &st))
		why = errno;
	else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		why = EINVAL;
	else if (writes && st.st_nlink > 1)
		why = EMLINK;
	else if (flags & O_TRUNC && ftruncate(fd, 0))
		why = errno;
	if (!why)
		return fd;
	close(fd);
	errno = why;
	return -1;
}

int beneath_open_at(int dir, const char *name, int flags, mode_t mode)
{
	/* Not to wait for the other end of a pipe; regular files do not mind. */
	int how = (flags & ~O_TRUNC) | O_NOCTTY | (flags & O_PATH ? 0 : O_NONBLOCK);

	return looked_at(open_below(dir, name, how, mode), flags);
}

int beneath_open(const char *path, int flags, mode_t mode)
{
	auto_place struct place p;

	return find_place(path, &p) ? -1 : beneath_open_at(p.dir, p.last, flags, mode);
}

FILE *beneath_fopen(const char *path, const char *mode)
{
	bool reads = mode[0] == 'r';
	int flags = reads ? O_RDONLY : O_WRONLY | O_CREAT | (mode[1] == 'x' ? O_EXCL : O_TRUNC);
	int fd = beneath_open(path, flags, 0644);

	return fd < 0 ? NULL : fdopen(fd, reads ? "r" : "w");
}

static int open_folder(const char *path)
{
	auto_free char *full = beneath_full_name(path);
	const char *rest;
	struct held *h = holder(full, &rest);

	return h ? open_below(h->fd, *rest ? rest : ".", O_RDONLY | O_DIRECTORY, 0)
		 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

DIR *beneath_opendir(const char *path)
{
	int fd = open_folder(path);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !d)
		close(fd);
	return d;
}

int beneath_stat(const char *path, struct stat *st)
{
	struct held *h = held_itself(path);
	auto_place struct place p = {.dir = -1};

	if (h)
		return fstat(h->fd, st);
	return find_place(path, &p) ? -1 : fstatat(p.dir, p.last, st, AT_SYMLINK_NOFOLLOW);
}

int beneath_mkdir(const char *path, mode_t mode)
{
	auto_place struct place p;

	return find_place(path, &p) ? -1 : mkdirat(p.dir, p.last, mode);
}

int beneath_unlink(const char *path)
{
	auto_place struct place p;

	return find_place(path, &p) ? -1 : unlinkat(p.dir, p.last, 0);
}

int beneath_remove(const char *path)
{
	auto_place struct place p;

	if (find_place(path, &p))
		return -1;
	if (!unlinkat(p.dir, p.last, 0))
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	return unlinkat(p.dir, p.last, AT_REMOVEDIR);
}

int beneath_rename(const char *from, const char *to)
{
	auto_place struct place a, b = {.dir = -1};
	struct held *h;

	if (find_place(from, &a) || find_place(to, &b))
		return -1;
	h = held_itself(from);
	if (h) { /* what stands there now must be what is held */
		struct stat there, ours;

		if (fstatat(a.dir, a.last, &there, AT_SYMLINK_NOFOLLOW) || fstat(h->fd, &ours))
			return -1;
		if (there.st_ino != ours.st_ino || there.st_dev != ours.st_dev) {
			errno = ESTALE;
			return -1;
		}
	}
	if (renameat(a.dir, a.last, b.dir, b.last))
		return -1;
	if (h) {
		free(h->path);
		h->path = beneath_full_name(to);
	}
	return 0;
}

static int keep(const char *full, int fd, const char *dir, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		if (held[i].path)
			continue;
		held[i] = (struct held){xstrdup(full), fd, 1};
		return 0;
	}
	close(fd);
	return err_set(e, EMFILE, "%s: %d folders are held already (a bug)", dir, BENEATH_HELD_MAX);
}

int beneath_hold(const char *dir, struct err *e)
{
	auto_free char *full = beneath_full_name(dir);
	struct held *h = held_itself(dir);
	int fd;

	if (h) {
		h->times++;
		return 0;
	}
	fd = open_folder(dir);
	return fd < 0 ? err_sys(e, "%s", dir) : keep(full, fd, dir, e);
}

int beneath_make(const char *dir, struct err *e)
{
	auto_free char *full = beneath_full_name(dir);
	auto_place struct place p;
	struct stat st;
	int fd;

	if (find_place(dir, &p) || mkdirat(p.dir, p.last, 0755))
		return err_sys(e, "%s", dir);
	fd = open_below(p.dir, p.last, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return err_sys(e, "%s", dir);
	/* A file server may squash root: then it is nobody's. */
	if (fstat(fd, &st) || (st.st_uid != geteuid() && st.st_uid != NOBODY)) {
		close(fd);
		return err_set(e, ESTALE, "%s: another user put a folder in its place", dir);
	}
	return keep(full, fd, dir, e);
}

void beneath_drop(const char *dir)
{
	struct held *h = held_itself(dir);

	if (!h || --h->times)
		return;
	close(h->fd);
	free(h->path);
	*h = (struct held){0};
}

void beneath_forget(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		held[i] = (struct held){0};
}

int beneath_handle(const char *dir)
{
	struct held *h = held_itself(dir);

	return h ? h->fd : -1;
}

bool beneath_is_held(const char *path)
{
	auto_free char *full = beneath_full_name(path);
	const char *rest;

	return holder(full, &rest) != NULL;
}
