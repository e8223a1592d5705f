// SPDX-License-Identifier: GPL-3.0-or-later
// Keys of what is around guests and noise: the scenario, its lab, variants, sweeps, expectations.
#include "scenario/keys_rows.h"

static const char *const published[] = {"none", "choi-3v4", "vultr", "aws"};
static const struct words words_published = WORDS_OF(published);

#define AT(field) offsetof(struct exp_config, field)
const struct key_attr keys_scenario[] = {
	{"name", VALUE_NAME, KEY_NOT_STORED,
		.doc = "Its name in lists and records; the file's name without .xml if not given."},
	{"title", VALUE_TEXT, KEY_NOT_STORED,
		.doc = "One line for lists; the first line of <doc> if not given."},
	{"warmup", VALUE_TIME, AT(warmup_ns), 0, HOURS(1), "1s",
		.doc = "Time that guests and noise run before measuring begins."},
	{"duration", VALUE_TIME, AT(duration_ns), NS_PER_MS * 100, HOURS(720), "10s",
		.doc = "Length of the measured window."},
	{"repeats", VALUE_COUNT, AT(repeats), 1, 1000, "1",
		.doc = "How often each configuration is run; each run boots its guests anew."},
	{"seed", VALUE_BIG, AT(seed), 0, INT64_MAX, "1",
		.doc = "Seed of the random order of runs."},
	{"trace", VALUE_WORD, AT(trace), 0, 0, "events", &words_trace_mode,
		.doc = "What the host tracer keeps: the timeline (events), totals per victim and culprit (counts, for hours), or no trace (counters)."},
	{"trace-limit", VALUE_SIZE, AT(trace_bytes), MIB / 256, 1024 * GIB,
		.doc = "Bytes of the record that the host's trace may fill (default 64 MiB, and 4 MiB per lab CPU and second of the run); what comes after is counted as lost."},
	{"published", VALUE_WORD, AT(published), 0, 0, "none", &words_published,
		.doc = "Published figures to show beside this scenario's: their changes from variant to variant, by the names of variants that the table knows; or, in the report of each record, the published range beside what its guests felt."},
	{0},
};
#undef AT

const struct key_attr keys_include[] = {
	{"file", VALUE_FILE, 0, .required = true,
		.doc = "A file beside this one whose root is <shared>."},
	{0},
};

#define AT(field) offsetof(struct exp_lab, field)
const struct key_attr keys_lab[] = {
	{"cpus", VALUE_RANGE, AT(cpus), 1, CPUSET_MAX,
		.doc = "How many CPUs the lab takes; a range takes as many as the box has. Auto: as many as there are vCPUs or, with overcommit, as that number says; at most what the box has."},
	{"overcommit", VALUE_RATIO, AT(overcommit), 0, 64,
		.doc = "vCPUs per lab CPU. With cpus it sets the count or vcpus of the guest that says auto there; without cpus it sets the number of lab CPUs."},
	{"cpuset", VALUE_CPUSET, AT(cpuset),
		.doc = "These CPUs and no others. Makes the file fit one box only."},
	{"node", VALUE_AUTO, AT(node), 0, 1023, "auto", .doc = "Take CPUs of this NUMA node only."},
	{"llc", VALUE_AUTO, AT(llc), 1, 1024, "auto",
		.doc = "Take the CPUs evenly from this many last-level caches (L3, CCX); auto: from as few as hold them."},
	{"isolated", VALUE_WORD, AT(isolated), 0, 0, "auto", WORDS("auto", "require", "avoid"),
		.doc = "Use of CPUs that the kernel isolates (isolcpus=). Auto: used when everything is pinned to single CPUs, since nothing moves a thread off an isolated CPU."},
	{"smt", VALUE_WORD, AT(smt), 0, 0, "auto", WORDS("auto", "first", "whole"),
		.doc = "One SMT thread of each core (first) or all of them (whole). Auto: whole when a guest is placed on siblings or first threads do not suffice, else first."},
	{"cores", VALUE_WORD, AT(cores), 0, 0, "auto", WORDS("auto", "performance", "efficiency"),
		.doc = "Which cores of a hybrid CPU. Auto: performance cores when there are enough."},
	{0},
};
#undef AT

const struct key_attr keys_variant[] = {
	{"name", VALUE_NAME, 0, .required = true, .doc = "Its name."},
	{0},
};
const struct key_attr keys_set[] = {
	{"what", VALUE_TEXT, 0, .required = true, .doc = "A path, see Paths."},
	{"to", VALUE_TEXT, 0, .required = true, .doc = "The value it has in this variant."},
	{0},
};
const struct key_attr keys_add[] = {
	{"to", VALUE_TEXT, 0, .doc = "The guest that gets the probes inside, as guest.victim."},
	{0},
};
const struct key_attr keys_remove[] = {
	{"what", VALUE_TEXT, 0, .required = true,
		.doc = "guest.NAME, noise.NAME or guest.NAME.PROBE."},
	{0},
};
const struct key_attr keys_sweep[] = {
	{"mode", VALUE_WORD, 0, 0, 0, "cartesian", WORDS("cartesian", "zip"),
		.doc = "Every combination of the values, or the first with the first, the second with the second."},
	{0},
};
const struct key_attr keys_over[] = {
	{"what", VALUE_TEXT, 0, .required = true, .doc = "A path, see Paths."},
	{"values", VALUE_TEXT, 0, .required = true, .doc = "Its values, separated by blanks."},
	{0},
};

#define AT(field) offsetof(struct exp_expect, field)
const struct key_attr keys_expect[] = {
	{"metric", VALUE_TEXT, AT(metric), .required = true,
		.doc = "A name of `stealscope list metrics`."},
	{"guest", VALUE_NAME, AT(guest),
		.doc = "The guest, or all copies of it; every guest that is not noise if not given."},
	{"variant", VALUE_NAME, KEY_NOT_STORED,
		.doc = "A variant, or one sweep point by its name; all of them if not given."},
	{"below", VALUE_NUMBER, KEY_NOT_STORED, .doc = "The metric must be less than this."},
	{"at-most", VALUE_NUMBER, KEY_NOT_STORED, .doc = "... this or less."},
	{"above", VALUE_NUMBER, KEY_NOT_STORED, .doc = "... more than this."},
	{"at-least", VALUE_NUMBER, KEY_NOT_STORED, .doc = "... this or more."},
	{"near", VALUE_NUMBER, KEY_NOT_STORED, .doc = "... within the tolerance of this."},
	{"tolerance", VALUE_PART, AT(tolerance), 0, 0, "0.05",
		.doc = "Relative tolerance of near."},
	{"of-metric", VALUE_TEXT, AT(of_metric), 0, 0, "",
		.doc = "Compare with this metric: the number is then a factor of it."},
	{"of-variant", VALUE_NAME, KEY_NOT_STORED,
		.doc = "Compare with the same metric of this variant: the number is then a factor of it."},
	{"of-guest", VALUE_NAME, AT(of_guest),
		.doc = "Compare with the same metric of this guest: the number is then a factor of it."},
	{0},
};
#undef AT

const char *published_name(const struct exp_config *c)
{
	return c->published ? word_of(&words_published, c->published) : "";
}
