// SPDX-License-Identifier: GPL-3.0-or-later
/* Native guests: the Linux agent as a process of this host, in a control group of its own, its
 * shared page mapped as the file it is. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/process.h"
#include "host/cgroup.h"
#include "image/image.h"
#include "run/priv.h"

struct native_guest {
	pid_t pid;
	int pidfd;
	struct cgroup_handle *group; /* NULL: this user may make none */
	char *config;		     /* file with its programs; NULL = none */
};

/* "0:1:0-3", a list per vCPU. */
static char *cpu_lists(const struct plan_guest *g)
{
	struct strbuf b = {0};

	for (unsigned v = 0; v < g->vcpus; v++) {
		char text[CPUSET_TEXT];

		strbuf_add(&b, "%s%s", v ? ":" : "",
			cpuset_format(&g->vcpu_cpus[v], text, sizeof(text)));
	}
	return b.text;
}

/* As the initramfs of a Linux guest has it. */
static int write_config(struct session *s, struct guest_run *g, struct err *e)
{
	auto_free char *text = guest_config(g->plan, s->plan->measures, s->plan->n_measures);
	int rc = 0;

	if (*text) {
		g->native->config = xasprintf("%s/%s.programs", s->runtime_dir, g->plan->name);
		rc = write_file(g->native->config, text, strlen(text), e);
	}
	return rc;
}

static int spawn(struct session *s, struct guest_run *g, struct err *e)
{
	struct native_guest *n = g->native;
	auto_free char *lists = cpu_lists(g->plan);
	auto_free char *page = xasprintf("--page=/dev/shm/%s", g->shm_name);
	auto_free char *cpus = xasprintf("--cpus=%s", lists);
	auto_free char *config = n->config ? xasprintf("--config=%s", n->config) : NULL;
	char *argv[] = {(char *)s->o->agent, (char *)"native", page, cpus, config, NULL};
	auto_close int out = open(g->console, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	struct child_setup setup = {.files = {CHILD_NULL, out, out}, .death_signal = SIGKILL};
	int gate[2], rc;

	if (out < 0)
		return err_sys(e, "%s", g->console);
	if (pipe2(gate, O_CLOEXEC))
		return err_sys(e, "no pipe");
	setup.keep = gate[0];
	n->pid = child_fork(&setup, e);
	if (n->pid == 0) {
		child_wait_gate();
		execv(argv[0], argv);
		_exit(127);
	}
	close(gate[0]);
	rc = MIN(n->pid, 0);
	if (!rc)
		rc = n->pidfd = child_pidfd(n->pid, e);
	if (rc >= 0) {
		reaper_add_pid(s->reaper, n->pid);
		rc = n->group ? cgroup_add_process(n->group, n->pid, e) : 0;
	}
	close(gate[1]);
	return rc;
}

/* On cgroup v1 with RT_GROUP_SCHED a group has no real-time budget of its own (and no task in it
 * may have such a policy) until it is given one, from the top down. A timer needs little. */
static void give_rt_budget(const struct native_guest *n)
{
	static const char *const budget_us[] = {"800000", "400000", "50000"};
	const char *path = cgroup_cpu_path(n->group), *p = strstr(path, "/stealscope");

	for (size_t i = 0; p && i < ARRAY_SIZE(budget_us); i++) {
		auto_free char *file = NULL;
		uint64_t now;

		p += 1 + strcspn(p + 1, "/");
		file = xasprintf("%.*s/cpu.rt_runtime_us", (int)(p - path), path);
		if (read_u64(file, &now, NULL) == 0 && now == 0)
			write_file(file, budget_us[i], strlen(budget_us[i]), NULL);
		if (!*p)
			return;
	}
}

int native_start(struct session *s, struct guest_run *g, struct err *e)
{
	const struct plan_cpu_limits *l = &g->plan->vcpu_limits;
	struct cgroup_limits limits = {.shares = l->shares,
		.period_us = l->period_us,
		.quota_us = l->quota_us * g->plan->vcpus};
	int rc;

	if (!s->o->agent)
		return err_set(e, ENOENT, "there is no stealscope-agent to run");
	g->native = xcalloc(1, sizeof(*g->native));
	g->native->pidfd = -1;
	rc = write_config(s, g, e);
	if (!rc)
		rc = cgroup_make(s->info.run, g->plan->name, &limits, &g->native->group, e);
	if (rc == -EPERM && !limits.shares && !limits.quota_us) {
		*e = (struct err)ERR_INIT;
		rc = 0;
		session_warn(s, "guest %s has no control group (this user may make none)",
			g->plan->name);
	}
	if (!rc && g->native->group)
		give_rt_budget(g->native);
	if (!rc)
		rc = spawn(s, g, e);
	guest_shm_attach_native(g->shm);
	g->info->pid = g->native->pid;
	return rc;
}

bool native_alive(const struct native_guest *n)
{
	return n->pidfd < 0 || !process_ended(n->pidfd);
}

/* The agent names its threads "vcpu0", "vcpu1", ... */
static pid_t find_thread(pid_t pid, const char *name)
{
	auto_free char *dir = xasprintf("/proc/%d/task", (int)pid);
	pid_t found = 0;

	for (auto_struct(folder) f = {.dir = opendir(dir)}; !found && folder_next(&f);) {
		auto_free char *path = xasprintf("%s/%s/comm", dir, f.name);
		auto_free char *comm = read_file(path, 64, NULL, NULL);

		if (comm && !strncmp(comm, name, strlen(name)) && comm[strlen(name)] == '\n')
			found = (pid_t)atoi(f.name);
	}
	return found;
}

int native_tids(const struct guest_run *g, pid_t *tids, struct err *e)
{
	for (unsigned v = 0; v < g->plan->vcpus; v++) {
		struct sched_param param = {.sched_priority = (int)g->plan->priority};
		char name[16];

		snprintf(name, sizeof(name), "vcpu%u", v);
		tids[v] = find_thread(g->native->pid, name);
		if (!tids[v])
			return err_set(e, ESRCH, "guest %s: its thread %s was not found",
				g->plan->name, name);
		if (g->plan->policy != SCHED_AS_IS &&
			sched_setscheduler(tids[v],
				g->plan->policy == SCHED_RT_FIFO ? SCHED_FIFO : SCHED_RR, &param))
			return err_sys(
				e, "guest %s: no real-time policy for %s", g->plan->name, name);
	}
	return 0;
}

void native_stop(struct guest_run *g)
{
	auto_free struct native_guest *n = g->native;

	if (!n)
		return;
	if (n->pidfd >= 0) {
		process_signal(n->pidfd, SIGKILL);
		process_wait_end(n->pidfd, 2000);
		process_collect(n->pidfd);
		close(n->pidfd);
	}
	cgroup_destroy(n->group, NULL);
	free(n->config);
	g->native = NULL;
}
