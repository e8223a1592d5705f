// SPDX-License-Identifier: GPL-3.0-or-later
/* What needs which privilege, in one table: `stealscope list privileges` prints docs/privileges.md
 * from it, and doctor says what this user is. */
#include "cmd/privileges.h"

#include <grp.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/capability.h"
#include "base/text.h"
#include "base/util.h"

static const struct {
	const char *what, *needs, *without;
} rows[] = {
	{"check, plan, analyze, report, show, export, compare, list, import",
		"nothing; for a scenario with kind=\"domain\" check and plan ask that domain's libvirt (check --no-host does not)",
		""},
	{"metal guests by `--connect auto`", "/dev/kvm: group kvm",
		"refused (exit 4); accel=\"tcg\" emulates"},
	{"guests by `--connect qemu:///system`",
		"libvirtd's socket: group libvirt; QEMU runs as libvirt-qemu, which the shared page lets in by an access list",
		"refused (exit 4)"},
	{"pinning vCPUs, emulators, the harness", "nothing: they are this user's threads", ""},
	{"shares and quota of guests", "root by auto; group libvirt by qemu:///system",
		"refused by libvirt in its words (exit 1)"},
	{"real-time policy of guests", "root by auto; group libvirt by qemu:///system",
		"refused (exit 1)"},
	{"noise, native guests", "nothing; a control group of their own needs root",
		"they run beside the user's other tasks, with a warning in the record; with shares or quota: refused (exit 4)"},
	{"the scheduler trace and blame",
		"hostd with CAP_BPF and CAP_PERFMON (loading eBPF programs)",
		"counters only, with a warning in the record; blame is refused (exit 4)"},
	{"blame and runs on Xen", "root of dom0 (xentrace, /dev/xen/privcmd, libvirtd's socket)",
		"refused (exit 4)"},
	{"which threads are vCPUs, and their numbers (blame, culprits of runs)",
		"the same: the kernel is asked before hostd gives up CAP_PERFMON; readable BTF of KVM",
		"names of threads tell, with a line that says so; numbers that stay unknown are called so"},
	{"run delay of threads of others where /proc has hidepid", "hostd with CAP_SYS_PTRACE",
		"missing, with a warning in the record"},
	{"KVM's counters (exits, halt polling)",
		"hostd with CAP_DAC_READ_SEARCH and a mounted debugfs; root mounts one for itself",
		"missing, with a warning in the record"},
	{"KVM's TSC offsets in the clock map", "root",
		"causality bounds: some us instead of some ns"},
	{"`clean` of what root's runs left", "root", "one's own only"},
};

void privileges_print_markdown(FILE *f)
{
	fputs("# Privileges\n\n"
	      "Made from the table in harness/cmd/privileges.c by `stealscope list privileges`; do not edit.\n\n"
	      "Root can do everything. An ordinary user runs, measures and traces too, as a member of the\ngroups kvm and libvirt, with file capabilities on stealscope-hostd and on nothing else.\n`make install` and the package give them; for a build in the tree:\n\n"
	      "    sudo scripts/setup --unprivileged    # chgrp kvm, chmod 750, setcap ...=p\n"
	      "    sudo usermod -aG kvm,libvirt NAME\n\n"
	      "## What needs what\n\n"
	      "| for | needs | without it |\n|---|---|---|\n",
		f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		text_print(f, "| %s | %s | %s |\n", rows[i].what, rows[i].needs, rows[i].without);
	fputs("\n## What hostd keeps\n\n"
	      "A user's hostd opens its output with the user's rights, takes up its capabilities to load its\nprograms, and then keeps CAP_BPF, with CAP_DAC_READ_SEARCH where debugfs is mounted and a run (not\nblame) reads KVM's counters, and CAP_SYS_PTRACE where /proc hides threads; root's empties its bounding set and becomes nobody\nwith the same. Neither gains anything by exec (no_new_privs). It reads control groups, /proc and\ndebugfs of what it is told, nothing else: a control group is opened once, with the caller's rights, and\nread through that handle; after set-up only the system calls of a list are left (host-agent/syscalls.c):\nno program is started, no file opened for writing, no socket made. Who may start it sees when any thread of the box\nruns, its name, and whether it is a vCPU: that is what group kvm is trusted with.\n\n"
	      "## What the groups amount to\n\n"
	      "**Group libvirt on qemu:///system is root's equal.** Whoever may define a domain there may give it any\nfile and any device of the host as a disk, and any program as its emulator: libvirtd, as root, opens and\nstarts them. Put only those in it who may be root. Group kvm alone is less: it runs guests as the user\n(`--connect auto`), and sees through hostd what was said above.\n\n"
	      "Set-uid and set-gid are refused, by stealscope and by stealscope-hostd: neither is written for it.\n\n"
	      "kernel.perf_event_paranoid does not matter (no perf events are opened), nor does\nkernel.unprivileged_bpf_disabled (CAP_BPF is no unprivileged use). A file system mounted nosuid, a\ncontainer without these capabilities in its bounding set, and no_new_privs in whatever starts\nstealscope each make file capabilities void: the run degrades to counters and says so. Before Linux\n5.11 eBPF maps count against RLIMIT_MEMLOCK: raise it for the user (`ulimit -l`).\n",
		f);
}

static bool in_group(const char *name)
{
	const struct group *g = getgrnam(name);
	gid_t have[256];
	int n = getgroups(ARRAY_SIZE(have), have);

	for (int i = 0; g && i < n; i++)
		if (have[i] == g->gr_gid)
			return true;
	return g && getegid() == g->gr_gid;
}

static bool has_file_capabilities(const char *file)
{
	struct vfs_cap_data d = {0};

	return file && getxattr(file, "security.capability", &d, sizeof(d)) > 0 &&
	       le32toh(d.data[1].permitted) & 1u << (CAP_BPF - 32) &&
	       le32toh(d.data[1].permitted) & 1u << (CAP_PERFMON - 32);
}

const char *privileges_here(const char *hostd, const char **note)
{
	bool kvm = in_group("kvm"), libvirt = in_group("libvirt"),
	     caps = has_file_capabilities(hostd);

	*note = "";
	if (geteuid() == 0)
		return "root";
	if (!kvm || !libvirt || !caps)
		*note = "some things need root or the groups kvm and libvirt and a host agent with capabilities: docs/privileges.md";
	if (!kvm)
		return libvirt ? "member of libvirt, not of kvm"
			       : "member of neither kvm nor libvirt";
	if (!libvirt)
		return caps ? "member of kvm, not of libvirt; the host agent has capabilities"
			    : "member of kvm, not of libvirt; the host agent has no capabilities";
	return caps ? "member of kvm and libvirt; the host agent has capabilities"
		    : "member of kvm and libvirt; the host agent has no capabilities";
}
