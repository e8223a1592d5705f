// SPDX-License-Identifier: GPL-3.0-or-later
#include "domain/xml.h"

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
