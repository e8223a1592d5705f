// SPDX-License-Identifier: GPL-3.0-or-later
/* The seed disk: cloud-init's data source NoCloud
 * (https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html). */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/tool.h"
#include "image/disk.h"

#define MAKE_MS 20000

/* Last of all cloud-init does. The disk is mounted again, since /run may forbid programs, and the
 * agent is run from where it lies; systemd-run where there is one, that it has a place among the
 * services and is no child of cloud-init's. */
static const char user_data[] =
	"#cloud-config\n"
	"runcmd:\n"
	"  - mkdir -p /run/stealscope-seed\n"
	"  - mount -o ro,exec -L cidata /run/stealscope-seed\n"
	"  - [sh, -c, \"systemd-run --quiet --collect --unit=stealscope-agent /run/stealscope-seed/agent guest || setsid /run/stealscope-seed/agent guest </dev/null >/dev/console 2>&1 &\"]\n";

static int put(const char *dir, const char *name, const char *text, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	return write_file(path, text, strlen(text), e);
}

static int put_agent(const char *dir, const char *agent, struct err *e)
{
	auto_free char *path = xasprintf("%s/agent", dir);
	size_t len;
	auto_free char *data = read_file(agent, 64 << 20, &len, e);
	int rc = data ? write_file(path, data, len, e) : -e->code;

	if (!rc && chmod(path, 0755))
		rc = err_sys(e, "%s", path);
	return rc;
}

static int make(const char *dir, const char *path, struct err *e)
{
	static const char *const programs[] = {"genisoimage", "mkisofs"};
	int rc = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(programs) && rc == -ENOENT; i++) {
		const char *argv[] = {programs[i], "-quiet", "-volid", "cidata", "-joliet", "-rock",
			"-output", path, dir, NULL};
		auto_struct(tool_result) r = {0};

		rc = tool_run(argv, MAKE_MS, &r, e);
		if (!rc && r.status)
			rc = err_set(e, EIO, "%s does not make the seed disk: %.300s", programs[i],
				r.err);
	}
	if (rc == -ENOENT)
		return err_set_exit(e, EXIT_HOST, ENOENT,
			"the seed disk needs genisoimage, which is not on this host; install the package genisoimage, or use agent=\"installed\" or \"none\"");
	if (!rc)
		*e = (struct err)ERR_INIT;
	return rc;
}

int seed_make(const char *agent, const char *run, const char *name, bool network, const char *path,
	struct err *e)
{
	static const char no_network[] = "version: 2\nethernets: {}\n";
	static const char dhcp[] =
		"version: 2\nethernets:\n  all:\n    match: {name: \"e*\"}\n    dhcp4: true\n";
	auto_free char *dir = xasprintf("%s.d", path);
	auto_free char *meta =
		xasprintf("instance-id: %s-%s\nlocal-hostname: %s\n", run, name, name);
	int rc = make_dirs(dir, e);

	if (!rc)
		rc = put(dir, "meta-data", meta, e);
	if (!rc)
		rc = put(dir, "user-data", user_data, e);
	if (!rc)
		rc = put(dir, "network-config", network ? dhcp : no_network, e);
	if (!rc)
		rc = put_agent(dir, agent, e);
	if (!rc)
		rc = make(dir, path, e);
	remove_tree(dir, NULL);
	return rc;
}
