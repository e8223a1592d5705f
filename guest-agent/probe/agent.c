/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One vCPU's agent: commands, states, the one timer that all interrupt-driven probes share. */
#include "guest-agent/probe/agent.h"
#include "guest-agent/probe/probe.h"

/* In SHM_CMD_SYNC a vCPU spins so long after a ping: the next comes at once. */
#define SYNC_SPIN_NS UINT64_C(3000000)

/* ns * hz / 1e9. Whole seconds are multiplied, the rest too; neither overflows: an hour is the
 * longest, and hz is less than 2^34, as the products below need it. */
uint64_t agent_ns_to_ticks(const struct agent_vcpu *v, uint64_t ns)
{
	const uint64_t second = UINT64_C(1000000000);

	if (ns > 3600 * second)
		ns = 3600 * second;
	return ns / second * v->tsc_hz + ns % second * v->tsc_hz / second;
}

static bool is_power_of_two(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

const char *agent_check_page(const struct shm_host *host, uint64_t size)
{
	uint64_t ring_bytes = (uint64_t)host->ring_slots * sizeof(struct shm_rec);

	if (host->magic != SHM_MAGIC)
		return "the shared page was not set up by a harness (no magic number)";
	if (host->version != SHM_VERSION)
		return "the shared page has another version";
	if (host->nr_vcpus < 1 || host->nr_vcpus > SHM_MAX_VCPUS ||
		host->nr_probes > SHM_MAX_PROBES)
		return "the shared page asks for too many vCPUs or probes";
	if (!is_power_of_two(host->ring_slots) || host->ring_stride < ring_bytes ||
		host->ring_offset < SHM_VCPU_OFFSET + SHM_MAX_VCPUS * sizeof(struct shm_vcpu) ||
		host->ring_offset + (uint64_t)host->nr_vcpus * host->ring_stride > size)
		return "the rings do not fit the shared page";
	return 0;
}

/* The harness may change it: guests that are up look more rarely while others start. */
static void agent_take_look(struct agent_vcpu *v)
{
	uint32_t us = v->host->look_us;

	if (us == v->look_us && v->look_ticks)
		return;
	v->look_us = us;
	v->look_ticks = agent_ns_to_ticks(v, us ? us * UINT64_C(1000) : AGENT_LOOK_NS);
}

void agent_init(struct agent_vcpu *v, struct shm_host *host, unsigned index)
{
	uint8_t *page = (uint8_t *)host;

	v->host = host;
	v->index = index;
	v->shm = (struct shm_vcpu *)(page + SHM_VCPU_OFFSET) + index;
	ring_init(&v->ring, v->shm, page + host->ring_offset + (uint64_t)index * host->ring_stride,
		host->ring_slots);
	agent_take_look(v);
	v->steal_ticks = agent_ns_to_ticks(v, AGENT_STEAL_NS);
	v->deadman_ticks = agent_ns_to_ticks(v, SHM_DEADMAN_NS);
	v->beacon_tsc = platform_tsc();
	v->shm->accel = v->accel;
	v->shm->features = v->features;
	v->shm->tsc_hz = v->tsc_hz;
}

void agent_fail(struct agent_vcpu *v, uint32_t code)
{
	v->shm->fail_code = code;
	v->shm->state = SHM_STATE_FAILED;
}

bool agent_emit(struct agent_vcpu *v, uint8_t type, uint8_t probe, const struct stamp *at,
	const uint64_t values[4])
{
	struct shm_rec *rec = ring_slot(&v->ring);

	if (!rec)
		return false;
	rec->type = type;
	rec->probe = probe;
	rec->vcpu = (uint16_t)v->index;
	rec->tsc = at->tsc;
	rec->steal_ns = platform_steal(v);
	rec->beacon_ns = at->beacon_ns;
	rec->v[0] = values[0];
	rec->v[1] = values[1];
	rec->v[2] = values[2];
	rec->v[3] = values[3];
	ring_publish(&v->ring, rec);
	return true;
}

uint64_t agent_emit_busy(struct agent_vcpu *v, uint8_t type, uint64_t v0, uint64_t v1, uint64_t v2)
{
	struct stamp at;

	platform_irq_off(v);
	at = agent_stamp(v);
	agent_emit(v, type, (uint8_t)v->busy.ops->id, &at, (uint64_t[4]){v0, v1, v2, 0});
	platform_irq_on(v);
	return at.tsc;
}

/* Power off when the beacon has stood still for SHM_DEADMAN_NS: nobody is left to drain us. */
static void agent_check_beacon(struct agent_vcpu *v)
{
	struct stamp now = agent_stamp(v);

	if (now.beacon_ns != v->beacon_seen) {
		v->beacon_seen = now.beacon_ns;
		v->beacon_tsc = now.tsc;
	} else if (now.tsc - v->beacon_tsc > v->deadman_ticks) {
		platform_poweroff(v, "the harness is gone: its beacon stands still");
	}
}

void agent_housekeeping(struct agent_vcpu *v, uint64_t now)
{
	agent_emit_busy(v, REC_STEAL, v->busy.done, 0, 0);
	v->next_steal = now + v->steal_ticks;
	agent_check_beacon(v);
}

/* Arm for what comes first: an interrupt-driven probe, or, when idle, the next look at the
 * command. */
static void agent_arm_next(struct agent_vcpu *v, uint64_t now)
{
	uint64_t first = now + v->look_ticks;

	for (unsigned i = 0; i < v->n_ticks; i++)
		if ((int64_t)(v->ticks[i].deadline - first) < 0)
			first = v->ticks[i].deadline;
	platform_arm(v, first);
}

void agent_interrupt(struct agent_vcpu *v, const struct stamp *at)
{
	const struct probe_ops *busy = v->busy.ops;

	if (busy && busy->irq_enter)
		busy->irq_enter(v, &v->busy, at);
	for (unsigned i = 0; i < v->n_ticks; i++) {
		struct probe_run *run = &v->ticks[i];

		if ((int64_t)(at->tsc - run->deadline) >= 0)
			run->ops->tick(v, run, at);
	}
	/* Busy probes look at the command themselves: without interrupt-driven ones they need
	 * none. */
	if (v->n_ticks != 0)
		agent_arm_next(v, at->tsc);
	if (busy && busy->irq_exit)
		busy->irq_exit(v, &v->busy);
}

/* Sleep for a while without probes. Interrupts stay out between arming and sleeping, else the one
 * we armed could be over before we sleep. */
static void agent_nap(struct agent_vcpu *v, uint64_t ticks)
{
	platform_irq_off(v);
	platform_arm(v, platform_tsc() + ticks);
	platform_idle(v);
	agent_check_beacon(v);
}

static void agent_sync(struct agent_vcpu *v)
{
	/* Kept waiting it looks ten times as often as for commands, and less the more vCPUs there are: the looks of many
	 * add up (128 of them, every ms: two CPUs did nothing else where KVM emulates). */
	uint64_t spin = agent_ns_to_ticks(v, SYNC_SPIN_NS),
		 nap = v->look_ticks / 10 * (1 + v->host->nr_vcpus / 16);
	uint64_t last_ping = platform_tsc() - spin;

	while (v->host->command == SHM_CMD_SYNC) {
		uint64_t ping = v->shm->ping_seq;

		if (ping != v->ping_seen) {
			last_ping = platform_tsc();
			v->shm->echo_tsc = last_ping;
			platform_barrier();
			v->shm->echo_seq = ping;
			v->ping_seen = ping;
		} else if (platform_tsc() - last_ping >= spin) {
			/* The harness has others: leave the CPU to these. */
			agent_nap(v, nap);
		}
	}
}

/* Take the probes meant for this vCPU; false when the page asks for what cannot be. */
static bool agent_take_probes(struct agent_vcpu *v)
{
	v->n_ticks = 0;
	v->busy.ops = 0;
	for (unsigned i = 0; i < v->host->nr_probes && i < SHM_MAX_PROBES; i++) {
		const struct shm_probe *wanted = &v->host->probes[i];
		const struct probe_ops *ops = probe_find(wanted->id);
		struct probe_run *run;

		if (!shm_vcpus_has(&wanted->vcpus, v->index))
			continue;
		if (!ops || (ops->tick && v->n_ticks == AGENT_MAX_TICKS) ||
			(ops->work && v->busy.ops))
			return false;
		run = ops->tick ? &v->ticks[v->n_ticks++] : &v->busy;
		*run = (struct probe_run){.ops = ops};
		for (unsigned k = 0; k < 4; k++)
			run->p[k] = wanted->p[k];
	}
	return true;
}

/* Written even when the ring is full for a moment: the host is draining it. */
static void agent_emit_end(struct agent_vcpu *v)
{
	struct stamp at;

	for (int tries = 0; tries < 100 && ring_full(&v->ring); tries++)
		agent_nap(v, v->look_ticks);
	at = agent_stamp(v);
	agent_emit(v, REC_END, PROBE_NONE, &at, (uint64_t[4]){v->ring.dropped});
}

static void agent_run_probes(struct agent_vcpu *v)
{
	struct stamp at;

	if (!agent_take_probes(v)) {
		platform_say(v, "a probe is not known here, or one vCPU has two busy ones");
		agent_fail(v, AGENT_FAIL_PROBES);
		return;
	}
	at = agent_stamp(v);
	agent_emit(
		v, REC_START, PROBE_NONE, &at, (uint64_t[4]){v->features, v->tsc_hz, v->accel, 0});
	v->shm->state = SHM_STATE_RUNNING;

	platform_irq_off(v);
	for (unsigned i = 0; i < v->n_ticks; i++)
		v->ticks[i].ops->start(v, &v->ticks[i]);
	v->next_steal = platform_tsc() + v->steal_ticks;
	if (v->busy.ops)
		v->busy.ops->start(v, &v->busy);
	if (v->n_ticks != 0)
		agent_arm_next(v, platform_tsc());
	platform_irq_on(v);

	if (v->busy.ops)
		v->busy.ops->work(v, &v->busy);
	while (agent_running(v) && v->shm->state == SHM_STATE_RUNNING) {
		if (v->n_ticks == 0) {
			agent_nap(v, v->look_ticks);
			continue;
		}
		platform_idle(v); /* agent_interrupt() arms */
		agent_check_beacon(v);
	}

	platform_irq_off(v);
	v->n_ticks = 0;
	v->busy.ops = 0;
	platform_irq_on(v);
	agent_emit_end(v);
	if (v->shm->state == SHM_STATE_RUNNING)
		v->shm->state = SHM_STATE_STOPPED;
}

void agent_main(struct agent_vcpu *v)
{
	bool ran = false;

	v->ping_seen = v->shm->ping_seq;
	v->shm->state = SHM_STATE_READY;
	for (;;) {
		agent_take_look(v);
		switch (v->host->command) {
		case SHM_CMD_SYNC:
			agent_sync(v);
			break;
		case SHM_CMD_RUN:
			if (!ran && v->shm->state != SHM_STATE_FAILED)
				agent_run_probes(v);
			else
				agent_nap(v, v->look_ticks);
			ran = true;
			break;
		case SHM_CMD_POWEROFF:
			platform_poweroff(v, "told to");
		default:
			ran = false;
			agent_nap(v, v->look_ticks);
		}
	}
}
