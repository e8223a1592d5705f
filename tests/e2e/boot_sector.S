/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole operating system: prints WORDS on the first serial port, writes the disk's second sector
 * over, and halts until the next interrupt, for ever. For tests/e2e/55_disk.sh. */
	.code16
	.globl _start
_start:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00, %sp
	sti
	movb %dl, %bl			/* the disk it was booted from */
	movw $words, %si
next:
	lodsb
	testb %al, %al
	jz write
	movb %al, %ah
	movw $0x3fd, %dx
wait:
	inb %dx, %al
	testb $0x20, %al
	jz wait
	movw $0x3f8, %dx
	movb %ah, %al
	outb %al, %dx
	jmp next
write:
	movb %bl, %dl
	movw $0x7c00, %bx		/* int 13h, AH=3: one sector from ES:BX to cylinder 0, head 0, sector 2 */
	movw $0x0301, %ax
	movw $0x0002, %cx
	movb $0, %dh
	int $0x13
idle:
	hlt
	jmp idle
words:
	.asciz WORDS
	.org 510
	.word 0xaa55
