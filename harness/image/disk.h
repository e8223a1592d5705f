/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk image of the user's. What it is, `qemu-img info` says, which is itself a parser of what may
 * be hostile: it runs bounded, opens one file at a time, and never what that file names. QEMU is
 * told the format of every file of the chain, so that it probes none; it writes to an overlay of
 * ours and opens the rest read-only.
 */
#ifndef SS_IMAGE_DISK_H
#define SS_IMAGE_DISK_H

#include "base/util.h"
#include "plan/plan.h"

#define DISK_CHAIN_MAX 16

/* One file; [0] is the image itself, then what each builds upon. */
struct disk_layer {
	char *path; /* absolute, without symbolic links */
	const char *format;
};

struct disk_chain {
	struct disk_layer layers[DISK_CHAIN_MAX];
	unsigned n;
	uint64_t virtual_bytes;
};

/*
 * Look at the image of `d`, relative paths below `folder`. Refused, each with one sentence: missing,
 * no file, empty, compressed as a whole, encrypted, of another format than qcow2 or raw or than
 * `d` says, in use for writing, an external data file, a backing file that is no local file, whose
 * format is not said, or that lies outside the image's folder without d->backing saying so.
 */
int disk_look(const struct plan_disk *d, const char *folder, struct disk_chain *out, struct err *e);
void disk_chain_release(struct disk_chain *c);

/* Make an overlay upon the chain at `path` (must not exist). */
int disk_overlay(const struct disk_chain *c, const char *path, struct err *e);

/* UEFI: the code to run and a fresh copy of its variables at `vars`; EXIT_HOST without OVMF. */
int disk_firmware(const char *vars, char **code, struct err *e);

/* seed.c: a disk that cloud-init takes for its configuration (NoCloud: ISO 9660, label cidata), made
 * in `path`: it starts the agent, which lies on it; no password, no key, no network. `name` is the
 * guest's, `run` makes the instance one of its own. */
int seed_make(const char *agent, const char *run, const char *name, bool network, const char *path,
	struct err *e);

#endif
