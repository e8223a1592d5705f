// SPDX-License-Identifier: GPL-3.0-or-later
#include "noise/stalls_map.h"

#include <errno.h>
#include <string.h>

static int take_map(const struct plan_stalls *s, struct stalls_map *out, struct err *e)
{
	unsigned from, to;
	int len;

	for (const char *p = s->map; sscanf(p, " %5u:%2u%n", &from, &to, &len) == 2; p += len) {
		if (from > STALLS_CPU_MAX || to >= s->n_cpus)
			return err_set_exit(e, EXIT_USAGE, EINVAL,
				"map \"%u:%u\": '%s' has vCPUs 0 to %zu", from, to, s->victim,
				s->n_cpus - 1);
		out->vcpu[from] = (int16_t)to;
	}
	return 0;
}

int stalls_map_make(const struct plan_stalls *s, struct stalls_map *out, struct err *e)
{
	struct cpuset cpus = {0};
	struct stalls_reader *r;
	size_t n = 0;
	int rc;

	memset(out, 0xff, sizeof(*out));
	if (*s->map)
		return take_map(s, out, e);
	if (s->trace) {
		rc = stalls_open(s->how.trace, &r, e);
		if (rc)
			return rc;
		cpus = stalls_head(r)->cpus;
		stalls_close(r);
	}
	for (unsigned c = 0; c <= STALLS_CPU_MAX && n < s->n_cpus; c++)
		if (cpuset_empty(&cpus) || cpuset_has(&cpus, c))
			out->vcpu[c] = (int16_t)n++;
	return 0;
}

int stalls_map_find(const struct stalls_map *m, unsigned cpu)
{
	return cpu <= STALLS_CPU_MAX ? m->vcpu[cpu] : -1;
}
