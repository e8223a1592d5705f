// SPDX-License-Identifier: GPL-3.0-or-later
/* The vocabularies: every value has its word, every word its value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "noise/priv.h"
#include "terms/kinds.h"

static const struct {
	const struct words *words;
	unsigned first, last;
} all[] = {
	{&words_accel, ACCEL_AUTO, ACCEL_TCG},
	{&words_accel_found, SHM_ACCEL_UNKNOWN, SHM_ACCEL_XEN},
	{&words_vcpu_policy, SCHED_AS_IS, SCHED_RT_RR},
	{&words_timer_policy, SHM_POLICY_OTHER, SHM_POLICY_DEADLINE},
	{&words_placement, PLACE_FLOAT, PLACE_LLC},
	{&words_relation, EXPECT_BELOW, EXPECT_NEAR},
	{&words_relation_sign, EXPECT_BELOW, EXPECT_NEAR},
	{&words_memory_mode, MEMORY_CHASE, MEMORY_BANDWIDTH},
	{&words_probe, PROBE_TIMER, PROBE_STEAL},
	{&words_trace_mode, TRACE_MODE_COUNTERS, TRACE_MODE_COUNTS},
	{&words_thread_state, THREAD_UNKNOWN, THREAD_EXITED},
	{&words_guest_kind, GUEST_METAL, GUEST_DOMAIN},
	{&words_disk_format, DISK_AUTO, DISK_RAW},
	{&words_disk_boot, DISK_BIOS, DISK_UEFI},
	{&words_disk_network, NETWORK_NONE, NETWORK_USER},
	{&words_disk_agent, AGENT_SEED, AGENT_NONE},
	{&words_disk_backing, BACKING_FOLDER, BACKING_ANYWHERE},
	{&words_measure_better, MEASURE_LOWER, MEASURE_HIGHER},
};

static void every_value_has_its_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct words *w = all[i].words;

		assert_int_equal(w->n, all[i].last + 1);
		for (unsigned v = all[i].first; v <= all[i].last; v++) {
			assert_non_null(word_of(w, v));
			assert_int_equal(word_find(w, word_of(w, v)), v);
			assert_true(word_is(w, word_of(w, v), v));
		}
		assert_null(word_of(w, w->n));
		assert_null(word_of(w, ~0u));
		assert_int_equal(word_find(w, "no such word"), -1);
		assert_false(word_is(w, NULL, all[i].first));
	}
	assert_string_equal(word_or_unknown(&words_trace_mode, 99), "unknown");
	assert_string_equal(word_or_unknown(&words_probe, PROBE_NONE), "unknown");
}

static void kinds_say_what_they_are(void **state)
{
	(void)state;
	for (unsigned i = 0; i < words_guest_kind.n; i++)
		assert_non_null(kind_of(&words_guest_kind, i)->doc);
	assert_null(kind_of(&words_guest_kind, words_guest_kind.n));
	assert_null(kind_of(&words_placement, 0));
	for (unsigned i = 0; i < words_noise_kind.n; i++) {
		const struct kind *k = kind_of(&words_noise_kind, i);
		bool guest = k->traits & NOISE_IS_GUEST;

		assert_int_equal(word_find(&words_noise_kind, k->name), i);
		assert_non_null(k->doc);
		assert_true(guest != !!(k->traits & NOISE_IS_PROCESS));
		assert_true(guest == !noise_work_find(k->name));
		assert_true(!(k->traits & NOISE_TAKES_ARGS) || k->example);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_has_its_word),
		cmocka_unit_test(kinds_say_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
