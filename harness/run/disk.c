// SPDX-License-Identifier: GPL-3.0-or-later
/* A guest that is an image of the user's: it runs on an overlay in the runtime folder, which is gone
 * with the run however that ends; the image is opened read-only. */
#include <arpa/inet.h>
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/disk.h"
#include "image/image.h"
#include "run/priv.h"

#define CONSOLE_LOOK 65536 /* bytes at the console's end that a pattern is looked for in */
#define LOOK_NS	     (100 * NS_PER_MS) /* between two looks */
#define CONNECT_NS   (3 * NS_PER_S)    /* a connection that does not stand by then is tried again */

struct disk_guest {
	struct disk_chain chain;
	char *overlay, *seed, *vars, *code;
	struct domain_disk disks[DOMAIN_DISKS];
	unsigned port, host_port;
	uint64_t looked_ns;
	int socket; /* to the port; -1 = none */
	uint64_t connect_ns;
};

int step_images(struct session *s, struct err *e)
{
	auto_free char *folder = run_scenario_folder(s);

	for (size_t i = 0; i < s->n_guests; i++) {
		struct guest_run *g = &s->guests[i];

		if (g->plan->kind != GUEST_DISK)
			continue;
		g->disk = xcalloc(1, sizeof(*g->disk));
		g->disk->socket = -1;
		if (disk_look(&g->plan->disk, folder, &g->disk->chain, e))
			return err_wrap(e, "guest %s", g->plan->name);
	}
	return 0;
}

/* A port of this host that is free now. */
static unsigned free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	auto_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
		getsockname(fd, (struct sockaddr *)&a, &len))
		return 0;
	return ntohs(a.sin_port);
}

/* What QEMU must write to or read belongs to the user it runs as. */
static int give(struct session *s, const char *path, struct err *e)
{
	uid_t uid;
	gid_t gid;
	int rc = lab_qemu_ids(s->conn, &uid, &gid, e);

	return rc ? rc : path_give(path, uid, gid, e);
}

static void describe_disks(struct disk_guest *d, struct domain_files *f)
{
	d->disks[0] = (struct domain_disk){d->overlay, "qcow2", .upon = &d->chain};
	d->disks[1] = (struct domain_disk){d->seed, "raw", .readonly = true};
	f->disks = d->disks;
	f->n_disks = d->seed ? 2 : 1;
}

static int prepare_files(struct session *s, struct guest_run *g, struct err *e)
{
	const struct plan_disk *p = &g->plan->disk;
	struct disk_guest *d = g->disk;
	int rc;

	d->overlay = xasprintf("%s/%s.qcow2", s->runtime_dir, g->plan->name);
	rc = disk_overlay(&d->chain, d->overlay, e);
	if (!rc)
		rc = give(s, d->overlay, e);
	if (!rc && p->boot == DISK_UEFI) {
		d->vars = xasprintf("%s/%s.vars", s->runtime_dir, g->plan->name);
		rc = disk_firmware(d->vars, &d->code, e);
		if (!rc)
			rc = give(s, d->vars, e);
	}
	if (rc || p->agent != AGENT_SEED)
		return rc;
	if (!s->o->agent)
		return err_set(e, ENOENT, "there is no stealscope-agent to put into it");
	d->seed = xasprintf("%s/%s.seed", s->runtime_dir, g->plan->name);
	rc = seed_make(
		s->o->agent, s->info.run, g->plan->name, p->network == NETWORK_USER, d->seed, e);
	return rc ? rc : give(s, d->seed, e);
}

/* How the image came to be what is run stands in the record. */
static void note_image(struct guest_run *g)
{
	struct strbuf b = {0};

	for (unsigned i = 0; i < g->disk->chain.n; i++) {
		const struct disk_layer *l = &g->disk->chain.layers[i];
		struct stat st;

		strbuf_add(&b, "%s%s (%s, %llu bytes)", i ? " upon " : "", l->path, l->format,
			stat(l->path, &st) == 0 ? (unsigned long long)st.st_size : 0);
	}
	g->info->image = b.text;
}

