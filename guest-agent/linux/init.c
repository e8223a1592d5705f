// SPDX-License-Identifier: GPL-3.0-or-later
/* Being /init: what a kernel alone does not set up, and the way out. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-agent/linux/linux.h"

static const struct {
	const char *what, *where;
} mounts[] = {
	{"proc", "/proc"},
	{"sysfs", "/sys"},
	{"devtmpfs", "/dev"},
	{"tmpfs", "/tmp"},
	{"tmpfs", "/run"},
};

void init_mounts(void)
{
	for (unsigned i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].what, mounts[i].where, mounts[i].what, 0, NULL) &&
			errno != EBUSY)
			say("cannot mount %s: %s", mounts[i].where, strerror(errno));
	}
	mkdir("/dev/shm", 01777);
	mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
	/* The kernel opened /dev/console of the initramfs for us, if it found one. */
	for (int fd = 0; fd < 3; fd++) {
		int console;

		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		console = open("/dev/console", O_RDWR);
		if (console >= 0 && console != fd) {
			dup2(console, fd);
			close(console);
		}
	}
}

void init_power_off(void)
{
	reboot(RB_POWER_OFF);
	reboot(RB_HALT_SYSTEM);
	for (;;)
		pause();
}
