// SPDX-License-Identifier: GPL-3.0-or-later
/* What libvirt knows of a domain's CPU tuning, and how it is told: the running domain's, or (only
 * tuning_keep()) its configuration's. */
#include <errno.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "domain/tuning_priv.h"
#include "domain/xml.h"

#define LIVE   VIR_DOMAIN_AFFECT_LIVE
#define CONFIG VIR_DOMAIN_AFFECT_CONFIG

/* ---- what the XML names */

struct named {
	xmlDocPtr doc;
	xmlXPathContextPtr ctx;
	unsigned of; /* LIVE or CONFIG */
};

static void named_open(struct named *n, virDomainPtr dom, unsigned of)
{
	auto_free char *xml = virDomainGetXMLDesc(dom, of == CONFIG ? VIR_DOMAIN_XML_INACTIVE : 0);

	*n = (struct named){.of = of};
	n->doc = xml_read(xml);
	n->ctx = n->doc ? xmlXPathNewContext(n->doc) : NULL;
}

static void named_close(struct named *n)
{
	xmlXPathFreeContext(n->ctx);
	xmlFreeDoc(n->doc);
}

/* "cpu_shares" is <cputune><shares>, "vcpu_quota" <quota>, "emulator_period" <emulator_period>. */
static bool parameter_is_named(const struct named *n, const char *field)
{
	const char *element = !strncmp(field, "cpu_", 4)    ? field + 4
			      : !strncmp(field, "vcpu_", 5) ? field + 5
							    : field;
	auto_free char *path = xasprintf("/domain/cputune/%s", element);

	return xml_has(n->ctx, path);
}

/* ---- CPU maps */

static unsigned map_len(unsigned cpus)
{
	return (cpus + 7) / 8;
}

static char *map_text(const unsigned char *map, unsigned len)
{
	struct cpuset s = {{0}};

	for (unsigned cpu = 0; cpu < len * 8 && cpu < CPUSET_MAX; cpu++)
		if (map[cpu / 8] >> (cpu % 8) & 1)
			cpuset_add(&s, cpu);
	return cpuset_text(&s);
}

static void read_pins(virDomainPtr dom, struct tuning *t, const struct named *n, unsigned len)
{
	auto_free unsigned char *maps = xcalloc(t->vcpus, len);
	int got = virDomainGetVcpuPinInfo(dom, (int)t->vcpus, maps, (int)len, n->of);

	for (int v = 0; v < got && v < (int)t->vcpus; v++) {
		auto_free char *key = xasprintf("vcpupin.%d", v);
		auto_free char *path = xasprintf("/domain/cputune/vcpupin[@vcpu='%d']", v);
		auto_free char *text = map_text(maps + (size_t)v * len, len);

		tuning_add(t, key, text, xml_has(n->ctx, path));
	}
	memset(maps, 0, len);
	if (virDomainGetEmulatorPinInfo(dom, maps, (int)len, n->of) >= 0) {
		auto_free char *text = map_text(maps, len);

		tuning_add(t, "emulatorpin", text, xml_has(n->ctx, "/domain/cputune/emulatorpin"));
	}
}

static void read_iothreads(virDomainPtr dom, struct tuning *t, const struct named *n)
{
	auto_free virDomainIOThreadInfoPtr *info = NULL;
	int got = virDomainGetIOThreadInfo(dom, &info, n->of);

	for (int i = 0; i < got; i++) {
		auto_free char *key = xasprintf("iothreadpin.%u", info[i]->iothread_id);
		auto_free char *path = xasprintf(
			"/domain/cputune/iothreadpin[@iothread='%u']", info[i]->iothread_id);
		auto_free char *text = map_text(info[i]->cpumap, (unsigned)info[i]->cpumaplen);

		tuning_add(t, key, text, xml_has(n->ctx, path));
		/* The first pin makes libvirt list the ids of all from then on. */
		tuning_row(t, key)->leaves_mark = !xml_has(n->ctx, "/domain/iothreadids");
		virDomainIOThreadInfoFree(info[i]);
	}
}

/* ---- typed parameters */

