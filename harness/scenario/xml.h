/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XML text to a tree of elements, with every limit that hostile files need. The only part of the
 * scenario code that knows libxml2. */
#ifndef SS_SCENARIO_XML_H
#define SS_SCENARIO_XML_H

#include "scenario/node.h"

#define XML_MAX_BYTES	 ((size_t)1 << 20) /* of one file */
#define XML_MAX_ELEMENTS 1000		   /* of one file */
#define XML_MAX_DEPTH	 8
#define XML_MAX_ATTRS	 64
#define XML_MAX_VALUE	 4096  /* bytes of one attribute value */
#define XML_MAX_TEXT	 65536 /* bytes of text in one element */

/* The root element, or NULL with a message added. `file` is kept in positions (borrowed);
 * everything else is copied into the arena. UTF-8 only; no DOCTYPE, no entities of its own, no
 * network. */
struct node *xml_to_nodes(const char *file, const char *text, size_t len, struct arena *a,
	struct scenario_msgs *msgs);

#endif
