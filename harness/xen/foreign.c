// SPDX-License-Identifier: GPL-3.0-or-later
/* The kernel's own interface and not Xen's libraries: it is stable, and nothing is needed to build. */
#include "xen/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/util.h"

/* <xen/privcmd.h> as installed includes a header that is not. */
struct mmap_batch {
	unsigned num;
	uint16_t domain;
	uint64_t address;
	const uint64_t *frames;
	int *errors;
};
#define MMAP_BATCH_V2 _IOC(_IOC_NONE, 'P', 4, sizeof(struct mmap_batch))

int xen_map_foreign(unsigned domain, uint64_t address, uint64_t bytes, void **out, struct err *e)
{
	unsigned n = (unsigned)(bytes / XEN_PAGE);
	auto_free uint64_t *frames = xcalloc(n, sizeof(*frames));
	auto_free int *errors = xcalloc(n, sizeof(*errors));
	auto_close int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	struct mmap_batch batch = {n, (uint16_t)domain, 0, frames, errors};
	void *map;
	int rc;

	if (fd < 0) {
		rc = err_sys(e, "cannot open /dev/xen/privcmd");
		e->exit = EXIT_HOST;
		return rc;
	}
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, "cannot map /dev/xen/privcmd");
	for (unsigned i = 0; i < n; i++)
		frames[i] = address / XEN_PAGE + i;
	batch.address = (uint64_t)(uintptr_t)map;
	rc = ioctl(fd, MMAP_BATCH_V2, &batch)
		     ? err_sys(e, "Xen does not let memory of domain %u be mapped", domain)
		     : 0;
	for (unsigned i = 0; i < n && !rc; i++)
		if (errors[i])
			rc = err_set(e, -errors[i], "page 0x%llx of domain %u cannot be mapped: %s",
				(unsigned long long)frames[i], domain, strerror(-errors[i]));
	if (rc)
		munmap(map, bytes);
	else
		*out = map;
	return rc;
}
