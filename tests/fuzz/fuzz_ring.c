// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * libFuzzer: the input is a program of a hostile guest. It writes what it likes, where it likes,
 * into its own shared page, between drains. Beside it a sound guest writes into its own. Nothing
 * may crash; a drain's work is bounded; the file can be read; the sound guest has lost nothing.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "collect/priv.h"
#include "guest-agent/probe/ring.h"
#include "record/reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sync_one.h"

#define VCPUS 3u
#define SLOTS 16u

struct side {
	struct guest_shm *g;
	uint8_t *page; /* the guest's view */
	int file;
	char *path;
	struct ring rings[VCPUS];
	uint64_t sent;
};

static void side_up(struct side *s, const char *name)
{
	struct shm_probe probe = {.id = PROBE_TIMER, .vcpus = {{7}}, .p = {10000000}};
	auto_free char *shm = xasprintf("stealscope-fuzz-%d-%s", (int)getpid(), name);
	char *file = xasprintf("%s/%s.bin", fuzz_dir(), name);
	struct err e = ERR_INIT;

	*s = (struct side){.path = file};
	CLAIM(!guest_shm_create(shm, name, VCPUS, SLOTS, &probe, 1, file, &s->g, &e));
	s->page = mmap(NULL, s->g->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->g->shm_fd, 0);
	CLAIM(s->page != MAP_FAILED);
	s->file = open(file, O_RDONLY | O_CLOEXEC);
	CLAIM(s->file >= 0);
	/* A crash leaves nothing behind but what tests/fuzz/run removes. */
	shm_unlink(shm);
	for (unsigned i = 0; i < VCPUS; i++)
		ring_init(&s->rings[i], (struct shm_vcpu *)(s->page + SHM_VCPU_OFFSET) + i,
			s->page + SHM_RING_OFFSET + (size_t)i * s->g->stride, SLOTS);
}

static uint64_t records_out(const struct side *s)
{
	struct stat st;

	CLAIM(!fstat(s->file, &st));
	return ((uint64_t)st.st_size - sizeof(struct guest_file_header)) / sizeof(struct shm_rec) +
	       s->g->n_out;
}

static void side_drain(struct side *s)
{
	uint64_t before = records_out(s);
	struct err e = ERR_INIT;

	CLAIM(!guest_shm_drain(s->g, &e));
	/* A ring's worth, a REC_DRAIN and two REC_LOST of each vCPU. */
	CLAIM(records_out(s) - before <= VCPUS * (SLOTS + 3));
}

/* As a sound guest does, and drain before the ring is full. */
static void write_soundly(struct side *s, unsigned vcpu, uint64_t tsc)
{
	struct shm_rec *rec;

	if (ring_full(&s->rings[vcpu]))
		side_drain(s);
	rec = ring_slot(&s->rings[vcpu]);
	CLAIM(rec);
	*rec = (struct shm_rec){
		.type = REC_TIMER, .probe = PROBE_TIMER, .tsc = tsc, .v = {s->sent}};
	s->sent++;
	ring_publish(&s->rings[vcpu], rec);
}

/* A sound record, without a look at the host's tail. */
static void write_one(struct ring *r, uint64_t tsc)
{
	uint64_t head = r->shm->head;

	r->slots[head & (SLOTS - 1)] = (struct shm_rec){
		.type = REC_TIMER, .probe = PROBE_TIMER, .seq = (uint32_t)(head + 1), .tsc = tsc};
	r->shm->head = head + 1;
}

/* Records that carry the right numbers, over and over the ring, whatever the host has read. */
static void flood(struct side *s, unsigned vcpu, unsigned n, struct input *in)
{
	struct ring *r = &s->rings[vcpu];
	struct shm_rec rec = {0};

	take(in, &rec, take_u8(in) % sizeof(rec));
	while (n--) {
		rec.seq = (uint32_t)(r->shm->head + 1);
		rec.tsc -= n;
		r->slots[r->shm->head & (SLOTS - 1)] = rec;
		r->shm->head++;
	}
}

static void write_slot(struct side *s, struct input *in)
{
	struct ring *r = &s->rings[take_u8(in) % VCPUS];
	uint8_t where = take_u8(in), len = take_u8(in) % (sizeof(struct shm_rec) + 1);

	take(in, &r->slots[where % SLOTS], len);
	if (where & 0x80) /* otherwise sound: the number that is expected there */
		r->slots[r->shm->head & (SLOTS - 1)].seq = (uint32_t)(r->shm->head + 1);
	r->shm->head += where >> 4 & 3;
}

