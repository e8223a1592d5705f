/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Helpers of the libFuzzer targets: values out of the input's bytes, and the input as a file. */
#ifndef SS_TESTS_FUZZ_H
#define SS_TESTS_FUZZ_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A claim about the code under test; libFuzzer keeps the input that breaks it. */
#define CLAIM(x)                                                                                   \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x);     \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct input {
	const uint8_t *p;
	size_t n;
};

/* The next `len` bytes; zeros where the input ends. */
static inline void take(struct input *in, void *to, size_t len)
{
	size_t have = MIN(len, in->n);

	memset(to, 0, len);
	if (have)
		memcpy(to, in->p, have);
	in->p += have;
	in->n -= have;
}

static inline uint8_t take_u8(struct input *in)
{
	uint8_t v;

	take(in, &v, sizeof(v));
	return v;
}

/* Any 64 bits, with small numbers and the ends of the ranges likely. */
static inline uint64_t take_u64(struct input *in)
{
	static const uint64_t edges[] = {0, 1, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX,
		UINT64_MAX - 1, UINT32_MAX, UINT64_C(1) << 32};
	uint8_t how = take_u8(in);
	uint64_t v = 0;

	if (how < 0x80)
		return how;
	if (how < 0xa0)
		return edges[how % ARRAY_SIZE(edges)];
	take(in, &v, how < 0xc0 ? 2 : how < 0xe0 ? 4 : 8);
	return v;
}

/* A folder of this process below $TMPDIR, which tests/fuzz/run makes and removes. */
static inline const char *fuzz_dir(void)
{
	static char *dir;

	if (!dir) {
		const char *tmp = getenv("TMPDIR");

		dir = xasprintf("%s/stealscope-fuzz.XXXXXX", tmp ? tmp : "/tmp");
		CLAIM(mkdtemp(dir));
	}
	return dir;
}

/* The bytes as a regular file in that folder, over the last one. */
static inline const char *fuzz_file(const void *data, size_t len)
{
	static char *path;
	int fd;

	if (!path)
		path = xasprintf("%s/input", fuzz_dir());
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CLAIM(fd >= 0 && write_all(fd, data, len) == 0);
	close(fd);
	return path;
}

#endif
