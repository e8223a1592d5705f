// SPDX-License-Identifier: GPL-3.0-or-later
#include "noise/stalls_rate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A stall falls anywhere in its step, so a second that begins within one gets some of it too much or
 * too little, by up to what a step wants: the step is short. */
#define STEP_NS	    (20 * NS_PER_MS)
#define SHORTEST_NS NS_PER_MS /* about a scheduler's shortest slice: Linux's is 0.7 ms and more */
#define ROWS	    64u	      /* read ahead */
#define MOST	    90u	      /* % of a step */
#define EDGE_NS	    NS_PER_MS /* between a stall and both ends of its step */
#define SLACK_NS    NS_PER_MS

struct rate_victims *rate_victims;

struct rate_row {
	uint64_t due_ns, length_ns, want_ns;
};

struct rate_lane {
	struct rate_row rows[ROWS];
	uint64_t head, tail;
	uint64_t past_ns; /* wanted by rows that are over */
	uint64_t fed_ns;  /* put so far: what is felt where no thread is known */
	uint64_t felt_base_ns;
	int fds[RATE_VICTIMS_MAX];
	size_t n_fds;
	uint64_t last_wanted_ns;
};

struct rate_player {
	struct lane *lanes;
	struct rate_lane *rates;
	size_t n;
	uint64_t next_ns; /* the step to come begins there */
	uint64_t random;
};

uint64_t rate_stall(uint64_t wanted_ns, uint64_t felt_ns, uint64_t step_want_ns, uint64_t step_ns)
{
	uint64_t missing = wanted_ns > felt_ns ? wanted_ns - felt_ns : 0;

	missing = MIN(missing, 2 * step_want_ns + SLACK_NS);
	return missing < SHORTEST_NS ? 0 : MIN(missing, step_ns / 100 * MOST);
}

/* The second number of schedstat: ns in run queues. */
static uint64_t run_delay_of(int fd)
{
	unsigned long long ran, delay = 0;
	char text[128];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return sscanf(text, "%llu %llu", &ran, &delay) == 2 ? delay : 0;
}

static uint64_t felt(const struct rate_lane *l)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < l->n_fds; i++)
		sum += run_delay_of(l->fds[i]);
	return sum;
}

struct rate_player *rate_player_make(const struct plan_stalls *s, struct lane *lanes,
	const size_t *lane_of, size_t n_lanes, uint64_t base_ns)
{
	struct rate_player *r = xcalloc(1, sizeof(*r));

	r->lanes = lanes;
	r->n = n_lanes;
	r->next_ns = base_ns;
	r->random = s->how.seed | 1;
	r->rates = xcalloc(n_lanes + 1, sizeof(*r->rates));
	for (size_t v = 0; rate_victims && v < MIN(s->n_cpus, RATE_VICTIMS_MAX); v++) {
		struct rate_lane *l = &r->rates[lane_of[v]];
		auto_free char *path = xasprintf(
			"/proc/%d/task/%d/schedstat", rate_victims->pid[v], rate_victims->pid[v]);
		int fd = rate_victims->pid[v] ? open(path, O_RDONLY | O_CLOEXEC) : -1;

		if (fd >= 0)
			l->fds[l->n_fds++] = fd;
	}
	for (size_t i = 0; i < n_lanes; i++)
		r->rates[i].felt_base_ns = felt(&r->rates[i]);
	return r;
}

bool rate_player_room(const struct rate_player *r, size_t lane)
{
	return r->rates[lane].head - r->rates[lane].tail < ROWS;
}

void rate_player_row(
	struct rate_player *r, size_t lane, uint64_t due_ns, uint64_t length_ns, uint64_t want_ns)
{
	struct rate_lane *l = &r->rates[lane];

	l->rows[l->head++ % ROWS] = (struct rate_row){due_ns, length_ns, want_ns};
}

/* What is wanted from the start up to `at`; rows that are over are summed up. */
static uint64_t wanted(struct rate_lane *l, uint64_t at)
{
	uint64_t sum;

	while (l->tail < l->head) {
		const struct rate_row *row = &l->rows[l->tail % ROWS];

		if (row->due_ns + row->length_ns > at)
			break;
		l->past_ns += row->want_ns;
		l->tail++;
	}
	sum = l->past_ns;
	for (uint64_t i = l->tail; i < l->head; i++) {
		const struct rate_row *row = &l->rows[i % ROWS];

		if (row->due_ns < at)
			sum += (uint64_t)((__uint128_t)row->want_ns *
					  MIN(at - row->due_ns, row->length_ns) / row->length_ns);
	}
	return sum;
}

static uint64_t next_random(struct rate_player *r)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random;
}

void rate_player_step(struct rate_player *r)
{
	uint64_t now = now_ns();

	if (r->next_ns > now)
		sleep_ns(r->next_ns - now);
	else /* steps that are over are made up for by the next */
		r->next_ns += (now - r->next_ns) / STEP_NS * STEP_NS;
	for (size_t i = 0; i < r->n; i++) {
		struct rate_lane *l = &r->rates[i];
		uint64_t before = l->last_wanted_ns, all = wanted(l, r->next_ns + STEP_NS), length;
		uint64_t so_far = l->n_fds ? felt(l) - l->felt_base_ns : l->fed_ns;

		l->last_wanted_ns = all;
		length = rate_stall(all, so_far, all > before ? all - before : 0, STEP_NS);
		if (!length || lane_full(&r->lanes[i]))
			continue;
		/* Nobody knows when in the stretch it was; not always at its beginning. */
		lane_put(&r->lanes[i],
			r->next_ns + EDGE_NS +
				next_random(r) % (STEP_NS - length - 2 * EDGE_NS + 1),
			length);
		l->fed_ns += length;
	}
	r->next_ns += STEP_NS;
}
