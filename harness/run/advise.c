// SPDX-License-Identifier: GPL-3.0-or-later
/* What `advise` lists is made of three things: what was watched, the box, and the domain's tuning. */
#include "run/advise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain/live.h"
#include "run/attach.h"
#include "run/run.h"

/* ---- a domain's tuning */

static uint64_t number_of(const struct tuning *t, const char *key)
{
	const struct tuning_row *r = tuning_row(t, key);

	return r ? strtoull(r->had, NULL, 10) : 0;
}

static void take_tuning(const struct tuning *t, struct advice_present *p)
{
	const struct tuning_row *r;
	long long quota;

	p->vcpus = t->vcpus;
	p->pins = xcalloc(t->vcpus, sizeof(*p->pins));
	for (size_t i = 0; i < t->n_rows; i++) {
		unsigned n = 0;

		r = &t->rows[i];
		if (sscanf(r->key, "vcpupin.%u", &n) == 1 && n < t->vcpus) {
			cpuset_parse(r->had, &p->pins[n], NULL);
		} else if (sscanf(r->key, "iothreadpin.%u", &n) == 1) {
			ARRAY_GROW(p->io, p->n_io);
			p->io[p->n_io].id = n;
			cpuset_parse(r->had, &p->io[p->n_io++].cpus, NULL);
		} else if (!strcmp(r->key, "emulatorpin")) {
			cpuset_parse(r->had, &p->emulator, NULL);
		} else if (!strcmp(r->key, "numatune.nodeset") && r->named && *r->had) {
			cpuset_parse(r->had, &p->memory_nodes, NULL);
		}
	}
	p->memory_moves = tuning_memory_moves(t);
	p->shares = number_of(t, "schedinfo.cpu_shares");
	p->period_us = number_of(t, "schedinfo.vcpu_period");
	r = tuning_row(t, "schedinfo.vcpu_quota");
	quota = r ? strtoll(r->had, NULL, 10) : -1;
	p->quota_us = quota > 0 && quota < QUOTA_MAX_US ? quota : -1;
}

/* What libvirt knows of it; without that its list has no change in it. */
static void read_present(
	struct run_lab **labs, const struct advise_options *o, int pid, struct advised_vm *vm)
{
	struct lab_conn *conn = NULL;
	struct tuning *t = NULL;
	struct err why = ERR_INIT;
	int rc = run_lab_of(labs, o->connect, vm->name, &conn, &why);

	if (!rc)
		rc = tuning_read(conn, vm->name, &t, &why);
	if (!rc && t->pid == pid) {
		vm->uri = xstrdup(lab_uri(conn));
		take_tuning(t, &vm->present);
	} else {
		vm->unknown = xasprintf("nothing of it can be changed here: %s",
			rc ? why.msg : "the domain of that name is another process");
	}
	tuning_free(t);
}

/* ---- lists */

static const char *guest_name(const struct run_info *info, size_t guest)
{
	return guest < info->n_guests ? info->guests[guest].name
				      : info->vms[guest - info->n_guests].name;
}

static void advise_one(const struct advise_options *o, struct run_lab **labs,
	const struct run_info *info, const struct topology *topology, const struct live_view *v,
	const struct live_vm *vm, struct advised *out)
{
	struct advised_vm *a;
	struct advice_in in = {.view = v,
		.x = &v->vcpus[vm->rows[0]],
		.guest_name = guest_name,
		.info = info,
		.topology = topology};

	ARRAY_GROW(out->vms, out->n);
	a = &out->vms[out->n++];
	a->name = xstrdup(guest_name(info, vm->guest));
	a->vcpus = (unsigned)vm->n;
	a->wait = vm->wait;
	a->worst = in.x->wait;
	if (!vm->numbered)
		a->unknown = xstrdup(
			"which of its threads are vCPUs, and their numbers, is not known: nothing is advised");
	else
		read_present(labs, o, info->vms[vm->guest - info->n_guests].pid, a);
	if (a->present.vcpus)
		in.present = &a->present;
	if (vm->numbered)
		a->list = advice_make(&in, &a->n);
}

static int make_lists(const struct advise_options *o, struct run_lab **labs, struct attach *at,
	struct advised *out, struct err *e)
{
	const struct run_info *info = attach_info(at);
	struct topology topology = {0};
	const struct live_view *v;
	struct live_vm *vms;
	size_t n;
	int rc = topology_read("", &topology, e);

	if (!rc)
		rc = attach_view(at, true, &v, e);
	if (rc) {
		topology_release(&topology);
		return rc;
	}
	out->watched_s = (double)(v->to_ns - v->from_ns) / 1e9;
	vms = live_vms(v, &n);
	for (size_t i = 0; i < n; i++) {
		const char *name = guest_name(info, vms[i].guest);

		if (vms[i].gone)
			continue;
		strv_add(&out->running, "%s", name);
		if (!o->domain || !strcmp(name, o->domain))
			advise_one(o, labs, info, &topology, v, &vms[i], out);
	}
	live_vms_free(vms, n);
	topology_release(&topology);
	if (o->domain && !out->n)
		return err_set(e, ESRCH,
			"domain '%s' was not seen running to the end of the watch (or no vCPU of it has run)",
			o->domain);
	return 0;
}

int advise_watch(const struct advise_options *o, struct advised *out, struct err *e)
{
	const struct attach_what what = {.all = true};
	struct run_lab *labs = NULL;
	struct attach *at = NULL;
	struct live_facts f = {0};
	uint64_t begin, end;
	int rc;

	*out = (struct advised){0};
	rc = o->domain ? advise_look(&labs, o->connect, o->domain, &f, e) : 0;
	live_facts_release(&f);
	if (!rc)
		rc = attach_begin(o->hostd, &what, &at, e);
	begin = now_ns();
	end = begin + o->for_ns;
	while (!rc && now_ns() < end && !*o->interrupted)
		sleep_ns(MIN(end - now_ns() + NS_PER_MS, 100 * NS_PER_MS));
	if (!rc && *o->interrupted)
		rc = err_set_exit(e, EXIT_INTERRUPTED, EINTR, "interrupted");
	if (!rc)
		rc = make_lists(o, &labs, at, out, e);
	if (!rc)
		out->agent_percent = 100 * (double)attach_cost_ns(at) / (double)(now_ns() - begin);
	attach_end(at);
	run_lab_close(&labs);
	return rc;
}

void advised_release(struct advised *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct advised_vm *vm = &a->vms[i];

		free(vm->name);
		free(vm->uri);
		free(vm->unknown);
		advice_free(vm->list, vm->n);
		advice_present_release(&vm->present);
	}
	free(a->vms);
	strv_release(&a->running);
	*a = (struct advised){0};
}
