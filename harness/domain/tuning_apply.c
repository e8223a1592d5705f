// SPDX-License-Identifier: GPL-3.0-or-later
/* Changing a domain's tuning, and putting it back: row by row, in order and in reverse. */
#include <errno.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "domain/tuning_priv.h"

#define RETRY_NS       (200 * NS_PER_MS)
#define SHUTDOWN_NS    (120 * NS_PER_S)
#define SHUTDOWN_AGAIN (10 * NS_PER_S) /* a guest that was booting did not hear it */

int tuning_apply(struct lab_conn *c, const struct tuning *t, struct err *e)
{
	auto_ptr(virDomainFree) virDomainPtr dom = tuning_domain(c, t->uuid, t->name, e);
	int rc = 0;

	if (!dom)
		return e && e->code ? -e->code : -EIO;
	for (size_t i = 0; !rc && i < t->n_rows; i++) {
		const struct tuning_row *r = &t->rows[i];

		if (!r->want)
			continue;
		rc = r->way == TUNING_KERNEL ? tuning_kernel_write(t, r->key, r->want, e)
					     : tuning_libvirt_write(dom, r->key, r->want, e);
	}
	if (rc && (e->code == EPERM || e->code == EACCES || strstr(e->msg, "denied")))
		e->exit = EXIT_HOST;
	return rc ? err_wrap(e, "domain '%s' cannot be changed", t->name) : 0;
}

static bool qemu_lives(const struct tuning *t)
{
	return t->pid > 0 && process_start_ticks(t->pid) == t->start_ticks;
}

/* What a row has now, against what it was changed to and what it had. */
enum now_is { NOW_OURS, NOW_AS_BEFORE, NOW_THEIRS, NOW_UNKNOWN };

static bool is_no_quota(const char *value)
{
	long long us = strtoll(value, NULL, 10);

	return us < 0 || us > QUOTA_MAX_US;
}

/* No quota has several numbers: libvirt's on cgroup v1 and v2, the kernel's. */
static bool is_same(const struct tuning_row *r, const char *a, const char *b)
{
	return !strcmp(a, b) || (!strncmp(r->key, "schedinfo.", 10) && strstr(r->key, "_quota") &&
					is_no_quota(a) && is_no_quota(b));
}

static enum now_is judge(const struct tuning_row *r, const char *now)
{
	return !now			  ? NOW_UNKNOWN
	       : is_same(r, now, r->want) ? NOW_OURS
	       : is_same(r, now, r->had)  ? NOW_AS_BEFORE
					  : NOW_THEIRS;
}

static void keep(struct tuning_outcome *out, const struct tuning_row *r, const char *now)
{
	strv_add(&out->kept,
		"%s was changed to %s by somebody else meanwhile (it had been %s, and %s for the run); that stays",
		r->key, now, *r->had ? r->had : "none", r->want);
}

static void lose(struct tuning_outcome *out, const struct tuning_row *r, const struct err *why)
{
	strv_add(&out->lost, "%s could not be put back to %s: %s", r->key,
		*r->had ? r->had : "none", why->msg);
}

static void back_by_kernel(
	const struct tuning *t, const struct tuning_row *r, struct tuning_outcome *out)
{
	auto_free char *now = tuning_kernel_read(t, r->key);
	struct err why = ERR_INIT;

	switch (judge(r, now)) {
	case NOW_AS_BEFORE:
		return;
	case NOW_THEIRS:
		keep(out, r, now);
		return;
	case NOW_UNKNOWN:
		err_set(&why, ESRCH, "it cannot be read any more");
		break;
	case NOW_OURS:
		tuning_kernel_write(t, r->key, r->had, &why);
	}
	if (why.code && qemu_lives(t))
		lose(out, r, &why);
	out->put_back += !why.code;
}

/* libvirt's book says what was applied, but the thread runs elsewhere: somebody went past libvirt
 * (taskset). That stays when the book is put right. */
static char *theirs_in_kernel(const struct tuning *t, const struct tuning_row *r)
{
	char *now = tuning_kernel_read(t, r->key);

	if (now && strcmp(now, r->want) && strcmp(now, r->had) && !strncmp(r->key, "vcpupin.", 8))
		return now;
	free(now);
	return NULL;
}

static void back_by_libvirt(const struct tuning *t, const struct tuning_row *r, virDomainPtr dom,
	const char *now, struct tuning_outcome *out)
{
	auto_free char *theirs = NULL;
	struct err why = ERR_INIT;

	switch (judge(r, now)) {
	case NOW_AS_BEFORE:
		/* libvirt reads weights and quotas from the kernel, where they may be put back
		 * already, while its book (the XML) still has what was applied. */
		if (r->named)
			tuning_libvirt_write(dom, r->key, r->had, NULL);
		return;
	case NOW_THEIRS:
		keep(out, r, now);
		return;
	case NOW_UNKNOWN:
		err_set(&why, ESRCH, "libvirt does not tell it any more");
		break;
	case NOW_OURS:
		theirs = theirs_in_kernel(t, r);
		tuning_libvirt_write(dom, r->key, r->had, &why);
	}
	if (theirs && !why.code && tuning_kernel_write(t, r->key, theirs, NULL) == 0)
		keep(out, r, theirs);
	else if (why.code && qemu_lives(t))
		lose(out, r, &why);
	else
		out->put_back += !why.code;
}

