/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What could be changed on one VM (analysis/advice), for people and as JSON; docs/advise.md. */
#ifndef SS_REPORT_RUN_ADVICE_H
#define SS_REPORT_RUN_ADVICE_H

#include "analysis/advice/advice.h"

struct advice_about {
	const char *name;
	const char *uri;     /* of the libvirt that knows it; NULL = none does */
	const char *unknown; /* why nothing can be changed; NULL = it can */
	unsigned vcpus;
	double watched_s, wait, worst; /* ms/s: mean of its vCPUs, the one that waits most */
	const struct advice *list;
	size_t n;
};

void advice_report_text(const struct advice_about *a, struct strbuf *out);
/* One document with all of them. Caller frees. */
char *advice_report_json(
	const struct advice_about *list, size_t n, double watched_s, double agent_percent);

/* The line that makes a change, for a shell; `where`: "--live" or "--config". Caller frees. NULL: virsh has
 * none. */
char *advice_virsh(
	const struct advice_about *a, const char *key, const char *value, const char *where);
/* The domain's XML that says the same as the changes. Caller frees. */
char *advice_xml(const struct advice *a);

#endif
