/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GLib ends a process that cannot make a thread by a trap, with signals blocked. Told here before
 * it comes to that, in one line with the exit status of a failure; what the run began is its
 * reaper's then. GLib is in the process because libvirt is: it is asked for by name, not linked.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "domain/priv.h"

#define LEVEL_ERROR (1 << 2) /* G_LOG_LEVEL_ERROR: always fatal */

typedef void log_function(const char *domain, int level, const char *message, void *data);
typedef log_function *set_default(log_function *handler, void *data);

static log_function *by_default;

static void on_message(const char *domain, int level, const char *message, void *data)
{
	if (!(level & LEVEL_ERROR)) {
		by_default(domain, level, message, data);
		return;
	}
	dprintf(STDERR_FILENO,
		"stealscope: a library of libvirt's gave up: %s: raise this user's limits (ulimit -u, -v)\n",
		message ? message : "it does not say why");
	_exit(EXIT_FAILED);
}

void glib_tell_its_end(void)
{
	set_default *set = (set_default *)dlsym(RTLD_DEFAULT, "g_log_set_default_handler");

	by_default = (log_function *)dlsym(RTLD_DEFAULT, "g_log_default_handler");
	if (set && by_default)
		set(on_message, NULL);
}
