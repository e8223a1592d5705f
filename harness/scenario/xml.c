// SPDX-License-Identifier: GPL-3.0-or-later
// The hardened XML reader: libxml2's SAX2 interface, stopped at the first thing a scenario never
// needs.
#include "scenario/xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <pthread.h>
#include <string.h>

struct reader {
	const char *file;
	const char *raw; /* the text, for the lines of tags and attributes */
	size_t len;
	struct arena *arena;
	struct scenario_msgs *msgs;
	xmlParserCtxtPtr ctxt;
	struct node *root;
	struct node *stack[XML_MAX_DEPTH + 1];
	struct strbuf text[XML_MAX_DEPTH + 1]; /* of the open elements */
	unsigned depth, n_elements;
	size_t line_offset; /* lines before this offset are counted in `line` */
	unsigned line;
	bool stopped;
};

static void stop(struct reader *r, unsigned line, const char *text)
{
	if (r->stopped)
		return;
	r->stopped = true;
	scenario_msgs_add(
		r->msgs, BLAME_SCENARIO, (struct scenario_pos){r->file, line}, NULL, "%s", text);
	if (r->ctxt)
		xmlStopParser(r->ctxt);
}

/* The line of an offset; offsets come in rising order but for small steps back inside a tag. */
static unsigned line_at(struct reader *r, size_t offset)
{
	if (offset < r->line_offset) {
		r->line_offset = 0;
		r->line = 1;
	}
	for (; r->line_offset < offset; r->line_offset++)
		r->line += r->raw[r->line_offset] == '\n';
	return r->line;
}

/* Offset of the '<' of the tag that libxml2 has just read. A '<' cannot stand inside a tag. */
static size_t tag_offset(const struct reader *r)
{
	long at = xmlByteConsumed(r->ctxt);
	size_t offset = at < 0 ? 0 : MIN((size_t)at, r->len);

	while (offset > 0 && r->raw[offset - 1] != '<')
		offset--;
	return offset ? offset - 1 : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The attribute at or after *pos in the tag: its offset, or 0 at the tag's end; *pos moves past
 * it. */
static size_t next_attr_offset(const struct reader *r, size_t *pos)
{
	size_t p = *pos, start;
	char quote;

	while (p < r->len && is_blank(r->raw[p]))
		p++;
	start = p;
	while (p < r->len && r->raw[p] != '"' && r->raw[p] != '\'' && r->raw[p] != '>')
		p++;
	if (p >= r->len || r->raw[p] == '>')
		return 0;
	quote = r->raw[p++];
	while (p < r->len && r->raw[p] != quote)
		p++;
	*pos = p + 1;
	return start;
}

/* libxml2's SAX2 hands "&amp;" of an attribute on as "&#38;", and nothing else so. */
static char *unescape(char *text)
{
	char *out = text;

	for (const char *p = text; *p; p++) {
		*out++ = *p;
		if (!strncmp(p, "&#38;", 5))
			p += 4;
	}
	*out = '\0';
	return text;
}

static void read_attrs(
	struct reader *r, struct node *n, size_t tag, int count, const xmlChar **attrs)
{
	size_t pos = tag + 1 + strlen(n->name);

	n->attrs = arena_alloc(r->arena, (size_t)count * sizeof(*n->attrs));
	for (int i = 0; i < count; i++) {
		const xmlChar **a = attrs + (size_t)5 * (size_t)i;
		size_t len = (size_t)(a[4] - a[3]);
		size_t offset = next_attr_offset(r, &pos);
		struct attr *out = &n->attrs[n->n_attrs];

		out->pos =
			(struct scenario_pos){r->file, offset ? line_at(r, offset) : n->pos.line};
		if (len > XML_MAX_VALUE) {
			stop(r, out->pos.line,
				"the value of an attribute is longer than 4096 bytes; write a shorter one");
			return;
		}
		out->name = arena_strndup(r->arena, (const char *)a[0], strlen((const char *)a[0]));
		out->value = unescape(arena_strndup(r->arena, (const char *)a[3], len));
		out->origin = ORIGIN_FILE;
		n->n_attrs++;
	}
}

static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int nb_ns, const xmlChar **ns, int nb_attrs, int nb_defaulted, const xmlChar **attrs)
{
	struct reader *r = user;
	size_t tag = tag_offset(r);
	unsigned line = line_at(r, tag);
	struct node *n;

	(void)uri, (void)ns, (void)nb_defaulted;
	if (r->stopped)
		return;
	if (prefix || nb_ns)
		return stop(
			r, line, "XML namespaces are not used here; remove the prefix and xmlns");
	if (r->depth == XML_MAX_DEPTH)
		return stop(r, line, "elements are nested more than 8 deep; a scenario needs 4");
	if (r->n_elements++ == XML_MAX_ELEMENTS)
		return stop(r, line, "more than 1000 elements; split the file or use count, sweep");
	if (nb_attrs > XML_MAX_ATTRS)
		return stop(
			r, line, "more than 64 attributes in one element; no element has so many");
	n = node_new(r->arena,
		arena_strndup(r->arena, (const char *)name, strlen((const char *)name)),
		(struct scenario_pos){r->file, line});
	if (nb_attrs > 0)
		read_attrs(r, n, tag, nb_attrs, attrs);
	if (r->depth)
		node_append(r->stack[r->depth - 1], n);
	else
		r->root = n;
	r->stack[r->depth++] = n;
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *r = user;
	struct strbuf *text;

	(void)name, (void)prefix, (void)uri;
	if (!r->depth)
		return;
	text = &r->text[--r->depth];
	if (text->len)
		r->stack[r->depth]->text = arena_strndup(r->arena, text->text, text->len);
	strbuf_release(text);
}

