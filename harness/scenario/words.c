// SPDX-License-Identifier: GPL-3.0-or-later
// A scenario's words, back from number to text.
#include "scenario/experiment.h"
#include "scenario/keys.h"

const char *expect_relation_name(enum expect_relation r)
{
	return words_relation[r];
}

const char *expect_relation_sign(enum expect_relation r)
{
	static const char *const signs[] = {"<", "<=", ">", ">=", "within"};

	return signs[r];
}

const char *placement_name(enum placement p)
{
	return words_placement[p];
}

const char *published_name(const struct exp_config *c)
{
	return c->published ? words_published[c->published] : "";
}

const char *noise_word_name(enum noise_word n)
{
	return words_noise[n];
}

const char *guest_kind_name(enum guest_kind k)
{
	return words_guest_kind[k];
}

const char *probe_word_name(enum probe_word p)
{
	return key_elems[ELEM_TIMER + p - PROBE_WORD_TIMER].name;
}
