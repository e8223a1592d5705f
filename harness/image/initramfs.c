// SPDX-License-Identifier: GPL-3.0-or-later
/* The initramfs of one guest: what goes in, once each, with the folders above it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "image/image.h"

#define FILES_MAX   4096
#define DEPTH_MAX   64
#define CONFIG_FILE "/stealscope.conf"

struct builder {
	struct cpio cpio;
	struct strv have; /* targets and folders already in */
	const char *base;
	unsigned files;
};

static bool has(const struct builder *b, const char *target)
{
	for (size_t i = 0; i < b->have.n; i++)
		if (!strcmp(b->have.items[i], target))
			return true;
	return false;
}

static int add_parents(struct builder *b, const char *target, struct err *e)
{
	int rc = 0;

	for (const char *slash = strchr(target + 1, '/'); slash && !rc;
		slash = strchr(slash + 1, '/')) {
		auto_free char *folder = xasprintf("%.*s", (int)(slash - target), target);

		if (has(b, folder))
			continue;
		strv_add(&b->have, "%s", folder);
		rc = cpio_folder(&b->cpio, folder, e);
	}
	return rc;
}

static int add_file(
	struct builder *b, const char *source, const char *target, unsigned depth, struct err *e);

/* At its own path, and, as there is no ld.so.cache in the guest, in a folder that its loader always
 * looks into. */
static int add_library(struct builder *b, const char *path, unsigned depth, struct err *e)
{
	static const char folder[] = "/usr/lib/x86_64-linux-gnu";
	const char *name = strrchr(path, '/') + 1;
	auto_free char *usual = xasprintf("%s/%s", folder, name);
	int rc = add_file(b, path, path, depth, e);

	if (rc || strstr(path, folder) == path || strstr(path, folder + strlen("/usr")) == path)
		return rc;
	return add_file(b, path, usual, depth, e);
}

/* The loader and libraries of an ELF file, the interpreter of a script. */
static int add_needs(struct builder *b, const char *source, unsigned depth, struct err *e)
{
	struct elf_needs n;
	int rc = elf_read(source, &n, e);

	/* A file that is not meant to be run may be anything. */
	if (rc && depth == 0 && access(source, X_OK)) {
		*e = (struct err)ERR_INIT;
		return 0;
	}
	if (rc)
		return rc;
	if (n.interpreter)
		rc = add_file(b, n.interpreter, n.interpreter, depth + 1, e);
	if (!rc && n.script)
		rc = add_file(b, n.script, n.script, depth + 1, e);
	for (size_t i = 0; i < n.needed.n && !rc; i++) {
		auto_free char *path = library_find(n.needed.items[i], source, n.search);

		rc = path ? add_library(b, path, depth + 1, e)
			  : err_set_exit(e, EXIT_HOST, ENOENT,
				    "%s needs the library %s, which is nowhere on this host; install it, or name it with <file>",
				    source, n.needed.items[i]);
	}
	elf_needs_release(&n);
	return rc;
}

static int add_file(
	struct builder *b, const char *source, const char *target, unsigned depth, struct err *e)
{
	int rc;

	if (has(b, target))
		return 0;
	if (depth > DEPTH_MAX || b->have.n > FILES_MAX)
		return err_set(e, E2BIG, "%s: too many files for one guest", source);
	rc = add_parents(b, target, e);
	strv_add(&b->have, "%s", target);
	if (!rc)
		rc = cpio_file(&b->cpio, target, source, e);
	b->files++;
	return rc ? rc : add_needs(b, source, depth, e);
}

/* A source as the scenario has it: a path, below `base` when relative, or a program of $PATH. */
static char *find_source(const struct builder *b, const char *source, struct err *e)
{
	char *path;

	if (!strchr(source, '/'))
		path = program_find(source);
	else if (*source == '/' || !b->base)
		path = xstrdup(source);
	else
		path = xasprintf("%s/%s", b->base, source);
	if (path && access(path, R_OK) == 0)
		return path;
	err_set_exit(e, EXIT_HOST, ENOENT, "%s is not on this host%s", path ? path : source,
		path ? "" : " (neither in $PATH nor a path)");
	free(path);
	return NULL;
}

static int add_named(struct builder *b, const char *item, struct err *e)
{
	const char *arrow = strstr(item, "=>");
	auto_free char *source =
		arrow ? xasprintf("%.*s", (int)(arrow - item), item) : xstrdup(item);
	auto_free char *path = find_source(b, source, e);
	auto_free char *target = NULL;

	if (!path)
		return -e->code;
	target = !arrow ? xstrdup(path) : xasprintf("%s%s", arrow[2] == '/' ? "" : "/", arrow + 2);
	if (strstr(target, "..") || strlen(target) > 1024)
		return err_set_exit(e, EXIT_USAGE, EINVAL,
			"%s cannot be a path in a guest; write one of at most 1024 bytes without \"..\"",
			target);
	return add_file(b, path, target, 0, e);
}

