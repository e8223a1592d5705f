/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Figures that others published, beside ours: how much a metric changes from one variant of a
 * scenario to another, in %. A scenario asks for a table by its attribute `published`.
 */
#ifndef SS_REPORT_COMPARE_PUBLISHED_H
#define SS_REPORT_COMPARE_PUBLISHED_H

#include <jansson.h>

#include "analysis/analysis.h"
#include "base/util.h"

struct published;

/* Of the records of one scenario (boots of its variants on whatever boxes; a variant's figure is the
 * median of its boots; a box whose hypervisor is Xen has rows of its own). NULL when the scenario
 * asks for none. It borrows nothing. Free with published_free(). */
struct published *published_make(const struct analysis *const *set, size_t n);
void published_free(struct published *p); /* NULL is fine */
AUTO_PTR(published_free, struct published *)

/* At most 100 columns. */
void published_text(const struct published *p, struct strbuf *out);
/* A <section>. */
void published_html(const struct published *p, struct strbuf *out);
/* A page of it alone, by rename. */
int published_save(const struct published *p, const char *path, struct err *e);
/* docs/schemas/published.schema.json */
json_t *published_json(const struct published *p);

#endif
