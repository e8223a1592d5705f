// SPDX-License-Identifier: GPL-3.0-or-later
/* analysis/live: totals of the host agent become rates, culprits and advice. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/advice/advice.h"

#define VICTIM 100
#define OTHER  200
#define PROC   300

/* A stream made record by record, as the agent would write it. */
struct stream {
	char data[8192];
	size_t len;
	uint64_t now;
};

static void put(struct stream *s, const void *rec, size_t len)
{
	assert_true(s->len + len <= sizeof(s->data));
	memcpy(s->data + s->len, rec, len);
	s->len += len;
}

static struct trace_hdr head(const struct stream *s, uint32_t tid, uint8_t type, size_t len)
{
	return (struct trace_hdr){s->now, tid, 0, type, (uint8_t)(len / 8)};
}

static void begin(struct stream *s)
{
	struct trace_file_header h = {.magic = TRACE_FILE_MAGIC,
		.version = TRACE_VERSION,
		.header_size = sizeof(h),
		.mode = TRACE_MODE_COUNTS,
		.start_host_ns = 1000000000};
	struct trace_task t = {.tgid = PROC};

	s->now = 1000000000;
	put(s, &h, sizeof(h));
	t.h = head(s, PROC, TRACE_TASK, sizeof(t));
	memcpy(t.comm, "hog", 4);
	put(s, &t, sizeof(t));
}

static void counter(
	struct stream *s, uint32_t tid, uint16_t cpu, uint16_t scope, uint16_t key, uint64_t v)
{
	struct trace_counter c = {.scope = scope, .key = key, .value = v};

	c.h = head(s, tid, TRACE_COUNTER, sizeof(c));
	c.h.cpu = cpu;
	put(s, &c, sizeof(c));
}

static void blame(struct stream *s, uint32_t who, uint32_t kind, uint64_t ns)
{
	struct trace_blame b = {.culprit_tid = who, .kind = kind, .ns = ns, .times = 1};

	b.h = head(s, VICTIM, TRACE_BLAME_ADDED, sizeof(b));
	put(s, &b, sizeof(b));
}

/* One dump at `t` s: the victim ran, waited, slept so many ms since the start. */
static void dump(
	struct stream *s, unsigned t, uint64_t run, uint64_t wait, uint64_t sleep, uint64_t delay)
{
	s->now = 1000000000 + t * UINT64_C(1000000000);
	counter(s, VICTIM, 0, COUNTER_THREAD, CTR_RUN_DELAY_NS, 5000000 + delay * 1000000);
	counter(s, VICTIM, 0, COUNTER_THREAD, CTR_TRACED_RUN_NS, run * 1000000);
	counter(s, VICTIM, 0, COUNTER_THREAD, CTR_TRACED_WAIT_NS, wait * 1000000);
	counter(s, VICTIM, 0, COUNTER_THREAD, CTR_TRACED_SLEEP_NS, sleep * 1000000);
}

static struct live *make(struct run_info *info, const char *cpus)
{
	struct live *l;
	struct cpuset allowed;

	*info = (struct run_info){0};
	info->n_guests = 2;
	info->guests = xcalloc(2, sizeof(*info->guests));
	info->guests[0] = (struct run_guest){.name = xstrdup("web"), .pid = 90, .n_vcpus = 1};
	info->guests[0].vcpus = xcalloc(1, sizeof(*info->guests[0].vcpus));
	info->guests[0].vcpus[0].tid = VICTIM;
	info->guests[1] = (struct run_guest){.name = xstrdup("db"), .pid = 190, .n_vcpus = 1};
	info->guests[1].vcpus = xcalloc(1, sizeof(*info->guests[1].vcpus));
	info->guests[1].vcpus[0].tid = OTHER;
	l = live_make(info);
	assert_int_equal(cpuset_parse(cpus, &allowed, NULL), 0);
	live_track(l, VICTIM, 0, 0, &allowed, 0);
	return l;
}

