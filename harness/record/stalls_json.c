// SPDX-License-Identifier: GPL-3.0-or-later
#include "record/stalls_json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "stalls/number.h"

#define TEXT_MAX ((size_t)256 << 20)

struct stalls_json {
	struct stall *rows;
	size_t n, next, room;
};

static bool take_ns(const json_t *v, uint64_t *out)
{
	double d = json_number_value(v);

	if (json_is_integer(v) && json_integer_value(v) >= 0) {
		*out = (uint64_t)json_integer_value(v);
		return true;
	}
	if (!json_is_real(v) || !(d >= 0) || d > 9e18)
		return false;
	*out = (uint64_t)d;
	return true;
}

/* One core's list. False: it is not such a list. */
static bool take_core(struct stalls_json *j, const json_t *list, unsigned cpu)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		struct stall s = {.cpu = cpu};

		if (json_array_size(row) != 2 || !take_ns(json_array_get(row, 0), &s.start_ns) ||
			!take_ns(json_array_get(row, 1), &s.length_ns) ||
			s.length_ns > STALLS_LENGTH_MAX)
			return false;
		if (!s.length_ns)
			continue;
		s.taken_ns = s.length_ns;
		if (j->n == j->room) {
			j->room = j->room ? 2 * j->room : 1024;
			j->rows = xrealloc(j->rows, j->room * sizeof(s));
		}
		j->rows[j->n++] = s;
	}
	return json_is_array(list);
}

static bool take_all(struct stalls_json *j, json_t *root)
{
	const char *key;
	json_t *list;

	if (json_is_array(root)) {
		for (size_t i = 0; i < json_array_size(root); i++)
			if (i > STALLS_CPU_MAX ||
				!take_core(j, json_array_get(root, i), (unsigned)i))
				return false;
		return true;
	}
	json_object_foreach(root, key, list)
	{
		const char *p = key;
		uint64_t cpu;

		if (!stalls_take_fixed(&p, 0, &cpu) || *p || cpu > STALLS_CPU_MAX ||
			!take_core(j, list, (unsigned)cpu))
			return false;
	}
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct stall *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

int stalls_json_open(const char *path, struct stalls_json **out, struct err *e)
{
	struct stalls_json *j = xcalloc(1, sizeof(*j));
	size_t len = 0;
	auto_free char *text = read_file(path, TEXT_MAX, &len, e);
	json_error_t why;
	json_t *root = text ? json_loadb(text, len, 0, &why) : NULL;
	int rc = text ? 0 : -e->code;

	if (text && !root)
		rc = err_set_exit(
			e, EXIT_USAGE, EINVAL, "%s:%d: no JSON: %s", path, why.line, why.text);
	else if (root && !take_all(j, root))
		rc = err_set_exit(e, EXIT_USAGE, EINVAL,
			"%s: no osnoise trace; it is {\"0\": [[start_ns, duration_ns], ...], ...}, a list for each core",
			path);
	json_decref(root);
	if (!rc && j->n) {
		qsort(j->rows, j->n, sizeof(*j->rows), by_start);
		for (size_t i = j->n; i-- > 0;)
			j->rows[i].start_ns -= j->rows[0].start_ns;
		if (j->rows[j->n - 1].start_ns > STALLS_TIME_MAX)
			rc = err_set_exit(e, EXIT_USAGE, EINVAL,
				"%s: its starts lie more than 366 days apart; they are in ns",
				path);
	}
	if (rc)
		stalls_json_close(j);
	else
		*out = j;
	return rc;
}

int stalls_json_next(struct stalls_json *j, struct stall *out)
{
	if (j->next == j->n)
		return 0;
	*out = j->rows[j->next++];
	return 1;
}

void stalls_json_close(struct stalls_json *j)
{
	if (!j)
		return;
	free(j->rows);
	free(j);
}
