// SPDX-License-Identifier: GPL-3.0-or-later
/* Names for what `ld -r -b binary` made of the files in assets/ (build.mk). */
#include "report/assets.h"

/* One row per file: its name with every odd character as _. */
#define ASSETS(X)                                                                                  \
	X(report_html)                                                                             \
	X(compare_html)                                                                            \
	X(plain_html)                                                                              \
	X(report_css)                                                                              \
	X(report_js)                                                                               \
	X(svg_css)                                                                                 \
	X(published_json)

#define DEFINE(name)                                                                               \
	extern const char _binary_##name##_start[], _binary_##name##_end[];                        \
	const struct asset asset_##name = {_binary_##name##_start, _binary_##name##_end};

ASSETS(DEFINE)
