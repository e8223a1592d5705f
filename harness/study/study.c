// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/study.h"

#include <string.h>

#include "base/text.h"

void study_tell(const struct study *s, enum study_tone tone, const char *fmt, ...)
{
	auto_struct(strbuf) text = {0};
	va_list ap;

	if (!s->tell)
		return;
	va_start(ap, fmt);
	text_vadd(&text, fmt, ap);
	va_end(ap);
	s->tell(s->ctx, tone, text.text ? text.text : "");
}

bool study_interrupted(const struct study *s)
{
	return s->interrupted && *s->interrupted;
}

bool study_is_local(const struct study *s)
{
	return !strcmp(s->connect, "auto") || strstr(s->connect, ":///");
}
