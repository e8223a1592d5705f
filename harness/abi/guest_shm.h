/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The page shared between the harness and one guest (ivshmem BAR 2), and the 64-byte records that
 * leave through it. Compiled by the harness, the metal guest and the Linux agent, so: fixed widths,
 * no includes but <stdint.h>, static asserts.
 *
 *   offset 0             struct shm_host, written by the host only
 *   offset 4096          struct shm_vcpu[], one per vCPU: a line the guest writes, a line the host writes
 *   offset ring_offset   a ring of ring_slots records per vCPU, ring_stride bytes apart
 *
 * Each ring has one producer (the vCPU) and one consumer (the harness). `head` counts records ever
 * written, `tail` records ever consumed, both free-running; slot = count & (ring_slots - 1). The
 * producer writes the slot, then publishes head (release); when head - tail == ring_slots it drops
 * the record and counts it in `dropped`. No sample costs a VM exit.
 *
 * The host keeps its own copy of the geometry and treats everything a guest can write as hostile.
 * All TSC values are the raw guest TSC; all host times are CLOCK_MONOTONIC in ns.
 */
#ifndef SS_ABI_GUEST_SHM_H
#define SS_ABI_GUEST_SHM_H

#include <stdint.h>

#define SHM_MAGIC UINT64_C(0x31304d4853505353) /* "SSPSHM01" */
/* 2: 256 vCPUs, and sets of them of that many bits. */
#define SHM_VERSION	  2u
#define SHM_MAX_VCPUS	  256u
#define SHM_MAX_PROBES	  8u
#define SHM_CONFIG_OFFSET 2048u
#define SHM_CONFIG_SIZE	  2048u
#define SHM_VCPU_OFFSET	  4096u
#define SHM_RING_OFFSET	  65536u
/* A guest whose beacon stands still so long powers off. */
#define SHM_DEADMAN_NS UINT64_C(5000000000)

/* What the host asks of the guest (shm_host.command). A guest looks at it at least so often as shm_host.look_us
 * says. */
enum shm_command {
	SHM_CMD_IDLE = 0,     /* sleep; wake to look again */
	SHM_CMD_SYNC = 1,     /* spin: answer pings (below) as fast as possible */
	SHM_CMD_RUN = 2,      /* run the probes */
	SHM_CMD_STOP = 3,     /* end the probes: write REC_END, go to SHM_STATE_STOPPED, sleep */
	SHM_CMD_POWEROFF = 4, /* leave */
};

/* Where a vCPU is (shm_vcpu.state). */
enum shm_state {
	SHM_STATE_ABSENT = 0,  /* never came up */
	SHM_STATE_READY = 1,   /* up, idle, commands are read */
	SHM_STATE_RUNNING = 2, /* probes run; REC_START written */
	SHM_STATE_STOPPED = 3, /* REC_END written; nothing more will come */
	SHM_STATE_FAILED = 4,  /* see shm_vcpu.fail_code */
};

enum shm_accel {
	SHM_ACCEL_UNKNOWN = 0,
	SHM_ACCEL_KVM = 1,    /* CPUID 0x40000000 says KVMKVMKVM */
	SHM_ACCEL_TCG = 2,    /* ... says TCGTCGTCG */
	SHM_ACCEL_NATIVE = 3, /* the Linux agent outside any guest of ours */
	SHM_ACCEL_XEN = 4,    /* CPUID 0x40000000 says XenVMMXenVMM */
};

/* shm_vcpu.features */
#define SHM_FEAT_STEAL	      (1u << 0) /* MSR_KVM_STEAL_TIME on: steal_ns fields are valid */
#define SHM_FEAT_KVMCLOCK     (1u << 1) /* tsc_hz came from kvmclock */
#define SHM_FEAT_X2APIC	      (1u << 2)
#define SHM_FEAT_DEADLINE     (1u << 3) /* TSC-deadline timer; else the APIC one-shot timer */
#define SHM_FEAT_STEAL_COARSE (1u << 4) /* steal_ns moves in steps of 1/100 s (/proc/stat) */

