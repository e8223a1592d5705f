// SPDX-License-Identifier: GPL-3.0-or-later
#include "stalls/number.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool add_digit(uint64_t *v, char c)
{
	return !__builtin_mul_overflow(*v, UINT64_C(10), v) &&
	       !__builtin_add_overflow(*v, (uint64_t)(c - '0'), v);
}

bool stalls_take_fixed(const char **p, unsigned digits, uint64_t *out)
{
	const char *s = *p;
	uint64_t v = 0;

	if (!is_digit(*s))
		return false;
	for (; is_digit(*s); s++)
		if (!add_digit(&v, *s))
			return false;
	if (*s == '.' && is_digit(s[1]))
		for (s++; is_digit(*s); s++)
			if (digits && !(digits--, add_digit(&v, *s)))
				return false;
	while (digits--)
		if (!add_digit(&v, '0'))
			return false;
	*p = s;
	*out = v;
	return true;
}
