// SPDX-License-Identifier: GPL-3.0-or-later
/* The box behind a connection, from libvirt's capabilities XML: CPUs, cores, nodes, QEMU's ids. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain/ops.h"
#include "domain/xml.h"

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
	auto_ptr(xmlFree) xmlChar *text = xmlGetProp(node, BAD_CAST name);
	char *end;
	long v;

	if (!text)
		return missing;
	v = strtol((const char *)text, &end, 10);
	if (end == (const char *)text || *end)
		v = missing;
	return v;
}

static uint64_t content_u64(xmlNodePtr node)
{
	auto_ptr(xmlFree) xmlChar *text = node ? xmlNodeGetContent(node) : NULL;

	return text ? strtoull((const char *)text, NULL, 10) : 0;
}

/* A CPU list in an attribute; false where it is missing or none. */
static bool attr_cpus(xmlNodePtr node, const char *name, struct cpuset *out)
{
	auto_ptr(xmlFree) xmlChar *text = xmlGetProp(node, BAD_CAST name);

	return text && !cpuset_parse((const char *)text, out, NULL);
}

/* A CPU may stand in several cells: those are made one by topology_settle(). */
static int read_cpu(xmlNodePtr node, struct topology *t, struct cpuset *cell, struct err *e)
{
	long id = attr_long(node, "id", -1);
	struct cpuset siblings;
	struct topo_cpu *cpu;

	if (id < 0 || id >= CPUSET_MAX)
		return err_set(e, EINVAL, "libvirt's capabilities name a CPU without a usable id");
	cpuset_add(cell, (unsigned)id);
	if (topology_cpu(t, (unsigned)id))
		return 0;
	/* core_id repeats between sockets and dies: cores are numbered by their siblings. libvirt
	 * lists online CPUs only. */
	cpu = topology_add_cpu(t, (unsigned)id);
	cpuset_add(&t->online, cpu->id);
	cpu->socket = (int)attr_long(node, "socket_id", -1);
	if (attr_cpus(node, "siblings", &siblings) && cpuset_has(&siblings, cpu->id))
		cpu->siblings = siblings;
	return 0;
}

/* A cell without <memory> tells nothing of it. */
static int read_cell(xmlNodePtr cell, struct topology *t, struct err *e)
{
	long id = attr_long(cell, "id", (long)t->n_nodes);
	xmlNodePtr memory = child(cell, "memory");
	struct topo_node *node;
	int rc;

	if (id < 0 || id >= TOPO_MAX_NODES)
		return err_set(e, EINVAL,
			"libvirt's capabilities name NUMA node %ld; their numbers end at %d", id,
			TOPO_MAX_NODES - 1);
	for (size_t i = 0; i < t->n_nodes; i++)
		if (t->nodes[i].id == id)
			return err_set(
				e, EINVAL, "libvirt's capabilities name NUMA node %ld twice", id);
	node = topology_add_node(t, (int)id);
	if (memory)
		node->memory_bytes = content_u64(memory) * 1024;
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
		rc = read_cpu(cpu, t, &node->cpus, e);
		if (rc)
			return rc;
	}
	return 0;
}

static struct topo_node *node_by_id(const struct topology *t, long id)
{
	for (size_t i = 0; i < t->n_nodes; i++)
		if (t->nodes[i].id == id)
			return &t->nodes[i];
	return NULL;
}

static void read_distances(xmlNodePtr cells, struct topology *t)
{
	size_t row = 0;

	for (size_t i = 0; i < t->n_nodes; i++)
		t->nodes[i].distance = xcalloc(t->n_nodes, sizeof(*t->nodes[i].distance));
	for_each_child(cell, cells, "cell")
	{
		struct topo_node *from = node_by_id(t, attr_long(cell, "id", (long)row++));

		for_each_child(s, child(cell, "distances"), "sibling")
		{
			struct topo_node *to = node_by_id(t, attr_long(s, "id", -1));

			if (from && to)
				from->distance[to - t->nodes] = (int)attr_long(s, "value", 0);
		}
	}
}

/* <bank id='0' level='3' type='both' cpus='0-7'/>: the highest level is the last. */
static void read_caches(xmlNodePtr cache, struct topology *t)
{
	long last = 2; /* what one core has for itself is none */

	for_each_child(bank, cache, "bank") last = MAX(last, attr_long(bank, "level", 0));
	for_each_child(bank, cache, "bank")
	{
		struct cpuset cpus;

		if (attr_long(bank, "level", 0) != last || !attr_cpus(bank, "cpus", &cpus))
			continue;
		for (size_t i = 0; i < t->n_cpus; i++)
			if (cpuset_has(&cpus, t->cpus[i].id))
				t->cpus[i].llc = cpuset_next(&cpus, 0);
	}
}

