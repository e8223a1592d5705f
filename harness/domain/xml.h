/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libxml2 as the files of harness/domain use it. */
#ifndef SS_DOMAIN_XML_H
#define SS_DOMAIN_XML_H

#include <libxml/parser.h>
#include <libxml/xpath.h>

#include "base/cpuset.h"
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

/* Writing: a child with this text, or none (NULL); an attribute. */
xmlNodePtr xml_add(xmlNodePtr parent, const char *name, const char *text);
xmlNodePtr xml_add_u64(xmlNodePtr parent, const char *name, uint64_t value);
void xml_attr(xmlNodePtr node, const char *name, const char *value);
__attribute__((format(printf, 3, 4))) void xml_attrf(
	xmlNodePtr node, const char *name, const char *fmt, ...);
void xml_attr_cpus(xmlNodePtr node, const char *name, const struct cpuset *set);

#endif
