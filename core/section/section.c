/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections of the log.
 *
 * A section is read in two steps: the head of the log, which says how many of
 * its places are taken, and then exactly these items.
 *
 * INV1  Whether a section is final, and what it contains, follows from one
 *       head.  Items that are appended between the two steps are left out, so
 *       that "not final" never comes with all items.
 * INV2  Each place up to the head is taken (L1) and visible (V1).  If the store
 *       yields another item or none there, the section is not made up of what
 *       remains, but CORRUPT: a reader would pass over the item for ever.
 * INV3  The tag has the number of items and of those that are erased in clear,
 *       since appending raises the one and erasing the other, and none is ever
 *       lowered.  So these changes are noticed with certainty, and any other
 *       one by a checksum of the contents.
 */
#include <quipu/section.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cancellation.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"
#include "records/item.h"
#include "records/records.h"

#define CURRENT "current"

/* The whole of an opened section; the program has its first member. */
struct held_section {
    quipu_section section;
    quipu_arena arena;
    quipu_item *items;
    int64_t first; /* notification ids of its places */
    int64_t last;
};

/* ------------------------------------------------------------------- names */

/* Reads a positive number in its only spelling, and moves *text behind it. */
static bool read_number(const char **text, int64_t *number)
{
    const char *at = *text;

    *number = 0;
    if (*at == '0') {
        return false;
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        int digit = *at - '0';

        if (*number > (INT64_MAX - digit) / 10) {
            return false;
        }
        *number = *number * 10 + digit;
    }
    if (at == *text) {
        return false;
    }
    *text = at;
    return true;
}

static bool read_name(const char *name, int64_t *first, int64_t *last)
{
    return read_number(&name, first) && *name++ == ',' &&
           read_number(&name, last) && *name == '\0';
}

/* Sets the places of the section that an item is in, by the number of items
 * before it.  False: it, or the next section, would exceed 63 bits. */
static bool find_places(struct held_section *held, int64_t before,
                        uint32_t size)
{
    if (before > INT64_MAX - 2 * (int64_t)size) {
        return false;
    }
    held->first = before / size * size + 1;
    held->last = held->first + size - 1;
    return true;
}

/* Sets the places by the name. */
static int resolve(struct held_section *held, const char *name, uint32_t size,
                   quipu_error *error)
{
    int64_t head = held->section.head.notification_id;
    int64_t first, last;

    if (strcmp(name, CURRENT) == 0) {
        return find_places(held, head, size)
                   ? QUIPU_OK
                   : quipu_error_set(error, QUIPU_CORRUPT,
                                     "the log ends at item %" PRId64, head);
    }
    if (!read_name(name, &first, &last) ||
        !find_places(held, first - 1, size)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "\"%.48s\" is not the name of a section; they "
                               "are named by their first and last notification "
                               "id, the first one is \"1,%" PRIu32
                               "\", and the newest one is \"" CURRENT "\"",
                               name, size);
    }
    if (first != held->first || last != held->last) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "\"%.48s\" is not the name of a section of "
                               "%" PRIu32 " items; the item %" PRId64
                               " is in the section \"%" PRId64 ",%" PRId64 "\"",
                               name, size, first, held->first, held->last);
    }
    return QUIPU_OK;
}

/* Returns "first,last" in the arena; NULL if there is no memory. */
static const char *make_name(quipu_arena *arena, int64_t first, int64_t last)
{
    char text[48];

    (void)snprintf(text, sizeof(text), "%" PRId64 ",%" PRId64, first, last);
    return quipu_arena_copy(arena, text, strlen(text));
}

static int set_names(struct held_section *held, uint32_t size,
                     quipu_error *error)
{
    quipu_section *section = &held->section;
    int64_t first = held->first;
    int64_t last = held->last;

    section->name = make_name(&held->arena, first, last);
    if (first > 1) {
        section->previous = make_name(&held->arena, first - size, first - 1);
    }
    if (section->final) {
        section->next = make_name(&held->arena, last + 1, last + size);
    }
    if (!section->name || (first > 1 && !section->previous) ||
        (section->final && !section->next)) {
        return quipu_error_no_memory(error);
    }
    return QUIPU_OK;
}

/* ------------------------------------------------------------------- items */

static int refuse_hole(const struct held_section *held, quipu_records *records,
                       quipu_error *error)
{
    return quipu_error_set(
        error, QUIPU_CORRUPT,
        "the log of \"%s\" ends at item %" PRId64 ", but lacks item %" PRId64
        "; run quipu verify, and restore the store from a backup",
        records->schema->table, held->section.head.notification_id,
        held->first + (int64_t)held->section.count);
}

/* Copies the next `count` items that the cursor yields. */
static int copy_items(struct held_section *held, quipu_records *records,
                      size_t count, quipu_cursor *cursor, quipu_error *error)
{
    quipu_section *section = &held->section;

    while (section->count < count) {
        const quipu_item *lent;
        int status = quipu_cursor_next(cursor, &lent, error);

        if (status != QUIPU_OK) {
            return status;
        }
        if (!lent ||
            lent->notification_id != held->first + (int64_t)section->count) {
            return refuse_hole(held, records, error); /* INV2 */
        }
        quipu_item *item = &held->items[section->count++];

        *item = *lent;
        if (!quipu_item_copy(&held->arena, item)) {
            return quipu_error_no_memory(error);
        }
    }
    return QUIPU_OK;
}

