// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void __attribute__((format(printf, 2, 0)))
set_msg(struct err *e, const char *fmt, va_list ap)
{
	int n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);

	if (n >= (int)sizeof(e->msg))
		memcpy(e->msg + sizeof(e->msg) - 4, "...", 4);
}

static void __attribute__((format(printf, 4, 0)))
set_all(struct err *e, enum exit_status exit, int code, const char *fmt, va_list ap)
{
	if (e) {
		e->code = code;
		e->exit = exit;
		set_msg(e, fmt, ap);
	}
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_all(e, EXIT_FAILED, code, fmt, ap);
	va_end(ap);
	return -code;
}

int err_set_exit(struct err *e, enum exit_status exit, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_all(e, exit, code, fmt, ap);
	va_end(ap);
	return -code;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int code = errno ? errno : EIO;
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	set_all(e, EXIT_FAILED, code, fmt, ap);
	va_end(ap);
	if (!e)
		return -code;
	len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", strerror(code));
	return -code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char inner[sizeof(e->msg)];
	va_list ap;
	size_t len;

	if (!e)
		return -EIO;
	memcpy(inner, e->msg, sizeof(inner));
	va_start(ap, fmt);
	set_msg(e, fmt, ap);
	va_end(ap);
	len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", inner);
	return e->code ? -e->code : -EIO;
}
