// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading a recording block by block. */
#include "record/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define MISSED_MAX UINT64_C(1000000000)
#define LOAD_MAX   UINT64_C(1000000000000000) /* us of one row that are read: no overflow of sums */
#define ROW_FIELDS 5			      /* version 2: what stands before the CPUs */

struct recording {
	FILE *f;
	struct recording_header head;
	struct recording_status status;
	struct recording_block block;
	uint8_t *payload;
	size_t at, end;		/* next sample byte, end of payload */
	size_t row_at;		/* next row byte */
	uint32_t samples, rows; /* left in this block */
	uint64_t deadline;	/* of the sample before */
	bool first;		/* the block's first sample is next */
	struct recording_event sample, row;
	bool have_sample, have_row;
	uint64_t steal[RECORDING_CPUS_MAX];
	bool steal_have[RECORDING_CPUS_MAX];
};

static bool get(const struct recording *r, size_t *at, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 63 && *at < r->end; shift += 7) {
		uint8_t b = r->payload[(*at)++];

		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*out = v;
			return true;
		}
	}
	return false;
}

static int check_header(const char *path, const struct recording_header *h, struct err *e)
{
	if (h->magic != RECORDING_MAGIC)
		return err_set(e, EINVAL,
			"%s is not a recording; `stealscope-agent record` makes them", path);
	if (h->version < 1 || h->version > RECORDING_VERSION)
		return err_set(e, EINVAL, "%s: recording format %u; this stealscope reads 1 to %u",
			path, h->version, RECORDING_VERSION);
	if (h->header_size < sizeof(*h) || h->header_size > 65536 || !h->n_cpus ||
		h->n_cpus > RECORDING_CPUS_MAX || h->period_ns < 1000 ||
		h->period_ns > 3600 * NS_PER_S || !h->steal_step_ns || h->steal_step_ns > NS_PER_S)
		return err_set(e, EINVAL, "%s: its header is out of range", path);
	return 0;
}

