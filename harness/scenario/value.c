// SPDX-License-Identifier: GPL-3.0-or-later
// Parsing of attribute values.
#include "scenario/value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "scenario/keys.h"
#include "scenario/near.h"
#include "scenario/units.h"

static size_t value_size(enum value_type type)
{
	switch (type) {
	case VALUE_NAME:
	case VALUE_TEXT:
	case VALUE_FILE:
		return sizeof(char *);
	case VALUE_WORD:
	case VALUE_COUNT:
	case VALUE_AUTO:
	case VALUE_PERCENT:
		return sizeof(unsigned);
	case VALUE_BIG:
	case VALUE_TIME:
	case VALUE_RATE:
	case VALUE_SIZE:
		return sizeof(uint64_t);
	case VALUE_VCPUS:
		return sizeof(struct exp_vcpus);
	case VALUE_RATIO:
	case VALUE_NUMBER:
	case VALUE_PART:
		return sizeof(double);
	case VALUE_RANGE:
		return sizeof(struct exp_range);
	case VALUE_CPUSET:
		return sizeof(struct cpuset);
	}
	return 0;
}

/* An unsigned decimal number at *p; false when there is none or it does not fit. */
static bool take_u64(const char **p, uint64_t *out)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)**p))
		return false;
	for (; isdigit((unsigned char)**p); (*p)++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
			__builtin_add_overflow(v, (uint64_t)(**p - '0'), &v))
			return false;
	*out = v;
	return true;
}

/* A time, of each second: "45ms/s". */
static bool take_rate(const char *text, uint64_t *ns)
{
	size_t n = strlen(text);
	char time[32];

	if (n < 3 || n - 2 >= sizeof(time) || strcmp(text + n - 2, "/s") != 0)
		return false;
	memcpy(time, text, n - 2);
	time[n - 2] = '\0';
	return take_time(time, ns);
}

static bool take_word(const struct key_attr *row, const char *text, unsigned *out)
{
	int value = word_find(row->words, text);

	if (value < 0)
		return false;
	*out = (unsigned)value;
	return true;
}

static bool take_range(const struct key_attr *row, const char *text, struct exp_range *out)
{
	uint64_t min, max;

	if (!strcmp(text, "auto")) {
		*out = (struct exp_range){0, 0};
		return true;
	}
	if (!strcmp(text, "all")) {
		*out = (struct exp_range){1, UINT32_MAX};
		return true;
	}
	if (!take_u64(&text, &min))
		return false;
	max = min;
	if (!strncmp(text, "..", 2)) {
		text += 2;
		max = UINT32_MAX;
		if (*text && (!take_u64(&text, &max) || max > row->max))
			return false;
	}
	if (*text || min < row->min || min > row->max || max < min)
		return false;
	*out = (struct exp_range){(unsigned)min, (unsigned)max};
	return true;
}

const char *number_unit(const char *text)
{
	double v;

	text += *text == '-';
	return take_double(&text, &v) ? text + strspn(text, " ") : text;
}

/* A signed number, then blanks and a unit, which the expect check compares with the metric's. */
static bool take_number(const char *text, double *out)
{
	const char *number = text + (*text == '-'), *unit = number_unit(text);

	if (!take_double(&number, out))
		return false;
	if (*text == '-')
		*out = -*out;
	for (; *unit; unit++)
		if (!isalnum((unsigned char)*unit) && !strchr("/%", *unit))
			return false;
	return true;
}

static bool take_vcpus(const char *text, struct exp_vcpus *out)
{
	struct cpuset s;

	*out = (struct exp_vcpus){.open = !strcmp(text, "all") || !strcmp(text, "all-but-first")};
	if (out->open) {
		for (unsigned v = strcmp(text, "all") != 0; v < SHM_MAX_VCPUS; v++)
			shm_vcpus_add(&out->set, v);
		return true;
	}
	if (cpuset_parse(text, &s, NULL) || cpuset_empty(&s) || cpuset_next(&s, SHM_MAX_VCPUS) >= 0)
		return false;
	memcpy(out->set.bits, s.bits, sizeof(out->set.bits));
	return true;
}

