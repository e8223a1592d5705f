// SPDX-License-Identifier: GPL-3.0-or-later
/* One guest as a transient domain, whatever it is (ops.h); and holding on to somebody's. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/process.h"
#include "domain/live.h"
#include "domain/ops.h"
#include "domain/tuning_priv.h"

static struct domain *domain_new(struct lab_conn *c)
{
	struct domain *d = xcalloc(1, sizeof(*d));

	d->lab = c;
	d->pidfd = d->console = -1;
	return d;
}

static void domain_free(struct domain *d)
{
	if (d->dom)
		virDomainFree(d->dom);
	if (d->pidfd >= 0)
		close(d->pidfd);
	cleanup_close(&d->console);
	if (!d->theirs)
		embed_forget(d->lab->embed_root, d->name);
	free(d->name);
	free(d);
}

int domain_start(struct lab_conn *c, const char *xml, struct domain **out, struct err *e)
{
	struct domain *d = domain_new(c);
	int rc = c->ops->start(d, xml, e);

	if (rc)
		domain_free(d);
	else
		*out = d;
	return rc;
}

void domain_kill_named(struct lab_conn *c, const char *name)
{
	c->ops->kill_named(c, name);
}

virDomainPtr domain_handle(const struct domain *d)
{
	return d->dom;
}

const char *domain_name(const struct domain *d)
{
	return d->name;
}

const char *domain_word(const struct domain *d)
{
	return d->lab->ops->word;
}

pid_t domain_pid(const struct domain *d)
{
	return d->pid;
}

unsigned domain_xen_id(const struct domain *d)
{
	return d->xen_id;
}

bool domain_alive(struct domain *d)
{
	return d->lab->ops->alive(d);
}

int domain_vcpu_tids(struct domain *d, pid_t *tids, unsigned max, unsigned *n, struct err *e)
{
	return d->lab->ops->tids(d, tids, max, n, e);
}

int domain_limit(struct domain *d, const struct plan_guest *g, bool on, struct err *e)
{
	return d && g->vcpu_limits.quota_us ? d->lab->ops->limit(d, g, on, e) : 0;
}

int domain_attach(struct lab_conn *c, const struct tuning *t, struct domain **out, struct err *e)
{
	struct domain *d = domain_new(c);

	d->pid = t->pid;
	d->name = xstrdup(t->name);
	d->pidfd = process_open(t->pid);
	d->dom = tuning_domain(c, t->uuid, t->name, e);
	d->theirs = true;
	if (!d->dom || d->pidfd < 0 || process_start_ticks(t->pid) != t->start_ticks) {
		domain_detach(d);
		return e && e->code ? -e->code
				    : err_set(e, ESRCH, "domain '%s' has just ended", t->name);
	}
	*out = d;
	return 0;
}

void domain_detach(struct domain *d)
{
	if (d)
		domain_free(d);
}

int domain_stop(struct domain *d, struct err *e)
{
	return domain_stop_all(&d, 1, e);
}

int domain_stop_all(struct domain **d, size_t n, struct err *e)
{
	int rc = 0, one;

	for (size_t i = 0; i < n; i++)
		if (d[i] && d[i]->lab->ops->kill)
			d[i]->lab->ops->kill(d[i]);
	for (size_t i = 0; i < n; i++) {
		if (!d[i])
			continue;
		one = d[i]->lab->ops->await_end(d[i], rc ? NULL : e);
		rc = rc ? rc : one;
		domain_free(d[i]);
		d[i] = NULL;
	}
	return rc;
}