static void sum_memory(struct topology *t)
{
	t->memory_bytes = 0;
	t->memory_available_bytes = TOPO_UNKNOWN;
	for (size_t i = 0; i < t->n_nodes; i++)
		if (t->memory_bytes != TOPO_UNKNOWN && t->nodes[i].memory_bytes != TOPO_UNKNOWN)
			t->memory_bytes += t->nodes[i].memory_bytes;
		else
			t->memory_bytes = TOPO_UNKNOWN;
}

int topology_from_capabilities(const char *xml, struct topology *out, struct err *e)
{
	struct topology t = {0};
	auto_ptr(xmlFreeDoc) xmlDocPtr doc = parse(xml, e);
	xmlNodePtr host, cells;
	int rc = 0;

	if (!doc)
		return -EINVAL;
	host = child(xmlDocGetRootElement(doc), "host");
	cells = child(child(host, "topology"), "cells");
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
		read_caches(child(host, "cache"), &t);
		sum_memory(&t);
		rc = topology_settle(&t, e);
	}
	if (!rc)
		*out = t;
	else
		topology_release(&t);
	return rc;
}

int lab_topology(const struct lab_conn *c, struct topology *out, struct err *e)
{
	auto_free char *xml = virConnectGetCapabilities(c->conn);

	if (!xml)
		return lab_error(e, "libvirt gives no capabilities");
	return topology_from_capabilities(xml, out, e);
}

/* <secmodel><model>dac</model><baselabel type='kvm'>+64055:+108</baselabel> */
static bool ids_from_capabilities(xmlNodePtr host, uid_t *uid, gid_t *gid)
{
	unsigned u, g;
	bool found = false;

	for_each_child(sec, host, "secmodel")
	{
		auto_ptr(xmlFree) xmlChar *model = xmlNodeGetContent(child(sec, "model"));
		bool dac = model && strcmp((const char *)model, "dac") == 0;

		if (!dac)
			continue;
		for_each_child(label, sec, "baselabel")
		{
			auto_ptr(xmlFree) xmlChar *text = xmlNodeGetContent(label);

			if (!found && text && sscanf((const char *)text, "+%u:+%u", &u, &g) == 2) {
				*uid = u;
				*gid = g;
				found = true;
			}
		}
	}
	return found;
}

/* A user's own libvirt runs QEMU as that user, and has nothing to say of it. */
static bool is_session(const struct lab_conn *c)
{
	return strstr(c->uri, ":///session") != NULL;
}

bool lab_gives_files(const struct lab_conn *c)
{
	return c->embed_root ? geteuid() == 0 : !is_session(c);
}

int lab_qemu_ids(const struct lab_conn *c, uid_t *uid, gid_t *gid, struct err *e)
{
	auto_ptr(xmlFreeDoc) xmlDocPtr doc = NULL;
	auto_free char *xml = NULL;
	int rc = 0;

	if (c->embed_root || is_session(c) || c->ops->files_are_ours) {
		*uid = geteuid();
		*gid = getegid();
		return 0;
	}
	xml = virConnectGetCapabilities(c->conn);
	if (!xml)
		return lab_error(e, "libvirt gives no capabilities");
	doc = parse(xml, e);
	if (!doc)
		return -EINVAL;
	if (!ids_from_capabilities(child(xmlDocGetRootElement(doc), "host"), uid, gid))
		rc = err_set(e, ENOENT, "%s does not say which user its QEMU runs as", c->uri);
	return rc;
}

bool lab_confined(const struct lab_conn *c)
{
	auto_free char *xml = c->embed_root ? NULL : virConnectGetCapabilities(c->conn);
	auto_ptr(xmlFreeDoc) xmlDocPtr doc = xml ? parse(xml, NULL) : NULL;
	bool found = false;

	if (!doc)
		return false;
	for_each_child(sec, child(xmlDocGetRootElement(doc), "host"), "secmodel")
	{
		auto_ptr(xmlFree) xmlChar *model = xmlNodeGetContent(child(sec, "model"));

		found |= model && strcmp((const char *)model, "apparmor") == 0;
	}
	return found;
}
