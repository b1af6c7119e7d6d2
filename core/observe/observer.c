/* SPDX-License-Identifier: Apache-2.0 */
/* Calls the observer of the process. */
#include "observe/observer.h"

#include <string.h>

#include <quipu/state.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/structs.h"
#include "mapper/envelope.h"

static _Atomic(const quipu_observer *) current; /* NULL: none */

int quipu_observer_set(const quipu_observer *observer, quipu_error *error)
{
    quipu_observer taken = { .struct_size = sizeof(taken) };
    int status = observer ? quipu_struct_take(&taken, sizeof(taken), observer,
                                              "observer", error)
                          : QUIPU_OK;

    if (status == QUIPU_OK &&
        (taken.reserved ||
         (observer && observer->struct_size < sizeof(taken)))) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "observer: struct_size is not its size, or "
                                 "reserved is not 0");
    }
    if (status != QUIPU_OK) {
        return status;
    }
    atomic_store_explicit(&current, observer, memory_order_release);
    if (observer) {
        atomic_fetch_or(&quipu_metrics_flags, QUIPU_METRICS_OBSERVED);
    } else {
        atomic_fetch_and(&quipu_metrics_flags, ~QUIPU_METRICS_OBSERVED);
    }
    return QUIPU_OK;
}

void quipu_observer_init(struct quipu_observer_call *call,
                         enum quipu_call_operation operation,
                         struct quipu_metrics *metrics)
{
    call->observer = atomic_load_explicit(&current, memory_order_acquire);
    call->metrics = metrics;
    call->begin = 0;
    call->info = (quipu_call_info){
        .struct_size = sizeof(call->info),
        .operation = (int32_t)operation,
        .operation_name = quipu_metrics_operation_name((int)operation),
        .driver = metrics->driver,
    };
}

/* Reads the next value, which must be text. */
static bool next_text(quipu_bytes *rest, quipu_bytes *text)
{
    quipu_token token;

    if (quipu_token_next(rest, &token, NULL) != QUIPU_OK ||
        token.kind != QUIPU_TOKEN_STR) {
        return false;
    }
    *text = token.bytes;
    return true;
}

/* Returns the metadata of an item: those of its column, or of the envelope of
 * its state. */
static quipu_bytes metadata_of(const quipu_item *item)
{
    quipu_event event = { .type = NULL };
    quipu_payload payload;
    quipu_decoder decoder = { .state = item->state,
                              .reader = quipu_reader_of(item->state) };

    if (!item->metadata.data) {
        (void)quipu_envelope_read(&decoder, &payload, &event);
    }
    return item->metadata.data ? item->metadata : event.metadata;
}

/* Metadata that quipu_metadata_read would refuse have no traceparent. */
void quipu_observer_trace(struct quipu_observer_call *call,
                          const quipu_item *item)
{
    static const char wanted[] = "traceparent";
    quipu_bytes rest = call->observer ? metadata_of(item) : (quipu_bytes){ 0 };
    quipu_bytes name;
    quipu_bytes value;
    quipu_token map;

    if (rest.size == 0 || quipu_token_next(&rest, &map, NULL) != QUIPU_OK ||
        map.kind != QUIPU_TOKEN_MAP) {
        return;
    }
    for (uint32_t i = 0;
         i < map.count && next_text(&rest, &name) && next_text(&rest, &value);
         i++) {
        if (name.size == sizeof(wanted) - 1 &&
            memcmp(name.data, wanted, name.size) == 0) {
            call->info.traceparent = value;
            return;
        }
    }
}

void quipu_observer_begin(struct quipu_observer_call *call)
{
    const quipu_observer *observer = call->observer;

    if (observer && observer->began) {
        call->info.span = observer->began(observer->context, &call->info);
    }
    call->begin = quipu_clock_now();
}

void quipu_observer_pause(struct quipu_observer_call *call)
{
    if (call->is_on && call->begin != 0) {
        call->info.nanoseconds += quipu_clock_now() - call->begin;
        call->begin = 0;
    }
}

void quipu_observer_resume(struct quipu_observer_call *call)
{
    if (call->is_on) {
        call->begin = quipu_clock_now();
    }
}

void quipu_observer_finish(struct quipu_observer_call *call, int status)
{
    const quipu_observer *observer = call->observer;

    quipu_observer_pause(call);
    call->is_on = false;
    call->info.status = status;
    if (atomic_load_explicit(&quipu_metrics_flags, memory_order_relaxed) &
        QUIPU_METRICS_ENABLED) {
        quipu_metrics_call(call->metrics, &call->info);
    }
    if (observer && observer->ended) {
        observer->ended(observer->context, &call->info);
    }
}
