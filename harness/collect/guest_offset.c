// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The exact way from guest TSC to host time: host TSC, host time and KVM's TSC offset of the vCPU.
 * KVM's debugfs has a folder PID-FD per VM and vcpuN in it, in order of creation; its file `pid`
 * (since Linux 5.18) is the vCPU's thread.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/priv.h"

#define PAIR_TRIES     5
#define CALIBRATION_NS (10 * NS_PER_MS)

static uint64_t read_tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

struct tsc_pair host_tsc_pair(void)
{
	struct tsc_pair best = {0};

	for (int i = 0; i < PAIR_TRIES; i++) {
		struct tsc_pair p;

		p.before_ns = now_ns();
		p.tsc = read_tsc();
		p.after_ns = now_ns();
		if (i == 0 || p.after_ns - p.before_ns < best.after_ns - best.before_ns)
			best = p;
	}
	return best;
}

static uint64_t measured_hz;

static void measure_hz(void)
{
	struct tsc_pair a = host_tsc_pair(), b;

	sleep_ns(CALIBRATION_NS);
	b = host_tsc_pair();
	measured_hz = (uint64_t)((double)(b.tsc - a.tsc) * 2e9 /
				 (double)(b.before_ns + b.after_ns - a.before_ns - a.after_ns));
}

uint64_t host_tsc_hz(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, measure_hz);
	return measured_hz;
}

/* A number, signed or not, of a one-line file. */
static bool read_number(const char *path, uint64_t *out)
{
	auto_free char *text = read_file(path, 64, NULL, NULL);
	char *end;

	if (!text)
		return false;
	errno = 0;
	*out = *text == '-' ? (uint64_t)strtoll(text, &end, 10) : strtoull(text, &end, 10);
	return !errno && end != text;
}

/* KVM multiplies the TSC for this vCPU: then the offset alone says nothing. */
static bool is_scaled(const char *vcpu_dir)
{
	auto_free char *ratio = xasprintf("%s/tsc-scaling-ratio", vcpu_dir);
	auto_free char *bits = xasprintf("%s/tsc-scaling-ratio-frac-bits", vcpu_dir);
	uint64_t r, b;

	return read_number(ratio, &r) &&
	       (!read_number(bits, &b) || b > 63 || r != UINT64_C(1) << b);
}

static void attach_vcpu_dir(struct guest_shm *g, const char *dir, const pid_t *tids, unsigned n)
{
	auto_free char *pid_file = xasprintf("%s/pid", dir);
	uint64_t tid, offset;

	if (!read_number(pid_file, &tid) || is_scaled(dir))
		return;
	for (unsigned i = 0; i < n && i < g->n_vcpus; i++) {
		char *path;

		if ((uint64_t)tids[i] != tid || g->vcpus[i].offset_path)
			continue;
		path = xasprintf("%s/tsc-offset", dir);
		if (read_number(path, &offset))
			g->vcpus[i].offset_path = path;
		else
			free(path);
	}
}

static void attach_vm_dir(struct guest_shm *g, const char *dir, const pid_t *tids, unsigned n)
{
	for (auto_struct(folder) f = {.dir = opendir(dir)}; folder_next(&f);) {
		auto_free char *path = NULL;

		if (strncmp(f.name, "vcpu", 4) != 0)
			continue;
		path = xasprintf("%s/%s", dir, f.name);
		attach_vcpu_dir(g, path, tids, n);
	}
}

unsigned guest_shm_attach_kvm(
	struct guest_shm *g, const char *kvm_dir, pid_t qemu, const pid_t *tids, unsigned n)
{
	char prefix[32];
	unsigned found = 0;

	snprintf(prefix, sizeof(prefix), "%d-", (int)qemu);
	for (auto_struct(folder) f = {.dir = opendir(kvm_dir)}; folder_next(&f);) {
		auto_free char *path = NULL;

		if (strncmp(f.name, prefix, strlen(prefix)) != 0)
			continue;
		path = xasprintf("%s/%s", kvm_dir, f.name);
		attach_vm_dir(g, path, tids, n);
	}
	for (unsigned i = 0; i < g->n_vcpus; i++)
		found += g->vcpus[i].offset_path != NULL;
	return found;
}

void guest_shm_attach_native(struct guest_shm *g)
{
	g->is_host = true;
}

void guest_shm_note_host_tsc(struct guest_shm *g)
{
	for (unsigned i = 0; i < g->n_vcpus; i++) {
		struct shm_rec rec = {
			.type = REC_OFFSET, .vcpu = (uint16_t)i, .steal_ns = SHM_STEAL_NONE};
		struct tsc_pair p;

		if (!g->is_host && (!g->vcpus[i].offset_path ||
					   !read_number(g->vcpus[i].offset_path, &rec.v[2])))
			continue;
		p = host_tsc_pair();
		rec.tsc = p.tsc;
		rec.v[0] = p.before_ns + (p.after_ns - p.before_ns) / 2;
		rec.v[1] = (p.after_ns - p.before_ns + 1) / 2;
		guest_append(g, &rec);
	}
}
