// SPDX-License-Identifier: GPL-3.0-or-later
/* Facts about processors and memory. */
#include <dirent.h>
#include <string.h>

#include "base/cpuset.h"
#include "host/priv.h"
#include "host/topology.h"

#define CPU "/sys/devices/system/cpu"

/* "key : value" of /proc/cpuinfo's first CPU. Caller frees. */
static char *cpuinfo(const struct fact_source *s, const char *key)
{
	auto_free char *text = fact_text(s, "/proc/cpuinfo");
	size_t len = strlen(key);

	for (char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		char *value = p + len;

		if (strncmp(p, key, len) != 0 || !strchr(" \t:", *value))
			continue;
		value += strspn(value, " \t:");
		value[strcspn(value, "\n")] = '\0';
		return xstrdup(value);
	}
	return NULL;
}

void fact_cpu_model(const struct fact_source *s, struct fact *f)
{
	auto_free char *model = cpuinfo(s, "model name");

	if (!model)
		return;
	if (strncmp(model, "QEMU TCG", 8) == 0)
		fact_set(f, FACT_LIMITS,
			"counters, placement and shares of CPU time are real; latencies say nothing",
			"%s: emulated", model);
	else
		fact_set(f, FACT_INFO, "", "%s", model);
}

void fact_cpu_microcode(const struct fact_source *s, struct fact *f)
{
	auto_free char *v = cpuinfo(s, "microcode");

	if (v)
		fact_set(f, FACT_INFO, "", "%s", v);
}

void fact_cpu_online(const struct fact_source *s, struct fact *f)
{
	auto_free char *online = fact_line(s, CPU "/online");
	auto_free char *offline = fact_line(s, CPU "/offline");
	struct cpuset set;
	unsigned n;

	if (!online || cpuset_parse(online, &set, NULL))
		return;
	n = cpuset_count(&set);
	fact_set(f, n > 1 ? FACT_GOOD : FACT_LIMITS,
		n > 1 ? ""
		      : "guests, noise and the harness share one CPU: the harness disturbs what it measures",
		"%u (%s)%s%s", n, online, offline && *offline ? ", offline: " : "",
		offline ? offline : "");
}

void fact_cpu_allowed(const struct fact_source *s, struct fact *f)
{
	char text[CPUSET_TEXT], nodes[CPUSET_TEXT];
	struct cpuset ids = {{0}};
	auto_struct(topology) t = {0};

	if (topology_read(s->root, &t, NULL))
		return;
	for (size_t i = 0; i < t.n_nodes; i++)
		ids = cpuset_or(&ids, &t.nodes[i].ids);
	cpuset_format(&t.allowed, text, sizeof(text));
	cpuset_format(&t.allowed_nodes, nodes, sizeof(nodes));
	if (t.limit) {
		auto_free char *note =
			xasprintf("limited by %s: plans use these CPUs only", t.limit);

		fact_set(f, FACT_LIMITS, note, "%s", text);
	} else if (!cpuset_equal(&ids, &t.allowed_nodes)) {
		fact_set(f, FACT_LIMITS, "memory of other NUMA nodes is not to be had",
			"%s; memory of nodes %s only", text, nodes);
	} else {
		fact_set(f, FACT_GOOD, "", "all");
	}
}

void fact_cpu_isolated(const struct fact_source *s, struct fact *f)
{
	auto_free char *isolated = fact_line(s, CPU "/isolated");
	auto_free char *partition = fact_line(s, "/sys/fs/cgroup/cpuset.cpus.isolated");
	bool any = (isolated && *isolated) || (partition && *partition);

	if (!any)
		fact_set(f, FACT_LIMITS,
			"other tasks of this box may run on lab CPUs; they are traced and named",
			"none");
	else
		fact_set(f, FACT_GOOD, "", "%s%s%s", isolated ? isolated : "",
			isolated && *isolated && partition && *partition ? "," : "",
			partition ? partition : "");
}

void fact_cpu_smt(const struct fact_source *s, struct fact *f)
{
	auto_free char *control = fact_line(s, CPU "/smt/control");
	long long active = fact_number(s, CPU "/smt/active", -1);

	if (active < 0 && !control)
		return;
	if (active == 1)
		fact_set(f, FACT_INFO,
			"vCPUs on the two threads of a core slow each other without steal", "on");
	else
		fact_set(f, FACT_INFO, "scenarios with placement=\"siblings\" cannot run here",
			"%s", control && strncmp(control, "not", 3) == 0 ? "none" : "off");
}

