/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A record folder analysed and told in every form; what must hold whatever the record says. */
#ifndef SS_TESTS_FUZZ_ANALYSIS_H
#define SS_TESTS_FUZZ_ANALYSIS_H

#include <math.h>

#include "report/export/export.h"
#include "report/run/report.h"
#include "tests/fuzz/fuzz.h"

static inline void fuzz_check_vcpu(const struct analysis *a, const struct analysis_vcpu *v)
{
	const struct vcpu_states *s = &v->states;

	CLAIM(s->run_ns + s->wait_ns + s->sleep_ns + s->unknown_ns <=
		a->window_end_ns - a->window_start_ns);
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		CLAIM(!v->metrics[m].have || isfinite(v->metrics[m].value));
}

static inline void fuzz_check_analysis(const struct analysis *a)
{
	CLAIM(a->window_end_ns >= a->window_start_ns && a->n_late <= 3 * ANALYSIS_WORST);
	for (size_t g = 0; g < a->n_guests; g++)
		for (unsigned i = 0; i < a->guests[g].n_vcpus; i++)
			fuzz_check_vcpu(a, &a->guests[g].vcpus[i]);
	for (size_t i = 0; i < a->n_blame; i++)
		CLAIM(a->blame[i].share >= 0 && a->blame[i].share <= 100.001);
	for (size_t i = 0; i < a->n_late; i++) {
		const struct late *l = &a->late[i];

		CLAIM(l->fired_late_ns + l->wait_ns + l->throttled_ns + l->running_ns +
				l->guest_queue_ns + l->box_steal_ns + l->unexplained_ns ==
			l->lateness_ns);
	}
}

static inline void fuzz_tell(const struct analysis *a, bool all)
{
	static FILE *null;
	struct err e = ERR_INIT;

	if (!null)
		null = fopen("/dev/null", "w");
	report_text(a, null, true);
	for (size_t i = 0; i < a->n_late && i < 2; i++)
		report_late_text(a, i, null, &e);
	if (!all)
		return;
	for (unsigned t = 0; t < EXPORT_TABLES; t++)
		export_csv(a, (enum export_table)t, null, &e);
	export_perfetto(a, null, &e);
}

/* `twice`: once more, for the same bytes; and the exports, which read the record again. */
static inline void fuzz_analyse(const char *dir, bool twice)
{
	struct analysis *a = NULL, *b = NULL;
	struct err e = ERR_INIT;
	auto_free char *one = NULL, *two = NULL;

	if (analysis_make(dir, &a, &e)) {
		CLAIM(e.msg[0]);
		return;
	}
	fuzz_check_analysis(a);
	fuzz_tell(a, twice);
	one = report_json(a);
	CLAIM(one);
	if (twice) {
		CLAIM(!analysis_make(dir, &b, &e));
		two = report_json(b);
		CLAIM(!strcmp(one, two));
	}
	analysis_free(a);
	analysis_free(b);
}

#endif
