// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/arm.h"

#include <string.h>

#include "base/util.h"

/* A name that was too long ends in -pN (scenario/resolve.c). */
char *arm_of(const char *config, const char *point)
{
	const char *at = config, *end = NULL;
	size_t key = strcspn(point, "=");
	const char *dot = memrchr(point, '.', key);
	const char *last = dot ? dot + 1 : point;
	size_t len = key - (size_t)(last - point);

	for (; *at && !end; at++)
		if ((at == config || at[-1] == '-') && !strncmp(at, last, len) && at[len] == '-')
			end = at;
	if (!end) {
		end = strrchr(config, '-');
		end = end && end[1] == 'p' && end[2] &&
				      strspn(end + 2, "0123456789") == strlen(end + 2)
			      ? end + 1
			      : config + strlen(config);
	}
	if (end > config && *end)
		end--; /* the - before it */
	if (!*point)
		return xstrdup(config);
	return xasprintf("%.*s", (int)(end - config), config);
}
