/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways in which a group of requests is stored. */
#ifndef POSTGRES_DRIVER_ATTEMPT_H
#define POSTGRES_DRIVER_ATTEMPT_H

#include "group.h"

enum verdict {
    VERDICT_DONE,
    VERDICT_JUDGE,  /* nothing is stored: the plan does not hold */
    VERDICT_AGAIN,  /* nothing is stored: passing trouble */
    VERDICT_FAILED, /* nothing is stored */
    VERDICT_UNKNOWN /* COMMIT was sent, and not answered */
};

/* What runs in the same transaction; `work` may be NULL. */
struct task {
    quipu_work work;
    void *context;
};

/* By a plan, if there can be one: it supposes that all are accepted. */
enum verdict quipu_postgres_attempt_planned(struct group *group,
                                            struct connection *connection,
                                            quipu_error *error);
/* With care: each request is judged first. */
enum verdict quipu_postgres_attempt_careful(struct group *group,
                                            struct connection *connection,
                                            const struct task *task,
                                            quipu_error *error);

/* Has the task done with the native handle.  Its own statuses; INVALID: it
 * ended the transaction, or hid an error; IO. */
int quipu_postgres_run_work(quipu_driver_datastore *datastore,
                            struct connection *connection,
                            const struct task *task, quipu_error *error);

#endif
