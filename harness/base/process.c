// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

/* State letter and start time. The command name (field 2) may hold blanks and parentheses: the
 * fields are counted from the last ')'. */
static bool read_stat(pid_t pid, char *state, uint64_t *start)
{
	char path[32], text[1024], *p;
	ssize_t n;
	auto_close int fd = -1;

	if (pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	p = strrchr(text, ')');
	if (!p || p[1] != ' ' || !p[2])
		return false;
	*state = p[2];
	p++; /* the blank before field 3 */
	for (int field = 3; field < 22; field++) {
		p = strchr(p + 1, ' ');
		if (!p)
			return false;
	}
	*start = strtoull(p + 1, NULL, 10);
	return true;
}

uint64_t process_start_ticks(pid_t pid)
{
	uint64_t start;
	char state;

	return read_stat(pid, &state, &start) ? start : 0;
}

/* Read once: it must be the same each time. */
char *owner_self(char buf[OWNER_MAX])
{
	static _Thread_local uint64_t start;
	static _Thread_local pid_t of;

	if (of != getpid() || !start) {
		of = getpid();
		start = process_start_ticks(of);
	}
	snprintf(buf, OWNER_MAX, "%d-%llu", (int)of, (unsigned long long)start);
	return buf;
}

bool owner_parse(const char *text, pid_t *pid, uint64_t *start_ticks)
{
	unsigned long long start;
	int p, used = 0;

	if (!text || sscanf(text, "%9d-%20llu%n", &p, &start, &used) != 2 || text[used] || p <= 0)
		return false;
	*pid = p;
	*start_ticks = start;
	return true;
}

int owner_look(const char *owner)
{
	uint64_t want, start;
	pid_t pid;
	char state;

	if (!owner_parse(owner, &pid, &want))
		return 0;
	if (read_stat(pid, &state, &start))
		return start == want && state != 'Z' && state != 'X';
	return kill(pid, 0) && errno == ESRCH ? 0 : -1;
}

bool owner_alive(const char *owner)
{
	return owner_look(owner) != 0;
}

bool process_runs_qemu(pid_t pid)
{
	char path[32], exe[PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	/* Another user's: who may not look may not signal it either, so nothing is at stake. */
	if (n < 0 && errno == EACCES)
		return true;
	if (n <= 0)
		return false;
	exe[n] = '\0';
	name = strrchr(exe, '/') ? strrchr(exe, '/') + 1 : exe;
	return !strncmp(name, "qemu-system", 11) || !strncmp(name, "qemu-kvm", 8);
}

int process_qemu_has(pid_t pid, const struct strv *texts)
{
	auto_free char *path = xasprintf("/proc/%d/cmdline", (int)pid);
	struct err why = ERR_INIT;
	auto_free char *args = NULL;
	size_t len;

	if (!process_runs_qemu(pid))
		return 0;
	args = read_file(path, 1 << 20, &len, &why);
	if (!args)
		return why.code == ENOENT || why.code == ESRCH ? 0 : -why.code;
	for (const char *arg = args; arg < args + len; arg += strlen(arg) + 1)
		for (size_t i = 0; i < texts->n; i++)
			if (strstr(arg, texts->items[i]))
				return 1;
	return 0;
}

int process_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0u);

	return fd < 0 ? -errno : fd;
}

bool process_wait_end(int pidfd, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

bool process_ended(int pidfd)
{
	return process_wait_end(pidfd, 0);
}

/* The number of who a pidfd stands for; 0 when it has ended and was collected. */
static pid_t pid_of(int pidfd)
{
	auto_free char *path = xasprintf("/proc/self/fdinfo/%d", pidfd);
	auto_free char *text = read_file(path, 4096, NULL, NULL);
	const char *at = text ? strstr(text, "\nPid:") : NULL;
	int pid = 0;

	return at && sscanf(at, " Pid: %d", &pid) == 1 && pid > 0 ? pid : 0;
}

int process_signal(int pidfd, int sig)
{
	pid_t pid;
	int rc = syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0u) ? -errno : 0;

	/* Some sandboxes know kill() only. */
	if ((rc != -EPERM && rc != -ENOSYS) || !(pid = pid_of(pidfd)))
		return rc;
	return kill(pid, sig) ? -errno : 0;
}

void process_collect(int pidfd)
{
	siginfo_t info;

	waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
}

static char root_path[128];

static void find_runtime_root(void)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		snprintf(root_path, sizeof(root_path), "/run/stealscope");
	else if (xdg && *xdg == '/' && strlen(xdg) < 64)
		snprintf(root_path, sizeof(root_path), "%s/stealscope", xdg);
	else
		snprintf(root_path, sizeof(root_path), "/tmp/stealscope-%u", (unsigned)geteuid());
}

const char *runtime_root(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_runtime_root);
	return root_path;
}

void process_keep_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

void process_open_files(unsigned wanted)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= wanted)
		return;
	files.rlim_cur = wanted;
	if (files.rlim_max < wanted)
		files.rlim_max = wanted;
	if (!setrlimit(RLIMIT_NOFILE, &files) || getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}
