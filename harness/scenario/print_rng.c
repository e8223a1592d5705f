// SPDX-License-Identifier: GPL-3.0-or-later
// scenarios/scenario.rng, a RELAX NG schema for editors and xmllint, from the table of keys. It
// knows names, places and the form of values; ranges and cross-checks are `stealscope check`'s.
#include "scenario/keys.h"

static void print_escaped(FILE *f, const char *s)
{
	for (; *s; s++) {
		if (*s == '<')
			fputs("&lt;", f);
		else if (*s == '>')
			fputs("&gt;", f);
		else if (*s == '&')
			fputs("&amp;", f);
		else if (*s == '"')
			fputs("&quot;", f);
		else
			fputc(*s, f);
	}
}

static void print_doc(FILE *f, const char *indent, const char *doc)
{
	fprintf(f, "%s<a:documentation>", indent);
	print_escaped(f, doc);
	fputs("</a:documentation>\n", f);
}

static void print_value(FILE *f, const struct key_attr *a)
{
	const char *pattern = value_pattern(a->type);

	if (a->type == VALUE_WORD) {
		fputs("          <choice>\n", f);
		for (unsigned i = 0; i < a->words->n; i++)
			fprintf(f, "            <value>%s</value>\n", word_of(a->words, i));
		fputs("          </choice>\n", f);
	} else if (pattern) {
		fputs("          <data type=\"string\"><param name=\"pattern\">", f);
		print_escaped(f, pattern);
		fputs("</param></data>\n", f);
	} else {
		fputs("          <text/>\n", f);
	}
}

static void print_attr(FILE *f, const struct key_attr *a)
{
	const char *wrap = a->required ? "group" : "optional";
	auto_struct(strbuf) doc = {0};

	fprintf(f, "      <%s>\n        <attribute name=\"%s\">\n", wrap, a->name);
	key_attr_doc(a, &doc);
	print_doc(f, "          ", doc.text);
	print_value(f, a);
	fprintf(f, "        </attribute>\n      </%s>\n", wrap);
}

static void print_elem(FILE *f, int id)
{
	const struct key_elem *e = &key_elems[id];
	bool any = false;

	fprintf(f, "\n  <define name=\"%s\">\n    <element name=\"%s\">\n", e->name, e->name);
	print_doc(f, "      ", e->doc);
	for (const struct key_attr *a = e->attrs; a && a->name; a++)
		print_attr(f, a);
	for (int i = 0; i < ELEM_COUNT; i++) {
		if (!(key_elems[i].parents >> id & 1))
			continue;
		if (!any)
			fputs("      <interleave>\n", f);
		any = true;
		fprintf(f, "        <%s><ref name=\"%s\"/></%s>\n",
			key_elems[i].max == 1 ? "optional" : "zeroOrMore", key_elems[i].name,
			key_elems[i].max == 1 ? "optional" : "zeroOrMore");
	}
	if (any)
		fputs("      </interleave>\n", f);
	else
		fputs(e->text ? "      <text/>\n" : "      <empty/>\n", f);
	fputs("    </element>\n  </define>\n", f);
}

void scenario_print_rng(FILE *f)
{
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<!-- Made from the tables in harness/scenario/keys*.c by `stealscope list rng`; do not edit. -->\n"
	      "<grammar xmlns=\"http://relaxng.org/ns/structure/1.0\"\n"
	      "         xmlns:a=\"http://relaxng.org/ns/compatibility/annotations/1.0\"\n"
	      "         datatypeLibrary=\"http://www.w3.org/2001/XMLSchema-datatypes\">\n"
	      "  <start>\n    <choice><ref name=\"scenario\"/><ref name=\"shared\"/></choice>\n  </start>\n",
		f);
	for (int i = 0; i < ELEM_COUNT; i++)
		print_elem(f, i);
	fputs("</grammar>\n", f);
}
