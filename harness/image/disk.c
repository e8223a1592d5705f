// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tool.h"

#define INFO_MS	  20000
#define CREATE_MS 20000
#define SECTOR	  512

/* A whole image inside another file: QEMU would take it for a raw disk that boots nothing. */
static const struct {
	const char *magic, *what, *unpack;
	size_t len;
} packed[] = {
	{"\xfd"
	 "7zXZ",
		"xz", "unxz", 5},
	{"\x1f\x8b", "gzip", "gunzip", 2},
	{"BZh", "bzip2", "bunzip2", 3},
	{"PK\x03\x04", "zip", "unzip", 4},
	{"\x28\xb5\x2f\xfd", "zstd", "unzstd", 4},
};

static int check_file(const char *path, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[16] = "";
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return err_set_exit(e, EXIT_HOST, ENOENT, "the image %s is not there", path);
	if (fd < 0)
		return err_sys(e, "the image %s", path);
	if (fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
		return err_set(
			e, EINVAL, "the image %s is no file; name a qcow2 or raw image", path);
	if (read(fd, head, sizeof(head)) < (ssize_t)sizeof(head) ||
		(S_ISREG(st.st_mode) && st.st_size < SECTOR))
		return err_set(e, EINVAL, "the image %s is empty or shorter than one sector", path);
	for (size_t i = 0; i < ARRAY_SIZE(packed); i++)
		if (!memcmp(head, packed[i].magic, packed[i].len))
			return err_set(e, EINVAL,
				"the image %s is packed by %s; unpack it first (%s)", path,
				packed[i].what, packed[i].unpack);
	return 0;
}

/* Its last line without the program's name, on one line. */
static void qemu_img_failed(const struct tool_result *r, const char *path, struct err *e)
{
	char *text = r->err, *nl;

	while ((nl = strchr(text, '\n')) && nl[1])
		text = nl + 1;
	if (nl)
		*nl = '\0';
	if (!strncmp(text, "qemu-img: ", 10))
		text += 10;
	if (strstr(r->err, "\"write\" lock") || strstr(r->err, "\"consistent read\" lock"))
		err_set(e, EBUSY,
			"the image %s is in use for writing by another QEMU; shut that one down, or name a copy of the image",
			path);
	else
		err_set(e, EINVAL, "qemu-img cannot read the image %s: %.300s", path,
			*text ? text : "no reason given");
}

/* `path` is absolute: of another, what is before a colon would be taken for a protocol. `format` NULL: as the
 * file looks. `share`: although another has it. */
static json_t *info(const char *path, const char *format, bool share, struct err *e)
{
	const char *argv[10] = {"qemu-img", "info", "--output=json"};
	auto_struct(tool_result) r = {0};
	json_t *j = NULL;
	size_t n = 3;

	if (share)
		argv[n++] = "--force-share";
	if (format) {
		argv[n++] = "-f";
		argv[n++] = format;
	}
	argv[n++] = path;
	if (tool_run(argv, INFO_MS, &r, e)) {
		if (e->code == ENOENT)
			err_set_exit(e, EXIT_HOST, ENOENT,
				"qemu-img is not installed; install the package qemu-utils");
	} else if (r.status) {
		qemu_img_failed(&r, path, e);
	} else {
		j = json_loads(r.out, 0, NULL);
		if (!j)
			err_set(e, EIO, "qemu-img said nothing sensible of %s", path);
	}
	return j;
}

static const char *string_at(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}

static const char *known_format(const char *name)
{
	return !strcmp(name, "qcow2") ? "qcow2" : !strcmp(name, "raw") ? "raw" : NULL;
}

/* What is wrong with one file, and its format. */
static int judge(
	const char *path, const json_t *j, const char *wanted, const char **format, struct err *e)
{
	const json_t *special = json_object_get(json_object_get(j, "format-specific"), "data");
	const char *is = string_at(j, "format");

	*format = known_format(is);
	if (!strcmp(is, "luks") || json_is_true(json_object_get(j, "encrypted")) ||
		json_object_get(special, "encrypt"))
		return err_set(e, EINVAL,
			"the image %s is encrypted; convert it to a plain one (qemu-img convert)",
			path);
	if (!*format)
		return err_set(e, EINVAL,
			"the image %s has the format %.40s; qcow2 and raw can be run (qemu-img convert -O qcow2 makes one)",
			path, is);
	if (wanted && strcmp(wanted, is) != 0)
		return err_set(e, EINVAL, "the image %s is %s, not %s", path, is, wanted);
	if (json_object_get(special, "data-file"))
		return err_set(e, EINVAL,
			"the image %s keeps its data in another file; convert it to one file (qemu-img convert)",
			path);
	return 0;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash != path ? xasprintf("%.*s", (int)(slash - path), path) : xstrdup("/");
}

static bool lies_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strcmp(folder, "/") || (!strncmp(path, folder, len) && path[len] == '/');
}

