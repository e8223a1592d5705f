/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SS_REPORT_JSON_TEXT_H
#define SS_REPORT_JSON_TEXT_H

#include <jansson.h>

/* `text` as a JSON string, cleaned as base/text.h has it, newlines and tabs kept; "" of NULL. Not
 * json_string(), nor "s" of json_pack(), which give NULL for what is not UTF-8: a row would be
 * lost. */
json_t *json_text(const char *text);
/* What printf() would make of it. */
json_t *json_textf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
