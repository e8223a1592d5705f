// SPDX-License-Identifier: GPL-3.0-or-later
// docs/scenario-keys.md from the table of keys.
#include "scenario/keys.h"
#include "terms/metrics.h"

static void print_attr(FILE *f, const struct key_elem *e, const struct key_attr *a)
{
	auto_struct(strbuf) type = {0}, doc = {0};
	const struct key_attr *kind = key_attr_find(e, "kind");

	value_describe(a, &type);
	key_attr_doc(a, &doc);
	for (char *c = type.text; *c; c++)
		if (*c == '|')
			*c = '/';
	fprintf(f, "| `%s` | %s | %s%s%s | %s", a->name, type.text, a->def && a->def[0] ? "`" : "",
		a->required ? "required"
		: a->def    ? a->def
			    : "",
		a->def && a->def[0] ? "`" : "", doc.text);
	if (a->only && kind) {
		const char *between = " Only for kind ";

		for (unsigned i = 0; i < kind->words->n; i++) {
			const struct kind *k = kind_of(kind->words, i);

			if (!(a->only & k->traits))
				continue;
			fprintf(f, "%s%s", between, k->name);
			between = ", ";
		}
		fputc('.', f);
	}
	fputs(" |\n", f);
}

static void print_elem(FILE *f, const struct key_elem *e)
{
	const char *between = "Stands in ";

	fprintf(f, "\n## `<%s>`\n\n%s", e->name, e->doc);
	if (e->parents)
		fputc('\n', f);
	for (int i = 0; i < ELEM_COUNT; i++) {
		if (!(e->parents >> i & 1))
			continue;
		fprintf(f, "%s`<%s>`", between, key_elems[i].name);
		between = ", ";
	}
	if (e->parents && e->max)
		fprintf(f, ", at most %u time%s", e->max, e->max == 1 ? "" : "s");
	if (e->parents)
		fputc('.', f);
	fputc('\n', f);
	if (!e->attrs)
		return;
	fputs("\n| attribute | value | default | meaning |\n|---|---|---|---|\n", f);
	for (const struct key_attr *a = e->attrs; a->name; a++)
		print_attr(f, e, a);
}

static void print_metrics(FILE *f)
{
	fputs("\n## Metrics for `<expect>`\n\n"
	      "Meanings: `stealscope list metrics`. `blame.share:NAME` is the share of the culprits whose\n"
	      "name contains NAME.\n\n| metric | unit | needs |\n|---|---|---|\n",
		f);
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		const struct metric_info *m = &metric_table[i];
		const char *from = m->need == NEED_STEAL    ? "KVM's steal counter"
				   : m->need == NEED_TRACE  ? "trace events or counts"
				   : m->need == NEED_EVENTS ? "trace events"
							    : "";

		fprintf(f, "| `%s` | %s | %s%s%s%s%s |\n", m->name, m->unit, from,
			m->probe && from[0] ? ", " : "", m->probe ? "probe " : "",
			m->probe ? word_of(&words_probe, m->probe) : "",
			m->window_10s ? ", duration of 10 s or more" : "");
	}
}

void scenario_print_keys(FILE *f)
{
	fputs("# The scenario language\n\n"
	      "Made from the tables in harness/scenario/keys*.c by `stealscope list keys`; do not edit.\n\n"
	      "A scenario is a small UTF-8 XML file (at most 1 MiB, no DOCTYPE, no entities of its own).\n"
	      "The smallest one that works:\n\n"
	      "    <scenario>\n"
	      "      <guest name=\"victim\"/>\n"
	      "      <noise kind=\"busy\" beside=\"victim\"/>\n"
	      "    </scenario>\n\n"
	      "`stealscope check FILE` prints all that is wrong with a file, with its lines, and starts\n"
	      "nothing.\n\n"
	      "## Paths\n\n"
	      "`--set PATH=VALUE`, `<set what=\"PATH\">` and `<over what=\"PATH\">` name one value:\n\n"
	      "| path | value |\n|---|---|\n"
	      "| `duration` | an attribute of `<scenario>` |\n"
	      "| `lab.overcommit` | of `<lab>` |\n"
	      "| `guest.victim.vcpus`, `noise.hog.duty` | of a guest or noise by its name |\n"
	      "| `guest.victim.timer.period` | of a probe in a guest |\n"
	      "| `guest.*.memory` | of every guest |\n\n"
	      "First the variant's changes are made, then those of the sweep, then those of `--set`; what a\n"
	      "variant or the sweep varies cannot be overridden. A sweep point is called by its values:\n"
	      "`overcommit-2`, with variants `pinned-overcommit-2`.\n\n"
	      "## Placement\n\n"
	      "| word | meaning |\n|---|---|\n",
		f);
	for (unsigned i = 0; i < words_placement.n; i++) {
		const struct placement_word *w =
			(const struct placement_word *)words_placement.rows + i;

		fprintf(f, "| `%s` | %s |\n", w->name, w->doc);
	}
	fputs("\n"
	      "`beside`, `away` and `cpus` change the CPUs that the word chooses from. A noise is float, pinned\n"
	      "(each thread on one CPU, in turn), stacked or spread.\n",
		f);
	for (int i = 0; i < ELEM_COUNT; i++)
		print_elem(f, &key_elems[i]);
	print_metrics(f);
}
