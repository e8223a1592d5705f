// SPDX-License-Identifier: GPL-3.0-or-later
#include "cmd/cmd.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/text.h"
#include "record/folder.h"

enum { OPT_RESULTS = 0x1000, OPT_CONNECT, OPT_JSON };

static const struct argp_option common_options[] = {
	{"results", OPT_RESULTS, "DIR", 0, "Folder of the records (default: results)", 10},
	{"connect", OPT_CONNECT, "URI", 0,
		"libvirt connection; auto (default) is qemu:///embed, which needs no daemon", 10},
	{"json", OPT_JSON, NULL, 0, "One JSON document on stdout, all prose on stderr", 10},
	{"quiet", 'q', NULL, 0, "Say nothing but errors", 10},
	{"verbose", 'v', NULL, 0, "Say more; may be repeated", 10},
	{0},
};

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct cmd_common *c = state->input;

	switch (key) {
	case OPT_RESULTS:
		c->results = arg;
		return 0;
	case OPT_CONNECT:
		c->connect = arg;
		return 0;
	case OPT_JSON:
		c->json = true;
		return 0;
	case 'q':
		c->quiet = true;
		return 0;
	case 'v':
		c->verbose++;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Those of this command: --json, where it is refused, is not shown. */
static void common_options_of(
	const struct command *c, struct argp_option out[ARRAY_SIZE(common_options)])
{
	memcpy(out, common_options, sizeof(common_options));
	for (size_t i = 0; c->no_json && out[i].name; i++)
		if (out[i].key == OPT_JSON)
			out[i].flags |= OPTION_HIDDEN;
}

volatile sig_atomic_t cmd_interrupted;

static void tell(void *ctx, enum study_tone tone, const char *text)
{
	const struct cmd_common *c = ctx;

	if (tone == STUDY_SAY)
		cmd_say(c, "%s", text);
	else if (tone == STUDY_DETAIL)
		cmd_verbose(c, "%s", text);
	else if (tone == STUDY_PROGRESS)
		cmd_progress(c, "%s", text);
	else
		fputs(text, stderr);
}

void cmd_parse(const struct command *c, const struct cmd_line *line, void *args,
	struct cmd_common *common, int argc, char **argv)
{
	auto_free struct argp_option *options = line_options(line);
	struct argp_option common_of[ARRAY_SIZE(common_options)];
	struct argp common_argp = {.options = common_of, .parser = parse_common};
	struct argp_child children[] = {{&common_argp, 0, "Common options:", 10}, {0}};
	auto_free char *doc = xasprintf("%s\v%s", c->doc, line->more ? line->more : "");
	auto_free char *name = xasprintf("stealscope %s", c->name);
	struct argp argp = {.options = options,
		.parser = line_parse,
		.args_doc = c->args,
		.doc = doc,
		.children = children};
	struct line_input in = {.line = line, .args = args, .child = common};
	error_t rc;

	common_options_of(c, common_of);
	*common = (struct cmd_common){.results = "results", .connect = "auto"};
	argp_err_exit_status = EXIT_USAGE;
	argv[0] = name;
	rc = argp_parse(&argp, argc, argv, 0, NULL, &in);
	if (rc) { /* what is wrong with the words ends it there; left is memory */
		text_print(
			stderr, "stealscope: the command line cannot be read: %s\n", strerror(rc));
		exit(EXIT_FAILED);
	}
	common->study = (struct study){
		common->results, common->connect, NULL, &cmd_interrupted, tell, common};
	if (common->json && c->no_json) {
		text_print(stderr, "stealscope: %s has no --json: %s\n", c->name, c->no_json);
		exit(EXIT_USAGE);
	}
}

int cmd_fail(const struct err *e)
{
	cmd_progress(NULL, "%s", "");
	text_print(
		stderr, "stealscope: %s\n", e->msg[0] ? e->msg : "failed without a reason (a bug)");
	return e->exit;
}

static void __attribute__((format(printf, 2, 0)))
say(const struct cmd_common *c, const char *fmt, va_list ap)
{
	auto_struct(strbuf) text = {0};

	fflush(stdout); /* keep both streams in order where they end in one place */
	cmd_progress(c, "%s", "");
	text_vadd(&text, fmt, ap);
	fputs(text.text, stderr);
	fputc('\n', stderr);
}

void cmd_say(const struct cmd_common *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!c->quiet)
		say(c, fmt, ap);
	va_end(ap);
}

void cmd_verbose(const struct cmd_common *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (c->verbose && !c->quiet)
		say(c, fmt, ap);
	va_end(ap);
}

void cmd_progress(const struct cmd_common *c, const char *fmt, ...)
{
	static bool shown;
	char text[160];
	va_list ap;

	if ((c && c->quiet) || !isatty(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!text[0] && !shown)
		return;
	text_print(stderr, "\r\033[K%.*s", 100, text);
	fflush(stderr);
	shown = text[0] != '\0';
}

/* Readable once a signal came: whichever thread took it, who sleeps wakes. */
static int interrupted_fd = -1;

static void on_signal(int sig)
{
	const uint64_t one = 1;
	int before = errno;

	(void)sig;
	cmd_interrupted = 1;
	if (interrupted_fd >= 0 && write(interrupted_fd, &one, sizeof(one)) < 0)
		cmd_interrupted = 1; /* it is readable already */
	errno = before;
}

void cmd_catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	if (interrupted_fd < 0)
		interrupted_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void cmd_sleep_until(uint64_t ns)
{
	struct pollfd p = {.fd = interrupted_fd, .events = POLLIN};
	uint64_t most = interrupted_fd < 0 ? 100 * NS_PER_MS : 3600 * NS_PER_S, now;

	while (!cmd_interrupted && (now = now_ns()) < ns)
		poll(&p, 1, (int)((MIN(ns - now, most) + NS_PER_MS - 1) / NS_PER_MS));
}

char *cmd_find_part(const char *name, struct err *e)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0) {
		err_sys(e, "cannot read /proc/self/exe");
		return NULL;
	}
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (int i = 0; i < 3; i++) {
		char *path = i == 0   ? xasprintf("%s/%s", self, name)
			     : i == 1 ? xasprintf("%s/../lib/stealscope/%s", self, name)
				      : xasprintf("%s/../share/stealscope/%s", self, name);

		if (access(path, F_OK) == 0) /* a host agent may be its group's to run */
			return path;
		free(path);
	}
	err_set(e, ENOENT, "%s is not beside this program (%s); build all of it with make", name,
		self);
	return NULL;
}

char *cmd_find_record(const struct cmd_common *c, const char *what, struct err *e)
{
	char *dir = record_resolve(c->results, what, e);

	if (!dir)
		e->exit = EXIT_USAGE;
	return dir;
}

int cmd_executor(struct executor *x, const struct study *s, bool with_agent, struct err *e)
{
	executor_init(x, s);
	x->metal = cmd_find_part("metal.elf", e);
	if (x->metal)
		x->agent = cmd_find_part("stealscope-agent", e);
	if (x->agent && with_agent)
		x->hostd = cmd_find_part("stealscope-hostd", e);
	return x->agent && (x->hostd || !with_agent) ? 0 : -e->code;
}

uint64_t cmd_time(const char *text)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {{"", NS_PER_S}, {"s", NS_PER_S}, {"ms", NS_PER_MS}, {"m", 60 * NS_PER_S},
		{"min", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}};
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	for (size_t i = 0; end != text && v <= 100000 && i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].unit))
			return v * units[i].ns;
	return 0;
}
