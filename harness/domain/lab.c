// SPDX-License-Identifier: GPL-3.0-or-later
/* The connection: open, close, what it says about itself, and libvirt's event loop and errors. */
#include <errno.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "domain/ops.h"
#include "domain/xen.h"
#include "host/cgroup.h"

/* What a person can do about an error of libvirt or QEMU, by a part of its text. */
static const struct {
	const char *part, *hint;
	enum exit_status exit;
} hints[] = {
	{"KVM kernel module: Permission denied",
		"let the QEMU user open /dev/kvm (group kvm, mode 0660)", EXIT_HOST},
	{"KVM kernel module: No such file", "this box has no /dev/kvm: use accel=\"tcg\"",
		EXIT_HOST},
	{"KVM is not available", "this box has no usable /dev/kvm: use accel=\"tcg\"", EXIT_HOST},
	{"failed to initialize kvm", "`stealscope doctor` says what is wrong with KVM", EXIT_HOST},
	{"failed to initialize KVM", "`stealscope doctor` says what is wrong with KVM", EXIT_HOST},
	{"does not support virt type 'kvm'", "this box has no usable /dev/kvm: use accel=\"tcg\"",
		EXIT_HOST},
	{"Cannot check QEMU binary", "install qemu-system-x86", EXIT_HOST},
	{"is not executable", "install qemu-system-x86", EXIT_HOST},
	{"End of file while reading data", "libvirtd ended meanwhile", EXIT_FAILED},
	{"client socket is closed", "libvirtd ended meanwhile", EXIT_FAILED},
	{"Cannot write data", "libvirtd ended meanwhile", EXIT_FAILED},
	{"Cannot recv data", "libvirtd ended meanwhile", EXIT_FAILED},
	{"sock': Permission denied", "join group libvirt, or run as root", EXIT_HOST},
	{"Failed to connect socket",
		"start libvirtd (and virtlogd); only a VM of yours needs it, other guests run without by --connect auto",
		EXIT_HOST},
	{"authentication unavailable", "join group libvirt, or run as root", EXIT_HOST},
	{"access denied", "join group libvirt, or run as root", EXIT_HOST},
	{"Cannot access storage file",
		"let the user that QEMU runs as read it: `setfacl -m u:libvirt-qemu:r FILE`; nothing here changes its owner",
		EXIT_FAILED},
	{"Cannot allocate memory", "the guests need more memory than this box has free", EXIT_HOST},
	{"unable to map backing store", "reserve huge pages first (vm.nr_hugepages)", EXIT_HOST},
	{"hugetlbfs", "reserve and mount huge pages first", EXIT_HOST},
};

static void one_line(char *text)
{
	size_t n;

	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '\r' || *p == '\t')
			*p = ' ';
	for (n = strlen(text); n && text[n - 1] == ' '; n--)
		text[n - 1] = '\0';
}

void lab_drop_command_line(char *text)
{
	char *from = strstr(text, "Child process ("),
	     *to = from ? strstr(from, ") unexpected ") : NULL;

	if (!to)
		return;
	from += strlen("Child process");
	memmove(from, to + 1, strlen(to + 1) + 1);
}

int lab_error(struct err *e, const char *what)
{
	const virError *v = virGetLastError();
	auto_free char *text = xstrdup(v && v->message ? v->message : "no reason given");
	int code = EIO;

	one_line(text);
	lab_drop_command_line(text);
	if (v && v->code == VIR_ERR_NO_DOMAIN)
		code = ENOENT;
	else if (v && v->code == VIR_ERR_OPERATION_INVALID)
		code = ESRCH;
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (strstr(text, hints[i].part))
			return err_set_exit(
				e, hints[i].exit, code, "%s: %s; %s", what, text, hints[i].hint);
	return err_set(e, code, "%s: %s", what, text);
}

static void ignore_error(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

/* libvirt's event loop: one thread while any connection is open. */
static struct {
	pthread_mutex_t lock;
	pthread_t thread;
	unsigned users;
	bool registered;
	volatile bool stop;
} loop = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void loop_tick(int timer, void *data)
{
	(void)timer;
	(void)data;
}

static void *loop_main(void *arg)
{
	(void)arg;
	while (!loop.stop)
		if (virEventRunDefaultImpl() < 0)
			break;
	return NULL;
}

static int loop_get(struct err *e)
{
	sigset_t all, before;
	int rc = 0;

	pthread_mutex_lock(&loop.lock);
	if (!loop.registered) {
		/* Errors come as `struct err`; what libvirt logs goes nowhere unless asked for. */
		setenv("LIBVIRT_LOG_OUTPUTS", "3:file:/dev/null", 0);
		virSetErrorFunc(NULL, ignore_error);
		glib_tell_its_end();
		if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0)
			rc = lab_error(e, "libvirt does not start");
		else
			loop.registered = true;
	}
	if (!rc && loop.users == 0) {
		loop.stop = false;
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		rc = -pthread_create(&loop.thread, NULL, loop_main, NULL);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		if (rc)
			err_set(e, -rc, "cannot start a thread for libvirt: %s", strerror(-rc));
	}
	if (!rc)
		loop.users++;
	pthread_mutex_unlock(&loop.lock);
	return rc;
}

