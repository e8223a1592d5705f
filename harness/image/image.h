/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a Linux guest boots from: a kernel of the user's choice and an initramfs made here: the
 * agent as /init, its configuration, and the files and programs that the scenario names, with the
 * shared libraries that these need (found as the dynamic loader would: DT_RPATH, DT_RUNPATH,
 * /etc/ld.so.conf, the default folders; files are read, nothing is run).
 */
#ifndef SS_IMAGE_IMAGE_H
#define SS_IMAGE_IMAGE_H

#include "base/util.h"
#include "plan/plan.h"

/* Where a kernel lies. `choice`: "host" (the running one's image in /boot), "distro", "distro-rt"
 * (fetched by scripts/fetch-kernel), or a path. Caller frees. NULL with EXIT_HOST in `e` when there
 * is none, saying what to do. */
char *kernel_find(const char *choice, struct err *e);
/* Whether it is a Linux kernel that QEMU can load (x86 boot protocol 2.2 or later, see
 * Documentation/arch/x86/boot.rst). 0 or -ENOEXEC with a sentence. */
int kernel_check(const char *path, struct err *e);

/* The module xen-gntalloc of the kernel at this path: beside it, or in /lib/modules by the release in its name. NULL
 * when there is none: it is built in, or cannot be had. Caller frees. */
char *kernel_xen_module(const char *kernel);

struct initramfs {
	const char *agent;	/* the static agent: /init */
	const char *xen_module; /* kernel_xen_module(); NULL = none */
	const struct plan_guest *guest;
	const struct plan_measure *measures; /* of all guests */
	size_t n_measures;
	const char *base; /* folder that relative sources are below */
};

struct initramfs_size {
	uint64_t bytes;
	unsigned files;
};

/* Write it to `path` (mode 0644, must not exist). What cannot be found is said in one sentence that
 * names the file and who needs it. */
int initramfs_write(
	const struct initramfs *what, const char *path, struct initramfs_size *out, struct err *e);

/* What the agent of a guest reads (guest-agent/linux/job.c, measure.c): "job MASK COMMAND" and
 * "measure NUMBER COMMAND", a line each; "" when there is nothing. Caller frees. */
char *guest_config(const struct plan_guest *g, const struct plan_measure *measures, size_t n);

/* Memory a guest needs to unpack `bytes` of initramfs beside a kernel of `kernel_bytes`. */
uint64_t initramfs_memory(uint64_t bytes, uint64_t kernel_bytes);

/* ---- parts, for tests */

/* The dynamic section of an ELF file for x86-64. Not an ELF file: all empty, and `script` is the
 * interpreter of a "#!" line or NULL. */
struct elf_needs {
	char *interpreter; /* PT_INTERP; NULL = static */
	char *search;	   /* DT_RUNPATH, else DT_RPATH; NULL = none */
	struct strv needed;
	char *script;
};
/* Hostile input is refused with a sentence: -EINVAL. */
int elf_read(const char *path, struct elf_needs *out, struct err *e);
void elf_needs_release(struct elf_needs *n);

/* Path of shared library `name` for the file `user`; NULL when it is nowhere. Caller frees. */
char *library_find(const char *name, const char *user, const char *search);
/* Path of a program named without a slash, as a shell finds it. Caller frees. */
char *program_find(const char *name);

/* An archive of the "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst). */
struct cpio {
	FILE *f;
	uint64_t bytes;
	unsigned inode;
};
int cpio_folder(struct cpio *c, const char *name, struct err *e);
int cpio_device(struct cpio *c, const char *name, unsigned major, unsigned minor, struct err *e);
int cpio_text(struct cpio *c, const char *name, const char *text, size_t len, struct err *e);
int cpio_file(struct cpio *c, const char *name, const char *source, struct err *e);
int cpio_end(struct cpio *c, struct err *e);

#endif
