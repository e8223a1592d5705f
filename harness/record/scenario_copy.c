// SPDX-License-Identifier: GPL-3.0-or-later
#include "record/scenario_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/beneath.h"
#include "stalls/stalls.h"

#define FILE_MAX_BYTES	(1u << 20) /* as the reader of scenarios has it */
#define TRACE_MAX_BYTES (UINT64_C(256) << 20)

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

char *trace_copy_path(const char *dir, const char *noise)
{
	return xasprintf("%s/trace/%s.stalls", dir, noise);
}

int trace_copy_in(const char *dir, const char *noise, const char *from, struct err *e)
{
	auto_free char *folder = xasprintf("%s/trace", dir), *to = trace_copy_path(dir, noise);
	auto_close int out = -1;
	int rc;

	if (beneath_mkdir(folder, 0755) && errno != EEXIST)
		return err_sys(e, "%s", folder);
	out = beneath_open(to, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (out < 0)
		return err_sys(e, "cannot make %s", to);
	rc = stalls_copy(from, out, TRACE_MAX_BYTES, e);
	if (rc == -EFBIG)
		beneath_unlink(to);
	return rc;
}