static bool any_by(const struct tuning *t, enum tuning_way way)
{
	for (size_t i = 0; i < t->n_rows; i++)
		if (t->rows[i].want && t->rows[i].way == way)
			return true;
	return false;
}

/* All rows that go by libvirt. False when it does not answer. */
static bool back_all_by_libvirt(
	struct lab_conn *c, const struct tuning *t, struct tuning_outcome *out)
{
	auto_ptr(tuning_free) struct tuning *now = NULL;
	struct err why = ERR_INIT;
	auto_ptr(virDomainFree) virDomainPtr dom = NULL;
	int rc = tuning_now(c, t, &now, &why);

	if (rc == -ENOENT) { /* undefined or gone: no book to put right */
		return true;
	} else if (rc) {
		return false;
	}
	dom = tuning_domain(c, t->uuid, t->name, &why);
	for (size_t i = t->n_rows; dom && i-- > 0;) {
		const struct tuning_row *r = &t->rows[i];
		const struct tuning_row *n = tuning_row(now, r->key);

		if (r->want && r->way == TUNING_LIBVIRT)
			back_by_libvirt(t, r, dom, n ? n->had : NULL, out);
	}
	return dom != NULL;
}

/* libvirt's own rows, in the kernel only: at once, while libvirt is away. */
static void back_meanwhile(const struct tuning *t)
{
	for (size_t i = t->n_rows; i-- > 0;) {
		const struct tuning_row *r = &t->rows[i];
		auto_free char *now = NULL;

		if (!r->want || r->way != TUNING_LIBVIRT)
			continue;
		now = tuning_kernel_read(t, r->key);
		if (now && !strcmp(now, r->want))
			tuning_kernel_write(t, r->key, r->had, NULL);
	}
}

static bool reconnect(const struct tuning *t, struct lab_conn **own)
{
	struct err why = ERR_INIT;

	lab_close(*own);
	*own = NULL;
	return lab_open(t->uri, NULL, own, &why) == 0;
}

void tuning_put_back(
	struct lab_conn *c, const struct tuning *t, uint64_t wait_ns, struct tuning_outcome *out)
{
	uint64_t until = now_ns() + wait_ns;
	struct lab_conn *own = NULL;
	bool done = !any_by(t, TUNING_LIBVIRT), meanwhile = false;

	*out = (struct tuning_outcome){0};
	if (!qemu_lives(t)) {
		out->gone = true;
		return;
	}
	for (size_t i = t->n_rows; i-- > 0;)
		if (t->rows[i].want && t->rows[i].way == TUNING_KERNEL)
			back_by_kernel(t, &t->rows[i], out);
	if (!done && c)
		done = back_all_by_libvirt(c, t, out);
	while (!done) {
		done = reconnect(t, &own) && back_all_by_libvirt(own, t, out);
		if (!done && !meanwhile)
			back_meanwhile(t);
		meanwhile = true;
		if (done || now_ns() > until || !qemu_lives(t))
			break;
		sleep_ns(RETRY_NS);
	}
	lab_close(own);
	out->gone = !qemu_lives(t);
	out->late = !done && !out->gone;
}

/* Shut down by its own guest, which may not hear the first call. It is never killed: what it has
 * not written yet is its owner's. */
static bool ask_to_shut_down(struct lab_conn *c, const struct tuning *t)
{
	uint64_t until = now_ns() + SHUTDOWN_NS, again = 0;
	struct err why = ERR_INIT;
	auto_ptr(virDomainFree) virDomainPtr dom = tuning_domain(c, t->uuid, t->name, &why);

	while (dom && qemu_lives(t) && now_ns() < until) {
		if (now_ns() >= again) {
			virDomainShutdown(dom);
			again = now_ns() + SHUTDOWN_AGAIN;
		}
		sleep_ns(20 * NS_PER_MS);
	}
	return !qemu_lives(t);
}

/* Its QEMU: as saved, or, when its starter died before it knew, the one that came up just then. */
static bool find_started(const struct tuning *t, struct tuning *found)
{
	uint64_t window = (uint64_t)sysconf(_SC_CLK_TCK) * 60, start;

	*found = *t;
	if (t->pid > 0)
		return qemu_lives(t);
	found->pid = qemu_of_domain(t->name, t->uuid);
	start = found->pid ? process_start_ticks(found->pid) : 0;
	found->start_ticks = start;
	return start + 1 >= t->start_ticks && start < t->start_ticks + window;
}

void tuning_shut_down(struct lab_conn *c, const struct tuning *t, struct tuning_outcome *out)
{
	struct lab_conn *own = NULL;
	struct err why = ERR_INIT;
	struct tuning found;

	*out = (struct tuning_outcome){.gone = !find_started(t, &found)};
	if (out->gone)
		return;
	if (!c && lab_open(t->uri, NULL, &own, &why) == 0)
		c = own;
	if (c && ask_to_shut_down(c, &found))
		out->gone = true;
	else
		strv_add(&out->lost,
			"it was started for the run and does not shut down (%s); `virsh -c %s shutdown %s`",
			why.code ? why.msg : "its guest was asked for 120 s", t->uri, t->name);
	lab_close(own);
}
