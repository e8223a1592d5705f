/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rate series played in closed loop: in each step one stall, as long as what was wanted so far is
 * ahead of what the victim has felt (run_delay of its vCPU threads). */
#ifndef SS_NOISE_STALLS_RATE_H
#define SS_NOISE_STALLS_RATE_H

#include "noise/stalls_lane.h"
#include "plan/plan.h"

struct rate_player;

struct rate_player *rate_player_make(const struct plan_stalls *s, struct lane *lanes,
	const size_t *lane_of, size_t n_lanes, uint64_t base_ns);
/* Whether lane `lane` can take another row. */
bool rate_player_room(const struct rate_player *r, size_t lane);
void rate_player_row(
	struct rate_player *r, size_t lane, uint64_t due_ns, uint64_t length_ns, uint64_t want_ns);
/* Sleeps to the next step and puts its stalls. */
void rate_player_step(struct rate_player *r);

/* What the next step's stall should take. Pure. `wanted_ns` up to the end of the step and `felt_ns` so
 * far, both since the start; `step_want_ns` of this step alone. A victim that sleeps feels nothing,
 * whatever is played: so no step takes more than twice what it wants and a little. */
uint64_t rate_stall(uint64_t wanted_ns, uint64_t felt_ns, uint64_t step_want_ns, uint64_t step_ns);

/* The threads whose run_delay is felt, by vCPU of the victim: before the player is let go. `tids` is
 * memory that the player sees. */
#define RATE_VICTIMS_MAX 256
struct rate_victims {
	int pid[RATE_VICTIMS_MAX]; /* thread ids; 0 = not known: open loop */
};
extern struct rate_victims *rate_victims; /* NULL: nobody told */

#endif
