// SPDX-License-Identifier: GPL-3.0-or-later
/* Somebody's domain: what it is, holding on to it, starting it for a run. */
#include "domain/live.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "domain/tuning_priv.h"
#include "domain/xml.h"

static const char *const states[] = {[VIR_DOMAIN_NOSTATE] = "in no known state",
	[VIR_DOMAIN_RUNNING] = "running",
	[VIR_DOMAIN_BLOCKED] = "running",
	[VIR_DOMAIN_PAUSED] = "paused",
	[VIR_DOMAIN_SHUTDOWN] = "shutting down",
	[VIR_DOMAIN_SHUTOFF] = "shut off",
	[VIR_DOMAIN_CRASHED] = "crashed",
	[VIR_DOMAIN_PMSUSPENDED] = "suspended by its guest"};

/* What of the host it holds: a second one cannot have it too. */
static const char *passthrough_of(xmlXPathContextPtr ctx)
{
	static const struct {
		const char *path, *what;
	} rows[] = {
		{"/domain/devices/hostdev[@type='pci']", "a PCI device of the host"},
		{"/domain/devices/hostdev[@type='usb']", "a USB device of the host"},
		{"/domain/devices/hostdev[@type='mdev']", "a mediated device of the host"},
		{"/domain/devices/hostdev", "a device of the host"},
		{"/domain/devices/interface[@type='hostdev']", "a network device of the host"},
		{"/domain/devices/tpm/backend[@type='passthrough']", "the host's TPM"},
		{"/domain/devices/disk[@device='lun']", "a disk of the host as a whole (lun)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (xml_has(ctx, rows[i].path))
			return rows[i].what;
	return NULL;
}

#define WRITTEN_DISK                                                                               \
	"/domain/devices/disk[not(readonly) and (not(@device) or @device='disk')]/target/@dev"

static void look_at_xml(virDomainPtr dom, struct live_facts *f)
{
	auto_free char *xml = virDomainGetXMLDesc(dom, 0);
	auto_ptr(xmlFreeDoc) xmlDocPtr doc = xml_read(xml);
	auto_ptr(xmlXPathFreeContext) xmlXPathContextPtr ctx = doc ? xmlXPathNewContext(doc) : NULL;
	const char *held = passthrough_of(ctx);

	f->kvm = xml_has(ctx, "/domain[@type='kvm']");
	f->passthrough = held ? xstrdup(held) : NULL;
	f->writes = xml_first(ctx, WRITTEN_DISK);
}

/* Where its vCPUs may run, as libvirt has it. */
static void look_at_pins(virDomainPtr dom, struct live_facts *f)
{
	const int len = VIR_CPU_MAPLEN(CPUSET_MAX);
	auto_free unsigned char *maps = xcalloc(SHM_MAX_VCPUS, (size_t)len);
	int got = virDomainGetVcpuPinInfo(dom, (int)MIN(f->vcpus, SHM_MAX_VCPUS), maps, len,
		f->running ? VIR_DOMAIN_AFFECT_LIVE : VIR_DOMAIN_AFFECT_CONFIG);

	for (int v = 0; v < got; v++)
		for (unsigned cpu = 0; cpu < CPUSET_MAX; cpu++)
			if (VIR_CPU_USABLE(maps, len, v, cpu))
				cpuset_add(&f->pins[v], cpu);
}

static int look(virDomainPtr dom, const char *name, struct live_facts *f, struct err *e)
{
	virDomainInfo info;
	int state, n;

	if (virDomainGetState(dom, &state, NULL, 0) < 0 || virDomainGetInfo(dom, &info) < 0 ||
		virDomainGetUUIDString(dom, f->uuid) < 0)
		return lab_error(e, name);
	f->state = (size_t)state < ARRAY_SIZE(states) ? states[state] : states[0];
	f->running = state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED;
	f->paused = !f->running && virDomainIsActive(dom) == 1;
	f->managed_save = virDomainHasManagedSaveImage(dom, 0) == 1;
	f->persistent = virDomainIsPersistent(dom) == 1;
	n = virDomainGetVcpusFlags(
		dom, f->running ? VIR_DOMAIN_AFFECT_LIVE : VIR_DOMAIN_AFFECT_CONFIG);
	f->vcpus = n > 0 ? (unsigned)n : info.nrVirtCpu;
	f->memory_bytes = (uint64_t)info.maxMem * 1024;
	look_at_xml(dom, f);
	look_at_pins(dom, f);
	return 0;
}

int live_look(struct lab_conn *c, const char *name, struct live_facts *out, struct err *e)
{
	auto_ptr(virDomainFree) virDomainPtr dom = tuning_domain(c, NULL, name, e);
	struct live_facts f = {0};
	int rc = dom ? look(dom, name, &f, e) : e && e->code ? -e->code : -EIO;

	if (!rc)
		*out = f;
	return rc;
}

void live_facts_release(struct live_facts *f)
{
	free(f->passthrough);
	free(f->writes);
	*f = (struct live_facts){0};
}

/* libvirt learns of the end of a QEMU a little later than its /proc entry is gone, and of a migration's when
 * the other side has said that it runs. */
#define END_NS (3 * NS_PER_S)

const char *live_why_ended(struct lab_conn *c, const struct tuning *t, bool *lives_on)
{
	static const char *const why[] = {
		[VIR_DOMAIN_SHUTOFF_SHUTDOWN] = "it was shut down",
		[VIR_DOMAIN_SHUTOFF_DESTROYED] = "its owner destroyed it",
		[VIR_DOMAIN_SHUTOFF_CRASHED] = "its QEMU crashed or was killed",
		[VIR_DOMAIN_SHUTOFF_MIGRATED] = "its owner migrated it away",
		[VIR_DOMAIN_SHUTOFF_SAVED] = "its owner saved it to disk",
	};
	struct err none = ERR_INIT;
	auto_ptr(virDomainFree) virDomainPtr dom = tuning_domain(c, t->uuid, t->name, &none);
	uint64_t until = now_ns() + END_NS;
	int state = VIR_DOMAIN_NOSTATE, reason = 0;

	while (dom && virDomainGetState(dom, &state, &reason, 0) == 0 &&
		state != VIR_DOMAIN_SHUTOFF && now_ns() < until)
		sleep_ns(20 * NS_PER_MS);
	*lives_on = state == VIR_DOMAIN_SHUTOFF &&
		    (reason == VIR_DOMAIN_SHUTOFF_MIGRATED || reason == VIR_DOMAIN_SHUTOFF_SAVED);
	if (state == VIR_DOMAIN_SHUTOFF && (size_t)reason < ARRAY_SIZE(why) && why[reason])
		return why[reason];
	return "it crashed, or its owner destroyed it, shut it down or migrated it away";
}

/* ---- starting */

/* Clock ticks since boot, as in /proc/PID/stat. */
static uint64_t ticks_now(void)
{
	struct timespec ts;
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * hz + (uint64_t)ts.tv_nsec / (NS_PER_S / hz);
}

/* A tuning that says only: it is being started, from now on. */
static struct tuning *intent(struct lab_conn *c, virDomainPtr dom)
{
	char uuid[VIR_UUID_STRING_BUFLEN] = "";
	struct tuning *t = tuning_new();

	virDomainGetUUIDString(dom, uuid);
	t->uri = xstrdup(c->uri);
	t->uuid = xstrdup(uuid);
	t->name = xstrdup(virDomainGetName(dom));
	t->start_ticks = ticks_now();
	t->started = true;
	return t;
}

int live_start(
	struct lab_conn *c, const char *name, struct strv *done, struct tuning **out, struct err *e)
{
	auto_ptr(virDomainFree) virDomainPtr dom = tuning_domain(c, NULL, name, e);
	struct tuning *before, *t = NULL;
	int rc;

	if (!dom)
		return e && e->code ? -e->code : -EIO;
	before = intent(c, dom);
	rc = tuning_save(before, done, e);
	if (!rc && virDomainCreate(dom) < 0)
		rc = lab_error(e, "it does not start");
	if (!rc)
		rc = tuning_read(c, name, &t, e);
	if (!rc) {
		t->started = true;
		t->fd = before->fd; /* goes on in the same file */
		before->fd = -1;
		*out = t;
	} else if (before->fd >= 0) {
		auto_struct(tuning_outcome) o = {0};

		tuning_shut_down(c, before, &o);
		tuning_forget(before, &o);
	}
	tuning_free(before);
	return rc;
}
