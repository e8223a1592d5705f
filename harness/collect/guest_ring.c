// SPDX-License-Identifier: GPL-3.0-or-later
/* A guest's shared page as an object: made, told, looked at, removed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "collect/priv.h"

#define MIN_SIZE  (UINT64_C(1) << 20)
#define SLOTS_MIN 16u
#define SLOTS_MAX (1u << 20)
#define HZ_MAX	  UINT64_C(100000000000) /* no TSC is faster than 100 GHz */

static int check_request(
	const char *shm_name, unsigned vcpus, unsigned slots, unsigned n_probes, struct err *e)
{
	if (!*shm_name || strchr(shm_name, '/') || strlen(shm_name) > 200)
		return err_set(
			e, EINVAL, "\"%s\" cannot be the name of a /dev/shm object", shm_name);
	if (vcpus < 1 || vcpus > SHM_MAX_VCPUS)
		return err_set(e, EINVAL, "%u vCPUs; a guest has 1 to %u", vcpus, SHM_MAX_VCPUS);
	if (slots < SLOTS_MIN || slots > SLOTS_MAX || (slots & (slots - 1)))
		return err_set(e, EINVAL, "%u ring slots; a power of two from %u to %u is right",
			slots, SLOTS_MIN, SLOTS_MAX);
	if (n_probes > SHM_MAX_PROBES)
		return err_set(
			e, EINVAL, "%u probes; a guest has at most %u", n_probes, SHM_MAX_PROBES);
	return 0;
}

static int make_object(struct guest_shm *g, struct err *e)
{
	auto_free char *path = xasprintf("/%s", g->shm_name);
	int rc;

	g->shm_fd = shm_open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (g->shm_fd < 0) {
		rc = err_sys(e, "cannot make /dev/shm%s", path);
		free(g->shm_name); /* not ours to unlink */
		g->shm_name = NULL;
		return rc;
	}
	rc = posix_fallocate(g->shm_fd, 0, (off_t)g->size);
	if (rc)
		return err_set(e, rc, "no room for %llu bytes in /dev/shm: %s",
			(unsigned long long)g->size, strerror(rc));
	g->map = mmap(NULL, g->size, PROT_READ | PROT_WRITE, MAP_SHARED, g->shm_fd, 0);
	if (g->map == MAP_FAILED) {
		g->map = NULL;
		return err_sys(e, "cannot map /dev/shm%s", path);
	}
	return 0;
}

static void write_header(struct guest_shm *g, const struct shm_probe *probes, unsigned n_probes)
{
	struct shm_host *h = guest_host(g);

	h->version = SHM_VERSION;
	h->nr_vcpus = g->n_vcpus;
	h->total_size = g->size;
	h->ring_offset = SHM_RING_OFFSET;
	h->ring_stride = g->stride;
	h->ring_slots = g->slots;
	h->nr_probes = n_probes;
	h->tsc_hz = host_tsc_hz(); /* a TCG guest's TSC is the host's with an offset */
	if (n_probes)
		memcpy(h->probes, probes, n_probes * sizeof(*probes));
	guest_shm_beacon(g);
	guest_shm_command(g, SHM_CMD_IDLE);
	__atomic_store_n(&h->magic, SHM_MAGIC, __ATOMIC_RELEASE);
}

