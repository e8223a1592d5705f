// SPDX-License-Identifier: GPL-3.0-or-later
/* Giving up what is not needed once the programs are loaded and debugfs is mounted. */
#include "host-agent/privilege.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

static const int kept[] = {
	CAP_DAC_READ_SEARCH,  /* /proc of other users, debugfs */
	CAP_SYS_PTRACE,	      /* schedstat where /proc is mounted with hidepid */
	CAP_PERFMON, CAP_BPF, /* map updates where unprivileged bpf() is off (before 6.0) */
};

int privilege_drop(struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2] = {0}, want[2] = {0};

	if (syscall(SYS_capget, &head, caps))
		return err_sys(e, "capget");
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		want[kept[i] / 32].permitted |= 1u << kept[i] % 32;
	for (int i = 0; i < 2; i++) {
		want[i].permitted &= caps[i].permitted;
		want[i].effective = want[i].permitted;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &head, want))
		return err_sys(e, "cannot drop capabilities");
	return 0;
}
