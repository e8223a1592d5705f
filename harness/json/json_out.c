// SPDX-License-Identifier: GPL-3.0-or-later
#include "json/json_out.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json/json_text.h"

#define DECIMALS  6
#define MILLIONTH 1000000
#define LARGEST	  1e12 /* what is above is not a rate; and a millionth of it would not fit */

static void add(struct json_out *o, const char *s)
{
	strbuf_addn(&o->text, s, strlen(s));
}

static void begin(struct json_out *o, const char *key)
{
	if (o->more)
		add(o, ",");
	if (key) {
		add(o, "\"");
		add(o, key);
		add(o, "\":");
	}
	o->more = true;
}

void json_out_open(struct json_out *o, const char *key, char bracket)
{
	begin(o, key);
	strbuf_addn(&o->text, &bracket, 1);
	o->more = false;
}

void json_out_close(struct json_out *o, char bracket)
{
	strbuf_addn(&o->text, &bracket, 1);
	o->more = true;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

void json_out_text(struct json_out *o, const char *key, const char *text)
{
	begin(o, key);
	if (text && is_plain(text)) {
		add(o, "\"");
		add(o, text);
		add(o, "\"");
	} else {
		json_t *value = json_text_or_null(text);
		auto_free char *written = json_dumps(value, JSON_ENCODE_ANY);

		json_decref(value);
		add(o, written ? written : "null");
	}
}

void json_out_integer(struct json_out *o, const char *key, int64_t v)
{
	char text[24];

	begin(o, key);
	snprintf(text, sizeof(text), "%" PRId64, v);
	add(o, text);
}

void json_out_boolean(struct json_out *o, const char *key, bool v)
{
	begin(o, key);
	add(o, v ? "true" : "false");
}

void json_out_null(struct json_out *o, const char *key)
{
	begin(o, key);
	add(o, "null");
}

/* printf() of a double takes longer than all else of a row. */
void json_out_number(struct json_out *o, const char *key, double v)
{
	char text[40], *end = text + sizeof(text) - 1, *p = end;
	uint64_t n, part;

	begin(o, key);
	if (!isfinite(v) || fabs(v) >= LARGEST) {
		snprintf(text, sizeof(text), "%.9e", v);
		add(o, isfinite(v) ? text : "null");
		return;
	}
	n = (uint64_t)llround(fabs(v) * MILLIONTH);
	part = n % MILLIONTH;
	*p = '\0';
	for (int i = 0; i < DECIMALS; i++, part /= 10)
		*--p = (char)('0' + part % 10);
	while (end[-1] == '0' && end - 1 > p) /* 1.0 keeps its one decimal */
		*--end = '\0';
	*--p = '.';
	part = n / MILLIONTH;
	do
		*--p = (char)('0' + part % 10);
	while (part /= 10);
	if (v < 0 && n)
		*--p = '-';
	strbuf_addn(&o->text, p, (size_t)(end - p));
}
