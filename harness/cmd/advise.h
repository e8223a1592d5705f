/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `advise` and its trial share. */
#ifndef SS_CMD_ADVISE_H
#define SS_CMD_ADVISE_H

#include "cmd/cmd.h"
#include "report/run/advice.h"
#include "run/advise.h"

struct advise_prove {
	bool wanted;
	const char *candidate; /* NULL = the best */
	unsigned rounds;
	uint64_t each_ns;
	const char *measure;
	bool higher, keep, persistent;
};

struct advice_about advise_about(const struct advised *all, const struct advised_vm *vm);
/* The list, as `advise --json` has it. */
void advise_print_json(const struct advised *all);
/* Try a candidate for the only VM of `all`, print what came out. */
int advise_prove(const struct cmd_common *c, const struct advise_prove *how,
	struct advise_guard *guard, const struct advised *all, struct err *e);

#endif
