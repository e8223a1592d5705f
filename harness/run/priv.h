/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Insiders' view of one run: what the steps (run.c) hand to each other. */
#ifndef SS_RUN_PRIV_H
#define SS_RUN_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "collect/guest_ring.h"
#include "collect/hostd.h"
#include "domain/domain.h"
#include "host/facts.h"
#include "host/reaper.h"
#include "noise/noise.h"
#include "record/folder.h"
#include "run/live_domain.h"
#include "run/run.h"

struct measure_run; /* run/measure.h */

struct guest_run {
	const struct plan_guest *plan;
	struct run_guest *info;
	char *shm_name; /* below /dev/shm */
	char *console;	/* path of its serial log, in the runtime folder */
	char *xml;
	struct guest_shm *shm; /* NULL: seen from outside only (plan->outside) */
	struct domain *domain;
	pid_t tids[SHM_MAX_VCPUS];
	struct err start_err; /* of the thread that started it */
	bool ended_late; /* after the window, before it was told to: what it measured is all there */
	char *kernel, *initrd, *cmdline; /* linux */
	struct disk_guest *disk;	 /* kind "disk" */
	enum live_use use;		 /* of a domain */
	bool page_moved;		 /* of a Linux guest on Xen: into what it granted */
	struct tuning *tuning;		 /* of somebody's domain; NULL = not looked at yet */
	struct native_guest *native;	 /* native: its process; NULL = not started */
	struct measure_run *measures;	 /* that run in it, the first: measure.h */
};

/* Whether the guest is somebody's own domain, not a guest of ours (a copy is one of ours). */
static inline bool guest_is_theirs(const struct guest_run *g)
{
	return g->plan->domain && g->use != LIVE_COPY;
}

struct noise_run {
	struct plan_noise own;	   /* of one that plays: the plan's, with its trace found */
	struct plan_stalls stalls; /* own.stalls */
	char *trace;
	int log; /* of one that plays: what it did, in the record; -1 */
	const struct plan_noise *plan;
	struct run_noise *info;
	struct noise *noise;
	int words; /* its log in the record, which holds what its processes say; -1 */
	bool running;
};

struct session {
	const struct plan *plan;
	const struct run_options *o;
	struct run_info info;
	struct record_folder folder;
	uint64_t begin_ns; /* `run` was called */
	struct guest_run *guests;
	size_t n_guests;
	struct noise_run *noises;
	size_t n_noises;
	struct measure_run *measures;
	size_t n_measures;
	struct facts *facts;
	struct reaper *reaper;
	bool for_reaper;	 /* something could not be removed: it tries again */
	char *runtime_dir;	 /* /run/stealscope/<run>: says who owns the run */
	struct run_lab *own_lab; /* when run_options has none to share */
	struct lab_conn *conn;
	struct hostd *hostd;
	struct xen_witness *witness; /* on Xen, in its place: run/xen.h */
	int debugfs;		     /* its root; -1 = none */
	bool keeps_house;	     /* this thread is on the housekeeping CPUs ... */
	struct cpuset ran_on;	     /* ... and was on these */
	unsigned steps_done;

	/* pump.c: one writes the beacons, one drains the rings, until told to end. */
	pthread_t beacon, pump;
	bool pump_started;
	atomic_bool pump_stop;
	_Atomic uint64_t first_sample_ns; /* host time of the first guest sample; 0 = none yet */
	pthread_mutex_t lock;		  /* around drains of the guests' pages */
	struct err pump_err;		  /* the pump's first error (disk full), ... */
	atomic_bool pump_failed;	  /* ... whole once this is set */
};

/* Fill info from the plan. */
void run_describe(const struct plan *p, const struct run_options *o, struct run_info *info);

