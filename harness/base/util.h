/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small things every part needs: cleanup attributes, strings, files, time. Memory exhaustion ends
 * the process with a line (the harness is a short-lived tool), so x*() functions never fail. */
#ifndef SS_BASE_UTIL_H
#define SS_BASE_UTIL_H

#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))
#define NS_PER_S      UINT64_C(1000000000)
#define NS_PER_MS     UINT64_C(1000000)
#define NS_PER_US     UINT64_C(1000)

void cleanup_free(void *pp);
void cleanup_close(int *fd);
void cleanup_fclose(FILE **f);
#define auto_free   __attribute__((cleanup(cleanup_free)))
#define auto_close  __attribute__((cleanup(cleanup_close)))
#define auto_fclose __attribute__((cleanup(cleanup_fclose)))
/* A struct that TYPE_release() is called on at the end of its block: auto_struct(strbuf) out = {0};
 */
#define auto_struct(type) __attribute__((cleanup(type##_release))) struct type
/* A pointer that FUNCTION() frees at the end of its block, unless it is NULL; AUTO_PTR() stands beside
 * the function's declaration: auto_ptr(analysis_free) struct analysis *a = NULL; */
#define auto_ptr(function) __attribute__((cleanup(function##_at)))
#define AUTO_PTR(function, type)                                                                   \
	static inline void function##_at(type *p)                                                  \
	{                                                                                          \
		if (*p)                                                                            \
			function(*p);                                                              \
	}

/* One line, and status 1. */
_Noreturn void out_of_memory(void);
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* Grow `*arr` (elements of `elem` bytes) so that index `n` is valid; new memory is zeroed.
 * Use through: ARRAY_GROW(items, n_items). */
void *array_grow(void *arr, size_t n, size_t elem);
#define ARRAY_GROW(arr, n) ((arr) = array_grow((arr), (n), sizeof(*(arr))))

/* A growing list of owned strings. Zero-initialised is empty. */
struct strv {
	char **items;
	size_t n;
};
void strv_add(struct strv *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool strv_has(const struct strv *v, const char *text);
/* All of it with `between` between; "" of an empty one. Caller frees. */
char *strv_join(const struct strv *v, const char *between);
void strv_release(struct strv *v);

/* A growing text buffer. Zero-initialised is empty; `text` is NULL until something is added. */
struct strbuf {
	char *text;
	size_t len;
};
void strbuf_add(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_addn(struct strbuf *b, const char *s, size_t n);
void strbuf_release(struct strbuf *b);

/* The whole of a (small) file, NUL-terminated; *len may be NULL. Caller frees. NULL with `e` set on
 * failure, or when the file is larger than `max` bytes. Works on /proc and /sys (size 0) files. */
char *read_file(const char *path, size_t max, size_t *len, struct err *e);
/* A number in a one-line file. -errno on failure, file missing included. */
int read_u64(const char *path, uint64_t *out, struct err *e);
/* Write (create or truncate, mode 0644; base/beneath.h opens it) and check every step, close
 * included. */
int write_file(const char *path, const char *data, size_t len, struct err *e);
/* read(2), resumed after EINTR: how many bytes, 0 at the end, or -errno. */
ssize_t read_some(int fd, void *buf, size_t size);
/* write(2) all of it, resuming after EINTR and short writes. 0 or -errno. */
int write_all(int fd, const void *data, size_t len);
/* Let another user, and beside this one nobody, read and write the file: as root it becomes that
 * user's, without root by an access control list. `name` is for the message. */
int file_give(int fd, const char *name, uid_t uid, gid_t gid, struct err *e);
int path_give(const char *path, uid_t uid, gid_t gid, struct err *e);
/* mkdir -p, mode 0755. */
int make_dirs(const char *path, struct err *e);
/* The names in a folder but . and ..; none where it cannot be opened:
 *	for (auto_struct(folder) f = {.dir = opendir(path)}; folder_next(&f);) ... f.name */
struct folder {
	DIR *dir;
	char *name;
	int error; /* of folder_open() and of reading: an errno, what was seen is not all */
};
/* A folder to be read. A missing one is empty. */
struct folder folder_open(const char *path);
/* After the last name: 0, or what kept some from being read. */
int folder_read_all(const struct folder *f, const char *path, struct err *e);
bool folder_next(struct folder *f);
void folder_release(struct folder *f);
/* Those that end in `end` and do not begin with a dot, in order. 0 or -errno. */
int folder_names(const char *path, const char *end, struct strv *out);
/* Remove a tree below `path` (never follows symlinks). Missing is fine. */
int remove_tree(const char *path, struct err *e);

/* CLOCK_MONOTONIC in ns: the one host time base of records, the clock bpf_ktime_get_ns() reads. */
uint64_t now_ns(void);
void sleep_ns(uint64_t ns);

/* Whether `name` is safe as a file, domain and cgroup name: [A-Za-z0-9][A-Za-z0-9._-]{0,63}. */
bool name_is_safe(const char *name);

/* Edit distance, for "did you mean". Bounded: strings over 64 bytes are compared by their head. */
unsigned edit_distance(const char *a, const char *b);

#endif
