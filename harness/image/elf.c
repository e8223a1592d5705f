// SPDX-License-Identifier: GPL-3.0-or-later
/* What a program needs to be loaded, read from its ELF headers (elf(5)). The file may be anything:
 * every offset is checked. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "image/image.h"

#define NEEDED_MAX 256
#define SCRIPT_MAX 256

struct image {
	const uint8_t *p;
	uint64_t size;
	const Elf64_Phdr *ph;
	unsigned n_ph;
};

static const void *at(const struct image *m, uint64_t offset, uint64_t len)
{
	return offset <= m->size && len <= m->size - offset ? m->p + offset : NULL;
}

/* Virtual address to file offset through PT_LOAD. */
static bool to_offset(const struct image *m, uint64_t address, uint64_t *offset)
{
	for (unsigned i = 0; i < m->n_ph; i++) {
		const Elf64_Phdr *h = &m->ph[i];

		if (h->p_type == PT_LOAD && address >= h->p_vaddr &&
			address - h->p_vaddr < h->p_filesz) {
			*offset = h->p_offset + (address - h->p_vaddr);
			return true;
		}
	}
	return false;
}

static const char *string_at(const struct image *m, uint64_t offset)
{
	const char *s = at(m, offset, 1);

	return s && memchr(s, 0, m->size - offset) ? s : NULL;
}

static int read_dynamic(const struct image *m, const Elf64_Phdr *h, struct elf_needs *out)
{
	const Elf64_Dyn *d = at(m, h->p_offset, h->p_filesz);
	size_t n = h->p_filesz / sizeof(*d);
	uint64_t strings = 0;
	const char *rpath = NULL, *runpath = NULL;

	if (!d || h->p_offset % 8)
		return -EINVAL;
	for (size_t i = 0; i < n && d[i].d_tag != DT_NULL; i++)
		if (d[i].d_tag == DT_STRTAB && !to_offset(m, d[i].d_un.d_ptr, &strings))
			return -EINVAL;
	for (size_t i = 0; i < n && d[i].d_tag != DT_NULL; i++) {
		const char *s;

		if (d[i].d_tag != DT_NEEDED && d[i].d_tag != DT_RPATH && d[i].d_tag != DT_RUNPATH)
			continue;
		s = strings && d[i].d_un.d_val < m->size ? string_at(m, strings + d[i].d_un.d_val)
							 : NULL;
		if (!s || out->needed.n >= NEEDED_MAX)
			return -EINVAL;
		if (d[i].d_tag == DT_NEEDED)
			strv_add(&out->needed, "%s", s);
		else
			*(d[i].d_tag == DT_RPATH ? &rpath : &runpath) = s;
	}
	if (runpath || rpath)
		out->search = xstrdup(runpath ? runpath : rpath);
	return 0;
}

static int read_headers(struct image *m, struct elf_needs *out)
{
	const Elf64_Ehdr *eh = at(m, 0, sizeof(*eh));
	int rc = 0;

	if (!eh || eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_X86_64 ||
		eh->e_phentsize != sizeof(Elf64_Phdr) || eh->e_phoff % 8)
		return -ENOEXEC;
	m->n_ph = eh->e_phnum;
	m->ph = at(m, eh->e_phoff, (uint64_t)m->n_ph * sizeof(*m->ph));
	if (!m->ph)
		return -EINVAL;
	for (unsigned i = 0; i < m->n_ph && !rc; i++) {
		const char *s;

		if (m->ph[i].p_type == PT_DYNAMIC) {
			rc = read_dynamic(m, &m->ph[i], out);
		} else if (m->ph[i].p_type == PT_INTERP && !out->interpreter) {
			s = string_at(m, m->ph[i].p_offset);
			if (!s)
				return -EINVAL;
			out->interpreter = xstrdup(s);
		}
	}
	return rc;
}

static void read_script(const struct image *m, struct elf_needs *out)
{
	char line[SCRIPT_MAX];
	size_t len = MIN(m->size, sizeof(line) - 1);
	char *word, *save;

	memcpy(line, m->p, len);
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	word = strtok_r(line + 2, " \t\r", &save);
	if (word && *word == '/')
		out->script = xstrdup(word);
}

int elf_read(const char *path, struct elf_needs *out, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image m = {0};
	struct stat st;
	int rc = 0;

	*out = (struct elf_needs){0};
	if (fd < 0 || fstat(fd, &st))
		return err_sys(e, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(
			e, EINVAL, "%s is not a file; only files can be put into a guest", path);
	m.size = (uint64_t)st.st_size;
	if (m.size < 4)
		return 0;
	m.p = mmap(NULL, m.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (m.p == MAP_FAILED)
		return err_sys(e, "cannot map %s", path);
	if (!memcmp(m.p, ELFMAG, SELFMAG))
		rc = read_headers(&m, out);
	else if (!memcmp(m.p, "#!", 2))
		read_script(&m, out);
	munmap((void *)m.p, m.size);
	if (!rc)
		return 0;
	elf_needs_release(out);
	return rc == -ENOEXEC ? err_set(e, ENOEXEC, "%s is not a program for x86-64", path)
			      : err_set(e, EINVAL, "%s is a broken ELF file", path);
}

void elf_needs_release(struct elf_needs *n)
{
	free(n->interpreter);
	free(n->search);
	free(n->script);
	strv_release(&n->needed);
	*n = (struct elf_needs){0};
}
