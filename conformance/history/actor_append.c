/* SPDX-License-Identifier: Apache-2.0 */
/* An actor's appends. */
#include "actor.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char topic[] = "Example.Changed";

/* What the API wants of a draft. */
struct built {
    quipu_append append;
    quipu_item items[QUIPU_DRAFT_ITEMS];
    quipu_id sequences[QUIPU_DRAFT_ITEMS];
    quipu_uuid events[QUIPU_DRAFT_ITEMS];
    char *states[QUIPU_DRAFT_ITEMS];
    quipu_guard guards[QUIPU_DRAFT_GUARDS];
    quipu_id guarded[QUIPU_DRAFT_GUARDS];
    quipu_tracking tracking;
    char track_log[8];
    int64_t positions[QUIPU_DRAFT_ITEMS];
    quipu_result result;
};

/* ---------------------------------------------------------------- building */

static void build_item(const struct quipu_actor_log *log,
                       const struct quipu_draft *draft, struct built *built,
                       size_t i)
{
    struct quipu_mark mark = draft->items[i].mark;
    size_t size = quipu_mark_size(mark);
    bool next = draft->items[i].position == QUIPU_HISTORY_NEXT;

    built->states[i] = malloc(size);
    CHECK(built->states[i], "no memory for a state");
    quipu_mark_fill(mark, built->states[i], size);
    built->sequences[i] = quipu_label_id(draft->items[i].sequence, log->text);
    built->events[i] = quipu_mark_event(mark);
    built->items[i] = (quipu_item){
        .sequence_id = { built->sequences[i].data, built->sequences[i].size },
        .position = next ? 0 : draft->items[i].position,
        .topic = { topic, sizeof(topic) - 1 },
        .state = { built->states[i], size },
        .flags = next ? QUIPU_ITEM_NEXT : 0,
    };
    if (log->events) {
        built->items[i].event_id = (quipu_bytes){ built->events[i].bytes, 16 };
    }
}

static void build_guard(const struct quipu_actor_log *log,
                        const struct quipu_draft *draft, struct built *built,
                        size_t i)
{
    built->guarded[i] = quipu_label_id(draft->guards[i].sequence, log->text);
    built->guards[i] = (quipu_guard){
        .sequence_id = { built->guarded[i].data, built->guarded[i].size },
        .position = draft->guards[i].position,
        .demand = draft->guards[i].demand,
    };
}

/* The consumers of a trial are its own, and each follows one log. */
static void build_tracking(const struct quipu_actor *a,
                           const struct quipu_draft *draft, struct built *built)
{
    const char *consumer = a->t->prefix;

    snprintf(built->track_log, sizeof(built->track_log), "log-%s",
             a->logs[draft->log].name);
    built->tracking = (quipu_tracking){
        .consumer = { consumer, strlen(consumer) },
        .log = { built->track_log, strlen(built->track_log) },
        .position = { .notification_id = draft->track },
    };
    built->append.tracking = &built->tracking;
}

static void build(const struct quipu_actor *a, const struct quipu_draft *draft,
                  struct built *built)
{
    const struct quipu_actor_log *log = &a->logs[draft->log];

    memset(built, 0, sizeof(*built));
    for (size_t i = 0; i < draft->item_count; i++) {
        build_item(log, draft, built, i);
    }
    for (size_t i = 0; i < draft->guard_count; i++) {
        build_guard(log, draft, built, i);
    }
    built->append = (quipu_append){ .struct_size = sizeof(built->append),
                                    .items = built->items,
                                    .item_count = draft->item_count,
                                    .guards = built->guards,
                                    .guard_count = draft->guard_count };
    if (draft->tracks) {
        build_tracking(a, draft, built);
    }
    built->result.positions = built->positions;
}

/* --------------------------------------------------------------- recording */

static void record_asked(struct quipu_actor *a, const struct quipu_draft *draft,
                         const struct built *built)
{
    struct quipu_recorder *r = &a->recorder;

    for (size_t i = 0; i < draft->item_count; i++) {
        struct quipu_mark mark = draft->items[i].mark;
        struct quipu_label_text name =
            quipu_label_name(draft->items[i].sequence);
        char position[24] = "+";

        if (draft->items[i].position != QUIPU_HISTORY_NEXT) {
            snprintf(position, sizeof(position), "%" PRId64,
                     draft->items[i].position);
        }
        quipu_record_word(
            r, "%s@%s/%" PRIu32 ".%" PRIu32 ".%" PRIu32 "/%" PRIx64, name.text,
            position, mark.session, mark.number, mark.index,
            quipu_label_hash(built->items[i].topic, built->items[i].state));
    }
    for (size_t i = 0; i < draft->guard_count; i++) {
        struct quipu_label_text name =
            quipu_label_name(draft->guards[i].sequence);

        if (draft->guards[i].demand == QUIPU_DEMAND_LAST) {
            quipu_record_word(r, "guard:%s=%" PRId64, name.text,
                              draft->guards[i].position);
        } else {
            quipu_record_word(r, "guard:%s=%s", name.text,
                              draft->guards[i].demand == QUIPU_DEMAND_EMPTY
                                  ? "empty"
                                  : "filled");
        }
    }
    if (draft->tracks) {
        quipu_record_word(r, "track:c=%" PRId64, draft->track);
    }
    quipu_record_go(r);
}

