/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text from a record (names, facts, warnings: whatever a guest or a host put there) into markup,
 * cleaned as base/text.h has it; XML and JSON keep newlines and tabs. */
#ifndef SS_REPORT_ESCAPE_H
#define SS_REPORT_ESCAPE_H

#include "base/util.h"

/* Into XML or HTML text and quoted attributes. NULL adds nothing. */
void escape_xml(struct strbuf *out, const char *text);
/* As a JSON string with its quotes, safe inside <script>: no < can end it. NULL gives null. */
void escape_json(struct strbuf *out, const char *text);
/* As a CSV field, quoted (RFC 4180) where it must be. A text that a spreadsheet would take for a
 * formula gets a quote mark in front: names come from guests and processes. */
void escape_csv(struct strbuf *out, const char *text);
/* Into running text of LaTeX. NULL adds nothing. */
void escape_latex(struct strbuf *out, const char *text);
/* A comma and a number; nothing behind it for NaN and infinity. */
void escape_csv_number(struct strbuf *out, double v);
/* A JSON number of `digits` significant digits; null for NaN and infinity. */
void escape_number(struct strbuf *out, double v, int digits);

#endif
