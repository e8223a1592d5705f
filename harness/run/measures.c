// SPDX-License-Identifier: GPL-3.0-or-later
/* The measures of a run: looked for before anything starts, begun with the window, read at its end.
 * A measure that fails fails the run: a figure that is not there cannot be compared. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/beneath.h"
#include "record/measure_number.h"
#include "run/measure.h"

#define TAIL 300

/* Behind those that are in that guest already: their numbers there are in this order (guest_config()). */
static void put_into(struct measure_run *m, struct guest_run *g)
{
	struct measure_run **at = &g->measures;

	while (*at)
		at = &(*at)->next;
	*at = m;
	m->guest = g;
}

int step_measures(struct session *s, struct err *e)
{
	auto_free char *folder = run_scenario_folder(s);

	s->n_measures = s->plan->n_measures;
	s->measures = xcalloc(s->n_measures, sizeof(*s->measures));
	for (size_t i = 0; i < s->n_measures; i++) {
		struct measure_run *m = &s->measures[i];

		m->plan = &s->plan->measures[i];
		m->info = &s->info.measures[i];
		pthread_mutex_init(&m->lock, NULL);
		for (size_t g = 0; m->plan->guest && g < s->n_guests; g++)
			if (!strcmp(s->guests[g].plan->name, m->plan->guest))
				put_into(m, &s->guests[g]);
	}
	for (size_t i = 0; i < s->n_measures; i++)
		if (!s->measures[i].guest && measure_host_find(s->measures[i].plan, folder, e))
			return err_wrap(e, "measure %s", s->measures[i].plan->name);
	return 0;
}

void measures_release(struct session *s)
{
	for (size_t i = 0; i < s->n_measures; i++) {
		free(s->measures[i].out.text);
		free(s->measures[i].err.text);
		pthread_mutex_destroy(&s->measures[i].lock);
	}
	free(s->measures);
}

static void set_status(struct measure_run *m, const char *text)
{
	free(m->info->status);
	m->info->status = xstrdup(text);
}

int measures_begin(struct session *s, struct err *e)
{
	auto_free char *folder = xasprintf("%s/measure", s->folder.path);
	int rc = 0;

	if (s->n_measures && beneath_mkdir(folder, 0755) && errno != EEXIST)
		return err_sys(e, "%s", folder);
	for (size_t i = 0; i < s->n_measures && !rc; i++) {
		struct measure_run *m = &s->measures[i];

		if (m->guest)
			measure_guest_start(s, m);
		else
			rc = measure_host_start(s, m, e);
		if (rc)
			err_wrap(e, "measure %s", m->plan->name);
	}
	return rc;
}

/* The end of what it printed, on one line, for a terminal: of stderr, else of stdout. */
static char *last_words(const struct measure_run *m)
{
	const struct measure_text *t = m->err.len ? &m->err : &m->out;
	size_t from = t->len > TAIL ? t->len - TAIL : 0, len = t->len - from;
	char *text;

	while (len && (t->text[from + len - 1] == '\n' || t->text[from + len - 1] == ' '))
		len--;
	if (!len)
		return xstrdup("it printed nothing");
	text = xasprintf("its last words: %.*s", (int)len, t->text + from);
	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = *p == '\n' ? '|' : ' ';
	return text;
}

static int failed(struct measure_run *m, const char *what, struct err *e)
{
	auto_free char *words = last_words(m);

	set_status(m, what);
	return err_set(e, EIO, "measure %s: %s; %s", m->plan->name, what, words);
}

static int judge_end(struct measure_run *m, struct err *e)
{
	int st = m->wait_status;
	char what[80];

	if (WIFEXITED(st) && WEXITSTATUS(st) == 0)
		return 0;
	if (WIFSIGNALED(st))
		snprintf(what, sizeof(what), "its command was ended by signal %d", WTERMSIG(st));
	else
		snprintf(what, sizeof(what), "its command ended with status %d", WEXITSTATUS(st));
	return failed(m, what, e);
}

int measures_look(struct session *s, bool *running, struct err *e)
{
	uint64_t since = now_ns() - s->info.window_start_ns;
	int rc = 0;

	*running = false;
	for (size_t i = 0; i < s->n_measures && !rc; i++) {
		struct measure_run *m = &s->measures[i];

		pthread_mutex_lock(&m->lock);
		if (m->ended) {
			rc = judge_end(m, e);
		} else if (since > m->plan->timeout_ns) {
			char what[80];

			snprintf(what, sizeof(what), "its command had not ended after %g s",
				(double)m->plan->timeout_ns / 1e9);
			rc = failed(m, what, e);
		} else {
			*running = true;
		}
		pthread_mutex_unlock(&m->lock);
	}
	return rc;
}

static int find_number(struct measure_run *m, const struct measure_text *t, struct err *e)
{
	return measure_number(m->plan->pattern, m->plan->json, t->text ? t->text : "", t->len,
		&m->info->value, e);
}

/* Some print their results on stderr (stress-ng): a pattern that finds nothing in stdout is looked
 * for there. */
int measures_read(struct session *s, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < s->n_measures && !rc; i++) {
		struct measure_run *m = &s->measures[i];
		struct err why = ERR_INIT;

		pthread_mutex_lock(&m->lock);
		if (find_number(m, &m->out, &why) &&
			(!*m->plan->pattern || find_number(m, &m->err, NULL))) {
			rc = failed(m, why.msg, e);
		} else {
			m->info->have = true;
			set_status(m, "ok");
		}
		pthread_mutex_unlock(&m->lock);
	}
	return rc;
}

static void keep(struct session *s, const char *file, const struct measure_text *t, uint64_t *lost)
{
	auto_free char *path = xasprintf("%s/%s", s->folder.path, file);
	struct err e = ERR_INIT;

	*lost = t->lost;
	if (t->text && write_file(path, t->text, t->len, &e))
		session_warn(s, "%s", e.msg);
}

/* Stop what runs, and keep what was printed: also of a run that failed. */
void undo_measures(struct session *s)
{
	for (size_t i = 0; i < s->n_measures; i++) {
		struct measure_run *m = &s->measures[i];

		measure_host_stop(m);
		pthread_mutex_lock(&m->lock);
		keep(s, m->info->out_file, &m->out, &m->info->out_lost);
		keep(s, m->info->err_file, &m->err, &m->info->err_lost);
		pthread_mutex_unlock(&m->lock);
	}
}
