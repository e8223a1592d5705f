/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by facts*.c only. */
#ifndef SS_HOST_PRIV_H
#define SS_HOST_PRIV_H

#include "host/facts.h"

struct fact {
	char *value, *note;
	enum fact_verdict verdict;
};

/* Where readers look. */
struct fact_source {
	const char *root;
	bool live; /* this box: system calls mean something */
};

struct fact_row {
	const char *key;
	const char *doc;
	void (*read)(const struct fact_source *s, struct fact *f);
	bool moves; /* changes by itself: not compared */
};

/* Set verdict, what follows ("" = nothing), and the value. */
void fact_set(struct fact *f, enum fact_verdict v, const char *note, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* First line of a file below the root, without its newline; NULL if it cannot be read. Caller
 * frees. */
char *fact_line(const struct fact_source *s, const char *path);
/* The whole file; NULL if it cannot be read. Caller frees. */
char *fact_text(const struct fact_source *s, const char *path);
bool fact_exists(const struct fact_source *s, const char *path);
/* A number in a file, or `missing`. */
long long fact_number(const struct fact_source *s, const char *path, long long missing);
/* Whether /proc/cpuinfo's flags have this word. */
bool fact_cpu_flag(const struct fact_source *s, const char *flag);

/* facts_cpu.c */
void fact_cpu_model(const struct fact_source *s, struct fact *f);
void fact_cpu_online(const struct fact_source *s, struct fact *f);
void fact_cpu_allowed(const struct fact_source *s, struct fact *f);
void fact_cpu_isolated(const struct fact_source *s, struct fact *f);
void fact_cpu_smt(const struct fact_source *s, struct fact *f);
void fact_cpu_numa(const struct fact_source *s, struct fact *f);
void fact_cpu_microcode(const struct fact_source *s, struct fact *f);
void fact_cpu_mitigations(const struct fact_source *s, struct fact *f);
void fact_cpu_governor(const struct fact_source *s, struct fact *f);
void fact_cpu_turbo(const struct fact_source *s, struct fact *f);
void fact_memory(const struct fact_source *s, struct fact *f);
void fact_hugepages(const struct fact_source *s, struct fact *f);

/* facts_kvm.c */
void fact_kvm_kind(const struct fact_source *s, struct fact *f);
void fact_kvm_device(const struct fact_source *s, struct fact *f);
void fact_kvm_halt_poll(const struct fact_source *s, struct fact *f);
void fact_kvm_nested(const struct fact_source *s, struct fact *f);
void fact_kvm_debugfs(const struct fact_source *s, struct fact *f);
void fact_box_path(const struct fact_source *s, struct fact *f);
void fact_box_vm(const struct fact_source *s, struct fact *f);
void fact_box_steal(const struct fact_source *s, struct fact *f);

/* facts_kernel.c */
void fact_host_name(const struct fact_source *s, struct fact *f);
void fact_kernel(const struct fact_source *s, struct fact *f);
void fact_defects(const struct fact_source *s, struct fact *f);
void fact_tick(const struct fact_source *s, struct fact *f);
void fact_clocksource(const struct fact_source *s, struct fact *f);
void fact_cgroup(const struct fact_source *s, struct fact *f);
void fact_rt_group(const struct fact_source *s, struct fact *f);
void fact_rt_throttling(const struct fact_source *s, struct fact *f);
void fact_ebpf(const struct fact_source *s, struct fact *f);
void fact_btf(const struct fact_source *s, struct fact *f);
void fact_bpf_unprivileged(const struct fact_source *s, struct fact *f);
void fact_schedstat(const struct fact_source *s, struct fact *f);
void fact_psi(const struct fact_source *s, struct fact *f);
void fact_pmu(const struct fact_source *s, struct fact *f);
void fact_perf_paranoid(const struct fact_source *s, struct fact *f);
void fact_numa_balancing(const struct fact_source *s, struct fact *f);
void fact_ksm(const struct fact_source *s, struct fact *f);

#endif
