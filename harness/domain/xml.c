// SPDX-License-Identifier: GPL-3.0-or-later
#include "domain/xml.h"

#include <stdarg.h>
#include <string.h>

xmlDocPtr xml_read(const char *text)
{
	return text ? xmlReadMemory(text, (int)strlen(text), NULL, NULL,
			      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)
		    : NULL;
}

char *xml_text(xmlDocPtr doc)
{
	auto_ptr(xmlFree) xmlChar *text = NULL;
	int len;

	xmlDocDumpFormatMemoryEnc(doc, &text, &len, "UTF-8", 1);
	return text ? xstrdup((const char *)text) : NULL;
}

char *xml_first(xmlXPathContextPtr ctx, const char *path)
{
	auto_ptr(xmlXPathFreeObject) xmlXPathObjectPtr found =
		ctx ? xmlXPathEvalExpression(BAD_CAST path, ctx) : NULL;
	auto_ptr(xmlFree) xmlChar *text = NULL;

	if (!found || !found->nodesetval || found->nodesetval->nodeNr < 1)
		return NULL;
	text = xmlNodeGetContent(found->nodesetval->nodeTab[0]);
	return xstrdup(text ? (const char *)text : "");
}

bool xml_has(xmlXPathContextPtr ctx, const char *path)
{
	auto_free char *text = xml_first(ctx, path);

	return text != NULL;
}

xmlNodePtr xml_add(xmlNodePtr parent, const char *name, const char *text)
{
	return xmlNewTextChild(parent, NULL, BAD_CAST name, BAD_CAST text);
}

xmlNodePtr xml_add_u64(xmlNodePtr parent, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return xml_add(parent, name, text);
}

void xml_attr(xmlNodePtr node, const char *name, const char *value)
{
	xmlNewProp(node, BAD_CAST name, BAD_CAST value);
}

void xml_attrf(xmlNodePtr node, const char *name, const char *fmt, ...)
{
	char text[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	xml_attr(node, name, text);
}

void xml_attr_cpus(xmlNodePtr node, const char *name, const struct cpuset *set)
{
	char text[CPUSET_TEXT];

	xml_attr(node, name, cpuset_format(set, text, sizeof(text)));
}
