/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guests as transient libvirt domains. domain_xml() is pure (plan in, text out). A connection knows
 * its driver: qemu:///embed (in this process, root below the runtime folder) or a daemon.
 *
 * lab_open() starts libvirt's threads and lab_close() ends its own: fork nothing that goes on
 * without exec in between except through noise/ and host/reaper.h, which close what they inherit,
 * and block the signals that a command waits for before lab_open().
 */
#ifndef SS_DOMAIN_DOMAIN_H
#define SS_DOMAIN_DOMAIN_H

#include <sys/types.h>

#include "host/topology.h"
#include "image/disk.h"
#include "plan/plan.h"

/* What runs guests under libvirt. */
#define DOMAIN_EMULATOR "/usr/bin/qemu-system-x86_64"

/* From here on libvirt means no quota (VIR_DOMAIN_CPU_QUOTA_MAX), in us. */
#define QUOTA_MAX_US 17592186044415LL

/* A disk; QEMU is told every format and probes none. */
struct domain_disk {
	const char *path, *format;
	const struct disk_chain *upon; /* only read; NULL = nothing */
	bool readonly;
};
#define DOMAIN_DISKS 2

/* What the XML needs beyond the plan; paths absolute. */
struct domain_files {
	const char *kernel;	 /* metal guest ELF, or a Linux kernel */
	const char *initrd;	 /* NULL for metal */
	const char *cmdline;	 /* NULL for none */
	const char *console_log; /* serial output goes here */
	const char *shm_name;	 /* /dev/shm object, made by the harness beforehand */
	uint64_t shm_size;	 /* bytes, power of two, >= 1 MiB */
	const char *emulator;	 /* qemu-system-x86_64 */
	bool kvm;		 /* resolved accelerator */
	bool xen; /* a domain of Xen: without initrd a PVH one, whose page lies behind its memory */
	const char *firmware; /* ROM image; NULL = QEMU's own (SeaBIOS). See domain_firmware() */
	bool policy_by_hand;  /* domain_policy_by_hand(): leave vcpusched out */
	const struct domain_disk
		*disks; /* vda, vdb: it boots from the first; kernel is NULL then */
	unsigned n_disks;
	const char *uefi_code, *uefi_vars; /* NULL = a BIOS */
	bool network;			   /* a card behind QEMU's own network */
	unsigned port, host_port; /* TCP port of the guest, reached at 127.0.0.1:host_port; 0 = none
				   */
	const char *owner;	  /* owner_self() of base/process.h, for reaping; NULL = none. The
				    domain's UUID follows from it: domain_uuid() */
	bool label_files;	  /* lab_gives_files(): tell it to leave those of the disks alone */
};

/* The firmware that boots this kind of guest fastest here, or NULL for QEMU's own. Metal guests
 * boot by qboot where it is installed: 0.2 s instead of 5 s on a KVM without hardware
 * virtualisation. qboot leaves PCI BARs unassigned; the metal guest places them itself. */
const char *domain_firmware(enum guest_kind kind);

/* The domain XML (UTF-8, formatted). Caller frees. `run` is part of the domain's name:
 * "stealscope-<run>-<guest>". NULL with `e` set on failure. */
char *domain_xml(
	const struct plan_guest *g, const char *run, const struct domain_files *f, struct err *e);

#define DOMAIN_UUID_SIZE 37
/* The UUID of the domain of that name which the harness `owner` makes: a copy of its XML under
 * another name, or by libvirt, has another. Returns buf. */
char *domain_uuid(const char *name, const char *owner, char buf[DOMAIN_UUID_SIZE]);

/* An open connection. `uri`: "auto" (= qemu:///embed), or any libvirt URI. `runtime_dir` is a short
 * path shared by all harnesses, NULL = runtime_root(); the embedded driver lives in its
 * RUNTIME_DIR/PID-START, which lab_close() removes. libvirt's capability cache stays below
 * /var/cache/stealscope (or the user's cache folder): made anew it costs 4 s.
 * -errno with EXIT_HOST in `e` when this box cannot. */
struct lab_conn;
int lab_open(const char *uri, const char *runtime_dir, struct lab_conn **out, struct err *e);
/* The folder that a lab_open() of this URI below the usual runtime folder will use, or NULL: to be
 * removed when this process is killed (see host/reaper.h). Caller frees. */
