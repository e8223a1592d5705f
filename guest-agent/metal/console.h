/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One-line messages on the first serial port. */
#ifndef SS_METAL_CONSOLE_H
#define SS_METAL_CONSOLE_H

/* "metal: ", the text and a newline. %s string, %u decimal, %x hexadecimal; numbers are 64 bits
 * wide whatever they are given as. */
#define console_line(...) CONSOLE_PICK(__VA_ARGS__, 0, 0, 0, 0, 0)
#define CONSOLE_PICK(text, a, b, c, d, ...)                                                        \
	console_write(text, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c),            \
		(unsigned long)(d))

void console_write(
	const char *text, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

#endif
