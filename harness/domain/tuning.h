/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The CPU tuning of a domain that somebody else owns: read whole, changed, put back exactly.
 *
 *     tuning_read() -> tuning_want() for each change -> tuning_save() -> tuning_apply()
 *     ... measure ...
 *     tuning_put_back() -> tuning_forget()
 *
 * Nothing may be applied before it is saved. The file (runtime_root()/tuning/UUID) names the domain
 * by URI, UUID and its QEMU's pid and start time, and its owner; so after a kill -9 the reaper,
 * `clean`, or the next run puts back what it says. A change and its inverse are rows of one list.
 *
 * Rows are named as virsh names them: "vcpupin.0", "emulatorpin", "iothreadpin.1",
 * "schedinfo.vcpu_quota", "numatune.nodeset"; and "policy.0" (scheduling policy of a vCPU's thread)
 * and "cpugroup.0" (its control group, moved only where a real-time policy needs it).
 *
 * libvirt can set every one of its tunables, but not take one back that was never set: the default
 * would stand in the domain's XML from then on. So what the live XML does not name is changed in
 * the kernel, where this user may, and libvirt never learns of it; everything else goes through
 * libvirt. Only the live domain is touched, its configuration never.
 */
#ifndef SS_DOMAIN_TUNING_H
#define SS_DOMAIN_TUNING_H

#include "base/util.h"
#include "domain/domain.h"

enum tuning_way {
	TUNING_LIBVIRT, /* the domain's XML names it */
	TUNING_KERNEL,	/* it does not: thread affinity, control group */
};

struct tuning_row {
	char *key;
	char *had;  /* what was read; never NULL */
	char *want; /* what it is changed to; NULL = left alone */
	enum tuning_way way;
	bool named; /* the live XML names it */
	/* Changed by way of libvirt it would leave in the live XML what was not there. */
	bool leaves_mark;
};

struct tuning {
	char *uri, *uuid, *name;
	char *owner;	      /* who changes it: owner_self() */
	pid_t pid;	      /* its QEMU */
	uint64_t start_ticks; /* of that process */
	bool started;	      /* it was shut off and is to be shut down again */
	unsigned vcpus;
	struct tuning_row *rows;
	size_t n_rows;
	int fd; /* the saved file, locked; -1 = none */
};

/* What became of a tuning. */
#define TUNING_RECOVER_NS (20 * NS_PER_S) /* how long a libvirt that does not answer is awaited */

struct tuning_outcome {
	bool gone; /* its QEMU has ended, and the change with it */
	bool late; /* libvirt does not answer: the kernel has it back, libvirt's book has not */
	unsigned put_back;
	struct strv kept; /* its owner changed it meanwhile: a sentence each; left as it is */
	struct strv lost; /* could not be put back: a sentence each */
};
void tuning_outcome_release(struct tuning_outcome *o);

/* All that libvirt and the kernel say of a running domain. ENOENT there is no such domain; ESRCH it
 * does not run. */
int tuning_read(struct lab_conn *c, const char *domain, struct tuning **out, struct err *e);
void tuning_free(struct tuning *t); /* NULL is fine */
AUTO_PTR(tuning_free, struct tuning *)

/* Mark a row to be changed; the same as it has = left alone. -ENOENT when there is no such row. */
int tuning_want(struct tuning *t, const char *key, const char *value, struct err *e);
/* NULL when there is none. */
struct tuning_row *tuning_row(const struct tuning *t, const char *key);
/* Whether libvirt can move its memory to other nodes while it runs: since 8.0 in mode "restrictive" only; QEMU's own
 * binding, which the other modes use, stays. */
bool tuning_memory_moves(const struct tuning *t);
/* "vcpupin.0 0-1 -> 0, ..." of the rows that are changed; "" of none. Caller frees. */
char *tuning_text(const struct tuning *t);
/* The same of the rows that stand in the live XML: they go wherever the domain goes. */
char *tuning_text_in_xml(const struct tuning *t);
/* How many rows are changed by way of libvirt though that leaves a mark: this user may not do it
 * otherwise (or the group that libvirt made for the pin does not hold the CPUs wanted), and the XML
 * will name the default. */
unsigned tuning_names_defaults(const struct tuning *t);

/* Write it to disk, synced, before anything is applied. -EBUSY when a living stealscope changes this
 * domain already. What a dead one left is put back first, told in `done` (may be NULL): then
 * -EAGAIN, for what was read is not what the domain's owner wants; read it again. */
int tuning_save(struct tuning *t, struct strv *done, struct err *e);
/* Change what is wanted, in order. On failure what was changed stays so until tuning_put_back(). */
int tuning_apply(struct lab_conn *c, const struct tuning *t, struct err *e);
/* Put back what was changed and is still as it was changed to. `c` may be NULL or broken: then the
 * kernel's side is put back at once, and libvirt's when it answers within `wait_ns`. Never fails:
 * the outcome says. */
void tuning_put_back(
	struct lab_conn *c, const struct tuning *t, uint64_t wait_ns, struct tuning_outcome *out);
/* A domain that was started for the run is shut down: asked to, and awaited. */
void tuning_shut_down(struct lab_conn *c, const struct tuning *t, struct tuning_outcome *out);
/* Compare with what was read: -EIO naming the first row that differs and was not kept. */
int tuning_check(struct lab_conn *c, const struct tuning *t, struct err *e);
/* Remove the saved file, unless the outcome says that something is still to do. */
void tuning_forget(struct tuning *t, const struct tuning_outcome *o);

/* A change that stays. */
struct tuning_kept {
	const char *key, *had, *want;
	char *config; /* what the configuration had: the caller frees */
};
/* Change all of them, or on failure none, by way of libvirt: of the running domain, with `persistent` of its
 * configuration too (then `config` is filled in). Its owner's own change from then on: nothing is saved. */
int tuning_keep(struct lab_conn *c, const char *domain, struct tuning_kept *rows, size_t n,
	bool persistent, struct err *e);

/* Path of the saved file. Caller frees. */
char *tuning_path(const struct tuning *t);
/* Put back what a saved file says, and remove it. A file whose owner lives is left alone. One line
 * for each thing done in `done`. 1 when something was done, 0 when there was nothing to do. */
int tuning_recover(const char *path, struct strv *done, struct err *e);
/* The same for all files of dead owners. Returns how many, or -errno. */
int tuning_recover_all(struct strv *done, struct err *e);

#endif
