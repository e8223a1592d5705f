/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KVM's own counters of a VM, from debugfs: /sys/kernel/debug/kvm/PID-FD/. */
#ifndef SS_HOST_AGENT_KVMSTAT_H
#define SS_HOST_AGENT_KVMSTAT_H

#include <sys/types.h>

#include "host-agent/sink.h"

/* Make debugfs readable for this process: where it is not mounted, mount it in a mount namespace of
 * our own, which leaves nothing behind. Says in a NOTE when it cannot be had. Call once, early. */
bool kvmstat_init(struct sink *s);

struct kvmstat;
/* NULL when process `tgid` has no VM. What of it cannot be read is told in NOTEs. */
struct kvmstat *kvmstat_open(pid_t tgid, struct sink *s);
void kvmstat_close(struct kvmstat *k); /* NULL is fine */
void kvmstat_sample(struct kvmstat *k, struct sink *s);
/* The TSC offset of each vCPU. They hardly ever change, and each is a file to open: not with every sample. */
void kvmstat_offsets(struct kvmstat *k, struct sink *s);

#endif
