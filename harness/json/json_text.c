// SPDX-License-Identifier: GPL-3.0-or-later
#include "json/json_text.h"

#include <math.h>

#include "base/text.h"

json_t *json_text(const char *text)
{
	auto_free char *clean = text_cleaned_lines(text);

	return json_string(clean);
}

json_t *json_text_or_null(const char *text)
{
	return text ? json_text(text) : json_null();
}

json_t *json_textf(const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return json_text(text);
}

json_t *json_texts(const struct strv *v)
{
	json_t *j = json_array();

	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(j, json_text(v->items[i]));
	return j;
}

json_t *json_cpus(const struct cpuset *s)
{
	char text[CPUSET_TEXT];

	return json_string(cpuset_format(s, text, sizeof(text)));
}

json_t *json_number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *json_numbers(const double *v, size_t n)
{
	json_t *j = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(j, json_number(v[i]));
	return j;
}

json_t *json_count(uint64_t v)
{
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

json_t *json_u64(uint64_t v)
{
	return v > INT64_MAX ? json_textf("%llu", (unsigned long long)v) : json_count(v);
}

json_t *json_members(const struct json_member *m)
{
	json_t *j = json_object();

	for (; m->key; m++)
		if (m->value)
			json_object_set_new(j, m->key, m->value);
	return j;
}

char *json_document(json_t *j, size_t flags)
{
	auto_free char *text = json_dumps(j, flags);

	json_decref(j);
	return xasprintf("%s\n", text ? text : "null");
}
