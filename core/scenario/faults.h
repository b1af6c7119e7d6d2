/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits that fail as planned, in a datastore that is open.
 *
 * The table of operations of the datastore is replaced by a copy, in which
 * append and transact are functions of this file.  They find the plan by the
 * driver's handle.  All else goes to the driver itself.
 *
 * A commit that "crashes" is the last one: until the plan is cleared, every
 * other one fails with IO, as nothing reaches the store from a process that is
 * dead.
 *
 * Threads: the datastore may be used by several threads, which share the plan.
 */
#ifndef QUIPU_CORE_SCENARIO_FAULTS_H
#define QUIPU_CORE_SCENARIO_FAULTS_H

#include <pthread.h>

#include <quipu/driver.h>

#include "datastore/datastore.h"
#include "scenario/report.h"

struct quipu_faults {
    quipu_driver table; /* that of the datastore since the interposing */
    const quipu_driver *driver; /* the one before */
    quipu_driver_datastore *handle;
    struct quipu_faults *next; /* in the list of all */

    pthread_mutex_t lock; /* of the plan below */
    bool is_paused;       /* commits succeed, and are not counted */
    int status;           /* that the next `count` commits return */
    int count;
    bool crash_is_planned; /* at the next commit */
    bool crashes_after;    /* that is stored */
    bool has_crashed;
    bool has_failed;          /* since this was cleared last */
    int64_t crashed_tracking; /* notification id that the crashed commit
                                 recorded; 0: none */
};

/* Interposes between a datastore that no other thread uses and its driver.
 * *faults must not move.  NO_MEMORY. */
int quipu_faults_init(struct quipu_faults *faults, quipu_datastore *datastore,
                      quipu_error *error);

/* While it is paused commits succeed, and are not counted. */
void quipu_faults_pause(struct quipu_faults *faults, bool paused);

/* Plans that the next `count` commits return `status`. */
void quipu_faults_plan(struct quipu_faults *faults, int status, int count);

/* Plans a crash at the next commit, before or after it is stored. */
void quipu_faults_plan_crash(struct quipu_faults *faults, bool after);

/* The program starts again after a crash. */
void quipu_faults_restart(struct quipu_faults *faults);

/* Returns true if a commit has failed as planned since the last call. */
bool quipu_faults_take_failed(struct quipu_faults *faults);

/* Reports what was planned and has not happened, when no other thread uses the
 * datastore any more. */
void quipu_faults_report(const struct quipu_faults *faults,
                         struct quipu_report *report);

/* Gives the datastore the driver back; zeroed *faults is allowed. */
void quipu_faults_finish(struct quipu_faults *faults,
                         quipu_datastore *datastore);

#endif
