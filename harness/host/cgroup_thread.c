// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/cgroup_thread.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "host/cgroup.h"

/* Whether the comma-separated list of a v1 line ("cpu,cpuacct") has "cpu"; v2's list is empty. */
static bool has_cpu(const char *list, const char *end, enum host_cgroup_version version)
{
	if (version == HOST_CGROUP_V2)
		return list == end;
	while (list < end) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		size_t len = (size_t)((comma ? comma : end) - list);

		if (len == 3 && !memcmp(list, "cpu", 3))
			return true;
		list += len + 1;
	}
	return false;
}

char *cgroup_of_thread(pid_t tid, struct err *e)
{
	auto_free char *file = xasprintf("/proc/%d/cgroup", (int)tid);
	auto_free char *text = read_file(file, 65536, NULL, e);
	char root[4096];

	if (!text)
		return NULL;
	if (!cgroup_mount("cpu", root, sizeof(root))) {
		err_set(e, ENOENT, "there is no cpu control group hierarchy");
		return NULL;
	}
	/* Lines are "ID:CONTROLLERS:PATH". */
	for (char *line = text; line && *line;) {
		char *next = strchr(line, '\n'), *list = strchr(line, ':');
		char *path = list ? strchr(list + 1, ':') : NULL;

		if (next)
			*next++ = '\0';
		if (path && has_cpu(list + 1, path, host_cgroup_version()))
			return xasprintf("%s%s", root, path + 1);
		line = next;
	}
	err_set(e, ENOENT, "%s names no cpu control group", file);
	return NULL;
}
