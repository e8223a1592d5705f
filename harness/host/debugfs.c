// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/debugfs.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define DEBUGFS_MAGIC 0x64626720

static int mount_detached(struct err *e)
{
	/* glibc 2.36 (Debian 12) has wrappers, older ones do not; the system calls are of 5.2. */
	int fs = (int)syscall(SYS_fsopen, "debugfs", FSOPEN_CLOEXEC);
	int mnt;

	if (fs < 0)
		return err_sys(e, "cannot open debugfs");
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		err_sys(e, "cannot create a debugfs mount");
		close(fs);
		return -e->code;
	}
	mnt = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (mnt < 0)
		err_sys(e, "cannot mount debugfs");
	close(fs);
	return mnt < 0 ? -e->code : mnt;
}

int debugfs_open(struct err *e)
{
	struct statfs fs;
	int fd = open("/sys/kernel/debug", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == DEBUGFS_MAGIC)
		return fd;
	if (fd >= 0)
		close(fd);
	return mount_detached(e);
}
