/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at what a group of requests speaks of: one round trip. */
#include "questions.h"

static int enter_sequence(struct group *group, uint32_t section, quipu_bytes id,
                          quipu_error *error)
{
    return quipu_postgres_entries_get(&group->sequences, section, id, 0)
               ? QUIPU_OK
               : quipu_postgres_no_memory(group->datastore->host, error);
}

/* Enters all sequences and tracking records that requests speak of. */
static int enter(struct group *group, quipu_error *error)
{
    int status = QUIPU_OK;
    for (size_t i = 0; i < group->count && status == QUIPU_OK; i++) {
        const quipu_request *request = &group->requests[i];
        uint32_t section = group_section(group, i);
        for (size_t j = 0; j < request->item_count && status == QUIPU_OK; j++) {
            status = enter_sequence(group, section,
                                    request->items[j].sequence_id, error);
        }
        for (size_t j = 0; j < request->guard_count && status == QUIPU_OK;
             j++) {
            status = enter_sequence(group, section,
                                    request->guards[j].sequence_id, error);
        }
        if (request->tracking) {
            (void)quipu_postgres_group_track(group, request->tracking, section);
        }
    }
    return status;
}

static int hear(struct group *group, struct connection *connection,
                const struct questions *questions, int64_t latest,
                struct seen *seen, quipu_error *error)
{
    for (size_t i = 0; i < questions->count; i++) {
        PGresult *result = NULL;
        enum answer answer =
            quipu_postgres_receive(connection, latest, &result);
        if (answer != ANSWER_OK) {
            return quipu_postgres_fail(group->datastore, connection, answer,
                                       &result, "judge an append", error);
        }
        quipu_postgres_questions_take(group, questions->at[i].what,
                                      questions->at[i].section, result, seen);
        PQclear(result);
    }
    return QUIPU_OK;
}

int quipu_postgres_look(struct group *group, struct connection *connection,
                        struct seen *seen, quipu_error *error)
{
    quipu_driver_datastore *datastore = group->datastore;
    struct questions questions = { .count = 0 };
    int64_t latest = quipu_postgres_group_latest(group);
    int status = enter(group, error);
    if (status != QUIPU_OK) {
        return status;
    }
    unsigned begun = quipu_postgres_send_begin(
        datastore, connection, group->deadline, group->patience);
    quipu_postgres_questions_send(group, connection, &questions);
    status = quipu_postgres_skip(datastore, connection, begun, latest,
                                 "begin an append", error);
    if (status == QUIPU_OK) {
        status = hear(group, connection, &questions, latest, seen, error);
    }
    enum answer end = quipu_postgres_receive_end(connection, latest);
    if (status == QUIPU_OK && end != ANSWER_END) {
        PGresult *none = NULL;
        status = quipu_postgres_fail(datastore, connection, end, &none,
                                     "judge an append", error);
    }
    for (uint32_t i = 0; i < group->section_count && status == QUIPU_OK; i++) {
        if (!group->sections[i].there) {
            status = quipu_postgres_torn_down(datastore,
                                              group->sections[i].bound, error);
        }
    }
    return status;
}
