// SPDX-License-Identifier: GPL-3.0-or-later
/* Whom blame watches on Xen: domains that libvirt lists, their run states from xentrace. What the agent
 * writes elsewhere is written here, into the same memory file. */
#include <errno.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "run/attach_priv.h"
#include "xen/states.h"

static void write_record(void *arg, const struct trace_hdr *h)
{
	const struct attach *a = arg;

	write_all(a->stream.fd, h, (size_t)h->len8 * 8);
}

/* Who is no domain of libvirt's and yet has a name. */
static void name_xen(struct attach *a, uint64_t ns)
{
	struct trace_task t = {.h = {ns, XEN_TID_SELF, 0, TRACE_TASK, sizeof(t) / 8},
		.tgid = XEN_TID_SELF,
		.flags = TRACE_TASK_KTHREAD,
		.comm = "xen"};

	write_record(a, &t.h);
}

int attach_xen_begin(struct attach *a, struct err *e)
{
	struct trace_file_header h = {.magic = TRACE_FILE_MAGIC,
		.version = TRACE_VERSION,
		.header_size = sizeof(h),
		.mode = TRACE_MODE_COUNTS};
	int rc;

	if (a->what->pid)
		return err_set_exit(e, EXIT_USAGE, EINVAL,
			"on Xen a domain is no process: a domain's name or --all instead of --pid");
	rc = lab_open(a->what->xen, NULL, &a->conn, e);
	if (!rc)
		rc = xen_watch_begin(NULL, NULL, &a->xen, e);
	if (rc)
		return rc;
	h.start_host_ns = xen_watch_known_ns(a->xen);
	write_all(a->stream.fd, &h, sizeof(h));
	name_xen(a, h.start_host_ns);
	return 0;
}

int attach_xen_dump(struct attach *a, struct err *e)
{
	uint64_t lost = xen_watch_lost(a->xen);
	int rc = xen_watch_take(a->xen, e);

	if (rc)
		return rc;
	xen_watch_dump(a->xen, write_record, a);
	lost = xen_watch_lost(a->xen) - lost;
	if (lost) {
		struct trace_counter r = {
			.h = {xen_watch_known_ns(a->xen), 0, 0, TRACE_LOST, sizeof(r) / 8},
			.value = lost};

		write_record(a, &r.h);
	}
	return 0;
}

int attach_xen_list(struct attach *a, struct vm_list *all, struct err *e)
{
	return lab_xen_vms(a->conn, all, e);
}

int attach_xen_track(struct attach *a, const struct vm *vm, const struct vm_vcpu *v, struct err *e)
{
	/* Where its run_delay begins: without it, live.c takes the first total for the beginning. */
	struct trace_counter zero = {.h = {xen_watch_known_ns(a->xen), (uint32_t)v->tid, 0,
					     TRACE_COUNTER, sizeof(zero) / 8},
		.scope = COUNTER_THREAD,
		.key = CTR_RUN_DELAY_NS};

	if (xen_watch_track(a->xen, (unsigned)vm->pid, (unsigned)v->id, vm->capped)) {
		write_record(a, &zero.h);
		return 0;
	}
	return err_set(e, ENOSPC, "more than %u threads to trace", XEN_TRACKED_MAX);
}

void attach_xen_end(struct attach *a)
{
	xen_watch_end(a->xen);
	lab_close(a->conn);
}
