// SPDX-License-Identifier: GPL-3.0-or-later
/* What a trial has shown so far, and whether to go on. */
#include "study/trial.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/stats/signed_rank.h"

#define LOSS_FROM 1 /* ms/s of each vCPU from which a neighbour is said to wait longer */

/* All figures within blocks. `in` and what hangs on it must outlive the result. */
static int compare(const struct trial_figure *f, size_t n, size_t blocks, double alpha,
	struct compare_input *in, struct compare_result *out, struct err *e)
{
	auto_free size_t *block = xcalloc(blocks + 1, sizeof(*block));
	struct compare_metric *metrics = xcalloc(n + 1, sizeof(*metrics));
	const struct compare_blocks by = {block, block, blocks};
	int rc;

	for (size_t i = 0; i < blocks; i++)
		block[i] = i + 1;
	for (size_t i = 0; i < n; i++)
		metrics[i] = (struct compare_metric){.name = f[i].name,
			.unit = f[i].unit,
			.better = f[i].better,
			.a = f[i].before,
			.b = f[i].after,
			.na = blocks,
			.nb = blocks};
	*in = (struct compare_input){.name_a = "as-it-is",
		.name_b = "changed",
		.blocks = &by,
		.metrics = metrics,
		.n_metrics = n,
		.confidence = 1 - alpha,
		.seed = 1};
	rc = compare_arms(in, out, e);
	in->blocks = NULL;
	if (rc)
		free(metrics);
	return rc;
}

static void forget(struct compare_result *r)
{
	const struct compare_input *in = r->input;

	compare_result_release(r);
	if (in) {
		free((void *)(uintptr_t)in->metrics);
		free((void *)(uintptr_t)in);
	}
	*r = (struct compare_result){0};
}

static int judge_set(const struct trial_figure *f, size_t n, size_t blocks, double alpha,
	struct compare_result *out, struct err *e)
{
	struct compare_input *in = xcalloc(1, sizeof(*in));
	int rc;

	forget(out);
	rc = n ? compare(f, n, blocks, alpha, in, out, e) : 0;
	if (rc || !n)
		free(in);
	return rc;
}

double trial_wait(const struct analysis *a, size_t guest, unsigned vcpus)
{
	const struct metric_value *v =
		guest < a->n_guests ? analysis_value(a, guest, metric_table[METRIC_WAIT_RATE].name)
				    : NULL;
	double window = (double)(a->window_end_ns - a->window_start_ns) * vcpus;
	double wait = v && v->have ? v->value : NAN;

	for (size_t i = 0; i < a->n_blame; i++)
		if (a->blame[i].guest == guest && a->blame[i].kind == CULPRIT_HARNESS)
			wait -= 1000 * (double)a->blame[i].ns / window;
	return wait < 0 ? 0 : wait;
}

static bool is_claim(const struct compare_row *r, enum compare_verdict v)
{
	return r->method == COMPARE_SIGNED_RANK && r->verdict == v;
}

/* Something of the VM is better, and nothing of it is worse. */
static bool is_proven(const struct compare_result *r)
{
	bool better = false, worse = false;

	for (size_t i = 0; i < r->n_rows; i++) {
		better |= is_claim(&r->rows[i], COMPARE_B_BETTER);
		worse |= is_claim(&r->rows[i], COMPARE_A_BETTER);
	}
	return better && !worse;
}

/* Were all rounds that are left better, and by more than any so far: would that do? That it is worse need not be
 * proven: the domain is somebody's. */
static bool may_come(const struct trial_figure *f, unsigned done, unsigned rounds, double alpha)
{
	auto_free double *d = xcalloc(rounds + 1, sizeof(*d));
	double largest = 1;
	struct signed_rank r;

	for (unsigned i = 0; i < done; i++) {
		d[i] = f->better * (f->after[i] - f->before[i]);
		if (!isfinite(d[i]))
			return true;
		largest = fmax(largest, fabs(d[i]));
	}
	for (unsigned i = done; i < rounds; i++)
		d[i] = largest * (2 + i);
	return signed_rank_test(d, rounds, &r, NULL) || r.p < alpha;
}

/* ---- the verdict */

static double loss(const struct trial *t, size_t i)
{
	double shift = t->others.rows[i].shift.estimate;

	return shift >= LOSS_FROM ? shift * t->neighbours[i].vcpus : 0;
}

static void find_worst(struct trial *t)
{
	double most = 0;

	t->worst = -1;
	t->lost = 0;
	for (size_t i = 0; i < t->others.n_rows; i++) {
		double l = loss(t, i);

		t->lost += l;
		if (l > most) {
			most = l;
			t->worst = (int)i;
		}
	}
}

