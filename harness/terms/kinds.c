// SPDX-License-Identifier: GPL-3.0-or-later
#include "terms/kinds.h"

static const struct kind guest[] = {
	[GUEST_METAL] = {.name = "metal",
		.doc = "the bare-metal guest",
		.traits = GUEST_IS_VM | GUEST_IS_OURS},
	[GUEST_LINUX] = {.name = "linux",
		.doc = "a kernel with the agent",
		.traits = GUEST_IS_VM | GUEST_IS_OURS | GUEST_HAS_KERNEL},
	[GUEST_NATIVE] = {.name = "native",
		.doc = "host processes, the baseline",
		.traits = GUEST_IS_OURS},
	[GUEST_DISK] = {.name = "disk",
		.doc = "an image of your own, on an overlay that is thrown away",
		.traits = GUEST_IS_VM | GUEST_IS_OURS | GUEST_IS_DISK},
	[GUEST_DOMAIN] = {.name = "domain",
		.doc = "a domain that libvirt has already, as it is but for what is asked here, which is put back afterwards",
		.traits = GUEST_IS_THEIRS},
};
const struct words words_guest_kind = WORDS_OF(guest);

static const struct kind noise[] = {
#define NOISE(id, ...)		 {__VA_ARGS__},
#define NOISE_OF_GUESTS(id, ...) {__VA_ARGS__},
#include "terms/noises.def"
};
const struct words words_noise_kind = WORDS_OF(noise);

const struct kind *kind_of(const struct words *kinds, unsigned value)
{
	bool known = kinds == &words_guest_kind || kinds == &words_noise_kind;

	return known && value < kinds->n ? (const struct kind *)kinds->rows + value : NULL;
}
