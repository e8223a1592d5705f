// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A virtual machine monitor that is not QEMU: raw /dev/kvm, for the test of who is a vCPU.
 *
 *   mini_vmm [-r] [-w NAME] [-2] [-s ID]... NAME:ID...
 *
 * A vCPU with KVM's number ID for each NAME:ID, made in that order, its thread called NAME. It halts at
 * once, with -s ID it spins. -w: a worker thread of that name spins too. -r: every 20 ms all threads
 * get names that lie. -2: the second half of the vCPUs belongs to a second VM of this process. Prints
 * "vcpu ID TID" and "worker TID", then "ready", and runs until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAX_VCPUS 128
#define SPIN	  0x1000
#define HALT	  0x1100

static struct vcpu {
	const char *name;
	unsigned long id;
	bool spins;
	int fd;
	pid_t tid;
	pthread_t thread;
} vcpus[MAX_VCPUS];
static pthread_barrier_t all_there;

static int must(int rc, const char *what)
{
	if (rc >= 0)
		return rc;
	fprintf(stderr, "mini_vmm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int make_vm(int kvm)
{
	int vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	static const unsigned char spin[] = {0xeb, 0xfe}; /* jmp . */
	static const unsigned char halt[] = {0xf4, 0xeb, 0xfd};
	unsigned char *mem =
		mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.memory_size = 1 << 16, .userspace_addr = (unsigned long)mem};

	memcpy(mem + SPIN, spin, sizeof(spin));
	memcpy(mem + HALT, halt, sizeof(halt));
	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000);
	return vm;
}

static void *run_vcpu(void *arg)
{
	struct vcpu *v = arg;
	struct kvm_regs regs = {.rip = v->spins ? SPIN : HALT, .rflags = 2};
	struct kvm_sregs sregs;

	v->tid = gettid();
	prctl(PR_SET_NAME, v->name);
	must(ioctl(v->fd, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = sregs.cs.selector = 0;
	must(ioctl(v->fd, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(ioctl(v->fd, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	pthread_barrier_wait(&all_there);
	while (ioctl(v->fd, KVM_RUN, 0) < 0 && errno == EINTR)
		;
	while (true) /* it has halted */
		pause();
	return NULL;
}

static void *work(void *arg)
{
	prctl(PR_SET_NAME, arg);
	printf("worker %d\n", gettid());
	pthread_barrier_wait(&all_there);
	while (true)
		__asm__ volatile("");
	return NULL;
}

/* vCPU i is called as QEMU would call another one. */
static void lie(unsigned n)
{
	char name[16];

	for (unsigned step = 0;; step++, usleep(20000))
		for (unsigned i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "CPU %u/KVM", (i + step) % n);
			pthread_setname_np(vcpus[i].thread, name);
		}
}

int main(int argc, char **argv)
{
	int kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm"), vm = make_vm(kvm), opt;
	bool renames = false, two = false, spins[1024] = {0};
	char *worker = NULL;
	pthread_t thread;
	unsigned n = 0;

	while ((opt = getopt(argc, argv, "r2w:s:")) > 0) {
		renames |= opt == 'r';
		two |= opt == '2';
		if (opt == 'w')
			worker = optarg;
		if (opt == 's')
			spins[atoi(optarg) & 1023] = true;
	}
	pthread_barrier_init(&all_there, NULL, (unsigned)(argc - optind) + 1 + !!worker);
	for (; optind < argc && n < MAX_VCPUS; optind++, n++) {
		struct vcpu *v = &vcpus[n];

		if (two && n == (n + (unsigned)(argc - optind)) / 2)
			vm = make_vm(kvm);
		v->name = strsep(&argv[optind], ":");
		v->id = strtoul(argv[optind], NULL, 10);
		v->spins = spins[v->id & 1023];
		v->fd = must(ioctl(vm, KVM_CREATE_VCPU, v->id), "KVM_CREATE_VCPU");
		(void)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
		pthread_create(&v->thread, NULL, run_vcpu, v);
	}
	if (worker)
		pthread_create(&thread, NULL, work, worker);
	pthread_barrier_wait(&all_there);
	for (unsigned i = 0; i < n; i++)
		printf("vcpu %lu %d\n", vcpus[i].id, vcpus[i].tid);
	printf("ready\n");
	fflush(stdout);
	if (renames)
		lie(n);
	for (;;)
		pause();
}