/* The file that `layer` names as the one it builds upon, NULL when there is none. */
static char *backing_path(const struct plan_disk *d, const struct disk_chain *c, const json_t *j,
	const char **format, struct err *e)
{
	const char *name = string_at(j, "backing-filename");
	const char *above = c->layers[c->n - 1].path;
	auto_free char *here = folder_of(above), *top = folder_of(c->layers[0].path), *given = NULL;
	char *path;

	if (!*name)
		return NULL;
	*format = known_format(string_at(j, "backing-filename-format"));
	if (strcspn(name, ":") < strcspn(name, "/")) {
		err_set(e, EINVAL,
			"the image %s builds upon \"%.200s\", which is no local file; only files are opened",
			above, name);
		return NULL;
	}
	given = *name == '/' ? xstrdup(name) : xasprintf("%s/%s", here, name);
	path = realpath(given, NULL);
	if (!path)
		err_set_exit(e, EXIT_HOST, errno, "the image %s builds upon %s: %s", above, given,
			strerror(errno));
	else if (d->backing == BACKING_FOLDER && !lies_in(path, top))
		err_set(e, EPERM,
			"the image %s builds upon %s, which lies outside its folder; backing=\"anywhere\" allows it",
			above, path);
	else if (!*format)
		err_set(e, EINVAL,
			"the image %s does not say the format of %s, which it builds upon; say it with qemu-img rebase -u -b FILE -F FORMAT",
			above, path);
	if (e->code) {
		free(path);
		return NULL;
	}
	return path;
}

static int add_layer(
	struct disk_chain *c, char *path, const char *wanted, json_t **out, struct err *e)
{
	const char *format = NULL;
	json_t *j;
	int rc;

	if (c->n == DISK_CHAIN_MAX) {
		free(path);
		return err_set(
			e, ELOOP, "more than %d images build upon each other", DISK_CHAIN_MAX);
	}
	c->layers[c->n++].path = path;
	rc = check_file(path, e);
	if (rc)
		return rc;
	j = info(path, wanted, true, e);
	if (!j)
		return -e->code;
	rc = judge(path, j, wanted, &format, e);
	c->layers[c->n - 1].format = format;
	if (rc)
		json_decref(j);
	else
		*out = j;
	return rc;
}

/* One that another QEMU writes to would be read as nonsense. */
static int check_unused(const struct disk_chain *c, struct err *e)
{
	for (unsigned i = 0; i < c->n; i++) {
		json_auto_t *j = info(c->layers[i].path, c->layers[i].format, false, e);

		if (!j)
			return -e->code;
	}
	return 0;
}

int disk_look(const struct plan_disk *d, const char *folder, struct disk_chain *out, struct err *e)
{
	static const char *const formats[] = {NULL, "qcow2", "raw"};
	struct disk_chain c = {0};
	auto_free char *given =
		*d->image == '/' ? xstrdup(d->image) : xasprintf("%s/%s", folder, d->image);
	const char *wanted = formats[d->format];
	char *path = realpath(given, NULL);
	int rc = 0;

	if (!path)
		return err_set_exit(e, EXIT_HOST, errno, "the image %s: %s", given,
			errno == ENOENT ? "there is no such file" : strerror(errno));
	while (path && !rc) {
		json_auto_t *j = NULL;

		rc = add_layer(&c, path, wanted, &j, e);
		if (c.n == 1 && j)
			c.virtual_bytes =
				(uint64_t)json_integer_value(json_object_get(j, "virtual-size"));
		path = rc ? NULL : backing_path(d, &c, j, &wanted, e);
		rc = rc ? rc : -e->code;
	}
	if (!rc)
		rc = check_unused(&c, e);
	if (rc)
		disk_chain_release(&c);
	else
		*out = c;
	return rc;
}

void disk_chain_release(struct disk_chain *c)
{
	for (unsigned i = 0; i < c->n; i++)
		free(c->layers[i].path);
	*c = (struct disk_chain){0};
}

int disk_overlay(const struct disk_chain *c, const char *path, struct err *e)
{
	char size[32];
	/* -u: the chain is described to QEMU anew, and was looked at; it need not be opened here. */
	const char *argv[] = {"qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b",
		c->layers[0].path, "-F", c->layers[0].format, path, size, NULL};
	auto_struct(tool_result) r = {0};
	int rc;

	snprintf(size, sizeof(size), "%llu", (unsigned long long)c->virtual_bytes);
	rc = tool_run(argv, CREATE_MS, &r, e);
	if (!rc && r.status)
		rc = err_set(e, EIO, "no overlay for the image: %.300s", r.err);
	return rc;
}

int disk_firmware(const char *vars, char **code, struct err *e)
{
	static const char *const dirs[] = {"/usr/share/OVMF"};
	static const char *const kinds[] = {"_4M", ""};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		auto_free char *c = xasprintf("%s/OVMF_CODE%s.fd", dirs[0], kinds[i]);
		auto_free char *v = xasprintf("%s/OVMF_VARS%s.fd", dirs[0], kinds[i]);
		auto_free char *data = NULL;
		size_t len;

		if (access(c, R_OK) || access(v, R_OK))
			continue;
		data = read_file(v, 8 << 20, &len, e);
		if (!data || write_file(vars, data, len, e))
			return -e->code;
		*code = c;
		c = NULL;
		return 0;
	}
	return err_set_exit(e, EXIT_HOST, ENOENT,
		"boot=\"uefi\" needs OVMF, which is not on this host; install the package ovmf");
}
