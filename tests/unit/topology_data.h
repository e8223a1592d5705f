/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boxes that the tests do not run on: tests/data/topology/NAME.xml is libvirt's capabilities XML,
 * NAME.facts (key=value, optional) what that does not carry: isolated, performance, efficiency,
 * allowed, allowed-nodes, limit. */
#ifndef SS_TESTS_TOPOLOGY_DATA_H
#define SS_TESTS_TOPOLOGY_DATA_H

#include <stdlib.h>
#include <string.h>

#include "domain/domain.h"
#include "host/topology.h"

static const char *const topology_names[] = {"two-cpus", "desktop-smt", "server-2-nodes",
	"server-4-nodes", "laptop-hybrid", "isolated-offline", "smt-2-nodes", "two-caches",
	"device-memory", "expander-memory", "same-cpus", "no-memory", "limited"};

static inline void topology_apply_fact(struct topology *t, const char *key, const char *list)
{
	struct cpuset s;
	struct err e = ERR_INIT;

	if (!strcmp(key, "limit")) {
		t->limit = xstrdup(list);
		return;
	}
	if (cpuset_parse(list, &s, &e))
		abort();
	if (!strcmp(key, "allowed"))
		t->allowed = s;
	if (!strcmp(key, "allowed-nodes"))
		t->allowed_nodes = s;
	if (!strcmp(key, "isolated"))
		t->isolated = s;
	for (size_t i = 0; i < t->n_cpus; i++) {
		if (!cpuset_has(&s, t->cpus[i].id))
			continue;
		if (!strcmp(key, "isolated"))
			t->cpus[i].isolated = true;
		else if (!strcmp(key, "performance"))
			t->cpus[i].kind = TOPO_CORE_PERFORMANCE;
		else if (!strcmp(key, "efficiency"))
			t->cpus[i].kind = TOPO_CORE_EFFICIENCY;
	}
}

/* Release with topology_release(). Ends the test program when the data is not right. */
static inline struct topology topology_load(const char *name)
{
	auto_free char *xml_path = xasprintf("tests/data/topology/%s.xml", name);
	auto_free char *facts_path = xasprintf("tests/data/topology/%s.facts", name);
	struct err e = ERR_INIT;
	auto_free char *xml = read_file(xml_path, 1 << 20, NULL, &e);
	auto_free char *facts = read_file(facts_path, 4096, NULL, NULL);
	struct topology t = {0};
	char *save = NULL;

	if (!xml || topology_from_capabilities(xml, &t, &e)) {
		fprintf(stderr, "%s: %s\n", xml_path, e.msg);
		abort();
	}
	for (char *line = facts ? strtok_r(facts, "\n", &save) : NULL; line;
		line = strtok_r(NULL, "\n", &save)) {
		char *equals = strchr(line, '=');

		if (line[0] == '#' || !equals)
			continue;
		*equals = '\0';
		topology_apply_fact(&t, line, equals + 1);
	}
	return t;
}

#endif
