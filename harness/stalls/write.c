// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "stalls/priv.h"

#define CHUNK 65536u

int stalls_copy(const char *path, int out, uint64_t most, struct err *e)
{
	auto_close int in = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	auto_free char *chunk = xmalloc(CHUNK);
	struct stat st;
	ssize_t n;

	if (in < 0 || fstat(in, &st))
		return err_sys(e, "cannot open %s", path);
	if ((uint64_t)st.st_size > most)
		return err_set(e, EFBIG, "%s is larger than %" PRIu64 " MiB", path, most >> 20);
	while ((n = read_some(in, chunk, MIN(CHUNK, most))) > 0) {
		most -= (uint64_t)n;
		if (write_all(out, chunk, (size_t)n))
			return err_sys(e, "the copy of %s cannot be written", path);
	}
	return n < 0 ? err_sys(e, "cannot read %s", path) : 0;
}

/* A fixed-point number with `digits` decimals, without zeros at its end. */
static void put_fixed(FILE *f, uint64_t v, unsigned digits)
{
	uint64_t unit = 1;

	for (unsigned i = 0; i < digits; i++)
		unit *= 10;
	fprintf(f, "%" PRIu64, v / unit);
	v %= unit;
	if (!v)
		return;
	for (; v % 10 == 0; digits--)
		v /= 10;
	fprintf(f, ".%0*" PRIu64, (int)digits, v);
}

static void put_text(FILE *f, const char *key, const char *text)
{
	if (!*text)
		return;
	fprintf(f, "# %s: ", key);
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text, f);
	fputc('\n', f);
}

void stalls_write_head(FILE *f, const struct stalls_head *h)
{
	auto_free char *cpus = xmalloc(CPUSET_TEXT);

	fputs(STALLS_MAGIC "\n", f);
	put_text(f, "source", h->source);
	if (!cpuset_empty(&h->cpus))
		put_text(f, "cpus", cpuset_format(&h->cpus, cpus, CPUSET_TEXT));
	put_text(f, "clock", h->clock);
	put_text(f, "kernel", h->kernel);
	if (h->threshold_ns) {
		fputs("# threshold: ", f);
		put_fixed(f, h->threshold_ns, 3);
		fputs(" us\n", f);
	}
	put_text(f, "coverage", h->coverage);
	fputs(h->rates ? STALLS_RATE_COLUMNS "\n" : STALLS_COLUMNS "\n", f);
}

void stalls_write(FILE *f, const struct stalls_head *h, const struct stall *s)
{
	put_fixed(f, s->start_ns, 9);
	fputc(',', f);
	put_fixed(f, s->length_ns, h->rates ? 9 : 3);
	if (h->rates) {
		fputc(',', f);
		put_fixed(f,
			s->length_ns
				? (uint64_t)((__uint128_t)s->taken_ns * NS_PER_S / s->length_ns)
				: 0,
			6);
	}
	fprintf(f, ",%u\n", s->cpu);
}

void stalls_write_mark(FILE *f, uint64_t at_ns, const char *what)
{
	fputs("# mark: ", f);
	put_fixed(f, at_ns, 9);
	fprintf(f, " %s\n", what);
}

bool stalls_recognise(const char *text, size_t n)
{
	return n >= sizeof(STALLS_MAGIC) - 1 &&
	       !strncmp(text, STALLS_MAGIC, sizeof(STALLS_MAGIC) - 1);
}