static int read_items(struct held_section *held, quipu_records *records,
                      quipu_error *error)
{
    int64_t head = held->section.head.notification_id;
    int64_t end = head < held->last ? head : held->last; /* INV1 */
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE,
                                .gte = held->first,
                                .lte = end };
    size_t count = (size_t)(end - held->first + 1);
    quipu_cursor *cursor;

    held->items =
        quipu_arena_allocate_array(&held->arena, count, sizeof(*held->items));
    if (!held->items) {
        return quipu_error_no_memory(error);
    }
    held->section.items = held->items;
    held->section.final = end == held->last;
    int status = quipu_records_read_log(records, &query, &cursor, error);

    if (status == QUIPU_OK) {
        status = copy_items(held, records, count, cursor, error);
        quipu_cursor_close(cursor);
    }
    return status;
}

/* --------------------------------------------------------------------- tag */

static uint64_t sum_column(uint64_t sum, const quipu_value *value)
{
    sum = quipu_checksum_number(sum, (uint64_t)value->kind);
    switch (value->kind) {
    case QUIPU_VALUE_NULL:
        return sum;
    case QUIPU_VALUE_DOUBLE:
        return quipu_checksum(sum, &value->as.real, sizeof(value->as.real));
    case QUIPU_VALUE_TEXT:
    case QUIPU_VALUE_BYTES:
    case QUIPU_VALUE_UUID:
        return quipu_checksum_bytes(sum, value->as.bytes);
    default:
        return quipu_checksum_number(sum, (uint64_t)value->as.integer);
    }
}

static uint64_t sum_item(uint64_t sum, const quipu_item *item)
{
    sum = quipu_checksum_bytes(sum, item->sequence_id);
    sum = quipu_checksum_number(sum, (uint64_t)item->position);
    sum = quipu_checksum_bytes(sum, item->topic);
    sum = quipu_checksum_bytes(sum, item->state);
    sum = quipu_checksum_bytes(sum, item->event_id);
    sum = quipu_checksum_bytes(sum, item->metadata);
    sum = quipu_checksum_number(sum, item->flags);
    sum = quipu_checksum_number(sum, item->flags & QUIPU_ITEM_TIME
                                         ? (uint64_t)item->time.microseconds
                                         : 0);
    sum = quipu_checksum_number(sum, item->column_count);
    for (size_t i = 0; i < item->column_count; i++) {
        sum = sum_column(sum, &item->columns[i]);
    }
    return sum;
}

/* INV3.  The identity of the store and the places are summed, too, so that the
 * empty sections of another store, or of a log that was rewound, have other
 * tags. */
static int set_tag(struct held_section *held, quipu_error *error)
{
    quipu_section *section = &held->section;
    uint64_t sum = quipu_checksum((uint64_t)held->first, &section->head.store,
                                  sizeof(section->head.store));
    size_t erased = 0;
    char text[64];

    sum = quipu_checksum_number(sum, (uint64_t)held->last);
    for (size_t i = 0; i < section->count; i++) {
        sum = sum_item(sum, &section->items[i]);
        erased += (section->items[i].flags & QUIPU_ITEM_ERASED) != 0;
    }
    (void)snprintf(text, sizeof(text), "%zu-%zu-%016" PRIx64, section->count,
                   erased, sum);
    section->tag = quipu_arena_copy(&held->arena, text, strlen(text));
    return section->tag ? QUIPU_OK : quipu_error_no_memory(error);
}

/* ----------------------------------------------------------------- opening */

/* The section behind the last final one is the last that exists. */
static int require_reached(const struct held_section *held,
                           quipu_records *records, quipu_error *error)
{
    int64_t head = held->section.head.notification_id;

    if (held->first - 1 <= head) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_NOT_FOUND,
                           "the log of \"%s\" has no section \"%" PRId64
                           ",%" PRId64 "\", since it ends at item %" PRId64,
                           records->schema->table, held->first, held->last,
                           head);
}

static int read_section(struct held_section *held, quipu_records *records,
                        const char *name, uint32_t size, quipu_error *error)
{
    int status = quipu_records_head(records, &held->section.head, error);

    if (status == QUIPU_OK) {
        status = resolve(held, name, size, error);
    }
    if (status == QUIPU_OK) {
        status = require_reached(held, records, error);
    }
    if (status == QUIPU_OK) {
        status = read_items(held, records, error);
    }
    if (status == QUIPU_OK) {
        status = set_names(held, size, error);
    }
    return status == QUIPU_OK ? set_tag(held, error) : status;
}

int quipu_section_open(quipu_records *records, const char *name, uint32_t size,
                       quipu_section **section, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!name || !section) {
        return quipu_argument_missing(name ? "section" : "name", error);
    }
    if (size < 1 || size > QUIPU_SECTION_SIZE_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a section of %" PRIu32 " items is not "
                               "possible; its size must be 1 to %d",
                               size, QUIPU_SECTION_SIZE_MAX);
    }
    struct held_section *held = quipu_allocate_zeroed(sizeof(*held));

    if (!held) {
        return quipu_error_no_memory(error);
    }
    status = read_section(held, records, name, size, error);
    if (status != QUIPU_OK) {
        quipu_section_close(&held->section);
        return status;
    }
    *section = &held->section;
    return QUIPU_OK;
}

void quipu_section_close(quipu_section *section)
{
    struct held_section *held = (struct held_section *)section;

    if (held) {
        quipu_arena_finish(&held->arena);
        quipu_release(held);
    }
}
