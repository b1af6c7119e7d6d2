/* SPDX-License-Identifier: Apache-2.0 */
/* After an error a cursor is done for; which item it was, a search finds. */
#include "walk.h"

#define BROKEN_IN_A_ROW 100

static int open_cursor(quipu_records *records, quipu_bytes sequence_id,
                       int64_t lower, int64_t upper, quipu_cursor **cursor,
                       quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE,
                                .gte = lower,
                                .lte = upper };

    if (!sequence_id.data) {
        return quipu_records_read_log(records, &query, cursor, error);
    }
    return quipu_records_read(records, sequence_id, &query, cursor, error);
}

/* Whether the first item between the bounds can be read; also if there is
 * none. */
static int try_first(const struct walk *walk, int64_t lower, int64_t upper,
                     quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    int status = open_cursor(walk->records, walk->sequence_id, lower, upper,
                             &cursor, error);

    if (status == QUIPU_OK) {
        status = quipu_cursor_next(cursor, &item, error);
        quipu_cursor_close(cursor);
    }
    return status;
}

/* Halves the distance without overflow. */
static int64_t middle(int64_t lower, int64_t upper)
{
    return (int64_t)((uint64_t)lower + ((uint64_t)upper - (uint64_t)lower) / 2);
}

/* The first item from `lower` on is broken: finds where it is. */
static int find_broken(const struct walk *walk, int64_t lower, int64_t *at,
                       quipu_error *error)
{
    int64_t first = lower;
    int64_t last = walk->upper;

    while (first < last) {
        const int64_t half = middle(first, last);
        const int status = try_first(walk, lower, half, error);

        if (status == QUIPU_CORRUPT) {
            last = half;
        } else if (status == QUIPU_OK) {
            first = half + 1;
        } else {
            return status;
        }
    }
    *at = first;
    return QUIPU_OK;
}

/* Visits from *next to `upper` until the end or the first broken item; *next
 * is set behind the last one visited. */
static int walk_part(const struct walk *walk, int64_t *next, int64_t upper,
                     bool *visited, bool *end, quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    int status = open_cursor(walk->records, walk->sequence_id, *next, upper,
                             &cursor, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_cursor_next(cursor, &item, error);
    while (status == QUIPU_OK && item) {
        const int64_t at =
            !walk->sequence_id.data ? item->notification_id : item->position;

        *visited = true;
        status = walk->visit(walk->context, item, error);
        if (at >= *next) {
            *end = at == INT64_MAX;
            *next = *end ? at : at + 1;
        }
        if (status == QUIPU_OK) {
            status = quipu_cursor_next(cursor, &item, error);
        }
    }
    *end = *end || (status == QUIPU_OK && !item);
    quipu_cursor_close(cursor);
    return status;
}

/* Finds the first broken item.  A cursor that reads ahead tells of it early:
 * the items before it are visited. */
static int walk_to_broken(const struct walk *walk, int64_t *next, int64_t *at,
                          bool *visited, quipu_error *error)
{
    quipu_error own;
    bool end = false;
    int status = find_broken(walk, *next, at, NULL);

    if (status == QUIPU_OK && *at > *next) {
        status = walk_part(walk, next, *at - 1, visited, &end, &own);
        if (status != QUIPU_OK) {
            quipu_error_set(error, status, "%s", own.message);
        }
    }
    return status;
}

int quipu_tool_walk(const struct walk *walk, quipu_error *error)
{
    int64_t next = walk->lower;
    int64_t at = 0;
    int in_a_row = 0;
    bool end = next > walk->upper;

    while (!end) {
        bool visited = false;
        int status = walk_part(walk, &next, walk->upper, &visited, &end, error);

        if (status != QUIPU_CORRUPT) {
            return status;
        }
        if (end || next > walk->upper) {
            return QUIPU_CORRUPT; /* not an item's fault */
        }
        status = walk_to_broken(walk, &next, &at, &visited, error);
        if (status != QUIPU_OK) {
            return status;
        }
        in_a_row = visited ? 1 : in_a_row + 1;
        if (in_a_row > BROKEN_IN_A_ROW) {
            return QUIPU_CORRUPT;
        }
        if (walk->broken) {
            walk->broken(walk->context, at, error);
        }
        end = at == walk->upper;
        next = end ? at : at + 1;
    }
    return QUIPU_OK;
}

int quipu_tool_walk_one(quipu_records *records, quipu_bytes sequence_id,
                        int64_t at,
                        int (*visit)(void *context, const quipu_item *item,
                                     quipu_error *error),
                        void *context, bool *found, quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    int status = open_cursor(records, sequence_id, at, at, &cursor, error);

    *found = false;
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_cursor_next(cursor, &item, error);
    if (status == QUIPU_OK && item) {
        *found = true;
        status = visit(context, item, error);
    }
    quipu_cursor_close(cursor);
    return status;
}
