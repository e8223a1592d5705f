// SPDX-License-Identifier: GPL-3.0-or-later
/* Waiting while watching over the guests: whether the run may go on. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/priv.h"
#include "run/xen.h"

#define TAIL	  300
#define WORDS_MAX (1 << 20) /* of one noise */

/* The last lines a guest wrote to its serial port, on one line. A guest writes what and as much as
 * it likes: only the end is read, and nothing but ASCII is passed on to a terminal. */
char *console_tail(const char *path)
{
	auto_close int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char text[TAIL + 1];
	struct stat st;
	ssize_t len = 0;

	if (fd >= 0 && fstat(fd, &st) == 0)
		len = pread(fd, text, TAIL, st.st_size > TAIL ? st.st_size - TAIL : 0);
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (len <= 0)
		return xstrdup("its console is empty");
	text[len] = '\0';
	for (char *p = text; p < text + len; p++)
		if (*p < ' ' || *p > '~')
			*p = *p == '\n' ? '|' : ' ';
	return xasprintf("its console: %s", text);
}

/* It lives, and says of none of its vCPUs that it cannot go on. */
static int check_guest(struct session *s, struct guest_run *g, struct err *e)
{
	bool ended =
		(g->domain && !domain_alive(g->domain)) || (g->native && !native_alive(g->native));
	bool up = g->info->status && !strcmp(g->info->status, "ok");
	auto_free char *tail = NULL;

	xen_guest_console(g);
	if (g->ended_late ||
		(!ended && (!g->shm || !guest_shm_count_state(g->shm, SHM_STATE_FAILED))))
		return 0;
	if (guest_is_theirs(g))
		return live_ended(s, g, e);
	if (s->info.window_end_ns) {
		g->ended_late = true;
		session_warn(s, "guest %s: after the run it %s", g->plan->name,
			ended ? "ended before it was told to" : "said that it cannot go on");
		return 0;
	}
	free(g->info->status);
	g->info->status = xstrdup(ended ? "died" : "failed");
	tail = console_tail(g->console);
	if (ended && (g->native || up))
		return err_set(e, ECHILD, "guest %s: its %s ended in mid-run; %s", g->plan->name,
			g->native ? "process" : domain_word(g->domain), tail);
	return err_set(e, ECHILD, "guest %s: %s; %s", g->plan->name,
		ended ? "it ended before it came up (does its kernel boot?)"
		      : "it says that it cannot run its probes",
		tail);
}

/* All that was to run beside the guests does; and its words do not fill the disk. */
static int check_noise(struct session *s, struct err *e)
{
	for (size_t i = 0; i < s->n_noises; i++) {
		struct noise_run *n = &s->noises[i];
		struct stat st;
		int rc;

		if (!n->noise)
			continue;
		if (n->words >= 0 && fstat(n->words, &st) == 0 && st.st_size > WORDS_MAX &&
			ftruncate(n->words, WORDS_MAX))
			session_warn(s, "noise %s: its log grows", n->plan->name);
		rc = noise_check(n->noise, e);
		if (rc) {
			n->info->died = true;
			return rc;
		}
	}
	return 0;
}

int session_check(struct session *s, struct err *e)
{
	if (s->o->interrupted && *s->o->interrupted)
		return err_set_exit(e, EXIT_INTERRUPTED, EINTR, "interrupted");
	if (pump_failed(s, e))
		return -e->code;
	for (size_t i = 0; i < s->n_guests; i++) {
		int rc = check_guest(s, &s->guests[i], e);

		if (rc)
			return rc;
	}
	return check_noise(s, e);
}

int session_wait(
	struct session *s, const char *what, uint64_t from_ns, uint64_t until_ns, struct err *e)
{
	uint64_t now;

	while ((now = now_ns()) < until_ns) {
		int rc = session_check(s, e);

		if (rc)
			return rc;
		session_say(s, what, (double)(now - from_ns) / (double)(until_ns - from_ns));
		sleep_ns(MIN(until_ns - now, 50 * NS_PER_MS));
	}
	return session_check(s, e);
}
