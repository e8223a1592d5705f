/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.json: what was asked, planned and done in one run, as data. Written by run/, read by
 * analysis/. run_info_save() and run_info_load() are inverse, field for field: run_info.def has the
 * fields.
 */
#ifndef SS_RECORD_RUN_INFO_H
#define SS_RECORD_RUN_INFO_H

#include "base/cpuset.h"
#include "base/util.h"
#include "terms/kinds.h"

#define RUN_INFO_FORMAT 1

/* clang-format off */
#define STRUCT(s)          struct s {
#define TEXT(f)            char *f;
#define TEXTS(f)           struct strv f;
#define U64(f)             uint64_t f;
#define U64X4(f)           uint64_t f[4];
#define INT(f)             int f;
#define UINT(f)            unsigned f;
#define BOOL(f)            bool f;
#define DOUBLE(f)          double f;
#define CPUS(f)            struct cpuset f;
#define LIST(f, s)         struct s *f; size_t n_##f;
#define BOUNDED(f, s, most) LIST(f, s)
#define END(s)             };
#include "record/run_info.def"
/* clang-format on */

/* The probe runs on that vCPU, too. */
void run_probe_add(struct run_probe *p, unsigned vcpu);

void run_info_release(struct run_info *r);
/* Write DIR/run.json (by rename, so that a reader never sees half of one). */
int run_info_save(const struct run_info *r, const char *dir, struct err *e);
int run_info_load(struct run_info *r, const char *dir, struct err *e);

#endif
