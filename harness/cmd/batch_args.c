// SPDX-License-Identifier: GPL-3.0-or-later
/* What a batch was asked to do: from the command line, and back for the journal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/batch.h"
#include "cmd/library.h"

static void take_shard(void *args, const char *arg, struct argp_state *state)
{
	struct batch_args *a = &((struct args *)args)->batch;
	int used = 0;

	if (sscanf(arg, "%u/%u%n", &a->shard, &a->shards, &used) != 2 || arg[used] ||
		a->shard < 1 || a->shards < a->shard || a->shards > 10000)
		argp_error(state, "--shard wants K/N, like 1/4, not '%s'", arg);
}

/* "timer.late.p99:victim:2%" */
static void take_until(void *args, const char *arg, struct argp_state *state)
{
	struct batch_until *u = &((struct args *)args)->batch.until;
	auto_free char *copy = xstrdup(arg);
	char *last = strrchr(copy, ':'), *guest, *end;

	if (last)
		*last++ = '\0';
	guest = strchr(copy, ':');
	if (guest)
		*guest++ = '\0';
	free(u->metric);
	u->metric = xstrdup(copy);
	free(u->guest);
	u->guest = guest && *guest ? xstrdup(guest) : NULL;
	u->share = last ? strtod(last, &end) / 100 : 0;
	if (!last || end == last || strcmp(end, "%") || !(u->share > 0 && u->share <= 1))
		argp_error(state,
			"--until wants METRIC:P%% or METRIC:GUEST:P%%, like timer.late.p99:victim:2%%, not '%s'",
			arg);
}

static uint64_t parse_u64(const char *option, const char *arg, struct argp_state *state)
{
	char *end;
	unsigned long long v = strtoull(arg, &end, 10);

	if (arg[0] < '0' || arg[0] > '9' || *end)
		argp_error(state, "--%s wants a number, not '%s'", option, arg);
	return v;
}

static void take_seed(void *args, const char *arg, struct argp_state *state)
{
	struct batch_args *a = &((struct args *)args)->batch;

	a->seed = parse_u64("seed", arg, state);
	a->have_seed = true;
}

static void take_retries(void *args, const char *arg, struct argp_state *state)
{
	((struct args *)args)->batch.retries = (unsigned)parse_u64("retries", arg, state);
}

static void take_cool_down(void *args, const char *arg, struct argp_state *state)
{
	bool none = !strcmp(arg, "0") || !strcmp(arg, "0s");

	((struct args *)args)->batch.cool_down_ns =
		none ? 0 : parse_count("cool-down", arg, 3600, "s", state) * NS_PER_S;
}

static void check_jobs(void *args, const char *arg, struct argp_state *state)
{
	(void)args;
	if (strcmp(arg, "1"))
		argp_error(state,
			"--jobs is always 1: two runs on one box would measure each other; use --shard for more boxes");
}

static const struct cmd_option options[] = {
	OPTION_SET(batch.sets),
	OPTION_REPEATS(
		batch.repeats, "Boot every configuration N times (default: as scenarios say)"),
	{"seed", 0, "N", "Seed of the random order (default: the first scenario's)", BY(take_seed)},
	{"until", 0, "METRIC[:GUEST]:P%",
		"Stop a scenario early when half the 95 % interval of the metric's median is within P % of it in each configuration; --repeats is the cap (default then: 30)",
		BY(take_until)},
	{"resume", 0, NULL,
		"Go on with the unfinished batch of the same scenarios and options, or (given none) with the newest unfinished one; where there is no such batch, begin it",
		TO_FLAG(resume)},
	{"shard", 0, "K/N", "Only the K-th of N parts, split by whole blocks", BY(take_shard)},
	{"cool-down", 0, "SECONDS",
		"Before each run, wait at most so long for quiet lab CPUs (default 10; 0: do not)",
		BY(take_cool_down)},
	{"retries", 0, "N", "Repeat a run that failed so often (default 1)", BY(take_retries)},
	{"jobs", 0, "1", "Always one run at a time: two would measure each other", BY(check_jobs)},
	{"id", 0, "ID", "Id of the experiment, shared by all its shards", TO_TEXT(batch.id)},
	{"sum-up", 0, "ID", "Run nothing: judge all records of an experiment, as of merged shards",
		TO_TEXT(sum_up)},
	OPTIONS_EXECUTE(boot_timeout_ns, no_agent),
	{0},
};

