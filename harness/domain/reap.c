// SPDX-License-Identifier: GPL-3.0-or-later
/* What harnesses that no longer live left behind: domains, and runtime folders with their QEMUs. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/owner.h"
#include "base/process.h"
#include "domain/ops.h"
#include "domain/xml.h"
#include "host/cgroup.h"

/* A domain that libvirt still makes, for a caller that is gone, comes when it is made, and paused: nobody would end
 * it. Xen's tools take seconds, on an emulated box a minute. */
#define MAKING_NS      (120 * NS_PER_S)
#define MAKING_STEP_NS (500 * NS_PER_MS)

struct reaping {
	struct lab_conn *c;
	struct strv *removed, *left; /* either may be NULL */
	int count;
	unsigned making; /* domains of the dead that libvirt is about to have */
	bool last;	 /* what is left now stays */
};

static void went(struct reaping *r, const char *what, const char *name)
{
	r->count++;
	if (r->removed)
		strv_add(r->removed, "%s %s", what, name);
}

static void stays(struct reaping *r, const char *what, const char *name, const char *why)
{
	if (r->left && r->last)
		strv_add(r->left, "%s %s: %s", what, name, why);
}

/* The owner written by domain_xml(); false for a domain that carries none. */
static bool read_owner(virDomainPtr dom, char *owner, size_t size)
{
	auto_free char *xml =
		virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, DOMAIN_META_URI, 0);
	auto_ptr(xmlFreeDoc) xmlDocPtr doc = xml_read(xml);
	auto_ptr(xmlFree) xmlChar *text = doc ? xmlNodeGetContent(xmlDocGetRootElement(doc)) : NULL;

	if (!text)
		return false;
	snprintf(owner, size, "%s", (const char *)text);
	return true;
}

/* Its owner is told by itself, and the UUID says that it is the domain that was made so. */
static bool is_proven(virDomainPtr dom, char owner[OWNER_MAX])
{
	char uuid[VIR_UUID_STRING_BUFLEN], want[DOMAIN_UUID_SIZE];
	uint64_t start;
	pid_t pid;

	return read_owner(dom, owner, OWNER_MAX) && owner_parse(owner, &pid, &start) &&
	       virDomainGetUUIDString(dom, uuid) == 0 &&
	       !strcmp(uuid, domain_uuid(virDomainGetName(dom), owner, want));
}

/* "stealscope-RUN-GUEST" of a run that lives, perhaps where its harness's number says nothing. */
static bool of_living_run(const char *name)
{
	auto_struct(folder) f = folder_open(runtime_root());
	bool lives = false;

	name += strlen(DOMAIN_NAME_PREFIX);
	while (!lives && folder_next(&f)) {
		size_t n = strlen(f.name);

		lives = !strncmp(name, f.name, n) && name[n] == '-' &&
			run_state(f.name) == RUN_ALIVE;
	}
	return lives;
}

static void reap_domain(struct reaping *r, virDomainPtr dom)
{
	const char *name = virDomainGetName(dom);
	bool active = virDomainIsActive(dom) == 1;
	char owner[OWNER_MAX];
	bool dead;
	pid_t pid;

	if (strncmp(name, DOMAIN_NAME_PREFIX, strlen(DOMAIN_NAME_PREFIX)) != 0)
		return;
	if (!active && virDomainIsPersistent(dom) != 0)
		return; /* defined by somebody; or it has just ended */
	if (!is_proven(dom, owner)) {
		stays(r, "domain", name, "it carries no owner that proves whose it is");
		return;
	}
	if (owner_look(owner) > 0 || of_living_run(name))
		return;
	if (owner_look(owner) < 0) {
		stays(r, "domain", name, "whether its harness lives cannot be told");
		return;
	}
	if (!active) {
		r->making++;
		stays(r, "domain", name, "libvirt is still making it");
		return;
	}
	pid = r->c->ops->process(r->c, name);
	dead = pid && qemu_kill(pid, name);
	if (virDomainDestroy(dom) == 0 || dead)
		went(r, "domain", name);
	else
		stays(r, "domain", name, "libvirt does not end it");
}

