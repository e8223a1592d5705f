/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interrupt descriptor table: one for all CPUs. */
#ifndef SS_METAL_TRAP_H
#define SS_METAL_TRAP_H

/* Fill it in and load it; on the first CPU, once. */
void trap_init(void);
/* Load it; on every other. */
void trap_load(void);

#endif
