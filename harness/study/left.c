// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/left.h"

#include <stdio.h>

#include "base/util.h"

#define GUESS_NS (5 * NS_PER_S)

uint64_t left_ns(const struct left_unit *units, size_t n)
{
	uint64_t beyond = 0, sum = 0;
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		if (!units[i].took_ns)
			continue;
		known++;
		if (units[i].took_ns > units[i].measure_ns)
			beyond += units[i].took_ns - units[i].measure_ns;
	}
	beyond = known ? beyond / known : GUESS_NS;
	for (size_t i = 0; i < n; i++)
		if (units[i].open)
			sum += units[i].measure_ns + beyond;
	return sum;
}

char *left_text(uint64_t ns, char *buf, size_t size)
{
	uint64_t s = (ns + NS_PER_S - 1) / NS_PER_S, min = (s + 59) / 60;

	if (s < 100)
		snprintf(buf, size, "%llu s left", (unsigned long long)s);
	else if (min < 100)
		snprintf(buf, size, "%llu min left", (unsigned long long)min);
	else
		snprintf(buf, size, "%llu h %llu min left", (unsigned long long)min / 60,
			(unsigned long long)min % 60);
	return buf;
}