/* The figure that is better: its waiting, or what was measured. */
static char *proven_by(const struct trial *t)
{
	size_t i = is_claim(&t->subject.rows[0], COMPARE_B_BETTER) ? 0 : 1;
	const struct compare_row *r = &t->subject.rows[i];
	const struct shift *s = &r->shift;

	if (!i)
		return xasprintf("%s waits %.1f ms/s of each vCPU less (%.1f to %.1f)", t->domain,
			-s->estimate, -s->ci.hi, -s->ci.lo);
	return xasprintf(
		"what --measure prints of %s goes from %.4g to %.4g: by %+.4g (%+.4g to %+.4g)",
		t->domain, r->median_a, r->median_b, s->estimate, s->ci.lo, s->ci.hi);
}

static void say_verdict(struct trial *t)
{
	double gain = -t->subject.rows[0].shift.estimate * t->figures[0].vcpus;
	auto_free char *worst = NULL, *by = t->proven ? proven_by(t) : NULL;

	if (t->worst >= 0)
		worst = xasprintf("%s was made worst: it waits %+.1f ms/s of each vCPU",
			t->neighbours[t->worst].name, t->others.rows[t->worst].shift.estimate);
	t->recommended = t->proven && *t->tune && (t->worst < 0 || t->lost <= gain);
	free(t->verdict);
	if (!t->proven)
		t->verdict = xasprintf("not proven%s%s", worst ? "; " : "", worst ? worst : "");
	else if (*t->tune && !t->recommended)
		t->verdict = xasprintf(
			"proven, and not recommended: %s; its neighbours wait %.0f ms/s longer in all, more than the %.0f that it gains; %s",
			by, t->lost, fmax(gain, 0), worst);
	else
		t->verdict = xasprintf("proven: %s%s%s", by, worst ? "; " : "", worst ? worst : "");
}

void trial_end_with(struct trial *t, enum trial_end end, const char *why)
{
	t->end = end;
	free(t->ended);
	t->ended = xstrdup(why);
}

/* 0 go on, 1 it has ended. */
int trial_look(struct trial *t, bool last, struct err *e)
{
	unsigned n = t->rounds;
	/* Where one look at all rounds is no later than the early one, all of the 5 % is its. */
	unsigned early = t->n_figures > 1 ? TRIAL_LEAST + 1 : TRIAL_LEAST;
	bool two_looks = t->rounds_asked > early;
	double final = two_looks ? TRIAL_ALPHA - TRIAL_EARLY_ALPHA : TRIAL_ALPHA;
	bool decide = n >= t->rounds_asked;
	bool come = false;
	int rc;

	if (two_looks && n == early && !decide) {
		t->alpha = TRIAL_EARLY_ALPHA;
		rc = judge_set(t->figures, t->n_figures, n, t->alpha, &t->subject, e);
		if (rc)
			return rc;
		t->proven = is_proven(&t->subject);
		if (t->proven)
			trial_end_with(t, TRIAL_CLEAR, "ended early: the answer is clear");
	}
	for (size_t i = 0; i < t->n_figures && !decide && !t->proven; i++)
		come |= may_come(&t->figures[i], n, t->rounds_asked, final / (double)t->n_figures);
	if (!decide && !t->proven && !come && !last)
		trial_end_with(t, TRIAL_HOPELESS,
			"ended early: whatever the rounds left would show, it could not be proven any more");
	if (!decide && !t->proven && come && !last)
		return 0;
	if (!t->proven) {
		t->alpha = final;
		rc = n ? judge_set(t->figures, t->n_figures, n, final, &t->subject, e) : 0;
		if (rc)
			return rc;
		/* A trial that was cut short claims nothing: its end was not chosen here. */
		t->proven = decide && is_proven(&t->subject);
	}
	rc = n ? judge_set(t->neighbours, t->n_neighbours, n, TRIAL_ALPHA, &t->others, e) : 0;
	if (rc)
		return rc;
	t->judged = n && t->subject.n_rows;
	if (t->judged) {
		find_worst(t);
		say_verdict(t);
	}
	return 1;
}

void trial_release(struct trial *t)
{
	struct trial_figure *sets[] = {t->figures, t->neighbours};
	const size_t counts[] = {t->n_figures, t->n_neighbours};

	forget(&t->subject);
	forget(&t->others);
	for (size_t k = 0; k < ARRAY_SIZE(sets); k++) {
		for (size_t i = 0; i < counts[k]; i++) {
			free(sets[k][i].name);
			free(sets[k][i].unit);
			free(sets[k][i].before);
			free(sets[k][i].after);
		}
		free(sets[k]);
	}
	for (size_t i = 0; i < t->n_runs; i++) {
		free(t->runs[i].record);
		free(t->runs[i].culprit);
	}
	free(t->runs);
	for (size_t i = 0; i < t->n_blame; i++)
		free(t->blame[i].culprit);
	free(t->blame);
	free(t->id);
	free(t->domain);
	free(t->candidate);
	free(t->because);
	free(t->tune);
	free(t->ended);
	free(t->verdict);
	strv_release(&t->virsh);
	strv_release(&t->undo);
	strv_release(&t->unseen);
	*t = (struct trial){.worst = -1};
}