/* session.c */
void session_say(struct session *s, const char *what, double fraction);
void session_warn(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* watch.c */
/* -EINTR when the user interrupted, the pump's error, or that of a dead guest; else 0. */
int session_check(struct session *s, struct err *e);
/* Wait until host time `until_ns`, checking every 20 ms; `what` and the share of [from, until] that
 * has passed go to progress. */
int session_wait(
	struct session *s, const char *what, uint64_t from_ns, uint64_t until_ns, struct err *e);

/* console.c: what a guest writes to its serial port is kept in the record, its last part when it is
 * more than CONSOLE_MAX. */
void consoles_bound(struct session *s); /* while it runs: give back what is not kept */
/* The last bytes of its console, at most `size`; how many there are. */
size_t console_end(const struct guest_run *g, char *buf, size_t size);
void consoles_keep(struct session *s);

/* The last lines of a guest's console on one line; caller frees. */
char *console_tail(const char *path);

/* neighbours.c: warn, once each, of runs that other living harnesses have on this box. */
void warn_of_neighbours(struct session *s);
/* Take the VMs of the box that run now into run.json. */
void other_vms_note(struct session *s);
/* Warn of guests between which this kernel divides the CPUs badly (DEFECT_GROUP_LEAD). */
void warn_of_unfair_groups(struct session *s);

/* session.c: the folder that relative paths of the scenario are below; caller frees. */
char *run_scenario_folder(const struct session *s);

/* measures.c. Start all; then, every so often, whether one still runs, and -errno when one failed;
 * once all have ended, their numbers. */
int measures_begin(struct session *s, struct err *e);
int measures_look(struct session *s, bool *running, struct err *e);
int measures_read(struct session *s, struct err *e);
void measures_release(struct session *s);
int step_measures(struct session *s, struct err *e);
void undo_measures(struct session *s);

/* linux.c: what a Linux guest boots from, into `f` (borrowed from `g`); refuses what cannot work.
 * linux_release() removes the initramfs. */
int linux_prepare(struct session *s, struct guest_run *g, struct domain_files *f, struct err *e);
void linux_release(struct guest_run *g);
/* Warns when the kernel of a TCG guest has a wrong idea of its TSC, which it holds to be
 * `tsc_hz`. */
void linux_check_clock(struct session *s, const struct guest_run *g, uint64_t tsc_hz);
/* How long guests may take to come up. */
uint64_t boot_timeout_ns(const struct session *s);

/* Which accelerator a guest with a kernel of a distribution gets here. */
int linux_accel(struct session *s, struct guest_run *g, bool *kvm, struct err *e);

/* disk.c: a guest that is an image of the user's. disk_look_at() refuses what cannot be run, before
 * anything starts; disk_prepare() makes overlay and seed in the runtime folder and fills `f` (which
 * borrows from `g`). */
int step_images(struct session *s, struct err *e);
int disk_prepare(struct session *s, struct guest_run *g, struct domain_files *f, struct err *e);
void disk_release(struct guest_run *g);
/* It is up, as its ready= asks; for ready="agent" the shared page is asked instead. */
int disk_ready(struct session *s, struct guest_run *g, bool *ready, struct err *e);

/* native.c: a guest that is a process of this host. */
int native_start(struct session *s, struct guest_run *g, struct err *e);
bool native_alive(const struct native_guest *n);
int native_tids(const struct guest_run *g, pid_t *tids, struct err *e);
void native_stop(struct guest_run *g);

int pump_start(struct session *s, struct err *e);
void pump_end(struct session *s);
/* Whether the pump met an error, which goes to *e. */
bool pump_failed(const struct session *s, struct err *e);

/* One row per step; `undo` may be NULL and is called in reverse order for every step whose `up` was
 * begun, whether it succeeded or not, so it must cope with half of it done. */
struct step {
	const char *name;
	int (*up)(struct session *s, struct err *e);
	void (*undo)(struct session *s);
};

/* accel.c */
int step_kvm(struct session *s, struct err *e);

/* connection.c */
int step_connect(struct session *s, struct err *e);
void undo_connect(struct session *s);

/* lab.c: before measuring */
int step_shared_pages(struct session *s, struct err *e);
void undo_shared_pages(struct session *s);
int step_domain_xml(struct session *s, struct err *e);
int step_start_domains(struct session *s, struct err *e);
void undo_start_domains(struct session *s);
int step_boot(struct session *s, struct err *e);

/* measure.c: from the tracer to the last sample */
int step_host_agent(struct session *s, struct err *e);
int step_host_agent_ready(struct session *s, struct err *e);
void undo_host_agent(struct session *s);
int step_track(struct session *s, struct err *e);
void undo_track(struct session *s);
int step_pump(struct session *s, struct err *e);
void undo_pump(struct session *s);
int step_sync_clocks(struct session *s, struct err *e);
int step_keep_house(struct session *s, struct err *e);
void undo_keep_house(struct session *s);
int step_warm_up(struct session *s, struct err *e);
int step_measure(struct session *s, struct err *e);
int step_stop_guests(struct session *s, struct err *e);

/* noises.c */
int step_noise(struct session *s, struct err *e);
void undo_noise(struct session *s);
/* Let noises go or hold them as their start and stop times say, `t` ns after measuring began. */
int noise_schedule(struct session *s, uint64_t t, struct err *e);
/* Add (sign +1) or take off (-1) what they report, so that the difference over the window stays. */
void noises_account(struct session *s, int sign);
/* One that did not get what it asked for measures something else than was meant: say why. */
void noises_judge(struct session *s);

#endif
