// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The agent writes its totals into a memory file; each look reads what is new and gives the pages
 * back, so that memory stays constant however long one watches.
 */
#include "run/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/hostd.h"
#include "run/cgroup_names.h"

struct attach {
	struct run_info info;
	struct hostd *hostd;
	struct live *live;
	int fd;
	off_t taken;
};

static void describe_vm(const struct vm *vm, struct run_guest *out)
{
	out->name = xstrdup(vm->name);
	out->pid = vm->pid;
	out->n_vcpus = (unsigned)MIN(vm->n_vcpus, ARRAY_SIZE(out->vcpus));
	for (unsigned v = 0; v < out->n_vcpus; v++) {
		out->vcpus[v].id = vm->vcpus[v].id;
		out->vcpus[v].tid = vm->vcpus[v].tid;
	}
}

/* Victims come first, then the other VMs of the box. */
static void describe(struct attach *a, const struct vm_list *victims, const struct vm_list *all)
{
	a->info.guests = xcalloc(victims->n + all->n, sizeof(*a->info.guests));
	for (size_t i = 0; i < victims->n; i++)
		describe_vm(&victims->items[i], &a->info.guests[a->info.n_guests++]);
	for (size_t i = 0; i < all->n; i++) {
		size_t k = 0;

		while (k < victims->n && victims->items[k].pid != all->items[i].pid)
			k++;
		if (k == victims->n)
			describe_vm(&all->items[i], &a->info.guests[a->info.n_guests++]);
	}
	cgroup_names_read(&a->info);
}

static int track_all(struct attach *a, const struct vm_list *victims, struct err *e)
{
	for (size_t i = 0; i < victims->n; i++) {
		const struct vm *vm = &victims->items[i];

		for (size_t v = 0; v < vm->n_vcpus; v++) {
			auto_free char *name = xasprintf("%.20s/vcpu%u", vm->name, vm->vcpus[v].id);
			int rc = hostd_track(a->hostd, vm->vcpus[v].tid,
				(uint32_t)(i << 8 | (v & 255)), name, e);

			if (rc)
				return err_wrap(e, "%s", vm->name);
			live_track(a->live, (uint32_t)vm->vcpus[v].tid, i, vm->vcpus[v].id,
				&vm->vcpus[v].allowed);
		}
	}
	return 0;
}

int attach_begin(const char *hostd, const struct vm_list *victims, const struct vm_list *all,
	struct attach **out, struct err *e)
{
	struct attach *a = xcalloc(1, sizeof(*a));
	struct hostd_options how = {.path = hostd, .mode = TRACE_MODE_COUNTS};
	int rc;

	a->fd = memfd_create("stealscope-blame", MFD_CLOEXEC);
	if (a->fd < 0) {
		rc = err_sys(e, "cannot make a memory file");
		attach_end(a);
		return rc;
	}
	describe(a, victims, all);
	a->live = live_make(&a->info);
	how.out_fd = a->fd;
	rc = hostd_spawn(&how, &a->hostd, e);
	if (!rc && hostd_mode(a->hostd) != TRACE_MODE_COUNTS)
		rc = err_set_exit(e, EXIT_HOST, ENOTSUP, "no scheduler trace here: %s",
			hostd_reason(a->hostd));
	if (!rc)
		rc = track_all(a, victims, e);
	if (!rc)
		rc = hostd_start(a->hostd, e);
	if (rc)
		attach_end(a);
	else
		*out = a;
	return rc;
}

int attach_view(struct attach *a, bool whole, const struct live_view **out, struct err *e)
{
	struct stat st;
	off_t end;
	int rc = hostd_dump(a->hostd, e);

	if (rc)
		return rc;
	if (fstat(a->fd, &st)) /* not lseek(): the agent writes at the same offset */
		return err_sys(e, "cannot read the agent's memory file");
	end = st.st_size;
	while (a->taken < end) {
		size_t want = MIN((size_t)(end - a->taken), (size_t)1 << 20);
		auto_free char *buf = xmalloc(want);
		ssize_t n = pread(a->fd, buf, want, a->taken), used;

		if (n <= 0)
			return err_sys(e, "cannot read the agent's memory file");
		used = live_feed(a->live, buf, (size_t)n, e);
		if (used < 0)
			return (int)used;
		if (used == 0)
			break;
		fallocate(a->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, a->taken, used);
		a->taken += used;
	}
	*out = live_view(a->live, whole);
	return 0;
}

const struct live *attach_live(const struct attach *a)
{
	return a->live;
}

const struct run_info *attach_info(const struct attach *a)
{
	return &a->info;
}

uint64_t attach_cost_ns(const struct attach *a)
{
	auto_free char *path = xasprintf("/proc/%d/schedstat", (int)hostd_pid(a->hostd));
	uint64_t ns = 0;

	read_u64(path, &ns, NULL);
	return ns;
}

void attach_end(struct attach *a)
{
	if (!a)
		return;
	hostd_close(a->hostd);
	live_free(a->live);
	run_info_release(&a->info);
	if (a->fd >= 0)
		close(a->fd);
	free(a);
}
