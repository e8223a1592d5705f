// SPDX-License-Identifier: GPL-3.0-or-later
/* What a Linux guest needs before its domain can be described: an accelerator that can run it, a
 * kernel, an initramfs that fits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "image/image.h"
#include "run/priv.h"

#define METAL_BOOT_NS (60 * NS_PER_S)
#define METAL_MORE_NS (NS_PER_S / 4) /* each: 512 were seen to take 44 s to start on two CPUs */
#define LINUX_BOOT_NS (25 * NS_PER_S)
#define XEN_BOOT_NS                                                                                \
	(120 * NS_PER_S) /* each builds its memory in dom0, and a lab of Xen is an emulation */
#define LINUX_MORE_NS (4 * NS_PER_S) /* each further one: under TCG they share the CPUs */
#define CLOCK_OFF_MAX 0.02	     /* the kernel corrects what is within 1 % */

uint64_t boot_timeout_ns(const struct session *s)
{
	uint64_t n = 0;

	if (s->o->boot_timeout_ns)
		return s->o->boot_timeout_ns;
	if (s->conn && lab_is_xen(s->conn))
		return XEN_BOOT_NS;
	for (size_t i = 0; i < s->n_guests; i++)
		n += s->guests[i].plan->kind == GUEST_LINUX;
	return n ? LINUX_BOOT_NS + (n - 1) * LINUX_MORE_NS
		 : METAL_BOOT_NS + s->n_guests * METAL_MORE_NS;
}

/* A kernel of a distribution needs KVM on hardware: what emulates instructions stops at some. */
int linux_accel(struct session *s, struct guest_run *g, bool *kvm, struct err *e)
{
	const char *kind = facts_get(s->facts, "kvm.kind");
	bool hardware =
		kind && !strncmp(kind, "hardware", 8) && access("/dev/kvm", R_OK | W_OK) == 0;

	if (g->plan->accel == ACCEL_KVM && !hardware)
		return err_set_exit(e, EXIT_HOST, ENOTSUP,
			"a guest with a kernel of its own cannot run on this box's KVM, which is: %s; use accel=\"auto\" or \"tcg\"",
			kind ? kind : "not known");
	*kvm = g->plan->accel != ACCEL_TCG && hardware;
	if (!*kvm && g->plan->accel == ACCEL_AUTO)
		session_warn(s,
			"guest %s runs under TCG: it has no steal counter and its timing is coarse (KVM here: %s)",
			g->plan->name, kind ? kind : "not known");
	return 0;
}

static uint64_t file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static int check_memory(const struct guest_run *g, const struct initramfs_size *size, struct err *e)
{
	uint64_t need = initramfs_memory(size->bytes, file_size(g->kernel));

	if (need <= g->plan->memory_bytes)
		return 0;
	return err_set_exit(e, EXIT_USAGE, E2BIG,
		"its initramfs of %llu MiB (%u files) is too large for its memory of %llu MiB; give it memory=\"%lluMiB\" or fewer files",
		(unsigned long long)(size->bytes >> 20) + 1, size->files,
		(unsigned long long)(g->plan->memory_bytes >> 20),
		(unsigned long long)(need >> 20) + 1);
}

/* QEMU has a working folder of its own. */
static int make_absolute(char **path, struct err *e)
{
	char *whole = realpath(*path, NULL);

	if (!whole)
		return err_sys(e, "%s", *path);
	free(*path);
	*path = whole;
	return 0;
}

/* A kernel under TCG finds the frequency of its TSC by holding it against a timer that QEMU
 * emulates. On a busy box that goes wrong by any factor (2445 MHz were taken for 528), and then its
 * clock and all its timers run as much too fast. It is told instead; kernels since 5.9 listen. */
static char *command_line(bool kvm)
{
	static const char common[] = "console=ttyS0 quiet panic=-1 rdinit=/init nokaslr";

	return kvm ? xstrdup(common)
		   : xasprintf("%s tsc=reliable tsc_early_khz=%llu mitigations=off no_timer_check",
			     common, (unsigned long long)(host_tsc_hz() + 500) / 1000);
}

void linux_check_clock(struct session *s, const struct guest_run *g, uint64_t tsc_hz)
{
	double factor = tsc_hz ? (double)host_tsc_hz() / (double)tsc_hz : 1;

	if (factor < 1 - CLOCK_OFF_MAX || factor > 1 + CLOCK_OFF_MAX)
		session_warn(s,
			"guest %s: its kernel takes its TSC for %.0f MHz, which is %.0f MHz: its clock runs at %.2f times the pace and its periods are not what was asked for",
			g->plan->name, (double)tsc_hz / 1e6, (double)host_tsc_hz() / 1e6, factor);
}

int linux_prepare(struct session *s, struct guest_run *g, struct domain_files *f, struct err *e)
{
	auto_free char *folder = NULL;
	auto_free char *file = xasprintf("%s/guest/%s.initramfs", s->folder.path, g->plan->name);
	auto_free char *base = run_scenario_folder(s);
	struct initramfs what = {.agent = s->o->agent,
		.guest = g->plan,
		.measures = s->plan->measures,
		.n_measures = s->plan->n_measures,
		.base = base};
	struct initramfs_size size;
	auto_free char *module = NULL;
	bool xen = lab_is_xen(s->conn);
	int rc = xen ? 0 : linux_accel(s, g, &f->kvm, e);

	if (rc)
		return rc;
	if (!s->o->agent)
		return err_set(e, ENOENT, "there is no stealscope-agent to put into it");
	g->kernel = kernel_find(g->plan->kernel, e);
	if (!g->kernel)
		return -e->code;
	rc = kernel_check(g->kernel, e);
	if (!rc)
		rc = make_absolute(&g->kernel, e);
	folder = xstrdup(s->folder.path);
	if (!rc)
		rc = make_absolute(&folder, e);
	g->initrd = xasprintf("%s/guest/%s.initramfs", folder, g->plan->name);
	reaper_add_path(s->reaper, g->initrd);
	if (!rc && xen)
		what.xen_module = module = kernel_xen_module(g->kernel);
	if (!rc)
		rc = initramfs_write(&what, file, &size, e);
	if (!rc)
		rc = check_memory(g, &size, e);
	if (rc)
		return rc;
	g->cmdline = xen ? NULL : command_line(f->kvm); /* xen_guest_describe() */
	f->kernel = g->kernel;
	f->initrd = g->initrd;
	f->cmdline = g->cmdline;
	return 0;
}

void linux_release(struct guest_run *g)
{
	if (g->initrd)
		beneath_unlink(g->initrd);
	free(g->kernel);
	free(g->initrd);
	free(g->cmdline);
	g->kernel = g->initrd = g->cmdline = NULL;
}
