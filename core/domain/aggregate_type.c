/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks aggregate types, and applies events through them.
 *
 * A type has either a table of handlers, one for each event type, or one
 * mutator for all.  Both are functions of the application.  They get an error
 * of their own, which is copied to the caller's only if they fail.
 */
#include "domain/aggregate_type.h"

#include <stdio.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/status.h"
#include "event/field_table.h"
#include "event/packed_fields.h"
#include "event/traits.h"
#include "mapper/mapper.h"

/* --------------------------------------------------------------- checking */

static bool is_zero(const void *memory, size_t size)
{
    const unsigned char *bytes = memory;

    while (size > 0 && bytes[size - 1] == 0) {
        size--;
    }
    return size == 0;
}

static int check_handler(const quipu_aggregate_type *type,
                         const quipu_handler *handler, quipu_error *error)
{
    int status = quipu_event_type_check(handler->event, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!is_zero(handler->reserved, sizeof(handler->reserved)) ||
        !is_zero(handler->reserved2, sizeof(handler->reserved2))) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "aggregate type %s: a reserved member of the "
                               "handler for %s is not zero",
                               type->name, handler->event->topic);
    }
    for (const quipu_handler *h = type->handlers; h != handler; h++) {
        if (h->event == handler->event) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "aggregate type %s has two handlers for %s",
                                   type->name, h->event->topic);
        }
    }
    return QUIPU_OK;
}

static int check_reserved(const quipu_aggregate_type *type, quipu_error *error)
{
    if (!is_zero(type->reserved, sizeof(type->reserved))) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "aggregate type %s: a reserved member is not "
                               "NULL",
                               type->name);
    }
    return QUIPU_OK;
}

static int check_handlers(const quipu_aggregate_type *type, quipu_error *error)
{
    int status = check_reserved(type, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!type->handlers == !type->mutate) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "aggregate type %s must have either handlers or "
                               "a mutator",
                               type->name);
    }
    for (const quipu_handler *h = type->handlers;
         h && h->event && status == QUIPU_OK; h++) {
        status = check_handler(type, h, error);
    }
    return status;
}

int quipu_aggregate_type_check(const quipu_aggregate_type *type,
                               quipu_error *error)
{
    char owner[80];
    int status = QUIPU_OK;

    if (!type || !type->name || type->name[0] == '\0') {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the aggregate type is NULL or has no name");
    }
    if (type->size < sizeof(quipu_aggregate)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "aggregate type %s: its size, %zu bytes, is "
                               "less than that of quipu_aggregate, its first "
                               "member (%zu); give the size of the struct, "
                               "not of a pointer",
                               type->name, type->size, sizeof(quipu_aggregate));
    }
    (void)snprintf(owner, sizeof(owner), "aggregate type %.60s", type->name);
    status = quipu_field_table_check(
        &(quipu_field_owner){ .name = owner,
                              .struct_name = type->struct_name,
                              .size = type->size,
                              .base = sizeof(quipu_aggregate),
                              .field_count = type->field_count },
        type->fields, error);
    return status ? status : check_handlers(type, error);
}

/* --------------------------------------------------------------- handlers */

/* Returns the handler for events of a type, or NULL. */
static const quipu_handler *find(const quipu_aggregate_type *type,
                                 const quipu_event_type *event)
{
    const quipu_handler *handler = type->handlers;

    while (handler->event && handler->event != event) {
        handler++;
    }
    return handler->event ? handler : NULL;
}

int quipu_aggregate_type_accepts(const quipu_aggregate_type *type,
                                 const quipu_event_type *event,
                                 quipu_error *error)
{
    if (type->mutate) {
        return quipu_event_type_check(event, error);
    }
    if (!event || !find(type, event)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s has no handler for the event %s", type->name,
                               event ? event->topic : "NULL");
    }
    return QUIPU_OK;
}

int quipu_aggregate_type_discarding(const quipu_aggregate_type *type,
                                    const quipu_event_type **event,
                                    quipu_error *error)
{
    size_t count = 0;

    for (const quipu_handler *h = type->handlers; h && h->event; h++) {
        if (h->discards) {
            *event = h->event;
            count++;
        }
    }
    if (count != 1) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s has %zu handlers that discard, not one; "
                               "trigger the event yourself",
                               type->name, count);
    }
    return QUIPU_OK;
}

bool quipu_aggregate_type_discards(const quipu_aggregate_type *type,
                                   const quipu_event_type *event)
{
    const quipu_handler *handler = type->mutate ? NULL : find(type, event);

    return handler && handler->discards;
}

/* --------------------------------------------------------------- applying */

/* Calls the mutator, or the handler, if it has a function. */
static int call(const quipu_aggregate_type *type, quipu_aggregate *aggregate,
                const quipu_event *event, bool *discarded, quipu_error *error)
{
    const quipu_handler *handler;

    if (type->mutate) {
        return type->mutate(aggregate, event, discarded, error);
    }
    handler = find(type, event->type);
    *discarded = handler->discards;
    return handler->apply ? handler->apply(aggregate, event, error) : QUIPU_OK;
}

int quipu_aggregate_type_apply(const quipu_aggregate_type *type,
                               quipu_aggregate *aggregate,
                               const quipu_event *event, bool *discarded,
                               quipu_error *error)
{
    quipu_error cause;
    int status;

    quipu_status_begin(&cause);
    status = call(type, aggregate, event, discarded, &cause);
    if (status != QUIPU_OK) {
        char source[QUIPU_ID_MAX + 120];

        (void)snprintf(source, sizeof(source), "the handler of %.60s for %s",
                       type->name, event->type->topic);
        quipu_status_end(status, &cause, error, source);
    }
    return status;
}

/* ----------------------------------------------------------------- layout */

static uint64_t add_event(uint64_t sum, const quipu_event_type *event)
{
    sum = quipu_checksum(sum, event->topic, strlen(event->topic));
    sum = quipu_traits_layout(sum, event);
    return quipu_packed_fields_layout(sum, event->fields);
}

uint64_t quipu_aggregate_type_layout(const quipu_aggregate_type *type,
                                     const quipu_mapper *mapper)
{
    uint64_t sum = quipu_packed_fields_layout(0, type->fields);

    for (const quipu_handler *h = type->handlers; h && h->event; h++) {
        sum = add_event(sum, h->event);
        sum = quipu_checksum_number(sum, h->discards ? 1 : 0);
        sum = quipu_checksum_number(sum, h->apply ? 1 : 0);
    }
    for (size_t i = 0; type->mutate && i < mapper->binding_count; i++) {
        sum = add_event(sum, mapper->bindings[i].type);
    }
    for (size_t i = 0; i < mapper->retired_count; i++) {
        sum = quipu_checksum(sum, mapper->retired[i],
                             strlen(mapper->retired[i]) + 1);
    }
    return sum;
}
