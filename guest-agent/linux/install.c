// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope-agent install: this program and a systemd unit for it, in this system or in the tree of
 * an image. The unit does nothing where there is no shared page. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-agent/linux/linux.h"

#define PROGRAM "/usr/local/sbin/stealscope-agent"
#define UNITS	"/etc/systemd/system"
#define UNIT	"stealscope-agent.service"
#define WANTS	UNITS "/multi-user.target.wants"

static const char unit[] =
	"[Unit]\n"
	"Description=stealscope's probes, for as long as a host shares a page with this guest\n"
	"After=multi-user.target\n"
	"\n"
	"[Service]\n"
	"ExecStart=" PROGRAM " guest\n"
	"\n"
	"[Install]\n"
	"WantedBy=multi-user.target\n";

static int failed(const char *path)
{
	say("%s: %s", path, strerror(errno));
	return 1;
}

static int make_folders(const char *path)
{
	char part[4096];

	for (const char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		if (mkdir(part, 0755) && errno != EEXIST)
			return failed(part);
	}
	return 0;
}

/* By a new file beside it: the old one may be running. */
static int write_new(const char *path, int from, const char *text, mode_t mode)
{
	char new[4200], buf[65536];
	ssize_t n = text ? (ssize_t)strlen(text) : 0;
	int fd, bad = 0;

	if (make_folders(path))
		return 1;
	snprintf(new, sizeof(new), "%s.new", path);
	unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return failed(new);
	if (text)
		bad = write(fd, text, (size_t)n) != n;
	while (!text && !bad && (n = read(from, buf, sizeof(buf))) > 0)
		bad = write(fd, buf, (size_t)n) != n;
	bad |= n < 0 || fchmod(fd, mode) || fsync(fd);
	if (close(fd) || bad || rename(new, path)) {
		failed(path);
		unlink(new);
		return 1;
	}
	return 0;
}

int install_main(const char *root)
{
	char program[4096], service[4096], wants[4096];
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), status;

	if (self < 0)
		return failed("/proc/self/exe");
	snprintf(program, sizeof(program), "%s" PROGRAM, root);
	snprintf(service, sizeof(service), "%s" UNITS "/" UNIT, root);
	snprintf(wants, sizeof(wants), "%s" WANTS "/" UNIT, root);
	status = write_new(program, self, NULL, 0755);
	close(self);
	if (!status)
		status = write_new(service, -1, unit, 0644);
	if (!status)
		status = make_folders(wants);
	if (!status && symlink("../" UNIT, wants) && errno != EEXIST)
		status = failed(wants);
	if (!status)
		printf("installed %s and %s: it starts with the system; guests of kind \"disk\" with agent=\"installed\" use it\n",
			program, service);
	return status;
}
