// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/selftest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "json/json_text.h"

/* Left out whole: they are names, or made of names. */
static const char *const left_out[] = {"host.name", "user", "libvirt"};
static const char *const kernels_own[] = {"/proc", "/sys", "/dev/kvm", "/dev/shm"};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* How long the hidden word is that stands here, 0 for none. */
static size_t hidden_at(const struct selftest *s, const char *text, const char *p)
{
	for (size_t i = 0; i < s->n_hidden; i++) {
		size_t n = strlen(s->hidden[i]);

		/* A dot ends it: the rest of a domain name says little without its first part. */
		if (n && !strncmp(p, s->hidden[i], n) && (p[n] == '.' || !is_word(p[n])) &&
			(p == text || !is_word(p[-1])))
			return n;
	}
	return 0;
}

/* How long the path is that stands here. "ms/s" is none. */
static size_t path_at(const char *text, const char *p)
{
	if (*p != '/' || (p != text && is_word(p[-1])))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(kernels_own); i++)
		if (!strncmp(p, kernels_own[i], strlen(kernels_own[i])))
			return 0;
	return strcspn(p, " ,;:\"'()\n");
}

/* a.b.c.d, or with three colons or more: no version has that form here. */
static size_t address_at(const char *text, const char *p)
{
	size_t n = strspn(p, "0123456789abcdefABCDEF.:"), dots = 0, colons = 0;

	if (n < 7 || (p != text && is_word(p[-1])) || is_word(p[n]))
		return 0;
	for (size_t i = 0; i < n; i++) {
		dots += p[i] == '.';
		colons += p[i] == ':';
	}
	return (dots == 3 && strspn(p, "0123456789.") >= 7) || colons >= 3 ? n : 0;
}

char *selftest_clean(const struct selftest *s, const char *text)
{
	struct strbuf out = {0};
	const char *p = text;

	while (*p) {
		size_t n;

		if ((n = hidden_at(s, text, p)))
			strbuf_add(&out, "NAME");
		else if ((n = path_at(text, p)))
			strbuf_add(&out, "PATH");
		else if ((n = address_at(text, p)))
			strbuf_add(&out, "ADDRESS");
		else
			strbuf_addn(&out, p, n = 1);
		p += n;
	}
	return out.text ? out.text : xstrdup("");
}

static json_t *clean(const struct selftest *s, const char *text)
{
	auto_free char *left = selftest_clean(s, text ? text : "");

	return json_text(left);
}

static json_t *facts(const struct selftest *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->n_facts; i++) {
		const struct fact_row *f = &s->facts[i];
		bool out = false;

		for (size_t k = 0; k < ARRAY_SIZE(left_out); k++)
			out |= !strcmp(f->key, left_out[k]);
		if (!out)
			json_array_append_new(all,
				JSON({"key", json_text(f->key)}, {"verdict", json_text(f->verdict)},
					{"value", clean(s, f->value)},
					{"note", clean(s, f->note)}));
	}
	return all;
}

static json_t *checks(const struct selftest *s, const struct analysis *a)
{
	json_t *all = json_array();

	for (size_t i = 0; i < a->n_checks; i++) {
		const struct check *c = &a->checks[i];

		json_array_append_new(
			all, JSON({"name", json_text(c->name)},
				     {"verdict", json_text(verdict_name(c->verdict))},
				     {"value", c->have ? json_number(c->value) : json_null()},
				     {"limit", json_number(c->limit)}, {"unit", json_text(c->unit)},
				     {"note", clean(s, c->note)}));
	}
	return all;
}

static json_t *expects(const struct selftest *s, const struct analysis *a)
{
	json_t *all = json_array();

	for (size_t i = 0; i < a->n_expects; i++)
		json_array_append_new(
			all, JSON({"text", json_text(a->expects[i].expect->text)},
				     {"verdict", json_text(verdict_name(a->expects[i].verdict))},
				     {"why", clean(s, a->expects[i].why)}));
	return all;
}

/* The guests' names are the scenario's, not the user's. */
static json_t *metrics(const struct analysis *a)
{
	json_t *all = json_object();

	for (size_t g = 0; g < a->n_guests; g++) {
		json_t *one = json_object();

		for (unsigned m = 0; m < METRIC_COUNT; m++)
			if (a->guests[g].metrics[m].have)
				json_object_set_new(one, metric_table[m].name,
					json_number(a->guests[g].metrics[m].value));
		json_object_set_new(all, a->guests[g].name, one);
	}
	return all;
}

static json_t *trial(const struct selftest *s, const struct selftest_trial *t)
{
	if (!t->analysis)
		return JSON({"scenario", json_text(t->scenario)},
			{"configuration", json_text(t->configuration)},
			{"outcome", json_text(t->host ? "cannot" : "failed")},
			{"why", clean(s, t->why)});
	return JSON({"scenario", json_text(t->scenario)},
		{"configuration", json_text(t->configuration)}, {"outcome", json_text("done")},
		{"checks", checks(s, t->analysis)}, {"expectations", expects(s, t->analysis)},
		{"metrics", metrics(t->analysis)});
}

static void worst_of(const struct analysis *a, bool *failed, bool *unknown)
{
	for (size_t i = 0; i < a->n_checks; i++) {
		*failed |= a->checks[i].verdict == VERDICT_FAIL;
		*unknown |= a->checks[i].verdict == VERDICT_UNKNOWN;
	}
	for (size_t i = 0; i < a->n_expects; i++) {
		*failed |= a->expects[i].verdict == VERDICT_FAIL;
		*unknown |= a->expects[i].verdict == VERDICT_UNKNOWN;
	}
}

const char *selftest_verdict(const struct selftest *s)
{
	bool failed = false, unknown = !s->n_trials;

	for (size_t i = 0; i < s->n_trials; i++) {
		const struct selftest_trial *t = &s->trials[i];

		if (t->analysis)
			worst_of(t->analysis, &failed, &unknown);
		else if (t->host)
			unknown = true;
		else
			failed = true;
	}
	return failed ? "unsound" : unknown ? "doubtful" : "sound";
}

char *selftest_json(const struct selftest *s)
{
	json_t *trials = json_array();

	for (size_t i = 0; i < s->n_trials; i++)
		json_array_append_new(trials, trial(s, &s->trials[i]));
	return json_document(JSON({"format", json_text("stealscope selftest 1")},
				     {"version", json_text(s->version)},
				     {"verdict", json_text(selftest_verdict(s))},
				     {"seconds", json_number(s->seconds)}, {"facts", facts(s)},
				     {"trials", trials}),
		JSON_INDENT(1));
}