/* A steal value that does not exist ("not provided", never 0). */
#define SHM_STEAL_NONE UINT64_MAX

enum probe_id {
	PROBE_NONE = 0,
	/* p[0] period ns; Linux: p[1] enum shm_timer_policy | SHM_TIMER_RELATIVE, p[2] priority,
	 * p[3] timer slack ns (0: as it is) */
	PROBE_TIMER = 1,
	PROBE_GAP = 2, /* p[0] threshold ns */
	PROBE_JOB = 3, /* p[0] loop iterations per unit of work */
	/* p[0] iterations inside the lock, p[1] iterations outside, p[2] report threshold ns */
	PROBE_LOCK = 4,
	PROBE_MEMORY = 5, /* p[0] bytes, p[1] 0 = chase, 1 = bandwidth */
	/* p[0] period ns: REC_STEAL at that period (the other probes carry steal too) */
	PROBE_STEAL = 6,
};

/* Parameters that only guests with a kernel know (the Linux agent). */
enum shm_timer_policy {
	SHM_POLICY_OTHER = 0,
	SHM_POLICY_FIFO = 1,
	SHM_POLICY_RR = 2,
	SHM_POLICY_DEADLINE = 3,
};
#define SHM_TIMER_POLICY   UINT64_C(0xf)
#define SHM_TIMER_RELATIVE (UINT64_C(1) << 4) /* sleep one period from each wake-up on */
#define SHM_JOB_FLOAT	   (UINT64_C(1) << 0) /* on any CPU of the guest, not on the vCPU's own */
#define SHM_JOB_BARRIER	   (UINT64_C(1) << 1) /* a unit ends when all its vCPUs have done theirs */
#define SHM_JOB_OUTPUT	   (UINT64_C(1) << 2) /* what a program prints goes to the console */
enum shm_lock_kind {
	SHM_LOCK_SPIN = 0,
	SHM_LOCK_MUTEX = 1, /* pthread mutex: waiters sleep on a futex */
};

/* REC_TIMER v[3]. */
#define SHM_TIMER_HALTED UINT64_C(1) /* the vCPU had no busy probe */
/* From this bit on: 1 + ns the woken thread was in the guest's own run queue; 0 unknown. */
#define SHM_TIMER_WAIT_SHIFT 8

/* Some of a guest's vCPUs. */
struct shm_vcpus {
	uint64_t bits[SHM_MAX_VCPUS / 64];
};

static inline int shm_vcpus_has(const struct shm_vcpus *s, unsigned vcpu)
{
	return vcpu < SHM_MAX_VCPUS && (s->bits[vcpu / 64] >> (vcpu % 64) & 1);
}

static inline void shm_vcpus_add(struct shm_vcpus *s, unsigned vcpu)
{
	if (vcpu < SHM_MAX_VCPUS)
		s->bits[vcpu / 64] |= UINT64_C(1) << (vcpu % 64);
}

/* How many of the first `n`. */
static inline unsigned shm_vcpus_count(const struct shm_vcpus *s, unsigned n)
{
	unsigned count = 0;

	for (unsigned v = 0; v < n; v++)
		count += (unsigned)shm_vcpus_has(s, v);
	return count;
}

/* A probe with its parameters. timer and steal are driven by the timer interrupt; at most one of gap,
 * job, lock, memory (the busy ones) per vCPU. */
struct shm_probe {
	uint32_t id; /* enum probe_id */
	uint32_t pad;
	struct shm_vcpus vcpus; /* that it runs on */
	uint64_t p[4];
};

