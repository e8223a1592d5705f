// SPDX-License-Identifier: GPL-3.0-or-later
/* One guest as a transient domain: start, its process and threads, stop. */
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
#include "domain/live.h"
#include "domain/tuning_priv.h"
#include "domain/xen.h"
#include "host/cgroup.h"
#include "xen/states.h"

#define QBOOT "/usr/share/qemu/qboot.rom"

const char *domain_firmware(enum guest_kind kind)
{
	return kind == GUEST_METAL && access(QBOOT, R_OK) == 0 ? QBOOT : NULL;
}

static void domain_free(struct domain *d)
{
	if (d->dom)
		virDomainFree(d->dom);
	if (d->pidfd >= 0)
		close(d->pidfd);
	cleanup_close(&d->console);
	if (!d->theirs)
		embed_forget(d->lab->embed_root, d->name);
	free(d->name);
	free(d);
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

int domain_start(struct lab_conn *c, const char *xml, struct domain **out, struct err *e)
{
	struct domain *d = xcalloc(1, sizeof(*d));
	int rc;

	d->lab = c;
	d->pidfd = d->console = -1;
	if (c->xen) {
		rc = xen_domain_start(d, xml, e);
		if (rc)
			domain_free(d);
		else
			*out = d;
		return rc;
	}
	lab_start_begin(c);
	d->dom = create(c, xml, e);
	lab_start_end(c);
	if (!d->dom) {
		domain_free(d);
		return e && e->code ? -e->code : -EIO;
	}
	d->name = xstrdup(virDomainGetName(d->dom));
	d->pid = qemu_find(c, d->name);
	d->pidfd = d->pid ? process_open(d->pid) : -ESRCH;
	if (d->pidfd < 0 || !qemu_is(d->pid, d->name)) {
		virDomainDestroy(d->dom);
		rc = d->pidfd == -ENOSYS
			     ? err_set(e, ENOSYS,
				       "%s started, but cannot be watched: no pidfd_open(2) here",
				       d->name)
			     : err_set(e, ESRCH,
				       "%s started, but its QEMU is not a process of this box (connected to %s); guests must run where stealscope does",
				       d->name, c->uri);
		domain_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void domain_kill_named(struct lab_conn *c, const char *name)
{
	pid_t pid = c->xen ? 0 : qemu_find(c, name);
	auto_close int fd = pid ? process_open(pid) : -1;

	if (c->xen)
		xen_domain_kill_named(c, name);
	if (fd < 0)
		return;
	if (qemu_is(pid, name)) {
		process_signal(fd, SIGKILL);
		process_wait_end(fd, 2000);
		cgroup_machine_remove(name);
	}
}

virDomainPtr domain_handle(const struct domain *d)
{
	return d->dom;
}

const char *domain_name(const struct domain *d)
{
	return d->name;
}

pid_t domain_pid(const struct domain *d)
{
	return d->pid;
}

unsigned domain_xen_id(const struct domain *d)
{
	return d->xen_id;
}

bool domain_alive(struct domain *d)
{
	if (d->lab->xen)
		return xen_domain_alive(d);
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

int domain_vcpu_tids(struct domain *d, pid_t *tids, unsigned max, unsigned *n, struct err *e)
{
	pid_t found[SHM_MAX_VCPUS] = {0};
	unsigned want, count;
	int vcpus = virDomainGetVcpusFlags(d->dom, VIR_DOMAIN_AFFECT_LIVE);

	if (d->lab->xen && vcpus > 0) {
		for (int i = 0; i < vcpus && (unsigned)i < max; i++)
			tids[i] = (pid_t)xen_tid(d->xen_id, (unsigned)i);
		*n = (unsigned)vcpus;
		return 0;
	}
	count = d->lab->xen ? 0 : tids_from_proc(d->pid, found, SHM_MAX_VCPUS);
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

int domain_limit(struct domain *d, const struct plan_guest *g, bool on, struct err *e)
{
	auto_free char *quota =
		xasprintf("%llu", on ? (unsigned long long)g->vcpu_limits.quota_us : QUOTA_MAX_US);

	if (!d || !g->vcpu_limits.quota_us)
		return 0;
	if (d->lab->xen)
		return xen_domain_limit(d, g, on, e);
	if (tuning_libvirt_write(d->dom, "schedinfo.vcpu_quota", quota, e))
		return err_wrap(e, "%s: its quota", domain_name(d));
	return 0;
}

/* QEMU is killed here and not by libvirt, which sends SIGTERM and polls every 200 ms until even the
 * zombie is gone: nothing in these guests is worth an orderly end. Under qemu:///embed the zombie
 * is this process's child (see lab.c), so that no slow init delays libvirt's part (1.4 s a
 * guest). */
static int stop_finish(struct domain *d, struct err *e)
{
	const virError *v;
	int rc = 0;

	if (d->lab->xen) {
		rc = xen_domain_stop(d, e);
		domain_free(d);
		return rc;
	}
	if (!process_wait_end(d->pidfd, 5000))
		rc = err_set(e, ETIMEDOUT, "%s: QEMU (pid %d) does not end after SIGKILL", d->name,
			(int)d->pid);
	process_collect(d->pidfd);
	if (virDomainDestroy(d->dom) < 0) {
		v = virGetLastError();
		if (!rc && v && v->code != VIR_ERR_NO_DOMAIN &&
			v->code != VIR_ERR_OPERATION_INVALID && !process_ended(d->pidfd))
			rc = lab_error(e, d->name);
		cgroup_machine_remove(d->name);
	}
	domain_free(d);
	return rc;
}

int domain_attach(struct lab_conn *c, const struct tuning *t, struct domain **out, struct err *e)
{
	struct domain *d = xcalloc(1, sizeof(*d));

	d->lab = c;
	d->pid = t->pid;
	d->name = xstrdup(t->name);
	d->pidfd = process_open(t->pid);
	d->console = -1;
	d->dom = tuning_domain(c, t->uuid, t->name, e);
	d->theirs = true;
	if (!d->dom || d->pidfd < 0 || process_start_ticks(t->pid) != t->start_ticks) {
		domain_detach(d);
		return e && e->code ? -e->code
				    : err_set(e, ESRCH, "domain '%s' has just ended", t->name);
	}
	*out = d;
	return 0;
}

void domain_detach(struct domain *d)
{
	if (d)
		domain_free(d);
}

int domain_stop(struct domain *d, struct err *e)
{
	return domain_stop_all(&d, 1, e);
}

int domain_stop_all(struct domain **d, size_t n, struct err *e)
{
	int rc = 0, one;

	for (size_t i = 0; i < n; i++)
		if (d[i] && !d[i]->lab->xen)
			process_signal(d[i]->pidfd, SIGKILL);
	for (size_t i = 0; i < n; i++) {
		one = d[i] ? stop_finish(d[i], rc ? NULL : e) : 0;
		rc = rc ? rc : one;
		d[i] = NULL;
	}
	return rc;
}
