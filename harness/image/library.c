// SPDX-License-Identifier: GPL-3.0-or-later
/* Where libraries and programs lie: the order of ld.so(8) without its environment, and of $PATH. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image.h"

#define CONF_DEPTH 4
#define CONF_MAX   65536

static const char *const default_folders[] = {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
	"/lib64", "/usr/lib64", "/lib", "/usr/lib"};

static char *file_in(const char *folder, size_t len, const char *name)
{
	char *path = xasprintf("%.*s/%s", (int)len, folder, name);
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* Each folder of a list "a:b", with $ORIGIN as the folder of `user`. */
static char *in_search(const char *name, const char *user, const char *search)
{
	const char *slash = strrchr(user, '/');
	int origin_len = slash ? (int)(slash - user) : 1;
	char *found = NULL;

	while (search && *search && !found) {
		size_t len = strcspn(search, ":");

		if (!strncmp(search, "$ORIGIN", 7) && len >= 7) {
			auto_free char *folder = xasprintf("%.*s%.*s", origin_len,
				slash ? user : ".", (int)len - 7, search + 7);

			found = file_in(folder, strlen(folder), name);
		} else if (len) {
			found = file_in(search, len, name);
		}
		search += len + (search[len] == ':');
	}
	return found;
}

static char *in_conf(const char *conf, const char *name, unsigned depth)
{
	auto_free char *text = read_file(conf, CONF_MAX, NULL, NULL);
	char *found = NULL, *save = NULL;

	if (!text || depth > CONF_DEPTH)
		return NULL;
	for (char *line = strtok_r(text, "\n", &save); line && !found;
		line = strtok_r(NULL, "\n", &save)) {
		glob_t g;

		line[strcspn(line, "#")] = '\0';
		line += strspn(line, " \t");
		line[strcspn(line, " \t\r") + (strncmp(line, "include", 7) ? 0 : 8)] = '\0';
		if (*line == '/')
			found = file_in(line, strlen(line), name);
		if (strncmp(line, "include ", 8) || glob(line + 8, 0, NULL, &g))
			continue;
		for (size_t i = 0; i < g.gl_pathc && !found; i++)
			found = in_conf(g.gl_pathv[i], name, depth + 1);
		globfree(&g);
	}
	return found;
}

char *library_find(const char *name, const char *user, const char *search)
{
	char *found;

	if (strchr(name, '/'))
		return access(name, R_OK) == 0 ? xstrdup(name) : NULL;
	found = in_search(name, user, search);
	if (!found)
		found = in_conf("/etc/ld.so.conf", name, 0);
	for (size_t i = 0; !found && i < ARRAY_SIZE(default_folders); i++)
		found = file_in(default_folders[i], strlen(default_folders[i]), name);
	return found;
}

char *program_find(const char *name)
{
	static const char fallback[] = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/usr/games";
	const char *path = getenv("PATH");
	char *found;

	if (strchr(name, '/'))
		return access(name, R_OK) == 0 ? xstrdup(name) : NULL;
	found = in_search(name, "/", path);
	return found ? found : in_search(name, "/", fallback);
}
