/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one error convention of the harness.
 *
 * A function that can fail returns 0 or a negative errno and takes a `struct err *` as its last
 * parameter, which it fills with one sentence for a person. Its outputs are untouched on failure.
 * Callers add context on the way up with err_wrap(). Only commands (harness/cmd) print and exit.
 */
#ifndef SS_BASE_ERR_H
#define SS_BASE_ERR_H

/* Exit status of every program of the project. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* the work failed */
	EXIT_USAGE = 2,	 /* bad usage or bad scenario */
	EXIT_EXPECT = 3, /* the scenario's own expectations fell short */
	EXIT_HOST = 4,	 /* this host cannot run it */
	EXIT_INTERRUPTED = 130,
};

struct err {
	int code;	       /* positive errno, 0 while nothing went wrong */
	enum exit_status exit; /* what the process should exit with; EXIT_FAILED by default */
	char msg[1024];	       /* one sentence, no newline; cut with "..." when too long */
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		0, EXIT_FAILED, ""                                                                 \
	}

/* Set `e` (may be NULL) to errno value `code` (positive) and a sentence. Returns -code. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set(), with the exit status the process should end with. */
int err_set_exit(struct err *e, enum exit_status exit, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* As err_set() with code = errno, and ": strerror" appended. Returns -errno. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prepend "context: " to the sentence. Returns -e->code, for `return err_wrap(...)`. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
