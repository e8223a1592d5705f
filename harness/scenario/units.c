// SPDX-License-Identifier: GPL-3.0-or-later
#include "scenario/units.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

struct unit {
	const char *name;
	uint64_t factor;
};
static const struct unit time_units[] = {
	{"h", 3600 * NS_PER_S},
	{"min", 60 * NS_PER_S},
	{"s", NS_PER_S},
	{"ms", NS_PER_MS},
	{"us", NS_PER_US},
	{"ns", 1},
};
static const struct unit size_units[] = {
	{"GiB", UINT64_C(1) << 30},
	{"MiB", UINT64_C(1) << 20},
	{"KiB", UINT64_C(1) << 10},
	{"B", 1},
};

/* Units of metrics by kind. */
struct scale {
	const char *name;
	double factor;
};
#define KIND_UNITS 9
static const struct scale kinds[][KIND_UNITS] = {
	{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}},
	{{"ms/s", 1e6}, {"us/s", 1e3}, {"ns/s", 1}, {"s/s", 1e9}, {"%", 1e7}},
	{{"1/s", 60}, {"/s", 60}, {"1/min", 1}, {"/min", 1}},
	{{"units/s", 60}, {"units/min", 1}, {"1/s", 60}, {"/s", 60}, {"1/min", 1}, {"/min", 1}},
	{{"GB/s", 1e9}, {"MB/s", 1e6}, {"kB/s", 1e3}, {"B/s", 1}, {"GiB/s", 1073741824},
		{"MiB/s", 1048576}, {"KiB/s", 1024}},
	{{"%", 1}},
};

static const struct scale *find_scale(const struct scale *kind, const char *name)
{
	for (unsigned i = 0; i < KIND_UNITS && kind[i].name; i++)
		if (!strcmp(kind[i].name, name))
			return &kind[i];
	return NULL;
}

/* A metric's own unit stands in one kind before all others: ms/s is a share, % alone is none. */
static const struct scale *kind_of(const char *unit)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (find_scale(kinds[i], unit) &&
			(strcmp(unit, "%") != 0 || i == ARRAY_SIZE(kinds) - 1))
			return kinds[i];
	return NULL;
}

bool unit_factor(const char *given, const char *unit, double *factor)
{
	const struct scale *kind = kind_of(unit);
	const struct scale *from = kind ? find_scale(kind, given) : NULL;

	if (!from && strcmp(given, unit) != 0)
		return false;
	*factor = from ? from->factor / find_scale(kind, unit)->factor : 1;
	return true;
}

char *unit_choices(const char *unit, char buf[64])
{
	const struct scale *kind = kind_of(unit);
	size_t at = 0, n = 0;

	while (kind && n < KIND_UNITS && kind[n].name)
		n++;
	snprintf(buf, 64, "%s", unit);
	for (size_t i = 0; i < n && at < 56; i++)
		at += (size_t)snprintf(buf + at, 64 - at, "%s%s",
			!i	     ? ""
			: i + 1 == n ? " or "
				     : ", ",
			kind[i].name);
	return buf;
}

bool take_double(const char **p, double *out)
{
	const char *s = *p;
	double v = 0, scale = 1;
	int digits = 0;

	for (; isdigit((unsigned char)*s) && digits < 18; s++, digits++)
		v = v * 10 + (*s - '0');
	if (*s == '.') {
		for (s++; isdigit((unsigned char)*s) && digits < 18; s++, digits++) {
			scale /= 10;
			v += (*s - '0') * scale;
		}
	}
	if (!digits || isdigit((unsigned char)*s))
		return false;
	*p = s;
	*out = v;
	return true;
}

static bool take_unit(const char *text, const struct unit *units, size_t n, uint64_t *out)
{
	double v;

	if (!take_double(&text, &v))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, units[i].name) != 0 && !(v == 0 && !*text))
			continue;
		v *= (double)units[i].factor;
		if (v > 9e18)
			return false;
		*out = (uint64_t)(v + 0.5);
		return true;
	}
	return false;
}

bool take_time(const char *text, uint64_t *ns)
{
	return take_unit(text, time_units, ARRAY_SIZE(time_units), ns);
}

bool take_size(const char *text, uint64_t *bytes)
{
	return take_unit(text, size_units, ARRAY_SIZE(size_units), bytes);
}

static char *format_unit(uint64_t v, const struct unit *units, size_t n, char buf[32])
{
	for (size_t i = 0; i < n; i++) {
		if (v % units[i].factor && i + 1 < n)
			continue;
		snprintf(buf, 32, "%llu%s", (unsigned long long)(v / units[i].factor),
			units[i].name);
		break;
	}
	return buf;
}

char *format_time(uint64_t ns, char buf[32])
{
	return format_unit(
		ns, time_units + (ns ? 0 : 2), ARRAY_SIZE(time_units) - (ns ? 0 : 2), buf);
}

char *format_size(uint64_t bytes, char buf[32])
{
	return format_unit(bytes, size_units, ARRAY_SIZE(size_units), buf);
}
