/* SPDX-License-Identifier: Apache-2.0 */
/* Checks an item that is to be appended, but its further columns. */
#include <quipu/error.h>

#include "records/check.h"
#include "records/handles.h"

static int check_reserved(const quipu_item *item, struct quipu_place place,
                          quipu_error *error)
{
    const char *member = "reserved";

    if (item->tags || item->tag_count) {
        member = "tags";
    } else if (item->notification_id) {
        member = "notification_id";
    } else if (!item->reserved && !item->reserved2[0] && !item->reserved2[1]) {
        return QUIPU_OK;
    }
    return quipu_check_wrong(place, member, "is not 0", error);
}

static int check_flags(const quipu_schema *schema, const quipu_item *item,
                       struct quipu_place place, quipu_error *error)
{
    const uint32_t known = QUIPU_ITEM_NEXT | QUIPU_ITEM_TIME;

    if (item->flags & ~known) {
        return quipu_check_wrong(place, "flags",
                                 "has one that is not for appending", error);
    }
    if ((item->flags & QUIPU_ITEM_NEXT) &&
        (schema->flags & QUIPU_SCHEMA_SPARSE)) {
        return quipu_check_wrong(place, "flags",
                                 "has QUIPU_ITEM_NEXT, which a sparse schema "
                                 "cannot have; give the position",
                                 error);
    }
    return QUIPU_OK;
}

static int check_time(const quipu_schema *schema, const quipu_item *item,
                      struct quipu_place place, quipu_error *error)
{
    if (!(item->flags & QUIPU_ITEM_TIME)) {
        return QUIPU_OK;
    }
    if (!schema->time) {
        return quipu_check_wrong(place, "time",
                                 "is present, but the schema has no column "
                                 "for it",
                                 error);
    }
    if (item->time.microseconds < QUIPU_TIME_MIN ||
        item->time.microseconds > QUIPU_TIME_MAX) {
        return quipu_check_wrong(place, "time", "is not in the years 1 to 9999",
                                 error);
    }
    return QUIPU_OK;
}

static int check_event_id(const quipu_schema *schema, const quipu_item *item,
                          struct quipu_place place, quipu_error *error)
{
    if (!schema->event_id) {
        return !item->event_id.data && item->event_id.size == 0
                   ? QUIPU_OK
                   : quipu_check_wrong(place, "event_id",
                                       "is present, but the schema has no "
                                       "column for it",
                                       error);
    }
    if (!item->event_id.data) {
        return quipu_check_wrong(place, "event_id",
                                 "is absent, but the schema has a column for "
                                 "it",
                                 error);
    }
    if (item->event_id.size != sizeof(quipu_uuid)) {
        return quipu_check_wrong(place, "event_id",
                                 "is not the 16 bytes of a UUID", error);
    }
    return QUIPU_OK;
}

static int check_payload(const quipu_records *records, const quipu_item *item,
                         struct quipu_place place, quipu_error *error)
{
    uint64_t limit = records->datastore->opened.limits.state_size;
    bool has_metadata = item->metadata.data || item->metadata.size > 0;
    int status;

    if (!item->state.data) {
        return quipu_check_wrong(place, "state",
                                 "is absent; an empty one has data", error);
    }
    if (has_metadata && !records->schema->metadata) {
        return quipu_check_wrong(place, "metadata",
                                 "is present, but the schema has no column "
                                 "for it",
                                 error);
    }
    status = quipu_check_bytes(item->state, limit, place, "state", error);
    if (status == QUIPU_OK) {
        status =
            quipu_check_bytes(item->metadata, limit, place, "metadata", error);
    }
    return status;
}

int quipu_check_item(const quipu_records *records, const quipu_item *item,
                     struct quipu_place place, uint64_t *size,
                     quipu_error *error)
{
    const quipu_schema *schema = records->schema;
    int status = quipu_check_sequence_id(schema, item->sequence_id, place,
                                         "sequence_id", error);

    if (status == QUIPU_OK) {
        status = quipu_check_text(item->topic, place, "topic", error);
    }
    if (status == QUIPU_OK) {
        status = check_flags(schema, item, place, error);
    }
    if (status == QUIPU_OK) {
        status = check_event_id(schema, item, place, error);
    }
    if (status == QUIPU_OK) {
        status = check_time(schema, item, place, error);
    }
    if (status == QUIPU_OK) {
        status = check_payload(records, item, place, error);
    }
    if (status == QUIPU_OK) {
        status = check_reserved(item, place, error);
    }
    *size += item->sequence_id.size + item->topic.size + item->event_id.size +
             item->state.size + item->metadata.size;
    return status;
}
