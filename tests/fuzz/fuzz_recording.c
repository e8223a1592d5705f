// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * libFuzzer: a recording, imported into a record, and the record analysed. First byte odd: the rest
 * is a file whose checksums are put right first; even: the file as it is.
 */
#include "record/folder.h"
#include "record/recording.h"
#include "tests/fuzz/fuzz_analysis.h"

static void mend(uint8_t *file, size_t len)
{
	struct recording_block b;
	uint32_t head, at;

	if (len < sizeof(struct recording_header))
		return;
	memcpy(&head, file + offsetof(struct recording_header, header_size), sizeof(head));
	for (at = MIN(head, 65536); at + sizeof(b) <= len; at += sizeof(b) + b.bytes) {
		memcpy(&b, file + at, sizeof(b));
		if (b.bytes > RECORDING_BLOCK_MAX)
			return;
		b.bytes = (uint32_t)MIN(b.bytes, len - at - sizeof(b));
		b.magic = RECORDING_BLOCK_MAGIC;
		memcpy(file + at, &b, sizeof(b));
		b.crc = recording_crc(0, file + at + RECORDING_CRC_FROM,
			sizeof(b) - RECORDING_CRC_FROM + b.bytes);
		memcpy(file + at, &b, sizeof(b));
	}
}

/* Events come in order of time, and their number is what the status says. */
static void read_all(const char *path)
{
	struct recording *r = NULL;
	struct recording_event ev;
	struct err e = ERR_INIT;
	uint64_t last = 0, n = 0;

	if (recording_open(path, &r, &e)) {
		CLAIM(e.msg[0]);
		return;
	}
	for (; recording_next(r, &ev); n++) {
		CLAIM(ev.ns >= last);
		last = ev.ns;
	}
	CLAIM(recording_status(r).samples + recording_status(r).rows == n);
	recording_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t how = take_u8(&in);
	auto_free uint8_t *file = xmalloc(in.n + 1);
	auto_free char *record = NULL;
	auto_free char *results = xasprintf("%s/results", fuzz_dir());
	struct err e = ERR_INIT;
	const char *path;

	memcpy(file, in.n ? in.p : data, in.n);
	if (how & 1)
		mend(file, in.n);
	path = fuzz_file(file, in.n);
	read_all(path);
	if (recording_import(
		    (const char *const[]){path, path}, 1 + (how >> 7), results, &record, &e)) {
		CLAIM(e.msg[0] && !record);
	} else {
		fuzz_analyse(record, how & 2);
		CLAIM(!remove_tree(record, &e));
	}
	return 0;
}