/* Wakes the loop until it has ended: GLib does not tell when its own way to wake it failed. */
static void loop_end(void)
{
	int timer = virEventAddTimeout(0, loop_tick, NULL, NULL);
	struct timespec until;

	do {
		virEventUpdateTimeout(timer, 0);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
	} while (pthread_timedjoin_np(loop.thread, NULL, &until) == ETIMEDOUT);
	virEventRemoveTimeout(timer);
}

static void loop_put(void)
{
	pthread_mutex_lock(&loop.lock);
	if (--loop.users == 0) {
		loop.stop = true;
		loop_end();
	}
	pthread_mutex_unlock(&loop.lock);
}

static bool is_embed(const char *uri)
{
	return !uri || strcmp(uri, "auto") == 0;
}

static char *embed_root_in(const char *runtime_dir)
{
	char owner[OWNER_MAX];

	return xasprintf("%s/%s", runtime_dir, owner_self(owner));
}

char *lab_planned_root(const char *uri)
{
	return is_embed(uri) ? embed_root_in(runtime_root()) : NULL;
}

static int open_embed(struct lab_conn *c, struct err *e)
{
	int rc;

	c->embed_root = embed_root_in(c->runtime_dir);
	c->uri = xasprintf("qemu:///embed?root=%s", c->embed_root);
	rc = embed_prepare(c->embed_root, e);
	if (rc && e)
		e->exit = e->exit == EXIT_FAILED ? EXIT_HOST : e->exit;
	return rc;
}

static void sweep(int timer, void *data)
{
	const struct lab_conn *c = data;

	(void)timer;
	embed_collect(c->embed_root);
}

void lab_start_begin(struct lab_conn *c)
{
	if (c->sweep_timer >= 0 && __atomic_add_fetch(&c->starting, 1, __ATOMIC_SEQ_CST) == 1)
		virEventUpdateTimeout(c->sweep_timer, 50);
}

void lab_start_end(struct lab_conn *c)
{
	if (c->sweep_timer >= 0 && __atomic_sub_fetch(&c->starting, 1, __ATOMIC_SEQ_CST) == 0)
		virEventUpdateTimeout(c->sweep_timer, -1);
}

static int connect_libvirt(struct lab_conn *c, struct err *e)
{
	auto_free char *what = xasprintf("cannot open libvirt at %s", c->uri);
	bool stays = false;
	struct cpuset cpus;
	int rc = loop_get(e);

	if (rc)
		return rc;
	c->looping = true;
	/* libvirt daemonizes its QEMUs; with this they become children of this process, which
	 * collects them at once. Not every init does: where it takes a second, so did each stop.
	 * The sweep must be on while libvirt asks the emulator what it can do (once per box, then
	 * cached): it would poll 40 s for the zombie of each QEMU that it asked. Only that which
	 * runs guests is asked for: to read what is cached of one takes 20 to 40 ms. */
	if (c->embed_root) {
		prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
		c->sweep_timer = virEventAddTimeout(-1, sweep, c, NULL);
		lab_start_begin(c);
		stays = embed_stay(&cpus);
	}
	c->conn = virConnectOpen(c->uri);
	if (stays)
		embed_go(&cpus);
	if (c->conn && c->embed_root)
		free(virConnectGetDomainCapabilities(
			c->conn, DOMAIN_EMULATOR, NULL, "pc", "kvm", 0));
	if (c->embed_root)
		lab_start_end(c);
	if (c->conn)
		return 0;
	rc = lab_error(e, what);
	if (e)
		e->exit = EXIT_HOST;
	return rc;
}

int lab_open(const char *uri, const char *runtime_dir, struct lab_conn **out, struct err *e)
{
	struct lab_conn *c = xcalloc(1, sizeof(*c));
	int rc = 0;

	c->sweep_timer = -1;
	c->runtime_dir = xstrdup(runtime_dir ? runtime_dir : runtime_root());
	if (is_embed(uri))
		rc = open_embed(c, e);
	else
		c->uri = xstrdup(uri);
	c->ops = xen_uri_is(c->uri) ? &xen_domains : &qemu_domains;
	if (!rc)
		rc = connect_libvirt(c, e);
	if (rc)
		lab_close(c);
	else
		*out = c;
	return rc;
}

void lab_close(struct lab_conn *c)
{
	if (!c)
		return;
	if (c->conn)
		virConnectClose(c->conn);
	if (c->sweep_timer >= 0)
		virEventRemoveTimeout(c->sweep_timer);
	if (c->looping)
		loop_put();
	if (c->embed_root) {
		prctl(PR_SET_CHILD_SUBREAPER, 0L, 0L, 0L, 0L);
		remove_tree(c->embed_root, NULL);
		rmdir(c->runtime_dir); /* only when no other harness uses it */
		cgroup_machine_remove_stale();
	}
	free(c->embed_root);
	free(c->runtime_dir);
	free(c->uri);
	free(c);
}

bool lab_is_xen(const struct lab_conn *c)
{
	return c->ops == &xen_domains;
}

bool lab_answers(const struct lab_conn *c)
{
	return virConnectIsAlive(c->conn) == 1;
}

const char *lab_uri(const struct lab_conn *c)
{
	return c->uri;
}

unsigned long lab_libvirt_version(const struct lab_conn *c)
{
	unsigned long v = 0;

	return virConnectGetLibVersion(c->conn, &v) < 0 ? 0 : v;
}

unsigned long lab_qemu_version(const struct lab_conn *c)
{
	unsigned long v = 0;

	return virConnectGetVersion(c->conn, &v) < 0 ? 0 : v;
}
