/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guests as transient libvirt domains. domain_xml() is pure (plan in, text out). A connection knows
 * its driver: qemu:///embed (in this process, root below the runtime folder) or a daemon.
 */
#ifndef SS_DOMAIN_DOMAIN_H
#define SS_DOMAIN_DOMAIN_H

#include <sys/types.h>

#include "host/topology.h"
#include "plan/plan.h"

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
};

/* The domain XML (UTF-8, formatted). Caller frees. `run` is part of the domain's name:
 * "stealscope-<run>-<guest>". NULL with `e` set on failure. */
char *domain_xml(const struct plan_guest *g, const char *run, const struct domain_files *f, struct err *e);

/* An open connection. `uri`: "auto" (= qemu:///embed below runtime_dir), or any libvirt URI. */
struct lab_conn;
int lab_open(const char *uri, const char *runtime_dir, struct lab_conn **out, struct err *e);
void lab_close(struct lab_conn *c); /* NULL is fine */
const char *lab_uri(const struct lab_conn *c);
unsigned long lab_libvirt_version(const struct lab_conn *c); /* as libvirt: 9000000 = 9.0.0 */
unsigned long lab_qemu_version(const struct lab_conn *c);
/* uid/gid QEMU runs as under this connection, for the /dev/shm file's owner. */
int lab_qemu_ids(const struct lab_conn *c, uid_t *uid, gid_t *gid, struct err *e);
/* Topology of the box behind the connection, from its capabilities. */
int lab_topology(const struct lab_conn *c, struct topology *out, struct err *e);
int topology_from_capabilities(const char *xml, struct topology *out, struct err *e);

struct domain;
/* Create and start (transient). */
int domain_start(struct lab_conn *c, const char *xml, struct domain **out, struct err *e);
const char *domain_name(const struct domain *d);
pid_t domain_pid(const struct domain *d);
/* Thread ids of its vCPUs in vCPU order. Fills at most max; *n = how many there are. */
int domain_vcpu_tids(struct domain *d, pid_t *tids, unsigned max, unsigned *n, struct err *e);
bool domain_alive(struct domain *d); /* cheap: looks at the process, not at libvirt */
/* Destroy (kill) and free. Fine when it is gone already. NULL is fine. */
int domain_stop(struct domain *d, struct err *e);

/* Destroy domains named "stealscope-*" that no live harness owns. Returns how many, or -errno. */
int lab_reap(struct lab_conn *c, struct err *e);

#endif
