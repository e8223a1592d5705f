// SPDX-License-Identifier: GPL-3.0-or-later
/* QEMU processes of this box, found without libvirt's help. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/process.h"
#include "domain/priv.h"

bool qemu_is(pid_t pid, const char *name)
{
	return qemu_look(pid, name) > 0;
}

/* libvirt starts QEMU with "-name", "guest=NAME,debug-threads=on" (two arguments). */
int qemu_look(pid_t pid, const char *name)
{
	auto_free char *path = xasprintf("/proc/%d/cmdline", (int)pid);
	struct err why = ERR_INIT;
	auto_free char *text = NULL;
	size_t len, nlen;

	if (!process_runs_qemu(pid))
		return 0;
	text = read_file(path, 1 << 20, &len, &why);
	if (!text)
		return why.code == ENOENT || why.code == ESRCH ? 0 : -why.code;
	for (char *arg = text; arg < text + len; arg += strlen(arg) + 1) {
		if (strncmp(arg, "guest=" DOMAIN_NAME_PREFIX, 6 + strlen(DOMAIN_NAME_PREFIX)) != 0)
			continue;
		nlen = strcspn(arg + 6, ",");
		return !*name || (strlen(name) == nlen && strncmp(arg + 6, name, nlen) == 0);
	}
	return 0;
}

bool qemu_kill(pid_t pid, const char *name)
{
	auto_close int fd = process_open(pid);

	if (fd < 0)
		return fd == -ESRCH;
	if (!qemu_is(pid, name) || process_signal(fd, SIGKILL))
		return process_ended(fd);
	if (!process_wait_end(fd, 2000))
		return false;
	process_collect(fd);
	return true;
}

static bool is_connection(int fd)
{
	int listens = 1, family = 0;
	socklen_t n = sizeof(listens), m = sizeof(family);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &m) == 0 && family == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) == 0 && !listens;
}

unsigned qemu_hold_sockets(pid_t pid, int pidfd, int held[QEMU_HELD])
{
	auto_free char *dir = xasprintf("/proc/%d/fd", (int)pid);
	auto_struct(folder) f = folder_open(dir);
	unsigned n = 0;

	while (n < QEMU_HELD && folder_next(&f)) {
		char to[8];
		int fd;

		if (readlinkat(dirfd(f.dir), f.name, to, sizeof(to)) != sizeof(to) ||
			strncmp(to, "socket:[", sizeof(to)) != 0)
			continue;
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(f.name), 0u);
		if (fd < 0)
			continue;
		if (is_connection(fd))
			held[n++] = fd;
		else
			close(fd);
	}
	return n;
}

/* A QEMU of libvirt with that UUID: it stands in its command line. */
static bool is_domain(pid_t pid, const char *uuid)
{
	auto_free char *path = xasprintf("/proc/%d/cmdline", (int)pid);
	bool guest = false, same = false;
	auto_free char *text = NULL;
	size_t len;

	text = read_file(path, 1 << 20, &len, NULL);
	for (char *arg = text; text && arg < text + len; arg += strlen(arg) + 1) {
		guest |= !strncmp(arg, "guest=", 6);
		same |= !strcmp(arg, "-uuid") && arg + 6 < text + len && !strcmp(arg + 6, uuid);
	}
	return guest && same;
}

pid_t qemu_of_domain(const char *name, const char *uuid)
{
	auto_free char *file = xasprintf("/run/libvirt/qemu/%s.pid", name);
	uint64_t hint;
	pid_t pid = 0;

	if (read_u64(file, &hint, NULL) == 0 && is_domain((pid_t)hint, uuid))
		return (pid_t)hint;
	for (auto_struct(folder) f = {.dir = opendir("/proc")}; !pid && folder_next(&f);)
		if (isdigit((unsigned char)f.name[0]) && is_domain(atoi(f.name), uuid))
			pid = atoi(f.name);
	return pid;
}

static pid_t from_pid_file(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s.pid", dir, name);
	uint64_t pid;

	return read_u64(path, &pid, NULL) == 0 && qemu_is((pid_t)pid, name) ? (pid_t)pid : 0;
}

pid_t qemu_find(const struct lab_conn *c, const char *name)
{
	static const char *const dirs[] = {"/run/libvirt/qemu", "/var/run/libvirt/qemu"};
	pid_t pid = 0;

	if (c->embed_root) {
		auto_free char *dir = xasprintf("%s/run/qemu", c->embed_root);

		pid = from_pid_file(dir, name);
	}
	for (size_t i = 0; !pid && i < ARRAY_SIZE(dirs); i++)
		pid = from_pid_file(dirs[i], name);
	if (pid)
		return pid;
	for (auto_struct(folder) f = {.dir = opendir("/proc")}; !pid && folder_next(&f);)
		if (isdigit((unsigned char)f.name[0]) && qemu_is(atoi(f.name), name))
			pid = atoi(f.name);
	return pid;
}
