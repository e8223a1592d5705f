// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

static bool only_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & 022);
}

/* A user's runtime folder may lie in /tmp, where anybody can make one in advance. */
int runtime_root_check(struct err *e)
{
	const char *root = runtime_root();
	struct stat st;

	if (lstat(root, &st))
		return errno == ENOENT ? 0 : err_sys(e, "%s", root);
	if (!S_ISDIR(st.st_mode) || !only_ours(&st))
		return err_set_exit(e, EXIT_HOST, ENOTDIR,
			"%s is not a folder that only user %u can write to; remove it", root,
			(unsigned)geteuid());
	return 0;
}

static int write_owner(const char *dir, int *lock, struct err *e)
{
	auto_free char *path = xasprintf("%s/owner", dir);
	char owner[OWNER_MAX];
	uint64_t start;
	pid_t pid;
	int rc, fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(e, "%s", path);
	owner_self(owner); /* before strlen() looks at it */
	if (!owner_parse(owner, &pid, &start) || !start) {
		close(fd);
		return err_set(e, EIO, "cannot read /proc/self/stat");
	}
	rc = write_all(fd, owner, strlen(owner));
	if (!rc && flock(fd, LOCK_EX | LOCK_NB))
		rc = -errno;
	if (rc) {
		close(fd);
		return err_set(e, -rc, "%s: %s", path, strerror(-rc));
	}
	*lock = fd;
	return 0;
}

char *owner_hidden_name(const char *dir, const char *owner)
{
	const char *slash = strrchr(dir, '/');

	return slash ? xasprintf("%.*s/.%s.%s", (int)(slash - dir), dir, owner, slash + 1)
		     : xasprintf("./.%s.%s", owner, dir);
}

int owner_claim(const char *dir, int *lock, struct err *e)
{
	char self[OWNER_MAX];
	auto_free char *first = owner_hidden_name(dir, owner_self(self));
	auto_free char *parent = xasprintf("%.*s", (int)(strrchr(first, '/') - first), first);
	int rc = make_dirs(parent, e);

	if (!rc && !strcmp(parent, runtime_root()))
		rc = runtime_root_check(e);
	if (!rc)
		rc = remove_tree(first, e);
	if (rc)
		return rc;
	if (mkdir(first, 0755))
		return err_sys(e, "%s", first);
	rc = write_owner(first, lock, e);
	if (!rc && rename(first, dir)) {
		rc = errno == ENOTEMPTY || errno == EEXIST
			     ? err_set(e, EEXIST, "%s is there already", dir)
			     : err_sys(e, "%s", dir);
		close(*lock);
		*lock = -1;
	}
	if (rc)
		remove_tree(first, NULL);
	return rc;
}

/* The owner file may not go before the rest does, so all of it goes from under its name at once. */
int owner_release(const char *dir, const char *owner, struct err *e)
{
	auto_free char *last = owner_hidden_name(dir, owner);
	int rc = remove_tree(last, e); /* what an earlier one could not */

	if (rc)
		return rc;
	if (rename(dir, last))
		return errno == ENOENT ? 0 : err_sys(e, "cannot remove %s", dir);
	return remove_tree(last, e);
}

bool owner_is(const char *dir, const char *owner)
{
	auto_free char *path = xasprintf("%s/owner", dir);
	auto_free char *text = read_file(path, OWNER_MAX, NULL, NULL);

	return text && !strcmp(text, owner);
}

/* A handle on a folder below the runtime root that is this user's alone; -1 of others. */
static int open_ours(const char *name)
{
	auto_free char *path = xasprintf("%s/%s", runtime_root(), name);
	int fd = -1;
	struct stat st;

	if (runtime_root_check(NULL) == 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (fstat(fd, &st) == 0 && only_ours(&st)))
		return fd;
	close(fd);
	return -1;
}

/* The text of a run's owner file; *locked: somebody holds it. */
static bool read_owner(const char *run, char buf[OWNER_MAX], bool *locked)
{
	auto_close int dir = name_is_safe(run) ? open_ours(run) : -1;
	auto_close int fd = -1;
	struct stat st;
	ssize_t n;

	if (dir >= 0)
		fd = openat(dir, "owner", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || !only_ours(&st))
		return false;
	n = read(fd, buf, OWNER_MAX - 1);
	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	*locked = flock(fd, LOCK_SH | LOCK_NB) != 0;
	return true;
}

bool owner_of_run(const char *run, char buf[OWNER_MAX])
{
	bool locked;

	return read_owner(run, buf, &locked);
}

enum run_state run_state(const char *run)
{
	char owner[OWNER_MAX];
	uint64_t start;
	bool locked;
	pid_t pid;

	if (!read_owner(run, owner, &locked))
		return RUN_UNKNOWN;
	if (locked || owner_look(owner) > 0)
		return RUN_ALIVE;
	return owner_parse(owner, &pid, &start) && !owner_look(owner) ? RUN_LEFT : RUN_UNKNOWN;
}

enum run_state owned_folder_state(const char *name)
{
	bool hidden = name[0] == '.';
	auto_free char *owner = xstrdup(name + hidden);
	uint64_t start;
	pid_t pid;
	auto_close int fd = -1;

	if (hidden)
		owner[strcspn(owner, ".")] = '\0';
	if (!owner_parse(owner, &pid, &start))
		return RUN_UNKNOWN;
	if (owner_look(owner) > 0)
		return RUN_ALIVE;
	fd = open_ours(name);
	return fd < 0 || owner_look(owner) ? RUN_UNKNOWN : RUN_LEFT;
}
