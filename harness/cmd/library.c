// SPDX-License-Identifier: GPL-3.0-or-later
#include "cmd/library.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/wrap.h"
#include "scenario/keys.h"
#include "study/prepare.h"

/* The tree's scenarios/ when run from a build folder, else where `make install` puts them. */
static char *library_dir(struct err *e)
{
	auto_free char *beside = cmd_find_part("../scenarios", NULL);

	if (beside) {
		char *dir = realpath(beside, NULL);

		if (!dir)
			err_sys(e, "%s", beside);
		return dir;
	}
	return cmd_find_part("scenarios", e);
}

char *library_file(const char *word)
{
	auto_free char *dir = NULL;
	struct err e = ERR_INIT;

	if (strchr(word, '/') || !access(word, F_OK) || !(dir = library_dir(&e)))
		return xstrdup(word);
	for (int with = 0; with < 2; with++) {
		char *path = xasprintf("%s/%s%s", dir, word, with ? ".xml" : "");

		if (!access(path, R_OK))
			return path;
		free(path);
	}
	return xstrdup(word);
}

/* The first sentence of why a plan cannot be made here, without the file name. Caller frees. */
static char *reason(const struct scenario_msgs *m)
{
	return m->n ? xasprintf("  [not here: %s]", m->items[0].text) : xstrdup("");
}

static void print_scenario(const char *path, const char *file, const struct topology *t)
{
	auto_struct(experiment) x = {0};
	auto_struct(scenario_msgs) msgs = {0};
	auto_struct(plan_list) plans = {0};

	if (scenario_load(path, NULL, 0, &x, &msgs)) {
		text_print(stdout, "%-26s (wrong: see `stealscope check %s`)\n", file, path);
	} else {
		auto_free char *why = NULL, *text = NULL;

		plan_make(&x, t, &plans, &msgs);
		why = reason(&msgs);
		text = xasprintf("%s%s", x.title, why);
		text_print(stdout, "%-26s ", file);
		wrap_print(stdout, text, 27, 27);
	}
}

int library_list(const struct cmd_common *c, struct err *e)
{
	auto_free char *dir = library_dir(e);
	auto_struct(topology) t = {0};
	auto_struct(strv) files = {0};
	int rc = dir ? topology_read("", &t, e) : -e->code;

	if (rc)
		return rc;
	if (folder_names(dir, ".xml", &files))
		return err_sys(e, "cannot read %s", dir);
	for (size_t i = 0; i < files.n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, files.items[i]);

		print_scenario(path, files.items[i], &t);
	}
	cmd_say(c, "in %s; run one with: stealscope run NAME", dir);
	return 0;
}

void library_list_probes(FILE *f)
{
	for (size_t i = 0; i < ELEM_COUNT; i++)
		if (key_elems[i].probe)
			text_print(f, "%-8s %s\n", key_elems[i].name, key_elems[i].doc);
}
