/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the server what it has of what a group speaks of. */
#include "questions.h"

#include "parts.h"

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

static void note(struct questions *questions, enum question what,
                 uint32_t section)
{
    questions->at[questions->count].what = what;
    questions->at[questions->count++].section = section;
}

void quipu_postgres_questions_send(struct group *group,
                                   struct connection *connection,
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
        if (section->bound->schema.event_id) {
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
