// SPDX-License-Identifier: GPL-3.0-or-later
/* run/live_domain: which domains can be measured, and which are one clear line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "domain/live.h"
#include "run/live_domain.h"

static char pci[] = "a PCI device of the host", vda[] = "vda";

static void judged(void **state)
{
	static const struct {
		const char *name;
		enum domain_use use;
		struct live_facts f;
		int rc;
		const char *words;
	} rows[] = {
		{"it runs", USE_LIVE, {.running = true}, 0, ""},
		{"it runs, auto", USE_AUTO, {.running = true}, 0, ""},
		{"shut off, auto", USE_AUTO, {.state = "shut off"}, 0, ""},
		{"shut off, copy", USE_COPY, {.state = "shut off"}, 0, ""},
		{"shut off, live", USE_LIVE, {.state = "shut off"}, -ESRCH,
			"wants it running; start it"},
		{"paused", USE_AUTO, {.paused = true, .state = "paused"}, -EBUSY,
			"is paused; `virsh resume vm` first"},
		{"paused, copy", USE_COPY, {.paused = true, .state = "paused"}, -EBUSY, "paused"},
		{"saved", USE_AUTO, {.managed_save = true, .state = "shut off"}, -EBUSY,
			"managed save image"},
		{"a device, live", USE_LIVE, {.running = true, .passthrough = pci}, 0, ""},
		{"a device, started", USE_AUTO, {.state = "shut off", .passthrough = pci}, 0, ""},
		{"a device, copy", USE_COPY, {.state = "shut off", .passthrough = pci}, -ENOTSUP,
			"has a PCI device of the host, which a copy cannot have too"},
		{"it writes, copy", USE_COPY, {.running = true, .writes = vda}, -EBUSY,
			"runs and writes to its disk vda"},
		{"it writes, live", USE_LIVE, {.running = true, .writes = vda}, 0, ""},
		{"it would write, copy", USE_COPY, {.state = "shut off", .writes = vda}, 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = ERR_INIT;
		int rc = live_judge("vm", rows[i].use, &rows[i].f, &e);

		if (rc != rows[i].rc || !strstr(e.msg, rows[i].words))
			print_error("%s: %d, %s\n", rows[i].name, rc, e.msg);
		assert_int_equal(rc, rows[i].rc);
		assert_non_null(strstr(e.msg, rows[i].words));
		if (rc)
			assert_int_equal(e.exit, EXIT_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
