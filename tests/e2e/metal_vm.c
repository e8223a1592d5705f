// SPDX-License-Identifier: GPL-3.0-or-later
/* One QEMU with the metal guest. */
#include "tests/e2e/metal_vm.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

#define SLOTS 4096 /* the dead-man cases drain nothing for 5 s */

const char *vm_elf;

static void die(const char *what)
{
	fprintf(stderr, "metal_boot: %s\n", what);
	exit(EXIT_FAILED);
}

static const struct shm_probe settings[] = {
	{.id = PROBE_TIMER, .p = {10000000}},
	{.id = PROBE_GAP, .p = {1000000}},
	{.id = PROBE_JOB}, /* set by job_iterations() */
	{.id = PROBE_LOCK, .p = {50, 50, 1000000}},
	{.id = PROBE_MEMORY, .p = {65536, 0}},
	{.id = PROBE_STEAL, .p = {50000000}},
};

/* Units of some ms: a KVM without hardware virtualisation (no vmx, no svm) emulates, a thousand
 * times slower. */
static uint64_t job_iterations(bool kvm)
{
	auto_free char *info = read_file("/proc/cpuinfo", 1 << 20, NULL, NULL);
	bool emulated = kvm && info && !strstr(info, " vmx") && !strstr(info, " svm");

	return emulated ? 2000 : 5000000;
}

static void make_page(struct vm *vm, const struct vm_options *o)
{
	struct shm_probe probes[2] = {{0}};
	struct err e = ERR_INIT;
	unsigned n = 0;
	int fd;
	char path[96];

	for (unsigned i = 0; i < 2 && o->probes[i]; i++)
		for (size_t k = 0; k < ARRAY_SIZE(settings); k++)
			if (settings[k].id == o->probes[i]) {
				probes[n] = settings[k];
				if (o->probes[i] == PROBE_JOB)
					probes[n].p[0] = job_iterations(o->kvm);
				memset(&probes[n++].vcpus, 0xff, sizeof(struct shm_vcpus));
			}
	if (guest_shm_create(vm->name, "metal-boot", o->page_vcpus, SLOTS, probes, n, vm->file,
		    &vm->shm, &e))
		die(e.msg);
	vm->size = guest_shm_size(vm->shm);
	snprintf(path, sizeof(path), "/dev/shm/%s", vm->name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	vm->page = mmap(NULL, vm->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (vm->page == MAP_FAILED)
		die("cannot map the page");
	close(fd);
	if (o->wrong_page)
		((struct shm_host *)vm->page)->ring_stride = 1 << 30;
	if (o->no_hz)
		((struct shm_host *)vm->page)->tsc_hz = 0;
}

static void exec_qemu(const struct vm *vm, const struct vm_options *o)
{
	char smp[16], memory[256], full_name[128];
	const char *args[40] = {"qemu-system-x86_64", "-name", full_name, "-M", o->machine,
		"-accel", o->kvm ? "kvm" : "tcg", "-cpu",
		o->kvm ? "host,arch-capabilities=off" : "max", "-smp", smp, "-m", "32",
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", NULL,
		"-object", memory, "-device", "ivshmem-plain,memdev=page", "-kernel", vm_elf};
	auto_free char *serial = xasprintf("file:%s", vm->console);
	size_t n = 0;
	int null = open("/dev/null", O_RDWR);

	snprintf(full_name, sizeof(full_name), "%s,debug-threads=on", vm->name);
	snprintf(smp, sizeof(smp), "%u", o->vcpus);
	snprintf(memory, sizeof(memory),
		"memory-backend-file,id=page,share=on,mem-path=/dev/shm/%s,size=%llu", vm->name,
		(unsigned long long)vm->size);
	while (args[n])
		n++;
	args[n] = serial;
	while (args[n])
		n++;
	if (o->iommu) {
		args[n++] = "-device";
		args[n++] = "intel-iommu,intremap=on,eim=on";
	}
	if (!o->seabios) {
		args[n++] = "-bios";
		args[n++] = "qboot.rom";
	}
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execvp(args[0], (char *const *)args);
	_exit(127);
}

static void use_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

void vm_start(struct vm *vm, const struct vm_options *o)
{
	static unsigned serial;
	pid_t parent = getpid();

	*vm = (struct vm){.vcpus = o->vcpus};
	strcpy(vm->dir, "/tmp/metal_boot.XXXXXX");
	if (!mkdtemp(vm->dir))
		die("cannot make a folder in /tmp");
	snprintf(vm->name, sizeof(vm->name), "metal-boot-%d-%u", (int)parent, serial++);
	snprintf(vm->file, sizeof(vm->file), "%s/guest.bin", vm->dir);
	snprintf(vm->console, sizeof(vm->console), "%s/console", vm->dir);
	make_page(vm, o);
	fflush(stdout);
	vm->pid = fork();
	if (vm->pid < 0)
		die("cannot fork");
	if (vm->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		if (o->one_cpu)
			use_cpu(1);
		exec_qemu(vm, o);
	}
}

bool vm_alive(struct vm *vm)
{
	if (!vm->gone && waitpid(vm->pid, &vm->status, WNOHANG) == vm->pid)
		vm->gone = true;
	return !vm->gone;
}

int vm_wait_exit(struct vm *vm, double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);

	while (vm_alive(vm)) {
		if (now_ns() > end)
			return -1;
		sleep_ns(5 * NS_PER_MS);
	}
	return WIFEXITED(vm->status) ? WEXITSTATUS(vm->status) : -1;
}

void vm_find_threads(struct vm *vm)
{
	auto_free char *tasks = xasprintf("/proc/%d/task", (int)vm->pid);
	DIR *d = opendir(tasks);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s/comm", tasks, entry->d_name);
		auto_free char *comm = read_file(path, 64, NULL, NULL);
		unsigned cpu;

		if (comm && sscanf(comm, "CPU %u/KVM", &cpu) == 1 && cpu < SHM_MAX_VCPUS)
			vm->tids[cpu] = atoi(entry->d_name);
	}
	if (d)
		closedir(d);
}

