/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Interrupt and exception entries. The timer entry takes its stamp (beacon, then TSC) before it
 * saves what C needs: lateness should hold as few of our own instructions as can be.
 */
#include "layout.h"

	.text
	.globl entry_timer
entry_timer:
	push	%rax
	push	%rdx
	mov	%gs:CPU_BEACON, %rax
	mov	(%rax), %rax
	mov	%rax, %gs:CPU_STAMP_BEACON
#ifndef NO_LFENCE
	lfence
#endif
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, %gs:CPU_STAMP_TSC
	push	%rcx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	mov	%gs:CPU_SELF, %rdi
	call	trap_timer
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rcx
	pop	%rdx
	pop	%rax
	iretq

	.globl entry_spurious
entry_spurious:
	iretq

/* Exceptions do not come back. Stack for C: vector, error code, rip ... */
	.macro	exception n, has_code
entry_exception_\n:
	.if	!\has_code
	push	$0
	.endif
	push	$\n
	mov	%rsp, %rdi
	and	$~15, %rsp
	call	trap_exception
	.endm

	.set	vec, 0
	.altmacro
	.rept	32
	.if	vec == 8 || (vec >= 10 && vec <= 14) || vec == 17 || vec == 21 || vec == 29 || vec == 30
	exception %vec, 1
	.else
	exception %vec, 0
	.endif
	.set	vec, vec + 1
	.endr

	.macro	exception_address n
	.quad	entry_exception_\n
	.endm
	.section .rodata
	.balign 8
	.globl entry_exceptions
entry_exceptions:
	.set	vec, 0
	.rept	32
	exception_address %vec
	.set	vec, vec + 1
	.endr