static void feed(struct live *l, struct stream *s)
{
	struct err e = ERR_INIT;

	assert_int_equal(live_feed(l, s->data, s->len, &e), s->len);
	s->len = 0;
}

static void rates_and_culprits(void **state)
{
	struct stream s = {0};
	struct run_info info;
	struct live *l = make(&info, "0");
	const struct live_view *v;
	auto_free char *advice = NULL;

	(void)state;
	begin(&s);
	dump(&s, 0, 0, 0, 0, 0);
	feed(l, &s);
	live_view(l, false);
	dump(&s, 2, 800, 1200, 0, 1200);
	blame(&s, OTHER, BLAME_TASK, 900000000);
	blame(&s, PROC, BLAME_TASK, 300000000);
	feed(l, &s);
	v = live_view(l, false);
	assert_int_equal(v->n, 1);
	assert_true(fabs(v->vcpus[0].run - 400) < 1e-9);
	assert_true(fabs(v->vcpus[0].wait - 600) < 1e-9);
	assert_true(fabs(v->vcpus[0].run_delay - 600) < 1e-9);
	assert_int_equal(v->vcpus[0].n_who, 2);
	assert_string_equal(v->vcpus[0].who[0].name, "vm db vcpu0");
	assert_true(fabs(v->vcpus[0].who[0].share - 75) < 1e-9);
	assert_true(fabs(v->vcpus[0].who[1].ms_per_s - 150) < 1e-9);
	assert_true(fabs(v->vcpus[0].named - 100) < 1e-9);
	advice = advice_line(v, &v->vcpus[0]);
	assert_non_null(strstr(advice, "raise its shares"));

	/* What came is told: the next interval shows it alone, the whole shows all of it. */
	dump(&s, 3, 800, 2200, 0, 2200);
	blame(&s, OTHER, BLAME_TASK, 1000000000);
	feed(l, &s);
	v = live_view(l, false);
	assert_true(fabs(v->vcpus[0].wait - 1000) < 1e-9);
	assert_int_equal(v->vcpus[0].n_who, 1);
	v = live_view(l, true);
	assert_true(fabs(v->vcpus[0].wait - 2200 / 3.0) < 1e-6);
	assert_int_equal(v->vcpus[0].n_who, 2);
	assert_true(fabs(v->vcpus[0].who[0].ms_per_s - 1900 / 3.0) < 1e-6);
	live_free(l);
	run_info_release(&info);
}