static void on_text(void *user, const xmlChar *text, int len)
{
	struct reader *r = user;
	struct strbuf *out;
	bool blank = true;

	if (r->stopped || !r->depth || len <= 0)
		return;
	out = &r->text[r->depth - 1];
	for (int i = 0; i < len && blank; i++)
		blank = is_blank((char)text[i]);
	if (blank && !out->len)
		return;
	if (out->len + (size_t)len > XML_MAX_TEXT)
		return stop(r, r->stack[r->depth - 1]->pos.line,
			"more than 64 KiB of text in one element; write less");
	strbuf_addn(out, (const char *)text, (size_t)len);
}

static void on_doctype(void *user, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
	struct reader *r = user;

	(void)name, (void)id, (void)system;
	stop(r, (unsigned)r->ctxt->input->line,
		"a DOCTYPE is refused (entities could read other files); remove that line");
}

static void on_reference(void *user, const xmlChar *name)
{
	struct reader *r = user;

	(void)name;
	stop(r, (unsigned)r->ctxt->input->line,
		"an entity that XML does not define; only &lt; &gt; &amp; &quot; &apos; exist");
}

static void on_error(void *user, xmlErrorPtr err)
{
	struct reader *r = user;
	char text[512];
	size_t len;

	if (r->stopped || err->level < XML_ERR_ERROR)
		return;
	snprintf(text, sizeof(text), "not well-formed XML: %s", err->message ? err->message : "?");
	len = strlen(text);
	while (len && (is_blank(text[len - 1]) || text[len - 1] == '.'))
		text[--len] = '\0';
	for (char *c = text; *c; c++) /* what a hostile file put in must not reach a terminal raw */
		if ((unsigned char)*c < ' ' || (unsigned char)*c == 0x7f)
			*c = ' ';
	stop(r, err->line > 0 ? (unsigned)err->line : 0, text);
}

/* What libxml2 would accept or half accept, and a scenario must not be. */
static bool bytes_are_plain(struct reader *r)
{
	const unsigned char *b = (const unsigned char *)r->raw;

	if (r->len > XML_MAX_BYTES) {
		stop(r, 0, "larger than 1 MiB; a scenario is a small text");
		return false;
	}
	if (r->len >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff))) {
		stop(r, 1, "UTF-16 or UTF-32 text; save it as UTF-8");
		return false;
	}
	for (size_t i = 0; i < r->len; i++) {
		if (b[i] && b[i] != 0x1b)
			continue;
		stop(r, line_at(r, i),
			b[i] ? "an escape character; a scenario is plain UTF-8 text"
			     : "a NUL byte: binary data, or UTF-16; save it as UTF-8 text");
		return false;
	}
	return true;
}

/* An encoding declaration other than UTF-8 is refused rather than converted. */
static bool encoding_is_utf8(struct reader *r)
{
	char head[256];
	const char *end, *at;

	snprintf(head, sizeof(head), "%.*s", (int)MIN(r->len, sizeof(head) - 1), r->raw);
	at = strstr(head, "<?xml ");
	end = at ? strstr(at, "?>") : NULL;
	if (!end)
		return true;
	at = strstr(at, "encoding");
	if (!at || at > end)
		return true;
	at += strcspn(at, "\"'>");
	if (!strncasecmp(at + 1, "utf-8", 5))
		return true;
	stop(r, 1, "an encoding other than UTF-8; save it as UTF-8 and say encoding=\"UTF-8\"");
	return false;
}

static void parse(struct reader *r)
{
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.cdataBlock = on_text,
		.internalSubset = on_doctype,
		.reference = on_reference,
		.serror = on_error,
	};

	r->ctxt = xmlCreateMemoryParserCtxt(r->raw, (int)r->len);
	if (!r->ctxt)
		return stop(r, 0, "no memory to read it");
	*r->ctxt->sax = sax;
	r->ctxt->userData = r;
	xmlCtxtUseOptions(r->ctxt, XML_PARSE_NONET | XML_PARSE_BIG_LINES);
	xmlParseDocument(r->ctxt);
	if (!r->ctxt->wellFormed || !r->root)
		stop(r, 0, "not well-formed XML");
	if (r->ctxt->myDoc)
		xmlFreeDoc(r->ctxt->myDoc);
	xmlFreeParserCtxt(r->ctxt);
	r->ctxt = NULL;
}

struct node *xml_to_nodes(
	const char *file, const char *text, size_t len, struct arena *a, struct scenario_msgs *msgs)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct reader r = {
		.file = file, .raw = text, .len = len, .arena = a, .msgs = msgs, .line = 1};

	pthread_once(&once, xmlInitParser);
	if (len == 0)
		stop(&r, 0, "empty; write <scenario>...</scenario>");
	else if (bytes_are_plain(&r) && encoding_is_utf8(&r))
		parse(&r);
	for (unsigned i = 0; i <= XML_MAX_DEPTH; i++)
		strbuf_release(&r.text[i]);
	return r.stopped ? NULL : r.root;
}
