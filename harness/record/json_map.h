/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Structs to JSON objects and back, from one table of fields per struct, so that saving and loading
 * cannot differ. Unknown keys are ignored and missing ones leave zero: old and new records both
 * load.
 */
#ifndef SS_RECORD_JSON_MAP_H
#define SS_RECORD_JSON_MAP_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

enum field_type {
	FIELD_STRING, /* char *, owned; NULL loads and saves as "" */
	FIELD_U64,    /* above INT64_MAX it is written as a decimal string */
	FIELD_INT,
	FIELD_UINT,
	FIELD_BOOL,
	FIELD_DOUBLE,
	FIELD_CPUSET, /* "0-3" */
	FIELD_U64X4,
	FIELD_STRV,
	FIELD_ARRAY, /* T *items + size_t n */
};

struct json_struct;
struct field {
	const char *key;
	enum field_type type;
	size_t offset, count_offset;
	const struct json_struct *(*sub)(void); /* of a list: what each element is */
	size_t max;				/* most elements accepted */
};
struct json_struct {
	size_t size;
	const struct field *fields;
	size_t n_fields;
};

json_t *json_from_struct(const struct json_struct *s, const void *object);
/* `object` is zeroed memory; release it with struct_release() also after a failure. */
int struct_from_json(const struct json_struct *s, void *object, json_t *j, struct err *e);
/* Free everything the fields own, and zero it. */
void struct_release(const struct json_struct *s, void *object);

#endif
