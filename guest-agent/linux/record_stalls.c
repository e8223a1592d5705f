// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * record --stalls: on each chosen CPU a loop that reads the clock; a jump is time in which this vCPU
 * did not run. What the thread waited in the machine's own run queue (its run delay) is taken off: the
 * rest is what the host took. It goes as text to a file beside the recording (docs/stalls.md).
 *
 * Each thread writes a ring of its own; the recorder's thread merges them once a second. A row is
 * written once no thread can still bring one that began earlier: each says up to where it has looked.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "guest-agent/linux/record.h"
#include "guest-agent/linux/record_marks.h"

#define NS_PER_S     UINT64_C(1000000000)
#define THRESHOLD_NS 20000u
#define RING	     65536u /* a power of two: a second of 65,000 stalls */

struct stall_thread {
	int cpu;
	pthread_t thread;
	_Atomic uint64_t head, tail, seen_ns, lost, own_ns;
	struct {
		uint64_t start_ns, length_ns;
	} ring[RING];
};

struct stalls_recorder {
	FILE *f;
	uint64_t start_ns, on_ns, every_ns; /* every 0 = all the time */
	uint64_t limit, rows, total_ns, lost, last_ns, n_marks;
	struct marks marks;
	unsigned n;
	struct stall_thread *threads[CPU_SETSIZE];
};

static atomic_bool ended;

static void put(struct stall_thread *t, uint64_t start, uint64_t length)
{
	uint64_t head = t->head;

	if (head - t->tail == RING) {
		t->lost++;
		return;
	}
	t->ring[head % RING].start_ns = start;
	t->ring[head % RING].length_ns = length;
	atomic_store_explicit(&t->head, head + 1, memory_order_release);
}

/* Look until `until`. */
static void look(struct stall_thread *t, int delay_fd, uint64_t until)
{
	uint64_t last = mono_ns(), own = delay_read(delay_fd);

	while (last < until && !ended) {
		uint64_t now = mono_ns(), gap = now - last;

		if (gap >= THRESHOLD_NS) {
			uint64_t delay = delay_read(delay_fd),
				 waited = delay > own ? delay - own : 0;

			own = delay;
			t->own_ns += waited;
			if (gap >= waited + THRESHOLD_NS)
				put(t, last, gap - waited);
			now = mono_ns();
		}
		last = now;
		atomic_store_explicit(&t->seen_ns, last, memory_order_release);
	}
}

static struct stalls_recorder recorder;

