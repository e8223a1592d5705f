/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Field tables to JSON and back. */
#include "record/json_map.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpuset.h"
#include "base/util.h"
#include "json/json_text.h"

static int to_u64(json_t *j, uint64_t *out)
{
	char *end;

	if (json_is_integer(j) && json_integer_value(j) >= 0) {
		*out = (uint64_t)json_integer_value(j);
		return 0;
	}
	if (!json_is_string(j))
		return -EINVAL;
	errno = 0;
	*out = strtoull(json_string_value(j), &end, 10);
	return errno || *end || end == json_string_value(j) ? -EINVAL : 0;
}

static size_t count_of(const struct field *f, const char *object)
{
	size_t n;

	memcpy(&n, object + f->count_offset, sizeof(n));
	return n;
}

static char *items_of(const struct field *f, const char *object)
{
	char *items;

	memcpy(&items, object + f->offset, sizeof(items));
	return items;
}

static json_t *from_items(const struct field *f, const char *object)
{
	json_t *list = json_array();
	char *items = items_of(f, object);

	for (size_t i = 0, n = count_of(f, object); i < n; i++)
		json_array_append_new(list, json_from_struct(f->sub(), items + i * f->sub()->size));
	return list;
}

static json_t *from_field(const struct field *f, const char *object)
{
	const void *p = object + f->offset;
	json_t *list;

	switch (f->type) {
	case FIELD_STRING:
		return json_text(*(char *const *)p);
	case FIELD_U64:
		return json_u64(*(const uint64_t *)p);
	case FIELD_INT:
		return json_integer(*(const int *)p);
	case FIELD_UINT:
		return json_integer(*(const unsigned *)p);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)p);
	case FIELD_DOUBLE:
		return json_real(*(const double *)p);
	case FIELD_CPUSET:
		return json_cpus(p);
	case FIELD_U64X4:
		list = json_array();
		for (int i = 0; i < 4; i++)
			json_array_append_new(list, json_u64(((const uint64_t *)p)[i]));
		return list;
	case FIELD_STRV:
		return json_texts(p);
	case FIELD_ARRAY:
		return from_items(f, object);
	}
	return json_null();
}

json_t *json_from_struct(const struct json_struct *s, const void *object)
{
	json_t *j = json_object();

	for (size_t i = 0; i < s->n_fields; i++)
		json_object_set_new(j, s->fields[i].key, from_field(&s->fields[i], object));
	return j;
}

static int to_items(const struct field *f, char *object, json_t *j, struct err *e)
{
	size_t n = json_array_size(j);
	char *items;

	if (!json_is_array(j) || n > f->max)
		return err_set(e, EINVAL, "must be a list of at most %zu", f->max);
	items = xcalloc(n + 1, f->sub()->size);
	memcpy(object + f->offset, &items, sizeof(items));
	memcpy(object + f->count_offset, &n, sizeof(n));
	for (size_t i = 0; i < n; i++)
		if (struct_from_json(f->sub(), items + i * f->sub()->size, json_array_get(j, i), e))
			return err_wrap(e, "[%zu]", i);
	return 0;
}

static int to_list(const struct field *f, char *object, json_t *j, struct err *e)
{
	void *p = object + f->offset;
	size_t n = json_array_size(j);

	if (!json_is_array(j) || (f->type == FIELD_U64X4 && n != 4))
		return err_set(e, EINVAL, "must be a list");
	for (size_t i = 0; i < n; i++) {
		json_t *item = json_array_get(j, i);

		if (f->type == FIELD_U64X4 ? to_u64(item, &((uint64_t *)p)[i])
					   : !json_is_string(item))
			return err_set(e, EINVAL,
				f->type == FIELD_U64X4 ? "[%zu] must be a whole number"
						       : "[%zu] must be a text",
				i);
		if (f->type == FIELD_STRV)
			strv_add(p, "%s", json_string_value(item));
	}
	return 0;
}

static int to_number(const struct field *f, void *p, json_t *j, struct err *e)
{
	json_int_t v = json_integer_value(j);

	if (f->type == FIELD_U64) {
		if (to_u64(j, p))
			return err_set(e, EINVAL, "must be a whole number, not negative");
		return 0;
	}
	if (f->type == FIELD_DOUBLE) {
		if (!json_is_number(j))
			return err_set(e, EINVAL, "must be a number");
		*(double *)p = json_number_value(j);
		return 0;
	}
	if (!json_is_integer(j) || v < (f->type == FIELD_INT ? INT_MIN : 0) ||
		v > (f->type == FIELD_INT ? INT_MAX : (json_int_t)UINT_MAX))
		return err_set(e, EINVAL, "must be a whole number in range");
	if (f->type == FIELD_INT)
		*(int *)p = (int)v;
	else
		*(unsigned *)p = (unsigned)v;
	return 0;
}

static int to_field(const struct field *f, char *object, json_t *j, struct err *e)
{
	void *p = object + f->offset;

	switch (f->type) {
	case FIELD_STRING:
		if (!json_is_string(j))
			return err_set(e, EINVAL, "must be a string");
		*(char **)p = xstrdup(json_string_value(j));
		return 0;
	case FIELD_BOOL:
		if (!json_is_boolean(j))
			return err_set(e, EINVAL, "must be true or false");
		*(bool *)p = json_is_true(j);
		return 0;
	case FIELD_CPUSET:
		if (!json_is_string(j))
			return err_set(e, EINVAL, "must be a string");
		return cpuset_parse(json_string_value(j), p, e);
	case FIELD_U64X4:
	case FIELD_STRV:
		return to_list(f, object, j, e);
	case FIELD_ARRAY:
		return to_items(f, object, j, e);
	default:
		return to_number(f, p, j, e);
	}
}

int struct_from_json(const struct json_struct *s, void *object, json_t *j, struct err *e)
{
	if (!json_is_object(j))
		return err_set(e, EINVAL, "must be an object");
	for (size_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];
		json_t *value = json_object_get(j, f->key);

		if (value && to_field(f, object, value, e))
			return err_wrap(e, "%s", f->key);
		if (!value && f->type == FIELD_STRING)
			*(char **)((char *)object + f->offset) = xstrdup("");
	}
	return 0;
}

void struct_release(const struct json_struct *s, void *object)
{
	for (size_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];
		char *items = f->sub ? items_of(f, object) : NULL;

		if (f->type == FIELD_STRING)
			free(*(char **)((char *)object + f->offset));
		else if (f->type == FIELD_STRV)
			strv_release((struct strv *)((char *)object + f->offset));
		for (size_t k = 0, n = items ? count_of(f, object) : 0; k < n; k++)
			struct_release(f->sub(), items + k * f->sub()->size);
		free(items);
	}
	memset(object, 0, s->size);
}
