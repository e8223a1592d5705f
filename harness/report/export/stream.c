/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walking a record for an export. */
#include "report/export/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "analysis/trace/trace_walk.h"
#include "record/reader.h"
#include "report/escape.h"

static uint64_t began(const struct clock_map *map, const struct shm_rec *rec, uint64_t host)
{
	uint64_t ns;

	if (rec->type != REC_TIMER && rec->type != REC_GAP && rec->type != REC_JOB &&
		rec->type != REC_LOCK && rec->type != REC_MEMORY)
		return host;
	ns = rec->tsc > rec->v[0] ? clock_ticks_to_ns(map, rec->tsc - rec->v[0]) : 0;
	return ns < host ? host - ns : 0;
}

static int unreadable(const char *path, struct err *e)
{
	return err_set(e, EIO, "%s: cannot be read to its end: the export is not whole", path);
}

int export_check(const struct analysis *a, struct err *e)
{
	if (!a->unread)
		return 0;
	for (size_t i = 0; i < a->warnings.n; i++)
		if (strstr(a->warnings.items[i], "cannot be read") ||
			strstr(a->warnings.items[i], a->dir))
			return err_set(e, EIO, "%s: %s; nothing is exported", a->dir,
				a->warnings.items[i]);
	return err_set(e, EIO, "%s: a file of it cannot be read; nothing is exported", a->dir);
}

static int each_of_guest(const struct analysis *a, size_t g,
	void (*each)(void *arg, const struct export_sample *s), void *arg, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", a->dir, a->info.guests[g].guest_file);
	const struct shm_rec *rec;
	struct guest_reader *r;
	int rc;

	if (!*a->info.guests[g].guest_file || strstr(path + strlen(a->dir), ".."))
		return 0;
	rc = guest_reader_open(path, &r, e);
	if (rc)
		return rc;
	while ((rec = guest_reader_next(r))) {
		struct export_sample s = {.guest = g, .vcpu = rec->vcpu, .rec = rec};
		const struct clock_map *map;

		if (rec->vcpu >= a->guests[g].n_vcpus || rec->type >= REC_DRAIN)
			continue;
		map = a->guests[g].vcpus[rec->vcpu].clock_map;
		s.host_ns = clock_to_host(map, rec->tsc, NULL);
		s.from_ns = began(map, rec, s.host_ns);
		each(arg, &s);
	}
	if (guest_reader_status(r).io_error)
		rc = unreadable(path, e);
	guest_reader_close(r);
	return rc;
}

int export_each_sample(const struct analysis *a,
	void (*each)(void *arg, const struct export_sample *s), void *arg, struct err *e)
{
	int rc = 0;

	for (size_t g = 0; g < a->n_guests && !rc; g++)
		rc = each_of_guest(a, g, each, arg, e);
	return rc;
}

struct piece_walk {
	void (*each)(void *arg, const struct export_piece *p);
	void *arg;
	struct culprits *names;
	struct timeline *timeline;
	const struct analysis *a;
};

/* A stretch of one state ended: hand out its pieces. */
static void on_leaving(void *arg, struct thread *t, uint64_t now, uint64_t run_delay_ns)
{
	struct piece_walk *w = arg;
	uint64_t i;

	(void)now;
	(void)run_delay_ns;
	for (const struct piece *p = timeline_piece_at(t, t->state_since, &i); p;
		p = timeline_piece_next(t, &i)) {
		bool waits = p->state == THREAD_WAITING;
		struct export_piece out = {t->guest, t->vcpu, p,
			waits ? culprit_name(w->names, p->culprit) : "",
			waits ? culprit_seen_by(w->names, p->culprit, t->guest) : CULPRIT_UNKNOWN};

		w->each(w->arg, &out);
	}
}

static void on_other(void *arg, const struct trace_hdr *h)
{
	struct piece_walk *w = arg;
	const struct trace_track *t = (const struct trace_track *)h;

	if (h->type != TRACE_TRACK || t->id >> 8 >= w->a->n_guests ||
		(t->id & 255) >= w->a->guests[t->id >> 8].n_vcpus)
		return;
	culprits_track(w->names, h->tid, t->id);
	timeline_add(w->timeline, h->tid, t->id >> 8, t->id & 255);
}

int export_each_piece(const struct analysis *a,
	void (*each)(void *arg, const struct export_piece *p), void *arg, struct err *e)
{
	auto_free char *path = xasprintf("%s/host/trace.bin", a->dir);
	struct piece_walk w = {each, arg, NULL, NULL, a};
	struct trace_walk walk = {.other = on_other, .arg = &w};
	int rc;

	if (access(path, F_OK))
		return 0;
	rc = trace_reader_open(path, &walk.reader, e);
	if (rc)
		return rc;
	w.names = walk.names = culprits_make(&a->info);
	w.timeline = walk.timeline =
		timeline_make(0, UINT64_MAX, walk.names, (struct timeline_sink){on_leaving, &w});
	for (size_t g = 0; g < a->n_guests; g++)
		for (unsigned v = 0; v < a->guests[g].n_vcpus; v++)
			if (a->guests[g].vcpus[v].tid > 0)
				timeline_add(
					walk.timeline, (uint32_t)a->guests[g].vcpus[v].tid, g, v);
	trace_walk(&walk);
	if (trace_reader_status(walk.reader).io_error)
		rc = unreadable(path, e);
	timeline_free(walk.timeline);
	culprits_free(walk.names);
	trace_reader_close(walk.reader);
	return rc;
}

void export_json_text(FILE *out, const char *s)
{
	auto_struct(strbuf) b = {0};

	escape_json(&b, s);
	fwrite(b.text, 1, b.len, out);
}

int export_finish(FILE *out, struct err *e)
{
	if (fflush(out) || ferror(out))
		return err_set(e, errno ? errno : EIO, "the export could not be written: %s",
			strerror(errno ? errno : EIO));
	return 0;
}
