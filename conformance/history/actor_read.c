/* SPDX-License-Identifier: Apache-2.0 */
/* What an actor reads. */
#include "actor.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* splitmix64 */
uint64_t quipu_actor_random(struct quipu_actor *a, uint64_t n)
{
    uint64_t z = (a->random += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

unsigned quipu_actor_some_log(struct quipu_actor *a)
{
    return (unsigned)quipu_actor_random(a, a->log_count);
}

struct quipu_label quipu_actor_some_hot(struct quipu_actor *a)
{
    return (struct quipu_label){ 'h', (uint32_t)quipu_actor_random(a, a->hot),
                                 0 };
}

/* ------------------------------------------------------------------ ranges */

/* The bounds as one pair that is inclusive, as the recording has them. */
static void record_range(struct quipu_recorder *r, const quipu_query *q)
{
    int64_t from = INT64_MIN, to = INT64_MAX;

    if (q->flags & QUIPU_QUERY_GTE) {
        from = q->gte;
    }
    if (q->flags & QUIPU_QUERY_GT && q->gt >= from) {
        from = q->gt + 1;
    }
    if (q->flags & QUIPU_QUERY_LTE) {
        to = q->lte;
    }
    if (q->flags & QUIPU_QUERY_LT && q->lt <= to) {
        to = q->lt - 1;
    }
    if (from != INT64_MIN) {
        quipu_record_word(r, "from=%" PRId64, from);
    }
    if (to != INT64_MAX) {
        quipu_record_word(r, "to=%" PRId64, to);
    }
    if (q->flags & QUIPU_QUERY_LIMIT) {
        quipu_record_word(r, "limit=%" PRId64, q->limit);
    }
    if (q->flags & QUIPU_QUERY_DESCENDING) {
        quipu_record_word(r, "desc");
    }
}

/* ----------------------------------------------------------------- cursors */

static void check_usual(const struct quipu_actor *a, const char *call,
                        int status)
{
    CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND ||
              status == QUIPU_TIMEOUT || status == QUIPU_BUSY ||
              quipu_actor_excuses(a, status),
          "%s answered %s: %s", call, quipu_status_name(status), ERR->message);
}

static void record_item(struct quipu_actor *a, struct quipu_actor_log *log,
                        const quipu_item *item)
{
    struct quipu_label_text sequence =
        quipu_label_read(item->sequence_id, log->text);
    struct quipu_label_text mark = quipu_mark_read(item);

    quipu_record_word(&a->recorder, "%" PRId64 "/%s@%" PRId64 "/%s/%" PRIx64,
                      item->notification_id, sequence.text, item->position,
                      mark.text, quipu_label_hash(item->topic, item->state));
    if (item->notification_id > log->head) {
        log->head = item->notification_id;
    }
}

bool quipu_actor_excuses(const struct quipu_actor *a, int status)
{
    const struct timespec span = { .tv_nsec = 5000000 };

    if (!a->excuses || (status != QUIPU_IO && status != QUIPU_DENIED)) {
        return false;
    }
    nanosleep(&span, NULL);
    return true;
}

/* Now and then others have time to append before a cursor's first step. */
static void dawdle(struct quipu_actor *a)
{
    const struct timespec span = { .tv_nsec = 300000 };

    if (quipu_actor_random(a, 8) == 0) {
        nanosleep(&span, NULL);
    }
}

/* Reads to the end; `status` is that of the opening. */
static size_t drain(struct quipu_actor *a, struct quipu_actor_log *log,
                    quipu_cursor *cursor, int status, int64_t *last)
{
    struct quipu_recorder *r = &a->recorder;
    const quipu_item *item = NULL;
    size_t count = 0;

    if (status == QUIPU_OK) {
        quipu_record_word(r, "opened=%" PRId64, quipu_record_now(r));
        dawdle(a);
        for (;;) {
            status = quipu_cursor_next(cursor, &item, ERR);
            if (status || !item) {
                break;
            }
            record_item(a, log, item);
            *last = item->position > *last ? item->position : *last;
            count++;
        }
        quipu_cursor_close(cursor);
    }
    quipu_record_stamp(r);
    if (status != QUIPU_OK) {
        quipu_record_forget(r);
    }
    quipu_record_done(r, status);
    check_usual(a, "a read", status);
    return count;
}

size_t quipu_actor_read(struct quipu_actor *a, unsigned log_index,
                        struct quipu_label sequence, const quipu_query *query)
{
    struct quipu_actor_log *log = &a->logs[log_index];
    struct quipu_recorder *r = &a->recorder;
    quipu_id id = quipu_label_id(sequence, log->text);
    quipu_cursor *cursor = NULL;
    int64_t last = -1;
    size_t count;
    int status;

    quipu_record_ask(r, "read", log->name);
    quipu_record_word(r, "%s", quipu_label_name(sequence).text);
    record_range(r, query);
    quipu_record_go(r);
    status = quipu_records_read(log->records, (quipu_bytes){ id.data, id.size },
                                query, &cursor, ERR);
    count = drain(a, log, cursor, status, &last);
    if (count > 0 && sequence.kind == 'h' && last > log->last[sequence.a]) {
        log->last[sequence.a] = last;
    }
    return count;
}

size_t quipu_actor_read_log(struct quipu_actor *a, unsigned log_index,
                            const quipu_query *query, bool final)
{
    struct quipu_actor_log *log = &a->logs[log_index];
    struct quipu_recorder *r = &a->recorder;
    quipu_cursor *cursor = NULL;
    int64_t last = -1;
    int status;

    quipu_record_ask(r, "log", log->name);
    record_range(r, query);
    if (final) {
        quipu_record_word(r, "final");
    }
    quipu_record_go(r);
    status = quipu_records_read_log(log->records, query, &cursor, ERR);
    return drain(a, log, cursor, status, &last);
}

/* -------------------------------------------------- last, head, wait, track */

void quipu_actor_last(struct quipu_actor *a, unsigned log_index,
                      struct quipu_label sequence)
{
    struct quipu_actor_log *log = &a->logs[log_index];
    struct quipu_recorder *r = &a->recorder;
    quipu_id id = quipu_label_id(sequence, log->text);
    int64_t last = -1;
    int status;

    quipu_record_ask(r, "last", log->name);
    quipu_record_word(r, "%s", quipu_label_name(sequence).text);
    quipu_record_go(r);
    status = quipu_records_last(log->records, (quipu_bytes){ id.data, id.size },
                                &last, ERR);
    quipu_record_stamp(r);
    if (status == QUIPU_OK) {
        quipu_record_word(r, "last=%" PRId64, last);
    }
    quipu_record_done(r, status);
    check_usual(a, "last", status);
    if (status == QUIPU_OK && sequence.kind == 'h') {
        log->last[sequence.a] = last;
    }
}

void quipu_actor_head(struct quipu_actor *a, unsigned log_index)
{
    struct quipu_actor_log *log = &a->logs[log_index];
    struct quipu_recorder *r = &a->recorder;
    quipu_position head = { 0 };
    int status;

    quipu_record_ask(r, "head", log->name);
    quipu_record_go(r);
    status = quipu_records_head(log->records, &head, ERR);
    quipu_record_stamp(r);
    if (status == QUIPU_OK) {
        quipu_record_word(r, "head=%" PRId64, head.notification_id);
        log->head = head.notification_id;
    }
    quipu_record_done(r, status);
    check_usual(a, "head", status);
}

void quipu_actor_track(struct quipu_actor *a, unsigned log_index)
{
    struct quipu_actor_log *log = &a->logs[log_index];
    struct quipu_recorder *r = &a->recorder;
    quipu_position at = { 0 };
    char name[8];
    int status;

    snprintf(name, sizeof(name), "log-%s", log->name);
    quipu_record_ask(r, "track", log->name);
    quipu_record_word(r, "c");
    quipu_record_go(r);
    status = quipu_tracking_read(quipu_records_datastore(log->records),
                                 a->t->prefix, name, &at, ERR);
    quipu_record_stamp(r);
    if (status == QUIPU_OK) {
        quipu_record_word(r, "at=%" PRId64, at.notification_id);
        log->tracked = at.notification_id;
    }
    quipu_record_done(r, status);
    check_usual(a, "tracking", status);
}

bool quipu_actor_wait(struct quipu_actor *a, unsigned log_index,
                      int64_t milliseconds)
{
    struct quipu_actor_log *log = &a->logs[log_index];
    struct quipu_recorder *r = &a->recorder;
    int64_t head = 0;
    int status;

    quipu_record_ask(r, "wait", log->name);
    quipu_record_word(r, "after=%" PRId64, log->head);
    quipu_record_go(r);
    status =
        quipu_records_wait(log->records, log->head, milliseconds, &head, ERR);
    quipu_record_stamp(r);
    if (status == QUIPU_OK) {
        quipu_record_word(r, "head=%" PRId64, head);
    }
    quipu_record_done(r, status);
    check_usual(a, "wait", status);
    return status == QUIPU_OK;
}
