// SPDX-License-Identifier: GPL-3.0-or-later
/* The reaper process: waits for the end of its harness, and clears up unless told that all is
 * done. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/owner.h"
#include "base/process.h"
#include "base/util.h"
#include "host/cgroup.h"
#include "host/reaper.h"
#include "host/reaper_msg.h"

/* A QEMU may be between fork and exec when its harness dies: looked for again for this long. */
#define LOOK_NS	     (2 * NS_PER_S)
#define LOOK_STEP_NS (200 * NS_PER_MS)
/* Xen's tools build a domain in seconds. */
#define DOMAIN_LOOKS   4
#define DOMAIN_LOOK_NS (3 * NS_PER_S)

struct child {
	const char *run, *runtime_dir, *harness;
	struct reaper_msg *pids;
	size_t n_pids;
	struct strv paths, tunings;
	char *connect; /* libvirt whose domains `clean` ends; NULL: none */
};

static void detach(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, "ss-reaper");
	if (chdir("/"))
		return; /* nothing to be done about it */
}

/* Until the harness is gone or says that it has cleared up itself (true). */
static bool listen_harness(struct child *c, int fd)
{
	struct reaper_msg m;
	ssize_t n;

	for (;;) {
		memset(&m, 0, sizeof(m));
		n = recv(fd, &m, sizeof(m) - 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (m.type == REAPER_DONE)
			return true;
		if (m.type == REAPER_PATH)
			strv_add(&c->paths, "%s", m.text);
		if (m.type == REAPER_TUNING)
			strv_add(&c->tunings, "%s", m.text);
		if (m.type == REAPER_CLEAN) {
			free(c->connect);
			c->connect = xstrdup(m.text);
		}
		if (m.type == REAPER_PID) {
			ARRAY_GROW(c->pids, c->n_pids);
			c->pids[c->n_pids++] = m;
		}
	}
}

static void kill_one(pid_t pid)
{
	auto_close int fd = process_open(pid);

	if (fd < 0)
		return;
	process_signal(fd, SIGKILL);
	process_wait_end(fd, 2000);
}

/* QEMUs of the run's guests; and those that libvirt only asks what they can do, which name a socket below a folder that is to be
 * removed. */
static void kill_guests(const struct strv *marks)
{
	for (auto_struct(folder) f = {.dir = opendir("/proc")}; folder_next(&f);)
		if (isdigit((unsigned char)f.name[0]) && process_qemu_has(atoi(f.name), marks) > 0)
			kill_one(atoi(f.name));
}

/* Domains that are somebody else's get back what they had: by this program, which knows libvirt. All
 * at the same time, since a libvirt that does not answer is waited for. */
static void put_back_tunings(const struct child *c)
{
	for (size_t i = 0; i < c->tunings.n; i++) {
		pid_t pid = fork();

		if (pid)
			continue;
		execl("/proc/self/exe", "stealscope", "clean", "--quiet", "--tuning",
			c->tunings.items[i], (char *)NULL);
		_exit(EXIT_FAILED);
	}
}

/* By this program, which knows libvirt. */
static void end_domains(const struct child *c)
{
	pid_t pid = c->connect ? fork() : -1;

	if (pid == 0) {
		execl("/proc/self/exe", "stealscope", "clean", "--quiet", "--connect", c->connect,
			(char *)NULL);
		_exit(EXIT_FAILED);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* The folder of the run last, and only when nothing else is left: it proves to `clean` whose the rest is. */
static void remove_paths(const struct child *c)
{
	bool left = false;

	for (size_t i = 0; i < c->paths.n; i++)
		if (!c->runtime_dir || strcmp(c->paths.items[i], c->runtime_dir))
			left = remove_tree(c->paths.items[i], NULL) || left;
	if (c->runtime_dir && !left && !cgroup_is_left(c->run) &&
		owner_is(c->runtime_dir, c->harness))
		owner_release(c->runtime_dir, c->harness, NULL);
}

static void reap(struct child *c)
{
	uint64_t until = now_ns() + LOOK_NS;
	auto_struct(strv) marks = {0};

	if (c->runtime_dir) {
		auto_free char *hidden = owner_hidden_name(c->runtime_dir, c->harness);

		strv_add(&c->paths, "%s", hidden);
		if (owner_is(c->runtime_dir, c->harness))
			strv_add(&c->paths, "%s", c->runtime_dir);
	}
	strv_add(&marks, "guest=stealscope-%s-", c->run);
	for (size_t i = 0; i < c->paths.n; i++)
		strv_add(&marks, "%s", c->paths.items[i]);
	put_back_tunings(c);
	for (size_t i = 0; i < c->n_pids; i++)
		if (process_start_ticks(c->pids[i].pid) == c->pids[i].start_ticks &&
			c->pids[i].start_ticks)
			kill_one(c->pids[i].pid);
	kill_guests(&marks);
	cgroup_reap(c->run, NULL);
	cgroup_machine_reap(c->run);
	do {
		sleep_ns(LOOK_STEP_NS);
		kill_guests(&marks);
	} while (now_ns() < until);
	cgroup_machine_reap(c->run);
	end_domains(c);
	remove_paths(c);
	/* One that libvirt was making comes later, and is paused: it does not end by itself. */
	for (int i = 0; c->connect && i < DOMAIN_LOOKS; i++) {
		sleep_ns(DOMAIN_LOOK_NS);
		end_domains(c);
	}
	rmdir(runtime_root()); /* when no other run uses it */
}

_Noreturn void reaper_child(int fd, const char *run, const char *runtime_dir, const char *harness)
{
	struct child c = {.run = xstrdup(run),
		.runtime_dir = runtime_dir ? xstrdup(runtime_dir) : NULL,
		.harness = xstrdup(harness)};

	detach();
	if (!listen_harness(&c, fd)) {
		reap(&c);
		while (wait(NULL) > 0 || errno == EINTR)
			;
	}
	_exit(0);
}
