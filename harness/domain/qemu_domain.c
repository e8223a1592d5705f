// SPDX-License-Identifier: GPL-3.0-or-later
/* A guest as a QEMU of this box: its process and threads are looked at, not libvirt's word of them. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "domain/ops.h"
#include "domain/tuning_priv.h"
#include "host/cgroup.h"

#define QBOOT	     "/usr/share/qemu/qboot.rom"
#define COLLECTED_NS (50 * NS_PER_MS)

const char *domain_firmware(enum guest_kind kind)
{
	return kind == GUEST_METAL && access(QBOOT, R_OK) == 0 ? QBOOT : NULL;
}

static virDomainPtr create(struct lab_conn *c, const char *xml, struct err *e)
{
	virDomainPtr dom = virDomainCreateXML(c->conn, xml, 0);
	const virError *v = dom ? NULL : virGetLastError();

	if (v && v->message && strstr(v->message, "namespace capability")) {
		auto_free char *plain = domain_xml_plain(xml, e);

		dom = plain ? virDomainCreateXML(c->conn, plain, 0) : NULL;
	}
	if (!dom)
		lab_error(e, "a guest did not start");
	return dom;
}

static int start(struct domain *d, const char *xml, struct err *e)
{
	struct lab_conn *c = d->lab;

	lab_start_begin(c);
	d->dom = create(c, xml, e);
	lab_start_end(c);
	if (!d->dom)
		return e && e->code ? -e->code : -EIO;
	d->name = xstrdup(virDomainGetName(d->dom));
	d->pid = qemu_find(c, d->name);
	d->pidfd = d->pid ? process_open(d->pid) : -ESRCH;
	if (d->pidfd >= 0 && qemu_is(d->pid, d->name))
		return 0;
	virDomainDestroy(d->dom);
	return d->pidfd == -ENOSYS
		       ? err_set(e, ENOSYS,
				 "%s started, but cannot be watched: no pidfd_open(2) here",
				 d->name)
		       : err_set(e, ESRCH,
				 "%s started, but its QEMU is not a process of this box (connected to %s); guests must run where stealscope does",
				 d->name, c->uri);
}

static bool alive(struct domain *d)
{
	if (!process_ended(d->pidfd))
		return true;
	process_collect(d->pidfd); /* libvirt polls until the zombie is gone */
	return false;
}

/* Thread names are "CPU 3/KVM" and "CPU 3/TCG" (QEMU's debug-threads, which libvirt turns on). */
static unsigned tids_from_proc(pid_t pid, pid_t *tids, unsigned max)
{
	auto_free char *dir = xasprintf("/proc/%d/task", (int)pid);
	unsigned found = 0, cpu;

	for (auto_struct(folder) f = {.dir = opendir(dir)}; folder_next(&f);) {
		auto_free char *path = xasprintf("%s/%s/comm", dir, f.name);
		auto_free char *comm = NULL;
		int end = 0;

		if (!isdigit((unsigned char)f.name[0]))
			continue;
		comm = read_file(path, 64, NULL, NULL);
		if (!comm || sscanf(comm, "CPU %u/%n", &cpu, &end) != 1 || !end)
			continue;
		if (cpu < max)
			tids[cpu] = atoi(f.name);
		found++;
	}
	return found;
}

/* {"return":[{"thread-id":N,"cpu-index":I,...},...]}: how many threads, their ids by CPU. */
unsigned qmp_cpu_threads(const char *reply, pid_t *tids, unsigned max)
{
	json_auto_t *all = json_loads(reply, 0, NULL);
	json_t *cpu;
	unsigned found = 0;
	size_t at;

	json_array_foreach(json_object_get(all, "return"), at, cpu)
	{
		json_int_t tid = json_integer_value(json_object_get(cpu, "thread-id"));
		json_int_t index = json_integer_value(json_object_get(cpu, "cpu-index"));

		if (tid <= 1 || tid > INT32_MAX || index < 0)
			continue;
		if (index < max)
			tids[index] = (pid_t)tid;
		found++;
	}
	return found;
}

