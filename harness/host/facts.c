// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of facts, and what all rows share. A new fact is a reader and a row here. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/priv.h"

static const struct fact_row rows[] = {
	{"kvm.kind", "whether guests run on hardware virtualisation", fact_kvm_kind, false},
	{"kvm.device", "whether this user may open /dev/kvm", fact_kvm_device, false},
	{"kvm.halt_poll", "how long KVM polls before a halted vCPU sleeps", fact_kvm_halt_poll,
		false},
	{"kvm.nested", "whether guests may run guests", fact_kvm_nested, false},
	{"kvm.debugfs", "KVM's own counters and TSC offsets", fact_kvm_debugfs, false},
	{"box.path", "which row of docs/hardware.md this box stands on", fact_box_path, false},
	{"box.vm", "whether this box is itself a virtual machine", fact_box_vm, false},
	{"box.steal", "what its own host takes from this box, since boot", fact_box_steal, true},
	{"cpu.model", "the processor", fact_cpu_model, false},
	{"cpu.online", "CPUs in use", fact_cpu_online, false},
	{"cpu.allowed", "CPUs that this process may use", fact_cpu_allowed, false},
	{"cpu.isolated", "CPUs the scheduler leaves alone", fact_cpu_isolated, false},
	{"cpu.smt", "hardware threads per core", fact_cpu_smt, false},
	{"cpu.numa", "memory nodes", fact_cpu_numa, false},
	{"cpu.governor", "who sets the frequency", fact_cpu_governor, false},
	{"cpu.turbo", "frequencies above the nominal one", fact_cpu_turbo, false},
	{"cpu.microcode", "microcode revision", fact_cpu_microcode, false},
	{"cpu.mitigations", "work-arounds for CPU vulnerabilities", fact_cpu_mitigations, false},
	{"memory", "memory of the box", fact_memory, true},
	{"memory.hugepages", "huge pages reserved", fact_hugepages, false},
	{"memory.ksm", "merging of equal pages", fact_ksm, false},
	{"memory.balancing", "automatic NUMA balancing", fact_numa_balancing, false},
	{"host.name", "what this box is called; runs are compared on one host only", fact_host_name,
		false},
	{"kernel.release", "the running kernel", fact_kernel, false},
	{"kernel.defects", "known defects of its CPU accounting and fairness", fact_defects, false},
	{"kernel.tick", "timer tick", fact_tick, false},
	{"kernel.clocksource", "what the kernel reads time from", fact_clocksource, false},
	{"kernel.cgroup", "control groups with the cpu controller", fact_cgroup, false},
	{"kernel.rt_group", "real-time bandwidth per control group", fact_rt_group, false},
	{"kernel.rt_throttling", "share of time real-time tasks may take", fact_rt_throttling,
		false},
	{"trace.ebpf", "whether eBPF programs may be loaded", fact_ebpf, false},
	{"trace.btf", "type information of the kernel", fact_btf, false},
	{"trace.bpf_unprivileged", "eBPF without privilege", fact_bpf_unprivileged, false},
	{"trace.schedstat", "run delay of each thread", fact_schedstat, false},
	{"trace.psi", "pressure stall information", fact_psi, false},
	{"trace.pmu", "hardware performance counters", fact_pmu, false},
	{"trace.perf_paranoid", "perf events for ordinary users", fact_perf_paranoid, false},
};

struct facts {
	struct fact items[ARRAY_SIZE(rows)];
};

void fact_set(struct fact *f, enum fact_verdict v, const char *note, const char *fmt, ...)
{
	char *value;
	va_list ap;

	va_start(ap, fmt);
	value = xvasprintf(fmt, ap);
	va_end(ap);
	free(f->value);
	free(f->note);
	f->value = value;
	f->note = xstrdup(note);
	f->verdict = v;
}

char *fact_text(const struct fact_source *s, const char *path)
{
	auto_free char *full = xasprintf("%s%s", s->root, path);

	return read_file(full, 4 << 20, NULL, NULL);
}

char *fact_line(const struct fact_source *s, const char *path)
{
	char *text = fact_text(s, path);

	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

bool fact_exists(const struct fact_source *s, const char *path)
{
	auto_free char *full = xasprintf("%s%s", s->root, path);

	return access(full, F_OK) == 0;
}

long long fact_number(const struct fact_source *s, const char *path, long long missing)
{
	auto_free char *text = fact_line(s, path);
	char *end;
	long long v;

	if (!text)
		return missing;
	v = strtoll(text, &end, 10);
	return end == text ? missing : v;
}

bool fact_cpu_flag(const struct fact_source *s, const char *flag)
{
	auto_free char *text = fact_text(s, "/proc/cpuinfo");
	char *line = text ? strstr(text, "\nflags") : NULL, *p;
	size_t len = strlen(flag);

	if (!line)
		return false;
	line[1 + strcspn(line + 1, "\n")] = '\0';
	for (p = strstr(line, flag); p; p = strstr(p + 1, flag))
		if (strchr(" \t", p[-1]) && strchr(" ", p[len]))
			return true;
	return false;
}

struct facts *facts_read(const char *root)
{
	struct facts *f = xcalloc(1, sizeof(*f));
	struct fact_source s = {.root = root, .live = *root == '\0'};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fact_set(&f->items[i], FACT_INFO, "", "not known");
		rows[i].read(&s, &f->items[i]);
	}
	return f;
}

void facts_free(struct facts *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		free(f->items[i].value);
		free(f->items[i].note);
	}
	free(f);
}

size_t facts_count(const struct facts *f)
{
	(void)f;
	return ARRAY_SIZE(rows);
}

const char *facts_key(const struct facts *f, size_t i)
{
	(void)f;
	return rows[i].key;
}

const char *facts_doc(const struct facts *f, size_t i)
{
	(void)f;
	return rows[i].doc;
}

const char *facts_value(const struct facts *f, size_t i)
{
	return f->items[i].value;
}

enum fact_verdict facts_verdict(const struct facts *f, size_t i)
{
	return f->items[i].verdict;
}

const char *facts_note(const struct facts *f, size_t i)
{
	return f->items[i].note;
}

const char *fact_verdict_text(enum fact_verdict v)
{
	static const char *const texts[] = {"good", "info", "limits", "missing"};

	return (size_t)v < ARRAY_SIZE(texts) ? texts[v] : "";
}

const char *facts_get(const struct facts *f, const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].key, key) == 0)
			return f->items[i].value;
	return NULL;
}

void facts_compare(const struct facts *before, const struct facts *after, struct strv *changes)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		facts_compare_value(rows[i].key, before->items[i].value, after, changes);
}

void facts_compare_value(
	const char *key, const char *before, const struct facts *after, struct strv *changes)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *now = after->items[i].value;

		if (!rows[i].moves && !strcmp(rows[i].key, key) && strcmp(before, now) != 0)
			strv_add(changes, "%s was \"%s\", is \"%s\"", key, before, now);
	}
}
