/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at what a group of requests speaks of: one round trip. */
#include "looks.h"

#include "parts.h"

/* ------------------------------------------------------------- who asks what
 */

/* Whether a request's schema has to be locked: what is judged by its items must
 * hold until the commit. */
static bool is_locked(const struct group *group, uint32_t section)
{
    for (size_t i = 0; i < group->count; i++) {
        const quipu_request *request = &group->requests[i];
        if (group_section(group, i) == section &&
            (request->item_count > 0 || request->guard_count > 0)) {
            return true;
        }
    }
    return false;
}

static size_t count_items(const struct group *group, uint32_t section)
{
    size_t count = 0;
    for (size_t i = 0; i < group->count; i++) {
        if (group_section(group, i) == section) {
            count += group->requests[i].item_count;
        }
    }
    return count;
}

static int enter_sequence(struct group *group, uint32_t section, quipu_bytes id,
                          quipu_error *error)
{
    return quipu_postgres_entries_get(&group->sequences, section, id, 0) != NULL
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
        if (request->tracking != NULL) {
            (void)quipu_postgres_group_track(group, request->tracking, section);
        }
    }
    return status;
}

/* ----------------------------------------------------------------- sending */

static bool send_heads(struct group *group, struct connection *connection,
                       bool locked)
{
    struct arguments *arguments = &connection->arguments;
    size_t count = 0;
    for (uint32_t i = 0; i < group->section_count; i++) {
        count += is_locked(group, i) == locked;
    }
    if (count == 0) {
        return false;
    }
    quipu_postgres_arguments_begin(arguments);
    quipu_postgres_add_int4(arguments, group->datastore->space);
    quipu_postgres_array_begin(arguments, TYPE_INT8, count);
    for (uint32_t i = 0; i < group->section_count; i++) {
        if (is_locked(group, i) == locked) {
            quipu_postgres_put_int8(arguments,
                                    group->sections[i].bound->number);
        }
    }
    quipu_postgres_array_end(arguments);
    quipu_postgres_send(
        connection, &group->datastore->common[locked ? SQL_LOCK : SQL_PRESENT]);
    return true;
}

static void send_lasts(struct group *group, struct connection *connection,
                       uint32_t section)
{
    struct arguments *arguments = &connection->arguments;
    const struct entries *all = &group->sequences;
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++) {
        count += all->at[i].section == section;
    }
    quipu_postgres_arguments_begin(arguments);
    quipu_postgres_add_int4(arguments, group->datastore->space);
    quipu_postgres_array_begin(
        arguments, quipu_postgres_id_type(&group->sections[section]), count);
    for (size_t i = 0; i < all->count; i++) {
        if (all->at[i].section == section) {
            quipu_postgres_put_bytes(arguments, all->at[i].id);
        }
    }
    quipu_postgres_array_end(arguments);
    quipu_postgres_send(connection,
                        &group->sections[section].bound->of[SQL_LASTS]);
}

static void add_part(const struct group *group, uint32_t section,
                     struct arguments *arguments, enum part part,
                     enum type type)
{
    quipu_postgres_array_begin(arguments, type, count_items(group, section));
    for (size_t i = 0; i < group->count; i++) {
        const quipu_request *request = &group->requests[i];
        for (size_t j = 0;
             group_section(group, i) == section && j < request->item_count;
             j++) {
            quipu_postgres_put_part(arguments, &request->items[j], part);
        }
    }
    quipu_postgres_array_end(arguments);
}

static void send_compare(struct group *group, struct connection *connection,
                         uint32_t section)
{
    struct arguments *arguments = &connection->arguments;
    const struct section *of = &group->sections[section];
    quipu_postgres_arguments_begin(arguments);
    quipu_postgres_add_int4(arguments, group->datastore->space);
    add_part(group, section, arguments, PART_EVENT_ID, TYPE_UUID);
    add_part(group, section, arguments, PART_SEQUENCE,
             quipu_postgres_id_type(of));
    add_part(group, section, arguments, PART_TOPIC, TYPE_TEXT);
    add_part(group, section, arguments, PART_STATE, TYPE_BYTEA);
    quipu_postgres_send(connection, &of->bound->of[SQL_COMPARE]);
}

static void send_taken(struct group *group, struct connection *connection,
                       uint32_t section)
{
    struct arguments *arguments = &connection->arguments;
    const struct section *of = &group->sections[section];
    quipu_postgres_arguments_begin(arguments);
    quipu_postgres_add_int4(arguments, group->datastore->space);
    add_part(group, section, arguments, PART_SEQUENCE,
             quipu_postgres_id_type(of));
    add_part(group, section, arguments, PART_POSITION, TYPE_INT8);
    quipu_postgres_send(connection, &of->bound->of[SQL_TAKEN]);
}

static void send_tracked(struct group *group, struct connection *connection)
{
    struct arguments *arguments = &connection->arguments;
    quipu_postgres_arguments_begin(arguments);
    quipu_postgres_add_int4(arguments, group->datastore->space);
    for (int part = 0; part < 2; part++) {
        quipu_postgres_array_begin(arguments, TYPE_TEXT, group->track_count);
        for (size_t i = 0; i < group->track_count; i++) {
            const quipu_tracking *record = group->tracks[i].last;
            quipu_postgres_put_bytes(arguments, part == 0 ? record->consumer
                                                          : record->log);
        }
        quipu_postgres_array_end(arguments);
    }
    quipu_postgres_send(connection, &group->datastore->common[SQL_TRACKED]);
}

