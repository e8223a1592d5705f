/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run.json: load and save, by the tables that run_info.def makes. */
#include "record/run_info.h"
#include "base/replace.h"

#include <errno.h>

#include "record/folder.h"
#include "record/json_map.h"

#define RUN_JSON_MAX (64u << 20) /* a larger run.json is not ours */
#define ITEMS_MAX    100000u

/* A table for each struct, within a function so that `self` can be its type. */
/* clang-format off */
#define STRUCT(s) \
	static const struct json_struct *s##_json(void) { \
		typedef struct s self; \
		static const struct field fields[] = {
#define END(s) \
		}; \
		static const struct json_struct all = {sizeof(self), fields, ARRAY_SIZE(fields)}; \
		return &all; \
	}
#define PLAIN(f, t) {.key = #f, .type = FIELD_##t, .offset = offsetof(self, f)},
#define BOUNDED(f, s, most) \
	{.key = #f, .type = FIELD_ARRAY, .offset = offsetof(self, f), .count_offset = offsetof(self, n_##f), \
		.sub = s##_json, .max = (most)},
#define TEXT(f)            PLAIN(f, STRING)
#define TEXTS(f)           PLAIN(f, STRV)
#define U64(f)             PLAIN(f, U64)
#define U64X4(f)           PLAIN(f, U64X4)
#define INT(f)             PLAIN(f, INT)
#define UINT(f)            PLAIN(f, UINT)
#define BOOL(f)            PLAIN(f, BOOL)
#define DOUBLE(f)          PLAIN(f, DOUBLE)
#define CPUS(f)            PLAIN(f, CPUSET)
#define LIST(f, s)         BOUNDED(f, s, ITEMS_MAX)
/* clang-format on */
#include "record/run_info.def"

void run_probe_add(struct run_probe *p, unsigned vcpu)
{
	cpuset_add(&p->vcpus, vcpu);
	p->vcpu_mask = p->vcpus.bits[0];
}

/* Records of up to 16 vCPUs a guest have masks instead; their "all" had 64 bits. */
static void read_masks(struct run_info *r)
{
	for (size_t g = 0; g < r->n_guests; g++)
		for (size_t i = 0; i < r->guests[g].n_probes; i++) {
			struct run_probe *p = &r->guests[g].probes[i];

			if (cpuset_empty(&p->vcpus))
				p->vcpus.bits[0] = p->vcpu_mask;
		}
}

void run_info_release(struct run_info *r)
{
	struct_release(run_info_json(), r);
}

int run_info_save(const struct run_info *r, const char *dir, struct err *e)
{
	json_auto_t *j = json_from_struct(run_info_json(), r);
	auto_free char *text = json_dumps(j, JSON_INDENT(1));
	auto_free char *path = xasprintf("%s/run.json", dir);

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
	json_auto_t *j = NULL;
	int rc;

	if (!text)
		return -e->code;
	j = json_loadb(text, len, 0, &where);
	if (!j)
		return err_set(e, EINVAL, "%s:%d: not JSON: %s", path, where.line, where.text);
	rc = struct_from_json(run_info_json(), &loaded, j, e);
	if (rc)
		rc = err_wrap(e, "%s", path);
	else if (loaded.format != RUN_INFO_FORMAT)
		rc = err_set(e, EINVAL, "%s: record format %d; this stealscope reads %d", path,
			loaded.format, RUN_INFO_FORMAT);
	if (rc) {
		run_info_release(&loaded);
		return rc;
	}
	read_masks(&loaded);
	*r = loaded;
	return 0;
}
