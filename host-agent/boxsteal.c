// SPDX-License-Identifier: GPL-3.0-or-later
/* See boxsteal.h. */
#include "host-agent/boxsteal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "host-agent/tracer_shared.h"
#include "boxsteal.skel.h"

struct boxsteal {
	struct boxsteal_bpf *skel;
};

int boxsteal_open(struct boxsteal **out, struct err *e)
{
	struct boxsteal *b = xcalloc(1, sizeof(*b));

	b->skel = boxsteal_bpf__open_and_load();
	if (!b->skel || !boxsteal_read(b)) {
		boxsteal_close(b);
		return err_sys(e, "cannot read the box's steal through eBPF");
	}
	*out = b;
	return 0;
}

void boxsteal_close(struct boxsteal *b)
{
	if (!b)
		return;
	boxsteal_bpf__destroy(b->skel);
	free(b);
}

const uint64_t *boxsteal_read(struct boxsteal *b)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	if (bpf_prog_test_run_opts(bpf_program__fd(b->skel->progs.read_steal), &opts))
		return NULL;
	return b->skel->bss->steal_ns;
}
