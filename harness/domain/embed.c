// SPDX-License-Identifier: GPL-3.0-or-later
/* The folder tree of qemu:///embed: libvirt's QEMU driver inside this process, without a daemon. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "domain/priv.h"

/* Without virtlogd the console goes straight to its file; without namespaces and owner bookkeeping
 * nothing else of the host is touched. */
static const char conf_all[] = "stdio_handler = \"file\"\n"
			       "namespaces = []\n"
			       "remember_owner = 0\n"
			       "dynamic_ownership = 0\n"
			       "security_driver = \"none\"\n"
			       "cgroup_controllers = [\"cpu\", \"cpuset\", \"cpuacct\"]\n";
static const char conf_root[] = "user = \"root\"\n"
				"group = \"root\"\n";

/* QEMU's monitor socket lies this deep below the root, with the domain's name cut to 20 bytes. */
#define MONITOR_TAIL "/lib/qemu/domain-99999-12345678901234567890/monitor.sock"

/* A folder for libvirt's capability cache that outlives the run. */
static char *cache_dir(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		return xstrdup("/var/cache/stealscope/libvirt");
	if (xdg && *xdg == '/')
		return xasprintf("%s/stealscope/libvirt", xdg);
	return home && *home == '/' ? xasprintf("%s/.cache/stealscope/libvirt", home) : NULL;
}

int embed_prepare(const char *root, struct err *e)
{
	auto_free char *etc = xasprintf("%s/etc", root);
	auto_free char *conf = xasprintf("%s/etc/qemu.conf", root);
	auto_free char *cache = cache_dir();
	auto_free char *link = xasprintf("%s/cache", root);
	auto_free char *text = xasprintf("%s%s", conf_all, geteuid() ? "" : conf_root);
	struct sockaddr_un sun;
	int rc;

	if (strlen(root) + sizeof(MONITOR_TAIL) > sizeof(sun.sun_path))
		return err_set_exit(e, EXIT_USAGE, ENAMETOOLONG,
			"the runtime folder %s is too deep: QEMU's sockets below it would have names over %zu bytes; use a shorter one",
			root, sizeof(sun.sun_path));
	rc = make_dirs(etc, e);
	if (!rc)
		rc = write_file(conf, text, strlen(text), e);
	if (rc)
		return err_wrap(e, "preparing libvirt's folder");
	/* Without the cache everything works, only slower. */
	if (cache && make_dirs(cache, NULL) == 0 && symlink(cache, link) && errno != EEXIST)
		return err_sys(e, "preparing libvirt's folder: linking %s", link);
	return 0;
}

/* A QEMU that libvirt started to ask what it can do, and killed: it daemonized itself, so it stands
 * in a session of its own and is an orphan that this subreaper inherited. The QEMU processes that
 * libvirt itself waits for share this one's session. */
static bool is_dead_probe(pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/stat", (int)pid);
	auto_free char *text = read_file(path, 4096, NULL, NULL);
	const char *name = text ? strchr(text, '(') : NULL, *end = text ? strrchr(text, ')') : NULL;
	int parent, group, session;
	char state;

	return name && end && !strncmp(name + 1, "qemu-system", 11) &&
	       sscanf(end + 1, " %c %d %d %d", &state, &parent, &group, &session) == 4 &&
	       state == 'Z' && session != (int)getsid(0);
}

static void collect_probes(void)
{
	/* Orphans come to the first thread. Without this file (CONFIG_PROC_CHILDREN) they are not
	 * found, and the first start of all takes 80 s longer. */
	auto_free char *path = xasprintf("/proc/self/task/%d/children", (int)getpid());
	auto_free char *text = read_file(path, 1 << 20, NULL, NULL);
	char *p = text, *end;

	for (; p && *p; p = end) {
		pid_t pid = (pid_t)strtol(p, &end, 10);

		if (end == p)
			break;
		if (is_dead_probe(pid))
			waitpid(pid, NULL, WNOHANG);
	}
}

/* Has any child died that nobody has waited for? Asked first, since to look at each of some hundred guests takes
 * milliseconds, at each sweep. */
static bool any_dead(void)
{
	siginfo_t info = {0};

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

void embed_collect(const char *root)
{
	auto_free char *dir = xasprintf("%s/run/qemu", root);

	if (!any_dead())
		return;
	for (auto_struct(folder) f = {.dir = opendir(dir)}; folder_next(&f);) {
		auto_free char *path = xasprintf("%s/%s", dir, f.name);
		size_t len = strlen(f.name);
		uint64_t pid;

		if (len > 4 && strcmp(f.name + len - 4, ".pid") == 0 &&
			strcmp(f.name, "driver.pid") != 0 && read_u64(path, &pid, NULL) == 0)
			waitpid((pid_t)pid, NULL, WNOHANG);
	}
	collect_probes();
}

bool embed_stay(struct cpuset *before)
{
	struct cpuset first;

	if (cpuset_of_thread(0, before))
		return false;
	first = cpuset_of((unsigned)cpuset_next(before, 0));
	return cpuset_bind_thread(0, &first) == 0;
}

void embed_go(const struct cpuset *before)
{
	const struct cpuset first = cpuset_of((unsigned)cpuset_next(before, 0));

	/* The threads that libvirt began meanwhile have it of this one. */
	for (auto_struct(folder) f = {.dir = opendir("/proc/self/task")}; folder_next(&f);)
		if (cpuset_is_of_thread(atoi(f.name), &first))
			cpuset_bind_thread(atoi(f.name), before);
}

void embed_forget(const char *root, const char *domain_name)
{
	auto_free char *log = NULL;

	if (!root || !domain_name)
		return;
	log = xasprintf("%s/log/qemu/%s.log", root, domain_name);
	unlink(log);
}
