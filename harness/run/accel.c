// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Is KVM there for the guests that want it? A metal guest is made to show what KVM does: without
 * KVM it would run and have nothing to say of steal, so `auto` does not slip to emulation for it;
 * asking for accel="tcg" does. Linux guests choose in linux.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "domain/xen.h"
#include "run/priv.h"
#include "xen/watch.h"

static const char *kvm_problem(void)
{
	auto_close int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	auto_close int vm = -1;

	if (fd < 0)
		return strerror(errno);
	if (ioctl(fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return "it is not a KVM device";
	/* Another hypervisor may hold the processor. A signal that comes meanwhile says nothing of KVM. */
	do
		vm = ioctl(fd, KVM_CREATE_VM, 0);
	while (vm < 0 && errno == EINTR);
	return vm < 0 ? strerror(errno) : NULL;
}

/* Its guests' memory is mapped here, which only this box's dom0 can. */
static int xen_problem(const struct session *s, struct err *e)
{
	if (!xen_uri_is_local(s->o->connect) || !xen_is_dom0())
		return err_set_exit(e, EXIT_HOST, ENODEV,
			"this is not the dom0 of %s: a run on Xen shares memory with its guests",
			s->o->connect);
	return 0;
}

int step_kvm(struct session *s, struct err *e)
{
	if (xen_uri_is(s->o->connect))
		return xen_problem(s, e);
	for (size_t i = 0; i < s->n_guests; i++) {
		const struct plan_guest *g = s->guests[i].plan;
		const char *why;

		if (g->kind != GUEST_METAL || g->accel == ACCEL_TCG)
			continue;
		/* Behind a daemon, QEMU has permissions of its own, on this box or another. */
		why = strcmp(s->o->connect, "auto") && !strstr(s->o->connect, "qemu:///embed")
			      ? NULL
			      : kvm_problem();
		if (why)
			return err_set_exit(e, EXIT_HOST, ENODEV,
				"guest %s needs /dev/kvm, which cannot be used: %s; `stealscope doctor` tells more, accel=\"tcg\" emulates the guest without a steal counter",
				g->name, why);
	}
	return 0;
}
