/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers that the metal guest's assembly and C share. */
#ifndef SS_METAL_LAYOUT_H
#define SS_METAL_LAYOUT_H

#define MAX_CPUS       256
#define STACK_SIZE     8192
#define SMP_TRAMPOLINE 0x8000 /* a page below 1 MiB, free once the firmware is done */

#define SEL_CODE64 0x08
#define SEL_DATA   0x10
#define SEL_CODE32 0x18

#define CR0_PE	 0x00000001
#define CR0_NW	 0x20000000
#define CR0_CD	 0x40000000
#define CR0_PG	 0x80000000
#define CR4_PAE	 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100

#define PTE_TABLE 0x03 /* present, writable */
#define PTE_LARGE 0x83 /* and a 2 MiB page */

#define VECTOR_TIMER	0x40
#define VECTOR_SPURIOUS 0xff

/* struct cpu, as far as the interrupt entry knows it. */
#define CPU_SELF	 0
#define CPU_BEACON	 8
#define CPU_STAMP_BEACON 16
#define CPU_STAMP_TSC	 24

#endif
