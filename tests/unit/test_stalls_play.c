// SPDX-License-Identifier: GPL-3.0-or-later
/* The player of stalls: what it plays and writes down, and the three things that end it, each alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/played.h"
#include "base/process.h"
#include "host/reaper.h"
#include "noise/noise.h"
#include "noise/stalls.h"
#include "noise/stalls_map.h"
#include "noise/stalls_rate.h"

static char *file_of(const char *text)
{
	char *path = xstrdup("/tmp/test-stalls-play.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, text, strlen(text)), 0);
	close(fd);
	return path;
}

/* A CPU that this test may use: the last. */
static unsigned a_cpu(void)
{
	struct cpuset all;

	assert_int_equal(cpuset_of_thread(0, &all), 0);
	return (unsigned)cpuset_nth(&all, cpuset_count(&all) - 1);
}

static bool may_not(void)
{
	struct sched_param fifo = {.sched_priority = 1}, other = {0};

	if (sched_setscheduler(0, SCHED_FIFO, &fifo))
		return true;
	sched_setscheduler(0, SCHED_OTHER, &other);
	return false;
}
#define NEED_FIFO()                                                                                \
	if (may_not()) {                                                                           \
		print_message("no right to SCHED_FIFO here\n");                                    \
		skip();                                                                            \
	}

struct setting {
	char *trace;
	unsigned cpu;
	char map[16];
	struct plan_stalls stalls;
	struct plan_noise noise;
};
static char app[] = "app", player_name[] = "player", stalls_kind[] = "stalls";

static struct plan_noise *set(struct setting *s, const char *text, uint64_t until_ns)
{
	*s = (struct setting){.trace = text ? file_of(text) : NULL, .cpu = a_cpu()};
	s->stalls = (struct plan_stalls){.how = {.trace = s->trace,
						 .speed = 1,
						 .scale = 1,
						 .cpus = 1,
						 .rate_ms_per_s = 20,
						 .length_ns = NS_PER_MS,
						 .seed = 3},
		.trace = s->trace,
		.map = s->map,
		.victim = app,
		.cpus = &s->cpu,
		.n_cpus = 1,
		.until_ns = until_ns};
	s->noise = (struct plan_noise){
		.name = player_name, .kind = stalls_kind, .threads = 1, .stalls = &s->stalls};
	return &s->noise;
}

static void unset(struct setting *s)
{
	if (s->trace)
		unlink(s->trace);
	free(s->trace);
}

#define HEAD "# stealscope stalls 1\n# cpus: 4,6\nstart_s,length_us,cpu\n"

static void plays_and_writes_down(void **state)
{
	char log[] = "/tmp/test-stalls-log.XXXXXX";
	auto_close int fd = mkstemp(log);
	struct strbuf text = {0};
	struct setting s;
	struct noise *n;
	struct played_header h;
	struct played r;
	unsigned count[8] = {0}, in_time = 0, too_long = 0;
	uint64_t got = 0;

	(void)state;
	NEED_FIFO();
	strbuf_add(&text, HEAD);
	for (unsigned i = 0; i < 20; i++)
		strbuf_add(&text, "0.%03u,2000,4\n", i * 20);
	strbuf_add(&text, "0.400,2000,4\n0.401,500,4\n0.410,2000,6\n");
	set(&s, text.text, 20 * NS_PER_S);
	assert_int_equal(stalls_look(&s.stalls, NULL), 0);
	assert_int_equal(noise_start_logged(&s.noise, "t", -1, fd, &n, NULL), 0);
	assert_int_equal(noise_resume(n, NULL), 0);
	sleep_ns(900 * NS_PER_MS);
	assert_int_equal(noise_check(n, NULL), 0);
	noise_stop(n);
	unlink(log);
	assert_int_equal(pread(fd, &h, sizeof(h), 0), sizeof(h));
	assert_true(h.magic == PLAYED_MAGIC && h.start_ns && !h.closed);
	for (off_t at = sizeof(h); pread(fd, &r, sizeof(r), at) == sizeof(r); at += sizeof(r)) {
		assert_true(r.outcome && r.outcome < 6);
		count[r.outcome]++;
		if (r.outcome == PLAYED_DONE) {
			assert_int_equal(r.cpu, s.cpu);
			assert_true(r.end_ns - r.start_ns >= r.length_ns - 100000);
			got += r.got_ns;
			in_time += r.start_ns + NS_PER_MS > r.due_ns &&
				   r.start_ns < r.due_ns + NS_PER_MS;
			too_long += r.end_ns - r.start_ns > r.length_ns + NS_PER_MS / 2;
		}
	}
	/* The box may be busy: most of them. */
	assert_int_equal(count[PLAYED_NOBODY], 1);
	assert_int_equal(count[PLAYED_OVERLAP], 1);
	assert_true(count[PLAYED_DONE] >= 15);
	assert_int_equal(count[PLAYED_DONE] + count[PLAYED_CUT] + count[PLAYED_MISSED], 21);
	assert_true(got >= 15 * 1800000);
	assert_true(in_time >= 8);
	assert_true(too_long <= 12);
	strbuf_release(&text);
	unset(&s);
}

