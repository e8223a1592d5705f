// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/advice.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/wrap.h"
#include "json/json_text.h"

/* ---- commands and XML */

/* A word of a shell's line. */
static char *quoted(const char *text)
{
	struct strbuf b = {0};

	if (name_is_safe(text))
		return xstrdup(text);
	strbuf_add(&b, "'");
	for (; *text; text++)
		if (*text == '\'')
			strbuf_add(&b, "'\\''");
		else
			strbuf_addn(&b, text, 1);
	strbuf_add(&b, "'");
	return b.text;
}

/* The number behind "vcpupin."; NULL when the key is another. */
static const char *number_of(const char *key, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(key, kind, len) || key[len] != '.' ? NULL : key + len + 1;
}

char *advice_virsh(
	const struct advice_about *a, const char *key, const char *value, const char *where)
{
	auto_free char *domain = quoted(a->name), *uri = quoted(a->uri ? a->uri : "");
	auto_free char *virsh = a->uri && strcmp(a->uri, "qemu:///system")
					? xasprintf("virsh -c %s", uri)
					: xstrdup("virsh");
	const char *of;

	if ((of = number_of(key, "vcpupin")))
		return xasprintf("%s vcpupin %s %s %s %s", virsh, domain, of, value, where);
	if ((of = number_of(key, "iothreadpin")))
		return xasprintf("%s iothreadpin %s %s %s %s", virsh, domain, of, value, where);
	if (!strcmp(key, "emulatorpin"))
		return xasprintf("%s emulatorpin %s %s %s", virsh, domain, value, where);
	if ((of = number_of(key, "schedinfo")))
		return xasprintf("%s schedinfo %s %s --set %s=%s", virsh, domain, where, of, value);
	if (!strcmp(key, "numatune.nodeset"))
		return xasprintf("%s numatune %s --nodeset %s %s", virsh, domain, value, where);
	return NULL;
}

static void add_xml(struct strbuf *out, const struct advice_change *c)
{
	const char *of;

	if ((of = number_of(c->key, "vcpupin")))
		strbuf_add(out, "<vcpupin vcpu='%s' cpuset='%s'/>", of, c->want);
	else if ((of = number_of(c->key, "iothreadpin")))
		strbuf_add(out, "<iothreadpin iothread='%s' cpuset='%s'/>", of, c->want);
	else if (!strcmp(c->key, "emulatorpin"))
		strbuf_add(out, "<emulatorpin cpuset='%s'/>", c->want);
	else if (!strcmp(c->key, "schedinfo.cpu_shares"))
		strbuf_add(out, "<shares>%s</shares>", c->want);
	else if (!strcmp(c->key, "schedinfo.vcpu_period"))
		strbuf_add(out, "<period>%s</period>", c->want);
	else if (!strcmp(c->key, "schedinfo.vcpu_quota"))
		strbuf_add(out, "<quota>%s</quota>", c->want);
}

char *advice_xml(const struct advice *a)
{
	struct strbuf tune = {0}, out = {0};

	for (size_t i = 0; i < a->n_changes; i++)
		if (!strcmp(a->changes[i].key, "numatune.nodeset"))
			strbuf_add(&out,
				"<numatune><memory mode='restrictive' nodeset='%s'/></numatune>",
				a->changes[i].want);
		else
			add_xml(&tune, &a->changes[i]);
	if (tune.len)
		strbuf_add(&out, "<cputune>%s</cputune>", tune.text);
	strbuf_release(&tune);
	return out.text ? out.text : xstrdup("");
}

/* ---- for people */

static void add_lines(const struct advice_about *about, const struct advice *a, struct strbuf *out)
{
	auto_free char *xml = advice_xml(a);

	for (size_t i = 0; i < a->n_changes; i++) {
		auto_free char *line =
			advice_virsh(about, a->changes[i].key, a->changes[i].want, "--live");

		if (line)
			text_add(out, "     %s\n", line);
	}
	text_add(out, "     %s\n", xml);
	for (size_t i = a->n_changes; i-- > 0;) {
		auto_free char *line =
			advice_virsh(about, a->changes[i].key, a->changes[i].had, "--live");

		if (line)
			text_add(out, "     undo: %s\n", line);
	}
}

static void add_candidate(const struct advice_about *about, const struct advice *a, unsigned place,
	struct strbuf *out)
{
	double gain = advice_gain(a);

