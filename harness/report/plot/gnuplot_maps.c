// SPDX-License-Identifier: GPL-3.0-or-later
/* Maps for gnuplot: boxes, each a row of its data. */
#include <math.h>

#include "report/plot/culprits.h"
#include "report/plot/figures.h"
#include "report/plot/gnuplot.h"
#include "report/plot/who.h"

bool gnuplot_heat(struct gnuplot *g, const struct analysis *a, size_t guest)
{
	const struct heat *h = &a->guests[guest].heat;
	double column = (double)a->columns.width_ns / 1e9;
	auto_free char *title = xasprintf("Lateness of %s over time", a->guests[guest].name);

	if (!h->count)
		return false;
	strbuf_add(&g->data, "# from_s to_s from_ms to_ms wake_ups\n");
	for (unsigned c = 0; c < a->columns.n; c++)
		for (unsigned r = 0; r < HEAT_ROWS; r++) {
			uint32_t n = h->count[c * HEAT_ROWS + r];
			double low = (double)heat_row_low(r) / 1e6;

			if (n)
				strbuf_add(&g->data, "%.6g %.6g %.4g %.4g %u\n", c * column,
					(c + 1) * column, low, low * pow(10, 1.0 / HEAT_A_DECADE),
					n);
		}
	gnuplot_begin(g, title, "time since measuring began (s)", "lateness (ms)");
	gnuplot_text(g, "cb", "wake-ups");
	strbuf_add(&g->script,
		"set logscale y\nset logscale cb\nset cblabel cb\nset xrange [0:%.6g]\nset palette defined (0 '#d6e6f4', 1 '#6aaed6', 2 '#08306b')\n"
		"plot '%s.dat' using 1:3:1:2:3:4:5 with boxxyerror fs solid noborder lc palette notitle\n",
		a->window_s, g->name);
	return true;
}

/* Bands on each other: the sum of all first, then of one less, so that each stays in sight. */
bool gnuplot_taken(struct gnuplot *g, const struct analysis *a, size_t guest)
{
	struct culprit_palette p = culprit_palette(a);
	auto_free char *title = xasprintf("Who had the CPU while %s waited", a->guests[guest].name);
	struct who_bands b = who_bands(a, &p, guest);
	const char *separator = "plot ";
	unsigned slots[CULPRIT_SLOTS], n = 0;

	for (unsigned slot = 0; slot < CULPRIT_SLOTS; slot++)
		if (b.v[slot])
			slots[n++] = slot;
	if (b.most > 0)
		gnuplot_begin(
			g, title, "time since measuring began (s)", "waiting (ms/s per vCPU)");
	strbuf_add(&g->script, "set xrange [0:%.6g]\n", a->window_s);
	strbuf_add(&g->data, "# begin_s, then ms/s of each culprit\n");
	for (unsigned c = 0; c <= a->columns.n && b.most > 0; c++) {
		gnuplot_number(
			&g->data, fmin((double)c * (double)a->columns.width_ns / 1e9, a->window_s));
		for (unsigned i = 0; i < n; i++)
			gnuplot_number(&g->data, b.v[slots[i]][MIN(c, a->columns.n - 1)]);
		strbuf_add(&g->data, "\n");
	}
	for (unsigned i = 0; i < n && b.most > 0; i++) {
		char variable[32];

		snprintf(variable, sizeof(variable), "who%u", i);
		gnuplot_text(g, variable, culprit_slot_name(&p, slots[i]));
	}
	for (unsigned i = n; i-- > 0 && b.most > 0; separator = ", \\\n\t") {
		strbuf_add(&g->script,
			"%s'%s.dat' using 1:(sum [c=2:%u] column(c)) with fillsteps fs solid noborder lc rgb ",
			separator, g->name, i + 2);
		gnuplot_colour(&g->script, culprit_slot_class(slots[i]));
		strbuf_add(&g->script, " title who%u", i);
	}
	strbuf_add(&g->script, "\n");
	who_bands_release(&b);
	return b.most > 0;
}

