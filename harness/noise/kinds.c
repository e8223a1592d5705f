// SPDX-License-Identifier: GPL-3.0-or-later
/* From a kind of noise (terms/noises.def) to what does it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "noise/priv.h"

static noise_work *const work[] = {
#define NOISE(id, ...)		 noise_##id,
#define NOISE_OF_GUESTS(id, ...) NULL,
#include "terms/noises.def"
};

noise_work *noise_work_find(const char *kind)
{
	int i = word_find(&words_noise_kind, kind);

	return i < 0 ? NULL : work[i];
}

/* Whether an executable of that name is in PATH. */
static bool program_found(const char *name)
{
	const char *path = getenv("PATH");
	auto_free char *copy = xstrdup(path ? path : "/usr/local/bin:/usr/bin:/bin");
	char *save = NULL;

	for (char *dir = strtok_r(copy, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		auto_free char *file = xasprintf("%s/%s", dir, name);

		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

int noise_available(const struct kind *kind, struct err *e)
{
	if (!kind->program || program_found(kind->program))
		return 0;
	return err_set_exit(e, EXIT_HOST, ENOENT,
		"%s is not installed; install the package %s or use another kind of noise",
		kind->program, kind->program);
}
