/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the messages of CONFLICT and ALREADY, and checks that a result is one
 * that the driver contract allows for the append: an index refers to an item,
 * guard or entry that exists, a cause to something that the append has.
 */
#include "records/conflict_message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"

/* Sizes of buffers, including the NUL: a sequence id, in quotes if it is text;
 * a clause with a position. */
enum { ID_TEXT_SIZE = QUIPU_ID_MAX + 3, LAST_TEXT_SIZE = 64 };

/* Formats a sequence id by the kind of the schema's ids. */
static void format_id(const quipu_schema *schema, quipu_bytes id,
                      char text[ID_TEXT_SIZE])
{
    quipu_uuid uuid;

    if (schema->flags & QUIPU_SCHEMA_TEXT_IDS) {
        snprintf(text, ID_TEXT_SIZE, "\"%.*s\"", (int)id.size,
                 (const char *)id.data);
        return;
    }
    memcpy(uuid.bytes, id.data, sizeof(uuid.bytes));
    quipu_uuid_format(&uuid, text);
}

/* Formats a clause about the end of the sequence that the result concerns. */
static void format_last(const quipu_result *result, char text[LAST_TEXT_SIZE])
{
    if (result->flags & QUIPU_RESULT_HAS_LAST) {
        snprintf(text, LAST_TEXT_SIZE, "its last position is %" PRId64,
                 result->last_position);
    } else {
        snprintf(text, LAST_TEXT_SIZE, "it is empty");
    }
}

static int set_position(const quipu_schema *schema, const quipu_item *item,
                        const quipu_result *result, quipu_error *error)
{
    char id[ID_TEXT_SIZE];
    char last[LAST_TEXT_SIZE];

    format_id(schema, item->sequence_id, id);
    format_last(result, last);
    return quipu_error_set(
        error, QUIPU_CONFLICT,
        "items[%zu]: position %" PRId64 " of sequence %s in \"%s\" is %s; %s",
        result->index, item->position, id, schema->table,
        schema->flags & QUIPU_SCHEMA_SPARSE ? "taken" : "not the next one",
        last);
}

static int set_guard(const quipu_schema *schema, const quipu_guard *guard,
                     const quipu_result *result, quipu_error *error)
{
    char id[ID_TEXT_SIZE];
    char last[LAST_TEXT_SIZE];
    char expected[LAST_TEXT_SIZE] = "empty";

    if (guard->demand == QUIPU_DEMAND_NOT_EMPTY) {
        snprintf(expected, sizeof(expected), "not empty");
    } else if (guard->demand == QUIPU_DEMAND_LAST) {
        snprintf(expected, sizeof(expected), "at position %" PRId64,
                 guard->position);
    }
    format_id(schema, guard->sequence_id, id);
    format_last(result, last);
    return quipu_error_set(error, QUIPU_CONFLICT,
                           "guards[%zu]: sequence %s in \"%s\" was expected to "
                           "be %s, but %s",
                           result->index, id, schema->table, expected, last);
}

static int set_event_id(const quipu_item *item, const quipu_result *result,
                        quipu_error *error)
{
    quipu_uuid uuid;
    char text[QUIPU_UUID_TEXT_SIZE];

    memcpy(uuid.bytes, item->event_id.data, sizeof(uuid.bytes));
    quipu_uuid_format(&uuid, text);
    return quipu_error_set(error, QUIPU_CONFLICT,
                           "items[%zu]: event id %s is taken, and this append "
                           "does not repeat the one that took it",
                           result->index, text);
}

/* The write of an entry whose revision was not as expected. */
static int set_entry(const quipu_entry_write *write, const quipu_result *result,
                     quipu_error *error)
{
    char expected[LAST_TEXT_SIZE] = "not to exist";
    char found[LAST_TEXT_SIZE] = "there is none";

    if (write->revision > 0) {
        snprintf(expected, sizeof(expected), "at revision %" PRId64,
                 write->revision);
    }
    if (result->flags & QUIPU_RESULT_HAS_LAST) {
        snprintf(found, sizeof(found), "it is at revision %" PRId64,
                 result->last_position);
    }
    return quipu_error_set(error, QUIPU_CONFLICT,
                           "entries[%zu]: entry \"%.*s\" was expected %s, but "
                           "%s",
                           result->index, (int)write->key.size,
                           (const char *)write->key.data, expected, found);
}