	text_add(out, "%u. %s: %s%s", place, a->row->name, a->row->title,
		a->row->flags & ADVICE_POLICY ? " (policy: somebody set it)" : "");
	if (isfinite(gain))
		text_add(out, ": should gain %.0f ms/s a vCPU (waiting %.0f -> %.0f)", gain,
			a->wait, a->then);
	text_add(out, "\n");
	text_add(out, "   ");
	wrap_add(out, a->because, 3, 3);
	if (a->pays) {
		auto_free char *pays = xasprintf("who may pay: %s", a->pays);

		text_add(out, "   ");
		wrap_add(out, pays, 3, 3);
	}
	add_lines(about, a, out);
}

void advice_report_text(const struct advice_about *about, struct strbuf *out)
{
	unsigned place = 0;

	text_add(out, "%s: %u vCPU%s, waiting %.1f ms/s on average, %.1f at worst, in %.1f s\n",
		about->name, about->vcpus, about->vcpus == 1 ? "" : "s", about->wait, about->worst,
		about->watched_s);
	for (size_t i = 0; i < about->n; i++) {
		const struct advice *a = &about->list[i];

		if (a->n_changes)
			add_candidate(about, a, ++place, out);
		else if (!(a->row->flags & ADVICE_SAID) || strcmp(a->row->name, "nothing") ||
			 !place)
			wrap_add(out, a->because, 0, 3);
	}
	if (about->unknown)
		wrap_add(out, about->unknown, 0, 3);
}

/* ---- JSON */

static json_t *number_or_null(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *text_or_null(const char *text)
{
	return text ? json_text(text) : json_null();
}

static json_t *advice_json(const struct advice_about *about, const struct advice *a)
{
	json_t *changes = json_array(), *virsh = json_array(), *undo = json_array();
	auto_free char *xml = advice_xml(a);

	for (size_t i = 0; i < a->n_changes; i++) {
		const struct advice_change *c = &a->changes[i];
		const struct advice_change *back = &a->changes[a->n_changes - 1 - i];
		auto_free char *line = advice_virsh(about, c->key, c->want, "--live");
		auto_free char *other = advice_virsh(about, back->key, back->had, "--live");

		json_array_append_new(
			changes, json_pack("{s:o,s:o,s:o}", "key", json_text(c->key), "had",
					 json_text(c->had), "want", json_text(c->want)));
		if (line)
			json_array_append_new(virsh, json_text(line));
		if (other)
			json_array_append_new(undo, json_text(other));
	}
	return json_pack("{s:o,s:o,s:o,s:b,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "name",
		json_text(a->row->name), "title", json_text(a->row->title), "because",
		json_text(a->because), "policy", (a->row->flags & ADVICE_POLICY) != 0, "change",
		a->n_changes > 0, "wait", number_or_null(a->wait), "then", number_or_null(a->then),
		"expected_gain", number_or_null(advice_gain(a)), "pays", text_or_null(a->pays),
		"changes", changes, "virsh", virsh, "undo", undo, "xml", json_text(xml));
}

static json_t *vm_json(const struct advice_about *about)
{
	json_t *list = json_array();
	const struct advice *best = advice_best(about->list, about->n);

	for (size_t i = 0; i < about->n; i++)
		json_array_append_new(list, advice_json(about, &about->list[i]));
	return json_pack("{s:o,s:o,s:o,s:i,s:f,s:f,s:f,s:o,s:o}", "domain", json_text(about->name),
		"uri", text_or_null(about->uri), "unchangeable", text_or_null(about->unknown),
		"vcpus", (int)about->vcpus, "watched_s", about->watched_s, "wait", about->wait,
		"worst", about->worst, "best", text_or_null(best ? best->row->name : NULL),
		"candidates", list);
}

char *advice_report_json(
	const struct advice_about *list, size_t n, double watched_s, double agent_percent)
{
	json_t *vms = json_array();
	json_t *doc = json_pack("{s:i,s:f,s:f,s:o}", "format", 1, "watched_s", watched_s,
		"agent_percent", agent_percent, "vms", vms);
	char *text;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(vms, vm_json(&list[i]));
	text = json_dumps(doc, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	json_decref(doc);
	return text ? text : xstrdup("{}");
}
