/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages that another domain granted to dom0 (/dev/xen/gntdev). For dom0's root. */
#ifndef SS_XEN_GRANTS_H
#define SS_XEN_GRANTS_H

#include <stdint.h>

#include "base/err.h"

#define XEN_GRANTS_MAX 1024u /* as many as one page has room to list */

/* Map `pages` pages of `domain` in one piece: the page of grant `list` holds the numbers of all. They are
 * kept until munmap() of *out, also when the domain has ended. */
int xen_map_grants(unsigned domain, uint32_t list, unsigned pages, void **out, struct err *e);

#endif