static void *loop(void *arg)
{
	struct stall_thread *t = arg;
	const struct stalls_recorder *r = &recorder;
	int fd = delay_open();
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((unsigned)t->cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	/* The machine's own work goes first. */
	setpriority(PRIO_PROCESS, 0, 19);
	while (!ended) {
		uint64_t now = mono_ns(),
			 turn = r->every_ns ? (now - r->start_ns) / r->every_ns : 0;
		uint64_t begin = r->start_ns + turn * r->every_ns;

		look(t, fd, r->every_ns ? begin + r->on_ns : UINT64_MAX);
		atomic_store(&t->seen_ns, UINT64_MAX);
		while (!ended && r->every_ns && mono_ns() < begin + r->every_ns)
			usleep(20000);
		atomic_store(&t->seen_ns, mono_ns());
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void head(const struct record_options *o)
{
	struct utsname u;

	uname(&u);
	fprintf(recorder.f,
		"# stealscope stalls 1\n# source: %.63s, stealscope-agent record --stalls\n# cpus: ",
		u.nodename);
	for (unsigned i = 0, last; i < recorder.n;
		i = last + 1) { /* as ranges: a line is bounded */
		int cpu = recorder.threads[i]->cpu;

		for (last = i; last + 1 < recorder.n &&
			       recorder.threads[last + 1]->cpu == cpu + (int)(last + 1 - i);)
			last++;
		fprintf(recorder.f, last > i ? "%s%d-%d" : "%s%d", i ? "," : "", cpu,
			recorder.threads[last]->cpu);
	}
	fprintf(recorder.f,
		"\n# clock: CLOCK_MONOTONIC since the recording began\n# kernel: %.63s\n# threshold: %u us\n",
		u.release, THRESHOLD_NS / 1000);
	if (o->sample_every_ns)
		fprintf(recorder.f, "# coverage: %llu s of every %llu s\n",
			(unsigned long long)(o->sample_on_ns / NS_PER_S),
			(unsigned long long)(o->sample_every_ns / NS_PER_S));
	fputs("start_s,length_us,cpu\n", recorder.f);
}

bool stalls_begin(const struct record_options *o)
{
	char name[4096];
	cpu_set_t all;
	int fd;

	if (snprintf(name, sizeof(name), "%s.stalls", o->file) >= (int)sizeof(name))
		return false;
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	recorder.f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!recorder.f) {
		say("cannot make %s: %s", name, strerror(errno));
		return false;
	}
	CPU_ZERO(&all);
	sched_getaffinity(0, sizeof(all), &all);
	for (int c = 0; c < CPU_SETSIZE; c++) {
		if (!CPU_ISSET((unsigned)c, &all) ||
			(o->stall_cpus && !CPU_ISSET((unsigned)c, o->stall_cpus)))
			continue;
		recorder.threads[recorder.n] = calloc(1, sizeof(struct stall_thread));
		if (!recorder.threads[recorder.n])
			return false;
		recorder.threads[recorder.n++]->cpu = c;
	}
	if (!recorder.n) {
		say("--stalls: none of these CPUs may be used here");
		return false;
	}
	recorder.on_ns = o->sample_on_ns;
	recorder.every_ns = o->sample_every_ns;
	recorder.limit = o->size_max;
	recorder.start_ns = mono_ns();
	marks_read(&recorder.marks.last);
	recorder.marks.first = recorder.marks.last;
	head(o);
	for (unsigned i = 0; i < recorder.n; i++) {
		recorder.threads[i]->seen_ns = recorder.start_ns;
		if (pthread_create(&recorder.threads[i]->thread, NULL, loop, recorder.threads[i])) {
			say("--stalls: a thread cannot be started");
			return false;
		}
	}
	say("stalls go to %s: a loop takes all that is idle of %u CPUs%s", name, recorder.n,
		recorder.every_ns ? " while it samples"
				  : "; --sample 60s/10min takes a tenth of it");
	return true;
}

/* What happened to clocks and processor since the last time. */
static void mark(void)
{
	char text[MARKS_MAX][MARK_TEXT];
	struct marks_reading now;
	unsigned n;

	marks_read(&now);
	n = marks_between(&recorder.marks, &now, text);
	for (unsigned i = 0; i < n; i++)
		stalls_mark(text[i]);
}

void stalls_mark(const char *what)
{
	if (!recorder.f)
		return;
	fprintf(recorder.f, "# mark: %.6f %s\n", (double)(mono_ns() - recorder.start_ns) / 1e9,
		what);
	recorder.n_marks++;
}

void stalls_flush(void)
{
	uint64_t bound = UINT64_MAX;

	if (!recorder.f)
		return;
	for (unsigned i = 0; i < recorder.n; i++) {
		uint64_t seen =
			atomic_load_explicit(&recorder.threads[i]->seen_ns, memory_order_acquire);

		bound = seen < bound ? seen : bound;
	}
	mark();
	for (;;) {
		struct stall_thread *first = NULL;
		uint64_t start = bound, length;

		for (unsigned i = 0; i < recorder.n; i++) {
			struct stall_thread *t = recorder.threads[i];

			if (t->tail < atomic_load_explicit(&t->head, memory_order_acquire) &&
				t->ring[t->tail % RING].start_ns < start) {
				first = t;
				start = t->ring[t->tail % RING].start_ns;
			}
		}
		if (!first)
			break;
		length = first->ring[first->tail % RING].length_ns;
		recorder.rows++;
		recorder.total_ns += length;
		if ((uint64_t)ftell(recorder.f) + 64 < recorder.limit && start >= recorder.last_ns)
			fprintf(recorder.f, "%.9f,%.3f,%d\n",
				(double)(start - recorder.start_ns) / 1e9, (double)length / 1e3,
				first->cpu);
		else
			recorder.lost++;
		recorder.last_ns = start > recorder.last_ns ? start : recorder.last_ns;
		first->tail++;
	}
	fflush(recorder.f);
}

bool stalls_end(void)
{
	uint64_t lost = 0, own = 0, wall = mono_ns() - recorder.start_ns;
	bool good;

	if (!recorder.f)
		return true;
	ended = true;
	for (unsigned i = 0; i < recorder.n; i++) {
		pthread_join(recorder.threads[i]->thread, NULL);
		recorder.threads[i]->seen_ns = UINT64_MAX;
	}
	stalls_flush();
	for (unsigned i = 0; i < recorder.n; i++) {
		lost += recorder.threads[i]->lost;
		own += recorder.threads[i]->own_ns;
		free(recorder.threads[i]);
	}
	good = !ferror(recorder.f);
	good = !fclose(recorder.f) && good;
	recorder.f = NULL;
	say("%llu stalls, %.2f ms/s of a CPU; the machine's own load kept the loops waiting %.2f ms/s more, which is in no stall; lost %llu, %llu marks",
		(unsigned long long)recorder.rows,
		(double)recorder.total_ns / 1e6 / ((double)wall / 1e9) / recorder.n,
		(double)own / 1e6 / ((double)wall / 1e9) / recorder.n,
		(unsigned long long)lost + recorder.lost, (unsigned long long)recorder.n_marks);
	return good;
}