struct shm_host {
	/* Written once, before the guest starts. `magic` last. */
	uint64_t magic;
	uint32_t version;
	uint32_t nr_vcpus;
	uint64_t total_size;
	uint32_t ring_offset;
	uint32_t ring_stride; /* bytes from one vCPU's ring to the next */
	uint32_t ring_slots;  /* power of two */
	uint32_t nr_probes;
	uint64_t tsc_hz; /* the guest TSC's frequency where the host knows it, else 0 */
	struct shm_probe probes[SHM_MAX_PROBES];
	uint8_t pad0[1024 - 48 - 72 * SHM_MAX_PROBES];
	/* Written all the time: the beacon. */
	volatile uint64_t beacon_ns; /* host CLOCK_MONOTONIC when written */
	volatile uint32_t command;   /* enum shm_command */
	volatile uint32_t measures;  /* 1: the configuration's measures run now, once */
	/* How often a vCPU looks at the command, in us; 0 means 10,000. Longer where many vCPUs share few CPUs: their
	 * looking alone would fill these (0.3 ms each where KVM emulates). It may change: idle vCPUs read it at each look. */
	volatile uint32_t look_us;
	uint32_t pad2;
	/* Written once: what programs a guest with a kernel runs, where no file of its own says so
	 * (guest-agent/linux/job.c, measure.c). Ends with a NUL. */
	uint8_t pad1[SHM_CONFIG_OFFSET - 1048];
	char config[SHM_CONFIG_SIZE];
};

/* Per vCPU. The first line is the guest's, the second the host's. */
struct shm_vcpu {
	volatile uint64_t head;
	volatile uint64_t dropped;
	volatile uint32_t state;     /* enum shm_state */
	volatile uint32_t fail_code; /* guest's own number, printed with its console tail */
	volatile uint32_t accel;     /* enum shm_accel */
	volatile uint32_t features;  /* SHM_FEAT_* */
	volatile uint64_t tsc_hz;    /* what the guest uses for its TSC */
	volatile uint64_t echo_seq;  /* written after echo_tsc */
	volatile uint64_t echo_tsc;
	volatile uint32_t apic_id; /* to match debugfs and libvirt vCPUs */
	uint32_t pad0;

	volatile uint64_t tail;
	/* SHM_CMD_SYNC: the host writes a new ping_seq; the guest, seeing it, stores echo_tsc =
	 * TSC, then echo_seq = ping_seq. So host time of echo_tsc lies between the host's clock
	 * before the write and after it sees the echo. */
	volatile uint64_t ping_seq;
	uint64_t pad1[6];
};

/* Record types. Below 0x80 written by guests, from 0x80 added by the host's collector. */
enum rec_type {
	REC_NONE = 0,
	REC_START = 1, /* v[0] = features, v[1] = tsc_hz, v[2] = accel */
	REC_END = 2,   /* v[0] = records dropped */
	/* one timer wake-up: v[0] the last deadline that had passed (TSC), v[1] TSC when it was
	 * armed (the sleep began), v[2] deadlines that passed unserved before it: v[0] - i * period
	 * for i = 1..v[2], each of which also woke at this record's tsc (back-filled by the
	 * analysis), v[3] 1 when the vCPU had no busy probe (it was halted), else 0 */
	REC_TIMER = 3,
	/* TSC of the record = end of the gap: v[0] start TSC, v[1] longest loop pass below
	 * threshold since the last gap (TSC ticks), v[2] loop passes since the last gap */
	REC_GAP = 4,
	REC_JOB = 5, /* one unit of work done: v[0] start TSC, v[1] unit number */
	/* a lock wait over the threshold: v[0] TSC when waiting began, v[1] acquisitions so far,
	 * v[2] TSC when the lock was got (the record is written after its release) */
	REC_LOCK = 6,
	REC_MEMORY = 7, /* v[0] start TSC, v[1] accesses (chase) or bytes (bandwidth) */
	REC_STEAL = 8,	/* the counter alone; v[0] for busy probes: loop passes or units so far */

	/* What a measure's program prints, and its end: v[0] = its number | enum shm_output << 8 |
	 * bytes << 16 | (SHM_OUTPUT_END) wait status << 32, v[1..3] = these bytes. */
	REC_OUTPUT = 9,