void fact_cpu_numa(const struct fact_source *s, struct fact *f)
{
	auto_free char *online = fact_line(s, "/sys/devices/system/node/online");
	struct cpuset set;
	unsigned n = 1;

	if (online && !cpuset_parse(online, &set, NULL))
		n = cpuset_count(&set);
	if (n > 1)
		fact_set(f, FACT_GOOD, "", "%u nodes (%s)", n, online);
	else
		fact_set(f, FACT_INFO,
			"scenarios with placement=\"remote\" cannot run here; the lab VM has nodes",
			"1 node");
}

/* One word per sort of mitigation would fill a screen: what counts is how many are open. */
void fact_cpu_mitigations(const struct fact_source *s, struct fact *f)
{
	auto_free char *dir = xasprintf("%s" CPU "/vulnerabilities", s->root);
	auto_free char *cmdline = fact_line(s, "/proc/cmdline");
	char *given = cmdline ? strstr(cmdline, "mitigations=") : NULL;
	unsigned mitigated = 0, open_ones = 0, unaffected = 0;

	for (auto_struct(folder) all = {.dir = opendir(dir)}; folder_next(&all);) {
		auto_free char *path = xasprintf(CPU "/vulnerabilities/%s", all.name);
		auto_free char *text = fact_line(s, path);

		if (!text)
			continue;
		if (strncmp(text, "Not affected", 12) == 0)
			unaffected++;
		else if (strncmp(text, "Mitigation", 10) == 0)
			mitigated++;
		else
			open_ones++;
	}
	if (!mitigated && !open_ones && !unaffected)
		return;
	if (given)
		given[strcspn(given, " ")] = '\0';
	fact_set(f, FACT_INFO,
		"they make exits and context switches dearer: compare runs under the same ones",
		"%u active, %u vulnerable, %u not affected%s%s", mitigated, open_ones, unaffected,
		given ? ", " : "", given ? given : "");
}

void fact_cpu_governor(const struct fact_source *s, struct fact *f)
{
	auto_free char *driver = fact_line(s, CPU "/cpu0/cpufreq/scaling_driver");
	auto_free char *first = NULL;
	auto_struct(topology) t = {0};
	bool mixed = false;

	if (topology_read(s->root, &t, NULL))
		return;
	for (size_t i = 0; i < t.n_cpus; i++) {
		auto_free char *path =
			xasprintf(CPU "/cpu%u/cpufreq/scaling_governor", t.cpus[i].id);
		auto_free char *governor = t.cpus[i].online ? fact_line(s, path) : NULL;

		if (!governor)
			continue;
		mixed |= first && strcmp(first, governor) != 0;
		if (!first)
			first = xstrdup(governor);
	}
	if (!first)
		fact_set(f, FACT_INFO, "", "not visible (a VM, or the firmware decides)");
	else if (mixed || strcmp(first, "performance") != 0)
		fact_set(f, FACT_LIMITS,
			"frequencies move with the load: set the performance governor for comparisons",
			"%s%s%s%s", mixed ? "mixed, " : "", first, driver ? ", " : "",
			driver ? driver : "");
	else
		fact_set(f, FACT_GOOD, "", "%s%s%s", first, driver ? ", " : "",
			driver ? driver : "");
}

void fact_cpu_turbo(const struct fact_source *s, struct fact *f)
{
	long long no_turbo = fact_number(s, CPU "/intel_pstate/no_turbo", -1);
	long long boost = fact_number(s, CPU "/cpufreq/boost", -1);

	if (no_turbo < 0 && boost < 0)
		return;
	if (no_turbo == 0 || boost == 1)
		fact_set(f, FACT_LIMITS,
			"speed depends on how many CPUs are busy and how warm they are", "on");
	else
		fact_set(f, FACT_GOOD, "", "off");
}

void fact_memory(const struct fact_source *s, struct fact *f)
{
	struct topology t = {0};

	if (topology_complete(&t, s->root, NULL) || t.memory_bytes == TOPO_UNKNOWN)
		return;
	if (t.memory_available_bytes == TOPO_UNKNOWN)
		fact_set(f, FACT_INFO, "", "%.1f GiB", (double)t.memory_bytes / (1 << 30));
	else
		fact_set(f, FACT_INFO, "", "%.1f GiB, %.1f available",
			(double)t.memory_bytes / (1 << 30),
			(double)t.memory_available_bytes / (1 << 30));
}

void fact_hugepages(const struct fact_source *s, struct fact *f)
{
	long long m2 = fact_number(s, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", 0);
	long long g1 =
		fact_number(s, "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", 0);

	if (!m2 && !g1)
		fact_set(f, FACT_INFO, "guests with hugepages cannot start until some are reserved",
			"none");
	else
		fact_set(f, FACT_INFO, "", "%lld of 2 MiB, %lld of 1 GiB", m2, g1);
}
