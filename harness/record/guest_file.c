/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading guest/<name>.bin. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "record/reader.h"
#include "record/stream.h"

#define HEADER_MAX	65536u
#define VERSION_1_VCPUS 16u

struct guest_reader {
	struct stream in;
	struct guest_file_header header;
	struct read_status status;
};

int guest_reader_open(const char *path, struct guest_reader **out, struct err *e)
{
	struct guest_reader *r = xcalloc(1, sizeof(*r));
	const void *head;
	int rc = stream_open(&r->in, path, e);

	if (rc) {
		free(r);
		return rc;
	}
	head = stream_peek(&r->in, sizeof(r->header));
	if (head)
		memcpy(&r->header, head, sizeof(r->header));
	r->header.name[sizeof(r->header.name) - 1] = 0;
	if (r->in.io_error)
		rc = err_set(e, EIO, "%s: cannot be read: %s", path, strerror(EIO));
	else if (!head || r->header.magic != GUEST_FILE_MAGIC)
		rc = err_set(e, EINVAL, "%s: not a guest record file", path);
	else if (r->header.version < 1 || r->header.version > GUEST_FILE_VERSION ||
		 r->header.rec_size != sizeof(struct shm_rec))
		rc = err_set(e, EINVAL, "%s: guest record format %u; this stealscope reads 1 to %u",
			path, r->header.version, GUEST_FILE_VERSION);
	else if (r->header.header_size < sizeof(r->header) || r->header.header_size > HEADER_MAX ||
		 !r->header.nr_vcpus ||
		 r->header.nr_vcpus > (r->header.version == 1 ? VERSION_1_VCPUS : SHM_MAX_VCPUS))
		rc = err_set(e, EINVAL, "%s: header out of range", path);
	if (rc) {
		guest_reader_close(r);
		return rc;
	}
	guest_reader_rewind(r);
	*out = r;
	return 0;
}

static bool known_type(uint8_t type)
{
	return (type >= REC_START && type <= REC_OUTPUT) || (type >= REC_DRAIN && type <= REC_LOST);
}

const struct shm_rec *guest_reader_next(struct guest_reader *r)
{
	const struct shm_rec *rec;

	while ((rec = stream_peek(&r->in, sizeof(*rec)))) {
		r->in.at += sizeof(*rec);
		if (!known_type(rec->type) || rec->vcpu >= r->header.nr_vcpus) {
			r->status.bad++;
			continue;
		}
		r->status.records++;
		return rec;
	}
	r->status.cut = stream_has_rest(&r->in);
	r->status.io_error = r->in.io_error;
	return NULL;
}

void guest_reader_rewind(struct guest_reader *r)
{
	stream_seek(&r->in, r->header.header_size);
	r->status = (struct read_status){0};
}

struct read_status guest_reader_status(const struct guest_reader *r)
{
	return r->status;
}

void guest_reader_close(struct guest_reader *r)
{
	if (!r)
		return;
	stream_close(&r->in);
	free(r);
}