int recording_open(const char *path, struct recording **out, struct err *e)
{
	struct recording *r = xcalloc(1, sizeof(*r));
	int rc;

	r->f = fopen(path, "re");
	if (!r->f) {
		rc = err_sys(e, "cannot read %s", path);
		free(r);
		return rc;
	}
	if (fread(&r->head, sizeof(r->head), 1, r->f) != 1)
		rc = err_set(e, EINVAL,
			"%s is too short for a recording; `stealscope-agent record` makes them",
			path);
	else
		rc = check_header(path, &r->head, e);
	if (!rc && fseek(r->f, (long)r->head.header_size, SEEK_SET))
		rc = err_sys(e, "cannot read %s", path);
	r->head.host[sizeof(r->head.host) - 1] = '\0';
	r->head.kernel[sizeof(r->head.kernel) - 1] = '\0';
	r->head.hypervisor[sizeof(r->head.hypervisor) - 1] = '\0';
	r->payload = xmalloc(RECORDING_BLOCK_MAX);
	if (rc) {
		recording_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

/* Bits below a sample's lateness. */
static unsigned sample_bits(const struct recording *r)
{
	return r->head.version == 1 ? 1 : 2;
}

/* Step over the samples to where the rows begin; all numbers are read once here, so that what is
 * used later is known to be whole. */
static bool scan_block(struct recording *r)
{
	uint32_t fields = r->head.version == 1 ? 1 : ROW_FIELDS;
	size_t at = 0;
	uint64_t v, own;

	for (uint32_t i = 0; i < r->block.n_samples; i++) {
		if (!get(r, &at, &v))
			return false;
		own = sample_bits(r) > 1 ? v & 2 : 0;
		if (v & 1 && (!get(r, &at, &v) || v > MISSED_MAX))
			return false;
		if (own && (!get(r, &at, &v) || v > LOAD_MAX))
			return false;
	}
	r->row_at = at;
	for (uint32_t i = 0; i < r->block.n_rows; i++)
		for (uint32_t k = 0; k < fields + r->head.n_cpus; k++)
			if (!get(r, &at, &v) || (k < fields && v > LOAD_MAX))
				return false;
	return at == r->end;
}

static bool block_is_sound(struct recording *r, const struct recording_block *b)
{
	uint32_t crc;
	const uint8_t *tail = (const uint8_t *)b + RECORDING_CRC_FROM;

	crc = recording_crc(0, tail, sizeof(*b) - RECORDING_CRC_FROM);
	crc = recording_crc(crc, r->payload, b->bytes);
	return crc == b->crc && b->end_ns >= b->start_ns && b->start_ns >= r->head.start_ns &&
	       b->end_ns - r->head.start_ns < 366 * 86400 * NS_PER_S;
}

/* The next sound block; false at the end of the file or at its cut. */
static bool next_block(struct recording *r)
{
	struct recording_block b;
	uint64_t passed;
	size_t got;

	for (;;) {
		got = fread(&b, 1, sizeof(b), r->f);
		if (!got)
			return false;
		if (got < sizeof(b) || b.magic != RECORDING_BLOCK_MAGIC ||
			b.bytes > RECORDING_BLOCK_MAX ||
			fread(r->payload, 1, b.bytes, r->f) != b.bytes) {
			r->status.cut = true;
			return false;
		}
		r->block = b;
		r->at = 0;
		r->end = b.bytes;
		if (!block_is_sound(r, &b) || !scan_block(r)) {
			r->status.bad_blocks++;
			continue;
		}
		passed = r->status.blocks + r->status.bad_blocks + r->status.lost_blocks;
		if (b.seq > passed)
			r->status.lost_blocks += b.seq - passed;
		r->status.blocks++;
		r->samples = b.n_samples;
		r->rows = b.n_rows;
		r->first = true;
		return true;
	}
}

static void take_sample(struct recording *r)
{
	uint64_t v = 0, missed = 0, late, own = 0;
	unsigned bits = sample_bits(r);

	get(r, &r->at, &v);
	if (v & 1)
		get(r, &r->at, &missed);
	if (bits > 1 && v & 2)
		get(r, &r->at, &own);
	late = (v >> bits) * RECORDING_LATE_NS;
	if (r->first)
		r->deadline = r->block.first_deadline_ns;
	else if (r->head.flags & RECORDING_RELATIVE)
		r->deadline = r->sample.ns + r->head.period_ns;
	else
		r->deadline += (1 + missed) * r->head.period_ns;
	r->first = false;
	r->samples--;
	r->sample = (struct recording_event){.ns = r->deadline + late,
		.deadline_ns = r->deadline,
		.missed = missed,
		.own_ns = own * RECORDING_LATE_NS};
	r->have_sample = true;
}

/* Growth of one counter in ns, not so large that a sum of two wraps. */
static uint64_t growth_ns(const struct recording *r, int64_t steps)
{
	int64_t most = INT64_MAX / 2 / (int64_t)r->head.steal_step_ns;

	steps = MAX(-most, MIN(most, steps));
	return (uint64_t)(steps * (int64_t)r->head.steal_step_ns);
}

static void take_row(struct recording *r)
{
	uint64_t us = 0, v = 0, load[ROW_FIELDS - 1] = {0};
	bool old = r->head.version == 1;

	get(r, &r->row_at, &us);
	for (unsigned i = 0; i < ROW_FIELDS - 1 && !old; i++)
		get(r, &r->row_at, &load[i]);
	for (uint32_t i = 0; i < r->head.n_cpus; i++) {
		get(r, &r->row_at, &v);
		r->steal_have[i] = old || v;
		if (old)
			r->steal[i] += growth_ns(r, (int64_t)MIN(v, INT64_MAX));
		else if (v)
			r->steal[i] += growth_ns(r, recording_to_growth(v - 1));
	}
	r->rows--;
	r->row = (struct recording_event){.ns = r->block.start_ns + us * NS_PER_US,
		.is_row = true,
		.steal_ns = r->steal,
		.steal_have = r->steal_have,
		.own_ns = load[0] * NS_PER_US,
		.psi_ns = load[1] * NS_PER_US,
		.machine_ns = load[2] * NS_PER_US,
		.cpu = (int)MIN(load[3], RECORDING_CPUS_MAX) - 1};
	r->have_row = true;
}

bool recording_next(struct recording *r, struct recording_event *ev)
{
	for (;;) {
		if (!r->have_sample && r->samples)
			take_sample(r);
		if (!r->have_row && r->rows)
			take_row(r);
		if (r->have_sample || r->have_row)
			break;
		if (!next_block(r))
			return false;
	}
	if (r->have_sample && (!r->have_row || r->sample.ns <= r->row.ns)) {
		*ev = r->sample;
		r->have_sample = false;
		r->status.samples++;
	} else {
		*ev = r->row;
		r->have_row = false;
		r->status.rows++;
	}
	/* A sound file is in order already; one that lies in its header shall not run backwards. */
	ev->ns = MAX(ev->ns, r->status.last_ns);
	if (!r->status.first_ns)
		r->status.first_ns = ev->ns;
	r->status.last_ns = MAX(r->status.last_ns, ev->ns);
	return true;
}

const struct recording_header *recording_head(const struct recording *r)
{
	return &r->head;
}

struct recording_status recording_status(const struct recording *r)
{
	return r->status;
}

void recording_close(struct recording *r)
{
	if (!r)
		return;
	fclose(r->f);
	free(r->payload);
	free(r);
}
