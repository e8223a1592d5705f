/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory of another domain in this process, by dom0's kernel (/dev/xen/privcmd). For dom0's root. */
#ifndef SS_XEN_FOREIGN_H
#define SS_XEN_FOREIGN_H

#include <stdint.h>

#include "base/err.h"

#define XEN_PAGE 4096u

/* Map `bytes` at guest-physical `address` of a PVH or HVM domain; both multiples of XEN_PAGE. The domain
 * keeps these pages until munmap() of *out, also when it has ended. */
int xen_map_foreign(unsigned domain, uint64_t address, uint64_t bytes, void **out, struct err *e);

#endif
