/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What imports of different formats share. For harness/record only. */
#ifndef SS_RECORD_IMPORT_H
#define SS_RECORD_IMPORT_H

#include "abi/guest_shm.h"
#include "record/run_info.h"

#define IMPORT_BASE_NS	(1000 * NS_PER_S) /* where all begin on the record's clock */
#define IMPORT_ERROR_NS 500 /* of a tie of clocks: they are one; half of a rounded unit and more */

/* The file's name without folder and ending, safe and unique among the guests. Caller frees. */
char *import_guest_name(const struct run_info *info, const char *file);

/* Stalls, rate series, CSV, osnoise JSON: whether this file is one of those, by its beginning; then as a
 * guest of the record. */
bool stalls_import_recognise(const char *file);
int stalls_import_one(const char *file, struct run_info *info, const char *dir, struct err *e);

#endif