static bool text_is_clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static bool file_is_safe(const char *text)
{
	return text[0] && text[0] != '.' && !strchr(text, '/') && strlen(text) < 256 &&
	       text_is_clean(text);
}

union value {
	const char *text;
	unsigned u;
	uint64_t big;
	double d;
	struct exp_range range;
	struct cpuset cpus;
	struct exp_vcpus vcpus;
};

static bool in_range(const struct key_attr *row, uint64_t v)
{
	return v >= row->min && v <= row->max;
}

static bool take_numeric(const struct key_attr *row, const char *text, union value *v)
{
	uint64_t big;

	switch (row->type) {
	case VALUE_COUNT:
	case VALUE_AUTO:
		if (row->type == VALUE_AUTO && !strcmp(text, "auto")) {
			v->u = EXP_AUTO;
			return true;
		}
		if (!take_u64(&text, &big) || *text || !in_range(row, big))
			return false;
		v->u = (unsigned)big;
		return true;
	case VALUE_BIG:
		return take_u64(&text, &v->big) && !*text && in_range(row, v->big);
	case VALUE_TIME:
		return take_time(text, &v->big) && in_range(row, v->big);
	case VALUE_RATE:
		return take_rate(text, &v->big) && in_range(row, v->big);
	case VALUE_SIZE:
		return take_size(text, &v->big) && in_range(row, v->big);
	case VALUE_PERCENT:
		if (!take_u64(&text, &big) || strcmp(text, "%") != 0 || !in_range(row, big))
			return false;
		v->u = (unsigned)big;
		return true;
	case VALUE_RATIO:
		return take_double(&text, &v->d) && !*text && v->d >= (double)row->min &&
		       v->d <= (double)row->max;
	case VALUE_PART:
		if (!take_double(&text, &v->d) || (*text && strcmp(text, "%") != 0))
			return false;
		v->d /= *text ? 100 : 1;
		return v->d <= 1;
	default:
		return take_number(text, &v->d);
	}
}

static bool take_value(const struct key_attr *row, const char *text, union value *v)
{
	switch (row->type) {
	case VALUE_NAME:
		v->text = text;
		return name_is_safe(text) && strlen(text) <= 40;
	case VALUE_TEXT:
		v->text = text;
		return strlen(text) <= 1024 && text_is_clean(text);
	case VALUE_FILE:
		v->text = text;
		return file_is_safe(text);
	case VALUE_WORD:
		return take_word(row, text, &v->u);
	case VALUE_RANGE:
		return take_range(row, text, &v->range);
	case VALUE_CPUSET:
		return !cpuset_parse(text, &v->cpus, NULL) && !cpuset_empty(&v->cpus);
	case VALUE_VCPUS:
		return take_vcpus(text, &v->vcpus);
	default:
		return take_numeric(row, text, v);
	}
}

/* Words and units that are nearly right get a hint. */
static void describe_failure(const struct key_attr *row, const char *text, struct err *e)
{
	auto_struct(strbuf) want = {0};
	struct near near = {.word = text};
	char hint[96] = "";

	value_describe(row, &want);
	if (row->type == VALUE_WORD) {
		for (unsigned i = 0; i < row->words->n; i++)
			near_try(&near, word_of(row->words, i));
		near_hint(&near, hint);
	}
	err_set(e, EINVAL, "'%.60s' must be %s%s", text, want.text, hint);
}

int value_parse(const struct key_attr *row, const char *text, void *out, struct err *e)
{
	union value v;

	memset(&v, 0, sizeof(v));
	if (!take_value(row, text, &v)) {
		describe_failure(row, text, e);
		return -EINVAL;
	}
	if (value_size(row->type) == sizeof(char *) && row->type <= VALUE_FILE) {
		char *copy = xstrdup(v.text);

		memcpy(out, &copy, sizeof(copy));
	} else {
		memcpy(out, &v, value_size(row->type));
	}
	return 0;
}
