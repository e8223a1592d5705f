// SPDX-License-Identifier: GPL-3.0-or-later
/* What only QEMU's own monitor says. */
#include <libvirt/libvirt-qemu.h>
#include <stdio.h>
#include <string.h>

#include "domain/priv.h"

/* A line of "info usernet": Protocol[State] FD Source-Address Port Dest.-Address Port RecvQ SendQ.
 * A forwarded connection has the guest's address and port as its destination. */
int domain_connections(struct domain *d, unsigned port, struct err *e)
{
	auto_free char *text = NULL;
	char *save = NULL;
	int n = 0;

	if (virDomainQemuMonitorCommand(domain_handle(d), "info usernet", &text,
		    VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP) < 0)
		return lab_error(e, domain_name(d));
	for (char *line = strtok_r(text, "\r\n", &save); line;
		line = strtok_r(NULL, "\r\n", &save)) {
		unsigned at;

		if (sscanf(line, " TCP[ESTABLISHED] %*d %*s %*u %*s %u", &at) == 1 && at == port)
			n++;
	}
	return n;
}
