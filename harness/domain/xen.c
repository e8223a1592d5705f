// SPDX-License-Identifier: GPL-3.0-or-later
#include "domain/xen.h"

#include <stdlib.h>
#include <string.h>

#include "domain/priv.h"
#include "xen/states.h"

#define VCPUS_MAX 64
#define MAP_BYTES (CPUSET_MAX / 8)

bool xen_uri_is(const char *uri)
{
	return !strncmp(uri, "xen:", 4) || !strncmp(uri, "xen+", 4);
}

bool xen_uri_is_local(const char *uri)
{
	return !strncmp(uri, "xen:///", 7);
}

/* credit2's cap, in percent of one CPU; 0 is none. */
static bool has_cap(virDomainPtr dom)
{
	int n = 0;
	auto_free char *type = virDomainGetSchedulerType(dom, &n);
	auto_free virTypedParameterPtr params =
		type && n > 0 ? xcalloc((size_t)n, sizeof(*params)) : NULL;
	unsigned cap = 0;

	if (!params || virDomainGetSchedulerParameters(dom, params, &n) < 0)
		return false;
	virTypedParamsGetUInt(params, n, "cap", &cap);
	virTypedParamsClear(params, n);
	return cap > 0;
}

static struct cpuset cpus_of_map(const unsigned char *map)
{
	struct cpuset s = {{0}};

	for (unsigned cpu = 0; cpu < CPUSET_MAX; cpu++)
		if (map[cpu / 8] >> (cpu % 8) & 1)
			cpuset_add(&s, cpu);
	return s;
}

/* A domain that ends meanwhile is left out. */
static bool read_one(virDomainPtr dom, struct vm *out)
{
	unsigned id = virDomainGetID(dom);
	int n = virDomainGetVcpusFlags(dom, VIR_DOMAIN_AFFECT_LIVE);
	auto_free unsigned char *maps = NULL;
	virVcpuInfo infos[VCPUS_MAX];

	if (id == (unsigned)-1 || n <= 0)
		return false;
	n = MIN(n, VCPUS_MAX);
	maps = xcalloc((size_t)n, MAP_BYTES);
	/* Not virDomainGetVcpuPinInfo(): of dom0 that tells every CPU (libvirt 9.0). What is told here of a
	 * vCPU's state is wrong, its CPUs are right. */
	n = virDomainGetVcpus(dom, infos, n, maps, MAP_BYTES);
	if (n <= 0)
		return false;
	*out = (struct vm){.name = xstrdup(virDomainGetName(dom)),
		.program = xstrdup("xen"),
		.pid = (pid_t)id,
		.accel = VM_ACCEL_XEN,
		.capped = has_cap(dom)};
	for (int v = 0; v < n; v++) {
		struct cpuset *allowed = xmalloc(sizeof(*allowed));

		*allowed = cpus_of_map(maps + (size_t)v * MAP_BYTES);
		ARRAY_GROW(out->vcpus, out->n_vcpus);
		out->vcpus[out->n_vcpus++] = (struct vm_vcpu){
			.id = v, .tid = (pid_t)xen_tid(id, (unsigned)v), .allowed = allowed};
	}
	return true;
}

int lab_xen_topology(struct lab_conn *c, struct topology *out, struct err *e)
{
	virDomainPtr dom = virDomainLookupByID(c->conn, XEN_DOM0);
	struct cpuset left;
	struct vm vm = {0};
	int rc;

	if (!dom)
		return lab_error(e, "libvirt does not know dom0");
	rc = lab_topology(c, out, e);
	if (!rc) {
		out->xen = true;
		if (read_one(dom, &vm))
			for (size_t v = 0; v < vm.n_vcpus; v++)
				out->dom0 = cpuset_or(&out->dom0, vm.vcpus[v].allowed);
		out->dom0 = cpuset_and(&out->dom0, &out->online);
		left = cpuset_minus(&out->allowed, &out->dom0);
		if (!cpuset_empty(&left)) {
			out->allowed = left;
			out->limit = xstrdup("dom0, which has the others");
		}
	}
	vm_release(&vm);
	virDomainFree(dom);
	return rc;
}

char *lab_xen_scheduler(struct lab_conn *c)
{
	virDomainPtr dom = virDomainLookupByID(c->conn, XEN_DOM0);
	char *name = dom ? virDomainGetSchedulerType(dom, NULL) : NULL;

	if (dom)
		virDomainFree(dom);
	return name ? name : xstrdup("not known");
}

static int by_number(const void *a, const void *b)
{
	const struct vm *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

int lab_xen_vms(struct lab_conn *c, struct vm_list *out, struct err *e)
{
	virDomainPtr *all = NULL;
	int n = virConnectListAllDomains(c->conn, &all, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

	if (n < 0)
		return lab_error(e, "libvirt does not list Xen's domains");
	*out = (struct vm_list){0};
	for (int i = 0; i < n; i++) {
		ARRAY_GROW(out->items, out->n);
		if (read_one(all[i], &out->items[out->n]))
			out->n++;
		virDomainFree(all[i]);
	}
	free(all);
	qsort(out->items, out->n, sizeof(*out->items), by_number);
	return 0;
}