/* Which line speaks for which figures. */
static void advice_follows_figures(void **state)
{
	static const struct {
		uint32_t who, kind;
		uint64_t wait_ms, idle_ms; /* in 1 s; idle of CPU 1 */
		const char *says;
	} rows[] = {
		{OTHER, BLAME_TASK, 2, 900, NULL},
		{0, BLAME_THROTTLED, 700, 900, "quota"},
		{91, BLAME_TASK, 400, 900, "emulator"},
		{OTHER, BLAME_TASK, 500, 900, "pin apart"},
		{OTHER, BLAME_TASK, 500, 100, "raise its shares"},
		{0, BLAME_IDLE, 300, 100, "waking up"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stream s = {0};
		struct run_info info;
		struct live *l = make(&info, "0");
		struct trace_task own = {.tgid = 90};
		const struct live_view *v;
		auto_free char *advice = NULL;

		begin(&s);
		own.h = head(&s, 91, TRACE_TASK, sizeof(own));
		memcpy(own.comm, "IO mon_iothread", 16);
		put(&s, &own, sizeof(own));
		counter(&s, 0, 1, COUNTER_CPU, CTR_BOX_IDLE_NS, 1);
		dump(&s, 0, 0, 0, 0, 0);
		feed(l, &s);
		live_view(l, false);
		dump(&s, 1, 1000 - rows[i].wait_ms, rows[i].wait_ms, 0, rows[i].wait_ms);
		counter(&s, 0, 1, COUNTER_CPU, CTR_BOX_IDLE_NS, 1 + rows[i].idle_ms * 1000000);
		blame(&s, rows[i].who, rows[i].kind, rows[i].wait_ms * 1000000);
		feed(l, &s);
		v = live_view(l, false);
		advice = advice_line(v, &v->vcpus[0]);
		if (!advice != !rows[i].says || (advice && !strstr(advice, rows[i].says)))
			fail_msg("row %zu: '%s' does not say '%s'", i, advice, rows[i].says);
		live_free(l);
		run_info_release(&info);
	}
}

/* Which CPUs idle, which it may use, which are isolated; 500 of 1000 ms/s of waiting for another VM. */
static void advice_by_the_idlest_allowed_cpu(void **state)
{
	static const struct {
		const char *allowed, *isolated;
		uint64_t idle_ms[3];
		const char *says, *says_not;
	} rows[] = {
		{"0-1", "1", {0, 900, 0},
			"pin it to CPU 1: it may use it, and it idled 900 ms/s, but the CPU is isolated",
			"free"},
		{"0-1", "", {0, 900, 0},
			"pin it to CPU 1: it may use it, and it idled 900 ms/s, but the kernel leaves",
			"free"},
		{"0-1", "", {0, 900, 950}, "pin it to CPU 1", "free"},
		{"0-1", "", {0, 300, 950}, "pin apart", "free"},
		{"0-1", "2", {0, 300, 950}, "CPU 2, which is isolated, idled 950", "free"},
		{"0-1", "", {0, 300, 100},
			"no CPU it may use is free (the idlest CPU it may use, 1, idled 300 ms/s)",
			"pin"},
		/* The CPU it waits for may idle when it sleeps: that is no other CPU. */
		{"0", "", {600, 100, 100}, "no CPU it may use is free (CPU 0 is the only one",
			"pin"},
		{"0", "0", {600, 100, 900}, "pin apart", "free"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stream s = {0};
		struct run_info info;
		struct live *l = make(&info, rows[i].allowed);
		const struct live_view *v;
		struct cpuset isolated;
		auto_free char *advice = NULL;

		assert_int_equal(cpuset_parse(rows[i].isolated, &isolated, NULL), 0);
		live_isolated(l, &isolated);
		begin(&s);
		for (unsigned cpu = 0; cpu < 3; cpu++)
			counter(&s, 0, (uint16_t)cpu, COUNTER_CPU, CTR_BOX_IDLE_NS, 1);
		dump(&s, 0, 0, 0, 0, 0);
		feed(l, &s);
		live_view(l, false);
		dump(&s, 1, 500, 500, 0, 500);
		for (unsigned cpu = 0; cpu < 3; cpu++)
			counter(&s, 0, (uint16_t)cpu, COUNTER_CPU, CTR_BOX_IDLE_NS,
				1 + rows[i].idle_ms[cpu] * 1000000);
		blame(&s, OTHER, BLAME_TASK, 500000000);
		feed(l, &s);
		v = live_view(l, false);
		advice = advice_line(v, &v->vcpus[0]);
		if (!advice || !strstr(advice, rows[i].says) || strstr(advice, rows[i].says_not))
			fail_msg("row %zu: '%s' does not say '%s'", i, advice, rows[i].says);
		live_free(l);
		run_info_release(&info);
	}
}

static void thread_dump(struct stream *s, uint32_t tid, uint64_t run, uint64_t wait)
{
	counter(s, tid, 0, COUNTER_THREAD, CTR_TRACED_RUN_NS, run * 1000000);
	counter(s, tid, 0, COUNTER_THREAD, CTR_TRACED_WAIT_NS, wait * 1000000);
}

static void add_vm(struct run_info *info, const char *name, const char *accel, int pid)
{
	ARRAY_GROW(info->vms, info->n_vms);
	info->vms[info->n_vms++] = (struct run_vm){.name = xstrdup(name),
		.program = xstrdup("qemu"),
		.accel = xstrdup(accel),
		.pid = pid};
}

/* Threads come and go: rates are over the time that a thread was there; one that ended is shown
 * once; the worst VM is first. A vCPU that is none for sure gets no advice. */
static void vms_come_and_go(void **state)
{
	struct stream s = {0};
	struct run_info info = {0};
	struct cpuset allowed = cpuset_of(0);
	const struct live_view *v;
	struct live_vm *vms;
	struct live *l;
	size_t n;

	(void)state;
	add_vm(&info, "calm", "kvm", 90);
	add_vm(&info, "busy", "tcg", 91);
	l = live_make(&info);
	live_track(l, 100, 0, 0, &allowed, 0);
	live_track(l, 101, 0, 300, &allowed, 0);
	live_track(l, 102, 1, -1, &allowed, 0);
	begin(&s);
	thread_dump(&s, 100, 0, 0);
	thread_dump(&s, 101, 0, 0);
	thread_dump(&s, 102, 0, 0);
	feed(l, &s);
	live_view(l, false);

	s.now += 1000000000;
	thread_dump(&s, 100, 10, 2);
	thread_dump(&s, 101, 10, 4);
	thread_dump(&s, 102, 10, 400);
	feed(l, &s);
	live_track(l, 103, 0, 1, &allowed, s.now);
	live_end(l, 102);
	v = live_view(l, false);
	assert_int_equal(v->n, 3); /* 103 has no figures yet */
	vms = live_vms(v, &n);
	assert_int_equal(n, 2);
	assert_int_equal(vms[0].guest, 1);
	assert_false(vms[0].numbered);
	assert_true(vms[0].gone);
	assert_null(advice_line(v, &v->vcpus[vms[0].rows[0]]));
	assert_int_equal(vms[1].n, 2);
	assert_int_equal(v->vcpus[vms[1].rows[0]].vcpu, 300);
	assert_true(fabs(vms[1].wait - 3) < 1e-9);
	live_vms_free(vms, n);

	/* The number of an ended thread is another's now. */
	live_track(l, 102, 0, 2, &allowed, s.now);
	s.now += 500000000;
	thread_dump(&s, 100, 10, 2);
	thread_dump(&s, 101, 10, 4);
	thread_dump(&s, 102, 7, 8);
	thread_dump(&s, 103, 100, 250);
	feed(l, &s);
	v = live_view(l, false);
	assert_int_equal(v->n, 4);
	assert_int_equal(v->vcpus[2].tid, 103);
	assert_true(fabs(v->vcpus[2].wait - 500) < 1e-9);
	assert_int_equal(v->vcpus[3].vcpu, 2);
	assert_true(fabs(v->vcpus[3].wait - 16) < 1e-9);
	v = live_view(l, true);
	assert_int_equal(v->n, 5);
	assert_true(fabs(v->vcpus[2].wait - 400) < 1e-9); /* over the second that it lived */
	assert_true(fabs(v->vcpus[3].wait - 500) < 1e-9);
	live_free(l);
	run_info_release(&info);
}

static void hostile_streams(void **state)
{
	struct stream s = {0};
	struct run_info info;
	struct live *l = make(&info, "0");
	struct err e = ERR_INIT;
	char junk[256] = {0};
	struct trace_hdr none = {0};

	(void)state;
	assert_int_equal(live_feed(l, junk, sizeof(junk), &e), -EBADMSG);
	begin(&s);
	/* A record that is cut stays for the next time. */
	put(&s, &(struct trace_hdr){1, 1, 0, TRACE_STATE, 4}, sizeof(none));
	assert_int_equal(live_feed(l, s.data, s.len, &e), s.len - sizeof(none));
	/* One without a length would never end. */
	assert_int_equal(live_feed(l, &none, sizeof(none), &e), -EBADMSG);
	live_free(l);
	run_info_release(&info);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_and_culprits),
		cmocka_unit_test(advice_follows_figures),
		cmocka_unit_test(advice_by_the_idlest_allowed_cpu),
		cmocka_unit_test(vms_come_and_go),
		cmocka_unit_test(hostile_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
