/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words that only a scenario and its plan use. The text of each is in the rows of keys, in this order.
 * What a record knows too is in terms/. */
#ifndef SS_SCENARIO_WORDS_H
#define SS_SCENARIO_WORDS_H

/* What becomes of a domain that exists: used as it runs (or started and shut down again), used only
 * as it runs, or a copy of it. */
enum domain_use { USE_AUTO, USE_LIVE, USE_COPY };

/* Where QEMU's other threads run. */
enum emulator_place { EMULATOR_HOUSEKEEPING, EMULATOR_LAB, EMULATOR_VCPUS };

/* Which of a box's CPUs are taken for the lab. */
enum lab_isolated { ISOLATED_AUTO, ISOLATED_REQUIRE, ISOLATED_AVOID };
enum lab_smt { SMT_AUTO, SMT_FIRST, SMT_WHOLE };
enum lab_cores { CORES_AUTO, CORES_PERFORMANCE, CORES_EFFICIENCY };

enum sweep_mode { SWEEP_CARTESIAN, SWEEP_ZIP };

#endif
