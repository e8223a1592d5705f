// SPDX-License-Identifier: GPL-3.0-or-later
/* See vm_args.h. Options are read as QEMU's QemuOpts reads them (util/qemu-option.c). */
#include "host/vm_args.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/util.h"

#define NAME_MAX_BYTES 200

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool vm_args_qemu(const char *argv0)
{
	const char *base = base_name(argv0);

	if (*base == '.') /* a wrapper's: ".qemu-system-x86_64-wrapped" */
		base++;
	return !strncmp(base, "qemu-system", 11) || !strcmp(base, "qemu-kvm") ||
	       !strcmp(base, "qemu") || !strcmp(base, "kvm");
}

/* Whether argument `at` is option `name` (without its dashes), as "-name" or "--name". */
static bool is_option(const char *at, const char *name)
{
	return at[0] == '-' && (!strcmp(at + 1, name) || (at[1] == '-' && !strcmp(at + 2, name)));
}

static const char *next_arg(const char *argv, size_t len, const char *at)
{
	size_t next = (size_t)(at - argv) + strlen(at) + 1;

	return next < len ? argv + next : NULL;
}

/* A value up to its comma; two commas are one. Returns where it ended; *out is the caller's. */
static const char *take_value(const char *p, char **out)
{
	struct strbuf value = {0};

	for (; *p && (*p != ',' || p[1] == ','); p++) {
		if (*p == ',')
			p++;
		if (value.len < NAME_MAX_BYTES)
			strbuf_addn(&value, p, 1);
	}
	*out = value.text ? value.text : xstrdup("");
	return p;
}

/* The value of `key` in "a,key=b,flag"; the first element may go without its key, `implied`. The
 * last one counts. */
static void key_value(const char *text, const char *implied, const char *key, char **out)
{
	const char *p = text;

	while (*p) {
		size_t n = strcspn(p, "=,");
		bool has_key = p[n] == '=', ours;
		char *value;

		ours = has_key ? strlen(key) == n && !strncmp(p, key, n)
			       : p == text && !strcmp(implied, key);
		p = take_value(has_key ? p + n + 1 : p, &value);
		if (ours) {
			free(*out);
			*out = value;
		} else {
			free(value);
		}
		if (*p == ',')
			p++;
	}
}

/* The same, over every `option` of the command line. NULL: not given. */
static char *qemu_value(
	const char *argv, size_t len, const char *option, const char *implied, const char *key)
{
	char *value = NULL;

	for (const char *at = argv; at; at = next_arg(argv, len, at)) {
		const char *text = is_option(at, option) ? next_arg(argv, len, at) : NULL;

		if (text)
			key_value(text, implied, key, &value);
	}
	return value;
}

bool vm_args_probe(const char *argv, size_t len)
{
	auto_free char *machine = qemu_value(argv, len, "machine", "type", "type");
	auto_free char *old = qemu_value(argv, len, "M", "type", "type");

	return (machine && !strcmp(machine, "none")) || (old && !strcmp(old, "none"));
}

bool vm_args_kvm_only(const char *argv, size_t len)
{
	auto_free char *accel = qemu_value(argv, len, "accel", "accel", "accel");
	auto_free char *machine = qemu_value(argv, len, "machine", "type", "accel");
	auto_free char *old = qemu_value(argv, len, "M", "type", "accel");

	for (const char *at = argv; at; at = next_arg(argv, len, at))
		if (is_option(at, "enable-kvm"))
			return true;
	return (accel && !strcmp(accel, "kvm")) || (machine && !strcmp(machine, "kvm")) ||
	       (old && !strcmp(old, "kvm"));
}

/* "--id x" or "--id=x", of programs that read their options as getopt does. */
static char *long_value(const char *argv, size_t len, const char *option)
{
	size_t n = strlen(option);

	for (const char *at = argv; at; at = next_arg(argv, len, at)) {
		const char *value = NULL;

		if (!strcmp(at, option))
			value = next_arg(argv, len, at);
		else if (!strncmp(at, option, n) && at[n] == '=')
			value = at + n + 1;
		if (value && *value)
			return xasprintf("%.*s", NAME_MAX_BYTES, value);
	}
	return NULL;
}

char *vm_args_name(const char *argv, size_t len)
{
	static const struct {
		const char *program, *option;
	} others[] = {{"firecracker", "--id"}, {"crosvm", "--name"}, {"lkvm", "--name"},
		{"lkvm", "-n"}, {"kvmtool", "--name"}, {"kvmtool", "-n"}};
	char *name = NULL;

	if (vm_args_qemu(argv)) {
		name = qemu_value(argv, len, "name", "guest", "guest");
		if (name && !*name) {
			free(name);
			name = NULL;
		}
		return name;
	}
	for (size_t i = 0; !name && i < ARRAY_SIZE(others); i++)
		if (!strncmp(base_name(argv), others[i].program, strlen(others[i].program)))
			name = long_value(argv, len, others[i].option);
	return name;
}

char *vm_shown_name(const char *name)
{
	struct strbuf out = {0};

	for (const char *p = name; *p;) {
		bool clean;
		size_t n = text_char(p, &clean);

		for (size_t i = 0; i < n; i++)
			strbuf_add(&out, clean ? "%c" : "\\x%02x", (unsigned char)p[i]);
		p += n;
	}
	return out.text ? out.text : xstrdup("");
}

char *vm_args_program(const char *argv, size_t len)
{
	if (!len || !*argv)
		return xstrdup("process");
	return vm_args_qemu(argv) ? xstrdup("qemu") : xasprintf("%.32s", base_name(argv));
}

static unsigned smp_value(const char *argv, size_t len, const char *key)
{
	auto_free char *text = qemu_value(argv, len, "smp", "cpus", key);
	unsigned long v = text ? strtoul(text, NULL, 10) : 0;

	return v <= 4096 ? (unsigned)v : 0;
}

static unsigned or_one(unsigned v)
{
	return v ? v : 1;
}

/* Takes the lowest bits off `id` that number one of `n`. */
static unsigned take_field(unsigned *id, unsigned n)
{
	unsigned bits = n > 1 ? 32 - (unsigned)__builtin_clz(n - 1) : 0;
	unsigned field = *id & ((1u << bits) - 1);

	*id >>= bits;
	return field;
}

/* As hw/i386/topology.h makes APIC ids, backwards; what -smp leaves out is filled in as
 * hw/core/machine-smp.c does. */
unsigned vm_args_cpu_index(const char *argv, size_t len, unsigned id)
{
	unsigned cpus = smp_value(argv, len, "cpus"), most = smp_value(argv, len, "maxcpus");
	unsigned sockets = smp_value(argv, len, "sockets"), cores = smp_value(argv, len, "cores");
	unsigned threads = smp_value(argv, len, "threads"), left = id, index;
	unsigned dies = or_one(smp_value(argv, len, "dies"));
	unsigned modules = or_one(smp_value(argv, len, "modules"));
	unsigned t, c, m, d;

	most = or_one(most ? most : cpus);
	if (!cores && sockets)
		cores = most / or_one(sockets * dies * modules * or_one(threads));
	else if (!cores) /* one level of cores or of sockets: numbered alike */
		cores = most;
	if (!threads)
		threads = sockets ? most / or_one(sockets * dies * modules * or_one(cores)) : 1;
	cores = or_one(cores);
	threads = or_one(threads);
	t = take_field(&left, threads);
	c = take_field(&left, cores);
	m = take_field(&left, modules);
	d = take_field(&left, dies);
	index = (((left * dies + d) * modules + m) * cores + c) * threads + t;
	return most > 1 && index >= most ? id : index;
}
