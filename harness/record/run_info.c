/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run.json: the field tables of struct run_info, load and save. */
#include "record/run_info.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "record/folder.h"
#include "record/json_map.h"

#define RUN_JSON_MAX (64u << 20) /* a larger run.json is not ours */
#define ITEMS_MAX    100000u

#define PLAIN(s, f, t)                                                                             \
	{                                                                                          \
		.key = #f, .type = FIELD_##t, .offset = offsetof(struct s, f)                      \
	}
#define LIST(s, f, t)                                                                              \
	{                                                                                          \
		.key = #f, .type = FIELD_ARRAY, .offset = offsetof(struct s, f),                   \
		.count_offset = offsetof(struct s, n_##f), .sub = &t, .max = ITEMS_MAX             \
	}
#define TABLE(s)                                                                                   \
	static const struct json_struct s##_json = {                                               \
		sizeof(struct s), s##_fields, ARRAY_SIZE(s##_fields)}

static const struct field run_vcpu_fields[] = {
	PLAIN(run_vcpu, id, UINT),
	PLAIN(run_vcpu, tid, INT),
	PLAIN(run_vcpu, cpu_set, CPUSET),
};
TABLE(run_vcpu);

static const struct field run_probe_fields[] = {
	PLAIN(run_probe, name, STRING),
	PLAIN(run_probe, vcpu_mask, U64),
	PLAIN(run_probe, p, U64X4),
};
TABLE(run_probe);

static const struct field run_guest_fields[] = {
	PLAIN(run_guest, name, STRING),
	PLAIN(run_guest, kind, STRING),
	PLAIN(run_guest, accel, STRING),
	PLAIN(run_guest, is_noise, BOOL),
	PLAIN(run_guest, pid, INT),
	{.key = "vcpus",
		.type = FIELD_INLINE,
		.offset = offsetof(struct run_guest, vcpus),
		.count_offset = offsetof(struct run_guest, n_vcpus),
		.sub = &run_vcpu_json,
		.max = SHM_MAX_VCPUS},
	PLAIN(run_guest, memory_bytes, U64),
	PLAIN(run_guest, emulator_cpus, CPUSET),
	PLAIN(run_guest, memory_nodes, CPUSET),
	PLAIN(run_guest, shares, U64),
	PLAIN(run_guest, period_us, U64),
	PLAIN(run_guest, quota_us, U64),
	PLAIN(run_guest, policy, STRING),
	LIST(run_guest, probes, run_probe_json),
	PLAIN(run_guest, tsc_hz, U64),
	PLAIN(run_guest, lost, U64),
	PLAIN(run_guest, domain, STRING),
	PLAIN(run_guest, use, STRING),
	PLAIN(run_guest, changed, STRING),
	PLAIN(run_guest, status, STRING),
	PLAIN(run_guest, image, STRING),
	PLAIN(run_guest, guest_file, STRING),
};
TABLE(run_guest);

static const struct field run_noise_fields[] = {
	PLAIN(run_noise, name, STRING),
	PLAIN(run_noise, kind, STRING),
	PLAIN(run_noise, threads, UINT),
	PLAIN(run_noise, cpus, CPUSET),
	PLAIN(run_noise, duty_percent, UINT),
	PLAIN(run_noise, shares, U64),
	PLAIN(run_noise, period_us, U64),
	PLAIN(run_noise, quota_us, U64),
	PLAIN(run_noise, requested_ns, U64),
	PLAIN(run_noise, delivered_ns, U64),
	PLAIN(run_noise, throttled_ns, U64),
	PLAIN(run_noise, died, BOOL),
	PLAIN(run_noise, cgroup_id, U64),
};
TABLE(run_noise);

static const struct field run_measure_fields[] = {
	PLAIN(run_measure, name, STRING),
	PLAIN(run_measure, unit, STRING),
	PLAIN(run_measure, better, STRING),
	PLAIN(run_measure, on, STRING),
	PLAIN(run_measure, of, STRING),
	PLAIN(run_measure, command, STRING),
	PLAIN(run_measure, pattern, STRING),
	PLAIN(run_measure, json, STRING),
	PLAIN(run_measure, timeout_ns, U64),
	PLAIN(run_measure, start_ns, U64),
	PLAIN(run_measure, end_ns, U64),
	PLAIN(run_measure, status, STRING),
	PLAIN(run_measure, have, BOOL),
	PLAIN(run_measure, value, DOUBLE),
	PLAIN(run_measure, out_file, STRING),
	PLAIN(run_measure, err_file, STRING),
	PLAIN(run_measure, out_lost, U64),
	PLAIN(run_measure, err_lost, U64),
};
TABLE(run_measure);

static const struct field run_cgroup_fields[] = {
	PLAIN(run_cgroup, id, U64),
	PLAIN(run_cgroup, path, STRING),
};
TABLE(run_cgroup);

static const struct field run_vm_vcpu_fields[] = {
	PLAIN(run_vm_vcpu, id, INT),
	PLAIN(run_vm_vcpu, tid, INT),
};
TABLE(run_vm_vcpu);

static const struct field run_vm_fields[] = {
	PLAIN(run_vm, name, STRING),
	PLAIN(run_vm, program, STRING),
	PLAIN(run_vm, accel, STRING),
	PLAIN(run_vm, pid, INT),
	LIST(run_vm, vcpus, run_vm_vcpu_json),
};
TABLE(run_vm);

static const struct field run_step_fields[] = {
	PLAIN(run_step, name, STRING),
	PLAIN(run_step, start_ns, U64),
	PLAIN(run_step, end_ns, U64),
	PLAIN(run_step, outcome, STRING),
};
TABLE(run_step);

static const struct field run_fact_fields[] = {
	PLAIN(run_fact, key, STRING),
	PLAIN(run_fact, value, STRING),
};
TABLE(run_fact);

static const struct field run_expect_fields[] = {
	PLAIN(run_expect, text, STRING),
	PLAIN(run_expect, variant, STRING),
	PLAIN(run_expect, guest, STRING),
	PLAIN(run_expect, metric, STRING),
	PLAIN(run_expect, relation, STRING),
	PLAIN(run_expect, value, DOUBLE),
	PLAIN(run_expect, tolerance, DOUBLE),
	PLAIN(run_expect, other_metric, STRING),
	PLAIN(run_expect, other_variant, STRING),
	PLAIN(run_expect, other_guest, STRING),
};
TABLE(run_expect);

static const struct field run_info_fields[] = {
	PLAIN(run_info, format, INT),
	PLAIN(run_info, run, STRING),
	PLAIN(run_info, experiment, STRING),
	PLAIN(run_info, scenario, STRING),
	PLAIN(run_info, variant, STRING),
	PLAIN(run_info, point, STRING),
	PLAIN(run_info, scenario_file, STRING),
	PLAIN(run_info, overrides, STRV),
	PLAIN(run_info, published, STRING),
	PLAIN(run_info, repeat, UINT),
	PLAIN(run_info, place, UINT),
	PLAIN(run_info, places, UINT),
	PLAIN(run_info, block, UINT),
	PLAIN(run_info, seed, U64),
	PLAIN(run_info, status, STRING),
	PLAIN(run_info, started, STRING),
	PLAIN(run_info, version, STRING),
	PLAIN(run_info, connect, STRING),
	PLAIN(run_info, plan_text, STRING),
	PLAIN(run_info, warmup_ns, U64),
	PLAIN(run_info, duration_ns, U64),
	PLAIN(run_info, window_start_ns, U64),
	PLAIN(run_info, window_end_ns, U64),
	PLAIN(run_info, lab_cpus, CPUSET),
	PLAIN(run_info, housekeeping_cpus, CPUSET),
	PLAIN(run_info, overcommit, DOUBLE),
	PLAIN(run_info, first_sample_ns, U64),
	PLAIN(run_info, wall_ns, U64),
	PLAIN(run_info, harness_cpu_ns, U64),
	PLAIN(run_info, harness_switches, U64),
	PLAIN(run_info, trace_mode, STRING),
	PLAIN(run_info, trace_lost, U64),
	LIST(run_info, guests, run_guest_json),
	LIST(run_info, noises, run_noise_json),
	LIST(run_info, measures, run_measure_json),
	LIST(run_info, cgroups, run_cgroup_json),
	LIST(run_info, vms, run_vm_json),
	LIST(run_info, steps, run_step_json),
	LIST(run_info, facts, run_fact_json),
	LIST(run_info, expects, run_expect_json),
	PLAIN(run_info, warnings, STRV),
};
TABLE(run_info);

void run_info_release(struct run_info *r)
{
	struct_release(&run_info_json, r);
}

int run_info_save(const struct run_info *r, const char *dir, struct err *e)
{
	json_t *j = json_from_struct(&run_info_json, r);
	auto_free char *text = json_dumps(j, JSON_INDENT(1));
	auto_free char *path = xasprintf("%s/run.json", dir);

	json_decref(j);
	if (!text)
		return err_set(e, ENOMEM, "%s: cannot be written as JSON", path);
	return replace_file(path, text, e);
}

int run_info_load(struct run_info *r, const char *dir, struct err *e)
{
	auto_free char *path = xasprintf("%s/run.json", dir);
	size_t len;
	auto_free char *text = read_file(path, RUN_JSON_MAX, &len, e);
	struct run_info loaded = {0};
	json_error_t where;
	json_t *j;
	int rc;

	if (!text)
		return -e->code;
	j = json_loadb(text, len, 0, &where);
	if (!j)
		return err_set(e, EINVAL, "%s:%d: not JSON: %s", path, where.line, where.text);
	rc = struct_from_json(&run_info_json, &loaded, j, e);
	json_decref(j);
	if (rc)
		rc = err_wrap(e, "%s", path);
	else if (loaded.format != RUN_INFO_FORMAT)
		rc = err_set(e, EINVAL, "%s: record format %d; this stealscope reads %d", path,
			loaded.format, RUN_INFO_FORMAT);
	if (rc) {
		run_info_release(&loaded);
		return rc;
	}
	*r = loaded;
	return 0;
}
