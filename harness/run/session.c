// SPDX-License-Identifier: GPL-3.0-or-later
/* What any step may say. */
#include <string.h>

#include "run/priv.h"

void session_say(struct session *s, const char *what, double fraction)
{
	if (s->o->progress)
		s->o->progress(s->o->progress_ctx, what, fraction);
}

void session_warn(struct session *s, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	strv_add(&s->info.warnings, "%s", text);
}

char *run_scenario_folder(const struct session *s)
{
	const char *file = s->info.scenario_file, *slash = strrchr(file, '/');

	if (!slash)
		return xstrdup(".");
	return xasprintf("%.*s", (int)MAX(slash - file, 1), file);
}
