// SPDX-License-Identifier: GPL-3.0-or-later
#include "stalls/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "stalls/number.h"

#define LINE	    4096
#define COLUMNS_MAX 256u

enum steal_unit { STEAL_PERCENT, STEAL_MS_PER_S, STEAL_COUNTER_S };

struct cpu_last {
	bool have;
	uint64_t time_ns, counter_ns;
};

struct stalls_csv {
	char *path;
	FILE *f;
	uint64_t line;
	char separator;
	unsigned time_column, steal_column, cpu_column; /* COLUMNS_MAX: none */
	enum steal_unit unit;
	bool any, together; /* rows of all CPUs together are taken, others left out */
	uint64_t start_ns, backwards, last_ns;
	struct cpu_last cpus[STALLS_CPU_MAX + 1];
};

static int wrong(const struct stalls_csv *c, struct err *e, const char *what)
{
	return err_set_exit(
		e, EXIT_USAGE, EINVAL, "%s:%llu: %s", c->path, (unsigned long long)c->line, what);
}

/* Field `i` of the line, without blanks and quotes around it, in `buf`. */
static bool field(const struct stalls_csv *c, const char *line, unsigned i, char buf[64])
{
	const char *end;
	size_t n;

	for (; i; i--) {
		line = strchr(line, c->separator);
		if (!line)
			return false;
		line++;
	}
	line += strspn(line, " \"#");
	end = line + strcspn(line, (char[]){c->separator, '\n', '\r', '"', '\0'});
	for (n = (size_t)(end - line); n && line[n - 1] == ' '; n--)
		;
	if (n > 63)
		return false;
	memcpy(buf, line, n);
	buf[n] = '\0';
	return true;
}

/* 0 at the end, 1, -errno. */
static int take_line(struct stalls_csv *c, char line[LINE], struct err *e)
{
	if (!fgets(line, LINE, c->f))
		return ferror(c->f) ? err_sys(e, "cannot read %s", c->path) : 0;
	c->line++;
	if (strlen(line) == LINE - 1 && line[LINE - 2] != '\n')
		return wrong(c, e, "a line of over 4095 bytes");
	return 1;
}

static bool is_steal(const char *name, enum steal_unit *unit)
{
	size_t n = strlen(name);

	*unit = STEAL_PERCENT;
	if (!strcasecmp(name, "%steal") || !strcasecmp(name, "steal") || !strcasecmp(name, "st") ||
		!strcasecmp(name, "steal_percent"))
		return true;
	*unit = STEAL_MS_PER_S;
	if (!strcasecmp(name, "steal_ms_per_s"))
		return true;
	*unit = STEAL_COUNTER_S;
	return n > 13 && !strcasecmp(name + n - 13, "seconds_total");
}

static bool take_columns(struct stalls_csv *c, const char *line)
{
	char name[64];
	enum steal_unit unit;

	c->separator = strchr(line, ';') ? ';' : strchr(line, '\t') ? '\t' : ',';
	c->time_column = c->steal_column = c->cpu_column = COLUMNS_MAX;
	for (unsigned i = 0; i < COLUMNS_MAX && field(c, line, i, name); i++) {
		if (!strcasecmp(name, "time") || !strcasecmp(name, "timestamp") ||
			!strcasecmp(name, "time_s"))
			c->time_column = i;
		else if (!strcasecmp(name, "cpu"))
			c->cpu_column = i;
		else if (c->steal_column == COLUMNS_MAX && is_steal(name, &unit)) {
			c->steal_column = i;
			c->unit = unit;
		}
	}
	return c->time_column < COLUMNS_MAX && c->steal_column < COLUMNS_MAX;
}

bool stalls_csv_recognise(const char *text, size_t n)
{
	struct stalls_csv c = {0};
	char line[LINE];

	n = strnlen(text, MIN(n, (size_t)LINE - 1));
	memcpy(line, text, n);
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return take_columns(&c, line);
}

int stalls_csv_open(const char *path, struct stalls_csv **out, struct err *e)
{
	struct stalls_csv *c = xcalloc(1, sizeof(*c));
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc = 0;
	char line[LINE];
	struct stat st;

	c->path = xstrdup(path);
	c->f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!c->f || fstat(fd, &st))
		rc = err_sys(e, "cannot open %s", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, EINVAL, "%s is no regular file", path);
	if (!rc && (rc = take_line(c, line, e)) == 1)
		rc = take_columns(c, line) ? 0 : -EINVAL;
	else if (!rc)
		rc = -EINVAL;
	if (rc == -EINVAL && !(e && e->code))
		wrong(c, e, "no column of times or none of steal; name them time and %steal");
	if (rc)
		stalls_csv_close(c);
	else
		*out = c;
	return rc;
}

