/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From PVH entry (32-bit protected mode, paging off, %ebx = start info) and from the application
 * processors' real mode to C in long mode. Page tables are data of the image, so that booting
 * executes nothing to build them: instructions are dear where KVM emulates them.
 */
#include "layout.h"

	.section .note.pvh, "a", @note
	.balign 4
	.long 4f - 3f		/* name size */
	.long 6f - 5f		/* descriptor size */
	.long 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
3:	.asciz "Xen"
4:	.balign 4
5:	.quad pvh_entry
6:	.balign 4

	.section .text.boot, "ax"
	.code32
	.globl pvh_entry
pvh_entry:
	cli
	cld
	mov	%ebx, boot_start_info
	lgdt	boot_gdt_pointer
	mov	$boot_stack_end, %esp
	mov	$start_first, %edi
	jmp	enter_long_mode

/* %edi = where to go on in 64-bit mode. */
enter_long_mode:
	mov	%cr4, %eax
	or	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$boot_pml4, %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	%cr0, %eax
	and	$~(CR0_CD | CR0_NW), %eax
	or	$(CR0_PG | CR0_PE), %eax
	mov	%eax, %cr0
	ljmp	$SEL_CODE64, $1f

	.code64
1:	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%edi, %edi
	jmp	*%rdi

start_first:
	mov	$boot_stack_end, %esp
	mov	boot_start_info, %edi
	call	metal_main
	ud2

/* An application processor: the order of arrival gives it a stack. */
start_other:
	mov	$1, %edi
	lock xadd %edi, smp_arrived
	inc	%edi			/* the first CPU is number 0 */
	cmp	$MAX_CPUS, %edi
	jae	9f
	imul	$STACK_SIZE, %edi, %eax
	lea	image_end(%rax), %rsp	/* the end of stack %edi - 1 */
	call	metal_main_other
9:	cli
	hlt
	jmp	9b

/* Copied to SMP_TRAMPOLINE; runs there in real mode with %cs = SMP_TRAMPOLINE / 16. */
	.section .rodata
	.globl smp_trampoline_start, smp_trampoline_end
	.code16
smp_trampoline_start:
	cli
	cld
	xor	%ax, %ax
	mov	%ax, %ds
	lgdtl	SMP_TRAMPOLINE + (trampoline_gdt_pointer - smp_trampoline_start)
	mov	%cr0, %eax
	or	$CR0_PE, %eax
	mov	%eax, %cr0
	ljmpl	$SEL_CODE32, $(SMP_TRAMPOLINE + (1f - smp_trampoline_start))
	.code32
1:	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$start_other, %edi
	mov	$enter_long_mode, %eax
	jmp	*%eax
	.balign 4
trampoline_gdt_pointer:
	.word	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt
smp_trampoline_end:

	.section .tables, "aw"
	.balign 4096
	.globl boot_pml4
boot_pml4:
	.quad	boot_pdpt + PTE_TABLE
	.fill	511, 8, 0
	.globl boot_pdpt
boot_pdpt:
	.quad	boot_pd + PTE_TABLE
	.quad	boot_pd + 0x1000 + PTE_TABLE
	.quad	boot_pd + 0x2000 + PTE_TABLE
	.quad	boot_pd + 0x3000 + PTE_TABLE
	.fill	508, 8, 0
boot_pd:
	.set	page, 0
	.rept	2048
	.quad	(page << 21) + PTE_LARGE
	.set	page, page + 1
	.endr

	.data
	.balign 16
boot_gdt:
	.quad	0
	.quad	0x00af9a000000ffff	/* SEL_CODE64 */
	.quad	0x00cf92000000ffff	/* SEL_DATA */
	.quad	0x00cf9a000000ffff	/* SEL_CODE32 */
boot_gdt_end:
boot_gdt_pointer:
	.word	boot_gdt_end - boot_gdt - 1
	.quad	boot_gdt
boot_start_info:
	.long	0

	.bss
	.balign 64
boot_stack:
	.skip	STACK_SIZE
boot_stack_end:
