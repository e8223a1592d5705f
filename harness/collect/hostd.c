// SPDX-License-Identifier: GPL-3.0-or-later
/* The harness's side of stealscope-hostd. See hostd.h; the protocol is host-agent/commands.c. */
#include "collect/hostd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/child.h"
#include "base/util.h"
#include "terms/words.h"

#define LINE_MAX_BYTES 2048

struct hostd {
	pid_t pid; /* 0 once reaped */
	int to, from;
	enum trace_mode mode;
	char reason[256];
	char line[LINE_MAX_BYTES]; /* bytes read, the current answer first */
	size_t used;
	struct err broken; /* set once it cannot be talked to any more */
};

static int launch(struct hostd *h, char *const argv[], int trace, struct err *e)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	struct child_setup setup = {.keep = trace, .death_signal = SIGTERM};

	/* A socket, because writing to it can be kept from raising SIGPIPE here. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) || pipe2(out, O_CLOEXEC)) {
		err_sys(e, "cannot make a pipe");
		goto fail;
	}
	setup.files[0] = in[0];
	setup.files[1] = out[1];
	setup.files[2] = STDERR_FILENO;
	h->pid = child_fork(&setup, e);
	if (!h->pid) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (h->pid < 0) {
		h->pid = 0;
		goto fail;
	}
	close(in[0]);
	close(out[1]);
	h->to = in[1];
	h->from = out[0];
	return 0;
fail:
	for (int i = 0; i < 2; i++) {
		if (in[i] >= 0)
			close(in[i]);
		if (out[i] >= 0)
			close(out[i]);
	}
	return -e->code;
}

static void reap(struct hostd *h, int flags)
{
	if (h->pid && waitpid(h->pid, NULL, flags) == h->pid)
		h->pid = 0;
}

static int broken(struct hostd *h, int code, const char *what, struct err *e)
{
	if (!h->broken.code)
		err_set(&h->broken, code, "stealscope-hostd %s", what);
	if (e)
		*e = h->broken;
	return -h->broken.code;
}

/* The next line of its stdout, without the newline, in h->line. */
static int read_line(struct hostd *h, unsigned timeout_ms, struct err *e)
{
	uint64_t deadline = now_ns() + timeout_ms * NS_PER_MS;
	char *nl;

	while (!(nl = memchr(h->line, '\n', h->used))) {
		uint64_t now = now_ns();
		struct pollfd p = {.fd = h->from, .events = POLLIN};
		ssize_t n;
		int ready;

		if (h->used == sizeof(h->line))
			return broken(h, EPROTO, "sent a line that is too long", e);
		if (now >= deadline)
			return broken(h, ETIMEDOUT, "does not answer", e);
		ready = poll(&p, 1, (int)((deadline - now) / NS_PER_MS) + 1);
		if (ready < 0 && errno != EINTR)
			return broken(h, errno, "cannot be waited for", e);
		if (ready <= 0)
			continue;
		n = read_some(h->from, h->line + h->used, sizeof(h->line) - h->used);
		if (n <= 0)
			return broken(h, EPIPE, "has died", e);
		h->used += (size_t)n;
	}
	*nl = '\0';
	return 0;
}

static void drop_line(struct hostd *h)
{
	size_t n = strlen(h->line) + 1;

	h->used -= n;
	memmove(h->line, h->line + n, h->used);
}

