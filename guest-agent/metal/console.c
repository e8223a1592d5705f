/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first serial port, or Xen's console, written to without interrupts. */
#include "guest-agent/metal/console.h"
#include "guest-agent/metal/cpu.h"

#define PORT	   0x3f8
#define LINE_STATE (PORT + 5)
#define CAN_SEND   0x20

static volatile uint32_t console_busy;

static void put_char(char ch)
{
	if (xen_put_char(ch))
		return;
	/* Bounded: a console nobody reads must not hold the guest. */
	for (int i = 0; i < 1000 && !(inb(LINE_STATE) & CAN_SEND); i++)
		platform_relax();
	outb(PORT, (uint8_t)ch);
}

static void put_text(const char *text)
{
	while (*text)
		put_char(*text++);
}

static void put_number(uint64_t n, unsigned base)
{
	char digits[24];
	int at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n != 0);
	put_text(&digits[at]);
}

void console_write(
	const char *text, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	const unsigned long values[4] = {a, b, c, d};
	unsigned next = 0;

	/* One line at a time; but one that died in the middle must not silence the others. */
	for (int i = 0; i < 100000 && __atomic_exchange_n(&console_busy, 1, __ATOMIC_ACQUIRE); i++)
		platform_relax();
	put_text("metal: ");
	for (; *text; text++) {
		if (*text != '%') {
			put_char(*text);
			continue;
		}
		text++;
		if (*text == 's')
			put_text((const char *)values[next++ & 3]);
		else
			put_number(values[next++ & 3], *text == 'x' ? 16 : 10);
	}
	put_text("\r\n");
	__atomic_store_n(&console_busy, 0, __ATOMIC_RELEASE);
}
