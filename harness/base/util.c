// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/util.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void cleanup_free(void *pp)
{
	free(*(void **)pp);
}

void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

void out_of_memory(void)
{
	/* No signal, which would look like a crash. What a run made is cleared by its reaper, as after kill -9. */
	fputs("stealscope: out of memory\n", stderr);
	_exit(EXIT_FAILED);
}

static void *or_die(void *p)
{
	if (!p)
		out_of_memory();
	return p;
}

void *xmalloc(size_t size)
{
	return or_die(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return or_die(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return or_die(realloc(p, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return or_die(strdup(s));
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *s;

	return or_die(vasprintf(&s, fmt, ap) < 0 ? NULL : s);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void *array_grow(void *arr, size_t n, size_t elem)
{
	/* Capacity is implied: the smallest power of two (from 8) above n. Growth happens only when
	 * n reaches one, so no capacity needs to be stored. */
	if (n && (n < 8 || (n & (n - 1))))
		return arr;
	if (n == 0 && arr)
		return arr;
	arr = xrealloc(arr, (n ? n * 2 : 8) * elem);
	memset((char *)arr + n * elem, 0, ((n ? n * 2 : 8) - n) * elem);
	return arr;
}

void strv_add(struct strv *v, const char *fmt, ...)
{
	va_list ap;

	ARRAY_GROW(v->items, v->n);
	va_start(ap, fmt);
	v->items[v->n++] = xvasprintf(fmt, ap);
	va_end(ap);
}

bool strv_has(const struct strv *v, const char *text)
{
	for (size_t i = 0; i < v->n; i++)
		if (!strcmp(v->items[i], text))
			return true;
	return false;
}

char *strv_join(const struct strv *v, const char *between)
{
	struct strbuf b = {0};

	strbuf_add(&b, "%s", "");
	for (size_t i = 0; i < v->n; i++)
		strbuf_add(&b, "%s%s", i ? between : "", v->items[i]);
	return b.text;
}

void strv_release(struct strv *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->items[i]);
	free(v->items);
	*v = (struct strv){0};
}

void strbuf_addn(struct strbuf *b, const char *s, size_t n)
{
	size_t room = b->text ? (size_t)1 << (64 - __builtin_clzll(b->len | 63)) : 0;

	if (b->len + n + 1 > room)
		b->text = xrealloc(b->text, (size_t)1 << (64 - __builtin_clzll((b->len + n) | 63)));
	memcpy(b->text + b->len, s, n);
	b->len += n;
	b->text[b->len] = '\0';
}

void strbuf_add(struct strbuf *b, const char *fmt, ...)
{
	auto_free char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	strbuf_addn(b, s, strlen(s));
}

void strbuf_release(struct strbuf *b)
{
	free(b->text);
	*b = (struct strbuf){0};
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void sleep_ns(uint64_t ns)
{
	struct timespec ts = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

bool name_is_safe(const char *name)
{
	size_t n = 0;

	if (!name || !isalnum((unsigned char)name[0]))
		return false;
	for (; name[n]; n++)
		if (!isalnum((unsigned char)name[n]) && !strchr("._-", name[n]))
			return false;
	return n <= 64;
}

unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[65];
	size_t na = strnlen(a, 64), nb = strnlen(b, 64);

	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned cost = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(cost, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[nb];
}
