// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * libFuzzer: the binary files of a record of two guests, through the whole analysis and every form
 * of telling it. First byte odd: the rest is three programs of records (two guests, the trace) with
 * sound headers; even: the files as they are, behind two lengths.
 */
#include <errno.h>
#include <sys/stat.h>

#include "abi/guest_shm.h"
#include "record/run_info.h"
#include "tests/fuzz/fuzz_analysis.h"
#include "tests/fuzz/fuzz_trace.h"

#define WINDOW_NS (3 * NS_PER_S)

static struct run_probe probe(const char *name, uint64_t mask, uint64_t p0)
{
	struct run_probe p = {.name = xstrdup(name), .p = {p0}};

	for (unsigned v = 0; v < 64; v++)
		if (mask >> v & 1)
			run_probe_add(&p, v);
	return p;
}

static void describe_guest(struct run_guest *g, const char *name, unsigned vcpus, unsigned first)
{
	*g = (struct run_guest){.name = xstrdup(name),
		.kind = xstrdup("metal"),
		.accel = xstrdup("kvm"),
		.status = xstrdup("ok"),
		.policy = xstrdup(""),
		.pid = (int)(FUZZ_TRACE_TID + FUZZ_TRACE_TIDS + first),
		.n_vcpus = vcpus,
		.guest_file = xasprintf("guest/%s.bin", name),
		.is_noise = first != 0};
	g->vcpus = xcalloc(vcpus, sizeof(*g->vcpus));
	for (unsigned i = 0; i < vcpus; i++) {
		g->vcpus[i].id = i;
		g->vcpus[i].tid = (int)(FUZZ_TRACE_TID + first + i);
		g->vcpus[i].cpu_set = cpuset_of(i);
	}
	g->n_probes = 3;
	g->probes = xcalloc(3, sizeof(*g->probes));
	g->probes[0] = probe("timer", 3, 10 * NS_PER_MS);
	g->probes[1] = probe(first ? "memory" : "gap", 1, 20000);
	g->probes[2] = probe(first ? "job" : "lock", 2, 1000);
}

static void write_run_json(const char *dir)
{
	struct run_info info = {.format = RUN_INFO_FORMAT,
		.window_start_ns = FUZZ_TRACE_START + NS_PER_S,
		.window_end_ns = FUZZ_TRACE_START + NS_PER_S + WINDOW_NS,
		.duration_ns = WINDOW_NS,
		.n_guests = 2};
	struct run_expect x = {.text = xstrdup("steal"),
		.metric = xstrdup("steal.rate"),
		.relation = xstrdup("<"),
		.guest = xstrdup(""),
		.variant = xstrdup(""),
		.other_metric = xstrdup(""),
		.other_variant = xstrdup(""),
		.other_guest = xstrdup(""),
		.value = 10};
	struct err e = ERR_INIT;

	cpuset_add(&info.lab_cpus, 0);
	cpuset_add(&info.lab_cpus, 1);
	info.guests = xcalloc(2, sizeof(*info.guests));
	describe_guest(&info.guests[0], "a", 2, 0);
	describe_guest(&info.guests[1], "b", 2, 2);
	info.n_expects = 1;
	info.expects = xcalloc(1, sizeof(x));
	info.expects[0] = x;
	CLAIM(!run_info_save(&info, dir, &e));
	run_info_release(&info);
}

static const char *record_dir(void)
{
	static char *dir;
	struct err e = ERR_INIT;

	if (!dir) {
		auto_free char *guest = xasprintf("%s/r/guest", fuzz_dir());
		auto_free char *host = xasprintf("%s/r/host", fuzz_dir());

		dir = xasprintf("%s/r", fuzz_dir());
		CLAIM(!make_dirs(guest, &e) && !make_dirs(host, &e));
		write_run_json(dir);
	}
	return dir;
}

static void put_file(const char *name, const void *data, size_t len)
{
	auto_free char *path = xasprintf("%s/%s", record_dir(), name);
	struct err e = ERR_INIT;

	CLAIM(!write_file(path, len ? data : "", len, &e));
}

