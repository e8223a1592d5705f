// SPDX-License-Identifier: GPL-3.0-or-later
/* Facts about KVM, and about what this box itself runs on. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/priv.h"

void fact_kvm_kind(const struct fact_source *s, struct fact *f)
{
	bool vmx = fact_cpu_flag(s, "vmx"), svm = fact_cpu_flag(s, "svm");

	if (!fact_exists(s, "/dev/kvm") && !fact_exists(s, "/sys/module/kvm"))
		fact_set(f, FACT_MISSING,
			"guests run under TCG only: they see no steal, and their timing is coarse",
			"none%s", vmx || svm ? " (the CPU could: load kvm_intel or kvm_amd)" : "");
	else if (vmx || svm)
		fact_set(f, FACT_GOOD, "", "hardware (%s)", vmx ? "vmx" : "svm");
	else
		fact_set(f, FACT_LIMITS,
			"metal guests run and all scheduling is real, but guest code is emulated and slow, and Linux guests need TCG",
			"software%s (no vmx or svm)",
			fact_exists(s, "/sys/module/kvm_pvm") ? ", kvm_pvm" : "");
}

void fact_kvm_device(const struct fact_source *s, struct fact *f)
{
	int fd;

	if (!s->live)
		return;
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		fact_set(f, FACT_GOOD, "", "usable");
	} else if (errno == EACCES || errno == EPERM) {
		fact_set(f, FACT_MISSING, "run as root, or join the group that owns /dev/kvm",
			"not permitted");
	} else {
		fact_set(f, FACT_MISSING, "KVM guests cannot run here", "%s", strerror(errno));
	}
}

void fact_kvm_halt_poll(const struct fact_source *s, struct fact *f)
{
	long long ns = fact_number(s, "/sys/module/kvm/parameters/halt_poll_ns", -1);

	if (ns < 0)
		return;
	if (ns == 0)
		fact_set(f, FACT_INFO, "", "off");
	else
		fact_set(f, FACT_INFO,
			"an idle vCPU burns its CPU for up to this long; it is not steal, and it stops when another task wants the CPU",
			"%lld us", ns / 1000);
}

void fact_kvm_nested(const struct fact_source *s, struct fact *f)
{
	auto_free char *intel = fact_line(s, "/sys/module/kvm_intel/parameters/nested");
	auto_free char *amd = fact_line(s, "/sys/module/kvm_amd/parameters/nested");
	const char *v = intel ? intel : amd;

	if (v)
		fact_set(f, FACT_INFO, "", "%s", *v == 'Y' || *v == '1' ? "on" : "off");
}

void fact_kvm_debugfs(const struct fact_source *s, struct fact *f)
{
	if (fact_exists(s, "/sys/kernel/debug/kvm"))
		fact_set(f, FACT_GOOD, "", "mounted");
	else
		fact_set(f, FACT_LIMITS,
			"no exit counts and no TSC offset to check the guest clock with; mount debugfs to have them",
			"not mounted or not readable");
}

/* The rows of docs/hardware.md: what below a guest has been run, and where. */
static const char *path_of(const struct fact_source *s)
{
	auto_free char *xen = fact_text(s, "/proc/xen/capabilities");

	if (xen && strstr(xen, "control_d"))
		return "xen-dom0";
	if (!fact_exists(s, "/dev/kvm"))
		return "no-kvm";
	if (fact_cpu_flag(s, "svm"))
		return "amd-npt";
	return fact_cpu_flag(s, "vmx") ? "intel-ept" : "kvm-software";
}

void fact_box_path(const struct fact_source *s, struct fact *f)
{
	fact_set(f, FACT_INFO, "", "%s", path_of(s));
}

void fact_box_vm(const struct fact_source *s, struct fact *f)
{
	auto_free char *vendor = fact_line(s, "/sys/class/dmi/id/sys_vendor");
	auto_free char *product = fact_line(s, "/sys/class/dmi/id/product_name");

	auto_free char *maker = !vendor	  ? xstrdup("")
				: product ? xasprintf(", %s %s", vendor, product)
					  : xasprintf(", %s", vendor);

	if (fact_cpu_flag(s, "hypervisor"))
		fact_set(f, FACT_LIMITS,
			"a late wake-up without a local cause may come from the host below: look at box.steal",
			"yes%s", maker);
	else
		fact_set(f, FACT_GOOD, "", "no%s", maker);
}

void fact_box_steal(const struct fact_source *s, struct fact *f)
{
	auto_free char *line = fact_line(s, "/proc/stat");
	unsigned long long v[8], sum = 0;

	if (!line || sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1],
			     &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
		return;
	for (int i = 0; i < 8; i++)
		sum += v[i];
	if (!v[7])
		fact_set(f, FACT_GOOD, "", "none");
	else
		fact_set(f, FACT_LIMITS,
			"the record carries it per CPU, so that it can be told apart",
			"%.2f %% of its CPU time", sum ? 100.0 * (double)v[7] / (double)sum : 0.0);
}
