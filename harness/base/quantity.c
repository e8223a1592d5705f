// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/quantity.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

/* Units of time by size. */
static const struct {
	const char *unit;
	double ns;
} time_units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};

const char *quantity_unit(double size, const char *unit, double *factor)
{
	const char *best = unit;

	*factor = 1;
	for (size_t i = 0; i < ARRAY_SIZE(time_units); i++) {
		if (strcmp(unit, time_units[i].unit))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(time_units); j++) {
			double f = time_units[i].ns / time_units[j].ns;

			if (j == 0 || fabs(size) * f >= 1) {
				best = time_units[j].unit;
				*factor = f;
			}
		}
		if (size == 0 || !isfinite(size)) {
			best = unit;
			*factor = 1;
		}
	}
	return best;
}

int quantity_number(char *buf, size_t size, double v, bool sign)
{
	int digits = v == 0 || !isfinite(v) ? 0 : 2 - (int)floor(log10(fabs(v)) + 1e-12);

	if (isfinite(v) && v != 0 && (fabs(v) >= 1e7 || fabs(v) < 1e-4))
		return snprintf(buf, size, sign ? "%+.2e" : "%.2e", v);
	digits = MAX(0, MIN(digits, 6));
	return snprintf(buf, size, sign ? "%+.*f" : "%.*f", digits, v == 0 ? 0.0 : v);
}

char *quantity_text(double value, const char *unit, bool sign, char *buf, size_t size)
{
	double factor;
	const char *best = quantity_unit(value, unit, &factor);
	char number[64];

	quantity_number(number, sizeof(number), value * factor, sign);
	snprintf(buf, size, "%s%s%s", number, *best ? " " : "", best);
	return buf;
}

char *quantity_ns(uint64_t ns, char *buf, size_t size)
{
	if (ns >= 1000)
		return quantity_text((double)ns, "ns", false, buf, size);
	snprintf(buf, size, "%" PRIu64 " ns", ns);
	return buf;
}

char *quantity_mib(uint64_t bytes, char *buf, size_t size)
{
	snprintf(buf, size, "%" PRIu64 " MiB", bytes >> 20);
	return buf;
}
