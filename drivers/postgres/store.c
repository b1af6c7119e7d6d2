/* SPDX-License-Identifier: Apache-2.0 */
/* Sending what is to be stored, and telling of it. */
#include "parts.h"

#include <string.h>

/* ------------------------------------------------------------------ arrays */

/* In a sparse schema most entries demand nothing, and none is referred to. */
static bool is_demanded(const struct section *section,
                        const struct entry *entry, uint32_t index)
{
    return entry->section == index && entry->ref != 0 &&
           (!section->sparse || entry->demand != 0);
}

static size_t count_demands(const struct group *group, uint32_t index)
{
    size_t count = 0;
    for (size_t i = 0; i < group->sequences.count; i++) {
        count += is_demanded(&group->sections[index], &group->sequences.at[i],
                             index);
    }
    return count;
}

/* Which sequences, what is demanded of each, and its position. */
static void add_demands(const struct group *group, uint32_t index,
                        struct arguments *arguments)
{
    const struct section *section = &group->sections[index];
    const struct entries *all = &group->sequences;
    size_t count = count_demands(group, index);
    for (int part = 0; part < 3; part++) {
        quipu_postgres_array_begin(arguments,
                                   part == 0   ? quipu_postgres_id_type(section)
                                   : part == 1 ? TYPE_INT4
                                               : TYPE_INT8,
                                   count);
        for (size_t i = 0; i < all->count; i++) {
            const struct entry *entry = &all->at[i];
            if (!is_demanded(section, entry, index)) {
                continue;
            }
            if (part == 0) {
                quipu_postgres_put_bytes(arguments, entry->id);
            } else if (part == 1) {
                quipu_postgres_put_int4(arguments, entry->demand);
            } else {
                quipu_postgres_put_int8(arguments, entry->at);
            }
        }
        quipu_postgres_array_end(arguments);
    }
}

static enum type type_of(int kind)
{
    static const enum type types[] = {
        [QUIPU_VALUE_BOOL] = TYPE_BOOL,        [QUIPU_VALUE_INT] = TYPE_INT8,
        [QUIPU_VALUE_DOUBLE] = TYPE_FLOAT8,    [QUIPU_VALUE_TEXT] = TYPE_TEXT,
        [QUIPU_VALUE_BYTES] = TYPE_BYTEA,      [QUIPU_VALUE_UUID] = TYPE_UUID,
        [QUIPU_VALUE_TIME] = TYPE_TIMESTAMPTZ,
    };
    return types[kind];
}

static void put_part(struct arguments *arguments, const struct place *place,
                     size_t part)
{
    switch (part) {
    case PART_POSITION:
        quipu_postgres_put_int8(arguments, place->position);
        break;
    case PART_REF:
        quipu_postgres_put_int4(arguments, place->ref);
        break;
    default:
        quipu_postgres_put_part(arguments, place->item, part);
        break;
    }
}

static void add_part(const struct group *group, uint32_t index,
                     struct arguments *arguments, size_t part, enum type type)
{
    quipu_postgres_array_begin(arguments, type, group->sections[index].items);
    for (size_t i = 0; i < group->place_count; i++) {
        if (group->places[i].section == index) {
            put_part(arguments, &group->places[i], part);
        }
    }
    quipu_postgres_array_end(arguments);
}

static void add_items(const struct group *group, uint32_t index,
                      struct arguments *arguments)
{
    const struct section *section = &group->sections[index];
    const quipu_schema *schema = &section->bound->schema;
    add_part(group, index, arguments, PART_SEQUENCE,
             quipu_postgres_id_type(section));
    add_part(group, index, arguments, PART_POSITION, TYPE_INT8);
    if (section->has_refs) {
        add_part(group, index, arguments, PART_REF, TYPE_INT4);
    }
    add_part(group, index, arguments, PART_TOPIC, TYPE_TEXT);
    add_part(group, index, arguments, PART_STATE, TYPE_BYTEA);
    if (schema->event_id) {
        add_part(group, index, arguments, PART_EVENT_ID, TYPE_UUID);
    }
    if (schema->metadata) {
        add_part(group, index, arguments, PART_METADATA, TYPE_BYTEA);
    }
    if (schema->time) {
        add_part(group, index, arguments, PART_TIME, TYPE_TIMESTAMPTZ);
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        add_part(group, index, arguments, PART_COLUMN + i,
                 type_of(schema->columns[i].kind));
    }
}

/* ----------------------------------------------------------------- sending */

static void begin_section(const struct group *group,
                          const struct section *section,
                          struct arguments *arguments)
{
    quipu_postgres_arguments_begin(arguments);
    quipu_postgres_add_int4(arguments, group->datastore->space);
    quipu_postgres_add_int8(arguments, section->bound->number);
}