static void check_id(const char *id, struct argp_state *state)
{
	if (id && (!name_is_safe(id) || strlen(id) > 32))
		argp_error(state, "an id is up to 32 letters, digits, - and _, not '%s'", id);
}

static void check(void *args, struct argp_state *state)
{
	const struct args *l = args;

	check_id(l->batch.id, state);
	check_id(l->sum_up, state);
	if (l->sum_up && (l->paths.n || l->resume))
		argp_error(state, "--sum-up runs nothing: give no scenario and no --resume");
	if (!l->sum_up && !l->resume && !l->paths.n)
		argp_error(state,
			"which scenario files, folders or names (`stealscope list scenarios`)? For example scenarios/");
}

const struct cmd_line batch_cmd_line = {
	.more = "A block is one repeat of a scenario: each configuration boots once, in random order. Every boot makes a record; RESULTS/batch-ID/ gets the journal, junit.xml and summary.html. Killed at any instant, `batch --resume` goes on where it was. Exit status 3 when an expectation fell short over the boots of a scenario, 1 when a boot failed for good.",
	.options = options,
	.operand = TO_LIST(paths),
	.check = check,
};

void batch_line_init(struct args *l)
{
	*l = (struct args){
		.batch = {.shard = 1, .shards = 1, .cool_down_ns = 10 * NS_PER_S, .retries = 1}};
}

int batch_line_format(const struct args *l, const char *connect, struct strv *out, struct err *e)
{
	const struct batch_args *a = &l->batch;

	if (strcmp(connect, "auto"))
		strv_add(out, "--connect=%s", connect);
	for (size_t i = 0; i < a->sets.n; i++)
		strv_add(out, "--set=%s", a->sets.items[i]);
	if (a->repeats)
		strv_add(out, "--repeats=%u", a->repeats);
	if (a->have_seed)
		strv_add(out, "--seed=%llu", (unsigned long long)a->seed);
	if (a->until.metric)
		strv_add(out, "--until=%s%s%s:%.9g%%", a->until.metric, a->until.guest ? ":" : "",
			a->until.guest ? a->until.guest : "", 100 * a->until.share);
	if (a->shards > 1)
		strv_add(out, "--shard=%u/%u", a->shard, a->shards);
	if (a->id)
		strv_add(out, "--id=%s", a->id);
	strv_add(out, "--cool-down=%llu", (unsigned long long)(a->cool_down_ns / NS_PER_S));
	strv_add(out, "--retries=%u", a->retries);
	if (l->boot_timeout_ns)
		strv_add(out, "--boot-timeout=%llu",
			(unsigned long long)(l->boot_timeout_ns / NS_PER_S));
	if (l->no_agent)
		strv_add(out, "--no-agent");
	for (size_t i = 0; i < l->paths.n; i++) {
		auto_free char *path = realpath(l->paths.items[i], NULL);

		if (!path) {
			err_sys(e, "%s", l->paths.items[i]);
			e->exit = EXIT_USAGE;
			return -e->code;
		}
		strv_add(out, "%s", path);
	}
	return 0;
}

/* A file that only others include holds no <scenario>. */
static bool holds_scenario(const char *path)
{
	auto_free char *text = read_file(path, 1 << 20, NULL, NULL);

	return !text || strstr(text, "<scenario"); /* what cannot be read is told of later */
}

static int add_folder(const char *dir, struct strv *out, struct err *e)
{
	auto_struct(strv) names = {0};
	size_t before = out->n;

	if (folder_names(dir, ".xml", &names))
		return err_sys(e, "%s", dir);
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names.items[i]);

		if (holds_scenario(path))
			strv_add(out, "%s", path);
	}
	if (out->n == before)
		return err_set_exit(e, EXIT_USAGE, ENOENT, "%s: no scenario in this folder", dir);
	return 0;
}

int batch_line_files(const struct strv *paths, struct strv *out, struct err *e)
{
	for (size_t i = 0; i < paths->n; i++) {
		auto_free char *path = library_file(paths->items[i]);
		struct stat st;
		int rc = 0;

		if (stat(path, &st))
			rc = err_sys(e, "%s", path);
		else if (S_ISDIR(st.st_mode))
			rc = add_folder(path, out, e);
		else
			strv_add(out, "%s", path);
		if (rc) {
			e->exit = EXIT_USAGE;
			return rc;
		}
	}
	return 0;
}
