/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kinds of guests and of noise. A kind's row says what is special about it, so that nobody asks for
 * a kind by its name: which keys of a scenario apply to it, what it needs. Noise kinds are the rows
 * of noises.def and have no enum: they differ by their rows alone, and by the work that
 * noise/kinds.c finds for them.
 */
#ifndef SS_TERMS_KINDS_H
#define SS_TERMS_KINDS_H

#include "terms/words.h"

/* struct kind.traits of a guest. */
enum guest_trait {
	GUEST_IS_VM = 1 << 0,	   /* memory, an accelerator, QEMU's own threads */
	GUEST_HAS_KERNEL = 1 << 1, /* whose kernel can be chosen */
	GUEST_IS_DISK = 1 << 2,	   /* an image of the user's */
	GUEST_IS_OURS = 1 << 3,	   /* made for the run, with an agent in it: count, vcpus, probes */
	GUEST_IS_THEIRS = 1 << 4,  /* libvirt has it already; QEMU's threads can be placed */
};

/* struct kind.traits of a noise. */
enum noise_trait {
	/* busy guests: count, vcpus, memory; the others are processes (threads, start, stop) */
	NOISE_IS_GUEST = 1 << 0,
	NOISE_IS_PROCESS = 1 << 1,
	/* works in bursts: duty, burst. Without it nobody knows how much CPU it asks for */
	NOISE_TAKES_DUTY = 1 << 2,
	NOISE_TAKES_SIZE = 1 << 3, /* has a working set: size */
	NOISE_TAKES_ARGS = 1 << 4, /* is told by args= what to do, and cannot do without */
	NOISE_IS_ONE = 1 << 5, /* one process that makes its own workers, whatever threads= is */
	/* plays stalls: trace, rate, ...; real-time threads on its victim's CPUs. No control group of
	 * its own: with RT_GROUP_SCHED such a group may hold no real-time thread. Its stdout is its log */
	NOISE_IS_PLAYED = 1 << 6,
};

struct kind {
	const char *name, *doc;
	unsigned traits;
	const char *program; /* must be in PATH, from the package of that name; NULL = none */
	const char *example; /* of args= */
};

enum guest_kind { GUEST_METAL, GUEST_LINUX, GUEST_NATIVE, GUEST_DISK, GUEST_DOMAIN };
extern const struct words words_guest_kind, words_noise_kind;

/* The row of a value of words_guest_kind or words_noise_kind; NULL for other words, and beyond the
 * table. */
const struct kind *kind_of(const struct words *kinds, unsigned value);

#endif