uint64_t vm_run_delay(const struct vm *vm, unsigned vcpu)
{
	auto_free char *path =
		xasprintf("/proc/%d/task/%d/schedstat", (int)vm->pid, (int)vm->tids[vcpu]);
	auto_free char *text = read_file(path, 256, NULL, NULL);
	char *end = text;

	if (!text)
		return 0;
	strtoull(text, &end, 10);
	return strtoull(end, NULL, 10);
}

bool vm_last_record(const struct vm *vm, unsigned vcpu, struct shm_rec *out)
{
	const struct shm_host *h = (const struct shm_host *)vm->page;
	const struct shm_vcpu *lines = (const struct shm_vcpu *)(vm->page + SHM_VCPU_OFFSET) + vcpu;
	uint64_t head = __atomic_load_n(&lines->head, __ATOMIC_ACQUIRE);

	if (head == 0)
		return false;
	memcpy(out,
		vm->page + h->ring_offset + (size_t)vcpu * h->ring_stride +
			((head - 1) & (h->ring_slots - 1)) * sizeof(*out),
		sizeof(*out));
	return out->seq == (uint32_t)head;
}

const char *vm_console(struct vm *vm)
{
	auto_free char *text = read_file(vm->console, sizeof(vm->text) - 1, NULL, NULL);

	snprintf(vm->text, sizeof(vm->text), "%s", text ? text : "");
	return vm->text;
}

void vm_close_page(struct vm *vm)
{
	if (vm->shm)
		guest_shm_drain(vm->shm, NULL);
	guest_shm_destroy(vm->shm);
	vm->shm = NULL;
}

void vm_end(struct vm *vm)
{
	if (vm_alive(vm)) {
		kill(vm->pid, SIGKILL);
		waitpid(vm->pid, &vm->status, 0);
	}
	vm_close_page(vm);
	munmap(vm->page, vm->size);
	remove_tree(vm->dir, NULL);
	rmdir(vm->dir);
}
