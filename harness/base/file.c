// SPDX-License-Identifier: GPL-3.0-or-later
/* Files: the part of util.h that reads and writes them, below held folders by their handle. */
#include "base/util.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/beneath.h"

struct folder folder_open(const char *path)
{
	DIR *dir = opendir(path);

	return (struct folder){.dir = dir, .error = dir || errno == ENOENT ? 0 : errno};
}

bool folder_next(struct folder *f)
{
	struct dirent *entry;

	errno = 0;
	do
		entry = f->dir ? readdir(f->dir) : NULL;
	while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	f->name = entry ? entry->d_name : NULL;
	if (f->dir && !entry)
		f->error = errno;
	return entry;
}

int folder_read_all(const struct folder *f, const char *path, struct err *e)
{
	return f->error
		       ? err_set(e, f->error, "cannot read folder %s: %s", path, strerror(f->error))
		       : 0;
}

void folder_release(struct folder *f)
{
	if (f->dir)
		closedir(f->dir);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int folder_names(const char *path, const char *end, struct strv *out)
{
	auto_struct(folder) f = {.dir = opendir(path)};

	if (!f.dir)
		return -errno;
	while (folder_next(&f)) {
		size_t len = strlen(f.name), tail = strlen(end);

		if (f.name[0] != '.' && len > tail && !strcmp(f.name + len - tail, end))
			strv_add(out, "%s", f.name);
	}
	if (out->n)
		qsort(out->items, out->n, sizeof(*out->items), by_name);
	return 0;
}

ssize_t read_some(int fd, void *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

char *read_file(const char *path, size_t max, size_t *len, struct err *e)
{
	auto_close int fd = beneath_is_held(path) ? beneath_open(path, O_RDONLY, 0)
						  : open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *buf = NULL;
	size_t used = 0, room = 0;
	char *out;

	if (fd < 0) {
		err_sys(e, "cannot open %s", path);
		return NULL;
	}
	for (;;) {
		ssize_t n;

		if (used == room) {
			room = room ? room * 2 : 4096;
			buf = xrealloc(buf, room + 1);
		}
		n = read_some(fd, buf + used, room - used);
		if (n < 0) {
			err_sys(e, "cannot read %s", path);
			return NULL;
		}
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > max) {
			err_set(e, EFBIG, "%s is larger than %zu bytes", path, max);
			return NULL;
		}
	}
	buf[used] = '\0';
	if (len)
		*len = used;
	out = buf;
	buf = NULL;
	return out;
}

int read_u64(const char *path, uint64_t *out, struct err *e)
{
	auto_free char *text = read_file(path, 4096, NULL, e);
	char *end;
	uint64_t v;

	if (!text)
		return e && e->code ? -e->code : -EIO;
	errno = 0;
	v = strtoull(text, &end, 0);
	if (end == text || errno)
		return err_set(e, EINVAL, "%s holds no number", path);
	*out = v;
	return 0;
}

int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int write_file(const char *path, const char *data, size_t len, struct err *e)
{
	int fd = beneath_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	int rc;

	if (fd < 0)
		return err_sys(e, "cannot create %s", path);
	rc = write_all(fd, data, len);
	if (close(fd) && !rc)
		rc = -errno;
	if (rc) {
		errno = -rc;
		return err_sys(e, "cannot write %s", path);
	}
	return 0;
}

int make_dirs(const char *path, struct err *e)
{
	auto_free char *full = beneath_full_name(path);
	struct stat st;

	for (char *slash = full + 1;; slash++) {
		char saved = *slash;
		bool held_now;

		if (saved && saved != '/')
			continue;
		*slash = '\0';
		held_now = beneath_is_held(full);
		if (beneath_mkdir(full, 0755) && errno != EEXIST && errno != EXDEV) {
			int why = errno;

			/* Read-only parents and the like are fine where the folder is there. */
			if ((held_now ? beneath_stat(full, &st) : stat(full, &st)) ||
				!S_ISDIR(st.st_mode))
				return err_set(
					e, why, "cannot create folder %s: %s", full, strerror(why));
		}
		*slash = saved;
		if (!saved)
			return 0;
	}
}

/* Everything in the folder of that handle, which is closed. 0 or -errno of the first failure. */
static int empty_folder(int fd)
{
	auto_struct(folder) f = {.dir = fdopendir(fd)};
	int rc = 0;

	if (!f.dir) {
		rc = -errno;
		close(fd);
		return rc;
	}
	while (folder_next(&f)) {
		int sub, one = 0, at = dirfd(f.dir);

		if (unlinkat(at, f.name, 0) == 0 || errno == ENOENT)
			continue;
		sub = openat(at, f.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0)
			one = -errno;
		else
			one = empty_folder(sub);
		if (!one && unlinkat(at, f.name, AT_REMOVEDIR) && errno != ENOENT)
			one = -errno;
		rc = rc ? rc : one;
	}
	return rc;
}

int remove_tree(const char *path, struct err *e)
{
	int fd = beneath_open(path, O_RDONLY | O_DIRECTORY, 0);
	int rc = fd >= 0 ? empty_folder(fd) : 0;

	/* A folder that cannot be read may be empty all the same. */
	if (!rc && beneath_remove(path) && errno != ENOENT)
		rc = -errno;
	errno = -rc;
	return rc ? err_sys(e, "cannot remove %s", path) : 0;
}

/* An access control list: reading and writing for the owner and for `uid`, for nobody else. */
static int let_in(int fd, uid_t uid)
{
	struct {
		uint32_t version;
		struct posix_acl_xattr_entry entries[5];
	} acl = {
		.version = htole32(POSIX_ACL_XATTR_VERSION),
		.entries =
			{
				{htole16(ACL_USER_OBJ), htole16(ACL_READ | ACL_WRITE),
					htole32((uint32_t)ACL_UNDEFINED_ID)},
				{htole16(ACL_USER), htole16(ACL_READ | ACL_WRITE), htole32(uid)},
				{htole16(ACL_GROUP_OBJ), 0, htole32((uint32_t)ACL_UNDEFINED_ID)},
				{htole16(ACL_MASK), htole16(ACL_READ | ACL_WRITE),
					htole32((uint32_t)ACL_UNDEFINED_ID)},
				{htole16(ACL_OTHER), 0, htole32((uint32_t)ACL_UNDEFINED_ID)},
			},
	};

	return fsetxattr(fd, "system.posix_acl_access", &acl, sizeof(acl), 0) ? -errno : 0;
}

int file_give(int fd, const char *name, uid_t uid, gid_t gid, struct err *e)
{
	if (uid == geteuid() || (geteuid() != 0 && let_in(fd, uid) == 0))
		return 0;
	return fchown(fd, uid, gid) ? err_sys(e, "cannot give %s to user %u", name, (unsigned)uid)
				    : 0;
}

int path_give(const char *path, uid_t uid, gid_t gid, struct err *e)
{
	auto_close int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? err_sys(e, "%s", path) : file_give(fd, path, uid, gid, e);
}
