/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON documents that programs read: what each kind of value becomes, and objects written as they
 * will look: JSON({"name", json_text(name)}, {"value", json_number(v)}). */
#ifndef SS_JSON_JSON_TEXT_H
#define SS_JSON_JSON_TEXT_H

#include <jansson.h>

#include "base/cpuset.h"
#include "base/util.h"

/* `text` as a JSON string, cleaned as base/text.h has it, newlines and tabs kept; "" of NULL. Not
 * json_string(), nor "s" of json_pack(), which give NULL for what is not UTF-8: a row would be
 * lost. */
json_t *json_text(const char *text);
json_t *json_text_or_null(const char *text);
/* What printf() would make of it. */
json_t *json_textf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
json_t *json_texts(const struct strv *v);
json_t *json_cpus(const struct cpuset *s); /* "0-3,8" */
/* JSON has neither NaN nor infinity: null. */
json_t *json_number(double v);
json_t *json_numbers(const double *v, size_t n);
json_t *json_count(uint64_t v);
json_t *json_u64(uint64_t v); /* one that may be above INT64_MAX: a text there, as in run.json */

/* A member without a value (NULL) is left out. */
struct json_member {
	const char *key;
	json_t *value;
};
#define JSON(...) json_members((const struct json_member[]){__VA_ARGS__, {NULL, NULL}})
json_t *json_members(const struct json_member *m);

/* The document with a final newline; `j` is released. Caller frees. */
char *json_document(json_t *j, size_t flags);

#endif
