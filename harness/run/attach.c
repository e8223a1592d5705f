// SPDX-License-Identifier: GPL-3.0-or-later
/* The agent writes its totals into a memory file; each look takes what is new. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "run/attach_priv.h"
#include "run/cgroup_names.h"

#define STREAM	  "stealscope-blame"
#define SAMPLE_MS 5000 /* then it looks whether its tables fill */

/* CPUs out of the scheduler's balancing: by boot option, by isolated cpuset partitions. */
static struct cpuset isolated_cpus(void)
{
	static const char *const files[] = {
		"/sys/devices/system/cpu/isolated", "/sys/fs/cgroup/cpuset.cpus.isolated"};
	struct cpuset all = {{0}};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *text = read_file(files[i], 64 << 10, NULL, NULL);
		struct cpuset one;

		if (text && !cpuset_parse(text, &one, NULL))
			all = cpuset_or(&all, &one);
	}
	return all;
}

static int begin_xen(struct attach *a, struct err *e)
{
	int rc = memory_file_make(&a->stream, STREAM, e);

	a->live = live_make(&a->info);
	if (!rc)
		rc = attach_xen_begin(a, e);
	return rc ? rc : attach_refresh(a, e);
}

static int begin(struct attach *a, const char *hostd, struct err *e)
{
	/* Every look asks for a sample of its own: few are needed in between. Nothing here reads KVM's counters. */
	struct hostd_options how = {
		.path = hostd, .mode = TRACE_MODE_COUNTS, .interval_ms = SAMPLE_MS, .no_kvm = true};
	struct cpuset isolated = isolated_cpus();
	int rc = memory_file_make(&a->stream, STREAM, e);

	if (rc)
		return rc;
	cgroup_names_read(&a->info);
	a->live = live_make(&a->info);
	live_isolated(a->live, &isolated);
	how.out_fd = a->stream.fd;
	rc = hostd_spawn(&how, &a->hostd, e);
	if (!rc && hostd_mode(a->hostd) != TRACE_MODE_COUNTS)
		rc = err_set_exit(e, EXIT_HOST, ENOTSUP, "no scheduler trace here: %s",
			hostd_reason(a->hostd));
	if (!rc)
		rc = attach_refresh(a, e);
	if (!rc)
		rc = hostd_start(a->hostd, e);
	return rc;
}

int attach_begin(
	const char *hostd, const struct attach_what *what, struct attach **out, struct err *e)
{
	struct attach *a = xcalloc(1, sizeof(*a));
	int rc;

	a->what = what;
	a->stream.fd = -1;
	rc = what->xen ? begin_xen(a, e) : begin(a, hostd, e);
	if (rc) {
		attach_end(a);
		return rc;
	}
	a->started = true;
	*out = a;
	return 0;
}

static ssize_t feed(void *live, const void *data, size_t len, struct err *e)
{
	return live_feed(live, data, len, e);
}

/* First the totals, also of what has ended; then who is there now; then the figures. */
int attach_view(struct attach *a, bool whole, const struct live_view **out, struct err *e)
{
	int rc = a->xen ? attach_xen_dump(a, e) : hostd_dump(a->hostd, e);

	if (!rc)
		rc = memory_file_take(&a->stream, feed, a->live, e);
	if (!rc)
		rc = attach_refresh(a, e);
	if (!rc)
		*out = live_view(a->live, whole);
	return rc;
}

size_t attach_untracked(const struct attach *a)
{
	return a->untracked;
}

const char *attach_doubt(const struct attach *a)
{
	return a->xen || a->kernel.known ? NULL : a->kernel.why;
}

const struct run_info *attach_info(const struct attach *a)
{
	return &a->info;
}

uint64_t attach_cost_ns(const struct attach *a)
{
	auto_free char *path = xasprintf(
		"/proc/%d/schedstat", (int)(a->xen ? xen_watch_pid(a->xen) : hostd_pid(a->hostd)));
	uint64_t ns = 0;

	read_u64(path, &ns, NULL);
	return ns;
}

void attach_end(struct attach *a)
{
	if (!a)
		return;
	hostd_close(a->hostd);
	attach_xen_end(a);
	live_free(a->live);
	run_info_release(&a->info);
	kvm_vcpus_release(&a->kernel);
	vms_release(&a->last);
	free(a->vms);
	memory_file_close(&a->stream);
	free(a);
}
