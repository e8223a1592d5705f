// SPDX-License-Identifier: GPL-3.0-or-later
#include "record/scenario_copy.h"

#include <string.h>

#include "base/beneath.h"

#define FILE_MAX_BYTES (1u << 20) /* as the reader of scenarios has it */

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int copy(const char *from, const char *folder, const char *name, struct err *e)
{
	size_t len;
	auto_free char *text = read_file(from, FILE_MAX_BYTES, &len, e);
	auto_free char *to = xasprintf("%s/%s", folder, name);

	return text ? write_file(to, text, len, e) : -e->code;
}

int scenario_copy_in(const char *dir, const struct strv *files, struct err *e)
{
	auto_free char *folder = xasprintf("%s/include", dir);
	int rc = copy(files->items[0], dir, "scenario.xml", e);

	if (!rc && files->n > 1 && beneath_mkdir(folder, 0755))
		rc = err_sys(e, "%s", folder);
	for (size_t i = 1; i < files->n && !rc; i++)
		rc = copy(files->items[i], folder, name_of(files->items[i]), e);
	return rc;
}