static unsigned tids_from_qmp(virDomainPtr dom, pid_t *tids, unsigned max)
{
	auto_free char *reply = NULL;

	if (virDomainQemuMonitorCommand(dom, "{\"execute\":\"query-cpus-fast\"}", &reply, 0) < 0)
		return 0;
	return qmp_cpu_threads(reply, tids, max);
}

static int tids_of(struct domain *d, pid_t *tids, unsigned max, unsigned *n, struct err *e)
{
	pid_t found[SHM_MAX_VCPUS] = {0};
	unsigned want, count;
	int vcpus = virDomainGetVcpusFlags(d->dom, VIR_DOMAIN_AFFECT_LIVE);

	count = tids_from_proc(d->pid, found, SHM_MAX_VCPUS);
	if (vcpus < 1 && count == 0)
		return lab_error(e, d->name);
	/* A daemon that is gone takes no guest with it: its threads are there to see. */
	want = MIN(vcpus < 1 ? count : (unsigned)vcpus, SHM_MAX_VCPUS);
	if (count < want && !d->theirs)
		count = tids_from_qmp(d->dom, found, want);
	for (unsigned i = 0; i < want; i++)
		if (count < want || !found[i])
			return err_set(
				e, ESRCH, "%s: the thread of vCPU %u was not found", d->name, i);
	memcpy(tids, found, MIN(want, max) * sizeof(*tids));
	*n = want;
	return 0;
}

static int limit(struct domain *d, const struct plan_guest *g, bool on, struct err *e)
{
	auto_free char *quota =
		xasprintf("%llu", on ? (unsigned long long)g->vcpu_limits.quota_us : QUOTA_MAX_US);

	if (tuning_libvirt_write(d->dom, "schedinfo.vcpu_quota", quota, e))
		return err_wrap(e, "%s: its quota", d->name);
	return 0;
}

/* QEMU is killed here and not by libvirt, which sends SIGTERM and polls every 200 ms until even the
 * zombie is gone: nothing in these guests is worth an orderly end. Under qemu:///embed the zombie
 * is this process's child (see lab.c), so that no slow init delays libvirt's part (1.4 s a
 * guest). A QEMU's files are closed before it is a zombie, so libvirt would begin to poll at the end
 * of its monitor's: that is held meanwhile. */
static void end(struct domain *d)
{
	d->n_held = qemu_hold_sockets(d->pid, d->pidfd, d->held);
	d->refused = process_signal(d->pidfd, SIGKILL) == -EPERM;
}

/* Until its parent has collected it: init, of a daemon's. */
static void await_collected(struct domain *d)
{
	uint64_t until = now_ns() + COLLECTED_NS;

	process_collect(d->pidfd);
	while (process_signal(d->pidfd, 0) == 0 && now_ns() < until)
		sleep_ns(NS_PER_MS);
}

static int await_end(struct domain *d, struct err *e)
{
	const virError *v;
	int rc = 0;

	/* Where this user may not kill it, libvirt does. */
	if (!d->refused && !process_wait_end(d->pidfd, 5000))
		rc = err_set(e, ETIMEDOUT, "%s: QEMU (pid %d) does not end after SIGKILL", d->name,
			(int)d->pid);
	else if (!d->refused)
		await_collected(d);
	while (d->n_held)
		close(d->held[--d->n_held]);
	if (virDomainDestroy(d->dom) < 0) {
		v = virGetLastError();
		if (!rc && v && v->code != VIR_ERR_NO_DOMAIN &&
			v->code != VIR_ERR_OPERATION_INVALID && !process_ended(d->pidfd))
			rc = lab_error(e, d->name);
		cgroup_machine_remove(d->name);
	}
	return rc;
}

static void kill_named(struct lab_conn *c, const char *name)
{
	pid_t pid = qemu_find(c, name);

	if (pid && qemu_kill(pid, name))
		cgroup_machine_remove(name);
}

const struct domain_ops qemu_domains = {
	.word = "QEMU",
	.start = start,
	.alive = alive,
	.tids = tids_of,
	.limit = limit,
	.kill = end,
	.await_end = await_end,
	.kill_named = kill_named,
	.process = qemu_find,
};
