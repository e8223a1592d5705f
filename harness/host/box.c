// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/box.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "base/util.h"
#include "json/json_text.h"

#define FORMAT	 "stealscope box 1"
#define MAX_SIZE (64 << 20)

static const char *const kinds[] = {"uniform", "performance", "efficiency"};

/* ---- writing ---- */

/* NULL, which JSON() leaves out, of what is not known. */
static json_t *known(uint64_t v)
{
	return v == TOPO_UNKNOWN ? NULL : json_count(v);
}

static json_t *known_id(int v)
{
	return v >= 0 ? json_integer(v) : NULL;
}

static json_t *cpu_json(const struct topo_cpu *c)
{
	return JSON({"id", json_integer(c->id)}, {"socket", known_id(c->socket)},
		{"llc", known_id(c->llc)}, {"siblings", json_cpus(&c->siblings)},
		{"kind", c->kind == TOPO_CORE_UNIFORM ? NULL : json_text(kinds[c->kind])});
}

static json_t *node_json(const struct topology *t, const struct topo_node *n)
{
	json_t *distance = json_array();

	for (size_t i = 0; i < t->n_nodes; i++)
		json_array_append_new(distance, json_integer(n->distance[i]));
	return JSON({"id", json_integer(n->id)}, {"ids", json_cpus(&n->ids)},
		{"cpus", json_cpus(&n->cpus)}, {"memory_bytes", known(n->memory_bytes)},
		{"free_bytes", known(n->free_bytes)}, {"hugepages_2m", known(n->hugepages_2m)},
		{"hugepages_1g", known(n->hugepages_1g)}, {"distance", distance});
}

static json_t *box_json(const struct topology *t, const struct box_fact *facts, size_t n_facts)
{
	json_t *cpus = json_array(), *nodes = json_array(), *list = json_array();

	for (size_t i = 0; i < t->n_cpus; i++)
		json_array_append_new(cpus, cpu_json(&t->cpus[i]));
	for (size_t i = 0; i < t->n_nodes; i++)
		json_array_append_new(nodes, node_json(t, &t->nodes[i]));
	for (const struct box_fact *f = facts; f < facts + n_facts; f++)
		json_array_append_new(list,
			JSON({"key", json_text(f->key)}, {"value", json_text(f->value)},
				{"verdict", json_text(f->verdict)}, {"note", json_text(f->note)}));
	return JSON({"format", json_text(FORMAT)}, {"memory_bytes", known(t->memory_bytes)},
		{"memory_available_bytes", known(t->memory_available_bytes)},
		{"online", json_cpus(&t->online)}, {"isolated", json_cpus(&t->isolated)},
		{"allowed", json_cpus(&t->allowed)}, {"taken", json_cpus(&t->taken)},
		{"allowed_nodes", json_cpus(&t->allowed_nodes)},
		{"limit", t->limit ? json_text(t->limit) : NULL}, {"cpus", cpus}, {"nodes", nodes},
		{"facts", list});
}

int box_write(const char *path, const struct topology *t, const struct box_fact *facts,
	size_t n_facts, struct err *e)
{
	auto_free char *text = json_document(box_json(t, facts, n_facts), JSON_INDENT(1));

	return write_file(path, text, strlen(text), e);
}

/* ---- reading ---- */

static int bad(struct err *e, const char *what, const char *key)
{
	return err_set(e, EINVAL, "%s \"%s\" is missing, or is not a list or a number in range",
		what, key);
}

static int get_list(json_t *j, const char *what, const char *key, struct cpuset *out, struct err *e)
{
	const char *text = json_string_value(json_object_get(j, key));

	return text && !cpuset_parse(text, out, NULL) ? 0 : bad(e, what, key);
}

/* `missing` where it is not there. */
static int get_number(json_t *j, const char *what, const char *key, uint64_t max, uint64_t missing,
	uint64_t *out, struct err *e)
{
	json_t *v = json_object_get(j, key);

	if (v && (!json_is_integer(v) || json_integer_value(v) < 0 ||
			 (uint64_t)json_integer_value(v) > max))
		return bad(e, what, key);
	*out = v ? (uint64_t)json_integer_value(v) : missing;
	return 0;
}

static int read_cpu(json_t *j, struct topology *t, struct err *e)
{
	const char *kind = json_string_value(json_object_get(j, "kind"));
	uint64_t id, socket, llc;
	struct topo_cpu *c;
	struct cpuset siblings;

	if (get_number(j, "a CPU's", "id", CPUSET_MAX - 1, TOPO_UNKNOWN, &id, e) ||
		get_number(j, "a CPU's", "socket", INT_MAX, TOPO_UNKNOWN, &socket, e) ||
		get_number(j, "a CPU's", "llc", CPUSET_MAX - 1, TOPO_UNKNOWN, &llc, e) ||
		get_list(j, "a CPU's", "siblings", &siblings, e))
		return -EINVAL;
	if (id == TOPO_UNKNOWN || topology_cpu(t, (unsigned)id) ||
		!cpuset_has(&siblings, (unsigned)id))
		return err_set(
			e, EINVAL, "a CPU has no id, that of another, or is not its own sibling");
	c = topology_add_cpu(t, (unsigned)id);
	c->socket = socket == TOPO_UNKNOWN ? -1 : (int)socket;
	c->llc = llc == TOPO_UNKNOWN ? -1 : (int)llc;
	c->siblings = siblings;
	for (size_t i = 0; kind && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kind, kinds[i]))
			c->kind = (enum topo_kind)i;
	return 0;
}

