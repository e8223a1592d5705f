// SPDX-License-Identifier: GPL-3.0-or-later
/* See vcpus.h; the walk itself is vcpus.bpf.h. */
#include "host-agent/vcpus.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "host-agent/priv.h"
#include "host-agent/vcpus_shared.h"

#define MODULE_BTF "/sys/kernel/btf/kvm"

struct vcpus {
	const struct tracer *tracer;
	struct vcpu_seen *items;
};

/* Offset of a direct member, in bytes. */
static int member_offset(const struct btf *btf, const char *type, const char *name, uint32_t *out)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	for (uint32_t i = 0; t && i < btf_vlen(t); i++) {
		const char *member = btf__name_by_offset(btf, btf_members(t)[i].name_off);

		if (!member || strcmp(member, name))
			continue;
		*out = btf_member_bit_offset(t, i) / 8;
		return 0;
	}
	return -ENOENT;
}

static int find_offsets(const struct btf *btf, struct tracer_bpf *skel)
{
	uint32_t id, pid, kvm, mm;

	if (member_offset(btf, "kvm_vcpu", "vcpu_id", &id) ||
		member_offset(btf, "kvm_vcpu", "pid", &pid) ||
		member_offset(btf, "kvm_vcpu", "kvm", &kvm) || member_offset(btf, "kvm", "mm", &mm))
		return -ENOENT;
	skel->rodata->off_id = id;
	skel->rodata->off_pid = pid;
	skel->rodata->off_kvm = kvm;
	skel->rodata->off_kvm_mm = mm;
	return 0;
}

void vcpus_describe(struct tracer_bpf *skel)
{
	struct btf *kernel, *module;

	if (access(MODULE_BTF, R_OK))
		return; /* built in: libbpf finds them */
	kernel = btf__load_vmlinux_btf();
	if (!kernel || libbpf_get_error(kernel))
		return;
	module = btf__parse_split(MODULE_BTF, kernel);
	if (module && !libbpf_get_error(module)) {
		skel->rodata->kvm_is_module = !find_offsets(module, skel);
		btf__free(module);
	}
	btf__free(kernel);
}

int vcpus_open(const struct tracer *t, struct vcpus **out, struct err *e)
{
	struct vcpus *v;

	if (!t->skel->links.list_vcpus)
		return err_set(e, ENOTSUP, "eBPF cannot walk open files here: %s", t->no_vcpus.msg);
	if (!t->skel->bss->kvm_described)
		return err_set(e, ENOTSUP,
			"KVM's structures are described neither in this kernel's BTF nor in " MODULE_BTF);
	v = xcalloc(1, sizeof(*v));
	v->tracer = t;
	*out = v;
	return 0;
}

void vcpus_close(struct vcpus *v)
{
	if (!v)
		return;
	free(v->items);
	free(v);
}

static int by_place(const void *a, const void *b)
{
	const struct vcpu_row *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	if (x->kvm != y->kvm)
		return x->kvm < y->kvm ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->vcpu < y->vcpu ? -1 : x->vcpu > y->vcpu;
}

/* Sorted rows become vCPUs; a file that a process has twice counts once. */
static size_t take_rows(struct vcpus *v, const struct vcpu_row *rows, size_t n)
{
	size_t used = 0;

	v->items = xrealloc(v->items, (n ? n : 1) * sizeof(*v->items));
	for (size_t i = 0; i < n; i++) {
		const struct vcpu_row *r = &rows[i], *p = i ? r - 1 : NULL;
		uint32_t vm = 0;

		if (p && p->tgid == r->tgid && p->vcpu == r->vcpu)
			continue;
		if (used && p->tgid == r->tgid)
			vm = v->items[used - 1].vm + (p->kvm != r->kvm);
		v->items[used++] = (struct vcpu_seen){r->tgid, r->tid, r->id, vm};
	}
	return used;
}

int vcpus_list(struct vcpus *v, const struct vcpu_seen **out, size_t *n, struct err *e)
{
	auto_close int fd = bpf_iter_create(bpf_link__fd(v->tracer->skel->links.list_vcpus));
	auto_free char *rows = NULL;
	size_t used = 0, size = 0;
	ssize_t got;

	if (fd < 0)
		return err_sys(e, "cannot walk the open files");
	do {
		if (size - used < 4096)
			rows = xrealloc(rows, size += 64 << 10);
		got = read(fd, rows + used, size - used);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN)));
	if (got < 0)
		return err_sys(e, "cannot walk the open files");
	used /= sizeof(struct vcpu_row);
	qsort(rows, used, sizeof(struct vcpu_row), by_place);
	*n = take_rows(v, (const struct vcpu_row *)(const void *)rows, used);
	*out = v->items;
	return 0;
}
