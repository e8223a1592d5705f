// SPDX-License-Identifier: GPL-3.0-or-later
/* The box behind a connection, from libvirt's capabilities XML: CPUs, cores, nodes, QEMU's ids. */
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain/priv.h"

static xmlDocPtr parse(const char *xml, struct err *e)
{
	xmlDocPtr doc = xmlReadMemory(xml, (int)strlen(xml), "capabilities.xml", NULL,
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlNodePtr root = doc ? xmlDocGetRootElement(doc) : NULL;

	if (!root || strcmp((const char *)root->name, "capabilities") != 0) {
		xmlFreeDoc(doc);
		err_set(e, EINVAL, "libvirt's capabilities are not the XML expected");
		return NULL;
	}
	return doc;
}

static xmlNodePtr child(xmlNodePtr node, const char *name)
{
	for (node = node ? node->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0)
			return node;
	return NULL;
}

#define for_each_child(n, parent, want)                                                            \
	for (xmlNodePtr n = child(parent, want); n; n = next_named(n, want))

static xmlNodePtr next_named(xmlNodePtr node, const char *name)
{
	for (node = node->next; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0)
			return node;
	return NULL;
}

/* A number in an attribute, or `missing`. */
static long attr_long(xmlNodePtr node, const char *name, long missing)
{
	xmlChar *text = xmlGetProp(node, BAD_CAST name);
	char *end;
	long v;

	if (!text)
		return missing;
	v = strtol((const char *)text, &end, 10);
	if (end == (const char *)text || *end)
		v = missing;
	xmlFree(text);
	return v;
}

static uint64_t content_u64(xmlNodePtr node)
{
	xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
	uint64_t v = text ? strtoull((const char *)text, NULL, 10) : 0;

	xmlFree(text);
	return v;
}

static int read_cpu(xmlNodePtr node, int cell_index, struct topology *t, struct err *e)
{
	long id = attr_long(node, "id", -1);
	xmlChar *siblings = xmlGetProp(node, BAD_CAST "siblings");
	struct topo_cpu cpu = {.node = cell_index, .online = true};
	size_t at = t->n_cpus;

	if (id < 0 || id >= CPUSET_MAX) {
		xmlFree(siblings);
		return err_set(e, EINVAL, "libvirt's capabilities name a CPU without a usable id");
	}
	cpu.id = (unsigned)id;
	cpu.socket = (int)attr_long(node, "socket_id", -1);
	/* core_id repeats between sockets and dies: core and siblings are made unique below. */
	cpu.core = -1;
	if (!siblings || cpuset_parse((const char *)siblings, &cpu.siblings, NULL) ||
		!cpuset_has(&cpu.siblings, cpu.id))
		cpu.siblings = cpuset_of(cpu.id);
	xmlFree(siblings);
	ARRAY_GROW(t->cpus, t->n_cpus);
	while (at > 0 && t->cpus[at - 1].id > cpu.id) {
		t->cpus[at] = t->cpus[at - 1];
		at--;
	}
	t->cpus[at] = cpu;
	t->n_cpus++;
	return 0;
}

static int read_cell(xmlNodePtr cell, struct topology *t, struct err *e)
{
	struct topo_node *node = &t->nodes[t->n_nodes];
	int rc;

	if (t->n_nodes == TOPO_MAX_NODES)
		return err_set(e, EINVAL, "more than %d NUMA nodes", TOPO_MAX_NODES);
	node->id = (int)attr_long(cell, "id", (long)t->n_nodes);
	node->memory_bytes = content_u64(child(cell, "memory")) * 1024;
	for_each_child(pages, cell, "pages")
	{
		long kib = attr_long(pages, "size", 0);

		if (kib == 2048)
			node->hugepages_2m = content_u64(pages);
		else if (kib == 1048576)
			node->hugepages_1g = content_u64(pages);
	}
	for_each_child(cpu, child(cell, "cpus"), "cpu")
	{
		rc = read_cpu(cpu, (int)t->n_nodes, t, e);
		if (rc)
			return rc;
		cpuset_add(&node->cpus, (unsigned)attr_long(cpu, "id", 0));
	}
	t->memory_bytes += node->memory_bytes;
	t->n_nodes++;
	return 0;
}

static void read_distances(xmlNodePtr cells, struct topology *t)
{
	size_t row = 0;

	for_each_child(cell, cells, "cell")
	{
		for_each_child(s, child(cell, "distances"), "sibling")
		{
			long id = attr_long(s, "id", -1), value = attr_long(s, "value", 0);

			for (size_t col = 0; col < t->n_nodes; col++)
				if (t->nodes[col].id == id)
					t->nodes[row].distance[col] = (int)value;
		}
		if (!t->nodes[row].distance[row])
			t->nodes[row].distance[row] = 10;
		row++;
	}
}

/* Cores numbered in order of their lowest CPU. libvirt lists online CPUs only. */
static void number_cores(struct topology *t)
{
	int next = 0;

	for (size_t i = 0; i < t->n_cpus; i++) {
		struct topo_cpu *cpu = &t->cpus[i];

		cpuset_add(&t->online, cpu->id);
		if (cpu->core >= 0)
			continue;
		for (size_t k = i; k < t->n_cpus; k++)
			if (cpuset_has(&cpu->siblings, t->cpus[k].id))
				t->cpus[k].core = next;
		next++;
	}
}

int topology_from_capabilities(const char *xml, struct topology *out, struct err *e)
{
	struct topology t = {0};
	xmlDocPtr doc = parse(xml, e);
	xmlNodePtr cells;
	int rc = 0;

	if (!doc)
		return -EINVAL;
	cells = child(child(child(xmlDocGetRootElement(doc), "host"), "topology"), "cells");
	for_each_child(cell, cells, "cell")
	{
		rc = read_cell(cell, &t, e);
		if (rc)
			break;
	}
	if (!rc && !t.n_cpus)
		rc = err_set(e, EINVAL, "libvirt's capabilities show no CPU");
	if (!rc) {
		read_distances(cells, &t);
		number_cores(&t);
		*out = t;
	} else {
		topology_release(&t);
	}
	xmlFreeDoc(doc);
	return rc;
}

int lab_topology(const struct lab_conn *c, struct topology *out, struct err *e)
{
	char *xml = virConnectGetCapabilities(c->conn);
	int rc;

	if (!xml)
		return lab_error(e, "libvirt gives no capabilities");
	rc = topology_from_capabilities(xml, out, e);
	free(xml);
	return rc;
}

/* <secmodel><model>dac</model><baselabel type='kvm'>+64055:+108</baselabel> */
static bool ids_from_capabilities(xmlNodePtr host, uid_t *uid, gid_t *gid)
{
	unsigned u, g;
	bool found = false;

	for_each_child(sec, host, "secmodel")
	{
		xmlChar *model = xmlNodeGetContent(child(sec, "model"));
		bool dac = model && strcmp((const char *)model, "dac") == 0;

		xmlFree(model);
		if (!dac)
			continue;
		for_each_child(label, sec, "baselabel")
		{
			xmlChar *text = xmlNodeGetContent(label);

			if (!found && text && sscanf((const char *)text, "+%u:+%u", &u, &g) == 2) {
				*uid = u;
				*gid = g;
				found = true;
			}
			xmlFree(text);
		}
	}
	return found;
}

int lab_qemu_ids(const struct lab_conn *c, uid_t *uid, gid_t *gid, struct err *e)
{
	xmlDocPtr doc;
	char *xml;
	int rc = 0;

	if (c->embed_root) {
		*uid = geteuid();
		*gid = getegid();
		return 0;
	}
	xml = virConnectGetCapabilities(c->conn);
	if (!xml)
		return lab_error(e, "libvirt gives no capabilities");
	doc = parse(xml, e);
	free(xml);
	if (!doc)
		return -EINVAL;
	if (!ids_from_capabilities(child(xmlDocGetRootElement(doc), "host"), uid, gid))
		rc = err_set(e, ENOENT, "%s does not say which user its QEMU runs as", c->uri);
	xmlFreeDoc(doc);
	return rc;
}

bool lab_confined(const struct lab_conn *c)
{
	char *xml = c->embed_root ? NULL : virConnectGetCapabilities(c->conn);
	xmlDocPtr doc = xml ? parse(xml, NULL) : NULL;
	bool found = false;

	free(xml);
	if (!doc)
		return false;
	for_each_child(sec, child(xmlDocGetRootElement(doc), "host"), "secmodel")
	{
		xmlChar *model = xmlNodeGetContent(child(sec, "model"));

		found |= model && strcmp((const char *)model, "apparmor") == 0;
		xmlFree(model);
	}
	xmlFreeDoc(doc);
	return found;
}