	/* host: v[0] host ns, read after all records before this one were seen; v[1] the vCPU's
	 * dropped counter */
	REC_DRAIN = 0x80,
	REC_SYNC = 0x81, /* host: tsc = echo_tsc; v[0], v[1] = host ns before and after */
	/* host: tsc = host TSC; v[0] = host ns, v[1] = +- error ns of that pair, v[2] = guest TSC
	 * offset (debugfs tsc-offset, two's complement) */
	REC_OFFSET = 0x82,
	/* host: v[0] records known lost or torn on this vCPU, v[1] enum rec_lost_reason */
	REC_LOST = 0x83,
};

enum shm_output { SHM_OUTPUT_OUT = 1, SHM_OUTPUT_ERR = 2, SHM_OUTPUT_END = 3 };
#define SHM_OUTPUT_BYTES 24u

/* What rings dropped for want of room is no REC_LOST: REC_DRAIN carries that count. */
enum rec_lost_reason {
	LOST_TORN = 1, /* a slot held something else than the next record */
	/* `head` or `dropped` moved as no sound guest moves it; v[0] is a ring's worth */
	LOST_JUMP = 2,
	LOST_OVER = 3, /* more than the guest may put into the record */
};

struct shm_rec {
	uint8_t type;  /* enum rec_type */
	uint8_t probe; /* enum probe_id, 0 if none */
	uint16_t vcpu; /* set by the collector: a guest cannot speak for another vCPU */
	/* low 32 bits of the ring count of this record, +1: a slot never written reads 0 */
	uint32_t seq;
	uint64_t tsc;	   /* guest TSC when the record was made */
	uint64_t steal_ns; /* KVM steal counter at that time, or SHM_STEAL_NONE */
	/* last beacon seen, read BEFORE tsc: host time at `tsc` is at least this */
	uint64_t beacon_ns;
	uint64_t v[4];
};

_Static_assert(sizeof(struct shm_probe) == 72, "shm_probe");
_Static_assert(__builtin_offsetof(struct shm_host, probes) == 48, "probes");
_Static_assert(__builtin_offsetof(struct shm_host, beacon_ns) == 1024, "beacon");
_Static_assert(__builtin_offsetof(struct shm_host, config) == SHM_CONFIG_OFFSET, "config");
_Static_assert(sizeof(struct shm_host) <= SHM_VCPU_OFFSET, "shm_host");
_Static_assert(sizeof(struct shm_vcpu) == 128, "shm_vcpu");
_Static_assert(
	SHM_VCPU_OFFSET + SHM_MAX_VCPUS * sizeof(struct shm_vcpu) <= SHM_RING_OFFSET, "vCPUs");
_Static_assert(__builtin_offsetof(struct shm_vcpu, tail) == 64, "tail line");
_Static_assert(sizeof(struct shm_rec) == 64, "shm_rec");

/*
 * guest/<name>.bin in a record: this header, then shm_rec's as collected (the rings' records in
 * order per vCPU, the host's records between them). Append-only: a cut file is read up to the cut.
 */
#define GUEST_FILE_MAGIC UINT64_C(0x3130544755475353) /* "SSGUGT01" */
/* 1: at most 16 vCPUs, else the same. */
#define GUEST_FILE_VERSION 2u
struct guest_file_header {
	uint64_t magic;
	uint32_t version;     /* GUEST_FILE_VERSION */
	uint32_t header_size; /* records start here */
	uint32_t rec_size;    /* 64 */
	uint32_t nr_vcpus;
	uint64_t start_host_ns; /* CLOCK_MONOTONIC when the file was begun */
	uint64_t start_unix_ns; /* CLOCK_REALTIME at the same instant */
	char name[64];
	uint8_t pad[24];
};
_Static_assert(sizeof(struct guest_file_header) == 128, "guest_file_header");

#endif
