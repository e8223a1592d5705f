// SPDX-License-Identifier: GPL-3.0-or-later
/* A guest of ours as a domain of Xen: no process of this box, so all that is known of it libvirt and the
 * hypervisor tell. */
#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain/ops.h"
#include "domain/xen.h"
#include "domain/xml.h"
#include "xen/foreign.h"
#include "xen/grants.h"
#include "xen/states.h"

#define LOOK_NS NS_PER_S /* a question to libvirt takes an emulated dom0 some ms */

/* It stays paused: domain_xen_let_go(). */
static int start(struct domain *d, const char *xml, struct err *e)
{
	d->dom = virDomainCreateXML(d->lab->conn, xml, VIR_DOMAIN_START_PAUSED);
	if (!d->dom)
		return lab_error(e, "a guest did not start");
	d->name = xstrdup(virDomainGetName(d->dom));
	d->xen_id = virDomainGetID(d->dom);
	d->looked_ns = now_ns();
	return 0;
}

static int pin(struct domain *d, const struct plan_guest *g, struct err *e)
{
	for (unsigned v = 0; v < g->vcpus; v++) {
		unsigned char map[CPUSET_MAX / 8] = {0};

		if (cpuset_empty(&g->vcpu_cpus[v]))
			continue;
		for (unsigned cpu = 0; cpu < CPUSET_MAX; cpu++)
			if (cpuset_has(&g->vcpu_cpus[v], cpu))
				map[cpu / 8] |= (unsigned char)(1u << cpu % 8);
		if (virDomainPinVcpu(d->dom, v, map, sizeof(map)) < 0)
			return lab_error(e, "a vCPU cannot be pinned");
	}
	return 0;
}

static int set(struct domain *d, const char *field, unsigned value, struct err *e)
{
	virTypedParameterPtr p = NULL;
	int n = 0, max = 0, rc;

	if (virTypedParamsAddUInt(&p, &n, &max, field, value) < 0)
		return lab_error(e, field);
	rc = virDomainSetSchedulerParameters(d->dom, p, n) < 0 ? lab_error(e, field) : 0;
	virTypedParamsFree(p, n);
	return rc;
}

int domain_xen_let_go(struct domain *d, const struct plan_guest *g, struct err *e)
{
	unsigned weight = plan_xen_weight(&g->vcpu_limits);
	int rc = pin(d, g, e);

	if (!rc && weight)
		rc = set(d, "weight", weight, e);
	if (!rc && virDomainResume(d->dom) < 0)
		rc = lab_error(e, "a guest cannot be resumed");
	return rc;
}

static int limit(struct domain *d, const struct plan_guest *g, bool on, struct err *e)
{
	unsigned cap = plan_xen_cap(g);

	return cap ? set(d, "cap", on ? cap : 0, e) : 0;
}

int domain_xen_page(
	const struct domain *d, uint64_t address, uint64_t bytes, void **out, struct err *e)
{
	return xen_map_foreign(d->xen_id, address, bytes, out, e);
}

int domain_xen_grants(
	const struct domain *d, uint32_t list, unsigned pages, void **out, struct err *e)
{
	return xen_map_grants(d->xen_id, list, pages, out, e);
}

/* Asked now and then: in between what was said last holds. */
static bool alive(struct domain *d)
{
	uint64_t now = now_ns();

	if (!d->gone && now - d->looked_ns > LOOK_NS) {
		const virError *v;

		d->looked_ns = now;
		if (virDomainIsActive(d->dom) != 1) {
			v = virGetLastError();
			d->gone = !v || v->code == VIR_ERR_NO_DOMAIN || v->code == VIR_ERR_OK;
		}
	}
	return !d->gone;
}

static int await_end(struct domain *d, struct err *e)
{
	const virError *v;

	if (virDomainDestroy(d->dom) == 0)
		return 0;
	v = virGetLastError();
	if (v && (v->code == VIR_ERR_NO_DOMAIN || v->code == VIR_ERR_OPERATION_INVALID))
		return 0;
	return lab_error(e, d->name);
}

static void kill_named(struct lab_conn *c, const char *name)
{
	auto_ptr(virDomainFree) virDomainPtr dom = virDomainLookupByName(c->conn, name);

	if (dom)
		virDomainDestroy(dom);
}

static int tids_of(struct domain *d, pid_t *tids, unsigned max, unsigned *n, struct err *e)
{
	int vcpus = virDomainGetVcpusFlags(d->dom, VIR_DOMAIN_AFFECT_LIVE);

	if (vcpus < 1)
		return lab_error(e, d->name);
	for (unsigned v = 0; v < (unsigned)vcpus && v < max; v++)
		tids[v] = (pid_t)xen_tid(d->xen_id, v);
	*n = (unsigned)vcpus;
	return 0;
}

static pid_t no_process(const struct lab_conn *c, const char *name)
{
	(void)c;
	(void)name;
	return 0;
}

const struct domain_ops xen_domains = {
	.word = "domain",
	.start = start,
	.alive = alive,
	.tids = tids_of,
	.limit = limit,
	.await_end = await_end,
	.kill_named = kill_named,
	.process = no_process,
	.files_are_ours = true,
};

/* Where xenconsoled writes what the guest says. */
static int open_console(struct domain *d)
{
	auto_free char *xml = virDomainGetXMLDesc(d->dom, 0);
	auto_ptr(xmlFreeDoc) xmlDocPtr doc = xml_read(xml);
	auto_ptr(xmlXPathFreeContext) xmlXPathContextPtr ctx = doc ? xmlXPathNewContext(doc) : NULL;
	auto_free char *tty = xml_first(ctx, "/domain/devices/console/@tty");

	return tty ? open(tty, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
}

void domain_xen_console(struct domain *d, const char *log)
{
	char buf[4096];
	ssize_t n = 0;

	if (d->console < 0 && now_ns() - d->console_looked_ns > LOOK_NS) {
		d->console = open_console(d);
		d->console_looked_ns = now_ns();
	}
	while (d->console >= 0 && (n = read(d->console, buf, sizeof(buf))) > 0) {
		auto_close int fd =
			open(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0 || write_all(fd, buf, (size_t)n))
			return;
	}
}
