/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON written member by member, for what many rows say every two seconds: nothing is built in
 * memory but the text itself. All else is a document (json_text.h), which cannot be ill-formed.
 */
#ifndef SS_JSON_JSON_OUT_H
#define SS_JSON_JSON_OUT_H

#include "base/util.h"

struct json_out {
	struct strbuf text; /* the caller releases it */
	bool more;	    /* a comma comes first */
};

/* `key` is NULL for an element of a list and for the document itself; what it is not may not need
 * escaping. `bracket` is '{' or '[' and closes with '}' or ']'. */
void json_out_open(struct json_out *o, const char *key, char bracket);
void json_out_close(struct json_out *o, char bracket);

/* Cleaned as json_text() does; null of NULL. */
void json_out_text(struct json_out *o, const char *key, const char *text);
void json_out_integer(struct json_out *o, const char *key, int64_t v);
void json_out_boolean(struct json_out *o, const char *key, bool v);
void json_out_null(struct json_out *o, const char *key);
/* With six decimals at most: ns of what is given in ms. null of NaN and infinity. */
void json_out_number(struct json_out *o, const char *key, double v);

#endif
