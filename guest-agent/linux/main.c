// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope-agent: /init of a Linux guest, host processes of a native guest, or the recorder. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "guest-agent/linux/linux.h"

#define CONFIG_FILE "/stealscope.conf" /* in the initramfs */
#define CONFIG_MAX  65536
#define CPUS_WAIT   50 /* x 100 ms for the CPUs of the guest to come up */

static const char *read_config(const char *path)
{
	static char text[CONFIG_MAX];
	size_t n = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	while (n < sizeof(text) - 1 && (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	text[n] = '\0';
	return text;
}

static void check_page(const struct shm_host *host, uint64_t size)
{
	const char *wrong = agent_check_page(host, size);

	if (!wrong)
		return;
	say("%s", wrong);
	if (process.is_init)
		init_power_off();
	exit(1);
}

static void wait_for_cpus(const struct shm_host *host)
{
	for (int i = 0; i < CPUS_WAIT && sysconf(_SC_NPROCESSORS_ONLN) < (long)host->nr_vcpus; i++)
		usleep(100000);
	if (sysconf(_SC_NPROCESSORS_ONLN) >= (long)host->nr_vcpus)
		return;
	say("fewer CPUs came up than the %u asked for", host->nr_vcpus);
	if (process.is_init)
		init_power_off();
	exit(1);
}

/* In a guest with a kernel of its own: to run on all its CPUs, as the page says. */
static void guest_run(struct shm_host *host) __attribute__((noreturn));
static void guest_run(struct shm_host *host)
{
	cpu_mask cpus[SHM_MAX_VCPUS];

	machine_detect();
	wait_for_cpus(host);
	for (unsigned i = 0; i < host->nr_vcpus; i++)
		cpus[i] = mask_one(i);
	say("%u CPUs, TSC %llu Hz, accelerator %u, features %x", host->nr_vcpus,
		(unsigned long long)process.tsc_hz, process.accel, process.features);
	vcpus_run(host, cpus);
}

/* guest: a service of a whole system, started by the seed disk or by `install`. A system that runs
 * without stealscope has no page: there is nothing to do, which is no failure. */
static int guest_main(void)
{
	static char config[SHM_CONFIG_SIZE];
	struct shm_host *host;
	uint64_t size;

	host = page_from_pci(&size);
	if (!host)
		return 0;
	check_page(host, size);
	memcpy(config, host->config, sizeof(config) - 1);
	process.config = config;
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 0);
	setenv("HOME", "/", 0);
	guest_run(host);
}

static void init_main(void) __attribute__((noreturn));
static void init_main(void)
{
	struct shm_host *host;
	uint64_t size;

	process.is_init = true;
	init_mounts();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/", 1);
	host = is_on_xen() ? page_from_xen(&size) : page_from_pci(&size);
	if (!host)
		init_power_off();
	check_page(host, size);
	process.config = read_config(CONFIG_FILE);
	guest_run(host);
}

static const char *option(int argc, char **argv, const char *name)
{
	size_t len = strlen(name);

	for (int i = 2; i < argc; i++)
		if (!strncmp(argv[i], name, len) && argv[i][len] == '=')
			return argv[i] + len + 1;
	return NULL;
}

/* native --page=FILE --cpus=LIST:LIST:... [--config=FILE]; a list per vCPU. */
static int native_main(int argc, char **argv)
{
	const char *page = option(argc, argv, "--page"), *lists = option(argc, argv, "--cpus");
	const char *config = option(argc, argv, "--config");
	cpu_mask cpus[SHM_MAX_VCPUS];
	struct shm_host *host;
	unsigned n = 0;
	uint64_t size;
	char *copy, *list;

	if (!page || !lists) {
		say("native wants --page=FILE and --cpus=LIST[:LIST...]");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	process.is_native = true;
	copy = strdup(lists);
	while (n < SHM_MAX_VCPUS && (list = strsep(&copy, ":"))) {
		if (!*list)
			cpus[n++] = mask_mine();
		else if (!mask_parse(list, &cpus[n++])) {
			say("\"%s\" is not a list of CPUs", list);
			return 2;
		}
	}
	host = page_from_file(page, &size);
	if (!host)
		return 1;
	check_page(host, size);
	if (n != host->nr_vcpus) {
		say("%u lists of CPUs for %u vCPUs", n, host->nr_vcpus);
		return 2;
	}
	process.config = config ? read_config(config) : NULL;
	machine_detect();
	vcpus_run(host, cpus);
}

static int usage(int status)
{
	dprintf(status ? STDERR_FILENO : STDOUT_FILENO,
		"Usage: stealscope-agent record [OPTION...]   see record --help\n"
		"       stealscope-agent install [ROOT]        be a service of this system, or of one below ROOT\n"
		"       stealscope-agent guest                 what that service runs\n"
		"       stealscope-agent --version\n"
		"Records what this machine's CPUs lose to its hypervisor, alone, on any Linux.\n"
		"stealscope itself runs it as /init of Linux guests and as native guests.\n");
	return status;
}

int main(int argc, char **argv)
{
	if (getpid() == 1)
		init_main();
	if (argc >= 2 && !strcmp(argv[1], "native"))
		return native_main(argc, argv);
	if (argc == 2 && !strcmp(argv[1], "guest"))
		return guest_main();
	if ((argc == 2 || argc == 3) && !strcmp(argv[1], "install"))
		return install_main(argc == 3 ? argv[2] : "");
	if (argc >= 2 && !strcmp(argv[1], "record"))
		return record_main(argc - 1, argv + 1);
	if (argc >= 2 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		puts("stealscope-agent " SS_VERSION);
		return 0;
	}
	if (argc >= 2 && strcmp(argv[1], "--help") != 0) {
		say("no command %s; see --help", argv[1]);
		return 2;
	}
	return usage(argc >= 2 ? 0 : 2);
}
