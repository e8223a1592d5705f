// SPDX-License-Identifier: GPL-3.0-or-later
/* Loading the eBPF programs: for this kernel, with as much memory as this box needs. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host-agent/priv.h"

#ifndef TRACER_HIDES
#define TRACER_HIDES 0 /* tests/trace.mk builds a hostd whose tracer misses some */
#endif

#ifndef TRACER_CHAINS
#define TRACER_CHAINS TRACER_PLACES /* ... and one with few, so that they are long */
#endif

_Static_assert(
	offsetof(struct tracer_bpf__bss, room) + sizeof(((struct tracer_bpf__bss *)0)->room) ==
		sizeof(struct tracer_bpf__bss),
	"room, which is cut to size, is the last variable");

#define NAMES_BYTES (1u << 20)
#define LEAST_BUNCH 64u
#define LEAST_BUNCHES                                                                              \
	(1u << 20) /* of all CPUs: threads are given up before these, down to the fewest */
/* Of /proc/self/ns/pid in the first PID namespace: PROC_PID_INIT_INO of Linux's include/linux/proc_ns.h. */
#define FIRST_PID_NAMESPACE 0xEFFFFFFCu

static char libbpf_last[256]; /* its last warning, the best reason there is */

static int __attribute__((format(printf, 2, 0)))
keep_warning(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(libbpf_last, sizeof(libbpf_last), fmt, ap);
	libbpf_last[strcspn(libbpf_last, "\n")] = '\0';
	return 0;
}

void tracer_hush(void)
{
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(keep_warning);
}

/* cgroup v1 carries the cpu controller when /proc/cgroups gives it a hierarchy of its own. */
static bool cpu_controller_is_v1(void)
{
	auto_free char *text = read_file("/proc/cgroups", 64 << 10, NULL, NULL);
	const char *line = text ? strstr(text, "\ncpu\t") : NULL;

	return line && strtoul(line + strlen("\ncpu\t"), NULL, 10) != 0;
}

/* PREEMPT_RT before 6.12: the ring's lock could sleep in the scheduler. */
static bool ring_may_sleep(void)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	return !uname(&u) && strstr(u.version, "PREEMPT_RT") &&
	       sscanf(u.release, "%u.%u", &major, &minor) == 2 && major * 1000 + minor < 6012;
}

/* Only one of the two ways out is used; the other is made as small as can be. */
static void choose_way_out(struct tracer_bpf *skel, bool counts, bool queue)
{
	queue = queue || ring_may_sleep();
	skel->rodata->use_queue = queue;
	if (!queue)
		bpf_map__set_max_entries(skel->maps.queue, 1);
	if (queue) {
		bpf_map__set_max_entries(skel->maps.ring, (uint32_t)sysconf(_SC_PAGESIZE));
	} else if (counts) { /* only names go through it then */
		bpf_map__set_max_entries(skel->maps.ring, NAMES_BYTES);
		skel->rodata->wake_bytes = NAMES_BYTES / 4;
	}
}

