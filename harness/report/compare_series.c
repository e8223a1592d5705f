// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/compare_series.h"

#include <math.h>
#include <stdlib.h>

#include "report/figures.h"
#include "report/html_parts.h"
#include "report/svg.h"

/* Add one vCPU's bins to the sums. */
static void add_bins(struct series *sum, double **count, const struct series *s)
{
	if (s->n > sum->n) {
		sum->v = xrealloc(sum->v, s->n * sizeof(*sum->v));
		*count = xrealloc(*count, s->n * sizeof(**count));
		for (size_t i = sum->n; i < s->n; i++)
			sum->v[i] = (*count)[i] = 0;
		sum->n = s->n;
		sum->bin_ns = s->bin_ns;
	}
	for (size_t i = 0; i < s->n; i++)
		if (isfinite(s->v[i])) {
			sum->v[i] += s->v[i];
			(*count)[i]++;
		}
}

struct series arm_series(const struct analysis *const *set, size_t n, enum series_id id)
{
	auto_free double *count = NULL;
	struct series sum = {0};
	bool fine = true;

	for (size_t i = 0; i < n; i++)
		fine &= set[i]->window_s < 60;
	for (size_t i = 0; i < n; i++)
		for (size_t g = 0; g < set[i]->n_guests; g++) {
			const struct analysis_guest *guest = &set[i]->guests[g];

			for (unsigned v = 0; v < guest->n_vcpus && !guest->is_noise; v++) {
				const struct analysis_vcpu *vcpu = &guest->vcpus[v];
				struct series s =
					figure_trim(fine ? &vcpu->fine[id] : &vcpu->series[id],
						set[i]->window_s);

				add_bins(&sum, &count, &s);
			}
		}
	for (size_t i = 0; i < sum.n; i++)
		sum.v[i] = count[i] > 0 ? sum.v[i] / count[i] : NAN;
	return sum;
}

bool html_arm_series(struct strbuf *out, const char *const *names, const struct series *arms,
	size_t n, const char *title, const char *y_label, double scale)
{
	auto_free struct svg_line_data *lines = xcalloc(n, sizeof(*lines));
	bool any = false;

	for (size_t i = 0; i < n; i++) { /* those without too: each arm keeps its colour */
		lines[i] = (struct svg_line_data){names[i], &arms[i], scale};
		any |= arms[i].n > 1; /* one bin is no line */
	}
	if (!any)
		return false;
	strbuf_add(out, "<h3>");
	html_text(out, "%s", title);
	strbuf_add(out, "</h3>\n<div class=\"full\">");
	svg_plot_series(out, SVG_WIDE, false, title, y_label, lines, n);
	strbuf_add(out, "</div><div class=\"narrow\">");
	svg_plot_series(out, SVG_NARROW, false, title, y_label, lines, n);
	strbuf_add(out, "</div>\n");
	return true;
}
