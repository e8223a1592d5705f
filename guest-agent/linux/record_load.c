// SPDX-License-Identifier: GPL-3.0-or-later
/* What this machine's own tasks wait for: its own run queues. Beside steal, which is what its
 * hypervisor took, this tells "yours" from "theirs". */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest-agent/linux/record.h"

#define TEXT_MAX       (256 * 1024)
#define NS_PER_US      1000u
#define SCHEDSTAT_WAIT 8 /* cpu<N>: the 8th number is ns that tasks waited (sched-stats.rst) */

static bool text_of(int fd, char *buf, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (fd >= 0 && n < size - 1 && (got = pread(fd, buf + n, size - 1 - n, (off_t)n)) > 0)
		n += (size_t)got;
	buf[n] = '\0';
	return n > 0;
}

bool load_parse_psi(const char *text, uint64_t *us)
{
	const char *p = strncmp(text, "some ", 5) ? NULL : strstr(text, "total=");
	const char *line_end = strchr(text, '\n');

	if (!p || (line_end && p > line_end) || p[6] < '0' || p[6] > '9')
		return false;
	*us = strtoull(p + 6, NULL, 10);
	return true;
}

bool load_parse_schedstat(const char *text, uint64_t *us)
{
	uint64_t sum = 0;
	bool any = false;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		uint64_t v = 0;
		char *end;

		line += *line == '\n';
		if (strncmp(line, "cpu", 3) || line[3] < '0' || line[3] > '9')
			continue;
		strtoul(line + 3, &end, 10);
		for (int i = 0; i < SCHEDSTAT_WAIT; i++) {
			if (*end != ' ' || end[1] < '0' || end[1] > '9')
				return false;
			v = strtoull(end + 1, &end, 10);
		}
		sum += v;
		any = true;
	}
	*us = sum / NS_PER_US;
	return any;
}

static void read_load(const struct load *l, struct load_reading *r)
{
	static char text[TEXT_MAX];

	*r = (struct load_reading){.own_us = delay_read(l->own_fd) / NS_PER_US};
	if (text_of(l->psi_fd, text, sizeof(text)))
		load_parse_psi(text, &r->psi_us);
	if (text_of(l->machine_fd, text, sizeof(text)))
		load_parse_schedstat(text, &r->machine_us);
}

uint32_t load_open(struct load *l)
{
	static char text[TEXT_MAX];
	uint32_t flags = 0;
	uint64_t us;

	l->own_fd = delay_open();
	l->psi_fd = open("/proc/pressure/cpu", O_RDONLY | O_CLOEXEC);
	l->machine_fd = open("/proc/schedstat", O_RDONLY | O_CLOEXEC);
	if (text_of(l->own_fd, text, sizeof(text)))
		flags |= RECORDING_OWN_DELAY;
	if (text_of(l->psi_fd, text, sizeof(text)) && load_parse_psi(text, &us))
		flags |= RECORDING_PSI;
	if (text_of(l->machine_fd, text, sizeof(text)) && load_parse_schedstat(text, &us))
		flags |= RECORDING_MACHINE_DELAY;
	l->own_ns = delay_read(l->own_fd);
	read_load(l, &l->last);
	return flags;
}

uint64_t load_own(struct load *l)
{
	uint64_t now = delay_read(l->own_fd), grown = now > l->own_ns ? now - l->own_ns : 0;

	if (now)
		l->own_ns = now;
	return grown;
}

static uint64_t growth(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

struct load_reading load_grown(struct load *l)
{
	struct load_reading now, out;

	read_load(l, &now);
	out.own_us = growth(now.own_us, l->last.own_us);
	out.psi_us = growth(now.psi_us, l->last.psi_us);
	out.machine_us = growth(now.machine_us, l->last.machine_us);
	l->last = now;
	return out;
}
