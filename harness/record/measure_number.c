// SPDX-License-Identifier: GPL-3.0-or-later
// The number in what a <measure> printed.
#include "record/measure_number.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* All of [s, s + len) as one decimal number, blanks around it allowed. */
static bool parse_number(const char *s, size_t len, double *out)
{
	char text[64], *end;
	double v;

	while (len && isspace((unsigned char)*s))
		s++, len--;
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	if (!len || len >= sizeof(text) || memchr(s, '\0', len) || strchr("iInN", *s))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	v = strtod(text, &end);
	if (*end || strpbrk(text, "xXnN") || !isfinite(v))
		return false;
	*out = v;
	return true;
}

static int from_pattern(
	const char *pattern, const char *text, size_t len, double *out, struct err *e)
{
	regmatch_t m[2];
	regex_t re;
	size_t at = 0, from = 0, to = 0;
	bool found = false, number;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NEWLINE))
		return err_set(e, EINVAL, "the pattern is not a regular expression");
	while (at <= len) {
		m[0] = (regmatch_t){(regoff_t)at, (regoff_t)len};
		if (re.re_nsub < 1 ||
			regexec(&re, text, 2, m, REG_STARTEND | (at ? REG_NOTBOL : 0)))
			break;
		if (m[1].rm_so >= 0) {
			found = true;
			from = (size_t)m[1].rm_so;
			to = (size_t)m[1].rm_eo;
		}
		at = (size_t)m[0].rm_eo + (m[0].rm_eo == m[0].rm_so);
		/* The next line begins at the line's end, where ^ must match again. */
		while (at < len && text[at - 1] != '\n')
			at++;
	}
	regfree(&re);
	if (!found)
		return err_set(
			e, EINVAL, "nothing it printed matches the pattern \"%.200s\"", pattern);
	number = parse_number(text + from, to - from, out);
	return number ? 0
		      : err_set(e, EINVAL, "what the pattern found is not a number: \"%.*s\"",
				(int)MIN(to - from, (size_t)60), text + from);
}

/* One step of a path: its end, and the name with RFC 6901's escapes undone. */
static const char *take_step(const char *p, bool pointer, char *name, size_t size)
{
	size_t n = 0;

	for (; *p && *p != (pointer ? '/' : '.'); p++) {
		char c = *p;

		if (pointer && c == '~' && (p[1] == '0' || p[1] == '1'))
			c = *++p == '0' ? '~' : '/';
		if (n < size - 1)
			name[n++] = c;
	}
	name[n] = '\0';
	return p;
}

static const json_t *walk(const json_t *j, const char *path)
{
	bool pointer = *path == '/';
	char name[512];

	path += pointer;
	for (;;) {
		path = take_step(path, pointer, name, sizeof(name));
		if (json_is_array(j) && name[0] && !name[strspn(name, "0123456789")])
			j = json_array_get(j, strtoul(name, NULL, 10));
		else
			j = json_object_get(j, name);
		if (!j || !*path)
			return j;
		path++;
	}
}

static int from_json(const char *path, const char *text, size_t len, double *out, struct err *e)
{
	size_t skip = strcspn(text, "{[");
	json_error_t where;
	json_auto_t *j =
		skip < len ? json_loadb(text + skip, len - skip, JSON_DISABLE_EOF_CHECK, &where)
			   : NULL;
	const json_t *found = j ? walk(j, path) : NULL;
	int rc = 0;

	if (!j)
		rc = err_set(e, EINVAL, "what it printed is not JSON%s%.100s",
			skip < len ? ": " : "", skip < len ? where.text : "");
	else if (!found)
		rc = err_set(e, EINVAL, "the JSON it printed has nothing at \"%.200s\"", path);
	else if (json_is_number(found) && isfinite(json_number_value(found)))
		*out = json_number_value(found);
	else if (!json_is_string(found) ||
		 !parse_number(json_string_value(found), json_string_length(found), out))
		rc = err_set(e, EINVAL, "what the JSON has at \"%.200s\" is not a number", path);
	return rc;
}

int measure_number(const char *pattern, const char *json, const char *text, size_t len, double *out,
	struct err *e)
{
	if (*pattern)
		return from_pattern(pattern, text, len, out, e);
	if (*json)
		return from_json(json, text, len, out, e);
	if (parse_number(text, len, out))
		return 0;
	return err_set(e, EINVAL, "it did not print one number and nothing else%s",
		len ? "; give a pattern or a json path" : "");
}
