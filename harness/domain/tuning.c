// SPDX-License-Identifier: GPL-3.0-or-later
/* A tuning as a list of rows: read from a domain, marked, compared, in words. */
#include "domain/tuning.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "domain/tuning_priv.h"

virDomainPtr tuning_domain(struct lab_conn *c, const char *uuid, const char *name, struct err *e)
{
	virDomainPtr dom = uuid ? virDomainLookupByUUIDString(c->conn, uuid)
				: virDomainLookupByName(c->conn, name);

	if (!dom && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
		err_set_exit(e, EXIT_HOST, ENOENT,
			"there is no domain '%s' at %s; `virsh -c %s list --all` shows those there are",
			name, c->uri, c->uri);
	else if (!dom)
		lab_error(e, name);
	return dom;
}

/* Rows that only the kernel knows: policy and control group of the vCPUs' threads. */
static void add_kernel_rows(struct tuning *t)
{
	static const char *const kinds[] = {"cpugroup", "policy"};

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (unsigned v = 0; v < t->vcpus; v++) {
			auto_free char *key = xasprintf("%s.%u", kinds[k], v);
			auto_free char *value = tuning_kernel_read(t, key);

			if (value)
				tuning_add(t, key, value, false);
		}
}

static int read_domain(struct lab_conn *c, virDomainPtr dom, struct tuning *t, struct err *e)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	int n;

	t->uri = xstrdup(c->uri);
	t->name = xstrdup(virDomainGetName(dom));
	if (virDomainGetUUIDString(dom, uuid) < 0)
		return lab_error(e, t->name);
	t->uuid = xstrdup(uuid);
	if (virDomainIsActive(dom) != 1)
		return err_set(e, ESRCH, "domain '%s' does not run", t->name);
	t->pid = qemu_of_domain(t->name, uuid);
	t->start_ticks = t->pid ? process_start_ticks(t->pid) : 0;
	if (!t->start_ticks)
		return err_set_exit(e, EXIT_HOST, ESRCH,
			"domain '%s' runs, but its QEMU is not a process of this box (connected to %s); stealscope must run where the domain does",
			t->name, c->uri);
	n = virDomainGetVcpusFlags(dom, VIR_DOMAIN_AFFECT_LIVE);
	if (n < 1)
		return lab_error(e, t->name);
	t->vcpus = (unsigned)n;
	return tuning_libvirt_read(dom, t, e);
}

int tuning_read(struct lab_conn *c, const char *domain, struct tuning **out, struct err *e)
{
	auto_ptr(virDomainFree) virDomainPtr dom = tuning_domain(c, NULL, domain, e);
	struct tuning *t;
	int rc;

	if (!dom)
		return e && e->code ? -e->code : -EIO;
	t = tuning_new();
	rc = read_domain(c, dom, t, e);
	if (rc) {
		tuning_free(t);
		return rc;
	}
	add_kernel_rows(t);
	*out = t;
	return 0;
}

/* Within the CPUs that it has, a pin can be narrowed in the kernel: libvirt's group allows it. */
static bool by_kernel_too(const struct tuning *t, const struct tuning_row *r, const char *value)
{
	struct cpuset had, want;

	return tuning_kernel_may(t, r->key) && !cpuset_parse(r->had, &had, NULL) &&
	       !cpuset_parse(value, &want, NULL) && cpuset_subset(&want, &had);
}

int tuning_want(struct tuning *t, const char *key, const char *value, struct err *e)
{
	struct tuning_row *r = tuning_row(t, key);

	if (!r)
		return err_set_exit(e, EXIT_HOST, ENOENT,
			"domain '%s': %s cannot be changed here: neither libvirt (%s) nor the kernel tells what it is",
			t->name, key, t->uri);
	free(r->want);
	r->want = strcmp(r->had, value) ? xstrdup(value) : NULL;
	if (r->named && r->leaves_mark && by_kernel_too(t, r, value))
		r->way = TUNING_KERNEL;
	return 0;
}

static char *text_of(const struct tuning *t, bool libvirt_only)
{
	auto_struct(strv) v = {0};

	for (size_t i = 0; i < t->n_rows; i++)
		if (t->rows[i].want && (!libvirt_only || t->rows[i].way == TUNING_LIBVIRT))
			strv_add(&v, "%s %s -> %s", t->rows[i].key,
				*t->rows[i].had ? t->rows[i].had : "none", t->rows[i].want);
	return strv_join(&v, ", ");
}

char *tuning_text(const struct tuning *t)
{
	return text_of(t, false);
}

char *tuning_text_in_xml(const struct tuning *t)
{
	return text_of(t, true);
}

unsigned tuning_names_defaults(const struct tuning *t)
{
	unsigned n = 0;

	for (size_t i = 0; i < t->n_rows; i++)
		n += t->rows[i].want && t->rows[i].way == TUNING_LIBVIRT &&
		     (!t->rows[i].named || t->rows[i].leaves_mark);
	return n;
}

/* What libvirt's list has of a row that goes by the kernel is not what counts. */
static char *value_now(const struct tuning *now, const struct tuning *t, const struct tuning_row *r)
{
	const struct tuning_row *n;

	if (r->way == TUNING_KERNEL)
		return tuning_kernel_read(t, r->key);
	for (size_t i = 0; now && i < now->n_rows; i++) {
		n = &now->rows[i];
		if (!strcmp(n->key, r->key))
			return xstrdup(n->had);
	}
	return NULL;
}

int tuning_now(struct lab_conn *c, const struct tuning *t, struct tuning **out, struct err *e)
{
	auto_ptr(virDomainFree) virDomainPtr dom = tuning_domain(c, t->uuid, t->name, e);
	auto_ptr(tuning_free) struct tuning *raw = NULL;
	struct tuning *now;
	int rc;

	if (!dom)
		return e && e->code ? -e->code : -EIO;
	raw = tuning_new(); /* no pid, so that every value is libvirt's own */
	raw->name = xstrdup(t->name);
	raw->vcpus = t->vcpus;
	rc = tuning_libvirt_read(dom, raw, e);
	now = tuning_new();
	for (size_t i = 0; !rc && i < t->n_rows; i++) {
		auto_free char *value = value_now(raw, t, &t->rows[i]);

		if (!value)
			continue;
		ARRAY_GROW(now->rows, now->n_rows);
		now->rows[now->n_rows++] = (struct tuning_row){.key = xstrdup(t->rows[i].key),
			.had = xstrdup(value),
			.way = t->rows[i].way};
	}
	if (rc)
		tuning_free(now);
	else
		*out = now;
	return rc;
}

int tuning_check(struct lab_conn *c, const struct tuning *t, struct err *e)
{
	auto_ptr(tuning_free) struct tuning *now = NULL;
	int rc = tuning_now(c, t, &now, e);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < t->n_rows; i++) {
		const struct tuning_row *r = tuning_row(now, t->rows[i].key);

		if (r && strcmp(r->had, t->rows[i].had) != 0)
			rc = err_set(e, EIO, "domain '%s': %s is %s and was %s", t->name, r->key,
				r->had, t->rows[i].had);
	}
	return rc;
}