/* What a sound record of this type would hold at `now`; `x` is a length or a count. */
static void plausible(struct shm_rec *r, uint64_t now, uint64_t x)
{
	r->tsc = now - FUZZ_TRACE_START;
	r->beacon_ns = now - x % (50 * NS_PER_MS);
	r->v[0] = r->tsc - x;
	switch (r->type) {
	case REC_START:
		memcpy(r->v, (uint64_t[4]){SHM_FEAT_STEAL, NS_PER_S, SHM_ACCEL_KVM, 0}, 32);
		break;
	case REC_TIMER:
		r->v[1] = r->v[0] - 10 * NS_PER_MS;
		r->v[2] = x % 5;
		break;
	case REC_LOCK:
		r->v[2] = r->tsc;
		break;
	case REC_DRAIN:
	case REC_OFFSET:
		r->v[0] = now;
		r->v[1] = x % 1000;
		break;
	case REC_SYNC:
		r->v[0] = now - x % 10000;
		r->v[1] = now + x % 10000;
		break;
	default:
		r->v[1] = x;
	}
}

static void make_guest(struct input *in, const char *name, const char *file)
{
	static const uint8_t types[] = {REC_START, REC_END, REC_TIMER, REC_GAP, REC_JOB, REC_LOCK,
		REC_MEMORY, REC_STEAL, REC_DRAIN, REC_SYNC, REC_OFFSET, REC_LOST, REC_TIMER,
		REC_DRAIN, REC_GAP, REC_NONE};
	struct guest_file_header h = {.magic = GUEST_FILE_MAGIC,
		.version = GUEST_FILE_VERSION,
		.header_size = sizeof(h),
		.rec_size = sizeof(struct shm_rec),
		.nr_vcpus = 2,
		.start_host_ns = FUZZ_TRACE_START};
	uint64_t now = FUZZ_TRACE_START + NS_PER_S, steal = 0;
	struct strbuf out = {0};
	uint32_t seq[4] = {0};

	strcpy(h.name, name);
	strbuf_addn(&out, (const char *)&h, sizeof(h));
	while (in->n) {
		uint8_t op = take_u8(in), wild = take_u8(in);
		struct shm_rec r = {.type = types[op & 15], .vcpu = op >> 4 & 3};

		now = fuzz_trace_time(in, now);
		steal += take_u8(in) * NS_PER_US;
		plausible(&r, now, take_u64(in));
		r.steal_ns = r.type >= REC_DRAIN ? SHM_STEAL_NONE : steal;
		r.seq = r.type >= REC_DRAIN ? 0 : ++seq[r.vcpu];
		if (wild & 0x80) /* any field may hold anything */
			*((uint64_t *)&r + wild % 8) = take_u64(in);
		if (now - FUZZ_TRACE_START > 10 * NS_PER_S)
			now = FUZZ_TRACE_START;
		strbuf_addn(&out, (const char *)&r, sizeof(r));
	}
	put_file(file, out.text, out.len);
	strbuf_release(&out);
}

static struct input part(struct input *in)
{
	uint16_t len;
	struct input p;

	take(in, &len, sizeof(len));
	p = (struct input){in->p, MIN(len, in->n)};
	in->p += p.n;
	in->n -= p.n;
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, MIN(size, 12288)}, a, b;
	uint8_t how = take_u8(&in);
	struct strbuf trace = {0};

	a = part(&in);
	b = part(&in);
	if (how & 1) {
		make_guest(&a, "a", "guest/a.bin");
		make_guest(&b, "b", "guest/b.bin");
		fuzz_trace_make(&in, &trace);
		put_file("host/trace.bin", trace.text, trace.len);
		strbuf_release(&trace);
	} else {
		put_file("guest/a.bin", a.p, a.n);
		put_file("guest/b.bin", b.p, b.n);
		put_file("host/trace.bin", in.p, in.n);
	}
	fuzz_analyse(record_dir(), how & 2);
	return 0;
}
