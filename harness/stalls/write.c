// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>

#include "stalls/priv.h"

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
