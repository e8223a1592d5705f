/* SPDX-License-Identifier: GPL-3.0-or-later */
/* linux/capability.h with what it does not have before Linux 5.8. */
#ifndef SS_BASE_CAPABILITY_H
#define SS_BASE_CAPABILITY_H

#include <linux/capability.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

#endif
