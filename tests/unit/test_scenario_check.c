// SPDX-License-Identifier: GPL-3.0-or-later
/* Wrong and hostile scenario files: every message with its line, in bounded time and memory. */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "scenario/experiment.h"
#include "tests/unit/golden.h"

/* All messages of a file, which must be wrong. */
static char *messages(const char *path, const char *const *sets, size_t n)
{
	struct scenario_msgs msgs = {0};
	struct strbuf text = {0};
	struct experiment x = {0};

	assert_int_equal(scenario_load(path, sets, n, &x, &msgs), -EINVAL);
	assert_null(x.configs);
	scenario_msgs_format(&msgs, &text);
	scenario_msgs_release(&msgs);
	return text.text;
}

static char *messages_text(const char *data, size_t len)
{
	struct scenario_msgs msgs = {0};
	struct strbuf text = {0};
	struct experiment x = {0};

	assert_int_equal(scenario_load_text("h", data, len, NULL, 0, &x, &msgs), -EINVAL);
	scenario_msgs_format(&msgs, &text);
	scenario_msgs_release(&msgs);
	return text.text;
}

static void test_all_at_once(void **state)
{
	glob_t g;

	(void)state;
	assert_int_equal(glob("tests/data/scenario/bad-*.xml", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		auto_free char *text = messages(g.gl_pathv[i], NULL, 0);
		auto_free char *golden =
			xasprintf("%.*s.txt", (int)strlen(g.gl_pathv[i]) - 4, g.gl_pathv[i]);

		assert_int_equal(golden_check(golden, text), 0);
	}
	globfree(&g);
}

static void test_bad_sets(void **state)
{
	static const char *const sets[] = {"guest.victm.vcpus=4", "guest.victim.vcpus=999",
		"guest.victim.vpcus=4", "guest.victim.timer.perod=1ms",
		"guest.victim.gap.threshold=1ms", "duratio=10s", "duration", "=", "=1", "lab.cpu=1",
		"guest.victim=1", "guest.=1", "guest..vcpus=1", "x.y.z=1", "guest.victim.name=x",
		"noise.*.duty=5%", "duration=1 s", "guest.victim.vcpus=1\n<x>",
		"guest.victim.kind=native"};
	auto_free char *text = messages("scenarios/first-light.xml", sets, ARRAY_SIZE(sets));

	(void)state;
	assert_int_equal(golden_check("tests/data/scenario/bad-sets.txt", text), 0);
}

/* What the file itself varies is not silently overridden. */
static void test_sets_against_variants(void **state)
{
	const char *sweep = "lab.overcommit=3", *variant = "guest.worker.quota=10ms";
	auto_free char *a = messages("scenarios/overcommit-sweep.xml", &sweep, 1);
	auto_free char *b = messages("scenarios/quota-throttle.xml", &variant, 1);

	(void)state;
	assert_non_null(strstr(a, "is what the sweep of scenarios/overcommit-sweep.xml:"));
	assert_non_null(strstr(b, "is what the variants of scenarios/quota-throttle.xml:"));
}

/* ---- hostile files ---- */

static void check_hostile(const char *data, size_t len, const char *message)
{
	auto_free char *text = messages_text(data, len);

	if (!strstr(text, message))
		fail_msg("wanted '%s', got: %s", message, text);
	for (const char *c = text; *c; c++)
		assert_true((unsigned char)*c >= ' ' || *c == '\n');
}

static void test_hostile_small(void **state)
{
	static const struct {
		const char *data, *message;
	} rows[] = {
		{"", "h: empty"},
		{"   ", "not well-formed"},
		{"hello", "not well-formed"},
		{"<scenario>", "h:1: not well-formed"},
		{"<scenario></guest>", "h:1: not well-formed"},
		{"<scenario/><scenario/>", "h:1: not well-formed"},
		{"<!DOCTYPE scenario><scenario/>", "h:1: a DOCTYPE is refused"},
		{"<?xml version='1.0'?>\n<!DOCTYPE scenario SYSTEM 'http://example.org/x.dtd'>\n<scenario/>",
			"h:2: a DOCTYPE is refused"},
		{"<!DOCTYPE s [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>\n<scenario name='&b;'/>",
			"h:1: a DOCTYPE is refused"},
		{"<!DOCTYPE s [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><scenario><doc>&a;</doc></scenario>",
			"h:1: a DOCTYPE is refused"},
		{"<scenario><doc>&a;</doc></scenario>", "Entity 'a' not defined"},
		{"<scenario name='&a;'/>", "Entity 'a' not defined"},
		{"<scenario xmlns='urn:x'/>", "XML namespaces are not used"},
		{"<x:scenario xmlns:x='urn:x'/>", "XML namespaces are not used"},
		{"<scenario name='a' name='b'/>", "redefined"},
		{"<?xml version='1.0' encoding='ISO-8859-1'?><scenario/>",
			"an encoding other than UTF-8"},
		{"<?xml version='1.0' encoding='UTF-16'?><scenario/>",
			"an encoding other than UTF-8"},
		{"<scenario><doc>\xff\xfe\xff</doc></scenario>", "not well-formed"},
		{"<scenario title='\x1b[2J'/>", "an escape character"},
		{"<scenario title='a&#10;b'><guest name='a'/></scenario>",
			"must be one line of text"},
		{"<scenario name='../../etc'><guest name='a'/></scenario>", "must be a name"},
		{"<scenario name='n'><include file='x.xml'/><guest name='a'/></scenario>",
			"<include> needs a scenario in a file"},
		{"<shared/>", "the root element is <shared>; it must be <scenario>"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_hostile(rows[i].data, strlen(rows[i].data), rows[i].message);
	check_hostile("<scenario\0/>", 12, "h:1: a NUL byte");
	check_hostile("\xff\xfe<\0s\0", 6, "UTF-16");
	check_hostile("\xfe\xff\0<\0s", 6, "UTF-16");
}

/* "prefix" + n x "piece" + "suffix". */
static char *repeat(
	const char *prefix, const char *piece, size_t n, const char *suffix, size_t *len)
{
	struct strbuf b = {0};

	strbuf_add(&b, "%s", prefix);
	for (size_t i = 0; i < n; i++)
		strbuf_addn(&b, piece, strlen(piece));
	strbuf_add(&b, "%s", suffix);
	*len = b.len;
	return b.text;
}

static void test_hostile_large(void **state)
{
	static const struct {
		const char *prefix, *piece;
		size_t n;
		const char *suffix, *message;
	} rows[] = {
		{"", "<a>", 300000, "", "nested more than 8 deep"},
		{"<scenario>", "<guest name='a'/>", 50000, "</scenario>",
			"more than 1000 elements"},
		{"<scenario title='", "x", 1000000, "'/>", "longer than 4096 bytes"},
		{"<scenario><doc>", "x", 1000000, "</doc></scenario>", "more than 64 KiB of text"},
		{"<scenario><doc>", "&lt;", 200000, "</doc></scenario>",
			"more than 64 KiB of text"},
		{"<scenario>", "<!-- -->", 1 << 18, "</scenario>", "larger than 1 MiB"},
		{"<scenario ", "a='' ", 2, "/>", "redefined"},
		{"<", "a", 1000000, "/>", "not well-formed"},
		{"<scenario><guest name='v'/><sweep>",
			"<over what='seed' values='1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16'/>", 8,
			"</sweep></scenario>", "at most 256 configurations"},
		{"<scenario><guest name='v'/><sweep>",
			"<over what='seed' values='1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16'/>", 9,
			"</sweep></scenario>", "more than 8 <over>"},
		{"<scenario name='many'>", "\n<guest name='a' vcpus='99'/>", 900, "</scenario>",
			"and "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len;
		auto_free char *text =
			repeat(rows[i].prefix, rows[i].piece, rows[i].n, rows[i].suffix, &len);

		check_hostile(text, len, rows[i].message);
	}
}

/* 100 MB are not even read; pipes, devices and folders are no scenarios. */
static void test_hostile_files(void **state)
{
	char dir[] = "/tmp/ss-test-XXXXXX", path[64], link[64];
	struct rusage before, after;
	char *text;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.xml", dir);
	snprintf(link, sizeof(link), "%s/link.xml", dir);
	assert_int_equal(write_file(path, "", 0, NULL), 0);
	assert_int_equal(truncate(path, 100 << 20), 0);
	getrusage(RUSAGE_SELF, &before);
	text = messages(path, NULL, 0);
	getrusage(RUSAGE_SELF, &after);
	assert_non_null(strstr(text, "larger than 1 MiB"));
	assert_true(after.ru_maxrss - before.ru_maxrss < 16 << 10);
	free(text);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	text = messages(path, NULL, 0);
	assert_non_null(strstr(text, "not a regular file"));
	free(text);
	unlink(path);
	text = messages(dir, NULL, 0);
	assert_non_null(strstr(text, "not a regular file"));
	free(text);
	text = messages(path, NULL, 0);
	assert_non_null(strstr(text, "cannot open: No such file"));
	free(text);
	/* An include is never followed out of the folder. */
	assert_int_equal(symlink("/etc/passwd", link), 0);
	text = xstrdup("<scenario name='l'><guest name='a'/><include file='link.xml'/></scenario>");
	assert_int_equal(write_file(path, text, strlen(text), NULL), 0);
	free(text);
	text = messages(path, NULL, 0);
	assert_non_null(strstr(text, "link.xml: cannot open"));
	free(text);
	remove_tree(dir, NULL);
}

/* Lines beyond 65535 are counted, too. */
static void test_many_lines(void **state)
{
	size_t len;
	auto_free char *text = repeat("<scenario name='l'>", "\n", 200000,
		"<guest name='a' vcpus='x'/></scenario>", &len);

	(void)state;
	check_hostile(text, len, "h:200001: <guest vcpus>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_bad_sets),
		cmocka_unit_test(test_sets_against_variants),
		cmocka_unit_test(test_hostile_small),
		cmocka_unit_test(test_hostile_large),
		cmocka_unit_test(test_hostile_files),
		cmocka_unit_test(test_many_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
