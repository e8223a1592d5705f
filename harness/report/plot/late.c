// SPDX-License-Identifier: GPL-3.0-or-later
/* The timeline around a late wake-up as SVG. */
#include "report/plot/culprits.h"
#include "report/plot/svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN	 8
#define BAND_H	 20
#define BAND_GAP 3

static const char *state_class(const struct late_piece *p)
{
	if (p->throttled)
		return "throttle";
	switch (p->state) {
	case THREAD_RUNNING:
		return "run";
	case THREAD_WAITING:
		return "wait";
	case THREAD_SLEEPING:
		return "sleep";
	default:
		return "unknown";
	}
}

static const char *state_word(const struct late_piece *p)
{
	static const struct {
		const char *class, *word;
	} words[] = {{"throttle", "held by a quota"}, {"run", "running"}, {"wait", "waiting"},
		{"sleep", "sleeping"}, {"unknown", "not traced"}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].class, state_class(p)))
			return words[i].word;
	return "";
}

static double ms_from(uint64_t t, uint64_t zero)
{
	return (double)(int64_t)(t - zero) / 1e6;
}

static void draw_piece(
	struct svg *s, const struct axis *x, double y, const struct late_piece *p, uint64_t zero)
{
	double from = axis_at(x, ms_from(p->start_ns, zero)),
	       to = axis_at(x, ms_from(p->end_ns, zero));
	char tip[256], cpu[24] = "";

	if (to - from < 0.05)
		return;
	if (p->cpu >= 0)
		snprintf(cpu, sizeof(cpu), ", CPU %d", p->cpu);
	snprintf(tip, sizeof(tip), "%s%s%s%.150s, %.3f ms", state_word(p), cpu,
		p->occupant ? ", behind " : "", p->occupant ? p->occupant : "",
		ms_from(p->end_ns, p->start_ns));
	svg_rect(s, state_class(p), from, y, to - from, BAND_H, tip);
}

/* The second band: who ran on the CPU that the vCPU waited for. */
static void draw_occupant(struct svg *s, const struct axis *x, double y,
	const struct culprit_palette *who, const struct late *l, const struct late_piece *p)
{
	double from = axis_at(x, ms_from(p->start_ns, l->deadline_ns));
	double to = axis_at(x, ms_from(p->end_ns, l->deadline_ns));

	if (!p->occupant || to - from < 0.05)
		return;
	svg_rect(s, culprit_slot_class(culprit_slot(who, p->occupant, p->kind)), from, y, to - from,
		BAND_H, p->occupant);
}

/* Whoever had the CPU, with their colours; returns y below. Draws nothing when s is NULL. */
static double who_legend(struct svg *s, const struct culprit_palette *who, const struct late *l,
	double width, double y)
{
	struct svg_key key[CULPRIT_SLOTS];
	bool seen[CULPRIT_SLOTS] = {false};
	size_t n = 0;

	for (size_t i = 0; i < l->n_pieces; i++)
		if (l->pieces[i].occupant)
			seen[culprit_slot(who, l->pieces[i].occupant, l->pieces[i].kind)] = true;
	for (unsigned slot = 0; slot < CULPRIT_SLOTS; slot++)
		if (seen[slot])
			key[n++] = (struct svg_key){
				culprit_slot_class(slot), culprit_slot_name(who, slot)};
	return svg_key(s, key, n, MARGIN, y, width - MARGIN);
}

static void late_mark(struct svg *s, double x, double top, double bottom)
{
	svg_line(s, "mark", x, top - 4, x, bottom + 4);
}

void svg_plot_late(struct strbuf *out, double width, bool standalone, const struct analysis *a,
	const struct late *l)
{
	struct svg s = {.out = out, .standalone = standalone};
	struct culprit_palette who = culprit_palette(a);
	auto_free char *title = xasprintf("%s vcpu%u: %.3f ms late", a->guests[l->guest].name,
		a->guests[l->guest].vcpus[l->vcpu].id, (double)l->lateness_ns / 1e6);
	uint64_t first = l->deadline_ns, last = l->woke_ns;
	double head = standalone ? 42 : 20, bottom = head + 2 * BAND_H + BAND_GAP, at, woke;
	struct axis x;

	for (size_t i = 0; i < l->n_pieces; i++) {
		first = MIN(first, l->pieces[i].start_ns);
		last = MAX(last, l->pieces[i].end_ns);
	}
	svg_begin(&s, width, who_legend(NULL, &who, l, width, bottom + 58), title);
	if (standalone)
		svg_text(&s, "start", 2, 16, "%s", title);
	x = (struct axis){ms_from(first, l->deadline_ns), ms_from(last, l->deadline_ns), MARGIN,
		width - MARGIN, false, "time since the deadline (ms)"};
	for (size_t i = 0; i < l->n_pieces; i++) {
		draw_piece(&s, &x, head, &l->pieces[i], l->deadline_ns);
		draw_occupant(&s, &x, head + BAND_H + BAND_GAP, &who, l, &l->pieces[i]);
	}
	at = axis_at(&x, 0);
	woke = axis_at(&x, ms_from(l->woke_ns, l->deadline_ns));
	late_mark(&s, at, head, bottom);
	late_mark(&s, woke, head, bottom);
	/* Two names that would meet stand on the outer sides of their marks. */
	svg_text(&s, woke - at < 90 ? "end dim" : "start dim", at + (woke - at < 90 ? 3 : -3),
		head - 8, l->kind == LATE_GAP ? "gap begins" : "deadline");
	svg_text(&s, woke - at < 90 && woke < width - 60 ? "start dim" : "end dim",
		fmin(woke + (woke - at < 90 && woke < width - 60 ? 6 : 3), width - 2), head - 8,
		l->kind == LATE_GAP ? "gap ends" : "woke");
	svg_x_axis(&s, &x, bottom + 4);
	who_legend(&s, &who, l, width, bottom + 56);
	svg_end(&s);
}