static int read_node(json_t *j, size_t n_nodes, struct topology *t, struct err *e)
{
	json_t *distance = json_object_get(j, "distance");
	struct topo_node n = {0}, *to;
	uint64_t id;

	if (get_number(j, "a node's", "id", TOPO_MAX_NODES - 1, TOPO_UNKNOWN, &id, e) ||
		get_list(j, "a node's", "ids", &n.ids, e) ||
		get_list(j, "a node's", "cpus", &n.cpus, e) ||
		get_number(j, "a node's", "memory_bytes", INT64_MAX, TOPO_UNKNOWN, &n.memory_bytes,
			e) ||
		get_number(
			j, "a node's", "free_bytes", INT64_MAX, TOPO_UNKNOWN, &n.free_bytes, e) ||
		get_number(j, "a node's", "hugepages_2m", INT64_MAX, 0, &n.hugepages_2m, e) ||
		get_number(j, "a node's", "hugepages_1g", INT64_MAX, 0, &n.hugepages_1g, e))
		return -EINVAL;
	if (id == TOPO_UNKNOWN || cpuset_next(&n.ids, 0) != (int)id ||
		cpuset_next(&n.ids, TOPO_MAX_NODES) >= 0 || json_array_size(distance) != n_nodes ||
		(t->n_nodes && t->nodes[t->n_nodes - 1].id >= (int)id))
		return err_set(e, EINVAL,
			"nodes must stand in order of their ids, each with its distance to all");
	to = topology_add_node(t, (int)id);
	n.id = (int)id;
	n.distance = xcalloc(n_nodes, sizeof(*n.distance));
	*to = n;
	for (size_t i = 0; i < n_nodes; i++) {
		json_int_t d = json_integer_value(json_array_get(distance, i));

		if (d < 0 || d > 1000000)
			return bad(e, "a node's", "distance");
		n.distance[i] = (int)d;
	}
	return 0;
}

/* What topology_settle() makes of the rest is overridden by what was written. */
static int read_sets(json_t *j, struct topology *t, struct err *e)
{
	const char *limit = json_string_value(json_object_get(j, "limit"));
	struct cpuset nodes = t->allowed_nodes;

	if (get_list(j, "the box's", "isolated", &t->isolated, e) ||
		get_list(j, "the box's", "allowed", &t->allowed, e) ||
		get_list(j, "the box's", "taken", &t->taken, e) ||
		get_list(j, "the box's", "allowed_nodes", &t->allowed_nodes, e))
		return -EINVAL;
	if (!cpuset_subset(&t->allowed, &t->online) || cpuset_empty(&t->allowed) ||
		!cpuset_subset(&t->allowed_nodes, &nodes))
		return err_set(e, EINVAL,
			"\"allowed\" must be CPUs that are online, \"allowed_nodes\" nodes that are there");
	for (size_t i = 0; i < t->n_cpus; i++)
		t->cpus[i].isolated = cpuset_has(&t->isolated, t->cpus[i].id);
	t->limit = limit ? text_cleaned(limit) : NULL;
	return 0;
}

static int read_all(json_t *j, struct topology *t, struct err *e)
{
	json_t *cpus = json_object_get(j, "cpus"), *nodes = json_object_get(j, "nodes"), *one;
	const char *format = json_string_value(json_object_get(j, "format"));
	size_t i;

	if (!format || strcmp(format, FORMAT) != 0)
		return err_set(e, EINVAL,
			"it does not say \"format\": \"" FORMAT
			"\"; `stealscope doctor --box FILE` writes one");
	if (get_list(j, "the box's", "online", &t->online, e) ||
		get_number(j, "the box's", "memory_bytes", INT64_MAX, TOPO_UNKNOWN,
			&t->memory_bytes, e) ||
		get_number(j, "the box's", "memory_available_bytes", INT64_MAX, TOPO_UNKNOWN,
			&t->memory_available_bytes, e))
		return -EINVAL;
	if (json_array_size(cpus) > CPUSET_MAX || json_array_size(nodes) > TOPO_MAX_NODES)
		return err_set(
			e, EINVAL, "more than %d CPUs or %d nodes", CPUSET_MAX, TOPO_MAX_NODES);
	json_array_foreach(cpus, i, one)
	{
		if (read_cpu(one, t, e))
			return -EINVAL;
	}
	json_array_foreach(nodes, i, one)
	{
		if (read_node(one, json_array_size(nodes), t, e))
			return -EINVAL;
	}
	return topology_settle(t, e) ? -EINVAL : read_sets(j, t, e);
}

int box_read(const char *path, struct topology *out, struct err *e)
{
	size_t len = 0;
	auto_free char *text = read_file(path, MAX_SIZE, &len, e);
	struct topology t = {0};
	json_error_t why;
	json_auto_t *j = NULL;
	int rc;

	if (!text)
		return e && e->code ? -e->code : -EIO;
	j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (!j)
		return err_set(
			e, EINVAL, "%s is not a box file: line %d: %s", path, why.line, why.text);
	rc = read_all(j, &t, e);
	if (rc) {
		topology_release(&t);
		return err_wrap(e, "box file %s", path);
	}
	*out = t;
	return 0;
}
