// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope-agent record: its command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "guest-agent/linux/record.h"

#define SIZE_DEFAULT (UINT64_C(64) << 20)
#define SIZE_MIN     (UINT64_C(64) << 10)

static void help(void)
{
	fputs("Usage: stealscope-agent record [--for TIME] [--out FILE] [--size LIMIT]\n"
	      "                               [--period TIME] [--relative]\n"
	      "                               [--stalls[=CPUS]] [--sample TIME/TIME]\n"
	      "Record this machine's steal (each CPU, every second) and how late a sleeping thread\n"
	      "wakes (every period), for `stealscope import`. Needs no root.\n\n"
	      "  --for TIME     end after so long: 90s, 30m, 10h (default: until Ctrl-C or SIGTERM)\n"
	      "  --out FILE     where to (default: HOST-DATE.recording); never written over\n"
	      "  --size LIMIT   end before the file is larger: 30M (default: 64M)\n"
	      "  --period TIME  distance of the deadlines, 1ms to 10s (default: 10ms)\n"
	      "  --relative     sleep one period from each wake-up on instead\n"
	      "  --stalls[=CPUS] find every stall on these CPUs (default: all) by a loop that takes all\n"
	      "                 that is idle of them; to FILE.stalls, which can be played to a VM\n"
	      "  --sample TIME/TIME  let that loop run so long of each such time: 60s/10min\n\n"
	      "Copy this one file to the machine and let it run there, then bring FILE home:\n"
	      "  stealscope-agent record --for 10h --out vultr.recording\n"
	      "  stealscope import vultr.recording\n"
	      "10 h take some 8 MB and under 0.5 % of a CPU. What is written every 10 s is whole\n"
	      "whatever happens next: a kill or a reboot costs at most the last 10 s.\n",
		stdout);
}

/* A number with one of the units; 0 when it is none. */
static uint64_t parse_unit(const char *text, const char *const *names, const uint64_t *units)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || !(v > 0) || v > 1e15)
		return 0;
	for (unsigned i = 0; names[i]; i++)
		if (!strcmp(end, names[i]))
			return (uint64_t)(v * (double)units[i]);
	return 0;
}

static uint64_t parse_time(const char *text)
{
	static const char *const names[] = {"us", "ms", "s", "m", "min", "h", "d", NULL};
	static const uint64_t units[] = {
		1000, 1000000, 1000000000, 60000000000, 60000000000, 3600000000000, 86400000000000};

	return parse_unit(text, names, units);
}

/* "0-1,3" */
static bool parse_cpus(const char *text, struct record_options *o)
{
	static cpu_set_t cpus;
	char *end;

	CPU_ZERO(&cpus);
	do {
		unsigned long from = strtoul(text, &end, 10), to = from;

		if (end == text || *text < '0' || *text > '9')
			return false;
		if (*end == '-') {
			text = end + 1;
			to = strtoul(text, &end, 10);
		}
		if (end == text || to < from || to >= CPU_SETSIZE)
			return false;
		for (unsigned long c = from; c <= to; c++)
			CPU_SET(c, &cpus);
		text = end + 1;
	} while (*end == ',');
	o->stalls = true;
	o->stall_cpus = &cpus;
	return !*end;
}

/* "60s/10min" */
static bool parse_sample(const char *text, struct record_options *o)
{
	const char *slash = strchr(text, '/');
	char on[32];

	if (!slash || slash - text >= (long)sizeof(on))
		return false;
	memcpy(on, text, (size_t)(slash - text));
	on[slash - text] = '\0';
	o->sample_on_ns = parse_time(on);
	o->sample_every_ns = parse_time(slash + 1);
	return o->sample_on_ns >= 1000000000 && o->sample_every_ns > o->sample_on_ns;
}

static uint64_t parse_size(const char *text)
{
	static const char *const names[] = {"", "k", "K", "M", "MiB", "MB", "G", "GiB", NULL};
	static const uint64_t units[] = {
		1, 1024, 1024, 1048576, 1048576, 1000000, 1073741824, 1073741824};

	return parse_unit(text, names, units);
}

static char *default_file(void)
{
	static char name[128];
	struct utsname u;
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;

	uname(&u);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(name, sizeof(name), "%.60s-%s.recording", u.nodename, stamp);
	return name;
}

/* "--name VALUE" or "--name=VALUE": the value, with *i moved; NULL when it is another option. */
static const char *value_of(int argc, char **argv, int *i, const char *name)
{
	size_t len = strlen(name);

	if (!strcmp(argv[*i], name))
		return *i + 1 < argc ? argv[++*i] : "";
	return strncmp(argv[*i], name, len) || argv[*i][len] != '=' ? NULL : argv[*i] + len + 1;
}

int record_main(int argc, char **argv)
{
	struct record_options o = {.size_max = SIZE_DEFAULT, .period_ns = 10000000};
	const char *v;

	for (int i = 1; i < argc; i++) {
		const char *wanted = "";
		uint64_t *number = NULL;

		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return help(), 0;
		if (!strcmp(argv[i], "--relative")) {
			o.relative = true;
		} else if (!strcmp(argv[i], "--stalls")) {
			o.stalls = true;
		} else if (!strncmp(argv[i], "--stalls=", 9)) {
			if (!parse_cpus(argv[i] + 9, &o)) {
				say("record: \"%s\" cannot be used: --stalls takes CPUs such as 0-1,3",
					argv[i] + 9);
				return 2;
			}
		} else if ((v = value_of(argc, argv, &i, "--sample"))) {
			if (!parse_sample(v, &o)) {
				say("record: \"%s\" cannot be used: --sample takes two times such as 60s/10min",
					v);
				return 2;
			}
		} else if ((v = value_of(argc, argv, &i, "--out"))) {
			o.file = v;
		} else if ((v = value_of(argc, argv, &i, "--for"))) {
			wanted = "--for takes a time such as 90s, 30m or 10h";
			number = &o.for_ns;
			*number = parse_time(v);
		} else if ((v = value_of(argc, argv, &i, "--size"))) {
			wanted = "--size takes 64k or more, such as 30M";
			number = &o.size_max;
			*number = parse_size(v);
			if (*number < SIZE_MIN)
				*number = 0;
		} else if ((v = value_of(argc, argv, &i, "--period"))) {
			wanted = "--period takes a time from 1ms to 10s";
			number = &o.period_ns;
			*number = parse_time(v);
			if (*number < 1000000 || *number > UINT64_C(10000000000))
				*number = 0;
		} else {
			say("record: no option %s; see record --help", argv[i]);
			return 2;
		}
		if (number && !*number) {
			say("record: \"%s\" cannot be used: %s", v, wanted);
			return 2;
		}
	}
	if (!o.file || !*o.file)
		o.file = default_file();
	return record_run(&o);
}
