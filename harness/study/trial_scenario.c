// SPDX-License-Identifier: GPL-3.0-or-later
/* A trial as a scenario, so that its records can be replayed and compared like any other. */
#include "study/trial.h"

#include <stdlib.h>
#include <string.h>

#include "report/escape.h"

#define SUBJECT	  "vm"
#define NEIGHBOUR "neighbour-" /* and its number, from 1 */

static void add_attr(struct strbuf *out, const char *name, const char *value)
{
	strbuf_add(out, " %s=\"", name);
	escape_xml(out, value);
	strbuf_add(out, "\"");
}

char *trial_scenario(const struct trial *t, const struct trial_args *a)
{
	auto_free char *name = xasprintf("trial-%s", t->domain);
	struct strbuf out = {0};

	strbuf_add(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario");
	add_attr(&out, "name", name_is_safe(name) ? name : "trial");
	strbuf_add(&out, " warmup=\"200ms\" duration=\"%llums\"",
		(unsigned long long)(a->each_ns / NS_PER_MS));
	add_attr(&out, "title", t->candidate);
	strbuf_add(&out, ">\n  <guest name=\"" SUBJECT "\" kind=\"domain\" use=\"live\"");
	add_attr(&out, "domain", t->domain);
	strbuf_add(&out, "/>\n");
	for (size_t i = 0; i < a->neighbours->n; i++) {
		strbuf_add(&out,
			"  <guest name=\"" NEIGHBOUR
			"%zu\" kind=\"domain\" use=\"live\" role=\"neighbour\"",
			i + 1);
		add_attr(&out, "domain", a->neighbours->items[i]);
		strbuf_add(&out, "/>\n");
	}
	if (a->measure) {
		strbuf_add(&out, "  <measure name=\"measure\" unit=\"units\" better=\"%s\"",
			a->higher ? "higher" : "lower");
		add_attr(&out, "command", a->measure);
		strbuf_add(&out, " of=\"" SUBJECT "\"/>\n");
	}
	strbuf_add(&out, "  <variant name=\"as-it-is\"/>\n  <variant");
	add_attr(&out, "name", t->candidate);
	strbuf_add(&out, ">\n");
	if (*t->tune) {
		strbuf_add(&out, "    <set what=\"guest." SUBJECT ".tune\"");
		add_attr(&out, "to", t->tune);
		strbuf_add(&out, "/>\n");
	}
	strbuf_add(&out, "  </variant>\n</scenario>\n");
	return out.text;
}

char *trial_culprit(const struct trial *t, const char *culprit)
{
	static const char own[] = "vm " SUBJECT " ", other[] = "vm " NEIGHBOUR;
	char *rest;
	size_t n;

	if (!strncmp(culprit, own, sizeof(own) - 1))
		return xasprintf("its own %s", culprit + sizeof(own) - 1);
	if (strncmp(culprit, other, sizeof(other) - 1) != 0)
		return xstrdup(culprit);
	n = strtoul(culprit + sizeof(other) - 1, &rest, 10);
	if (n < 1 || n > t->n_neighbours)
		return xstrdup(culprit);
	return xasprintf("vm %s%s", t->neighbours[n - 1].name, rest);
}
