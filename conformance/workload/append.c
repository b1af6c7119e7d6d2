/* SPDX-License-Identifier: Apache-2.0 */
/* Appends of a session: builds the call from a request, records it, and
 * remembers what the response says about the store. */
#include "session.h"

#include "history/parser.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char topic[] = "Example.Changed";

/* The arguments of quipu_records_append(), built from a request. */
struct call {
    quipu_append append;
    quipu_item items[QUIPU_REQUEST_ITEMS];
    quipu_id sequences[QUIPU_REQUEST_ITEMS];
    quipu_uuid events[QUIPU_REQUEST_ITEMS];
    char *states[QUIPU_REQUEST_ITEMS];
    quipu_guard guards[QUIPU_REQUEST_GUARDS];
    quipu_id guarded[QUIPU_REQUEST_GUARDS];
    quipu_tracking tracking;
    char track_log[8];
    int64_t positions[QUIPU_REQUEST_ITEMS];
    quipu_result result;
};

/* ---------------------------------------------------------------- building */

static void build_item(const struct quipu_session_log *log,
                       const struct quipu_session_request *request,
                       struct call *call, size_t i)
{
    struct quipu_history_origin origin = request->items[i].origin;
    size_t size = quipu_identity_state_size(origin);
    bool next = request->items[i].position == QUIPU_HISTORY_NEXT;

    call->states[i] = malloc(size);
    CHECK(call->states[i], "out of memory for a state");
    quipu_identity_fill_state(origin, call->states[i], size);
    call->sequences[i] =
        quipu_identity_sequence_id(request->items[i].sequence, log->text);
    call->events[i] = quipu_identity_event_id(origin);
    call->items[i] = (quipu_item){
        .sequence_id = { call->sequences[i].data, call->sequences[i].size },
        .position = next ? 0 : request->items[i].position,
        .topic = { topic, sizeof(topic) - 1 },
        .state = { call->states[i], size },
        .flags = next ? QUIPU_ITEM_NEXT : 0,
    };
    if (log->events) {
        call->items[i].event_id = (quipu_bytes){ call->events[i].bytes, 16 };
    }
}

static void build_guard(const struct quipu_session_log *log,
                        const struct quipu_session_request *request,
                        struct call *call, size_t i)
{
    call->guarded[i] =
        quipu_identity_sequence_id(request->guards[i].sequence, log->text);
    call->guards[i] = (quipu_guard){
        .sequence_id = { call->guarded[i].data, call->guarded[i].size },
        .position = request->guards[i].position,
        .demand = request->guards[i].demand,
    };
}

/* Tracking records outlive a tear-down, and a workload may run again on the
 * same store, so each run has its own consumer.  The log is named after that of
 * the workload. */
static void build_tracking(const struct quipu_session *s,
                           const struct quipu_session_request *request,
                           struct call *call)
{
    const char *consumer = s->consumer;

    snprintf(call->track_log, sizeof(call->track_log), "log-%s",
             s->logs[request->log].name);
    call->tracking = (quipu_tracking){
        .consumer = { consumer, strlen(consumer) },
        .log = { call->track_log, strlen(call->track_log) },
        .position = { .notification_id = request->tracking },
    };
    call->append.tracking = &call->tracking;
}

static void build(const struct quipu_session *s,
                  const struct quipu_session_request *request,
                  struct call *call)
{
    const struct quipu_session_log *log = &s->logs[request->log];

    memset(call, 0, sizeof(*call));
    for (size_t i = 0; i < request->item_count; i++) {
        build_item(log, request, call, i);
    }
    for (size_t i = 0; i < request->guard_count; i++) {
        build_guard(log, request, call, i);
    }
    call->append = (quipu_append){ .struct_size = sizeof(call->append),
                                   .items = call->items,
                                   .item_count = request->item_count,
                                   .guards = call->guards,
                                   .guard_count = request->guard_count };
    if (request->tracks) {
        build_tracking(s, request, call);
    }
    call->result.positions = call->positions;
}

/* --------------------------------------------------------------- recording */

static void record_request(struct quipu_session *s,
                           const struct quipu_session_request *request,
                           const struct call *call)
{
    struct quipu_recorder *r = &s->recorder;

    for (size_t i = 0; i < request->item_count; i++) {
        struct quipu_history_origin origin = request->items[i].origin;
        struct quipu_identity_text name =
            quipu_identity_sequence_name(request->items[i].sequence);
        char position[24] = "+";

        if (request->items[i].position != QUIPU_HISTORY_NEXT) {
            snprintf(position, sizeof(position), "%" PRId64,
                     request->items[i].position);
        }
        quipu_record_word(
            r, "%s@%s/%" PRIu32 ".%" PRIu32 ".%" PRIu32 "/%" PRIx64, name.text,
            position, origin.session, origin.number, origin.index,
            quipu_identity_hash(call->items[i].topic, call->items[i].state));
    }
    for (size_t i = 0; i < request->guard_count; i++) {
        struct quipu_identity_text name =
            quipu_identity_sequence_name(request->guards[i].sequence);

        if (request->guards[i].demand == QUIPU_DEMAND_LAST) {
            quipu_record_word(r, "guard:%s=%" PRId64, name.text,
                              request->guards[i].position);
        } else {
            quipu_record_word(r, "guard:%s=%s", name.text,
                              request->guards[i].demand == QUIPU_DEMAND_EMPTY
                                  ? "empty"
                                  : "filled");
        }
    }
    if (request->tracks) {
        quipu_record_word(r, "track:c=%" PRId64, request->tracking);
    }
    quipu_record_invoke(r);
}