static void send_section(struct group *group, uint32_t index,
                         struct connection *connection)
{
    struct section *section = &group->sections[index];
    struct arguments *arguments = &connection->arguments;
    begin_section(group, section, arguments);
    quipu_postgres_add_int8(arguments, (int64_t)section->items);
    quipu_postgres_send(connection, &group->datastore->common[SQL_BUMP]);
    if (section->items == 0) {
        return;
    }
    begin_section(group, section, arguments);
    quipu_postgres_add_int8(arguments, (int64_t)section->items);
    add_demands(group, index, arguments);
    add_items(group, index, arguments);
    quipu_postgres_send(
        connection,
        &section->bound->of[section->has_refs ? SQL_INSERT_NEXT : SQL_INSERT]);
}

static void send_track(struct group *group, const struct track *track,
                       struct connection *connection)
{
    struct arguments *arguments = &connection->arguments;
    const quipu_tracking *last = track->last;
    begin_section(group, &group->sections[track->section], arguments);
    quipu_postgres_add_bytes(arguments, last->consumer);
    quipu_postgres_add_bytes(arguments, last->log);
    quipu_postgres_add_int8(arguments, last->position.notification_id);
    quipu_postgres_add_bytes(arguments,
                             (quipu_bytes){ last->position.store.bytes, 16 });
    quipu_postgres_add_bytes(
        arguments, (quipu_bytes){ last->position.event_id.bytes, 16 });
    quipu_postgres_add_int8(arguments, track->above);
    quipu_postgres_send(connection, &group->datastore->common[SQL_TRACK]);
}

static int compare(quipu_bytes a, quipu_bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Everybody writes records in the same order, so that nobody waits in a
 * circle. */
static void sort_tracks(struct group *group)
{
    for (size_t i = 1; i < group->track_count; i++) {
        struct track track = group->tracks[i];
        size_t j = i;
        for (; j > 0; j--) {
            const quipu_tracking *other = group->tracks[j - 1].last;
            int order = compare(other->consumer, track.last->consumer);
            if (order == 0) {
                order = compare(other->log, track.last->log);
            }
            if (order <= 0) {
                break;
            }
            group->tracks[j] = group->tracks[j - 1];
        }
        group->tracks[j] = track;
    }
}

/* Sections in which something is stored, or was before: a commit that changes
 * nothing would not be made durable. */
static bool is_written(const struct group *group, const struct section *section)
{
    return section->items > 0 || (section->repeated && !group->accepted);
}

unsigned quipu_postgres_send_store(struct group *group,
                                   struct connection *connection)
{
    unsigned answers = 0;
    for (uint32_t i = 0; i < group->section_count; i++) {
        const struct section *section = &group->sections[i];
        if (is_written(group, section)) {
            send_section(group, i, connection);
            answers += section->items > 0 ? 2 : 1;
        }
    }
    sort_tracks(group);
    for (size_t i = 0; i < group->track_count; i++) {
        if (group->tracks[i].write) {
            send_track(group, &group->tracks[i], connection);
            answers++;
        }
    }
    return answers;
}

/* --------------------------------------------------------------- receiving */

/* Which positions the server gave; the ids tell whose. */
static void take_positions(struct group *group, uint32_t index,
                           const PGresult *result)
{
    const struct section *section = &group->sections[index];
    size_t rows = (size_t)PQntuples(result);
    size_t of_section = 0;
    for (size_t i = 0; i < group->place_count && of_section < rows; i++) {
        struct place *place = &group->places[i];
        if (place->section == index) {
            int row = (int)of_section++;
            int64_t id = quipu_postgres_get_int(result, row, 0);
            if (id == section->head + (int64_t)of_section) {
                place->position = quipu_postgres_get_int(result, row, 1);
            }
        }
    }
}

void quipu_postgres_take_store(struct group *group, unsigned turn,
                               PGresult *result)
{
    for (uint32_t i = 0; i < group->section_count; i++) {
        struct section *section = &group->sections[i];
        unsigned answers = section->items > 0 ? 2 : 1;
        if (!is_written(group, section)) {
            continue;
        }
        if (turn >= answers) {
            turn -= answers;
            continue;
        }
        if (turn == 0) {
            section->there = PQntuples(result) == 1;
            if (section->there) {
                section->head = quipu_postgres_get_int(result, 0, 0) -
                                (int64_t)section->items;
            }
        } else if (section->has_refs) {
            take_positions(group, i, result);
        }
        return;
    }
    /* A tracking record's: without the schema's head it is not stored. */
    for (uint32_t i = 0; i < group->section_count; i++) {
        if (group->sections[i].items == 0) {
            group->sections[i].there = strcmp(PQcmdTuples(result), "1") == 0;
        }
    }
}

void quipu_postgres_tell_stored(struct group *group)
{
    int64_t next[SECTIONS_MAX] = { 0 };
    size_t place = 0;
    for (uint32_t i = 0; i < group->section_count; i++) {
        next[i] = group->sections[i].head + 1;
    }
    for (size_t i = 0; i < group->count; i++) {
        const quipu_request *request = &group->requests[i];
        quipu_result *result = &group->results[i];
        uint32_t section = group_section(group, i);
        if (request->item_count > 0) {
            result->first_notification_id = next[section];
            next[section] += (int64_t)request->item_count;
        }
        for (size_t j = 0; j < request->item_count; j++, place++) {
            if (result->positions) {
                result->positions[j] = group->places[place].position;
            }
        }
    }
}