/* One round of pings to a guest that answers before it is asked. */
static void sync_once(struct side *s, struct input *in)
{
	struct err e = ERR_INIT;

	for (unsigned i = 0; i < VCPUS; i++) {
		s->rings[i].shm->echo_seq = s->g->vcpus[i].ping + 1;
		s->rings[i].shm->echo_tsc = take_u64(in);
	}
	if (s->g->command != SHM_CMD_RUN)
		CLAIM(!sync_one(s->g, 1, &e));
}

static void look(struct side *s)
{
	struct guest_shm_status st;
	unsigned n = 0;

	guest_shm_status(s->g, &st);
	CLAIM(st.accel <= SHM_ACCEL_NATIVE && st.lost >= st.dropped);
	CLAIM(st.samples <= records_out(s));
	for (unsigned i = 0; i <= SHM_STATE_FAILED; i++)
		n += guest_shm_count_state(s->g, (enum shm_state)i);
	CLAIM(n <= VCPUS);
}

static void hostile_step(struct side *s, struct input *in)
{
	uint8_t op = take_u8(in);
	struct ring *r = &s->rings[(op >> 6) % VCPUS];
	uint64_t at;

	switch (op & 15) {
	case 0:
		write_one(r, take_u64(in));
		break;
	case 1:
		r->shm->head = take_u64(in);
		break;
	case 2:
		r->shm->head += take_u8(in) % (2 * SLOTS);
		break;
	case 3:
		r->shm->dropped = take_u64(in);
		break;
	case 4:
		r->shm->dropped += take_u8(in);
		break;
	case 5:
		flood(s, (unsigned)(r - s->rings), take_u8(in), in);
		break;
	case 6:
	case 7:
		write_slot(s, in);
		break;
	case 8: /* anywhere: header, lines of others, rings */
		at = take_u64(in) * 8 % s->g->size;
		*(uint64_t *)(s->page + at) = take_u64(in);
		break;
	case 9:
		at = SHM_VCPU_OFFSET + take_u8(in) % (VCPUS * sizeof(struct shm_vcpu) / 8) * 8;
		*(uint64_t *)(s->page + at) = take_u64(in);
		break;
	case 10:
		memset(s->page, take_u8(in), SHM_RING_OFFSET);
		break;
	case 11:
		look(s);
		break;
	case 12:
		guest_shm_beacon(s->g);
		guest_shm_command(s->g, take_u8(in) % (SHM_CMD_POWEROFF + 1));
		break;
	case 13:
		sync_once(s, in);
		break;
	default:
		side_drain(s);
	}
}

/* Everything in the file is what a reader knows, of the guest's own vCPUs; how many are samples. */
static uint64_t read_back(const struct side *s)
{
	struct guest_reader *r = NULL;
	const struct shm_rec *rec;
	struct err e = ERR_INIT;
	uint64_t samples = 0;

	CLAIM(!guest_reader_open(s->path, &r, &e));
	while ((rec = guest_reader_next(r)))
		samples += rec->type > REC_END && rec->type < REC_DRAIN;
	CLAIM(!guest_reader_status(r).bad && !guest_reader_status(r).cut);
	guest_reader_close(r);
	return samples;
}

static void side_down(struct side *s)
{
	guest_shm_destroy(s->g);
	close(s->file);
	unlink(s->path);
	free(s->path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, MIN(size, 4096)};
	struct side evil, sound;
	struct guest_shm_status st;

	side_up(&evil, "evil");
	side_up(&sound, "sound");
	guest_shm_attach_native(evil.g);
	for (unsigned step = 0; in.n; step++) {
		hostile_step(&evil, &in);
		write_soundly(&sound, step % VCPUS, step);
		if (step % 16 == 0)
			guest_shm_note_host_tsc(evil.g);
	}
	side_drain(&evil);
	side_drain(&sound);
	guest_flush(evil.g);
	guest_flush(sound.g);
	CLAIM(read_back(&evil) == guest_shm_samples(evil.g));
	CLAIM(read_back(&sound) == sound.sent);
	guest_shm_status(sound.g, &st);
	CLAIM(st.lost == 0 && st.samples == sound.sent);
	munmap(evil.page, evil.g->size);
	munmap(sound.page, sound.g->size);
	side_down(&evil);
	side_down(&sound);
	return 0;
}
