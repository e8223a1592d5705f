/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The host's end of the page shared with one guest (abi/guest_shm.h), and its file
 * guest/<name>.bin.
 *
 * Use: guest_shm_create() before the guest starts; guest_shm_beacon() and guest_shm_drain() from
 * one thread all the time (the guest powers itself off when the beacon stands still for 5 s);
 * guest_shm_command() for what it shall do; guest_shm_destroy() when QEMU is gone.
 *
 * Whatever a guest can write is hostile: geometry comes from host memory alone, a drain copies each
 * record once and judges the copy, and does at most one ring's worth of work per vCPU.
 *
 * Threads: drain, sync and note_host_tsc exclude each other (the caller's lock); beacon, command,
 * count_state and samples may be called from anywhere.
 */
#ifndef SS_COLLECT_GUEST_RING_H
#define SS_COLLECT_GUEST_RING_H

#include <stdbool.h>
#include <sys/types.h>

#include "abi/guest_shm.h"
#include "base/err.h"

struct guest_shm;

/* Make /dev/shm/<shm_name> (must not exist; mode 0600), write the host's header into it, command
 * IDLE, and begin `file` (must not exist). `slots`: records per vCPU's ring, a power of two from 16
 * to 2^20. The memory is allocated at once, so a full /dev/shm is an error here and no SIGBUS
 * later. -EEXIST, -ENOSPC, -EINVAL ... with a sentence. Destroy with guest_shm_destroy(). */
int guest_shm_create(const char *shm_name, const char *guest_name, unsigned vcpus, unsigned slots,
	const struct shm_probe *probes, unsigned n_probes, const char *file, struct guest_shm **out,
	struct err *e);

/* At most so many bytes of the guest's records go into the file (0 = as many as come): what a guest
 * writes beyond is counted, and REC_LOST tells it. What the host writes is not bounded: it is little.
 */
void guest_shm_limit(struct guest_shm *g, uint64_t bytes);

/* How often its vCPUs look at the command, in ns; 10 ms where it is not said. Idle ones take a change at their next look,
 * agents installed in an image perhaps never: what is said before they start stays. */
void guest_shm_look(struct guest_shm *g, uint64_t ns);

/* Give the object to the user QEMU runs as. */
int guest_shm_chown(struct guest_shm *g, uid_t uid, gid_t gid, struct err *e);

/* Go on in `map`, of the same size, which the guest has in place of the object: what was written so far is
 * copied. It belongs to `g` then. Before the guest uses it; the beacon may be written meanwhile. */
void guest_shm_move(struct guest_shm *g, void *map);

/* Bytes of the object: a power of two, >= 1 MiB. */
uint64_t guest_shm_size(const struct guest_shm *g);

void guest_shm_beacon(struct guest_shm *g);
void guest_shm_command(struct guest_shm *g, enum shm_command c);

/* How many vCPUs say that they are in this state. */
unsigned guest_shm_count_state(const struct guest_shm *g, enum shm_state state);

/* Samples (not REC_START, REC_END) collected so far, over all vCPUs. */
uint64_t guest_shm_samples(const struct guest_shm *g);

/* Move what the rings hold into the file. Adds REC_DRAIN behind what came new of a vCPU, and
 * REC_LOST where something was lost. 0, or -errno when the file cannot be written: then nothing
 * more will be, and every later call says so again. */
int guest_shm_drain(struct guest_shm *g, struct err *e);
/* Write what was collected so far; errors as guest_shm_drain() has them. */
int guest_shm_flush(struct guest_shm *g, struct err *e);

/* Compare clocks with all vCPUs of all these guests (NULL: left out): tell them so (SHM_CMD_SYNC), ping each `rounds`
 * times and write the GUEST_SYNC_KEEP tightest answers of each as REC_SYNC. What a guest was told before it is told
 * again afterwards. All are called at once, and whoever answers has its rounds: a guest looks for commands the more
 * rarely the more guests there are. Some 3 ms a vCPU on a quiet host.
 *
 * guest_sync_begin() also drains the rings, with guest_shm_drain()'s errors; -EBUSY while one of the guests is told to
 * RUN, which this would end. `guests` must outlive it. guest_sync_turn() works for 50 ms or so: 1 when there is more to
 * do, 0 when all is done; -ETIMEDOUT with a sentence, once a guest, when a vCPU of guest number *guest did not answer:
 * the others go on. All of it takes 2 s and 0.2 s a vCPU at most. guest_sync_end() also breaks off. */
#define GUEST_SYNC_KEEP 4
struct guest_sync;
int guest_sync_begin(struct guest_shm *const *guests, size_t n, unsigned rounds,
	struct guest_sync **out, struct err *e);
int guest_sync_turn(struct guest_sync *s, size_t *guest, struct err *e);
void guest_sync_end(struct guest_sync *s);

/* Tell which host threads its vCPUs are, for guest_shm_note_host_tsc(). `kvm_dir` is
 * "/sys/kernel/debug/kvm". Returns for how many vCPUs KVM's TSC offset can be read: 0 under TCG,
 * without debugfs, or where KVM scales the TSC. */
unsigned guest_shm_attach_kvm(
	struct guest_shm *g, const char *kvm_dir, pid_t qemu, const pid_t *tids, unsigned n);

/* Its vCPUs are threads of this host: their TSC is the host's. */
void guest_shm_attach_native(struct guest_shm *g);

/* Write REC_OFFSET for each vCPU whose offset can be read: host TSC and host time of one
 * instant. */
void guest_shm_note_host_tsc(struct guest_shm *g);

/* Who is told of every REC_OUTPUT as it is drained: a copy, as hostile as all a guest writes. */
typedef void (*guest_output_fn)(void *ctx, const struct shm_rec *rec);
void guest_shm_on_output(struct guest_shm *g, guest_output_fn fn, void *ctx);
/* Let the guest's measures run. */
void guest_shm_run_measures(struct guest_shm *g);
/* What programs the guest runs, before it starts: -E2BIG when it is longer than SHM_CONFIG_SIZE. */
int guest_shm_config(struct guest_shm *g, const char *text, struct err *e);

struct guest_shm_status {
	uint64_t samples;
	uint64_t lost;	  /* dropped + torn + over + a ring's worth for each jump */
	uint64_t dropped; /* by guests, rings full */
	uint64_t torn;	  /* slots that held something else than the next record */
	uint64_t over;	  /* beyond guest_shm_limit() */
	uint64_t jumps;	  /* impossible moves of head or dropped */
	uint64_t tsc_hz;  /* of vCPU 0; 0 unknown or absurd */
	enum shm_accel accel;
	uint32_t features;  /* of vCPU 0 */
	uint32_t fail_code; /* of the first vCPU in SHM_STATE_FAILED, else 0 */
};
void guest_shm_status(const struct guest_shm *g, struct guest_shm_status *out);

/* The host TSC's frequency, measured once per process (10 ms); also that of a TCG guest. */
uint64_t host_tsc_hz(void);

/* Write out the rest, close the file, unmap and unlink. NULL is fine. What could not be written was
 * said by guest_shm_drain(), or is lost with the disk. -errno: its name is still there. */
int guest_shm_destroy(struct guest_shm *g);

#endif
