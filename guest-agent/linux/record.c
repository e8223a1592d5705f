// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * stealscope-agent record: steal and timer of this machine for hours, alone. One thread sleeps
 * until fixed deadlines, as the timer probe does; every second it reads /proc/stat. What it has
 * goes to the file every 10 s in one write (abi/recording.h); a cut loses at most that.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "abi/recording.h"
#include "guest-agent/linux/linux.h"
#include "guest-agent/linux/record.h"

#define NS_PER_S UINT64_C(1000000000)
#define BLOCK_NS (10 * NS_PER_S)
#define ROW_NS	 NS_PER_S
#define SYNC_NS	 (60 * NS_PER_S)

struct recorder {
	const struct record_options *o;
	int fd, stat_fd;
	struct recording_header head;
	uint64_t written, next_row, next_sync;
	uint64_t ticks[RECORDING_CPUS_MAX]; /* of each CPU, as read last */
	bool known[RECORDING_CPUS_MAX];	    /* it had a line then */
	uint64_t samples, worst_ns, backwards;
	struct load load;
	int cpu; /* on which all samples since the last row were taken; -1 several, -2 none yet */
	bool full;
	/* The block being filled. */
	struct recording_block block;
	uint8_t sample_bytes[RECORDING_BLOCK_MAX / 2], row_bytes[RECORDING_BLOCK_MAX / 2];
	size_t n_sample_bytes, n_row_bytes;
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static void put(uint8_t *buf, size_t *n, uint64_t v)
{
	while (v >= 0x80) {
		buf[(*n)++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	buf[(*n)++] = (uint8_t)v;
}

static uint64_t real_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* As one write: what is on disk is whole blocks, and at most one that was cut. */
static bool write_block(struct recorder *r, uint64_t now)
{
	static uint8_t out[sizeof(struct recording_block) + RECORDING_BLOCK_MAX];
	struct recording_block *b = &r->block;
	size_t n = sizeof(*b) + r->n_sample_bytes + r->n_row_bytes;
	ssize_t done;

	if (!b->n_samples && !b->n_rows)
		return true;
	if (r->written + n > r->o->size_max) {
		r->full = true;
		return false;
	}
	b->magic = RECORDING_BLOCK_MAGIC;
	b->bytes = (uint32_t)(r->n_sample_bytes + r->n_row_bytes);
	b->end_ns = now;
	memcpy(out + sizeof(*b), r->sample_bytes, r->n_sample_bytes);
	memcpy(out + sizeof(*b) + r->n_sample_bytes, r->row_bytes, r->n_row_bytes);
	memcpy(out, b, sizeof(*b));
	b->crc = recording_crc(0, out + RECORDING_CRC_FROM, n - RECORDING_CRC_FROM);
	memcpy(out, b, sizeof(*b));
	done = write(r->fd, out, n);
	if (done != (ssize_t)n) {
		say("cannot write %s: %s", r->o->file, done < 0 ? strerror(errno) : "disk full");
		return false;
	}
	r->written += n;
	if (now >= r->next_sync) {
		fdatasync(r->fd);
		r->next_sync = now + SYNC_NS;
	}
	*b = (struct recording_block){.seq = b->seq + 1, .start_ns = now};
	r->n_sample_bytes = r->n_row_bytes = 0;
	return true;
}

static void mark_backwards(struct recorder *r, unsigned cpu, int64_t grown)
{
	char text[96];

	if (grown >= 0)
		return;
	r->backwards++;
	snprintf(text, sizeof(text), "the steal counter of CPU %u ran back by %.3f s", cpu,
		(double)-grown * (double)r->head.steal_step_ns / 1e9);
	stalls_mark(text);
}

/* All CPUs' counters; what they grew since last time into `row` when not NULL. A counter that ran
 * backwards is written as such: import tells what can be true. */
static void read_steal(struct recorder *r, uint8_t *row, size_t *n)
{
	static char text[RECORDING_CPUS_MAX * 128];
	static uint64_t seen[RECORDING_CPUS_MAX];
	static bool there[RECORDING_CPUS_MAX];
	size_t len = 0;
	ssize_t got;

	while (len < sizeof(text) - 1 &&
		(got = pread(r->stat_fd, text + len, sizeof(text) - 1 - len, (off_t)len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	memset(there, 0, sizeof(there));
	steal_parse_all(text, seen, there, r->head.n_cpus);
	for (unsigned i = 0; i < r->head.n_cpus; i++) {
		int64_t grown = (int64_t)(seen[i] - r->ticks[i]);

		if (row && there[i] && r->known[i]) {
			put(row, n, 1 + recording_from_growth(grown));
			mark_backwards(r, i, grown);
		} else if (row) {
			put(row, n, 0);
		}
		if (there[i])
			r->ticks[i] = seen[i];
		r->known[i] = there[i];
	}
}

static void add_row(struct recorder *r, uint64_t now)
{
	struct load_reading load = load_grown(&r->load);
	uint32_t flags = r->head.flags;

	put(r->row_bytes, &r->n_row_bytes, (now - r->block.start_ns) / 1000);
	put(r->row_bytes, &r->n_row_bytes, flags & RECORDING_OWN_DELAY ? load.own_us : 0);
	put(r->row_bytes, &r->n_row_bytes, flags & RECORDING_PSI ? load.psi_us : 0);
	put(r->row_bytes, &r->n_row_bytes, flags & RECORDING_MACHINE_DELAY ? load.machine_us : 0);
	put(r->row_bytes, &r->n_row_bytes, r->cpu >= 0 ? (uint64_t)r->cpu + 1 : 0);
	r->cpu = -2;
	read_steal(r, r->row_bytes, &r->n_row_bytes);
	stalls_flush();
	r->block.n_rows++;
	r->next_row += ROW_NS * (1 + (now - r->next_row) / ROW_NS);
}

static void add_sample(
	struct recorder *r, uint64_t deadline, uint64_t missed, uint64_t late, uint64_t own_ns)
{
	uint64_t own = r->head.flags & RECORDING_OWN_DELAY ? own_ns / RECORDING_LATE_NS : 0;
	int cpu = sched_getcpu();

	if (!r->block.n_samples++)
		r->block.first_deadline_ns = deadline;
	put(r->sample_bytes, &r->n_sample_bytes,
		late / RECORDING_LATE_NS << 2 | (uint64_t)(own != 0) << 1 | (missed != 0));
	if (missed)
		put(r->sample_bytes, &r->n_sample_bytes, missed);
	if (own)
		put(r->sample_bytes, &r->n_sample_bytes, own);
	r->cpu = r->cpu == -2 || r->cpu == cpu ? cpu : -1;
	r->samples++;
	if (late + missed * r->head.period_ns > r->worst_ns)
		r->worst_ns = late + missed * r->head.period_ns;
}

static void sleep_to(uint64_t deadline)
{
	struct timespec t = {(time_t)(deadline / NS_PER_S), (long)(deadline % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR && !stopped)
		;
}

static void sleep_for(uint64_t ns)
{
	struct timespec t = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

/* True when it ended as meant. */
static bool record_loop(struct recorder *r)
{
	uint64_t period = r->head.period_ns, deadline = mono_ns() + period, last = deadline;
	uint64_t end = r->o->for_ns ? r->head.start_ns + r->o->for_ns : UINT64_MAX, now;
	bool relative = r->head.flags & RECORDING_RELATIVE;

	while (!stopped) {
		uint64_t late, missed = 0, own;

		if (relative)
			sleep_for(period);
		else
			sleep_to(deadline);
		now = mono_ns();
		if (stopped || now < deadline)
			continue;
		late = now - deadline;
		own = load_own(&r->load);
		if (!relative && late >= period)
			missed = late / period;
		last = deadline + missed * period;
		/* A block's samples must fit it whatever the period. */
		if (now - r->block.start_ns >= BLOCK_NS ||
			r->n_sample_bytes > sizeof(r->sample_bytes) - 32 ||
			r->n_row_bytes > sizeof(r->row_bytes) - 10 * r->head.n_cpus - 64)
			if (!write_block(r, now))
				return r->full;
		add_sample(r, last, missed, now - last, own);
		if (now >= r->next_row)
			add_row(r, now);
		if (now >= end)
			break;
		deadline = relative ? mono_ns() + period : last + period;
	}
	now = mono_ns();
	if (r->head.flags & RECORDING_STEAL || r->block.n_samples)
		add_row(r, now);
	return write_block(r, now) || r->full;
}

static bool begin(struct recorder *r)
{
	r->fd = open(r->o->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0644);
	if (r->fd < 0) {
		say("cannot make %s: %s%s", r->o->file, strerror(errno),
			errno == EEXIST ? "; a recording is never written over" : "");
		return false;
	}
	r->stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	if (r->stat_fd < 0) {
		say("cannot read /proc/stat: %s", strerror(errno));
		return false;
	}
	record_header(&r->head);
	r->head.period_ns = r->o->period_ns;
	r->head.flags |= r->o->relative ? RECORDING_RELATIVE : 0;
	r->head.flags |= load_open(&r->load);
	r->cpu = -2;
	read_steal(r, NULL, NULL);
	r->head.start_ns = mono_ns();
	r->head.start_unix_ns = real_ns();
	r->block.start_ns = r->next_row = r->head.start_ns;
	r->next_sync = r->head.start_ns + SYNC_NS;
	if (write(r->fd, &r->head, sizeof(r->head)) != (ssize_t)sizeof(r->head)) {
		say("cannot write %s: %s", r->o->file, strerror(errno));
		return false;
	}
	r->written = sizeof(r->head);
	return true;
}

/* Its own use of CPU in 1/1000 %, over the recording. */
static unsigned own_use(const struct recorder *r)
{
	uint64_t wall = mono_ns() - r->head.start_ns, cpu;
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	cpu = (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * NS_PER_S +
	      (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
	return wall ? (unsigned)(cpu * 100000 / wall) : 0;
}

int record_run(const struct record_options *o)
{
	static struct recorder r;
	struct sigaction sa = {.sa_handler = on_signal};
	bool good;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGHUP, SIG_IGN); /* the terminal that began it may go */
	r.o = o;
	if (!begin(&r) || (o->stalls && !stalls_begin(o)))
		return 1;
	say("recording to %s: %u CPUs, steal %s, a timer every %llu us; Ctrl-C ends it", o->file,
		r.head.n_cpus,
		r.head.flags & RECORDING_STEAL ? "provided" : "not provided by this machine",
		(unsigned long long)(o->period_ns / 1000));
	good = record_loop(&r);
	if (!stalls_end())
		good = false;
	if (close(r.fd))
		good = false;
	if (r.full)
		say("%s has reached its size limit: the recording ends here", o->file);
	if (r.backwards)
		say("the steal counters ran backwards %llu times; import leaves these stretches out",
			(unsigned long long)r.backwards);
	say("%llu samples, worst %llu us late, %llu bytes, %u.%03u %% of a CPU; next: stealscope import %s",
		(unsigned long long)r.samples, (unsigned long long)(r.worst_ns / 1000),
		(unsigned long long)r.written, own_use(&r) / 1000, own_use(&r) % 1000, o->file);
	return good ? 0 : 1;
}
