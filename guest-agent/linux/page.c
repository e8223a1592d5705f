// SPDX-License-Identifier: GPL-3.0-or-later
/* The page shared with the harness: BAR 2 of the ivshmem device through sysfs (no kernel module),
 * or a file of the host. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-agent/linux/linux.h"

#define PCI_DEVICES    "/sys/bus/pci/devices"
#define IVSHMEM_VENDOR 0x1af4
#define IVSHMEM_DEVICE 0x1110

static unsigned long sysfs_hex(const char *device, const char *file)
{
	char path[512], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", device, file);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return strtoul(text, NULL, 16);
}

struct shm_host *page_from_file(const char *path, uint64_t *size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st)) {
		say("cannot open the shared page %s: %s", path, strerror(errno));
		return NULL;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED) {
		say("cannot map the shared page %s: %s", path, strerror(errno));
		return NULL;
	}
	*size = (uint64_t)st.st_size;
	return p;
}

/* Firmware may have left the device's memory off. */
static void enable_device(const char *device)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/enable", device);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		say("the ivshmem device cannot be enabled: %s", strerror(errno));
	close(fd);
}

struct shm_host *page_from_pci(uint64_t *size)
{
	DIR *d = opendir(PCI_DEVICES);
	struct dirent *entry;
	char path[512];

	while (d && (entry = readdir(d))) {
		if (sysfs_hex(entry->d_name, "vendor") != IVSHMEM_VENDOR ||
			sysfs_hex(entry->d_name, "device") != IVSHMEM_DEVICE)
			continue;
		enable_device(entry->d_name);
		snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource2", entry->d_name);
		closedir(d);
		return page_from_file(path, size);
	}
	if (d)
		closedir(d);
	say("no ivshmem device below " PCI_DEVICES);
	return NULL;
}
