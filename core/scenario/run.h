/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run of a program under test to the end of the log, through the failures
 * that are planned.
 *
 * A step that has failed as planned is repeated.  After a crash the program is
 * closed and opened again; the crash becomes the note of the report, so that it
 * precedes the differences that follow.
 *
 * One thread at a time.
 */
#ifndef QUIPU_CORE_SCENARIO_RUN_H
#define QUIPU_CORE_SCENARIO_RUN_H

#include <stdbool.h>

#include "scenario/faults.h"
#include "scenario/program.h"
#include "scenario/report.h"

/*
 * Runs the program until it has caught up.  *is_lost is set to true if it could
 * not be started again after a crash, and nothing can go on.
 *
 * TIMEOUT: it has not caught up after 1000 steps; otherwise the status of the
 * step that has failed.
 */
int quipu_run_to_end(struct quipu_program *program, struct quipu_faults *faults,
                     struct quipu_report *report, bool *is_lost,
                     quipu_error *error);

#endif
