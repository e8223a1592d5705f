// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * libFuzzer: a file of stalls, read, searched, and as it would be played. The first byte odd: a head
 * that is right comes before the rest.
 */
#include "stalls/source.h"
#include "tests/fuzz/fuzz.h"

#define ROWS_MAX 2000

/* Rows are in order and in their bounds; written again they are the same. */
static void read_all(const char *path, uint64_t from)
{
	struct stalls_reader *r = NULL;
	struct err e = ERR_INIT;
	struct stall s;
	uint64_t last = 0;
	int rc = stalls_open(path, &r, &e);

	while (!rc && (rc = stalls_next(r, &s, &e)) == 1) {
		rc = 0;
		CLAIM(s.start_ns >= last && s.start_ns <= STALLS_TIME_MAX);
		CLAIM(s.length_ns && s.length_ns <= STALLS_LENGTH_MAX && s.cpu <= STALLS_CPU_MAX);
		CLAIM(s.taken_ns <= s.length_ns);
		last = s.start_ns;
	}
	CLAIM(rc <= 0 && (!rc || e.msg[0]));
	if (r && !rc && !stalls_seek(r, from, &e) && stalls_next(r, &s, &e) == 1)
		CLAIM(s.start_ns >= from);
	stalls_close(r);
}

static void play_all(const struct stalls_how *how)
{
	struct stalls_source *src = NULL;
	struct err e = ERR_INIT;
	struct stall s;
	unsigned rows = 0;

	if (stalls_source_open(how, &src, &e)) {
		CLAIM(e.msg[0]);
		return;
	}
	while (rows++ < ROWS_MAX && stalls_source_next(src, &s, &e) == 1)
		CLAIM(s.taken_ns <= s.length_ns || stalls_source_rates(src));
	stalls_source_close(src);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const heads[] = {"# stealscope stalls 1\nstart_s,length_us,cpu\n",
		"# stealscope stalls 1\nstart_s,length_s,steal_ms_per_s,cpu\n"};
	struct input in = {data, size};
	uint8_t how = take_u8(&in);
	struct stalls_how play = {.speed = how & 4 ? 1.5 : 1,
		.scale = how & 8 ? 0.5 : 1,
		.from_ns = take_u64(&in) % STALLS_TIME_MAX,
		.loop = how & 16};
	const char *head = how & 1 ? heads[how >> 1 & 1] : "";
	auto_free char *file = xmalloc(strlen(head) + in.n + 1);

	strcpy(file, head);
	memcpy(file + strlen(head), in.n ? in.p : data, in.n);
	play.trace = fuzz_file(file, strlen(head) + in.n);
	read_all(play.trace, play.from_ns);
	play_all(&play);
	return 0;
}
