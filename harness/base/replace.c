// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/util.h"

/* A process on another host may write into the same folder, under a number that nobody has here. */
#define LEFT_AFTER_S 600

/* "NAME.PID.part" of a process that is gone. */
static bool is_left(int dir, const char *entry, const char *name)
{
	size_t len = strlen(name);
	struct stat st;
	char *end;
	long pid;

	if (strncmp(entry, name, len) || entry[len] != '.')
		return false;
	pid = strtol(entry + len + 1, &end, 10);
	if (pid <= 0 || strcmp(end, ".part") || !kill((pid_t)pid, 0) || errno != ESRCH)
		return false;
	return !fstatat(dir, entry, &st, AT_SYMLINK_NOFOLLOW) &&
	       time(NULL) - st.st_mtime > LEFT_AFTER_S;
}

char *replace_name(const char *path)
{
	char *own = xasprintf("%s.%d.part", path, (int)getpid());
	auto_free char *of_dir = xstrdup(path), *of_name = xstrdup(path);
	const char *name = basename(of_name);

	beneath_unlink(own); /* of one who was here before, or did not mean well */
	for (auto_struct(folder) f = {.dir = beneath_opendir(dirname(of_dir))}; folder_next(&f);)
		if (is_left(dirfd(f.dir), f.name, name))
			unlinkat(dirfd(f.dir), f.name, 0);
	return own;
}

int replace_file(const char *path, const char *text, struct err *e)
{
	auto_free char *tmp = replace_name(path);
	int rc, fd = beneath_open(tmp, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		return err_sys(e, "%s", tmp);
	rc = write_all(fd, text, strlen(text));
	if (rc) {
		errno = -rc;
		rc = err_sys(e, "%s", tmp);
	} else if (fsync(fd)) {
		rc = err_sys(e, "%s", tmp);
	}
	if (close(fd) && !rc)
		rc = err_sys(e, "%s", tmp);
	if (!rc && beneath_rename(tmp, path))
		rc = err_sys(e, "rename %s to %s", tmp, path);
	if (rc)
		beneath_unlink(tmp);
	return rc;
}
