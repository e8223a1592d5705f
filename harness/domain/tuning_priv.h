/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside the tuning files of harness/domain only. */
#ifndef SS_DOMAIN_TUNING_PRIV_H
#define SS_DOMAIN_TUNING_PRIV_H

#include "domain/priv.h"
#include "domain/tuning.h"

/* tuning_kernel.c: a row's value in the kernel. */
/* Whether this kind of row can be had there, and this user may write it. */
bool tuning_kernel_may(const struct tuning *t, const char *key);
/* NULL when it cannot be read. Caller frees. */
char *tuning_kernel_read(const struct tuning *t, const char *key);
/* "vcpupin.3" with "vcpupin" gives 3; -1 when it is another. */
int tuning_index(const char *key, const char *kind);
int tuning_kernel_write(const struct tuning *t, const char *key, const char *value, struct err *e);

/* tuning_libvirt.c */
int tuning_libvirt_write(virDomainPtr dom, const char *key, const char *value, struct err *e);
/* Rows that libvirt knows, added to t. */
int tuning_libvirt_read(virDomainPtr dom, struct tuning *t, struct err *e);
/* The domain by UUID (or by name when `uuid` is NULL). NULL with `e`. */
virDomainPtr tuning_domain(struct lab_conn *c, const char *uuid, const char *name, struct err *e);

/* tuning_rows.c */
void tuning_add(struct tuning *t, const char *key, const char *value, bool named);
struct tuning *tuning_new(void);

/* tuning.c */
/* The domain as it is now, all rows read by the ways that `t` takes. */
int tuning_now(struct lab_conn *c, const struct tuning *t, struct tuning **out, struct err *e);

/* tuning_file.c */
int tuning_load(const char *path, struct tuning **out, struct err *e);

#endif
