/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time-bucketed logs: a log of one's own, of messages for example, which is cut
 * into sequences by time.
 *
 * Each sequence is a bucket: it holds what happened in one year, month, day,
 * hour, minute or second (UTC).  So no sequence grows without end, writers of
 * different buckets do not meet, and a span of time is found without an index.
 * In the bucket an item is at its time: the schema is sparse, and the position
 * is the time in microseconds.
 *
 *     const quipu_bucketed_log messages = { .struct_size = sizeof(messages),
 *                                           .name = "messages",
 *                                           .span = QUIPU_BUCKET_DAY };
 *     quipu_time now = quipu_time_now();
 *     quipu_id id;
 *     int status = quipu_bucket_id(schema, &messages, now, &id, error);
 *     quipu_item item = { .sequence_id = quipu_id_bytes(&id),
 *                         .position = now.microseconds, ... };
 *
 * The item is appended by quipu_records_append.  Two items of one bucket cannot
 * have the same microsecond: the second append is a CONFLICT (U1), and is made
 * again with a later time.  An event is at its time in the same way if the
 * mapping says `.position = "time"`, and its originator is the bucket.
 *
 * A reader goes through the buckets in either direction:
 *
 *     const quipu_query week = { .struct_size = sizeof(week),
 *                                .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LT,
 *                                .gte = monday.microseconds,
 *                                .lt = next_monday.microseconds };
 *     quipu_bucket_reader *reader;
 *
 *     status = quipu_bucket_reader_open(records, &messages, &week, &reader,
 *                                       error);
 *     do {
 *         status = quipu_bucket_reader_next(reader, &item, error);
 *         ...
 *     } while (status == QUIPU_OK && item);
 *     quipu_bucket_reader_close(reader);
 *
 * Threads, fork and codes as in records.h; a reader is used by one thread at a
 * time, like a cursor.
 */
#ifndef QUIPU_BUCKET_H
#define QUIPU_BUCKET_H

#include <quipu/id.h>
#include <quipu/records.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_bucket_reader quipu_bucket_reader;

/* The span of time of each bucket of a log. */
enum quipu_bucket_span {
    QUIPU_BUCKET_YEAR = 1,
    QUIPU_BUCKET_MONTH = 2,
    QUIPU_BUCKET_DAY = 3,
    QUIPU_BUCKET_HOUR = 4,
    QUIPU_BUCKET_MINUTE = 5,
    QUIPU_BUCKET_SECOND = 6
};

/* Bytes of the name of a bucketed log. */
#define QUIPU_BUCKETED_LOG_NAME_MAX 200

/* A bucketed log.  Its name and its span must never change, since the ids of
 * its sequences depend on them. */
typedef struct quipu_bucketed_log {
    uint32_t struct_size;
    int32_t span;     /* enum quipu_bucket_span */
    const char *name; /* text, 1 to QUIPU_BUCKETED_LOG_NAME_MAX bytes */
} quipu_bucketed_log;

/*
 * Sets *id to the id of the bucket that a time is in.  It consists of the name
 * of the log and the part of the time that the bucket's items have in common:
 * "messages/2026", "messages/2026-11", "messages/2026-11-29",
 * "messages/2026-11-29T14", "messages/2026-11-29T14:05" or
 * "messages/2026-11-29T14:05:09".  If the schema's ids are UUIDs, it is version
 * 5 of this text in the namespace 905877a7-c6a3-44a5-934f-d7f735534a26.
 *
 * INVALID: the name or the span of the log is wrong, or the time is not in the
 * years 1 to 9999.
 */
QUIPU_API int quipu_bucket_id(const quipu_schema *schema,
                              const quipu_bucketed_log *log, quipu_time time,
                              quipu_id *id, quipu_error *error);

/* Sets *beginning to the first microsecond of the bucket that is `steps` behind
 * the one that `time` is in; 0: that bucket; negative: one before it.  INVALID:
 * the span is wrong, or a time is not in the years 1 to 9999. */
QUIPU_API int quipu_bucket_step(int32_t span, quipu_time time, int64_t steps,
                                quipu_time *beginning, quipu_error *error);

/*
 * Opens a reader of the items of a bucketed log.  The bounds of the query are
 * times in microseconds; the limit counts items of all buckets together.  Both
 * a lower and an upper bound must be set: each bucket between them is looked
 * up, whether it has items or not, which takes as long as an empty read of the
 * store.  *reader is closed by quipu_bucket_reader_close, before the records.
 *
 * Within a bucket the reader yields the items that were visible when it came to
 * this bucket (V4).
 *
 * INVALID: the name or the span of the log is wrong; a bound is missing or not
 * in the years 1 to 9999; or the positions of the schema are contiguous.
 */
QUIPU_API int quipu_bucket_reader_open(quipu_records *records,
                                       const quipu_bucketed_log *log,
                                       const quipu_query *query,
                                       quipu_bucket_reader **reader,
                                       quipu_error *error);

/* Sets *item to the next item, which is valid until the next call on the
 * reader, or to NULL after the last.  The timeout applies to each bucket, not
 * to the call, which may go through many empty ones.  After an error a reader
 * can only be closed. */
QUIPU_API int quipu_bucket_reader_next(quipu_bucket_reader *reader,
                                       const quipu_item **item,
                                       quipu_error *error);

/* Frees a reader.  NULL is allowed. */
QUIPU_API void quipu_bucket_reader_close(quipu_bucket_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
