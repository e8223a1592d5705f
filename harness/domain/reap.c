// SPDX-License-Identifier: GPL-3.0-or-later
/* What harnesses that no longer live left behind: domains, and runtime folders with their QEMUs. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libxml/parser.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "domain/priv.h"
#include "host/cgroup.h"

static void removed_add(struct strv *removed, const char *what, const char *name)
{
	if (removed)
		strv_add(removed, "%s %s", what, name);
}

/* The owner written by domain_xml(); false for a domain that carries none. */
static bool read_owner(virDomainPtr dom, char *owner, size_t size)
{
	char *xml = virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, DOMAIN_META_URI, 0);
	xmlDocPtr doc = xml ? xmlReadMemory(xml, (int)strlen(xml), NULL, NULL,
				      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)
			    : NULL;
	xmlChar *text = doc ? xmlNodeGetContent(xmlDocGetRootElement(doc)) : NULL;

	free(xml);
	xmlFreeDoc(doc);
	if (!text)
		return false;
	snprintf(owner, size, "%s", (const char *)text);
	xmlFree(text);
	return true;
}

static bool kill_wait(pid_t pid)
{
	int fd = process_open(pid);
	bool ended;

	if (fd < 0)
		return true;
	process_signal(fd, SIGKILL);
	ended = process_wait_end(fd, 2000);
	process_collect(fd);
	close(fd);
	return ended;
}

static int reap_domains(struct lab_conn *c, struct strv *removed, struct err *e)
{
	virDomainPtr *doms = NULL;
	char owner[OWNER_MAX];
	int n = virConnectListAllDomains(c->conn, &doms, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	int count = 0;

	if (n < 0)
		return lab_error(e, "libvirt does not list its domains");
	for (int i = 0; i < n; i++) {
		const char *name = virDomainGetName(doms[i]);

		if (strncmp(name, DOMAIN_NAME_PREFIX, strlen(DOMAIN_NAME_PREFIX)) == 0 &&
			(!read_owner(doms[i], owner, sizeof(owner)) || !owner_alive(owner))) {
			pid_t pid = qemu_find(c, name);

			removed_add(removed, "domain", name);
			if (pid)
				kill_wait(pid);
			virDomainDestroy(doms[i]);
			count++;
		}
		virDomainFree(doms[i]);
	}
	free(doms);
	return count;
}

/* QEMUs of an embed root whose harness is dead: no libvirt knows them any more. */
static int reap_root_qemus(const char *root, struct strv *removed)
{
	auto_free char *dir = xasprintf("%s/run/qemu", root);
	DIR *d = opendir(dir);
	struct dirent *ent;
	int count = 0;

	while (d && (ent = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s", dir, ent->d_name);
		size_t len = strlen(ent->d_name);
		uint64_t pid;

		if (len < 5 || strcmp(ent->d_name + len - 4, ".pid") != 0 ||
			read_u64(path, &pid, NULL) || !qemu_is((pid_t)pid, ""))
			continue;
		ent->d_name[len - 4] = '\0';
		removed_add(removed, "QEMU of", ent->d_name);
		kill_wait((pid_t)pid);
		count++;
	}
	if (d)
		closedir(d);
	return count;
}

static int reap_embed_roots(const char *dir, struct strv *removed, struct err *e)
{
	DIR *d = opendir(dir);
	int count = 0, rc = 0;
	struct dirent *ent;
	uint64_t start;
	pid_t pid;

	while (d && !rc && (ent = readdir(d))) {
		auto_free char *root = xasprintf("%s/%s", dir, ent->d_name);

		if (!owner_parse(ent->d_name, &pid, &start) || owner_alive(ent->d_name))
			continue;
		count += reap_root_qemus(root, removed);
		rc = remove_tree(root, e);
		removed_add(removed, "folder", root);
		count++;
	}
	if (d)
		closedir(d);
	if (rc)
		return rc;
	cgroup_machine_remove_stale();
	return count;
}

int lab_reap(struct lab_conn *c, struct strv *removed, struct err *e)
{
	int roots = reap_embed_roots(c->runtime_dir, removed, e), doms;

	if (roots < 0)
		return roots;
	doms = reap_domains(c, removed, e);
	return doms < 0 ? doms : roots + doms;
}