static void record_ok(struct quipu_recorder *r, const struct built *built)
{
    if (built->append.item_count > 0) {
        quipu_record_word(r, "ids=%" PRId64,
                          built->result.first_notification_id);
        for (size_t i = 0; i < built->append.item_count; i++) {
            if (i == 0) {
                quipu_record_word(r, "at=%" PRId64, built->positions[i]);
            } else {
                quipu_record_more(r, ",%" PRId64, built->positions[i]);
            }
        }
    }
    if (built->result.flags & QUIPU_RESULT_REPEATED) {
        quipu_record_word(r, "repeated");
    }
}

static void record_told(struct quipu_actor *a, const struct built *built,
                        int status)
{
    struct quipu_recorder *r = &a->recorder;

    if (status == QUIPU_OK) {
        record_ok(r, built);
    } else if (status == QUIPU_CONFLICT) {
        quipu_record_word(r, "cause=%s index=%zu",
                          quipu_history_cause_name(built->result.cause),
                          built->result.index);
        if (built->result.flags & QUIPU_RESULT_HAS_LAST) {
            quipu_record_word(r, "last=%" PRId64, built->result.last_position);
        }
    }
    quipu_record_done(r, status);
}

/* ---------------------------------------------------------------- learning */

static void learn_last(struct quipu_actor_log *log, struct quipu_label sequence,
                       int64_t last)
{
    if (sequence.kind == 'h') {
        log->last[sequence.a] = last;
    }
}

static void learn(struct quipu_actor *a, const struct quipu_draft *draft,
                  const struct built *built, int status)
{
    struct quipu_actor_log *log = &a->logs[draft->log];
    size_t index = built->result.index;
    int64_t last = built->result.flags & QUIPU_RESULT_HAS_LAST
                       ? built->result.last_position
                       : -1;

    if (status == QUIPU_OK) {
        for (size_t i = 0; i < draft->item_count; i++) {
            learn_last(log, draft->items[i].sequence, built->positions[i]);
        }
    } else if (status == QUIPU_CONFLICT &&
               built->result.cause == QUIPU_CAUSE_POSITION &&
               index < draft->item_count) {
        learn_last(log, draft->items[index].sequence, last);
    } else if (status == QUIPU_CONFLICT &&
               built->result.cause == QUIPU_CAUSE_GUARD &&
               index < draft->guard_count) {
        learn_last(log, draft->guards[index].sequence, last);
    }
    if (draft->tracks && (status == QUIPU_OK || status == QUIPU_ALREADY) &&
        draft->track > log->tracked) {
        log->tracked = draft->track;
    }
}

/* ------------------------------------------------------------------ appends */

static bool is_usual(const struct quipu_actor *a, int status)
{
    return status == QUIPU_OK || status == QUIPU_CONFLICT ||
           status == QUIPU_ALREADY || status == QUIPU_BUSY ||
           status == QUIPU_UNKNOWN_OUTCOME || quipu_actor_excuses(a, status);
}

int quipu_actor_append(struct quipu_actor *a, struct quipu_draft *draft)
{
    struct quipu_actor_log *log = &a->logs[draft->log];
    uint32_t number = quipu_record_ask(&a->recorder, "append", log->name);
    struct built *built = malloc(sizeof(*built));
    int status;

    CHECK(built, "no memory for an append");
    for (uint32_t i = 0; i < draft->item_count; i++) {
        if (draft->items[i].mark.session == 0) {
            draft->items[i].mark = (struct quipu_mark){ a->session, number, i };
        }
    }
    build(a, draft, built);
    record_asked(a, draft, built);
    /* Only now: what somebody repeats must be known to have been asked. */
    if (a->slot) {
        a->slot->draft = *draft;
        a->slot->pending = true;
    }
    status =
        quipu_records_append(log->records, &built->append, &built->result, ERR);
    quipu_record_stamp(&a->recorder);
    record_told(a, built, status);
    if (a->slot) {
        a->slot->pending = false;
    }
    CHECK(is_usual(a, status), "an append answered %s: %s",
          quipu_status_name(status), ERR->message);
    learn(a, draft, built, status);
    for (size_t i = 0; i < draft->item_count; i++) {
        free(built->states[i]);
    }
    free(built);
    a->draft = *draft;
    a->status = status;
    return status;
}
