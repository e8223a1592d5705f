// SPDX-License-Identifier: GPL-3.0-or-later
// What is allowed as a value, in words and as a pattern.
#include "scenario/value.h"

#include "scenario/keys.h"
#include "scenario/units.h"

/* Of types whose values have no bounds of their own. */
static const char *const fixed[] = {
	[VALUE_NAME] = "a name of at most 40 letters, digits, '.', '_', '-'",
	[VALUE_TEXT] = "one line of text of at most 1024 bytes",
	[VALUE_FILE] = "the name of a file in the scenario's own folder",
	[VALUE_NUMBER] =
		"a number, in the metric's unit or with another of its kind, as 20ms where it is in us",
	[VALUE_PART] = "a part of the value, at most 100%, as 5% or 0.05",
	[VALUE_CPUSET] = "a CPU list as 0-3,8",
};

void value_describe(const struct key_attr *row, struct strbuf *out)
{
	unsigned long long min = row->min, max = row->max;
	char a[32], b[32];

	if (row->type < ARRAY_SIZE(fixed) && fixed[row->type])
		strbuf_add(out, "%s", fixed[row->type]);
	switch (row->type) {
	case VALUE_WORD:
		for (unsigned i = 0; i < row->words->n; i++)
			strbuf_add(out, "%s%s", i ? " | " : "", word_of(row->words, i));
		break;
	case VALUE_AUTO:
		strbuf_add(out, "auto or a number from %llu to %llu", min, max);
		break;
	case VALUE_COUNT:
	case VALUE_BIG:
		strbuf_add(out, "a number from %llu to %llu", min, max);
		break;
	case VALUE_TIME:
		strbuf_add(out, "a time from %s to %s with its unit (ns us ms s min h)",
			format_time(row->min, a), format_time(row->max, b));
		break;
	case VALUE_RATE:
		strbuf_add(out, "a time of each second from %s/s to %s/s, as 45ms/s",
			format_time(row->min, a), format_time(row->max, b));
		break;
	case VALUE_SIZE:
		strbuf_add(out, "a size from %s to %s with its unit (KiB MiB GiB)",
			format_size(row->min, a), format_size(row->max, b));
		break;
	case VALUE_PERCENT:
		strbuf_add(out, "%llu%% to %llu%%", min, max);
		break;
	case VALUE_RATIO:
		strbuf_add(out, "a number from %llu to %llu, as 2.5", min, max);
		break;
	case VALUE_RANGE:
		strbuf_add(out,
			"a number of CPUs from %llu to %llu, a range as 2..4 or 2.., all, or auto",
			min, max);
		break;
	case VALUE_VCPUS:
		strbuf_add(out, "all, all-but-first, or vCPU numbers as 0-3 (at most %u)",
			SHM_MAX_VCPUS - 1);
		break;
	default:
		break;
	}
}

const char *value_pattern(enum value_type type)
{
	switch (type) {
	case VALUE_NAME:
		return "[A-Za-z0-9][A-Za-z0-9._\\-]{0,39}";
	case VALUE_FILE:
		return "[^/.][^/]{0,254}";
	case VALUE_COUNT:
	case VALUE_BIG:
		return "[0-9]+";
	case VALUE_AUTO:
		return "auto|[0-9]+";
	case VALUE_TIME:
		return "0|[0-9]*\\.?[0-9]+(ns|us|ms|s|min|h)";
	case VALUE_RATE:
		return "[0-9]*\\.?[0-9]+(ns|us|ms|s)/s";
	case VALUE_SIZE:
		return "[0-9]*\\.?[0-9]+(B|KiB|MiB|GiB)";
	case VALUE_PERCENT:
		return "[0-9]+%";
	case VALUE_RATIO:
		return "[0-9]*\\.?[0-9]+";
	case VALUE_NUMBER:
		return "-?[0-9]*\\.?[0-9]+ *(1?[A-Za-z/%]*)?";
	case VALUE_PART:
		return "[0-9]*\\.?[0-9]+%?";
	case VALUE_RANGE:
		return "auto|all|[0-9]+(\\.\\.[0-9]*)?";
	case VALUE_CPUSET:
		return "[0-9, \\-]+";
	case VALUE_VCPUS:
		return "all|all-but-first|[0-9, \\-]+";
	case VALUE_TEXT:
	case VALUE_WORD:
		break;
	}
	return NULL;
}