/* A zombie that nobody collects is gone too. */
static bool is_gone(pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/stat", (int)pid);
	auto_free char *text = read_file(path, 4096, NULL, NULL);
	const char *state = text ? strrchr(text, ')') : NULL;

	return !state || state[2] == 'Z' || state[2] == 'X';
}

static bool gone_within(pid_t pid, uint64_t ns)
{
	for (uint64_t end = now_ns() + ns; now_ns() < end; sleep_ns(10 * NS_PER_MS))
		if (is_gone(pid))
			return true;
	return false;
}

/* Nobody ends it, its parent lives. */
static void its_own_deadline_ends_it(void **state)
{
	struct setting s;
	struct noise *n;
	siginfo_t info;
	uint64_t before;

	(void)state;
	NEED_FIFO();
	set(&s, NULL, 400 * NS_PER_MS);
	before = now_ns();
	assert_int_equal(noise_start(&s.noise, "t", -1, &n, NULL), 0);
	noise_resume(n, NULL);
	info.si_pid = 0;
	while (!info.si_pid && now_ns() - before < 10 * NS_PER_S) {
		sleep_ns(5 * NS_PER_MS);
		assert_int_equal(
			waitid(P_PID, (id_t)noise_last_pid(n), &info, WEXITED | WNOWAIT | WNOHANG),
			0);
	}
	assert_int_equal(info.si_code, CLD_KILLED);
	assert_int_equal(info.si_status, SIGKILL);
	assert_true(now_ns() - before >= 400 * NS_PER_MS);
	noise_stop(n);
	unset(&s);
}