int disk_prepare(struct session *s, struct guest_run *g, struct domain_files *f, struct err *e)
{
	const struct plan_disk *p = &g->plan->disk;
	struct disk_guest *d = g->disk;
	int rc = linux_accel(s, g, &f->kvm, e);

	if (!rc)
		rc = prepare_files(s, g, e);
	if (rc)
		return rc;
	note_image(g);
	if (g->shm) {
		auto_free char *text =
			guest_config(g->plan, s->plan->measures, s->plan->n_measures);

		rc = guest_shm_config(g->shm, text, e);
		if (rc)
			return rc;
	} else {
		free(g->info->accel);
		g->info->accel = xstrdup(f->kvm ? "kvm" : "tcg");
	}
	describe_disks(d, f);
	f->label_files = lab_gives_files(s->conn);
	f->kernel = NULL;
	f->firmware = NULL;
	f->uefi_code = d->code;
	f->uefi_vars = d->vars;
	f->network = p->network == NETWORK_USER;
	if (!strncmp(p->ready, "port:", 5)) {
		d->port = (unsigned)strtoul(p->ready + 5, NULL, 10);
		d->host_port = free_port();
		if (!d->host_port)
			return err_set(e, EADDRINUSE, "no port of this host is free");
	}
	f->port = d->port;
	f->host_port = d->host_port;
	return 0;
}

void disk_release(struct guest_run *g)
{
	auto_free struct disk_guest *d = g->disk;

	if (!d)
		return;
	if (d->socket >= 0)
		close(d->socket);
	disk_chain_release(&d->chain);
	free(d->overlay);
	free(d->seed);
	free(d->vars);
	free(d->code);
	g->disk = NULL;
}

/* QEMU's own network takes every connection at once and only then asks the guest: whether one
 * stands, it alone knows. */
static int look_port(struct guest_run *g, bool *ready, struct err *e)
{
	struct disk_guest *d = g->disk;
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)d->host_port)};
	char byte;
	int n;

	if (d->socket >= 0) {
		ssize_t got = recv(d->socket, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
		bool over = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);

		n = got > 0 ? 1 : over ? 0 : domain_connections(g->domain, d->port, e);
		if (n < 0)
			return n;
		*ready = n > 0;
		if (!n && !over && now_ns() - d->connect_ns < CONNECT_NS)
			return 0;
		close(d->socket);
		d->socket = -1;
		return 0;
	}
	d->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	d->connect_ns = now_ns();
	if (d->socket >= 0 && connect(d->socket, (struct sockaddr *)&a, sizeof(a))) {
		close(d->socket);
		d->socket = -1;
	}
	return 0;
}

static int look_console(struct guest_run *g, bool *ready, struct err *e)
{
	const char *pattern = g->plan->disk.ready + strlen("console:");
	auto_free char *text = xcalloc(1, CONSOLE_LOOK + 1);
	size_t n = console_end(g, text, CONSOLE_LOOK);
	regex_t re;

	for (size_t i = 0; i < n; i++)
		if (!text[i] || text[i] == '\r')
			text[i] = text[i] ? '\n' : ' ';
	if (regcomp(&re, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB))
		return err_set(e, EINVAL, "ready: no regular expression");
	*ready = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return 0;
}

int disk_ready(struct session *s, struct guest_run *g, bool *ready, struct err *e)
{
	const char *how = g->plan->disk.ready;

	(void)s;
	if (!strcmp(how, "now")) {
		*ready = true;
		return 0;
	}
	if (now_ns() - g->disk->looked_ns < LOOK_NS)
		return 0;
	g->disk->looked_ns = now_ns();
	return strncmp(how, "port:", 5) ? look_console(g, ready, e) : look_port(g, ready, e);
}
