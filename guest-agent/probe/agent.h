/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One vCPU's agent: takes commands from the shared page, runs the probes asked for, writes records.
 * The same code in every kind of guest; platform.h is what differs.
 */
#ifndef SS_PROBE_AGENT_H
#define SS_PROBE_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/guest_shm.h"
#include "guest-agent/probe/platform.h"
#include "guest-agent/probe/ring.h"

#define AGENT_LOOK_NS                                                                              \
	UINT64_C(10000000) /* commands are looked at so often, where the page says nothing */
#define AGENT_STEAL_NS	UINT64_C(100000000) /* busy probes write REC_STEAL so often */
#define AGENT_MAX_TICKS 2		    /* timer and steal */

/* shm_vcpu.fail_code below 16; platforms have their own from there. */
enum agent_fail_code {
	AGENT_FAIL_PROBES = 1, /* a probe is not known, or one vCPU has two busy ones */
	AGENT_FAIL_MEMORY = 2, /* less memory than probe `memory` asks for */
};

/* Host time and TSC of one instant: the beacon is read first, so host time at `tsc` >=
 * beacon_ns. */
struct stamp {
	uint64_t beacon_ns;
	uint64_t tsc;
};

struct agent_vcpu;
struct probe_ops;

/* A probe with its parameters on one vCPU. */
struct probe_run {
	const struct probe_ops *ops;
	uint64_t p[4];
	uint64_t deadline;  /* interrupt-driven probes: the next TSC to be called at */
	uint64_t period;    /* ticks */
	uint64_t armed_tsc; /* when `deadline` was set */
	uint64_t done;	    /* busy probes: passes, units, acquisitions or accesses so far */
	uint64_t since;	    /* gap: `done` at the last gap */
	uint64_t last_tsc;  /* gap: the last pass; written by the loop alone */
	uint64_t exit_tsc;  /* gap: end of the last interrupt; written by the handler alone */
	uint64_t entry_tsc; /* gap: its begin */
	uint64_t least_irq, least_write; /* gap: shortest own work seen, see gap_own_end() */
	uint64_t longest;		 /* gap: longest pass below threshold since the last gap */
	uint64_t threshold;		 /* ticks */
	uint32_t irq_seq;		 /* gap: how many interrupts came in */
};

struct agent_vcpu {
	struct shm_host *host;
	struct shm_vcpu *shm;
	struct ring ring;
	unsigned index;
	uint32_t accel, features;
	uint64_t tsc_hz;
	uint32_t look_us; /* of which look_ticks is made */
	uint64_t look_ticks, steal_ticks, deadman_ticks;

	struct probe_run ticks[AGENT_MAX_TICKS];
	unsigned n_ticks;
	struct probe_run busy; /* .ops NULL = none */

	uint64_t next_steal;
	uint64_t beacon_seen, beacon_tsc; /* dead-man's switch: when the beacon last moved */
	uint64_t ping_seen;
};

/* Attach to the shared page; `v` is zeroed memory with accel, features and tsc_hz set. Checks the
 * page's geometry against `size` bytes; NULL or what is wrong with it. */
const char *agent_check_page(const struct shm_host *host, uint64_t size);
void agent_init(struct agent_vcpu *v, struct shm_host *host, unsigned index);

/* Obey commands until there is none left to obey: ends in platform_poweroff(). */
void agent_main(struct agent_vcpu *v) __attribute__((noreturn));

/* The armed deadline has come; `at` was taken as early as possible. Arms the next one. */
void agent_interrupt(struct agent_vcpu *v, const struct stamp *at);

/* Say that this vCPU cannot go on; `code` is the guest's own. */
void agent_fail(struct agent_vcpu *v, uint32_t code);

uint64_t agent_ns_to_ticks(const struct agent_vcpu *v, uint64_t ns);

/* --- for probes --- */

static inline struct stamp agent_stamp(const struct agent_vcpu *v)
{
	struct stamp s;

	s.beacon_ns = v->host->beacon_ns;
	s.tsc = platform_tsc();
	return s;
}

static inline bool agent_running(const struct agent_vcpu *v)
{
	return v->host->command == SHM_CMD_RUN;
}

/* Write a record. Interrupts are out: inside agent_interrupt(), or between
 * platform_irq_off/on(). */
bool agent_emit(struct agent_vcpu *v, uint8_t type, uint8_t probe, const struct stamp *at,
	const uint64_t values[4]);

/* The same, from a busy probe, stamped here with interrupts out: so a ring's records are in the
 * order of their TSC. Returns that TSC. */
uint64_t agent_emit_busy(struct agent_vcpu *v, uint8_t type, uint64_t v0, uint64_t v1, uint64_t v2);

/* To be called by busy probes once `now` >= v->next_steal: REC_STEAL and the dead-man's switch. */
void agent_housekeeping(struct agent_vcpu *v, uint64_t now);

#endif
