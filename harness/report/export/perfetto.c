/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Chrome JSON trace events: a guest is a process, a vCPU three of its threads: what the guest saw,
 * the state of the vCPU thread, who had the CPU while it waited.
 */
#include <inttypes.h>

#include "report/export/stream.h"

enum lane { LANE_GUEST, LANE_STATE, LANE_WHO, LANES };

struct writer {
	FILE *out;
	const struct analysis *a;
	uint64_t zero_ns; /* before anything was recorded: readers expect no negative times */
	bool any;
};

static void next(struct writer *w)
{
	fputs(w->any ? ",\n" : "\n", w->out);
	w->any = true;
}

static unsigned lane_tid(unsigned vcpu, enum lane lane)
{
	return vcpu * LANES + lane + 1;
}

static void name_lanes(struct writer *w)
{
	static const char *const lanes[] = {"guest", "state", "behind"};

	for (size_t g = 0; g < w->a->n_guests; g++) {
		next(w);
		fprintf(w->out,
			"{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%zu,\"args\":{\"name\":",
			g + 1);
		export_json_text(w->out, w->a->guests[g].name);
		fputs("}}", w->out);
		for (unsigned i = 0; i < w->a->guests[g].n_vcpus * LANES; i++) {
			next(w);
			fprintf(w->out,
				"{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%zu,\"tid\":%u,\"args\":{\"name\":\"vcpu%u %s\"}}",
				g + 1, i + 1, i / LANES, lanes[i % LANES]);
		}
	}
}

/* The head of a slice, up to and without its args. */
static void slice(struct writer *w, size_t guest, unsigned tid, const char *name, uint64_t start,
	uint64_t end)
{
	start = MAX(start, w->zero_ns);
	end = MAX(end, start);
	next(w);
	fputs("{\"ph\":\"X\",\"name\":", w->out);
	export_json_text(w->out, name);
	fprintf(w->out, ",\"pid\":%zu,\"tid\":%u,\"ts\":%.3f,\"dur\":%.3f", guest + 1, tid,
		(double)(start - w->zero_ns) / 1e3, (double)(end - start) / 1e3);
}

static void on_sample(void *arg, const struct export_sample *s)
{
	static const char *const names[] = {[REC_TIMER] = "late",
		[REC_GAP] = "gap",
		[REC_JOB] = "unit",
		[REC_LOCK] = "lock wait",
		[REC_MEMORY] = "memory"};
	struct writer *w = arg;
	uint8_t type = s->rec->type;

	if (type >= ARRAY_SIZE(names) || !names[type])
		return;
	slice(w, s->guest, lane_tid(s->vcpu, LANE_GUEST), names[type], s->from_ns, s->host_ns);
	fputs(",\"args\":{", w->out);
	if (s->rec->steal_ns != SHM_STEAL_NONE)
		fprintf(w->out, "\"steal_ns\":%" PRIu64, s->rec->steal_ns);
	fputs("}}", w->out);
}

static void on_piece(void *arg, const struct export_piece *p)
{
	struct writer *w = arg;

	if (p->piece->state == THREAD_UNKNOWN || p->piece->state == THREAD_EXITED)
		return;
	slice(w, p->guest, lane_tid(p->vcpu, LANE_STATE),
		word_or_unknown(&words_thread_state, p->piece->state), p->piece->start,
		p->piece->end);
	fprintf(w->out, ",\"args\":{\"cpu\":%u}}", p->piece->cpu);
	if (p->piece->state != THREAD_WAITING)
		return;
	slice(w, p->guest, lane_tid(p->vcpu, LANE_WHO), p->occupant, p->piece->start,
		p->piece->end);
	fprintf(w->out, ",\"args\":{\"cpu\":%u,\"kind\":\"%s\"}}", p->piece->cpu,
		culprit_kind_name(p->kind));
}

int export_perfetto(const struct analysis *a, FILE *out, struct err *e)
{
	struct writer w = {.out = out, .a = a};
	uint64_t before =
		a->info.warmup_ns + 60 * NS_PER_S; /* clocks are synced before warming up */
	int rc;

	w.zero_ns = a->window_start_ns > before ? a->window_start_ns - before : 0;

	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"run\":", out);
	export_json_text(out, a->info.run);
	fprintf(out, ",\"window_start_us\":%.3f,\"window_end_us\":%.3f",
		(double)(a->window_start_ns - w.zero_ns) / 1e3,
		(double)(a->window_end_ns - w.zero_ns) / 1e3);
	fputs("},\"traceEvents\":[", out);
	name_lanes(&w);
	rc = export_each_sample(a, on_sample, &w, e);
	if (!rc)
		rc = export_each_piece(a, on_piece, &w, e);
	fputs("\n]}\n", out);
	return rc ? rc : export_finish(out, e);
}
