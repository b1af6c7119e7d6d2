/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending.  First by a plan (planned.c); then, or when appends have been
 * refused of late, with care (careful.c).
 *
 * What is lost on the way to an answer is found again by the event ids: the
 * append is judged once more on another connection (doubt.c).
 */
#include "attempt.h"

#include "doubt.h"
#include "operations.h"

#include <string.h>

#define ATTEMPTS 10
#define WARY 4 /* groups that are judged first after one was refused */
#define PAUSE (20 * CLOCK_MILLISECOND)

static enum verdict attempt(struct group *group, struct connection *connection,
                            const struct task *task, quipu_error *error)
{
    enum verdict verdict = VERDICT_JUDGE;
    if (!task->work && !group->doubtful) {
        verdict = quipu_postgres_attempt_planned(group, connection, error);
    }
    if (verdict == VERDICT_JUDGE && !connection->lost) {
        verdict =
            quipu_postgres_attempt_careful(group, connection, task, error);
        if (verdict == VERDICT_DONE && group->refused) {
            atomic_store(&group->datastore->wary, WARY);
        }
    } else if (verdict == VERDICT_JUDGE) {
        verdict = VERDICT_AGAIN;
    }
    return verdict;
}

/* One attempt on a connection of its own.  While it is resolved what became of
 * an earlier one, trouble changes nothing about that. */
static enum verdict attempt_once(struct group *group, const struct task *task,
                                 int *status, quipu_error *error)
{
    quipu_driver_datastore *datastore = group->datastore;
    struct connection *connection = NULL;
    *status =
        quipu_postgres_borrow(datastore, group->deadline, &connection, error);
    if (*status != QUIPU_OK) {
        return group->doubtful ? VERDICT_UNKNOWN : VERDICT_FAILED;
    }
    connection->deadline = quipu_postgres_group_latest(group);
    enum verdict verdict = attempt(group, connection, task, error);
    if (PQtransactionStatus(connection->pg) == PQTRANS_INERROR) {
        quipu_postgres_rollback(datastore, connection, group->deadline);
    }
    if (verdict == VERDICT_DONE && group->accepted) {
        quipu_postgres_announce(datastore, connection);
    }
    quipu_postgres_return(datastore, connection);
    *status = error->code;
    if (verdict == VERDICT_DONE) {
        quipu_postgres_doubt_end(group);
    } else if (verdict == VERDICT_UNKNOWN) {
        quipu_postgres_doubt_begin(group);
    } else if (group->doubtful) {
        verdict = VERDICT_UNKNOWN;
    }
    return verdict;
}

static int give_up(struct group *group, quipu_error *error)
{
    char words[sizeof(error->message)];
    memcpy(words, error->message, sizeof(words));
    if (error->code == QUIPU_UNKNOWN_OUTCOME) {
        return QUIPU_UNKNOWN_OUTCOME;
    }
    return group->datastore->host->error_set(
        error, QUIPU_UNKNOWN_OUTCOME, 0, NULL,
        "it is not known whether %s stored the append (%.600s); repeat it, or "
        "look its event ids up",
        group->datastore->name, words);
}

static int run(struct group *group, const struct task *task, quipu_error *error)
{
    int status = QUIPU_OK;
    for (int i = 0;; i++) {
        bool again = group->doubtful;
        enum verdict verdict = attempt_once(group, task, &status, error);
        if (verdict == VERDICT_DONE) {
            return QUIPU_OK;
        }
        if (verdict == VERDICT_FAILED) {
            return status;
        }
        bool late = clock_now() + PAUSE > group->deadline;
        if (verdict == VERDICT_UNKNOWN) {
            if (late || !group->doubtful) {
                return give_up(group, error);
            }
            if (again) { /* the server may need its time */
                clock_sleep_until(clock_now() + PAUSE);
            }
        } else if (late || i == ATTEMPTS) {
            return status;
        }
    }
}

static int run_group(quipu_driver_datastore *datastore,
                     const quipu_request *requests, size_t count,
                     quipu_result *results, size_t *taken,
                     const struct task *task, int64_t deadline,
                     quipu_error *error)
{
    quipu_error own = { 0 };
    struct group group;
    *taken = count;
    if (datastore->readonly) {
        return datastore->host->error_set(error, QUIPU_DENIED, 0, NULL,
                                          "%s is open with readonly=yes",
                                          datastore->name);
    }
    memset(&group, 0, offsetof(struct group, few_places));
    group.datastore = datastore;
    group.requests = requests;
    group.results = results;
    group.count = count;
    group.deadline = deadline;
    int status = quipu_postgres_group_init(&group, &own);
    *taken = group.count;
    if (status == QUIPU_OK) {
        status = run(&group, task, &own);
    }
    quipu_postgres_group_finish(&group);
    return quipu_common_error_pass(status, &own, error);
}

int quipu_postgres_append(quipu_driver_datastore *datastore,
                          const quipu_request *requests, size_t count,
                          quipu_result *results, size_t *taken,
                          int64_t deadline, quipu_error *error)
{
    const struct task none = { NULL, NULL };
    return run_group(datastore, requests, count, results, taken, &none,
                     deadline, error);
}

int quipu_postgres_transact(quipu_driver_datastore *datastore,
                            const quipu_request *request, quipu_work work,
                            void *context, quipu_result *result,
                            int64_t deadline, quipu_error *error)
{
    const struct task task = { work, context };
    size_t taken = 0;
    return run_group(datastore, request, 1, result, &taken, &task, deadline,
                     error);
}