/* The program of a command, where no <file> has put it there already. */
static int add_program(struct builder *b, const char *command, struct err *e)
{
	size_t skip = strspn(command, " \t"), len = strcspn(command + skip, " \t");
	auto_free char *word = xasprintf("%.*s", (int)len, command + skip);
	auto_free char *path = NULL;

	if (has(b, word))
		return 0;
	path = find_source(b, word, e);
	if (!path)
		return -e->code;
	return add_file(b, path, path, 0, e);
}

/* "job MASK COMMAND": hexadecimal, the highest vCPUs first, as many digits as it takes. */
static void add_job(struct strbuf *text, const struct plan_probe *p)
{
	int word = (int)ARRAY_SIZE(p->vcpus.bits) - 1;

	while (word > 0 && !p->vcpus.bits[word])
		word--;
	strbuf_add(text, "job %llx", (unsigned long long)p->vcpus.bits[word]);
	while (word-- > 0)
		strbuf_add(text, "%016llx", (unsigned long long)p->vcpus.bits[word]);
	strbuf_add(text, " %s\n", p->command);
}

char *guest_config(const struct plan_guest *g, const struct plan_measure *measures, size_t n)
{
	struct strbuf text = {0};
	unsigned number = 0; /* among those of this guest: it is one byte in what it prints */

	for (size_t i = 0; i < g->n_probes; i++)
		if (g->probes[i].command)
			add_job(&text, &g->probes[i]);
	for (size_t i = 0; i < n; i++)
		if (measures[i].guest && !strcmp(measures[i].guest, g->name))
			strbuf_add(&text, "measure %u %s\n", number++, measures[i].command);
	return text.text ? text.text : xstrdup("");
}

static int add_config(struct builder *b, const struct initramfs *what, struct err *e)
{
	auto_free char *text = guest_config(what->guest, what->measures, what->n_measures);

	return cpio_text(&b->cpio, CONFIG_FILE, text, strlen(text), e);
}

/* The programs of its jobs and measures. */
static int add_programs(struct builder *b, const struct initramfs *what, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < what->guest->n_probes && !rc; i++)
		if (what->guest->probes[i].command)
			rc = add_program(b, what->guest->probes[i].command, e);
	for (size_t i = 0; i < what->n_measures && !rc; i++)
		if (what->measures[i].guest && !strcmp(what->measures[i].guest, what->guest->name))
			rc = add_program(b, what->measures[i].command, e);
	return rc;
}

static int fill(struct builder *b, const struct initramfs *what, struct err *e)
{
	static const char *const folders[] = {
		"/dev", "/proc", "/sys", "/tmp", "/run", "/etc", "/root"};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(folders) && !rc; i++) {
		strv_add(&b->have, "%s", folders[i]);
		rc = cpio_folder(&b->cpio, folders[i], e);
	}
	if (!rc)
		rc = cpio_device(&b->cpio, "/dev/console", 5, 1, e);
	if (!rc)
		rc = add_file(b, what->agent, "/init", 0, e);
	if (!rc && what->xen_module)
		rc = cpio_file(&b->cpio, "/xen-gntalloc.ko", what->xen_module, e);
	if (!rc)
		rc = add_config(b, what, e);
	for (size_t i = 0; i < what->guest->files.n && !rc; i++)
		rc = add_named(b, what->guest->files.items[i], e);
	if (!rc)
		rc = add_programs(b, what, e);
	return rc ? rc : cpio_end(&b->cpio, e);
}

int initramfs_write(
	const struct initramfs *what, const char *path, struct initramfs_size *out, struct err *e)
{
	struct builder b = {.base = what->base};
	int fd = beneath_open(path, O_WRONLY | O_CREAT | O_EXCL, 0644), rc;

	if (fd < 0)
		return err_sys(e, "cannot make %s", path);
	b.cpio.f = fdopen(fd, "w");
	rc = fill(&b, what, e);
	if (fclose(b.cpio.f) && !rc)
		rc = err_sys(e, "cannot write %s", path);
	if (rc)
		unlink(path);
	else
		*out = (struct initramfs_size){b.cpio.bytes, b.files};
	strv_release(&b.have);
	return rc;
}

/* The archive as loaded and its unpacked files are there at the same time; the kernel takes its
 * image, the decompressed kernel (some five times that) and its own tables. */
uint64_t initramfs_memory(uint64_t bytes, uint64_t kernel_bytes)
{
	return 2 * bytes + 5 * kernel_bytes + (UINT64_C(24) << 20);
}
