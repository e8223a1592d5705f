/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel counts by itself, sampled into COUNTER records: per thread, per cgroup, per VM
 * (KVM), per CPU of the lab box, and hostd's own cost. Needs no eBPF. */
#ifndef SS_HOST_AGENT_COUNTERS_H
#define SS_HOST_AGENT_COUNTERS_H

#include <sys/types.h>

#include "base/err.h"
#include "host-agent/sink.h"
#include "host-agent/tracer.h"

/* What hostd itself used since it began. */
struct self_cost {
	uint64_t cpu_ns;
	uint64_t switches; /* context switches */
};
struct self_cost self_cost(void);

struct counters;

/* Opens what can be read here; says in NOTE records what is missing. `kvm`: KVM's counters, too. */
struct counters *counters_open(bool kvm, struct sink *s);
/* Whether KVM's counters are read: their files are opened anew for each sample. */
bool counters_has_kvm(const struct counters *c);
void counters_close(struct counters *c); /* NULL is fine */

/* -ESRCH when there is no such thread; *tgid is its process. */
int counters_add_thread(struct counters *c, pid_t tid, struct sink *s, pid_t *tgid, struct err *e);
void counters_drop_thread(struct counters *c, pid_t tid);
/* `path`: the cgroup's folder of the cpu controller (v1) or the unified tree (v2). *has_quota tells
 * whether CPU bandwidth is limited there now. */
int counters_add_cgroup(
	struct counters *c, uint32_t owner, const char *path, bool *has_quota, struct err *e);
/* One sample of everything; of what `tracer` (may be NULL) summed, too, at the same instant. */
void counters_sample(struct counters *c, struct tracer *tracer, struct sink *s);
/* What is read only twice: when its owner comes, and at the end. */
void counters_end(struct counters *c, struct sink *s);
/* One thread alone: what it had when it came. */
void counters_sample_thread(struct counters *c, pid_t tid, struct tracer *tracer, struct sink *s);

#endif