/* A tracking record that is not where the conditions expect it (T1). */
static int set_tracking(const quipu_append *append, const quipu_result *result,
                        quipu_error *error)
{
    const quipu_tracking *tracking = append->tracking;
    char found[LAST_TEXT_SIZE] = "there is none";

    if (result->flags & QUIPU_RESULT_HAS_LAST) {
        snprintf(found, sizeof(found), "it is at %" PRId64,
                 result->last_position);
    }
    return quipu_error_set(
        error, QUIPU_CONFLICT,
        "the tracking record of consumer \"%.*s\" for log \"%.*s\" was "
        "expected at notification %" PRId64 ", but %s: another process uses "
        "the same consumer",
        (int)tracking->consumer.size, (const char *)tracking->consumer.data,
        (int)tracking->log.size, (const char *)tracking->log.data,
        append->conditions->tracking_from, found);
}

/* Refusals by what the conditions of the append say; returns false if it is
 * none of them. */
static bool set_condition(const quipu_append *append,
                          const quipu_result *result, quipu_error *error)
{
    const quipu_conditions *conditions = append->conditions;

    if (!conditions) {
        return false;
    }
    if (result->cause == QUIPU_CAUSE_ENTRY &&
        result->index < conditions->entry_count) {
        (void)set_entry(&conditions->entries[result->index], result, error);
        return true;
    }
    if (result->cause == QUIPU_CAUSE_TRACKING &&
        (conditions->flags & QUIPU_CONDITIONS_TRACKING_FROM)) {
        (void)set_tracking(append, result, error);
        return true;
    }
    return false;
}

/* Refusals because of an item or a guard; returns false if it is none of them.
 */
static bool set_contents(const quipu_schema *schema, const quipu_append *append,
                         const quipu_result *result, quipu_error *error)
{
    size_t index = result->index;

    if (index < append->item_count && result->cause == QUIPU_CAUSE_POSITION) {
        (void)set_position(schema, &append->items[index], result, error);
        return true;
    }
    if (index < append->guard_count && result->cause == QUIPU_CAUSE_GUARD) {
        (void)set_guard(schema, &append->guards[index], result, error);
        return true;
    }
    if (index < append->item_count && result->cause == QUIPU_CAUSE_EVENT_ID &&
        schema->event_id) {
        (void)set_event_id(&append->items[index], result, error);
        return true;
    }
    return false;
}

static int set_conflict(const struct quipu_append_call *append_call,
                        const quipu_append *append, enum quipu_call call,
                        const quipu_result *result, quipu_error *error)
{
    const quipu_records *records = append_call->records;

    if ((records && set_contents(records->schema, append, result, error)) ||
        set_condition(append, result, error)) {
        return QUIPU_CONFLICT;
    }
    return quipu_driver_call_broken(
        append_call->datastore->driver, call,
        "its CONFLICT has a cause or an index that the append does not have",
        error);
}

static int set_already(const quipu_driver *driver, const quipu_append *append,
                       enum quipu_call call, quipu_error *error)
{
    const quipu_tracking *tracking = append->tracking;

    if (!tracking) {
        return quipu_driver_call_broken(
            driver, call,
            "its result is ALREADY for an append without "
            "tracking",
            error);
    }
    return quipu_error_set(
        error, QUIPU_ALREADY,
        "consumer \"%.*s\" has already processed "
        "notification %" PRId64 " of log \"%.*s\"",
        (int)tracking->consumer.size, (const char *)tracking->consumer.data,
        tracking->position.notification_id, (int)tracking->log.size,
        (const char *)tracking->log.data);
}

/* Checks the result of an append that was stored. */
static int check_stored(const quipu_datastore *datastore,
                        const quipu_append *append, enum quipu_call call,
                        const quipu_result *result, quipu_error *error)
{
    if ((datastore->opened.capabilities & QUIPU_CAN_LOG) &&
        append->item_count > 0 && result->first_notification_id < 1) {
        return quipu_driver_call_broken(datastore->driver, call,
                                        "its result has no notification id",
                                        error);
    }
    return QUIPU_OK;
}

int quipu_conflict_message_set(const struct quipu_append_call *append_call,
                               const quipu_append *append, enum quipu_call call,
                               const quipu_result *result, quipu_error *error)
{
    const quipu_driver *driver = append_call->datastore->driver;
    char fault[96];

    switch (result->status) {
    case QUIPU_OK:
        return check_stored(append_call->datastore, append, call, result,
                            error);
    case QUIPU_CONFLICT:
        return set_conflict(append_call, append, call, result, error);
    case QUIPU_ALREADY:
        return set_already(driver, append, call, error);
    case QUIPU_INVALID:
        return quipu_error_set(error, QUIPU_INVALID,
                               "driver \"%s\" cannot store items[%zu]",
                               driver->name, result->index);
    default:
        snprintf(fault, sizeof(fault),
                 "its result has status %s (%d), which a result cannot have",
                 quipu_status_name(result->status), (int)result->status);
        return quipu_driver_call_broken(driver, call, fault, error);
    }
}
