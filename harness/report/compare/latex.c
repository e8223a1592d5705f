// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of a comparison in LaTeX. */
#include <math.h>

#include "base/quantity.h"
#include "report/compare/paper.h"
#include "report/escape.h"

/* "2.3 ms" with a true minus and a space that no line ends at; "--" for what is not there. */
static void quantity(struct strbuf *out, double v, const char *unit, bool sign)
{
	char text[80];

	if (isnan(v)) {
		strbuf_add(out, "--");
		return;
	}
	quantity_text(v, unit, sign, text, sizeof(text));
	for (const char *p = text; *p; p++) {
		char one[2] = {*p, 0};

		if (*p == '-')
			strbuf_add(out, "$-$");
		else if (*p == ' ')
			strbuf_add(out, "~");
		else
			escape_latex(out, one);
	}
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
	bool blocks = r->method == COMPARE_SIGNED_RANK;

	escape_latex(out, r->metric->name);
	if (r->na == r->nb)
		strbuf_add(out, " & %zu & ", r->na);
	else
		strbuf_add(out, " & %zu, %zu & ", r->na, r->nb);
	quantity(out, r->na ? r->median_a : NAN, unit, false);
	strbuf_add(out, " & ");
	quantity(out, r->nb ? r->median_b : NAN, unit, false);
	strbuf_add(out, " & ");
	quantity(out, r->shift.estimate, unit, true);
	strbuf_add(out, " & ");
	if (isnan(r->shift.ci.lo)) {
		strbuf_add(out, "--");
	} else {
		strbuf_add(out, "[");
		quantity(out, r->shift.ci.lo, unit, true);
		strbuf_add(out, ", ");
		quantity(out, r->shift.ci.hi, unit, true);
		strbuf_add(out, "]");
	}
	strbuf_add(out, " & ");
	p_value(out, r->p_holm);
	strbuf_add(out, " & %s \\\\\n",
		isnan(r->p) ? "too few boots"
		: blocks    ? "signed ranks"
			    : "Mann--Whitney");
}

static void heading(const struct compare_result *r, struct strbuf *out)
{
	strbuf_add(out, "\\midrule\n\\multicolumn{8}{l}{\\emph{b = ");
	escape_latex(out, r->input->name_b);
	strbuf_add(out, "}} \\\\\n");
}

void compare_report_latex(const struct compare_set *s, struct strbuf *out)
{
	const struct compare_result *first = &s->results[0];

	strbuf_add(out,
		"%% stealscope " SS_VERSION
		": stealscope compare --latex. In the preamble: \\usepackage{booktabs}\n\\begin{table}\n\\centering\n\\caption{");
	if (s->n == 1)
		escape_latex(out, first->input->name_b);
	else
		strbuf_add(out, "%zu variants", s->n);
	strbuf_add(out, " (b) against ");
	escape_latex(out, first->input->name_a);
	strbuf_add(out,
		" (a): medians, the shift from a to b with its %.0f\\,\\%% interval, and $p$ corrected by Holm for %zu test%s.}\n"
		"\\begin{tabular}{lrrrrrrl}\n\\toprule\nmetric & $n$ & a & b & b $-$ a & interval & $p$ & test \\\\\n",
		100 * first->confidence, first->tests, first->tests == 1 ? "" : "s");
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