static void read_parameters(virDomainPtr dom, struct tuning *t, const struct named *n)
{
	int count = 0;
	auto_free char *kind = virDomainGetSchedulerType(dom, &count);
	virTypedParameterPtr p = xcalloc((size_t)MAX(count, 0) + 1, sizeof(*p));

	if (!kind || count < 1 || virDomainGetSchedulerParametersFlags(dom, p, &count, n->of) < 0)
		count = 0; /* no cpu control groups under this connection */
	for (int i = 0; i < count; i++) {
		auto_free char *key = xasprintf("schedinfo.%s", p[i].field);
		auto_free char *text =
			p[i].type == VIR_TYPED_PARAM_ULLONG  ? xasprintf("%llu", p[i].value.ul)
			: p[i].type == VIR_TYPED_PARAM_LLONG ? xasprintf("%lld", p[i].value.l)
			: p[i].type == VIR_TYPED_PARAM_UINT  ? xasprintf("%u", p[i].value.ui)
			: p[i].type == VIR_TYPED_PARAM_INT   ? xasprintf("%d", p[i].value.i)
							     : NULL;

		if (text)
			tuning_add(t, key, text, parameter_is_named(n, p[i].field));
	}
	free(p);
}

static void read_numa(virDomainPtr dom, struct tuning *t, const struct named *n)
{
	int count = 0;
	virTypedParameterPtr p;

	if (virDomainGetNumaParameters(dom, NULL, &count, n->of) < 0 || count < 1)
		return;
	p = xcalloc((size_t)count, sizeof(*p));
	if (virDomainGetNumaParameters(dom, p, &count, n->of) < 0)
		count = 0;
	for (int i = 0; i < count; i++) {
		auto_free char *mode = NULL;
		bool node = !strcmp(p[i].field, VIR_DOMAIN_NUMA_NODESET);

		if (p[i].type == VIR_TYPED_PARAM_INT)
			mode = xasprintf("%d", p[i].value.i);
		tuning_add(t, node ? "numatune.nodeset" : "numatune.mode",
			node ? p[i].value.s : mode, xml_has(n->ctx, "/domain/numatune/memory"));
	}
	virTypedParamsFree(p, count);
}

bool tuning_memory_moves(const struct tuning *t)
{
	const struct tuning_row *mode = tuning_row(t, "numatune.mode");

	return mode && *mode->had && atoi(mode->had) == VIR_DOMAIN_NUMATUNE_MEM_RESTRICTIVE;
}

static int read_of(virDomainPtr dom, struct tuning *t, unsigned of, struct err *e)
{
	struct named n;
	size_t before = t->n_rows;
	auto_free unsigned char *map = NULL;
	unsigned online;
	int cpus = virNodeGetCPUMap(virDomainGetConnect(dom), &map, &online, 0);

	if (cpus < 1)
		return lab_error(e, t->name);
	named_open(&n, dom, of);
	read_pins(dom, t, &n, map_len((unsigned)cpus));
	if (t->n_rows == before)
		return lab_error(e, t->name);
	read_iothreads(dom, t, &n);
	read_parameters(dom, t, &n);
	read_numa(dom, t, &n);
	named_close(&n);
	return 0;
}

int tuning_libvirt_read(virDomainPtr dom, struct tuning *t, struct err *e)
{
	return read_of(dom, t, LIVE, e);
}

/* ---- writing */

static int write_map(
	virDomainPtr dom, const char *key, const char *value, unsigned flags, struct err *e)
{
	int vcpu = tuning_index(key, "vcpupin"), io = tuning_index(key, "iothreadpin"), rc;
	unsigned char map[CPUSET_MAX / 8] = {0}, *present = NULL;
	struct cpuset s;
	unsigned online;
	int cpus = virNodeGetCPUMap(virDomainGetConnect(dom), &present, &online, 0), len;

	free(present);
	rc = cpuset_parse(value, &s, e);
	if (rc)
		return rc;
	cpuset_for_each (cpu, &s)
		map[cpu / 8] |= (unsigned char)(1u << (cpu % 8));
	len = (int)map_len(cpus > 0 ? (unsigned)cpus : CPUSET_MAX);
	rc = vcpu >= 0 ? virDomainPinVcpuFlags(dom, (unsigned)vcpu, map, len, flags)
	     : io >= 0 ? virDomainPinIOThread(dom, (unsigned)io, map, len, flags)
		       : virDomainPinEmulator(dom, map, len, flags);
	return rc < 0 ? lab_error(e, key) : 0;
}