static int reap_domains(struct reaping *r, struct err *e)
{
	auto_free virDomainPtr *doms = NULL;
	int n = virConnectListAllDomains(r->c->conn, &doms, 0);

	if (n < 0)
		return lab_error(e, "libvirt does not list its domains");
	r->making = 0;
	for (int i = 0; i < n; i++) {
		reap_domain(r, doms[i]);
		virDomainFree(doms[i]);
	}
	return 0;
}

/* Only one that is still what it was when it was found. */
static int end_qemu(
	struct reaping *r, pid_t pid, const struct strv *marks, const char *root, struct err *e)
{
	auto_close int fd = process_open(pid);

	if (fd == -ESRCH || (fd >= 0 && process_qemu_has(pid, marks) <= 0))
		return 0;
	if (fd < 0)
		return err_set(e, -fd, "QEMU (pid %d) cannot be ended", (int)pid);
	if ((process_signal(fd, SIGKILL) || !process_wait_end(fd, 2000)) && !process_ended(fd))
		return err_set(e, EBUSY, "QEMU (pid %d) does not end", (int)pid);
	process_collect(fd);
	went(r, "QEMU of", root);
	return 0;
}

/* What a QEMU of that root has among its arguments: a file below it; or the name of a guest that libvirt noted there. */
static int marks_of(const char *root, struct strv *marks, struct err *e)
{
	auto_free char *dir = xasprintf("%s/run/qemu", root);
	auto_struct(folder) f = folder_open(dir);

	strv_add(marks, "%s/", root);
	while (folder_next(&f)) {
		size_t len = strlen(f.name);

		if (len > 4 && !strcmp(f.name + len - 4, ".pid") &&
			!strncmp(f.name, DOMAIN_NAME_PREFIX, strlen(DOMAIN_NAME_PREFIX)))
			strv_add(marks, "guest=%.*s,", (int)(len - 4), f.name);
	}
	return folder_read_all(&f, dir, e);
}

/* QEMUs of an embed root whose harness is dead: guests, which no libvirt knows any more, and those that it only asked what they
 * can do. Where one stays, or cannot be looked at, so does the root, which proves whose it is. */
static int reap_root_qemus(struct reaping *r, const char *root, struct err *e)
{
	auto_struct(folder) f = folder_open("/proc");
	auto_struct(strv) marks = {0};
	int rc = marks_of(root, &marks, e);

	while (folder_next(&f)) {
		pid_t pid = (pid_t)atoi(f.name);
		int is = isdigit((unsigned char)f.name[0]) ? process_qemu_has(pid, &marks) : 0;

		if (is < 0)
			rc = err_set(e, -is, "process %d cannot be looked at", (int)pid);
		else if (is > 0 && end_qemu(r, pid, &marks, root, e))
			rc = -e->code;
	}
	return rc ? rc : folder_read_all(&f, "/proc", e);
}

static int reap_embed_roots(struct reaping *r, struct err *e)
{
	auto_struct(folder) f = folder_open(r->c->runtime_dir);

	while (folder_next(&f)) {
		auto_free char *root = xasprintf("%s/%s", r->c->runtime_dir, f.name);
		struct err why = ERR_INIT;

		/* Those with a hidden name are runs' (base/owner.h). */
		if (f.name[0] == '.' || owned_folder_state(f.name) != RUN_LEFT)
			continue;
		if (reap_root_qemus(r, root, &why) || remove_tree(root, &why))
			stays(r, "folder", root, why.msg);
		else
			went(r, "folder", root);
	}
	cgroup_machine_remove_stale();
	return folder_read_all(&f, r->c->runtime_dir, e);
}

int lab_reap(struct lab_conn *c, struct strv *removed, struct strv *left, struct err *e)
{
	struct reaping r = {.c = c, .removed = removed, .left = left, .last = true};
	uint64_t until = now_ns() + MAKING_NS;
	struct err first = ERR_INIT;
	int rc;

	reap_embed_roots(&r, &first);
	r.last = false;
	while ((rc = reap_domains(&r, e)) == 0 && r.making && now_ns() < until)
		sleep_ns(MAKING_STEP_NS);
	r.last = true; /* and what did not end is asked once more */
	if (!rc)
		rc = reap_domains(&r, e);
	if (!rc && first.code) {
		*e = first;
		rc = -first.code;
	}
	return rc ? rc : r.count;
}