/* In a process of its own, whose pid goes up a pipe; it waits there. */
static pid_t parent_of_player(int *player_pid)
{
	struct setting s;
	struct noise *n;
	int up[2], pid;
	pid_t parent;

	assert_int_equal(pipe(up), 0);
	parent = fork();
	if (parent == 0) {
		set(&s, NULL, 100 * NS_PER_S);
		if (noise_start(&s.noise, "t", -1, &n, NULL))
			_exit(1);
		noise_resume(n, NULL);
		pid = noise_last_pid(n);
		if (write(up[1], &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		pause();
		_exit(0);
	}
	close(up[1]);
	assert_int_equal(read(up[0], player_pid, sizeof(*player_pid)), sizeof(*player_pid));
	close(up[0]);
	return parent;
}

/* No reaper knows it, its own end is far. */
static void the_end_of_its_parent_ends_it(void **state)
{
	int player = 0;
	pid_t parent;

	(void)state;
	NEED_FIFO();
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	parent = parent_of_player(&player);
	sleep_ns(200 * NS_PER_MS);
	assert_false(is_gone(player));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	assert_true(gone_within(player, 5 * NS_PER_S));
}

/* A real-time process that does not die with its parent and has no end of its own. */
static void the_reaper_ends_it(void **state)
{
	auto_free char *dir = xasprintf("%s/test-stalls-%d", runtime_root(), (int)getpid());
	auto_free char *run = xasprintf("test-stalls-%d", (int)getpid());
	int up[2], player = 0;
	pid_t harness;

	(void)state;
	NEED_FIFO();
	assert_int_equal(pipe(up), 0);
	harness = fork();
	if (harness == 0) {
		struct reaper *r;

		if (reaper_start(run, dir, &r, NULL))
			_exit(1);
		player = fork();
		if (player == 0) {
			struct sched_param fifo = {.sched_priority = 1};

			close_range(3, ~0U, 0); /* the reaper watches a pipe of the harness */
			sched_setscheduler(0, SCHED_FIFO, &fifo);
			for (;;)
				sleep_ns(NS_PER_MS);
		}
		reaper_add_pid(r, player);
		if (write(up[1], &player, sizeof(player)) != sizeof(player))
			_exit(1);
		pause();
		_exit(0);
	}
	close(up[1]);
	assert_int_equal(read(up[0], &player, sizeof(player)), sizeof(player));
	sleep_ns(100 * NS_PER_MS);
	assert_false(is_gone(player));
	kill(harness, SIGKILL);
	waitpid(harness, NULL, 0);
	assert_true(gone_within(player, 10 * NS_PER_S));
	close(up[0]);
	remove_tree(dir, NULL);
}

static void refuses_before_anything_starts(void **state)
{
	static const struct {
		const char *text, *map, *said;
	} rows[] = {
		{"# stealscope stalls 1\nstart_s,length_us,cpu\n", "", "has no stall for a vCPU"},
		{"# stealscope stalls 1\nstart_s,length_us,cpu\n0,1,7\n", "",
			"has no stall for a vCPU"},
		{"# stealscope stalls 1\nstart_s,length_us,cpu\n0,1,7\n", "7:1",
			"has vCPUs 0 to 0"},
		{"# stealscope stalls 1\nstart_s,length_us,cpu\n0,x,0\n", "", ":3: no row"},
		{"# stealscope stalls 1\nstart_s,length_us,cpu\n5,980000,0\n", "",
			"sched_rt_runtime_us"},
	};
	uint64_t period;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct setting s;
		struct err e = ERR_INIT;

		set(&s, rows[i].text, 20 * NS_PER_S);
		snprintf(s.map, sizeof(s.map), "%s", rows[i].map);
		if (i == 4 && stalls_rt_runtime_ns(&period) > 980 * NS_PER_MS)
			print_message("this kernel does not bound real-time threads\n");
		else {
			assert_true(stalls_look(&s.stalls, &e) < 0);
			if (!strstr(e.msg, rows[i].said))
				fail_msg("row %zu: %s", i, e.msg);
		}
		unset(&s);
	}
}

/* From recorded CPUs to vCPUs: as `map` says; else those that the trace names, in their order. */
static void the_map_says_whose_stalls(void **state)
{
	static struct stalls_map m;
	unsigned cpus[2] = {0, 1};
	struct setting s;

	(void)state;
	set(&s, HEAD, NS_PER_S);
	s.stalls.cpus = cpus;
	s.stalls.n_cpus = 2;
	assert_int_equal(stalls_map_make(&s.stalls, &m, NULL), 0);
	assert_int_equal(stalls_map_find(&m, 4), 0);
	assert_int_equal(stalls_map_find(&m, 6), 1);
	assert_int_equal(stalls_map_find(&m, 0), -1);
	strcpy(s.map, "6:0 9:1");
	assert_int_equal(stalls_map_make(&s.stalls, &m, NULL), 0);
	assert_int_equal(stalls_map_find(&m, 6), 0);
	assert_int_equal(stalls_map_find(&m, 9), 1);
	assert_int_equal(stalls_map_find(&m, 4), -1);
	assert_int_equal(stalls_map_find(&m, STALLS_CPU_MAX + 1), -1);
	unset(&s);
}

static void a_rate_is_steered(void **state)
{
	const uint64_t ms = NS_PER_MS;

	(void)state;
	/* Behind: more; ahead: nothing; a victim that feels nothing is not stopped for good. */
	assert_int_equal(rate_stall(100 * ms, 96 * ms, 4 * ms, 100 * ms), 4 * ms);
	assert_int_equal(rate_stall(100 * ms, 94 * ms, 4 * ms, 100 * ms), 6 * ms);
	assert_int_equal(rate_stall(100 * ms, 101 * ms, 4 * ms, 100 * ms), 0);
	assert_int_equal(rate_stall(1000 * ms, 0, 4 * ms, 100 * ms), 9 * ms);
	assert_int_equal(rate_stall(1000 * ms, 0, 80 * ms, 100 * ms), 90 * ms);
	/* A low rate waits till there is a stall's worth of it, and comes then. */
	assert_int_equal(rate_stall(ms - 1, 0, ms / 50, 20 * ms), 0);
	assert_int_equal(rate_stall(ms, 0, ms / 50, 20 * ms), ms);
	assert_int_equal(rate_stall(9 * ms, 0, ms / 50, 20 * ms), ms + ms / 25);
}

int main(void)
{
	alarm(60); /* a test that hangs is no test */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_before_anything_starts),
		cmocka_unit_test(a_rate_is_steered),
		cmocka_unit_test(the_map_says_whose_stalls),
		cmocka_unit_test(plays_and_writes_down),
		cmocka_unit_test(its_own_deadline_ends_it),
		cmocka_unit_test(the_end_of_its_parent_ends_it),
		cmocka_unit_test(the_reaper_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
