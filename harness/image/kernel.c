// SPDX-License-Identifier: GPL-3.0-or-later
/* Which kernel a Linux guest boots. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "image/image.h"

#define SYSTEM_CACHE "/var/cache/stealscope"

static char *host_kernel(struct err *e)
{
	struct utsname u;
	char *path;

	uname(&u);
	path = xasprintf("/boot/vmlinuz-%s", u.release);
	if (access(path, R_OK) == 0)
		return path;
	err_set_exit(e, EXIT_HOST, errno,
		"the running kernel's image %s %s; use kernel=\"distro\" (scripts/fetch-kernel gets it)%s",
		path, errno == EACCES ? "is not readable for this user" : "is not there",
		errno == EACCES ? ", or make it readable" : "");
	free(path);
	return NULL;
}

static char *cached_kernel(const char *choice, struct err *e)
{
	const char *given = getenv("STEALSCOPE_CACHE"), *home = getenv("HOME");
	char *paths[3] = {0}, *found = NULL;

	if (given && *given)
		paths[0] = xasprintf("%s/kernels/%s/vmlinuz", given, choice);
	if (home && *home == '/')
		paths[1] = xasprintf("%s/.cache/stealscope/kernels/%s/vmlinuz", home, choice);
	paths[2] = xasprintf(SYSTEM_CACHE "/kernels/%s/vmlinuz", choice);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (!found && paths[i] && access(paths[i], R_OK) == 0)
			found = paths[i];
		else
			free(paths[i]);
	}
	if (!found)
		err_set_exit(e, EXIT_HOST, ENOENT,
			"kernel \"%s\" has not been fetched yet; run: scripts/fetch-kernel %s",
			choice, choice);
	return found;
}

char *kernel_find(const char *choice, struct err *e)
{
	if (!strcmp(choice, "host"))
		return host_kernel(e);
	if (!strcmp(choice, "distro") || !strcmp(choice, "distro-rt"))
		return cached_kernel(choice, e);
	if (access(choice, R_OK) == 0)
		return xstrdup(choice);
	err_set_exit(e, EXIT_HOST, errno,
		"kernel %s: %s; kernel is host, distro, distro-rt or the path of a kernel image",
		choice, strerror(errno));
	return NULL;
}

/* The path itself where it can be read; else it is freed. */
static char *if_readable(char *path)
{
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

char *kernel_xen_module(const char *kernel)
{
	static const char name[] = "xen-gntalloc.ko";
	static const char *const endings[] = {"", ".xz", ".zst"};
	const char *slash = strrchr(kernel, '/'),
		   *release = strstr(slash ? slash : kernel, "vmlinuz-");
	int folder = slash ? (int)(slash - kernel) : 0;
	char *path = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(endings) && !path; i++) {
		path = if_readable(xasprintf("%.*s/%s%s", folder, kernel, name, endings[i]));
		if (!path && release)
			path = if_readable(xasprintf("/lib/modules/%s/kernel/drivers/xen/%s%s",
				release + strlen("vmlinuz-"), name, endings[i]));
	}
	return path;
}

int kernel_check(const char *path, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t head[0x210];

	if (fd < 0)
		return err_sys(e, "cannot read kernel %s", path);
	if (read(fd, head, sizeof(head)) != (ssize_t)sizeof(head) ||
		memcmp(head + 0x202, "HdrS", 4))
		return err_set(e, ENOEXEC, "%s is not a Linux kernel image (bzImage)", path);
	if (head[0x207] < 2 || (head[0x207] == 2 && head[0x206] < 2))
		return err_set(e, ENOEXEC, "%s is a kernel too old for QEMU to load", path);
	return 0;
}
