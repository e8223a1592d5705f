// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/prepare.h"

#include <errno.h>
#include <stdlib.h>

#include "domain/xen.h"
#include "host/box.h"
#include "plan/plan_print.h"
#include "run/run.h"

/* The box the guests will run on: this one, one that described itself in a file, or that behind a
 * remote libvirt connection. */
static int read_topology(const struct study *s, struct topology *out, struct err *e)
{
	auto_ptr(lab_close) struct lab_conn *conn = NULL;
	int rc;

	if (s->box)
		return box_read(s->box, out, e);
	if (study_is_local(s) && !xen_uri_is(s->connect))
		return topology_read("", out, e);
	rc = lab_open(s->connect, NULL, &conn, e);
	if (rc)
		return rc;
	return xen_uri_is(s->connect) ? lab_xen_topology(conn, out, e) : lab_topology(conn, out, e);
}

/* The experiment was read (or not: rc); plan it on the box, tell what is wrong. */
static int finish(const struct study *s, int rc, bool with_host, struct scenario_msgs *msgs,
	struct prepared *out)
{
	auto_struct(strbuf) text = {0};
	struct scenario_pos where = {0};
	struct err e = ERR_INIT;

	if (!rc && with_host) {
		rc = read_topology(s, &out->topology, &e);
		if (rc) {
			study_tell(s, STUDY_WRONG, "stealscope: %s\n", e.msg);
			return EXIT_HOST;
		}
		rc = run_resolve_domains(&out->experiment, s->connect, &where, &e);
		if (rc) {
			scenario_msgs_add(msgs, e.exit == EXIT_HOST ? BLAME_HOST : BLAME_SCENARIO,
				where, NULL, "%s", e.msg);
			rc = e.exit == EXIT_HOST ? -ENODEV : -EINVAL;
		}
	}
	if (!rc && with_host)
		rc = plan_make(&out->experiment, &out->topology, &out->plans, msgs);
	if (msgs->n)
		out->problem = xstrdup(msgs->items[0].text);
	scenario_msgs_format(msgs, &text);
	if (text.len && s->tell)
		s->tell(s->ctx, STUDY_WRONG, text.text);
	scenario_msgs_release(msgs);
	return rc == 0 ? EXIT_DONE : rc == -ENODEV ? EXIT_HOST : EXIT_USAGE;
}

int prepare_scenario(const struct study *s, const char *path, const struct strv *sets,
	bool with_host, struct prepared *out)
{
	struct scenario_msgs msgs = {0};
	int rc;

	*out = (struct prepared){0};
	rc = scenario_load(
		path, (const char *const *)sets->items, sets->n, &out->experiment, &msgs);
	return finish(s, rc, with_host, &msgs, out);
}

int prepare_recorded(
	const struct study *s, const char *dir, const struct run_info *info, struct prepared *out)
{
	auto_free char *path = xasprintf("%s/scenario.xml", dir);
	auto_free char *folder = xasprintf("%s/include", dir);
	struct scenario_msgs msgs = {0};
	int rc;

	*out = (struct prepared){0};
	rc = scenario_load_copy(path, info->scenario_file, folder,
		(const char *const *)info->overrides.items, info->overrides.n, &out->experiment,
		&msgs);
	return finish(s, rc, true, &msgs, out);
}

char *plan_text(const struct plan *p, const struct topology *t)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		out_of_memory();
	plan_print(p, t, f);
	if (fclose(f) || !text)
		out_of_memory();
	return text;
}

void prepared_release(struct prepared *p)
{
	plan_list_release(&p->plans);
	topology_release(&p->topology);
	experiment_release(&p->experiment);
	free(p->problem);
}