/* Commands are far shorter than the socket's buffer: one that does not go in whole is a failure. */
static bool send_line(struct hostd *h, const char *text, size_t len)
{
	ssize_t n;

	do {
		n = send(h->to, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

static int send_command(struct hostd *h, struct err *e, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
static int send_command(struct hostd *h, struct err *e, const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES];
	size_t len;

	if (h->broken.code)
		return broken(h, 0, "", e);
	vsnprintf(text, sizeof(text), fmt, ap);
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	len = strlen(text);
	text[len++] = '\n'; /* in place of the final NUL */
	return send_line(h, text, len) ? 0 : broken(h, EPIPE, "has died", e);
}

/* The answer to the oldest command without one (what follows "ok") is copied to `answer`, which
 * may be NULL. */
static int take_answer(struct hostd *h, char *answer, size_t size, struct err *e)
{
	int rc = h->broken.code ? broken(h, 0, "", e) : read_line(h, HOSTD_REPLY_MS, e);

	if (rc)
		return rc;
	if (!strncmp(h->line, "ok", 2)) {
		if (answer)
			snprintf(answer, size, "%s", h->line[2] ? h->line + 3 : "");
	} else if (!strncmp(h->line, "error ", 6)) {
		rc = err_set(e, EIO, "stealscope-hostd: %s", h->line + 6);
	} else {
		return broken(h, EPROTO, "sent a line that is neither \"ok\" nor \"error\"", e);
	}
	drop_line(h);
	return rc;
}

static int command(struct hostd *h, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int command(struct hostd *h, struct err *e, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = send_command(h, e, fmt, ap);
	va_end(ap);
	return rc;
}

/* Send a command and wait for its answer. */
static int ask(struct hostd *h, char *answer, size_t size, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
static int ask(struct hostd *h, char *answer, size_t size, struct err *e, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = send_command(h, e, fmt, ap);
	va_end(ap);
	return rc ? rc : take_answer(h, answer, size, e);
}

/* "ready mode=events" or "ready mode=counters reason=no BTF" or "error SENTENCE". */
static int parse_ready(struct hostd *h, struct err *e)
{
	const char *reason = strstr(h->line, " reason=");
	size_t mode_len;

	if (!strncmp(h->line, "error ", 6))
		return err_set(e, EIO, "stealscope-hostd: %s", h->line + 6);
	if (strncmp(h->line, "ready mode=", 11))
		return broken(h, EPROTO, "did not say that it is ready", e);
	mode_len = strcspn(h->line + 11, " ");
	for (unsigned i = 0; i < words_trace_mode.n; i++) {
		const char *mode = word_of(&words_trace_mode, i);

		if (strlen(mode) != mode_len || strncmp(h->line + 11, mode, mode_len))
			continue;
		h->mode = (enum trace_mode)i;
		snprintf(h->reason, sizeof(h->reason), "%.255s",
			reason ? reason + strlen(" reason=") : "");
		drop_line(h);
		return 0;
	}
	return broken(h, EPROTO, "is ready in a trace mode that this version does not know", e);
}

int hostd_launch(const struct hostd_options *o, struct hostd **out, struct err *e)
{
	char mode[32], interval[32], limit[40], cpus[CPUSET_TEXT + 8], *argv[10];
	auto_free char *label = o->out ? xasprintf("--label=%s", o->out) : NULL;
	char file[] = "--out-fd=3", without[] = "--no-kvm";
	auto_close int made = -1;
	auto_free char *program = xstrdup(o->path);
	struct hostd *h;
	int n = 0, rc;

	if (access(o->path, X_OK))
		return errno == EACCES
			       ? err_set(e, EACCES,
					 "%s may be run by root and the members of its group (kvm) only",
					 o->path)
			       : err_sys(e, "cannot run %s", o->path);
	/* It gets the file itself: not what stands under that name when it is ready to open it. */
	if (o->out)
		made = beneath_open(o->out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	else if (!o->out_fd)
		made = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (made < 0 && (o->out || !o->out_fd))
		return err_sys(e, "cannot create %s", o->out ? o->out : "/dev/null");
	snprintf(mode, sizeof(mode), "--mode=%s", word_of(&words_trace_mode, o->mode));
	argv[n++] = program;
	argv[n++] = mode;
	argv[n++] = file;
	if (label)
		argv[n++] = label;
	if (o->limit) {
		snprintf(limit, sizeof(limit), "--limit=%" PRIu64, o->limit);
		argv[n++] = limit;
	}
	if (o->interval_ms) {
		snprintf(interval, sizeof(interval), "--interval=%u", o->interval_ms);
		argv[n++] = interval;
	}
	if (o->no_kvm)
		argv[n++] = without;
	if (o->cpus && !cpuset_empty(o->cpus)) {
		memcpy(cpus, "--cpus=", 8);
		cpuset_format(o->cpus, cpus + 7, sizeof(cpus) - 7);
		argv[n++] = cpus;
	}
	argv[n] = NULL;
	h = xcalloc(1, sizeof(*h));
	h->to = h->from = -1;
	rc = launch(h, argv, made >= 0 ? made : o->out_fd, e);
	if (rc) {
		hostd_close(h);
		return rc;
	}
	*out = h;
	return 0;
}

bool hostd_has_spoken(struct hostd *h, unsigned wait_ms)
{
	struct pollfd p = {.fd = h->from, .events = POLLIN};

	return poll(&p, 1, (int)wait_ms) > 0;
}

int hostd_ready(struct hostd *h, unsigned wait_ms, struct err *e)
{
	int rc = read_line(h, wait_ms, e);

	return rc ? rc : parse_ready(h, e);
}

int hostd_spawn(const struct hostd_options *o, struct hostd **out, struct err *e)
{
	struct hostd *h;
	int rc = hostd_launch(o, &h, e);

	if (!rc && (rc = hostd_ready(h, HOSTD_READY_MS, e)))
		hostd_close(h);
	else if (!rc)
		*out = h;
	return rc;
}

enum trace_mode hostd_mode(const struct hostd *h)
{
	return h->mode;
}

const char *hostd_reason(const struct hostd *h)
{
	return h->reason;
}

pid_t hostd_pid(const struct hostd *h)
{
	return h->pid;
}

int hostd_track_ask(struct hostd *h, pid_t tid, uint32_t id, const char *name, struct err *e)
{
	return command(h, e, "track %d %" PRIu32 " %s", (int)tid, id, name);
}

int hostd_track_answer(struct hostd *h, struct err *e)
{
	return take_answer(h, NULL, 0, e);
}

int hostd_track(struct hostd *h, pid_t tid, uint32_t id, const char *name, struct err *e)
{
	int rc = hostd_track_ask(h, tid, id, name, e);

	return rc ? rc : hostd_track_answer(h, e);
}

bool hostd_was_full(const struct err *why)
{
	return strstr(why->msg, "threads to trace") != NULL;
}

int hostd_untrack(struct hostd *h, pid_t tid, struct err *e)
{
	return ask(h, NULL, 0, e, "untrack %d", (int)tid);
}

int hostd_cgroup(struct hostd *h, uint32_t owner, const char *path, struct err *e)
{
	return ask(h, NULL, 0, e, "cgroup %" PRIu32 " %s", owner, path);
}

/* "n=3 100:101:0:0 100:102:1:0 ...": the rest of an answer; false: it is no such list. */
static bool take_vcpus(const char *text, struct kvm_vcpus *k, size_t *all)
{
	int used = 0;

	if (sscanf(text, "n=%zu%n", all, &used) != 1)
		return false;
	for (text += used; *text; text += used) {
		struct kvm_vcpu v;

		if (sscanf(text, " %d:%d:%u:%u%n", &v.pid, &v.tid, &v.id, &v.vm, &used) != 4)
			return false;
		ARRAY_GROW(k->items, k->n);
		k->items[k->n++] = v;
	}
	return true;
}

int hostd_vcpus(struct hostd *h, struct kvm_vcpus *out, struct err *e)
{
	struct kvm_vcpus k = {.known = true};
	size_t all = 0, had;

	do {
		char answer[LINE_MAX_BYTES];
		int rc = ask(h, answer, sizeof(answer), e, "vcpus %zu", k.n);

		had = k.n;
		if (rc) {
			kvm_vcpus_release(&k);
			return rc;
		}
		if (!strncmp(answer, "unknown ", 8)) {
			k.known = false;
			snprintf(k.why, sizeof(k.why), "%.255s", answer + 8);
			break;
		}
		if (!take_vcpus(answer, &k, &all)) {
			kvm_vcpus_release(&k);
			return broken(h, EPROTO,
				"answered \"vcpus\" with something that is no list of them", e);
		}
	} while (k.n < all && k.n > had);
	*out = k;
	return 0;
}

int hostd_start(struct hostd *h, struct err *e)
{
	return ask(h, NULL, 0, e, "start");
}

int hostd_sync(struct hostd *h, uint64_t *ts_ns, struct err *e)
{
	char answer[256];
	uint64_t ts;
	int rc = ask(h, answer, sizeof(answer), e, "sync");

	if (rc)
		return rc;
	if (sscanf(answer, "ts=%" SCNu64, &ts) != 1)
		return broken(h, EPROTO, "answered \"sync\" without a time", e);
	if (ts_ns)
		*ts_ns = ts;
	return 0;
}

int hostd_dump(struct hostd *h, struct err *e)
{
	return ask(h, NULL, 0, e, "dump");
}

int hostd_stop(struct hostd *h, struct hostd_totals *out, struct err *e)
{
	struct hostd_totals t;
	char answer[256];
	int rc = ask(h, answer, sizeof(answer), e, "stop");

	if (rc)
		return rc;
	if (sscanf(answer,
		    "records=%" SCNu64 " lost=%" SCNu64 " cpu_ns=%" SCNu64 " switches=%" SCNu64,
		    &t.records, &t.lost, &t.cpu_ns, &t.switches) != 4)
		return broken(h, EPROTO, "ended without its totals", e);
	if (out)
		*out = t;
	return 0;
}

bool hostd_dead(struct hostd *h)
{
	reap(h, WNOHANG);
	return !h->pid;
}

void hostd_close(struct hostd *h)
{
	uint64_t deadline = now_ns();

	if (!h)
		return;
	if (h->broken.code != ETIMEDOUT) /* it has been waited for enough then */
		deadline += HOSTD_REPLY_MS * NS_PER_MS;
	if (h->to >= 0)
		close(h->to); /* the end of its stdin ends it */
	while (!hostd_dead(h) && now_ns() < deadline)
		sleep_ns(2 * NS_PER_MS);
	if (h->pid) {
		kill(h->pid, SIGKILL);
		reap(h, 0);
	}
	if (h->from >= 0)
		close(h->from);
	free(h);
}
