/* SPDX-License-Identifier: Apache-2.0 */
/* Reads of a session: sequences, the log, last positions, the head, tracking
 * records and waits. */
#include "session.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* ------------------------------------------------------------------ ranges */

/* Records the bounds as one inclusive pair, as the format has them. */
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

/* Ends the case if no correct store may return the status here. */
static void check_status(const struct quipu_session *s, const char *call,
                         int status)
{
    CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND ||
              status == QUIPU_TIMEOUT || status == QUIPU_BUSY ||
              quipu_session_tolerates(s, status),
          "%s returned %s: %s", call, quipu_status_name(status), ERR->message);
}

static void record_item(struct quipu_session *s, struct quipu_session_log *log,
                        const quipu_item *item)
{
    struct quipu_identity_text sequence =
        quipu_identity_read_sequence(item->sequence_id, log->text);
    struct quipu_identity_text origin = quipu_identity_read_item(item);

    quipu_record_word(&s->recorder, "%" PRId64 "/%s@%" PRId64 "/%s/%" PRIx64,
                      item->notification_id, sequence.text, item->position,
                      origin.text,
                      quipu_identity_hash(item->topic, item->state));
    if (item->notification_id > log->head) {
        log->head = item->notification_id;
    }
}

/* Sometimes gives other sessions time to append between the opening of a cursor
 * and its first step: the cursor must not show what they append. */
static void pause_sometimes(struct quipu_session *s)
{
    const struct timespec span = { .tv_nsec = 300000 };

    if (quipu_session_random(s, 8) == 0) {
        nanosleep(&span, NULL);
    }
}

/* Reads a cursor to its end and records the entries; `status` is the result of
 * opening it.  `last` becomes the highest position that was read. */
static size_t drain(struct quipu_session *s, struct quipu_session_log *log,
                    quipu_cursor *cursor, int status, int64_t *last)
{
    struct quipu_recorder *r = &s->recorder;
    const quipu_item *item = NULL;
    size_t count = 0;

    if (status == QUIPU_OK) {
        quipu_record_word(r, "opened=%" PRId64, quipu_record_now(r));
        pause_sometimes(s);
        for (;;) {
            status = quipu_cursor_next(cursor, &item, ERR);
            if (status || !item) {
                break;
            }
            record_item(s, log, item);
            *last = item->position > *last ? item->position : *last;
            count++;
        }
        quipu_cursor_close(cursor);
    }
    quipu_record_stamp(r);
    if (status != QUIPU_OK) {
        quipu_record_discard(r);
    }
    quipu_record_response(r, status);
    check_status(s, "a read", status);
    return count;
}

size_t quipu_workload_read(struct quipu_session *s, unsigned log_index,
                           struct quipu_identity_sequence sequence,
                           const quipu_query *query)
{
    struct quipu_session_log *log = &s->logs[log_index];
    struct quipu_recorder *r = &s->recorder;
    quipu_id id = quipu_identity_sequence_id(sequence, log->text);
    quipu_cursor *cursor = NULL;
    int64_t last = -1;
    size_t count;
    int status;

    quipu_record_request(r, "read", log->name);
    quipu_record_word(r, "%s", quipu_identity_sequence_name(sequence).text);
    record_range(r, query);
    quipu_record_invoke(r);
    status = quipu_records_read(log->records, (quipu_bytes){ id.data, id.size },
                                query, &cursor, ERR);
    count = drain(s, log, cursor, status, &last);
    if (count > 0 && sequence.kind == 'h' && last > log->last[sequence.a]) {
        log->last[sequence.a] = last;
    }
    return count;
}

size_t quipu_workload_read_log(struct quipu_session *s, unsigned log_index,
                               const quipu_query *query, bool final)
{
    struct quipu_session_log *log = &s->logs[log_index];
    struct quipu_recorder *r = &s->recorder;
    quipu_cursor *cursor = NULL;
    int64_t last = -1;
    int status;

    quipu_record_request(r, "log", log->name);
    record_range(r, query);
    if (final) {
        quipu_record_word(r, "final");
    }
    quipu_record_invoke(r);
    status = quipu_records_read_log(log->records, query, &cursor, ERR);
    return drain(s, log, cursor, status, &last);
}

/* -------------------------------------------- last, head, tracking, wait */

void quipu_workload_read_last(struct quipu_session *s, unsigned log_index,
                              struct quipu_identity_sequence sequence)
{
    struct quipu_session_log *log = &s->logs[log_index];
    struct quipu_recorder *r = &s->recorder;
    quipu_id id = quipu_identity_sequence_id(sequence, log->text);
    int64_t last = -1;
    int status;

    quipu_record_request(r, "last", log->name);
    quipu_record_word(r, "%s", quipu_identity_sequence_name(sequence).text);
    quipu_record_invoke(r);
    status = quipu_records_last(log->records, (quipu_bytes){ id.data, id.size },
                                &last, ERR);
    quipu_record_stamp(r);
    if (status == QUIPU_OK) {
        quipu_record_word(r, "last=%" PRId64, last);
    }
    quipu_record_response(r, status);
    check_status(s, "last", status);
    if (status == QUIPU_OK && sequence.kind == 'h') {
        log->last[sequence.a] = last;
    }
}

void quipu_workload_read_head(struct quipu_session *s, unsigned log_index)
{
    struct quipu_session_log *log = &s->logs[log_index];
    struct quipu_recorder *r = &s->recorder;
    quipu_position head = { 0 };
    int status;

    quipu_record_request(r, "head", log->name);
    quipu_record_invoke(r);
    status = quipu_records_head(log->records, &head, ERR);
    quipu_record_stamp(r);
    if (status == QUIPU_OK) {
        quipu_record_word(r, "head=%" PRId64, head.notification_id);
        log->head = head.notification_id;
    }
    quipu_record_response(r, status);
    check_status(s, "head", status);
}

void quipu_workload_read_tracking(struct quipu_session *s, unsigned log_index)
{
    struct quipu_session_log *log = &s->logs[log_index];
    struct quipu_recorder *r = &s->recorder;
    quipu_position at = { 0 };
    char name[8];
    int status;

    snprintf(name, sizeof(name), "log-%s", log->name);
    quipu_record_request(r, "track", log->name);
    quipu_record_word(r, "c");
    quipu_record_invoke(r);
    status = quipu_tracking_read(quipu_records_datastore(log->records),
                                 s->consumer, name, &at, ERR);
    quipu_record_stamp(r);
    if (status == QUIPU_OK) {
        quipu_record_word(r, "at=%" PRId64, at.notification_id);
        log->tracked = at.notification_id;
    }
    quipu_record_response(r, status);
    check_status(s, "tracking", status);
}

bool quipu_workload_read_wait(struct quipu_session *s, unsigned log_index,
                              int64_t milliseconds)
{
    struct quipu_session_log *log = &s->logs[log_index];
    struct quipu_recorder *r = &s->recorder;
    int64_t head = 0;
    int status;

    quipu_record_request(r, "wait", log->name);
    quipu_record_word(r, "after=%" PRId64, log->head);
    quipu_record_invoke(r);
    status =
        quipu_records_wait(log->records, log->head, milliseconds, &head, ERR);
    quipu_record_stamp(r);
    if (status == QUIPU_OK) {
        quipu_record_word(r, "head=%" PRId64, head);
    }
    quipu_record_response(r, status);
    check_status(s, "wait", status);
    return status == QUIPU_OK;
}
