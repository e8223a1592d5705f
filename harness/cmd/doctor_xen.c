// SPDX-License-Identifier: GPL-3.0-or-later
/* doctor's rows on a box whose hypervisor is Xen. */
#include "cmd/doctor.h"
#include "domain/xen.h"
#include "xen/watch.h"

#define TRY_NS NS_PER_S

static void say_cpus(const struct topology *t, struct tried *rows)
{
	bool apart = !cpuset_subset(&t->online, &t->dom0);
	auto_free char *all = cpuset_text(&t->online), *dom0 = cpuset_text(&t->dom0);
	auto_free char *value = xasprintf("%s; dom0 may use %s", all, dom0);

	doctor_row(rows, "xen.cpus", "the box's CPUs, and dom0's", apart ? "good" : "limits",
		apart ? ""
		      : "dom0 runs among the guests: keep it to CPUs of its own (dom0_max_vcpus=N dom0_vcpus_pin on Xen's command line)",
		value);
}

static void say_scheduler(struct lab_conn *c, struct tried *rows)
{
	auto_free char *name = lab_xen_scheduler(c);
	bool known = !strcmp(name, "credit2");

	doctor_row(rows, "xen.scheduler", "who shares the CPUs out", known ? "good" : "limits",
		known ? "" : "what is said here of weights and caps is credit2's", name);
}

/* Traced for a second: nothing else tells whether it works. */
static void try_trace(struct tried *rows)
{
	static const char doc[] = "run states of vCPUs (xentrace, run for this row)";
	auto_ptr(xen_watch_end) struct xen_watch *w = NULL;
	struct err e = ERR_INIT;
	auto_free char *value = NULL;
	int rc = xen_watch_begin(NULL, NULL, &w, &e);

	if (!rc) {
		sleep_ns(TRY_NS);
		rc = xen_watch_take(w, &e);
	}
	if (rc) {
		doctor_row(rows, "xen.trace", doc, "missing", e.msg, "no trace, no blame");
		return;
	}
	value = xasprintf("%llu changes in a second", (unsigned long long)xen_watch_events(w));
	doctor_row(rows, "xen.trace", doc, xen_watch_lost(w) ? "limits" : "good",
		xen_watch_lost(w) ? "Xen had no room for some of them" : "", value);
}

void doctor_xen(struct lab_conn *c, struct tried *rows)
{
	struct topology t = {0};
	struct err e = ERR_INIT;

	if (lab_xen_topology(c, &t, &e))
		doctor_row(rows, "xen.cpus", "the box's CPUs, and dom0's", "missing", e.msg,
			"not known");
	else
		say_cpus(&t, rows);
	topology_release(&t);
	say_scheduler(c, rows);
	try_trace(rows);
	doctor_row(rows, "xen.run", "experiments", "limits",
		"disk images, somebody's domains and processes as noise do not run here",
		"metal guests as PVH, linux as PV");
}
