/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clocks compared with one guest, to the end. */
#ifndef SS_TESTS_SYNC_ONE_H
#define SS_TESTS_SYNC_ONE_H

#include "collect/guest_ring.h"

/* 0, or what went wrong first, after all vCPUs that answer were written. */
static inline int sync_one(struct guest_shm *g, unsigned rounds, struct err *e)
{
	struct guest_sync *s = NULL;
	struct err why = ERR_INIT;
	size_t guest;
	int next, rc = guest_sync_begin(&g, 1, rounds, &s, e);

	while (s && (next = guest_sync_turn(s, &guest, &why)) != 0) {
		if (next < 0 && !rc) {
			rc = next;
			*e = why;
		}
	}
	guest_sync_end(s);
	return rc;
}

#endif
