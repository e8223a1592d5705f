// SPDX-License-Identifier: GPL-3.0-or-later
#include "record/sqlite_beneath.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "base/util.h"

#define BY_HANDLE "/proc/self/fd/"

static int open_beneath(const char *path, int flags, int mode)
{
	/* The folder itself, which SQLite syncs: its name is a link to the handle. */
	if (!strncmp(path, BY_HANDLE, strlen(BY_HANDLE)) && !strchr(path + strlen(BY_HANDLE), '/'))
		return openat(
			atoi(path + strlen(BY_HANDLE)), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return beneath_open(path, flags, (mode_t)mode);
}

/* "Nothing is a link": SQLite would resolve it and open what it leads to; open_beneath() refuses. */
static int lstat_no_links(const char *path, struct stat *st)
{
	int rc = lstat(path, st);

	if (!rc && S_ISLNK(st->st_mode))
		st->st_mode = (st->st_mode & ~(mode_t)S_IFMT) | S_IFREG;
	return rc;
}

const char *sqlite_beneath(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix");

	if (!vfs) /* SQLite had no memory to begin with; opening says so */
		return "unix";
	vfs->xSetSystemCall(vfs, "open", (sqlite3_syscall_ptr)open_beneath);
	vfs->xSetSystemCall(vfs, "lstat", (sqlite3_syscall_ptr)lstat_no_links);
	return "unix";
}

char *sqlite_beneath_name(const char *path)
{
	const char *name = strrchr(path, '/');
	auto_free char *dir = name ? xasprintf("%.*s", (int)(name - path), path) : xstrdup(".");

	return xasprintf(
		BY_HANDLE "%d/%s", beneath_handle(*dir ? dir : "/"), name ? name + 1 : path);
}
