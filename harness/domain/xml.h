/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libxml2 as the files of harness/domain use it. */
#ifndef SS_DOMAIN_XML_H
#define SS_DOMAIN_XML_H

#include <libxml/parser.h>
#include <libxml/xpath.h>

#include "base/util.h"

AUTO_PTR(xmlFree, xmlChar *)
AUTO_PTR(xmlFreeDoc, xmlDocPtr)
AUTO_PTR(xmlXPathFreeContext, xmlXPathContextPtr)
AUTO_PTR(xmlXPathFreeObject, xmlXPathObjectPtr)

/* What libvirt wrote; NULL, and nothing on stderr, when it is no XML or NULL. */
xmlDocPtr xml_read(const char *text);
/* The document as text; NULL when it cannot be written. Caller frees. */
char *xml_text(xmlDocPtr doc);
/* Whether there is such a node; not without a context. */
bool xml_has(xmlXPathContextPtr ctx, const char *path);
/* The text of the first such node; NULL when there is none. Caller frees. */
char *xml_first(xmlXPathContextPtr ctx, const char *path);

#endif