/* Seconds or ms since 1970, or a date. */
static bool take_time(const char *text, uint64_t *ns)
{
	const char *p = text;
	struct tm tm = {0};
	uint64_t v;
	int len = 0;

	if (sscanf(text, "%4d-%2d-%2d%*1[ T]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		    &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &len) == 6 &&
		len) {
		time_t t;

		tm.tm_year -= 1900;
		tm.tm_mon--;
		if (tm.tm_year < 70 || tm.tm_mon < 0 || tm.tm_mon > 11)
			return false;
		t = timegm(&tm);
		if (t < 0)
			return false;
		*ns = (uint64_t)t * NS_PER_S;
		return true;
	}
	if (!stalls_take_fixed(&p, 9, &v) || *p)
		return false;
	if (v / NS_PER_S > UINT64_C(100000000000)) /* of the year 5138: these are ms */
		v /= 1000;
	*ns = v;
	return true;
}

/* -1: of all together; -2: no number. */
static int take_cpu(const struct stalls_csv *c, const char *line)
{
	char text[64];
	const char *p = text;
	uint64_t v;

	if (c->cpu_column == COLUMNS_MAX || !field(c, line, c->cpu_column, text))
		return -1;
	if (!strcasecmp(text, "all") || !strcmp(text, "-1"))
		return -1;
	if (!strncasecmp(text, "cpu", 3))
		p += 3;
	return stalls_take_fixed(&p, 0, &v) && !*p && v <= STALLS_CPU_MAX ? (int)v : -2;
}

/* What was taken of the time since the row before. False: not known. */
static bool make_row(struct stalls_csv *c, struct cpu_last *last, uint64_t time, uint64_t value,
	struct stall *out)
{
	uint64_t span = time - last->time_ns, taken;
	bool sound = last->have && time > last->time_ns && span <= STALLS_LENGTH_MAX &&
		     last->time_ns >= c->start_ns &&
		     last->time_ns - c->start_ns <= STALLS_TIME_MAX - STALLS_LENGTH_MAX;

	if (c->unit == STEAL_COUNTER_S) {
		sound = sound && value >= last->counter_ns;
		taken = value - last->counter_ns;
	} else {
		/* 1 % is 10 ms/s: in units of 10^-6 %, or of 10^-6 ms/s, which is ns/s. */
		uint64_t rate = c->unit == STEAL_PERCENT ? MIN(value, NS_PER_S) * 10 : value;

		taken = (uint64_t)((__uint128_t)MIN(rate, NS_PER_S) * span / NS_PER_S);
	}
	c->backwards += last->have && !sound;
	out->start_ns = last->time_ns - c->start_ns;
	out->length_ns = span;
	out->taken_ns = MIN(taken, span);
	*last = (struct cpu_last){true, time, value};
	return sound;
}

int stalls_csv_next(struct stalls_csv *c, struct stall *out, struct err *e)
{
	char line[LINE], text[64];
	int rc;

	while ((rc = take_line(c, line, e)) == 1) {
		uint64_t time, value;
		const char *p = text;
		int cpu;

		if (line[strspn(line, " \r\n")] == '\0' || *line == '#')
			continue; /* sadf repeats its head */
		cpu = take_cpu(c, line);
		if (cpu == -2)
			return wrong(c, e, "the CPU is no number; it is 0 to 1023 or all");
		if (!field(c, line, c->time_column, text) || !take_time(text, &time))
			return wrong(
				c, e, "no time; write s since 1970, or e.g. 2026-11-28 20:00:00");
		if (!field(c, line, c->steal_column, text))
			return wrong(c, e, "the row has no steal");
		if (!*text)
			continue; /* not provided */
		if (!stalls_take_fixed(&p, c->unit == STEAL_COUNTER_S ? 9 : 6, &value) || *p)
			return wrong(c, e, "the steal is no number of 0 or more");
		if (!c->any) {
			c->any = true;
			c->together = cpu == -1;
			c->start_ns = time;
		}
		if ((cpu == -1) != c->together)
			continue;
		out->cpu = cpu == -1 ? 0 : (unsigned)cpu;
		if (!make_row(c, &c->cpus[out->cpu], time, value, out))
			continue;
		if (out->start_ns < c->last_ns) {
			c->backwards++;
			continue;
		}
		c->last_ns = out->start_ns;
		return 1;
	}
	return rc;
}

uint64_t stalls_csv_start_unix_ns(const struct stalls_csv *c)
{
	return c->start_ns;
}

uint64_t stalls_csv_backwards(const struct stalls_csv *c)
{
	return c->backwards;
}

void stalls_csv_close(struct stalls_csv *c)
{
	if (!c)
		return;
	if (c->f)
		fclose(c->f);
	free(c->path);
	free(c);
}
