/* SPDX-License-Identifier: Apache-2.0 */
/* Appending with care: look with the heads locked, judge here, store what is
 * accepted, commit. */
#include "attempt.h"

#include <string.h>

/* What a failed step before the COMMIT means. */
static enum verdict judge_status(struct group *group,
                                 struct connection *connection, int status,
                                 const quipu_error *own)
{
    if (quipu_postgres_is_over(group->datastore, own->sqlstate)) {
        connection->lost = true;
        return VERDICT_AGAIN;
    }
    /* "23": others wrote a tracking record, by another schema. */
    if (strncmp(own->sqlstate, "40", 2) == 0 ||
        strncmp(own->sqlstate, "23", 2) == 0 ||
        (connection->lost && status == QUIPU_IO)) {
        return VERDICT_AGAIN;
    }
    return VERDICT_FAILED;
}

static int send_accepted(struct group *group, struct connection *connection,
                         quipu_error *error)
{
    unsigned answers = quipu_postgres_send_store(group, connection);
    if (answers == 0) {
        return QUIPU_OK;
    }
    quipu_postgres_send_end(connection);
    return quipu_postgres_skip(group->datastore, connection, answers + 1,
                               quipu_postgres_group_latest(group), "append",
                               error);
}

/* What is repeated may have been committed with less care than is asked now. */
static bool any_repeated(const struct group *group)
{
    for (uint32_t i = 0; i < group->section_count; i++) {
        if (group->sections[i].repeated) {
            return true;
        }
    }
    return false;
}

/* Stores what was accepted, and commits. */
static enum verdict finish(struct group *group, struct connection *connection,
                           const struct task *task, quipu_error *error)
{
    quipu_driver_datastore *datastore = group->datastore;
    bool repeated = any_repeated(group) && !datastore->relaxed;
    if (!group->accepted && !repeated) {
        quipu_postgres_rollback(datastore, connection, group->deadline);
        return VERDICT_DONE;
    }
    int status = send_accepted(group, connection, error);
    if (status != QUIPU_OK) {
        return judge_status(group, connection, status, error);
    }
    if (group->accepted && task->work) {
        status = quipu_postgres_run_work(datastore, connection, task, error);
        if (status != QUIPU_OK) {
            return VERDICT_FAILED;
        }
    }
    status = quipu_postgres_commit(datastore, connection,
                                   quipu_postgres_group_latest(group), error);
    return status == QUIPU_OK                ? VERDICT_DONE
           : status == QUIPU_UNKNOWN_OUTCOME ? VERDICT_UNKNOWN
                                             : VERDICT_AGAIN;
}

enum verdict quipu_postgres_attempt_careful(struct group *group,
                                            struct connection *connection,
                                            const struct task *task,
                                            quipu_error *error)
{
    enum verdict verdict = VERDICT_DONE;
    quipu_postgres_group_clear(group);
    int status = quipu_postgres_judge(group, connection, error);
    if (status != QUIPU_OK) {
        verdict = judge_status(group, connection, status, error);
    } else {
        verdict = finish(group, connection, task, error);
    }
    if (verdict == VERDICT_AGAIN || verdict == VERDICT_FAILED) {
        quipu_postgres_rollback(group->datastore, connection, group->deadline);
    }
    return verdict;
}
