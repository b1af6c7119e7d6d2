/* SPDX-License-Identifier: Apache-2.0 */
/* Appending by a plan: all requests in one transaction and one round trip,
 * BEGIN to COMMIT, which the server undoes if a demand of the plan does not
 * hold. */
#include "attempt.h"

#include "common/safeguard.h"

#include <string.h>

static void send_all_there(struct group *group, struct connection *connection)
{
    struct arguments *arguments = &connection->arguments;
    quipu_postgres_arguments_begin(arguments);
    quipu_postgres_add_int4(arguments, group->datastore->space);
    quipu_postgres_array_begin(arguments, TYPE_INT8, group->section_count);
    for (uint32_t i = 0; i < group->section_count; i++) {
        quipu_postgres_put_int8(arguments, group->sections[i].bound->number);
    }
    quipu_postgres_array_end(arguments);
    quipu_postgres_add_int8(arguments, group->section_count);
    quipu_postgres_send(connection, &group->datastore->common[SQL_ALL_THERE]);
}

/* What an error before the COMMIT means. */
static enum verdict judge_error(struct group *group,
                                struct connection *connection,
                                const PGresult *result)
{
    const char *state = quipu_postgres_state(result);
    if (quipu_postgres_is_over(group->datastore, state)) {
        connection->lost = true;
        return VERDICT_AGAIN;
    }
    if (strncmp(state, "40", 2) == 0) {
        return VERDICT_AGAIN;
    }
    if (strncmp(state, "23", 2) == 0 || strcmp(state, "22012") == 0 ||
        strcmp(state, "42P01") == 0) {
        return VERDICT_JUDGE;
    }
    return VERDICT_FAILED;
}

/* The first answer that is not good, before the COMMIT's; `sent`: that was on
 * its way already. */
static enum verdict judge_answer(struct group *group,
                                 struct connection *connection,
                                 enum answer answer, PGresult **result,
                                 bool sent, quipu_error *error)
{
    enum verdict verdict = sent ? VERDICT_UNKNOWN : VERDICT_FAILED;
    if (answer == ANSWER_ERROR) {
        verdict = judge_error(group, connection, *result);
    } else if (answer == ANSWER_LOST &&
               (!sent || quipu_postgres_state(*result)[0] != '\0')) {
        verdict = VERDICT_AGAIN; /* the server had not come to the COMMIT */
    }
    (void)quipu_postgres_fail(group->datastore, connection, answer, result,
                              "append", error);
    return verdict;
}

static enum verdict hear_stores(struct group *group,
                                struct connection *connection, unsigned before,
                                unsigned stores, bool sent, quipu_error *error)
{
    PGresult *result = NULL;
    for (unsigned i = 0; i < before + stores; i++) {
        enum answer answer = quipu_postgres_receive(
            connection, quipu_postgres_group_latest(group), &result);
        if (answer != ANSWER_OK && answer != ANSWER_END) {
            return judge_answer(group, connection, answer, &result, sent,
                                error);
        }
        if (i >= before) {
            quipu_postgres_take_store(group, i - before, result);
        }
        PQclear(result);
    }
    return VERDICT_DONE;
}

static void hear_end(struct group *group, struct connection *connection)
{
    if (!connection->lost &&
        quipu_postgres_receive_end(
            connection, quipu_postgres_group_latest(group)) != ANSWER_END) {
        connection->lost = true;
    }
}

static enum verdict verdict_of_commit(int status)
{
    return status == QUIPU_OK                ? VERDICT_DONE
           : status == QUIPU_UNKNOWN_OUTCOME ? VERDICT_UNKNOWN
                                             : VERDICT_JUDGE;
}

/* Without its head a schema was torn down, and nothing of it is stored. */
static enum verdict check_there(struct group *group, quipu_error *error)
{
    for (uint32_t i = 0; i < group->section_count; i++) {
        if (!group->sections[i].there) {
            (void)quipu_postgres_torn_down(group->datastore,
                                           group->sections[i].bound, error);
            return VERDICT_FAILED;
        }
    }
    return VERDICT_DONE;
}

/* A long message may be cut off on its way: for it to be known that it was not
 * stored then, the COMMIT follows when all of it has arrived. */
static enum verdict store_then_commit(struct group *group,
                                      struct connection *connection,
                                      unsigned before, unsigned stores,
                                      quipu_error *error)
{
    quipu_postgres_send_end(connection);
    enum verdict verdict =
        hear_stores(group, connection, before, stores, false, error);
    hear_end(group, connection);
    if (verdict != VERDICT_DONE) {
        return verdict;
    }
    if (connection->lost) {
        return VERDICT_AGAIN;
    }
    return verdict_of_commit(
        quipu_postgres_commit(group->datastore, connection,
                              quipu_postgres_group_latest(group), error));
}

static enum verdict store_and_commit(struct group *group,
                                     struct connection *connection,
                                     unsigned before, unsigned stores,
                                     quipu_error *error)
{
    quipu_driver_datastore *datastore = group->datastore;
    PGresult *result = NULL;
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_send(connection, &datastore->common[SQL_COMMIT]);
    bool sent = !connection->lost && !connection->no_memory;
    quipu_postgres_send_end(connection);
    enum verdict verdict =
        hear_stores(group, connection, before, stores, sent, error);
    if (verdict == VERDICT_DONE) {
        enum answer answer = quipu_postgres_receive(
            connection, quipu_postgres_group_latest(group), &result);
        verdict = verdict_of_commit(quipu_postgres_judge_commit(
            datastore, connection, answer, &result, error));
    }
    hear_end(group, connection);
    return verdict;
}

static enum verdict run_plan(struct group *group, struct connection *connection,
                             quipu_error *error)
{
    unsigned before = quipu_postgres_send_begin(
        group->datastore, connection, group->deadline, group->patience);
    if (group->section_count > 1) {
        send_all_there(group, connection);
        before++;
    }
    unsigned stores = quipu_postgres_send_store(group, connection);
    enum verdict verdict =
        SAFEGUARDED("V5.long-append-is-committed-when-it-is-there",
                    group->patience > 0, false)
            ? store_then_commit(group, connection, before, stores, error)
            : store_and_commit(group, connection, before, stores, error);
    if (verdict == VERDICT_DONE) {
        verdict = check_there(group, error);
    }
    if (verdict == VERDICT_DONE) {
        quipu_postgres_tell_stored(group);
        group->accepted = true;
    }
    return verdict;
}

enum verdict quipu_postgres_attempt_planned(struct group *group,
                                            struct connection *connection,
                                            quipu_error *error)
{
    quipu_driver_datastore *datastore = group->datastore;
    bool possible = false;
    uint32_t wary = atomic_load(&datastore->wary);
    if (wary > 0) {
        (void)atomic_compare_exchange_strong(&datastore->wary, &wary, wary - 1);
        return VERDICT_JUDGE;
    }
    quipu_postgres_group_clear(group);
    int status = quipu_postgres_plan(group, &possible, error);
    if (status != QUIPU_OK) {
        return VERDICT_FAILED;
    }
    return possible ? run_plan(group, connection, error) : VERDICT_JUDGE;
}
