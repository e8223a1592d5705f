// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/played.h"

#include <inttypes.h>
#include <math.h>

#include "base/text.h"
#include "json/json_text.h"

double played_lag_us(const struct played_stalls *p, double q)
{
	double early = (double)p->early.total, all = early + (double)p->late.total;

	if (all <= 0)
		return NAN;
	if (q * all <= early) /* the earliest first */
		return -(double)hist_quantile(&p->early, early > 0 ? 1 - q * all / early : 0) / 1e3;
	return (double)hist_quantile(&p->late, (q * all - early) / (double)p->late.total) / 1e3;
}

static json_t *one_json(const struct analysis *a, const struct played_stalls *p)
{
	return JSON({"noise", json_text(p->noise)}, {"cpu", json_integer(p->cpu)},
		{"victim", p->have_victim
				   ? json_textf("%s/vcpu%u", a->guests[p->guest].name, p->vcpu)
				   : json_null()},
		{"loop", json_text(p->rates ? "closed" : "open")},
		{"victim_busy", json_boolean(p->busy)}, {"unit", json_text("ms/s")},
		{"planned", json_numbers(p->planned, p->seconds)},
		{"delivered", json_numbers(p->delivered, p->seconds)},
		{"felt", p->have_victim ? json_numbers(p->felt, p->seconds) : json_null()},
		{"felt_for_others",
			p->have_victim ? json_numbers(p->others, p->seconds) : json_null()},
		{"mean_planned", json_number(p->mean_planned)},
		{"rmse_delivered", json_number(p->rmse_delivered)},
		{"worst_delivered", json_number(p->worst_delivered)},
		{"rmse_felt", json_number(p->rmse_felt)},
		{"worst_felt", json_number(p->worst_felt)},
		{"rmse_open", p->rates ? json_number(p->rmse_open) : NULL},
		{"ks_delivered", json_number(p->ks_delivered)},
		{"ks_felt", json_number(p->ks_felt)},
		{"lag_us", JSON({"p50", json_number(played_lag_us(p, 0.5))},
				   {"p99", json_number(played_lag_us(p, 0.99))},
				   {"max", json_number(played_lag_us(p, 1))})},
		{"stalls",
			JSON({"planned", json_count(p->n_planned)},
				{"played", json_count(p->n_played)}, {"cut", json_count(p->n_cut)},
				{"overlap", json_count(p->n_overlap)},
				{"missed", json_count(p->n_missed)})});
}

json_t *played_json(const struct analysis *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_played; i++)
		json_array_append_new(list, one_json(a, &a->played[i]));
	return list;
}

char *played_line(const struct analysis *a, size_t i)
{
	const struct played_stalls *p = &a->played[i];
	struct strbuf b = {0};

	if (i >= a->n_played)
		return xstrdup("");
	text_add(&b, "%s on CPU %u", p->noise, p->cpu);
	if (p->have_victim)
		text_add(&b, " for %s/vcpu%u", a->guests[p->guest].name, p->vcpu);
	text_add(&b,
		": %.2f ms/s planned, delivered within %.3f ms/s (RMSE of a second; worst %.3f)",
		p->mean_planned, p->rmse_delivered, p->worst_delivered);
	if (p->have_victim)
		text_add(&b, ", felt within %.3f (worst %.3f)%s", p->rmse_felt, p->worst_felt,
			p->busy ? "" : ", by a victim that slept");
	if (isfinite(p->rmse_open))
		text_add(&b, "; an open loop would have been %.3f off", p->rmse_open);
	if (p->rates)
		text_add(&b, "; closed loop, %" PRIu64 " stalls", p->n_played);
	else
		text_add(&b,
			"; %" PRIu64 " of %" PRIu64 " stalls played (%" PRIu64
			" overlapped, %" PRIu64 " missed, %" PRIu64 " cut short)",
			p->n_played, p->n_planned, p->n_overlap, p->n_missed, p->n_cut);
	if (isfinite(p->ks_delivered))
		text_add(&b, "; lengths: KS %.3f delivered", p->ks_delivered);
	if (isfinite(p->ks_felt))
		text_add(&b, ", %.3f felt", p->ks_felt);
	if (p->n_played)
		text_add(&b, "; begun late by p50 %.0f, p99 %.0f, at most %.0f us",
			played_lag_us(p, 0.5), played_lag_us(p, 0.99), played_lag_us(p, 1));
	return b.text;
}