static int begin_file(struct guest_shm *g, const char *guest_name, struct err *e)
{
	struct guest_file_header h = {.magic = GUEST_FILE_MAGIC,
		.version = GUEST_FILE_VERSION,
		.header_size = sizeof(h),
		.rec_size = sizeof(struct shm_rec),
		.nr_vcpus = g->n_vcpus,
		.start_host_ns = now_ns()};
	struct timespec t;
	int rc;

	clock_gettime(CLOCK_REALTIME, &t);
	h.start_unix_ns = (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
	strncpy(h.name, guest_name, sizeof(h.name) - 1);
	g->fd = beneath_open(g->file_name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (g->fd < 0)
		return err_sys(e, "cannot begin %s", g->file_name);
	rc = write_all(g->fd, &h, sizeof(h));
	if (rc)
		return err_set(e, -rc, "cannot write %s: %s", g->file_name, strerror(-rc));
	return 0;
}

int guest_shm_create(const char *shm_name, const char *guest_name, unsigned vcpus, unsigned slots,
	const struct shm_probe *probes, unsigned n_probes, const char *file, struct guest_shm **out,
	struct err *e)
{
	struct guest_shm *g;
	int rc = check_request(shm_name, vcpus, slots, n_probes, e);

	if (rc)
		return rc;
	g = xcalloc(1, sizeof(*g));
	g->shm_fd = g->fd = -1;
	g->shm_name = xstrdup(shm_name);
	g->file_name = xstrdup(file);
	g->n_vcpus = vcpus;
	g->vcpus = xcalloc(vcpus, sizeof(*g->vcpus));
	g->room = UINT64_MAX;
	g->slots = slots;
	g->stride = (uint32_t)MAX(slots * sizeof(struct shm_rec), (size_t)4096);
	g->size = MIN_SIZE;
	while (g->size < SHM_RING_OFFSET + (uint64_t)vcpus * g->stride)
		g->size *= 2;
	rc = make_object(g, e);
	if (!rc)
		rc = begin_file(g, guest_name, e);
	if (rc) {
		guest_shm_destroy(g);
		return rc;
	}
	write_header(g, probes, n_probes);
	*out = g;
	return 0;
}

int guest_shm_chown(struct guest_shm *g, uid_t uid, gid_t gid, struct err *e)
{
	auto_free char *name = xasprintf("/dev/shm/%s", g->shm_name);

	return file_give(g->shm_fd, name, uid, gid, e);
}

void guest_shm_move(struct guest_shm *g, void *map)
{
	struct shm_host *there = map;

	/* Of a guest that runs: it waits for the magic number. */
	there->magic = 0;
	memcpy((uint8_t *)map + sizeof(there->magic), g->map + sizeof(there->magic),
		g->size - sizeof(there->magic));
	__atomic_store_n(&there->magic, SHM_MAGIC, __ATOMIC_RELEASE);
	g->object = g->map;
	g->map = map;
	guest_shm_beacon(g);
}

void guest_shm_limit(struct guest_shm *g, uint64_t bytes)
{
	g->room = bytes ? bytes / sizeof(struct shm_rec) : UINT64_MAX;
}

void guest_shm_look(struct guest_shm *g, uint64_t ns)
{
	guest_host(g)->look_us = (uint32_t)(ns / 1000);
}

uint64_t guest_shm_size(const struct guest_shm *g)
{
	return g->size;
}

void guest_shm_beacon(struct guest_shm *g)
{
	__atomic_store_n(&guest_host(g)->beacon_ns, now_ns(), __ATOMIC_RELEASE);
}

void guest_shm_command(struct guest_shm *g, enum shm_command c)
{
	g->command = c;
	__atomic_store_n(&guest_host(g)->command, (uint32_t)c, __ATOMIC_RELEASE);
}

void guest_shm_on_output(struct guest_shm *g, guest_output_fn fn, void *ctx)
{
	g->output = fn;
	g->output_ctx = ctx;
}

void guest_shm_run_measures(struct guest_shm *g)
{
	__atomic_store_n(&guest_host(g)->measures, 1u, __ATOMIC_RELEASE);
}

int guest_shm_config(struct guest_shm *g, const char *text, struct err *e)
{
	if (strlen(text) >= SHM_CONFIG_SIZE)
		return err_set_exit(e, EXIT_USAGE, E2BIG,
			"the commands for its jobs and measures have %zu bytes; %u are possible: put them into scripts in the guest",
			strlen(text), SHM_CONFIG_SIZE - 1);
	memcpy(guest_host(g)->config, text, strlen(text) + 1);
	return 0;
}

unsigned guest_shm_count_state(const struct guest_shm *g, enum shm_state state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < g->n_vcpus; i++)
		n += guest_vcpu_lines(g, i)->state == (uint32_t)state;
	return n;
}

uint64_t guest_shm_samples(const struct guest_shm *g)
{
	return __atomic_load_n(&g->samples, __ATOMIC_RELAXED);
}

void guest_shm_status(const struct guest_shm *g, struct guest_shm_status *out)
{
	struct guest_shm_status s = {.samples = guest_shm_samples(g)};
	uint64_t hz = guest_vcpu_lines(g, 0)->tsc_hz;
	uint32_t accel = guest_vcpu_lines(g, 0)->accel;

	s.tsc_hz = hz <= HZ_MAX ? hz : 0;
	s.accel = accel <= SHM_ACCEL_XEN ? (enum shm_accel)accel : SHM_ACCEL_UNKNOWN;
	s.features = guest_vcpu_lines(g, 0)->features;
	for (unsigned i = 0; i < g->n_vcpus; i++) {
		const struct guest_vcpu *v = &g->vcpus[i];

		s.dropped += v->dropped;
		s.torn += v->torn;
		s.jumps += v->jumps;
		s.over += v->over;
		if (!s.fail_code && guest_vcpu_lines(g, i)->state == SHM_STATE_FAILED)
			s.fail_code = guest_vcpu_lines(g, i)->fail_code;
	}
	s.lost = s.dropped + s.torn + s.over + s.jumps * g->slots;
	*out = s;
}

int guest_shm_destroy(struct guest_shm *g)
{
	int rc = 0;

	if (!g)
		return 0;
	if (g->fd >= 0) {
		guest_flush(g);
		close(g->fd);
	}
	if (g->map)
		munmap(g->map, g->size);
	if (g->object)
		munmap(g->object, g->size);
	if (g->shm_fd >= 0)
		close(g->shm_fd);
	if (g->shm_name && shm_unlink(g->shm_name) && errno != ENOENT)
		rc = -errno;
	for (unsigned i = 0; i < g->n_vcpus; i++)
		free(g->vcpus[i].offset_path);
	free(g->vcpus);
	free(g->shm_name);
	free(g->file_name);
	free(g);
	return rc;
}
