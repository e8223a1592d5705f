/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Measures (<measure>): commands that run once from the start of the window, on the host
 * (measure_host.c) or in a guest (measure_guest.c), and whose printed number is a metric of the
 * record. measures.c puts them into the steps of a run.
 */
#ifndef SS_RUN_MEASURE_H
#define SS_RUN_MEASURE_H

#include <pthread.h>

#include "run/priv.h"

#define MEASURE_KEEP ((size_t)1 << 20) /* bytes kept of each stream, the last ones */

/* What came out of one stream. */
struct measure_text {
	char *text; /* NUL-terminated once something came */
	size_t len;
	uint64_t lost; /* bytes before `text` that were not kept */
};
void measure_text_add(struct measure_text *t, const char *data, size_t len);

struct measure_host;

struct measure_run {
	struct run_measure *info;
	const struct plan_measure *plan;
	struct guest_run *guest;  /* NULL = on the host */
	struct measure_run *next; /* of the same guest */
	pthread_mutex_t lock;	  /* around what follows, while it runs */
	struct measure_text out, err;
	bool ended;
	int wait_status; /* as waitpid(2) has it */
	struct measure_host *host;
};

/* measure_host.c */
/* Look for its program before anything is started. `folder` is the scenario's. */
int measure_host_find(const struct plan_measure *m, const char *folder, struct err *e);
int measure_host_start(struct session *s, struct measure_run *m, struct err *e);
/* Kill what still runs of it. NULL host is fine. */
void measure_host_stop(struct measure_run *m);

/* measure_guest.c: through the shared page of a guest with an agent. */
void measure_guest_start(struct session *s, struct measure_run *m);

#endif
