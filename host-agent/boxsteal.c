// SPDX-License-Identifier: GPL-3.0-or-later
/* See boxsteal.h. */
#include "host-agent/boxsteal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
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
		int why = errno;

		boxsteal_close(b);
		/* What the loader says for a symbol whose address the kernel does not know. */
		if (why == ENOENT)
			return err_set(e, why,
				"this kernel does not list its variables (CONFIG_KALLSYMS_ALL is not set), so eBPF does not find the counter");
		errno = why;
		return err_sys(e, "cannot read it through eBPF");
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
