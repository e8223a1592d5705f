// SPDX-License-Identifier: GPL-3.0-or-later
/* See privilege.h. Raw system calls: libcap would be one more library for twenty lines. */
#include "host-agent/privilege.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/capability.h"
#include "base/util.h"

#define NOBODY 65534

/* Of a user's hostd, while it sets up. */
static const uint64_t needed = UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_PERFMON |
			       UINT64_C(1) << CAP_DAC_READ_SEARCH | UINT64_C(1) << CAP_SYS_PTRACE;

struct caps {
	uint64_t effective, permitted;
};

static int caps_get(struct caps *c)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {0};

	*c = (struct caps){0}; /* none, should they not be readable */
	if (syscall(SYS_capget, &head, d))
		return -errno;
	c->effective = d[0].effective | (uint64_t)d[1].effective << 32;
	c->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	return 0;
}

/* Nothing is inheritable, and with that nothing ambient. */
static int caps_set(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {
		{.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
		{.effective = (uint32_t)(effective >> 32),
			.permitted = (uint32_t)(permitted >> 32)},
	};

	return syscall(SYS_capset, &head, d) ? -errno : 0;
}

int privilege_begin(struct err *e)
{
	struct caps c;

	if (geteuid() != getuid() || getegid() != getgid())
		return err_set_exit(e, EXIT_USAGE, EPERM,
			"refuses to run set-uid or set-gid; setcap gives it what it needs");
	if (getauxval(AT_SECURE))
		clearenv();
	if (geteuid() != 0 && caps_get(&c) == 0)
		caps_set(0, c.permitted & needed);
	return 0;
}

void privilege_use(void)
{
	struct caps c;

	if (geteuid() != 0 && caps_get(&c) == 0)
		caps_set(c.permitted, c.permitted);
}

void privilege_put_off(void)
{
	struct caps c;

	if (caps_get(&c) == 0)
		caps_set(0, c.permitted);
}

void privilege_take_on(void)
{
	struct caps c;

	if (caps_get(&c) == 0)
		caps_set(c.permitted, c.permitted);
}

/* Whether /proc (hidepid) shows this process the threads of others only with a capability. */
static bool proc_hides(void)
{
	return access("/proc/1/schedstat", R_OK) != 0;
}

/* Root without capabilities still owns root's files. Where there is no nobody (a user namespace),
 * root stays. */
static void become_nobody(void)
{
	int sig = 0;

	prctl(PR_GET_PDEATHSIG, &sig);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) ||
		setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		return;
	prctl(PR_SET_PDEATHSIG, sig); /* a change of user clears it */
}

int privilege_drop(bool debugfs, struct err *e)
{
	uint64_t keep = UINT64_C(1) << CAP_BPF; /* map updates, before Linux 6.0 */
	bool root = geteuid() == 0;
	struct caps c;
	int rc;

	if (debugfs)
		keep |= UINT64_C(1) << CAP_DAC_READ_SEARCH;
	if (root)
		for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (root)
		become_nobody();
	if (proc_hides())
		keep |= UINT64_C(1) << CAP_SYS_PTRACE;
	rc = caps_get(&c);
	if (!rc)
		rc = caps_set(c.permitted & keep, c.permitted & keep);
	if (rc || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_set(e, rc ? -rc : errno, "cannot drop capabilities: %s",
			strerror(rc ? -rc : errno));
	return 0;
}
