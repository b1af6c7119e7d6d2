/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and frees aggregates. */
#include "domain/aggregate.h"

#include <stdio.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "domain/bus.h"
#include "event/fields.h"

int quipu_aggregate_make(const quipu_aggregate_type *type, const quipu_id *id,
                         quipu_bus *bus, quipu_aggregate **aggregate,
                         quipu_error *error)
{
    quipu_aggregate *made = quipu_allocate_zeroed(type->size);
    struct quipu_pending *pending = quipu_allocate_zeroed(sizeof(*pending));

    if (!made || !pending) {
        quipu_release(pending);
        quipu_release(made);
        return quipu_error_no_memory(error);
    }
    pending->bus = bus;
    pending->collecting = !bus;
    quipu_bus_attach(bus);
    made->type = type;
    made->id = *id;
    made->pending = pending;
    *aggregate = made;
    return QUIPU_OK;
}

int quipu_aggregate_create(const quipu_aggregate_type *type, const quipu_id *id,
                           quipu_bus *bus, void **aggregate, quipu_error *error)
{
    quipu_aggregate *made = NULL;
    quipu_id minted = { 0 };
    quipu_uuid uuid;
    int status = quipu_aggregate_type_check(type, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!aggregate || (id && id->size == 0)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "creating %s: the id is empty, or an argument "
                               "is NULL",
                               type->name);
    }
    if (!id) {
        quipu_uuid_ordered(&uuid);
        quipu_id_of_uuid(&minted, &uuid);
        id = &minted;
    }
    status = quipu_aggregate_make(type, id, bus, &made, error);
    if (status == QUIPU_OK) {
        *aggregate = made;
    }
    return status;
}

void quipu_aggregate_destroy(void *aggregate)
{
    quipu_aggregate *destroyed = aggregate;

    if (!destroyed) {
        return;
    }
    quipu_fields_release(destroyed->type->fields, destroyed);
    quipu_pending_clear(destroyed->pending);
    quipu_release(destroyed->pending->events);
    quipu_bus_detach(destroyed->pending->bus);
    quipu_release(destroyed->pending);
    quipu_release(destroyed);
}

/* No schema is at hand to tell what the id is.  16 bytes that could be read
 * are as good as never a UUID. */
static bool is_uuid(const quipu_id *id)
{
    bool readable = quipu_utf8_valid(quipu_id_bytes(id));

    for (size_t i = 0; i < id->size; i++) {
        readable = readable && id->data[i] >= ' ';
    }
    return id->size == sizeof(quipu_uuid) && !readable;
}

const char *quipu_aggregate_text(const quipu_aggregate *aggregate,
                                 char text[QUIPU_AGGREGATE_TEXT_SIZE])
{
    char formatted[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    if (is_uuid(&aggregate->id)) {
        memcpy(uuid.bytes, aggregate->id.data, sizeof(uuid.bytes));
        quipu_uuid_format(&uuid, formatted);
        (void)snprintf(text, QUIPU_AGGREGATE_TEXT_SIZE, "%.60s %s",
                       aggregate->type->name, formatted);
    } else {
        (void)snprintf(text, QUIPU_AGGREGATE_TEXT_SIZE, "%.60s %.*s",
                       aggregate->type->name, (int)aggregate->id.size,
                       (const char *)aggregate->id.data);
    }
    return text;
}