static void record_ok(struct quipu_recorder *r, const struct call *call)
{
    if (call->append.item_count > 0) {
        quipu_record_word(r, "ids=%" PRId64,
                          call->result.first_notification_id);
        for (size_t i = 0; i < call->append.item_count; i++) {
            if (i == 0) {
                quipu_record_word(r, "at=%" PRId64, call->positions[i]);
            } else {
                quipu_record_append(r, ",%" PRId64, call->positions[i]);
            }
        }
    }
    if (call->result.flags & QUIPU_RESULT_REPEATED) {
        quipu_record_word(r, "repeated");
    }
}

static void record_response(struct quipu_session *s, const struct call *call,
                            int status)
{
    struct quipu_recorder *r = &s->recorder;

    if (status == QUIPU_OK) {
        record_ok(r, call);
    } else if (status == QUIPU_CONFLICT) {
        quipu_record_word(r, "cause=%s index=%zu",
                          quipu_history_parser_cause_name(call->result.cause),
                          call->result.index);
        if (call->result.flags & QUIPU_RESULT_HAS_LAST) {
            quipu_record_word(r, "last=%" PRId64, call->result.last_position);
        }
    }
    quipu_record_response(r, status);
}

/* ---------------------------------------------- the knowledge of a session */

static void set_last(struct quipu_session_log *log,
                     struct quipu_identity_sequence sequence, int64_t last)
{
    if (sequence.kind == 'h') {
        log->last[sequence.a] = last;
    }
}

/* Takes the last positions and the tracking record from the response. */
static void remember(struct quipu_session *s,
                     const struct quipu_session_request *request,
                     const struct call *call, int status)
{
    struct quipu_session_log *log = &s->logs[request->log];
    size_t index = call->result.index;
    int64_t last = call->result.flags & QUIPU_RESULT_HAS_LAST
                       ? call->result.last_position
                       : -1;

    if (status == QUIPU_OK) {
        for (size_t i = 0; i < request->item_count; i++) {
            set_last(log, request->items[i].sequence, call->positions[i]);
        }
    } else if (status == QUIPU_CONFLICT &&
               call->result.cause == QUIPU_CAUSE_POSITION &&
               index < request->item_count) {
        set_last(log, request->items[index].sequence, last);
    } else if (status == QUIPU_CONFLICT &&
               call->result.cause == QUIPU_CAUSE_GUARD &&
               index < request->guard_count) {
        set_last(log, request->guards[index].sequence, last);
    }
    if (request->tracks && (status == QUIPU_OK || status == QUIPU_ALREADY) &&
        request->tracking > log->tracked) {
        log->tracked = request->tracking;
    }
}

/* ------------------------------------------------------------------ appends */

/* Returns true if a correct store may return the status here. */
static bool is_expected(const struct quipu_session *s, int status)
{
    return status == QUIPU_OK || status == QUIPU_CONFLICT ||
           status == QUIPU_ALREADY || status == QUIPU_BUSY ||
           status == QUIPU_UNKNOWN_OUTCOME ||
           quipu_session_tolerates(s, status);
}

int quipu_workload_append(struct quipu_session *s,
                          struct quipu_session_request *request)
{
    struct quipu_session_log *log = &s->logs[request->log];
    uint32_t number = quipu_record_request(&s->recorder, "append", log->name);
    struct call *call = malloc(sizeof(*call));
    int status;

    CHECK(call, "out of memory for an append");
    for (uint32_t i = 0; i < request->item_count; i++) {
        if (request->items[i].origin.session == 0) {
            request->items[i].origin =
                (struct quipu_history_origin){ s->number, number, i };
        }
    }
    build(s, request, call);
    record_request(s, request, call);
    /* Published after the request is recorded, because the session that repeats
     * it names its origin. */
    if (s->slot) {
        s->slot->request = *request;
        s->slot->pending = true;
    }
    status =
        quipu_records_append(log->records, &call->append, &call->result, ERR);
    quipu_record_stamp(&s->recorder);
    record_response(s, call, status);
    if (s->slot) {
        s->slot->pending = false;
    }
    CHECK(is_expected(s, status), "an append returned %s: %s",
          quipu_status_name(status), ERR->message);
    remember(s, request, call, status);
    for (size_t i = 0; i < request->item_count; i++) {
        free(call->states[i]);
    }
    free(call);
    s->request = *request;
    s->status = status;
    return status;
}
