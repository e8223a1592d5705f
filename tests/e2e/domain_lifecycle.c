// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Metal guests as libvirt domains, for real: `domain_lifecycle METAL.ELF [URI]`. Prints "ok",
 * "FAIL" or "SKIP" per claim and a last line "domain_lifecycle: N passed, N failed, N skipped".
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "base/util.h"
#include "collect/guest_ring.h"
#include "domain/domain.h"
#include "host/reaper.h"

#define MANY  16
#define SLOTS 64

static const char *elf, *uri = "auto";
static unsigned passed, failed, skipped;
static char dir[64];

static __attribute__((format(printf, 2, 3))) bool claim(bool true_, const char *fmt, ...)
{
	va_list ap;

	printf("%s", true_ ? "ok    " : "FAIL  ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	*(true_ ? &passed : &failed) += 1;
	return true_;
}

static _Noreturn void finish(void)
{
	remove_tree(dir, NULL);
	printf("domain_lifecycle: %u passed, %u failed, %u skipped\n", passed, failed, skipped);
	exit(failed ? 1 : 0);
}

struct guest {
	struct plan_guest plan;
	char name[16], shm_name[64], file[128], console[128];
	char *xml;
	struct guest_shm *shm;
	struct domain *domain;
	struct err e;
};

static struct lab_conn *lab;

/* The page and the XML; `owner` as in struct domain_files. */
static int prepare(struct guest *g, const char *name, unsigned vcpus, bool kvm, const char *owner,
	struct err *e)
{
	struct domain_files f = {.kernel = elf,
		.console_log = g->console,
		.shm_name = g->shm_name,
		.emulator = "/usr/bin/qemu-system-x86_64",
		.kvm = kvm,
		.firmware = domain_firmware(GUEST_METAL),
		.policy_by_hand = domain_policy_by_hand(),
		.owner = owner};
	uid_t uid;
	gid_t gid;
	int rc;

	snprintf(g->name, sizeof(g->name), "%s", name);
	snprintf(g->shm_name, sizeof(g->shm_name), "stealscope-e2edom-%d-%s", (int)getpid(), name);
	snprintf(g->file, sizeof(g->file), "%s/%s.bin", dir, name);
	snprintf(g->console, sizeof(g->console), "%s/%s.log", dir, name);
	g->plan.name = g->name;
	g->plan.vcpus = vcpus;
	g->plan.vcpu_cpus = xcalloc(vcpus, sizeof(*g->plan.vcpu_cpus));
	g->plan.memory_bytes = 32 << 20;
	for (unsigned v = 0; v < vcpus; v++)
		g->plan.vcpu_cpus[v] = cpuset_of(v % 2);
	rc = guest_shm_create(g->shm_name, name, vcpus, SLOTS, NULL, 0, g->file, &g->shm, e);
	if (rc)
		return rc;
	rc = lab_qemu_ids(lab, &uid, &gid, e);
	if (!rc)
		rc = guest_shm_chown(g->shm, uid, gid, e);
	f.shm_size = guest_shm_size(g->shm);
	g->xml = rc ? NULL : domain_xml(&g->plan, "e2edom", &f, e);
	return g->xml ? 0 : -EINVAL;
}

static void release(struct guest *g)
{
	guest_shm_destroy(g->shm);
	unlink(g->file);
	free(g->xml);
	free(g->plan.vcpu_cpus);
	*g = (struct guest){0};
}

static void *start_one(void *arg)
{
	struct guest *g = arg;

	domain_start(lab, g->xml, &g->domain, &g->e);
	return NULL;
}

/* All vCPUs READY, the beacon written meanwhile. */
static bool wait_ready(struct guest *g, size_t n, double seconds)
{
	uint64_t until = now_ns() + (uint64_t)(seconds * 1e9);
	size_t ready;

	do {
		ready = 0;
		for (size_t i = 0; i < n; i++) {
			guest_shm_beacon(g[i].shm);
			ready +=
				guest_shm_count_state(g[i].shm, SHM_STATE_READY) == g[i].plan.vcpus;
		}
		if (ready == n)
			return true;
		sleep_ns(10 * NS_PER_MS);
	} while (now_ns() < until);
	printf("      %zu of %zu guests are ready\n", ready, n);
	return false;
}

static void one_guest(bool kvm)
{
	const char *accel = kvm ? "KVM" : "TCG";
	struct err e = ERR_INIT;
	struct guest g = {0};
	pid_t tids[SHM_MAX_VCPUS];
	unsigned n = 0;
	uint64_t t = now_ns();
	bool ready, stopped;

	if (prepare(&g, "one", 2, kvm, NULL, &e) || domain_start(lab, g.xml, &g.domain, &e)) {
		claim(false, "%s: one guest starts: %s", accel, e.msg);
		release(&g);
		return;
	}
	ready = wait_ready(&g, 1, 20);
	claim(ready, "%s: one guest of 2 vCPUs boots (%.2f s)", accel,
		(double)(now_ns() - t) / 1e9);
	claim(domain_vcpu_tids(g.domain, tids, SHM_MAX_VCPUS, &n, &e) == 0 && n == 2 &&
			tids[0] != tids[1] && tids[0] > 1,
		"%s: its vCPU threads are known", accel);
	for (unsigned v = 0; kvm && v < n; v++) {
		cpu_set_t set;

		claim(sched_getaffinity(tids[v], sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1 &&
				CPU_ISSET(v % 2, &set),
			"vCPU %u is pinned as planned", v);
	}
	claim(domain_alive(g.domain), "%s: it is alive", accel);
	t = now_ns();
	stopped = domain_stop(g.domain, &e) == 0;
	claim(stopped, "%s: it stops (%.2f s)", accel, (double)(now_ns() - t) / 1e9);
	release(&g);
}

static void many_guests(void)
{
	static struct guest g[MANY];
	struct domain *domains[MANY];
	pthread_t threads[MANY];
	struct err e = ERR_INIT;
	unsigned started = 0, with_tids = 0;
	uint64_t t;
	bool good;

	for (size_t i = 0; i < MANY; i++) {
		char name[16];

		snprintf(name, sizeof(name), "many%zu", i);
		if (prepare(&g[i], name, 1, true, NULL, &e)) {
			claim(false, "%d guests are prepared: %s", MANY, e.msg);
			return;
		}
	}
	t = now_ns();
	for (size_t i = 0; i < MANY; i++)
		pthread_create(&threads[i], NULL, start_one, &g[i]);
	for (size_t i = 0; i < MANY; i++) {
		pid_t tid;
		unsigned n;

		pthread_join(threads[i], NULL);
		started += g[i].domain != NULL;
		domains[i] = g[i].domain;
		if (!g[i].domain)
			printf("      %s: %s\n", g[i].name, g[i].e.msg);
		else if (domain_vcpu_tids(g[i].domain, &tid, 1, &n, &e) == 0)
			with_tids++;
		else
			printf("      %s: %s\n", g[i].name, e.msg);
	}
	claim(started == MANY, "%d guests start from %d threads at once (%.2f s)", MANY, MANY,
		(double)(now_ns() - t) / 1e9);
	claim(with_tids == MANY, "the vCPU thread of each is known");
	good = wait_ready(g, MANY, 60);
	claim(good, "all boot (%.2f s)", (double)(now_ns() - t) / 1e9);
	t = now_ns();
	good = domain_stop_all(domains, MANY, &e) == 0;
	claim(good, "all stop together (%.2f s)", (double)(now_ns() - t) / 1e9);
	for (size_t i = 0; i < MANY; i++)
		release(&g[i]);
}

static bool dies_within(struct domain *d, double seconds)
{
	for (int i = 0; i < (int)(seconds * 50); i++) {
		if (!domain_alive(d))
			return true;
		sleep_ns(20 * NS_PER_MS);
	}
	return false;
}

/* A guest whose beacon stops now; `lone_ends` sees it end, while others do their work meanwhile. */
static struct guest lone;

static void leave(void)
{
	struct err e = ERR_INIT;

	if (prepare(&lone, "left", 1, true, NULL, &e) ||
		domain_start(lab, lone.xml, &lone.domain, &e))
		claim(false, "a guest to be left alone: %s", e.msg);
	else
		claim(wait_ready(&lone, 1, 20), "a guest boots, and its beacon stops");
}

static void lone_ends(void)
{
	if (lone.domain) {
		claim(dies_within(lone.domain, 15), "it powers off and its QEMU ends");
		domain_stop(lone.domain, NULL);
	}
	release(&lone);
}

static void deaths(void)
{
	struct err e = ERR_INIT;
	struct guest g = {0};

	if (prepare(&g, "killed", 1, true, NULL, &e) == 0 &&
		domain_start(lab, g.xml, &g.domain, &e) == 0) {
		kill(domain_pid(g.domain), SIGKILL);
		claim(dies_within(g.domain, 5), "a killed QEMU is seen");
		claim(domain_stop(g.domain, &e) == 0, "and cleared up after");
	} else {
		claim(false, "a guest to be killed: %s", e.msg);
	}
	release(&g);
	if (prepare(&g, "broken", 1, true, NULL, &e) == 0) {
		char *at = strstr(g.xml, elf);

		memset(at, 'x', strlen(elf));
		*at = '/';
		claim(domain_start(lab, g.xml, &g.domain, &e) < 0 && !strchr(e.msg, '\n'),
			"a kernel that is not there is one line: %s", e.msg);
	}
	release(&g);
}

static void reaping(void)
{
	struct err e = ERR_INIT;
	struct guest dead = {0}, live = {0};
	struct strv removed = {0}, left = {0};
	char owner[OWNER_MAX];

	if (prepare(&dead, "dead", 1, true, "999999-1", &e) ||
		domain_start(lab, dead.xml, &dead.domain, &e) ||
		prepare(&live, "live", 1, true, owner_self(owner), &e) ||
		domain_start(lab, live.xml, &live.domain, &e)) {
		claim(false, "guests to be reaped start: %s", e.msg);
	} else {
		int n = lab_reap(lab, &removed, &left, &e);

		claim(n == 1, "a domain whose harness is dead is reaped (%s)",
			removed.n ? removed.items[0] : e.msg);
		claim(dies_within(dead.domain, 2), "its QEMU is gone");
		claim(domain_alive(live.domain), "one whose harness lives is left alone");
	}
	domain_stop(dead.domain, NULL);
	domain_stop(live.domain, NULL);
	strv_release(&removed);
	strv_release(&left);
	release(&dead);
	release(&live);
}

static _Noreturn void orphan(void)
{
	static struct guest g[3];
	struct reaper *reaper;
	struct err e = ERR_INIT;
	char owner[OWNER_MAX];
	auto_free char *root = lab_planned_root(uri);
	int rc = reaper_start("e2edom", REAPER_RUNTIME_DIR "/e2edom", &reaper, &e);

	reaper_add_path(reaper, dir);
	reaper_add_path(reaper, root);
	if (!rc)
		rc = lab_open(uri, NULL, &lab, &e);
	for (size_t i = 0; !rc && i < ARRAY_SIZE(g); i++) {
		char name[16];

		snprintf(name, sizeof(name), "orphan%zu", i);
		rc = prepare(&g[i], name, 2, true, owner_self(owner), &e);
		reaper_add_shm(reaper, g[i].shm_name);
		if (!rc)
			rc = domain_start(lab, g[i].xml, &g[i].domain, &e);
		if (!rc && i > 0) /* the first is to be found by its name */
			reaper_add_pid(reaper, domain_pid(g[i].domain));
	}
	printf("%s\n", rc ? e.msg : "ready");
	fflush(stdout);
	for (;;) {
		for (size_t i = 0; i < ARRAY_SIZE(g); i++)
			guest_shm_beacon(g[i].shm); /* the dead-man's switch shall not help */
		sleep_ns(100 * NS_PER_MS);
	}
}

int main(int argc, char **argv)
{
	struct topology t;
	struct err e = ERR_INIT;
	bool kvm = access("/dev/kvm", R_OK | W_OK) == 0;

	if (argc < 2)
		return 2;
	elf = realpath(argv[1], NULL);
	uri = argc > 2 ? argv[2] : uri;
	strcpy(dir, "/tmp/ss-domain-XXXXXX");
	if (!elf || !mkdtemp(dir))
		return 2;
	chmod(dir, 0777); /* QEMU's user writes the console there */
	if (argc > 3 && strcmp(argv[3], "orphan") == 0)
		orphan();
	if (lab_open(uri, NULL, &lab, &e)) {
		printf("SKIP  domain_lifecycle: %s\n", e.msg);
		skipped++;
		finish();
	}
	claim(lab_topology(lab, &t, &e) == 0 && t.n_cpus >= 1, "%s shows its topology",
		lab_uri(lab));
	topology_release(&t);
	if (kvm)
		leave();
	one_guest(false);
	if (kvm) {
		one_guest(true);
		many_guests();
		deaths();
		reaping();
		lone_ends();
	} else {
		printf("SKIP  guests on KVM: /dev/kvm is not there or not usable\n");
		skipped++;
	}
	lab_close(lab);
	free((char *)(uintptr_t)elf);
	finish();
}
