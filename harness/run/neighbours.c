// SPDX-License-Identifier: GPL-3.0-or-later
/* Other harnesses on this box: their runs have folders beside this one's, with an owner in each. */
#include <dirent.h>
#include <string.h>

#include "base/process.h"
#include "run/session.h"

static bool said_already(const struct session *s, const char *run)
{
	for (size_t i = 0; i < s->info.warnings.n; i++)
		if (strstr(s->info.warnings.items[i], run))
			return true;
	return false;
}

void warn_of_neighbours(struct session *s)
{
	DIR *d = opendir(runtime_root());
	char self[OWNER_MAX];

	if (!d)
		return;
	owner_self(self);
	for (struct dirent *entry; (entry = readdir(d));) {
		char owner[OWNER_MAX];

		if (owner_of_run(entry->d_name, owner) && strcmp(owner, self) &&
			owner_alive(owner) && !said_already(s, entry->d_name))
			session_warn(s,
				"another stealscope was at work on this box: %s; the two measured "
				"each other",
				entry->d_name);
	}
	closedir(d);
}
