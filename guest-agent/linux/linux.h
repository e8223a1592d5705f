/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The probes in Linux user space: /init of a guest, or a process of the host (native). A vCPU is a
 * thread. Its "interrupts" are wake-ups from clock_nanosleep: in the thread itself while it has
 * nothing else to do, in a second thread (the timer thread) while it runs a busy probe. Both call
 * agent_interrupt(), never at once: `irq` is what interrupt masking is to the metal guest.
 */
#ifndef SS_LINUX_LINUX_H
#define SS_LINUX_LINUX_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-agent/probe/agent.h"
#include "guest-agent/probe/probe.h"

#define CPUS_MAX 1024 /* CPUs of a machine that the agent runs on */

/* shm_vcpu.fail_code of this guest, from 16 on. */
enum linux_fail_code {
	LINUX_FAIL_POLICY = 16,	 /* the scheduling policy was refused */
	LINUX_FAIL_PROGRAM = 17, /* a program of probe `job` does not run */
};

typedef struct {
	unsigned long bits[CPUS_MAX / (8 * sizeof(unsigned long))];
} cpu_mask;

/* How the thread that waits for the timer is to be scheduled (probe `timer`'s p[1..3]). */
struct policy {
	uint32_t kind; /* enum shm_timer_policy */
	uint32_t priority;
	uint64_t slack_ns;  /* 0 = as it is (50 us) */
	uint64_t period_ns; /* deadline only */
};

struct vcpu {
	struct agent_vcpu agent; /* first: a platform function gets this */
	cpu_mask cpus;		 /* where its threads may run */
	cpu_mask all;		 /* where any thread of this agent may run */
	pthread_t main, timer;
	pthread_mutex_t irq;
	bool irq_off;		    /* written by the main thread alone */
	volatile uint64_t armed;    /* TSC */
	volatile uint32_t timer_on; /* the timer thread serves `armed`; a futex */
	struct policy policy;	    /* of the main thread, as last set */
	bool policy_failed;
	uint64_t steal_ns, steal_tsc; /* /proc/stat as read last, and when */
	int stat_fd;
	int delay_fd[2];   /* schedstat of the main and the timer thread; -1 = none */
	uint64_t delay_ns; /* run delay of the thread that waits, when it went to sleep */
	void *area;	   /* probe memory */
	uint64_t area_bytes;
};

static inline struct vcpu *vcpu_of(struct agent_vcpu *v)
{
	return (struct vcpu *)v;
}

/* What this process is for all its vCPUs. */
struct agent_process {
	bool is_init;	/* /init of a guest: leaving means power off */
	bool is_native; /* on the host itself */
	uint32_t accel, features;
	uint64_t tsc_hz;
	uint64_t steal_step_ns; /* one tick of /proc/stat */
	const char *config;	/* what programs to run, see job.c; NULL = none */
};
extern struct agent_process process;

/* page.c: the shared page, mapped; NULL after a line on stderr. */
struct shm_host *page_from_pci(uint64_t *size);
/* page_xen.c: the same of a guest of Xen. */
bool is_on_xen(void);
struct shm_host *page_from_xen(uint64_t *size);
struct shm_host *page_from_file(const char *path, uint64_t *size);

/* machine.c: hypervisor, TSC frequency; fills `process`, which lies there. */
void machine_detect(void);
/* enum shm_accel, from CPUID. */
uint32_t hypervisor(void);
uint64_t mono_ns(void);
/* CPU number `index` of the machine as a mask; the CPUs this process may use. */
cpu_mask mask_one(unsigned cpu);
cpu_mask mask_mine(void);
void mask_add(cpu_mask *m, unsigned cpu);
/* "0-2,4"; false when it is no such list. */
bool mask_parse(const char *text, cpu_mask *out);
bool thread_bind(const cpu_mask *cpus);

/* vcpu.c: one thread for each; never returns. `cpus[i]` is where vCPU i may run. */
void vcpus_run(struct shm_host *host, const cpu_mask *cpus) __attribute__((noreturn));

/* policy.c: of the calling thread. False, errno set, when refused. */
bool policy_apply(const struct policy *p, const cpu_mask *cpus, const cpu_mask *all);
bool policy_same(const struct policy *a, const struct policy *b);

/* steal.c. The steal column of line "cpu<N>" of a /proc/stat text in ticks; false when there is
 * none. */
bool steal_parse(const char *text, int cpu, uint64_t *ticks);
/* The same of all CPUs below n at once: there[i] is set for those that have a line (an offline CPU
 * has none); the others keep what they have. */
void steal_parse_all(const char *text, uint64_t *ticks, bool *there, unsigned n);
/* Steal of the CPUs in `cpus` now in ns; SHM_STEAL_NONE when none of them has a line. `fd` is
 * /proc/stat. */
uint64_t steal_read(int fd, const cpu_mask *cpus, uint64_t step_ns);
/* Whether this machine's kernel gets steal from what it runs on. */
bool steal_is_provided(void);
/* schedstat of the calling thread (run delay of the guest's own scheduler); -1 = none. */
int delay_open(void);
/* ns; 0 with fd -1 or when it cannot be read. */
uint64_t delay_read(int fd);

/* barrier.c: until told to stop. */
void barrier_work(struct agent_vcpu *v, struct probe_run *run);

/* measure.c: a thread for each measure of process.config, which waits for its time. */
void measures_start(struct vcpu *first);

/* job.c: programs. Words separated by blanks; '...' and "..." keep blanks. In place; there is no
 * shell. `words` has room for WORDS_MAX, ends with a NULL. Returns how many. */
#define WORDS_MAX 64
unsigned split_words(char *text, char **words);
extern const struct probe_ops linux_timer, linux_job, linux_lock;

/* init.c */
void init_mounts(void);
void init_power_off(void) __attribute__((noreturn));

/* install.c: the agent as a systemd service below `root` ("" = this system); exit status. */
int install_main(const char *root);

/* record_main.c: the stand-alone recorder; exit status. */
int record_main(int argc, char **argv);

/* say.c: one line on stderr. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
