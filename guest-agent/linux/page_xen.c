// SPDX-License-Identifier: GPL-3.0-or-later
/* The shared page of a guest of Xen: memory of its own kernel, granted to dom0, whose harness is told by a line on
 * the console which grant holds the list of all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xen/gntalloc.h>

#include "guest-agent/linux/linux.h"

#define MODULE	  "/xen-gntalloc.ko" /* put there by harness/image */
#define DEVICE	  "/dev/xen/gntalloc"
#define PAGES_MAX 1024u /* as many as one page has room to list */
#define WAIT_MS	  60000

static bool read_line(const char *path, char *text, int size)
{
	FILE *f = fopen(path, "re");
	bool got = f && fgets(text, size, f);

	if (f)
		fclose(f);
	return got;
}

bool is_on_xen(void)
{
	char text[16] = "";

	return read_line("/sys/hypervisor/type", text, sizeof(text)) && !strncmp(text, "xen", 3);
}

/* "stealscope.pages=256" on the kernel's command line. */
static unsigned pages_wanted(void)
{
	static const char key[] = "stealscope.pages=";
	char text[4096] = "", *at;
	unsigned long n;

	read_line("/proc/cmdline", text, sizeof(text));
	at = strstr(text, key);
	n = at ? strtoul(at + sizeof(key) - 1, NULL, 10) : 0;
	return n <= PAGES_MAX ? (unsigned)n : 0;
}

static void load_module(void)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return; /* built in, or not there: opening the device tells */
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		say("cannot load " MODULE ": %s", strerror(errno));
	close(fd);
}

static void *allocate(unsigned pages, uint32_t *refs)
{
	struct ioctl_gntalloc_alloc_gref *all =
		calloc(1, sizeof(*all) + pages * sizeof(all->gref_ids[0]));
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	void *p = MAP_FAILED;

	if (fd < 0 || !all) {
		say("cannot open " DEVICE ": %s", strerror(errno));
		free(all);
		return NULL;
	}
	all->flags = GNTALLOC_FLAG_WRITABLE; /* domid 0 */
	all->count = pages;
	if (ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, all) == 0) {
		memcpy(refs, all->gref_ids, pages * sizeof(*refs));
		p = mmap(NULL, (size_t)pages * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			(off_t)all->index);
	}
	if (p == MAP_FAILED)
		say("%u pages cannot be granted: %s", pages, strerror(errno));
	free(all);
	/* The device stays open: what it allocated goes with it. */
	return p == MAP_FAILED ? NULL : p;
}

struct shm_host *page_from_xen(uint64_t *size)
{
	uint32_t refs[PAGES_MAX];
	unsigned pages = pages_wanted();
	struct shm_host *host;

	if (!pages) {
		say("the command line has no stealscope.pages= from 1 to %u", PAGES_MAX);
		return NULL;
	}
	load_module();
	host = allocate(pages, refs);
	if (!host)
		return NULL;
	memcpy(host, refs, pages * sizeof(*refs));
	say("%u pages by grant %u", pages, refs[0]);
	for (int ms = 0; __atomic_load_n(&host->magic, __ATOMIC_ACQUIRE) != SHM_MAGIC; ms++) {
		if (ms > WAIT_MS) {
			say("the harness did not take the page");
			return NULL;
		}
		usleep(1000);
	}
	*size = (uint64_t)pages * 4096;
	return host;
}
