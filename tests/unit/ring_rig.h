/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest's page, with the harness on one side and the test, through a mapping of its own, as the guest. */
#ifndef SS_TESTS_UNIT_RING_RIG_H
#define SS_TESTS_UNIT_RING_RIG_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "collect/guest_ring.h"
#include "guest-agent/probe/ring.h"

#define SLOTS 64u

struct rig {
	char dir[64], name[64], file[128];
	struct guest_shm *g;
	uint8_t *page; /* the guest's view */
	uint64_t size;
	unsigned vcpus;
	struct ring rings[SHM_MAX_VCPUS];
};

static inline void rig_up(struct rig *r, unsigned vcpus)
{
	static unsigned serial;
	struct shm_probe probe = {.id = PROBE_TIMER, .vcpus = {{3}}, .p = {10000000}};
	struct err e = ERR_INIT;
	struct shm_host *host;
	char path[96];
	int fd;

	*r = (struct rig){.vcpus = vcpus};
	strcpy(r->dir, "/tmp/test_guest_ring.XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->name, sizeof(r->name), "ss-unit-test-ring-%u-%d", serial++, (int)getpid());
	snprintf(r->file, sizeof(r->file), "%s/guest.bin", r->dir);
	assert_int_equal(
		guest_shm_create(r->name, "victim", vcpus, SLOTS, &probe, 1, r->file, &r->g, &e),
		0);
	r->size = guest_shm_size(r->g);
	snprintf(path, sizeof(path), "/dev/shm/%s", r->name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	r->page = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(r->page, MAP_FAILED);
	close(fd);
	host = (struct shm_host *)r->page;
	for (unsigned i = 0; i < vcpus; i++)
		ring_init(&r->rings[i], (struct shm_vcpu *)(r->page + SHM_VCPU_OFFSET) + i,
			r->page + host->ring_offset + (size_t)i * host->ring_stride,
			host->ring_slots);
}

static inline void rig_down(struct rig *r)
{
	char path[96];

	guest_shm_destroy(r->g);
	munmap(r->page, r->size);
	snprintf(path, sizeof(path), "/dev/shm/%s", r->name);
	assert_int_equal(access(path, F_OK), -1);
	unlink(r->file);
	rmdir(r->dir);
}

/* The guest writes one record; false when the ring was full. */
static inline bool put(struct rig *r, unsigned vcpu, uint8_t type, uint64_t tsc)
{
	struct shm_rec *rec = ring_slot(&r->rings[vcpu]);

	if (!rec)
		return false;
	*rec = (struct shm_rec){.type = type, .probe = PROBE_TIMER, .vcpu = 99, .tsc = tsc};
	ring_publish(&r->rings[vcpu], rec);
	return true;
}

static inline void drain(struct rig *r)
{
	struct err e = ERR_INIT;

	assert_int_equal(guest_shm_drain(r->g, &e), 0);
}

/* Close the collector and read the file's records. */
static inline struct shm_rec *finish(struct rig *r, size_t *n)
{
	struct guest_file_header h;
	struct shm_rec *recs;
	char *text;
	size_t len;

	guest_shm_destroy(r->g);
	r->g = NULL;
	text = read_file(r->file, 64 << 20, &len, NULL);
	assert_non_null(text);
	assert_true(len >= sizeof(h));
	memcpy(&h, text, sizeof(h));
	assert_int_equal(h.magic, GUEST_FILE_MAGIC);
	assert_int_equal(h.header_size, sizeof(h));
	assert_int_equal(h.nr_vcpus, r->vcpus);
	assert_string_equal(h.name, "victim");
	assert_int_equal((len - sizeof(h)) % sizeof(*recs), 0);
	*n = (len - sizeof(h)) / sizeof(*recs);
	recs = xcalloc(*n + 1, sizeof(*recs));
	memcpy(recs, text + sizeof(h), *n * sizeof(*recs));
	free(text);
	return recs;
}

#endif