bool gnuplot_who(struct gnuplot *g, const struct analysis *a, size_t unused)
{
	struct culprit_palette p = culprit_palette(a);
	auto_free struct waiter *w = NULL;
	size_t n = who_waited(a, &p, false, &w);
	char variable[32];

	(void)unused;
	if (!n)
		return false;
	gnuplot_begin(g, "Who had the CPU while a vCPU waited (ms/s per vCPU)", "who waited", "");
	strbuf_add(&g->script, "set yrange [%d.5:-0.5]\nset xrange [-0.5:%zu.5]\nunset grid\n",
		CULPRIT_SLOTS - 1, n - 1);
	strbuf_add(&g->data, "# column row ms_per_s\n");
	for (unsigned slot = 0; slot < CULPRIT_SLOTS; slot++) {
		snprintf(variable, sizeof(variable), "who%u", slot);
		gnuplot_tic(g, variable, culprit_slot_name(&p, slot));
		strbuf_add(&g->script, "set ytics %s(who%u %u)\n", slot ? "add " : "", slot, slot);
		for (size_t i = 0; i < n; i++)
			strbuf_add(&g->data, "%zu %u %.4g\n", i, slot, w[i].ms_per_s[slot]);
	}
	for (size_t i = 0; i < n; i++) {
		snprintf(variable, sizeof(variable), "waited%zu", i);
		gnuplot_tic(g, variable, a->guests[w[i].guest].name);
		strbuf_add(&g->script, "set xtics %s(waited%zu %zu)\n", i ? "add " : "", i, i);
	}
	strbuf_add(&g->script,
		"set palette defined (0 '#ffffff', 1 '#2171b5')\n"
		"plot '%s.dat' using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 with boxxyerror fs solid noborder lc palette notitle, \\\n\t'' using 1:2:($3 < 0.05 ? '' : sprintf('%%.3g', $3)) with labels notitle\n",
		g->name);
	return true;
}

static const char *state_class(const struct late_piece *p)
{
	static const char *const classes[] = {
		[THREAD_RUNNING] = "run", [THREAD_WAITING] = "wait", [THREAD_SLEEPING] = "sleep"};

	if (p->throttled)
		return "throttle";
	return p->state < ARRAY_SIZE(classes) && classes[p->state] ? classes[p->state] : "unknown";
}

bool gnuplot_late(struct gnuplot *g, const struct analysis *a, size_t i)
{
	const struct late *l = &a->late[i];
	struct culprit_palette p = culprit_palette(a);
	auto_free char *title = xasprintf("%s vcpu%u: %.3f ms late", a->guests[l->guest].name,
		a->guests[l->guest].vcpus[l->vcpu].id, (double)l->lateness_ns / 1e6);

	strbuf_add(&g->data,
		"# from_ms to_ms row colour; row 1: the vCPU's thread, row 0: who had its CPU\n");
	for (size_t k = 0; k < l->n_pieces; k++) {
		const struct late_piece *t = &l->pieces[k];
		double from = (double)(int64_t)(t->start_ns - l->deadline_ns) / 1e6;
		double to = (double)(int64_t)(t->end_ns - l->deadline_ns) / 1e6;

		for (int row = 1; row >= (t->occupant ? 0 : 1); row--) {
			auto_struct(strbuf) colour = {0};

			gnuplot_colour(&colour,
				row ? state_class(t)
				    : culprit_slot_class(culprit_slot(&p, t->occupant, t->kind)));
			strbuf_add(
				&g->data, "%.6g %.6g %d 0x%.6s\n", from, to, row, colour.text + 2);
		}
	}
	gnuplot_begin(g, title, "time since the deadline (ms)", "");
	gnuplot_text(g, "vcpu", "vCPU");
	gnuplot_text(g, "who", "who had its CPU");
	strbuf_add(&g->script,
		"set yrange [-0.6:1.6]\nunset key\nset ytics (vcpu 1, who 0)\nset arrow from 0, graph 0 to 0, graph 1 nohead dt 2\n"
		"set arrow from %.6g, graph 0 to %.6g, graph 1 nohead dt 2\n"
		"plot '%s.dat' using 1:3:1:2:($3-0.4):($3+0.4):4 with boxxyerror fs solid noborder lc rgb variable\n",
		(double)(int64_t)(l->woke_ns - l->deadline_ns) / 1e6,
		(double)(int64_t)(l->woke_ns - l->deadline_ns) / 1e6, g->name);
	return l->n_pieces > 0;
}
