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

struct kvmstat_vcpu {
	pid_t tid;
	int tsc_offset_fd;
};

struct kvmstat {
	pid_t tgid;
	int fds[ARRAY_SIZE(vm_rows)];
	struct kvmstat_vcpu *vcpus;
	size_t n_vcpus;
};

bool kvmstat_init(struct sink *s)
{
	const char *failed = NULL;

	if (!access(KVM_DIR, R_OK | X_OK))
		return true;
	/* Everything mounted from here on is seen by this process alone. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		failed = "no private mount namespace";
	else if (mount("debugfs", "/sys/kernel/debug", "debugfs", MS_RDONLY, NULL))
		failed = "debugfs cannot be mounted";
	else if (access(KVM_DIR, R_OK | X_OK))
		failed = "debugfs has no kvm folder";
	if (failed)
		sink_note(s, "no KVM counters (exits, halt polling, TSC offset): %s: %s", failed,
			strerror(errno));
	return !failed;
}

/* A decimal number, signed ones as two's complement. */
static bool read_number(int fd, uint64_t *out)
{
	char text[32], *end;
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	*out = text[0] == '-' ? (uint64_t)strtoll(text, &end, 10) : strtoull(text, &end, 10);
	return end != text;
}

static int open_at(const char *dir, const char *sub, const char *file)
{
	auto_free char *path = xasprintf("%s/%s/%s", dir, sub, file);

	return open(path, O_RDONLY | O_CLOEXEC);
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
static void add_vcpu(struct kvmstat *k, const char *dir, const char *name)
{
	auto_close int pid_fd = open_at(dir, name, "pid");
	struct kvmstat_vcpu v = {.tsc_offset_fd = open_at(dir, name, "tsc-offset")};
	uint64_t tid = 0;

	if (v.tsc_offset_fd < 0)
		return;
	if (!read_number(pid_fd, &tid))
		tid = (uint64_t)nth_vcpu_thread(k->tgid, (unsigned)atoi(name + strlen("vcpu")));
	v.tid = (pid_t)tid;
	if (!v.tid || k->n_vcpus >= MAX_VCPUS) {
		close(v.tsc_offset_fd);
		return;
	}
	ARRAY_GROW(k->vcpus, k->n_vcpus);
	k->vcpus[k->n_vcpus++] = v;
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

struct kvmstat *kvmstat_open(pid_t tgid)
{
	auto_free char *dir = vm_dir(tgid);
	struct kvmstat *k;
	struct dirent *d;
	DIR *h;

	if (!dir)
		return NULL;
	k = xcalloc(1, sizeof(*k));
	k->tgid = tgid;
	for (size_t i = 0; i < ARRAY_SIZE(vm_rows); i++)
		k->fds[i] = open_at(dir, ".", vm_rows[i].file);
	h = opendir(dir);
	while (h && (d = readdir(h)))
		if (!strncmp(d->d_name, "vcpu", 4))
			add_vcpu(k, dir, d->d_name);
	if (h)
		closedir(h);
	return k;
}

void kvmstat_close(struct kvmstat *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(vm_rows); i++)
		if (k->fds[i] >= 0)
			close(k->fds[i]);
	for (size_t i = 0; i < k->n_vcpus; i++)
		close(k->vcpus[i].tsc_offset_fd);
	free(k->vcpus);
	free(k);
}

void kvmstat_sample(struct kvmstat *k, struct sink *s)
{
	uint64_t value, now = now_ns();

	for (size_t i = 0; i < ARRAY_SIZE(vm_rows); i++)
		if (read_number(k->fds[i], &value))
			sink_counter(s, now, (uint32_t)k->tgid, 0, COUNTER_KVM, vm_rows[i].key, 0,
				value);
	for (size_t i = 0; i < k->n_vcpus; i++)
		if (read_number(k->vcpus[i].tsc_offset_fd, &value))
			sink_counter(s, now, (uint32_t)k->vcpus[i].tid, 0, COUNTER_KVM,
				CTR_KVM_TSC_OFFSET, 0, value);
}
