// SPDX-License-Identifier: GPL-3.0-or-later
/* KVM's own counters of a VM. See kvmstat.h. */
#include "host-agent/kvmstat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/util.h"

#define KVM_DIR	  "/sys/kernel/debug/kvm"
#define MAX_VCPUS 256

static const struct {
	enum counter_key key;
	const char *file;
} vm_rows[] = {
	{CTR_KVM_EXITS, "exits"}, {CTR_KVM_HALT_EXITS, "halt_exits"},
	{CTR_KVM_HALT_POLL_SUCCESS_NS, "halt_poll_success_ns"},
	{CTR_KVM_HALT_POLL_FAIL_NS, "halt_poll_fail_ns"},
	{CTR_KVM_HALT_WAIT_NS, "halt_wait_ns"}, /* since 5.15 */
};

/* Files are opened anew for each sample: those of debugfs give their value once. */
struct kvmstat_vcpu {
	pid_t tid;
	char *tsc_offset;
};

struct kvmstat {
	pid_t tgid;
	char *dir;
	bool refused[ARRAY_SIZE(vm_rows)];
	struct kvmstat_vcpu *vcpus;
	size_t n_vcpus;
};

bool kvmstat_init(struct sink *s)
{
	const char *failed = NULL;

	/* access() would ask for the real user, without the capabilities. */
	if (!faccessat(AT_FDCWD, KVM_DIR, R_OK | X_OK, AT_EACCESS))
		return true;
	/* Everything mounted from here on is seen by this process alone. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		failed = "no private mount namespace";
	else if (mount("debugfs", "/sys/kernel/debug", "debugfs", MS_RDONLY, NULL))
		failed = "debugfs cannot be mounted";
	else if (faccessat(AT_FDCWD, KVM_DIR, R_OK | X_OK, AT_EACCESS))
		failed = "debugfs has no kvm folder";
	if (failed)
		sink_note(s, "no KVM counters (exits, halt polling, TSC offset): %s: %s", failed,
			strerror(errno));
	return !failed;
}

/* A decimal number, signed ones as two's complement. 0 or -errno. */
static int read_number(const char *path, uint64_t *out)
{
	struct err e = ERR_INIT;
	auto_free char *text = read_file(path, 64, NULL, &e);
	char *end;

	if (!text)
		return -e.code;
	*out = text[0] == '-' ? (uint64_t)strtoll(text, &end, 10) : strtoull(text, &end, 10);
	return end == text ? -EINVAL : 0;
}

/* The n-th (from 0) vCPU thread of a QEMU process, in order of thread ids; 0 when there is none. */
static pid_t nth_vcpu_thread(pid_t tgid, unsigned n)
{
	auto_free char *dir = xasprintf("/proc/%d/task", (int)tgid);
	pid_t tids[MAX_VCPUS];
	unsigned count = 0;
	struct dirent *d;
	DIR *h = opendir(dir);

	while (h && (d = readdir(h)) && count < MAX_VCPUS) {
		auto_free char *path = xasprintf("%s/%s/comm", dir, d->d_name);
		auto_free char *comm = d->d_name[0] == '.' ? NULL : read_file(path, 64, NULL, NULL);
		pid_t tid = (pid_t)atoi(d->d_name);
		unsigned at = count;

		if (!comm || strncmp(comm, "CPU ", 4) || !strstr(comm, "/KVM"))
			continue;
		for (count++; at && tids[at - 1] > tid; at--)
			tids[at] = tids[at - 1];
		tids[at] = tid;
	}
	if (h)
		closedir(h);
	return n < count ? tids[n] : 0;
}

/* vcpuN counts in order of creation, which need not be the guest's CPU number: the thread is taken
 * from vcpuN/pid (since 6.3), else the N-th vCPU thread by id, as QEMU makes both in one order. */
static void add_vcpu(struct kvmstat *k, const char *name)
{
	auto_free char *pid = xasprintf("%s/%s/pid", k->dir, name);
	uint64_t tid = 0;

	if (read_number(pid, &tid))
		tid = (uint64_t)nth_vcpu_thread(k->tgid, (unsigned)atoi(name + strlen("vcpu")));
	if (!tid || k->n_vcpus >= MAX_VCPUS)
		return;
	ARRAY_GROW(k->vcpus, k->n_vcpus);
	k->vcpus[k->n_vcpus++] =
		(struct kvmstat_vcpu){(pid_t)tid, xasprintf("%s/%s/tsc-offset", k->dir, name)};
}

static char *vm_dir(pid_t tgid)
{
	auto_free char *prefix = xasprintf("%d-", (int)tgid);
	char *found = NULL;
	struct dirent *d;
	DIR *h = opendir(KVM_DIR);

	while (h && !found && (d = readdir(h)))
		if (!strncmp(d->d_name, prefix, strlen(prefix)))
			found = xasprintf("%s/%s", KVM_DIR, d->d_name);
	if (h)
		closedir(h);
	return found;
}

/* Kernel lockdown, as secure boot sets it, closes every file of debugfs that root might write, so
 * all of KVM's counters (0644), and no other: tsc-offset (0444) stays readable. Nothing else of
 * debugfs says EPERM. */
static void try_rows(struct kvmstat *k, struct sink *s)
{
	static bool told;
	struct strbuf missing = {0};
	uint64_t value;
	int why = 0;

	for (size_t i = 0; i < ARRAY_SIZE(vm_rows); i++) {
		auto_free char *path = xasprintf("%s/%s", k->dir, vm_rows[i].file);
		int rc = read_number(path, &value);

		k->refused[i] = rc < 0;
		if (rc < 0)
			strbuf_add(&missing, "%s%s", missing.len ? ", " : "", vm_rows[i].file);
		why = rc < 0 ? -rc : why;
	}
	/* What one VM's folder refuses, every VM's does: one note is enough. */
	if (missing.len && !told)
		sink_note(s, "KVM's counters are not readable (%s): %s",
			why == EPERM
				? "this kernel is locked down, see /sys/kernel/security/lockdown"
				: strerror(why),
			missing.text);
	told = told || missing.len;
	strbuf_release(&missing);
}

struct kvmstat *kvmstat_open(pid_t tgid, struct sink *s)
{
	char *dir = vm_dir(tgid);
	struct kvmstat *k;
	struct dirent *d;
	DIR *h;

	if (!dir)
		return NULL;
	k = xcalloc(1, sizeof(*k));
	k->tgid = tgid;
	k->dir = dir;
	try_rows(k, s);
	h = opendir(dir);
	while (h && (d = readdir(h)))
		if (!strncmp(d->d_name, "vcpu", 4))
			add_vcpu(k, d->d_name);
	if (h)
		closedir(h);
	return k;
}

void kvmstat_close(struct kvmstat *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->n_vcpus; i++)
		free(k->vcpus[i].tsc_offset);
	free(k->vcpus);
	free(k->dir);
	free(k);
}

void kvmstat_offsets(struct kvmstat *k, struct sink *s)
{
	uint64_t value, now = now_ns();

	for (size_t i = 0; i < k->n_vcpus; i++)
		if (!read_number(k->vcpus[i].tsc_offset, &value))
			sink_counter(s, now, (uint32_t)k->vcpus[i].tid, 0, COUNTER_KVM,
				CTR_KVM_TSC_OFFSET, 0, value);
}

void kvmstat_sample(struct kvmstat *k, struct sink *s)
{
	uint64_t value, now = now_ns();

	for (size_t i = 0; i < ARRAY_SIZE(vm_rows); i++) {
		auto_free char *path =
			k->refused[i] ? NULL : xasprintf("%s/%s", k->dir, vm_rows[i].file);

		if (path && !read_number(path, &value))
			sink_counter(s, now, (uint32_t)k->tgid, 0, COUNTER_KVM, vm_rows[i].key, 0,
				value);
	}
}
