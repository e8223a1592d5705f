// SPDX-License-Identifier: GPL-3.0-or-later
/* See syscalls.h. The filter is the table below, row by row; libseccomp would be one more library
 * for as many lines. */
#include "host-agent/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/util.h"

#define WRITES	(O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)
#define ALL	UINT32_MAX
#define X32_BIT UINT32_C(0x40000000)
/* What a tracer (strace's fault injection) leaves of a call that is not to happen. */
#define NO_CALL UINT32_C(0xffffffff)

/* Allowed when (argument number `arg` & mask) == value; a mask of 0 asks nothing. The most frequent
 * first. */
static const struct {
	uint32_t nr;
	uint8_t arg;
	uint32_t mask, value;
} allowed[] = {
	/* samples */
	{.nr = SYS_pread64},
	{SYS_bpf, 0, ALL, BPF_MAP_LOOKUP_AND_DELETE_BATCH},
	{SYS_bpf, 0, ALL, BPF_MAP_LOOKUP_AND_DELETE_ELEM},
	{SYS_bpf, 0, ALL, BPF_PROG_TEST_RUN},	   /* the box's own steal */
	{SYS_bpf, 0, ALL, BPF_ITER_CREATE},	   /* the walk over all tasks */
	{SYS_bpf, 0, ALL, BPF_OBJ_GET_INFO_BY_FD}, /* --measure-bpf */
	{.nr = SYS_read},
	{.nr = SYS_write},
	{.nr = SYS_poll},
	{.nr = SYS_ppoll},
	{.nr = SYS_epoll_wait},
	{.nr = SYS_epoll_pwait},
	{.nr = SYS_clock_gettime}, /* where the vDSO has none */
	{.nr = SYS_getrusage},
	{.nr = SYS_nanosleep},
	{.nr = SYS_clock_nanosleep},
	{.nr = SYS_restart_syscall},
	/* the trace file: to its end, and cut back when the disk is full */
	{.nr = SYS_lseek},
	{.nr = SYS_ftruncate},
	/* /proc, control groups, debugfs: to be read */
	{SYS_openat, 2, WRITES, 0},
	{.nr = SYS_close},
	{.nr = SYS_fstat},
	{.nr = SYS_newfstatat},
	{.nr = SYS_fstatfs},
	{.nr = SYS_getdents64},
	{SYS_fcntl, 1, ALL, F_GETFL}, /* fdopendir() */
	{SYS_fcntl, 1, ALL, F_SETFD},
	/* what its caller names is opened with the caller's rights */
	{.nr = SYS_capget},
	{.nr = SYS_capset},
	/* memory, signals, the end */
	{.nr = SYS_brk},
	{SYS_mmap, 2, PROT_EXEC, 0},
	{SYS_mprotect, 2, PROT_EXEC, 0},
	{.nr = SYS_munmap},
	{.nr = SYS_mremap},
	{.nr = SYS_madvise},
	{.nr = SYS_futex},
	{.nr = SYS_getrandom}, /* malloc() of some C libraries */
	{.nr = SYS_rt_sigreturn},
	{.nr = SYS_rt_sigprocmask},
	{.nr = SYS_exit},
	{.nr = SYS_exit_group},
};

#define LOAD(field)  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)
/* The next instruction when the accumulator is `value`, else `n` further on. */
#define ONLY(value, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, n)

struct program {
	struct sock_filter code[8 * ARRAY_SIZE(allowed) + 16];
	unsigned short n;
};

static void add(struct program *p, const struct sock_filter *code, size_t n)
{
	memcpy(p->code + p->n, code, n * sizeof(*code));
	p->n = (unsigned short)(p->n + n);
}
#define ADD(p, ...)                                                                                \
	do {                                                                                       \
		const struct sock_filter code_[] = {__VA_ARGS__};                                  \
		add(p, code_, ARRAY_SIZE(code_));                                                  \
	} while (0)

static void make(struct program *p)
{
	ADD(p, LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS), LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 3), ONLY(NO_CALL, 1),
		RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_KILL_PROCESS));
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		if (!allowed[i].mask) {
			ADD(p, ONLY(allowed[i].nr, 1), RETURN(SECCOMP_RET_ALLOW));
			continue;
		}
		/* The low half of an argument: all that the kernel looks at in these. */
		ADD(p, ONLY(allowed[i].nr, 5),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				offsetof(struct seccomp_data, args) + 8u * allowed[i].arg),
			BPF_STMT(BPF_ALU | BPF_AND | BPF_K, allowed[i].mask),
			ONLY(allowed[i].value, 1), RETURN(SECCOMP_RET_ALLOW), LOAD(nr));
	}
	/* Its flags stand in memory, where a filter cannot look; base/beneath.h does without. */
	ADD(p, ONLY(SYS_openat2, 1), RETURN(SECCOMP_RET_ERRNO | ENOSYS),
		RETURN(SECCOMP_RET_ERRNO | EPERM));
}

int syscalls_restrict(struct err *e)
{
	struct program p = {.n = 0};
	struct sock_fprog prog = {.filter = p.code};

	make(&p);
	prog.len = p.n;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0))
		return err_sys(e, "cannot restrict its own system calls");
	return 0;
}
