// SPDX-License-Identifier: GPL-3.0-or-later
#include "xen/grants.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/util.h"
#include "xen/foreign.h"

/* <xen/gntdev.h> as installed names types that it does not define. */
typedef uint32_t grant_ref_t;
typedef uint16_t domid_t;
#include <xen/gntdev.h>

static int map(int fd, unsigned domain, const uint32_t *refs, unsigned n, void **out, struct err *e)
{
	auto_free struct ioctl_gntdev_map_grant_ref *all =
		xcalloc(1, sizeof(*all) + n * sizeof(all->refs[0]));
	void *p;

	all->count = n;
	for (unsigned i = 0; i < n; i++)
		all->refs[i] = (struct ioctl_gntdev_grant_ref){domain, refs[i]};
	if (ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, all))
		return err_sys(e, "grants of domain %u are not taken", domain);
	p = mmap(NULL, (size_t)n * XEN_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		(off_t)all->index);
	if (p == MAP_FAILED)
		return err_sys(e, "grants of domain %u cannot be mapped", domain);
	*out = p;
	return 0;
}

int xen_map_grants(unsigned domain, uint32_t list, unsigned pages, void **out, struct err *e)
{
	auto_close int fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);
	uint32_t refs[XEN_GRANTS_MAX];
	void *first;
	int rc;

	if (fd < 0)
		return err_sys(e, "cannot open /dev/xen/gntdev (module xen-gntdev)");
	if (pages < 1 || pages > XEN_GRANTS_MAX)
		return err_set(e, EINVAL, "%u pages by grants; 1 to %u are possible", pages,
			XEN_GRANTS_MAX);
	rc = map(fd, domain, &list, 1, &first, e);
	if (rc)
		return rc;
	memcpy(refs, first, pages * sizeof(*refs)); /* once: the guest may go on writing */
	munmap(first, XEN_PAGE);
	return map(fd, domain, refs, pages, out, e);
}