/* Memory for the variables of the programs, with that many CPUs and threads: they are the last of them. */
static int make_variables(struct tracer *t, uint32_t cpus, uint32_t threads, uint32_t bunch)
{
	struct bpf_map *bss = t->skel->maps.bss;
	size_t size = offsetof(struct tracer_bpf__bss, room) +
		      cpus * (sizeof(struct tracer_cpu) + bunch) +
		      threads * sizeof(struct tracer_thread);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(bss));
	int fd = bpf_map_create(bpf_map__type(bss), "tracer.bss", bpf_map__key_size(bss),
		    (uint32_t)size, 1, &opts),
	    rc = fd < 0 ? -errno : bpf_map__reuse_fd(bss, fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

/*
 * Made here, not by libbpf: it would make all of them, and write their megabytes of zeros once more, a fifth of what
 * it costs to start. Linux 5.10 lets a map's value have 4 MiB, 6.1 has no such bound: half as many threads there, or fewer.
 */
static int make_room(struct tracer *t, bool counts, struct err *e)
{
	uint32_t cpus = 1, threads = TRACER_MAX_THREADS, bunch = TRACER_BUNCH;
	int possible = libbpf_num_possible_cpus(), rc;

	if (possible < 1 || possible > TRACER_MAX_CPUS)
		return err_set(
			e, ENOTSUP, "%d CPUs: at most %d can be traced", possible, TRACER_MAX_CPUS);
	while (cpus < (uint32_t)possible)
		cpus *= 2;
	while (cpus * bunch > TRACER_BUNCHES)
		bunch /= 2;
	if (counts)
		bunch = LEAST_BUNCH; /* not used: there are only names */
	while (((rc = make_variables(t, cpus, threads, bunch)) == -E2BIG || rc == -ENOMEM) &&
		(threads > TRACER_GROUPS || bunch > LEAST_BUNCH)) {
		if (cpus * bunch <= LEAST_BUNCHES && threads > TRACER_GROUPS)
			threads /= 2;
		else
			bunch /= 2;
	}
	t->n_cpus = (unsigned)possible;
	free(t->ends); /* of a first try */
	t->ends = xcalloc(t->n_cpus, sizeof(*t->ends));
	t->max_threads = threads;
	t->skel->rodata->last_cpu = cpus - 1;
	t->skel->rodata->last_slot = threads - 1;
	t->skel->rodata->threads_at = cpus * (uint32_t)sizeof(struct tracer_cpu);
	t->skel->rodata->bunches_at =
		t->skel->rodata->threads_at + threads * (uint32_t)sizeof(struct tracer_thread);
	t->skel->rodata->bunch_bytes = bunch;
	return rc ? err_set(e, -rc, "cannot have memory for eBPF programs: %s", strerror(-rc)) : 0;
}

static int load_programs(struct tracer *t, bool counts, bool queue, bool with_vcpus, struct err *e)
{
	int rc;

	t->skel = tracer_bpf__open();
	if (!t->skel)
		return err_sys(e, "cannot open the eBPF programs");
	t->skel->rodata->hides = TRACER_HIDES;
	t->skel->rodata->last_place = TRACER_CHAINS - 1;
	t->skel->rodata->counts_mode = counts;
	t->skel->rodata->cgroup_v1 = cpu_controller_is_v1();
	choose_way_out(t->skel, counts, queue);
	if (with_vcpus)
		vcpus_describe(t->skel);
	bpf_program__set_autoload(t->skel->progs.list_vcpus, with_vcpus);
	rc = make_room(t, counts, e);
	if (rc)
		return rc;
	rc = tracer_bpf__load(t->skel);
	if (rc)
		return err_set(e, -rc, "cannot load eBPF programs: %s%s%s%s", strerror(-rc),
			libbpf_last[0] ? " (" : "", libbpf_last, libbpf_last[0] ? ")" : "");
	rc = tracer_bpf__attach(t->skel);
	if (rc)
		return err_set(e, -rc, "cannot attach eBPF programs: %s", strerror(-rc));
	return 0;
}

/* The programs see the numbers that threads have in the first PID namespace; they would trace nobody, or others. */
static bool sees_the_kernels_numbers(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) || st.st_ino == FIRST_PID_NAMESPACE;
}

int tracer_load(struct tracer *t, bool counts, bool queue, struct err *e)
{
	if (!sees_the_kernels_numbers())
		return err_set(e, ENOTSUP,
			"this is a PID namespace of its own (a container), where threads have other numbers than the kernel's; give it the host's (--pid=host)");
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return err_set(e, ENOTSUP, "this kernel has no BTF (/sys/kernel/btf/vmlinux)");
	/* The kernel that does not take the walk over open files may take the rest. */
	if (load_programs(t, counts, queue, true, &t->no_vcpus)) {
		int rc;

		tracer_bpf__destroy(t->skel);
		rc = load_programs(t, counts, queue, false, e);
		if (rc)
			return rc;
	}
	return 0;
}
