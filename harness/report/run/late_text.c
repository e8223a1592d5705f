// SPDX-License-Identifier: GPL-3.0-or-later
/* A late wake-up taken apart, in words. */
#include "report/run/late_text.h"

#include <errno.h>

#include "base/quantity.h"
#include "base/text.h"
#include "base/wrap.h"
#include "report/run/report.h"

static void add_part(struct strbuf *out, bool *any, uint64_t ns, uint64_t of, const char *what)
{
	char b[32];

	if (ns * 100 < of)
		return;
	text_add(out, "%s%s %s", *any ? ", " : "", quantity_ns(ns, b, sizeof(b)), what);
	*any = true;
}

void late_parts(struct strbuf *out, const struct late *l)
{
	const struct late_culprit *first = NULL;
	const char *held = "its own CPU quota";
	char by[96];
	bool any = false;
	size_t n = 0;

	/* A quota and a stop signal have a part of their own. */
	for (size_t i = 0; i < l->n_who; i++)
		if (l->who[i].kind == CULPRIT_QUOTA || l->who[i].kind == CULPRIT_STOPPED)
			held = l->who[i].name;
		else if (n++ == 0)
			first = &l->who[i];
	add_part(out, &any, l->wait_ns, l->lateness_ns, "queued");
	if (any && first)
		text_add(out, " behind %s%s", first->name, n > 1 ? " and others" : "");
	snprintf(by, sizeof(by), "held by %s", held);
	add_part(out, &any, l->throttled_ns, l->lateness_ns, by);
	add_part(out, &any, l->fired_late_ns, l->lateness_ns, "before the host's timer fired");
	add_part(out, &any, l->running_ns, l->lateness_ns, "running, on its way");
	add_part(out, &any, l->guest_queue_ns, l->lateness_ns, "in its own run queue (own load)");
	add_part(out, &any, l->box_steal_ns, l->lateness_ns, "taken by the box's own hypervisor");
	add_part(out, &any, l->ran_unexplained_ns, l->lateness_ns, "running, unexplained");
	add_part(out, &any, l->unexplained_ns - l->ran_unexplained_ns, l->lateness_ns,
		"unexplained");
}

int report_late_text(const struct analysis *a, size_t n, FILE *out, struct err *e)
{
	const struct late *l;
	auto_struct(strbuf) parts = {0};
	char b[32];

	if (n >= a->n_late)
		return err_set_exit(e, EXIT_USAGE, ENOENT,
			"in this record %zu late wake-ups are taken apart; ask for one of these",
			a->n_late);
	l = &a->late[n];
	text_print(out, "%s/vcpu%u, %s, %.6f s into the window: %s", a->guests[l->guest].name,
		l->vcpu, l->kind == LATE_GAP ? "gap" : "late wake-up",
		((double)l->deadline_ns - (double)a->window_start_ns) / 1e9,
		quantity_ns(l->lateness_ns, b, sizeof(b)));
	text_print(out, " (clock error %s)\n  ", quantity_ns(l->clock_error_ns, b, sizeof(b)));
	late_parts(&parts, l);
	wrap_print(out, parts.text ? parts.text : "", 2, 2);
	for (size_t i = 0; i < l->n_who; i++)
		text_print(out, "  behind %-40s %10s  %s\n", l->who[i].name,
			quantity_ns(l->who[i].ns, b, sizeof(b)), culprit_kind_name(l->who[i].kind));
	text_print(out, "timeline, us from the %s:\n",
		l->kind == LATE_GAP ? "gap's start" : "deadline");
	for (size_t i = 0; i < l->n_pieces; i++) {
		const struct late_piece *p = &l->pieces[i];

		text_print(out, "  %12.1f .. %12.1f  %-8s cpu %-3d %s%s\n",
			((double)p->start_ns - (double)l->deadline_ns) / 1e3,
			((double)p->end_ns - (double)l->deadline_ns) / 1e3,
			word_or_unknown(&words_thread_state, p->state), p->cpu,
			p->throttled ? "throttled " : "", p->occupant ? p->occupant : "");
	}
	return 0;
}