/* --------------------------------------------------------------- receiving */

static void take_heads(struct group *group, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t number = quipu_postgres_get_int(result, row, 0);
        for (uint32_t i = 0; i < group->section_count; i++) {
            if (group->sections[i].bound->number == number) {
                group->sections[i].there = true;
                group->sections[i].head =
                    quipu_postgres_get_int(result, row, 1);
            }
        }
    }
}

static void take_lasts(struct group *group, uint32_t section,
                       const PGresult *result)
{
    struct entries *all = &group->sequences;
    int rows = PQntuples(result);
    int row = 0;
    for (size_t i = 0; i < all->count && row < rows; i++) {
        struct entry *entry = &all->at[i];
        if (entry->section == section) {
            entry->found = !quipu_postgres_is_null(result, row, 1);
            if (entry->found) {
                entry->last = quipu_postgres_get_int(result, row, 1);
            }
            row++;
        }
    }
}

/* The item of all that is the section's n-th, counted from 1 on. */
static struct seen *nth(const struct group *group, struct seen *seen,
                        uint32_t section, int64_t n)
{
    for (size_t i = 0; i < group->count; i++) {
        int64_t count = (int64_t)group->requests[i].item_count;
        if (group_section(group, i) == section) {
            if (n <= count) {
                return seen + n - 1;
            }
            n -= count;
        }
        seen += count;
    }
    return NULL;
}

static void take_compare(const struct group *group, uint32_t section,
                         const PGresult *result, struct seen *all)
{
    for (int row = 0; row < PQntuples(result); row++) {
        struct seen *seen =
            nth(group, all, section, quipu_postgres_get_int(result, row, 0));
        if (seen != NULL) {
            seen->stored = true;
            seen->notification_id = quipu_postgres_get_int(result, row, 1);
            seen->position = quipu_postgres_get_int(result, row, 2);
            seen->same = quipu_postgres_get_bool(result, row, 3);
        }
    }
}

static void take_taken(const struct group *group, uint32_t section,
                       const PGresult *result, struct seen *all)
{
    for (int row = 0; row < PQntuples(result); row++) {
        struct seen *seen =
            nth(group, all, section, quipu_postgres_get_int(result, row, 0));
        if (seen != NULL) {
            seen->taken = true;
        }
    }
}

static void take_tracked(struct group *group, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        size_t n = (size_t)quipu_postgres_get_int(result, row, 0);
        if (n >= 1 && n <= group->track_count) {
            group->tracks[n - 1].found = true;
            group->tracks[n - 1].stands =
                quipu_postgres_get_int(result, row, 1);
        }
    }
}

/* ---------------------------------------------------------------- the look */

/* What was asked, in its order. */
enum question {
    ASKED_HEADS,
    ASKED_LASTS,
    ASKED_COMPARE,
    ASKED_TAKEN,
    ASKED_TRACKED
};

struct questions {
    size_t count;
    struct {
        enum question what;
        uint32_t section;
    } at[3 * SECTIONS_MAX + 3];
};

static void note(struct questions *questions, enum question what,
                 uint32_t section)
{
    questions->at[questions->count].what = what;
    questions->at[questions->count++].section = section;
}

static void ask(struct group *group, struct connection *connection,
                struct questions *questions)
{
    for (int locked = 1; locked >= 0; locked--) {
        if (send_heads(group, connection, locked == 1)) {
            note(questions, ASKED_HEADS, 0);
        }
    }
    for (uint32_t i = 0; i < group->section_count; i++) {
        const struct section *section = &group->sections[i];
        if (!is_locked(group, i)) {
            continue;
        }
        send_lasts(group, connection, i);
        note(questions, ASKED_LASTS, i);
        if (count_items(group, i) == 0) {
            continue;
        }
        if (section->bound->schema.event_id != NULL) {
            send_compare(group, connection, i);
            note(questions, ASKED_COMPARE, i);
        }
        if (section->sparse) {
            send_taken(group, connection, i);
            note(questions, ASKED_TAKEN, i);
        }
    }
    if (group->track_count > 0) {
        send_tracked(group, connection);
        note(questions, ASKED_TRACKED, 0);
    }
    quipu_postgres_send_end(connection);
}

static void take(struct group *group, enum question what, uint32_t section,
                 const PGresult *result, struct seen *seen)
{
    switch (what) {
    case ASKED_HEADS:
        take_heads(group, result);
        break;
    case ASKED_LASTS:
        take_lasts(group, section, result);
        break;
    case ASKED_COMPARE:
        take_compare(group, section, result, seen);
        break;
    case ASKED_TAKEN:
        take_taken(group, section, result, seen);
        break;
    default:
        take_tracked(group, result);
        break;
    }
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
        take(group, questions->at[i].what, questions->at[i].section, result,
             seen);
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
    ask(group, connection, &questions);
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