char *lab_planned_root(const char *uri);
void lab_close(struct lab_conn *c); /* NULL is fine */
AUTO_PTR(lab_close, struct lab_conn *)
/* Whether its domains are Xen's. */
bool lab_is_xen(const struct lab_conn *c);
/* Whether its daemon is still there. */
bool lab_answers(const struct lab_conn *c);
const char *lab_uri(const struct lab_conn *c);
unsigned long lab_libvirt_version(const struct lab_conn *c); /* as libvirt: 9000000 = 9.0.0 */
unsigned long lab_qemu_version(const struct lab_conn *c);
/* uid/gid QEMU runs as under this connection, for the /dev/shm file's owner. */
int lab_qemu_ids(const struct lab_conn *c, uid_t *uid, gid_t *gid, struct err *e);
/* Whether libvirt gives the files that a QEMU opens to the user it runs as (its security driver
 * "dac"): not where all is one user's. */
bool lab_gives_files(const struct lab_conn *c);
/* Whether QEMU runs under a libvirt AppArmor profile there. virt-aa-helper, which writes the
 * profile, refuses a domain with firmware below /usr/share (libvirt 9 and 11) or with a relative
 * path. */
bool lab_confined(const struct lab_conn *c);
/* Topology of the box behind the connection, from its capabilities. */
int lab_topology(const struct lab_conn *c, struct topology *out, struct err *e);
int topology_from_capabilities(const char *xml, struct topology *out, struct err *e);

struct domain;
/* Create and start (transient). May be called from several threads at once. */
int domain_start(struct lab_conn *c, const char *xml, struct domain **out, struct err *e);
/* Kill the QEMU of the domain of that name, whatever libvirt thinks of it: for a start that failed
 * half way, or that does not end (QEMU does not answer; libvirt would wait for ever). */
void domain_kill_named(struct lab_conn *c, const char *name);
const char *domain_name(const struct domain *d);
const char *domain_word(const struct domain *d); /* "QEMU"; "domain", of Xen */
pid_t domain_pid(const struct domain *d);	 /* 0: no process, a domain of Xen */
/* Thread ids of its vCPUs in vCPU order. Fills at most max; *n = how many there are. */
int domain_vcpu_tids(struct domain *d, pid_t *tids, unsigned max, unsigned *n, struct err *e);
/* What the XML cannot say on this kernel: on cgroup v1 with RT_GROUP_SCHED libvirt's vcpusched
 * fails, so domain_xml() leaves it out and the vCPU threads get their policy here. Call it after
 * domain_start(); does nothing where nothing is to be done. */
int domain_apply_policy(struct domain *d, const struct plan_guest *g, struct err *e);

/* The guest's CPU quota, as its XML has it, or for now none: under one of 5 % it boots for 3 s and ends
 * as slowly. Does nothing for a guest without one. */
int domain_limit(struct domain *d, const struct plan_guest *g, bool on, struct err *e);
bool domain_policy_by_hand(void);
/* How many TCP connections to `port` of the guest stand, as QEMU's own network says; -errno. */
int domain_connections(struct domain *d, unsigned port, struct err *e);

/* Only of a domain of Xen. domain_start() leaves it paused: now it is pinned, gets its weight, and runs. */
int domain_xen_let_go(struct domain *d, const struct plan_guest *g, struct err *e);
/* Its memory in this process, until munmap(). */
int domain_xen_page(
	const struct domain *d, uint64_t address, uint64_t bytes, void **out, struct err *e);
/* What it wrote to its console since the last time goes to the end of this file. */
void domain_xen_console(struct domain *d, const char *log);
/* What it granted: see xen/grants.h. */
int domain_xen_grants(
	const struct domain *d, uint32_t list, unsigned pages, void **out, struct err *e);
unsigned domain_xen_id(const struct domain *d);

bool domain_alive(struct domain *d); /* cheap: looks at the process, not at libvirt */
/* Destroy (kill) and free, also on failure. Fine when it is gone already. NULL is fine. */
int domain_stop(struct domain *d, struct err *e);
/* Stop `n` domains together: all QEMUs are killed first, then libvirt's part is awaited. */
int domain_stop_all(struct domain **d, size_t n, struct err *e);

/* Destroy domains of dead harnesses, and remove the folders of their embedded drivers. A domain is
 * one when it carries a dead owner and the UUID that follows from its name and that owner. Each
 * thing that is gone is a line in `removed`, each that is named so and is not proven, or does not
 * go, one in `left` (both may be NULL). Returns how many went, or -errno. */
int lab_reap(struct lab_conn *c, struct strv *removed, struct strv *left, struct err *e);

#endif
