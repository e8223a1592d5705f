/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the files of harness/domain only. */
#ifndef SS_DOMAIN_PRIV_H
#define SS_DOMAIN_PRIV_H

#include <libvirt/libvirt.h>

#include "domain/domain.h"

#define DOMAIN_META_URI	   "https://stealscope.invalid/domain/1"
#define DOMAIN_NAME_PREFIX "stealscope-"

struct lab_conn {
	virConnectPtr conn;
	char *uri;
	char *runtime_dir;
	char *embed_root; /* NULL unless qemu:///embed made by us */
	bool looping;	  /* holds libvirt's event loop */
	int sweep_timer;  /* of libvirt's event loop: collects QEMUs that died while starting */
	int starting;	  /* domain_start()s under way (atomic) */
	const struct domain_ops *ops; /* ops.h: what its domains are */
};

#define QEMU_HELD 4

struct domain {
	struct lab_conn *lab;
	virDomainPtr dom;
	char *name;
	pid_t pid; /* Xen: 0, and pidfd -1 */
	int pidfd;
	int held[QEMU_HELD]; /* while it is ended; n_held */
	unsigned n_held;
	bool refused; /* this user may not kill it */
	bool theirs;  /* somebody else's: its monitor is not asked, which would taint it */
	/* Xen: */
	unsigned xen_id;
	uint64_t looked_ns; /* whether it lives */
	bool gone;
	int console; /* -1: not opened */
	uint64_t console_looked_ns;
};

/* Around a domain's start: dead QEMUs are collected meanwhile. */
void lab_start_begin(struct lab_conn *c);
void lab_start_end(struct lab_conn *c);

/* Turn libvirt's last error of this thread into `e`: one line, with what to do where that is known.
 * Returns -errno. */
int lab_error(struct err *e, const char *what);
/* libvirt tells of a QEMU that ended by its whole command line, kilobytes before the reason. */
void lab_drop_command_line(char *text);

/* Write what qemu:///embed needs below `root` and link its capability cache to a lasting one. */
int embed_prepare(const char *root, struct err *e);
/* Collect the exit status of dead QEMUs of this root: they are children of this process (lab.c),
 * and libvirt polls, up to 40 s, until their zombies are gone. */
void embed_collect(const char *root);
/* This thread stays on the first of its CPUs while libvirt begins. libvirt takes the CPUID that KVM supports, in which the APIC id of
 * the CPU that asks stands (leaf 1, EBX), for the host's, and where that differs from what its cache was written with
 * it asks the emulator again: 0.6 s here, and with many CPUs in nearly every run. false: not possible, nothing to undo. */
bool embed_stay(struct cpuset *before);
/* It, and the threads that began meanwhile, may run on all of its CPUs again. */
void embed_go(const struct cpuset *before);
/* Remove the log that libvirt keeps of a domain that is gone: one per guest of a whole batch.
 * Either may be NULL. */
void embed_forget(const char *root, const char *domain_name);
/* The same domain without <qemu:capabilities>, for a libvirt that does not know the one named
 * there. Caller frees. */
char *domain_xml_plain(const char *xml, struct err *e);

AUTO_PTR(virDomainFree, virDomainPtr)
virDomainPtr domain_handle(const struct domain *d);

/* domain_xml.c: what a domain of this kind has beside what all have. */
struct _xmlNode;
void qemu_xml(struct _xmlNode *root, const struct plan_guest *g, const struct domain_files *f);
void xen_xml(struct _xmlNode *root, const struct plan_guest *g, const struct domain_files *f);

/* disk_xml.c: what a guest with disks has in <os>, <devices> and on QEMU's command line. */
void disk_xml_os(struct _xmlNode *os, const struct domain_files *f);
void disk_xml_devices(struct _xmlNode *devices, const struct domain_files *f);
/* libvirt may not give the file of this <source> another owner. */
void disk_xml_leave_alone(struct _xmlNode *source);
/* What a disk builds upon, as libvirt is to take it: it looks for nothing, and with `label_it` gives
 * none of it another owner. */
void disk_xml_backing(struct _xmlNode *disk, const struct disk_chain *upon, bool label_it);
unsigned disk_xml_args(const struct domain_files *f, char *args[4]);

/* The live QEMU process whose domain has this name, or 0. Looks at libvirt's pid files first. */
pid_t qemu_find(const struct lab_conn *c, const char *domain_name);
/* Whether the process is a QEMU, by its executable, of domain `name` ("" = of any domain of ours). */
bool qemu_is(pid_t pid, const char *name);
/* The same: 1, 0, or -errno when it cannot be looked at. */
int qemu_look(pid_t pid, const char *name);
/* Kill it if it is, held by its pidfd from before it is looked at. True when it is gone. */
bool qemu_kill(pid_t pid, const char *name);

/* Copies of its connected sockets of this box, its monitor's among them: who is at the other end does
 * not see it end. Returns how many; none where this process may not. */
unsigned qemu_hold_sockets(pid_t pid, int pidfd, int held[QEMU_HELD]);

/* vCPU threads from QMP's answer to query-cpus-fast: how many, and tids[CPU]. Any text will do. */
unsigned qmp_cpu_threads(const char *reply, pid_t *tids, unsigned max);
/* The live QEMU process of somebody's domain, by name and UUID, or 0. */
pid_t qemu_of_domain(const char *name, const char *uuid);

/* From now on, what makes GLib give up is told in one line, and the exit status is EXIT_FAILED. */
void glib_tell_its_end(void);

#endif
