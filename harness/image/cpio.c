// SPDX-License-Identifier: GPL-3.0-or-later
/* Archives of the "newc" format, as the kernel unpacks them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "image/image.h"

#define ALIGN 4u

static int put(struct cpio *c, const void *data, size_t len, struct err *e)
{
	if (len && fwrite(data, 1, len, c->f) != len)
		return err_sys(e, "cannot write the initramfs");
	c->bytes += len;
	return 0;
}

static int pad(struct cpio *c, struct err *e)
{
	static const char zeros[ALIGN];

	return put(c, zeros, (ALIGN - c->bytes % ALIGN) % ALIGN, e);
}

static int header(struct cpio *c, const char *name, unsigned mode, uint64_t size, unsigned major,
	unsigned minor, struct err *e)
{
	char head[111];
	int rc;

	while (*name == '/')
		name++;
	if (size > UINT32_MAX)
		return err_set(e, EFBIG, "%s has 4 GiB or more: too large for an initramfs", name);
	snprintf(head, sizeof(head), "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		++c->inode, mode, 0u, 0u, 1u, 0u, (unsigned)size, 0u, 0u, major, minor,
		(unsigned)strlen(name) + 1, 0u);
	rc = put(c, head, 110, e);
	if (!rc)
		rc = put(c, name, strlen(name) + 1, e);
	return rc ? rc : pad(c, e);
}

int cpio_folder(struct cpio *c, const char *name, struct err *e)
{
	return header(c, name, S_IFDIR | 0755, 0, 0, 0, e);
}

int cpio_device(struct cpio *c, const char *name, unsigned major, unsigned minor, struct err *e)
{
	return header(c, name, S_IFCHR | 0600, 0, major, minor, e);
}

int cpio_text(struct cpio *c, const char *name, const char *text, size_t len, struct err *e)
{
	int rc = header(c, name, S_IFREG | 0644, len, 0, 0, e);

	if (!rc)
		rc = put(c, text, len, e);
	return rc ? rc : pad(c, e);
}

int cpio_file(struct cpio *c, const char *name, const char *source, struct err *e)
{
	auto_fclose FILE *in = fopen(source, "re");
	uint64_t left;
	struct stat st;
	char buf[65536];
	int rc;

	if (!in || fstat(fileno(in), &st))
		return err_sys(e, "cannot read %s", source);
	if (!S_ISREG(st.st_mode))
		return err_set(
			e, EINVAL, "%s is not a file; only files can be put into a guest", source);
	left = (uint64_t)st.st_size;
	rc = header(c, name, S_IFREG | (st.st_mode & 0111 ? 0755 : 0644), left, 0, 0, e);
	while (!rc && left) {
		size_t n = fread(buf, 1, MIN(left, sizeof(buf)), in);

		if (!n)
			return err_set(e, EIO, "%s became shorter while it was read", source);
		rc = put(c, buf, n, e);
		left -= n;
	}
	return rc ? rc : pad(c, e);
}

int cpio_end(struct cpio *c, struct err *e)
{
	int rc;

	c->inode = 0;
	rc = header(c, "TRAILER!!!", 0, 0, 0, 0, e);
	if (!rc && fflush(c->f))
		rc = err_sys(e, "cannot write the initramfs");
	return rc;
}
