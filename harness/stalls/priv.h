/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SS_STALLS_PRIV_H
#define SS_STALLS_PRIV_H

#include <string.h>

#include "stalls/stalls.h"

#define STALLS_MAGIC	    "# stealscope stalls 1"
#define STALLS_COLUMNS	    "start_s,length_us,cpu"
#define STALLS_RATE_COLUMNS "start_s,length_s,steal_ms_per_s,cpu"

#endif
