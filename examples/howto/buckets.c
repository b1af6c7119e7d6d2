/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log of messages with a sequence for each day.  Prints:
 *
 *     message at 2026-11-29T23:00:00.000000Z in messages/2026-11-29
 *     message at 2026-11-30T01:00:00.000000Z in messages/2026-11-30
 *     message at 2026-12-02T08:00:00.000000Z in messages/2026-12-02
 *     2 messages of the last three days
 */
#include "howto.h"

#include <stdio.h>

static const quipu_bucketed_log messages = { .struct_size = sizeof(messages),
                                             .name = "messages",
                                             .span = QUIPU_BUCKET_DAY };

/* Appends a message to the bucket of its time; the position is the time. */
static int post(quipu_records *records, quipu_time time, const char *text,
                quipu_error *error)
{
    quipu_id id;

    QUIPU_TRY(quipu_bucket_id(quipu_records_schema(records), &messages, time,
                              &id, error));
    const quipu_item item = { .sequence_id = quipu_id_bytes(&id),
                              .position = time.microseconds,
                              .topic = quipu_bytes_of_text("Message"),
                              .state = quipu_bytes_of_text(text) };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = &item,
                                  .item_count = 1 };

    return quipu_records_append(records, &append, NULL, error);
}

static void print(const quipu_item *item)
{
    char text[QUIPU_TIME_TEXT_SIZE];

    if (quipu_time_format((quipu_time){ item->position }, text, NULL) ==
        QUIPU_OK) {
        printf("message at %s in %.*s\n", text, (int)item->sequence_id.size,
               (const char *)item->sequence_id.data);
    }
}

/* Reads the messages from one time to another, across days without any. */
static int read_span(quipu_records *records, quipu_time from, quipu_time to,
                     size_t *count, bool printed, quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LT,
                                .gte = from.microseconds,
                                .lt = to.microseconds };
    quipu_bucket_reader *reader;
    const quipu_item *item;

    QUIPU_TRY(
        quipu_bucket_reader_open(records, &messages, &query, &reader, error));
    int status;

    while ((status = quipu_bucket_reader_next(reader, &item, error)) ==
               QUIPU_OK &&
           item) {
        ++*count;
        if (printed) {
            print(item);
        }
    }
    quipu_bucket_reader_close(reader);
    return status;
}

/* Reads the day of `now` and the `days` before it. */
static int read_days(quipu_records *records, quipu_time now, int days,
                     size_t *count, bool printed, quipu_error *error)
{
    quipu_time from, to;

    QUIPU_TRY(quipu_bucket_step(QUIPU_BUCKET_DAY, now, -days, &from, error));
    QUIPU_TRY(quipu_bucket_step(QUIPU_BUCKET_DAY, now, 1, &to, error));
    return read_span(records, from, to, count, printed, error);
}

/* ------------------------------------------------------------- the program */

static int run(quipu_records *records, quipu_error *error)
{
    const int64_t hour = INT64_C(3600) * 1000000;
    const quipu_time midnight = { INT64_C(1796083200) * 1000000 }; /* 1 Dec */
    const quipu_time first = { midnight.microseconds - 25 * hour };
    const quipu_time second = { midnight.microseconds - 23 * hour };
    const quipu_time third = { midnight.microseconds + 32 * hour };
    size_t all = 0, some = 0;

    QUIPU_TRY(post(records, first, "good night", error));
    QUIPU_TRY(post(records, second, "still awake", error));
    QUIPU_TRY(post(records, third, "good morning", error));
    QUIPU_TRY(read_days(records, third, 6, &all, true, error));
    QUIPU_TRY(read_days(records, third, 2, &some, false, error));
    printf("%zu messages of the last three days\n", some);
    return QUIPU_OK;
}

int buckets_show(struct bank *bank, quipu_error *error)
{
    quipu_records *records = NULL;
    quipu_schema schema;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_sequenced_items());
    schema.table = "messages";
    schema.event_id = NULL;
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS | QUIPU_SCHEMA_SPARSE;
    QUIPU_TRY(quipu_datastore_setup(bank->datastore, &schema, error));
    QUIPU_TRY(quipu_records_open(bank->datastore, &schema, &records, error));
    int status = run(records, error);

    (void)quipu_records_close(records, NULL);
    return status;
}
