/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <stdio.h>

/* ---------------------------------------------------------------- driver */

struct script script;

static const quipu_driver *memory;
static quipu_driver scripted;
static const quipu_host *host;

/* Decrements a counter that is above 0; returns true if it was. */
static bool due(atomic_int *number)
{
    int left = atomic_load(number);

    while (left > 0) {
        if (atomic_compare_exchange_weak(number, &left, left - 1)) {
            return true;
        }
    }
    return false;
}

static int scripted_open(const quipu_host *from, const quipu_open *how,
                         int64_t deadline, quipu_driver_datastore **datastore,
                         quipu_opened *opened, quipu_error *error)
{
    host = from;
    return memory->open(from, how, deadline, datastore, opened, error);
}

static int scripted_append(quipu_driver_datastore *datastore,
                           const quipu_request *requests, size_t count,
                           quipu_result *results, size_t *taken,
                           int64_t deadline, quipu_error *error)
{
    int status = QUIPU_OK;

    *taken = 1; /* so that each append is counted separately */
    (void)count;
    if (due(&script.busy_appends)) {
        return host->error_set(error, QUIPU_BUSY, 5, NULL, "scripted: busy");
    }
    if (due(&script.lost_appends)) {
        return host->error_set(error, QUIPU_UNKNOWN_OUTCOME, 0, "08007",
                               "scripted: connection lost");
    }
    atomic_fetch_add(&script.appends, 1);
    status =
        memory->append(datastore, requests, 1, results, taken, deadline, error);
    if (status == QUIPU_OK && results[0].status == QUIPU_OK &&
        due(&script.lost_answers)) {
        return host->error_set(error, QUIPU_UNKNOWN_OUTCOME, 0, "08007",
                               "scripted: answer lost");
    }
    return status;
}

static int scripted_step(quipu_driver_cursor *cursor, int64_t deadline,
                         const void **rows, size_t *count, quipu_error *error)
{
    if (atomic_load(&script.steps_to_error) > 0 &&
        atomic_fetch_sub(&script.steps_to_error, 1) == 1) {
        return host->error_set(error, atomic_load(&script.step_error), 11,
                               "XX001", "scripted: step failed");
    }
    return memory->step(cursor, deadline, rows, count, error);
}

static const quipu_driver *scripted_entry(void)
{
    return &scripted;
}

void script_add_driver(void)
{
    quipu_error error;

    assert_ok(quipu_drivers_find("memory", &memory, &error), &error);
    scripted = *memory;
    scripted.struct_size = sizeof(scripted);
    scripted.name = "scripted";
    scripted.open = scripted_open;
    scripted.append = scripted_append;
    scripted.step = scripted_step;
    assert_ok(quipu_drivers_add("scripted", scripted_entry, &error), &error);
}

void script_clear(void)
{
    atomic_store(&script.lost_answers, 0);
    atomic_store(&script.lost_appends, 0);
    atomic_store(&script.busy_appends, 0);
    atomic_store(&script.steps_to_error, 0);
    atomic_store(&script.appends, 0);
}

/* ---------------------------------------------------------------- events */

static const quipu_field noted_fields[] = { QUIPU_FIELD(struct noted, text),
                                            { 0 } };
static const quipu_field measured_fields[] = {
    QUIPU_FIELD(struct measured, device),
    QUIPU_FIELD(struct measured, at),
    QUIPU_FIELD(struct measured, value),
    { 0 },
};

const quipu_event_type noted = {
    .topic = "Noted",
    .size = sizeof(struct noted),
    .fields = noted_fields,
};
const quipu_event_type measured = {
    .topic = "Measured",
    .size = sizeof(struct measured),
    .fields = measured_fields,
};

static const quipu_event_type *const noted_types[] = { &noted };

const quipu_mapping noted_mapping = {
    .struct_size = sizeof(noted_mapping),
    .types = noted_types,
    .type_count = 1,
};

struct noted make_noted(const quipu_id *id, int64_t version, const char *text)
{
    struct noted event = { .text = text };

    quipu_event_init(&event.base, &noted, id, version);
    return event;
}

quipu_id uuid_id(void)
{
    quipu_uuid uuid;
    quipu_id id;

    quipu_uuid_ordered(&uuid);
    quipu_id_of_uuid(&id, &uuid);
    return id;
}

quipu_id text_id(const char *text)
{
    quipu_id id;
    quipu_error error;

    assert_ok(quipu_id_of_text(&id, text, &error), &error);
    return id;
}

/* ---------------------------------------------------------------- stores */

void schema_make(quipu_schema *schema, uint32_t flags)
{
    quipu_schema_init(schema, sizeof(*schema), quipu_schema_stored_events());
    schema->flags |= flags;
}

void datastore_open(quipu_datastore **datastore, const char *uri,
                    const quipu_schema *schema)
{
    quipu_error error;

    assert_ok(quipu_datastore_open(uri, NULL, datastore, &error), &error);
    assert_ok(quipu_datastore_setup(*datastore, schema, &error), &error);
}

void opened_open(struct opened *opened, uint32_t flags,
                 const quipu_mapping *mapping)
{
    quipu_error error;

    script_clear();
    schema_make(&opened->schema, flags);
    datastore_open(&opened->datastore, "scripted:", &opened->schema);
    assert_ok(quipu_store_open(opened->datastore, &opened->schema, mapping,
                               &opened->store, &error),
              &error);
}

void opened_close(struct opened *opened)
{
    quipu_error error;

    assert_ok(quipu_store_close(opened->store, &error), &error);
    assert_ok(quipu_datastore_close(opened->datastore, &error), &error);
}

void fill(quipu_store *store, const quipu_id *id, int count)
{
    quipu_error error;
    char text[12];

    for (int i = 0; i < count; i++) {
        struct noted event = make_noted(id, i, text);
        const quipu_event *const events[] = { &event.base };

        (void)snprintf(text, sizeof(text), "%d", i);
        assert_ok(quipu_store_append(store, events, 1, NULL, &error), &error);
    }
}

void put_item(quipu_store *store, const quipu_id *id, int64_t position,
              const char *topic, const void *state, size_t size)
{
    quipu_error error;
    quipu_uuid event_id;
    const quipu_item item = {
        .sequence_id = quipu_id_bytes(id),
        .position = position,
        .topic = quipu_bytes_of_text(topic),
        .state = { state, size },
        .event_id = { event_id.bytes, sizeof(event_id.bytes) },
    };
    const quipu_append append = {
        .struct_size = sizeof(append),
        .items = &item,
        .item_count = 1,
    };

    quipu_uuid_ordered(&event_id);
    assert_ok(
        quipu_records_append(quipu_store_records(store), &append, NULL, &error),
        &error);
}

size_t log_size(quipu_store *store)
{
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    quipu_error error;
    size_t count = 0;

    assert_ok(quipu_records_read_log(quipu_store_records(store), NULL, &cursor,
                                     &error),
              &error);
    do {
        assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
        count += item != NULL;
    } while (item);
    quipu_cursor_close(cursor);
    return count;
}
