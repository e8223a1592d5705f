/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the command line of a process says of the VM it runs. An argv block is as in
 * /proc/PID/cmdline: strings with their NULs, `len` bytes, and a NUL behind. */
#ifndef SS_HOST_VM_ARGS_H
#define SS_HOST_VM_ARGS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether this argv[0] is a QEMU's: "qemu-system-...", "qemu-kvm", "kvm", with any path. */
bool vm_args_qemu(const char *argv0);
/* A QEMU that is asked what it can do (-machine none): no VM. */
bool vm_args_probe(const char *argv, size_t len);
/* A QEMU that runs its VM by KVM or not at all: one that KVM does not know yet is starting. */
bool vm_args_kvm_only(const char *argv, size_t len);
/* The VM's name by its program's own option: every form and order of QEMU's -name (",," is a comma,
 * the last one given counts), Firecracker's --id, crosvm's and kvmtool's --name. NULL: none given.
 * Caller frees. Any bytes. */
char *vm_args_name(const char *argv, size_t len);
/* A name as it can be shown, kept in JSON and told from others: what is no UTF-8 text, or a control
 * character, becomes \xNN, byte by byte. Caller frees. */
char *vm_shown_name(const char *name);
/* The program as people call it: "qemu", "firecracker". Never NULL. Caller frees. */
char *vm_args_program(const char *argv, size_t len);
/* The number that QEMU and libvirt give the vCPU that KVM knows by `id`: on x86 that is the APIC
 * id, which has holes where cores or threads (-smp) are no power of two. */
unsigned vm_args_cpu_index(const char *argv, size_t len, unsigned id);

#endif
