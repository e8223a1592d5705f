// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of a comparison in LaTeX. */
#include <math.h>

#include "base/quantity.h"
#include "report/compare/paper.h"
#include "report/compare/words.h"
#include "report/escape.h"

/* Figures with true minuses and spaces that no line ends at. */
static void figures(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		if (*text == '-')
			strbuf_add(out, "$-$");
		else if (*text == ' ')
			strbuf_add(out, "~");
		else
			escape_latex(out, (const char[]){*text, 0});
}

static void median(struct strbuf *out, double v, const char *unit)
{
	char text[80];

	if (isnan(v))
		strbuf_add(out, "--");
	else
		figures(out, quantity_text(v, unit, false, text, sizeof(text)));
}

static void p_value(struct strbuf *out, double p)
{
	if (isnan(p))
		strbuf_add(out, "--");
	else if (p < 0.001)
		strbuf_add(out, "$<0.001$");
	else
		strbuf_add(out, "%.3f", p);
}

static void line(const struct compare_row *r, struct strbuf *out)
{
	const char *unit = r->metric->unit;

	escape_latex(out, r->metric->name);
	if (r->na == r->nb)
		strbuf_add(out, " & %zu & ", r->na);
	else
		strbuf_add(out, " & %zu, %zu & ", r->na, r->nb);
	median(out, r->na ? r->median_a : NAN, unit);
	strbuf_add(out, " & ");
	median(out, r->nb ? r->median_b : NAN, unit);
	strbuf_add(out, " & ");
	if (isnan(r->shift.ci.lo)) {
		strbuf_add(out, "too few boots");
	} else {
		auto_free char *shift = compare_shift_text(r->shift.estimate, r->shift.ci, unit);

		figures(out, shift);
	}
	strbuf_add(out, " & ");
	p_value(out, r->p_holm);
	if (!isnan(r->p))
		strbuf_add(out, "%s",
			r->method == COMPARE_SIGNED_RANK ? "\\rlap{$^w$}" : "\\rlap{$^u$}");
	strbuf_add(out, " \\\\\n");
}

static void heading(const struct compare_result *r, struct strbuf *out)
{
	strbuf_add(out, "\\midrule\n\\multicolumn{6}{l}{\\emph{b = ");
	escape_latex(out, r->input->name_b);
	if (r->input->point) {
		strbuf_add(out, " at ");
		escape_latex(out, r->input->point);
	}
	strbuf_add(out, "}} \\\\\n");
}

void compare_report_latex(const struct compare_set *s, struct strbuf *out)
{
	const struct compare_result *first = &s->results[0];

	strbuf_add(out,
		"%% stealscope " SS_VERSION
		": stealscope compare --latex. In the preamble: \\usepackage{booktabs}\n\\begin{table}\n\\centering\n\\caption{");
	if (compare_count_arms(s) == 1)
		escape_latex(out, first->input->name_b);
	else
		strbuf_add(out, "%zu variants", compare_count_arms(s));
	strbuf_add(out, " (b) against ");
	escape_latex(out, first->input->name_a);
	strbuf_add(out,
		" (a)%s: medians, the shift from a to b with its %.0f\\,\\%% interval, $n$ boots an arm, $p$ corrected by Holm for %zu tests ($^w$ Wilcoxon's signed ranks within blocks, $^u$ Mann and Whitney).}\n\\begin{tabular}{lrrrrr}\n\\toprule\nmetric & $n$ & a & b & b $-$ a & $p$ \\\\\n",
		first->input->point ? ", point by point" : "", 100 * first->confidence,
		first->tests);
	for (size_t i = 0; i < s->n; i++) {
		if (s->n > 1)
			heading(&s->results[i], out);
		strbuf_add(out, "\\midrule\n");
		for (size_t k = 0; k < s->results[i].n_rows; k++)
			if (s->results[i].rows[k].na || s->results[i].rows[k].nb)
				line(&s->results[i].rows[k], out);
	}
	strbuf_add(out, "\\bottomrule\n\\end{tabular}\n\\end{table}\n");
}
