// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * libFuzzer: any bytes as the run.json of a record whose other files are sound. What is read is
 * written and read again without a change, and the record is analysed.
 */
#include "abi/guest_shm.h"
#include "record/run_info.h"
#include "tests/fuzz/fuzz_analysis.h"
#include "tests/fuzz/fuzz_trace.h"

static char *make_record(const char *name)
{
	struct guest_file_header guest = {.magic = GUEST_FILE_MAGIC,
		.version = GUEST_FILE_VERSION,
		.header_size = sizeof(guest),
		.rec_size = sizeof(struct shm_rec),
		.nr_vcpus = 16,
		.start_host_ns = FUZZ_TRACE_START};
	char *dir = xasprintf("%s/%s", fuzz_dir(), name);
	auto_free char *sub = xasprintf("%s/guest", dir), *file = xasprintf("%s/guest/a.bin", dir);
	struct err e = ERR_INIT;

	CLAIM(!make_dirs(sub, &e) && !write_file(file, (char *)&guest, sizeof(guest), &e));
	return dir;
}

static char *text_of(const char *dir)
{
	auto_free char *path = xasprintf("%s/run.json", dir);
	char *text = read_file(path, 64 << 20, NULL, NULL);

	CLAIM(text);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *dir, *again;
	auto_free char *path = NULL, *one = NULL, *two = NULL;
	struct run_info info, same;
	struct err e = ERR_INIT;

	if (!dir) {
		dir = make_record("given");
		again = make_record("again");
	}
	path = xasprintf("%s/run.json", dir);
	CLAIM(!write_file(path, (const char *)data, size, &e));
	if (run_info_load(&info, dir, &e)) {
		CLAIM(e.msg[0]);
		return 0;
	}
	CLAIM(!run_info_save(&info, again, &e) && !run_info_load(&same, again, &e));
	one = text_of(again);
	CLAIM(!run_info_save(&same, again, &e));
	two = text_of(again);
	CLAIM(!strcmp(one, two));
	run_info_release(&info);
	run_info_release(&same);
	fuzz_analyse(dir, false);
	return 0;
}