static int write_parameter(
	virDomainPtr dom, const char *field, const char *value, unsigned flags, struct err *e)
{
	virTypedParameterPtr p = NULL;
	int n = 0, max = 0, rc;

	if (strstr(field, "quota"))
		rc = virTypedParamsAddLLong(&p, &n, &max, field, strtoll(value, NULL, 10));
	else
		rc = virTypedParamsAddULLong(&p, &n, &max, field, strtoull(value, NULL, 10));
	if (rc >= 0)
		rc = virDomainSetSchedulerParametersFlags(dom, p, n, flags);
	virTypedParamsFree(p, n);
	return rc < 0 ? lab_error(e, field) : 0;
}

static int write_numa(
	virDomainPtr dom, const char *key, const char *value, unsigned flags, struct err *e)
{
	virTypedParameterPtr p = NULL;
	int n = 0, max = 0, rc;

	if (!strcmp(key, "numatune.mode"))
		rc = virTypedParamsAddInt(&p, &n, &max, VIR_DOMAIN_NUMA_MODE, atoi(value));
	else
		rc = virTypedParamsAddString(&p, &n, &max, VIR_DOMAIN_NUMA_NODESET, value);
	if (rc >= 0)
		rc = virDomainSetNumaParameters(dom, p, n, flags);
	virTypedParamsFree(p, n);
	return rc < 0 ? lab_error(e, key) : 0;
}

static int write_row(
	virDomainPtr dom, const char *key, const char *value, unsigned flags, struct err *e)
{
	if (!strncmp(key, "schedinfo.", 10))
		return write_parameter(dom, key + 10, value, flags, e);
	if (!strncmp(key, "numatune.", 9))
		return write_numa(dom, key, value, flags, e);
	return write_map(dom, key, value, flags, e);
}

int tuning_libvirt_write(virDomainPtr dom, const char *key, const char *value, struct err *e)
{
	return write_row(dom, key, value, LIVE, e);
}

/* ---- for good */

/* What undoes a change of the configuration: what it had. Where it named none, what it reads as without (pins),
 * or what the running domain had (libvirt calls a weight or quota that is not there 0). */
static char *config_had(const struct tuning *config, const struct tuning_kept *k)
{
	const struct tuning_row *r = tuning_row(config, k->key);
	bool pin = strstr(k->key, "pin");

	return xstrdup(r && (r->named || pin) ? r->had : k->had);
}

/* All or nothing. */
static int keep_rows(
	virDomainPtr dom, const struct tuning_kept *rows, size_t n, unsigned where, struct err *e)
{
	size_t done = 0;
	int rc = 0;

	while (!rc && done < n) {
		rc = write_row(dom, rows[done].key, rows[done].want, where, e);
		done += !rc;
	}
	while (rc && done-- > 0) {
		write_row(dom, rows[done].key, rows[done].had, LIVE, NULL);
		if (where & CONFIG)
			write_row(dom, rows[done].key, rows[done].config, CONFIG, NULL);
	}
	return rc;
}

int tuning_keep(struct lab_conn *c, const char *domain, struct tuning_kept *rows, size_t n,
	bool persistent, struct err *e)
{
	auto_ptr(virDomainFree) virDomainPtr dom = tuning_domain(c, NULL, domain, e);
	auto_ptr(tuning_free) struct tuning *config = tuning_new();
	int vcpus = dom && persistent ? virDomainGetVcpusFlags(dom, CONFIG) : 1;
	int rc = !dom ? (e && e->code ? -e->code : -EIO) : vcpus < 1 ? lab_error(e, domain) : 0;

	config->name = xstrdup(domain);
	config->vcpus = (unsigned)MAX(vcpus, 1);
	if (!rc && persistent)
		rc = read_of(dom, config, CONFIG, e);
	for (size_t i = 0; !rc && persistent && i < n; i++)
		rows[i].config = config_had(config, &rows[i]);
	if (!rc)
		rc = keep_rows(dom, rows, n, LIVE | (persistent ? CONFIG : 0), e);
	return rc ? err_wrap(e, "domain '%s' cannot be changed", domain) : 0;
}
