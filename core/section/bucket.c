/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buckets of time-bucketed logs: their ids and their order.
 *
 * The text of a time (quipu_time_format) begins with the year, then come month,
 * day and so on, each in a fixed number of characters.  So the buckets of one
 * span are named by the first characters of their times, and the ids of a log
 * are in the order of time.
 */
#include "section/bucket.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/structs.h"
#include "datastore/datastore.h"

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)
#define MONTHS_MAX INT64_C(119988) /* of the years 1 to 9999 */

/* Of the version 5 UUIDs; never to be changed. */
static const quipu_uuid name_space = { { 0x90, 0x58, 0x77, 0xa7, 0xc6, 0xa3,
                                         0x44, 0xa5, 0x93, 0x4f, 0xd7, 0xf7,
                                         0x35, 0x53, 0x4a, 0x26 } };

/* By span. */
static const struct {
    int characters;       /* of the text of a time */
    int64_t microseconds; /* 0: a number of months */
    int months;
} spans[] = {
    [QUIPU_BUCKET_YEAR] = { .characters = 4, .months = 12 },
    [QUIPU_BUCKET_MONTH] = { .characters = 7, .months = 1 },
    [QUIPU_BUCKET_DAY] = { .characters = 10, .microseconds = DAY },
    [QUIPU_BUCKET_HOUR] = { .characters = 13, .microseconds = DAY / 24 },
    [QUIPU_BUCKET_MINUTE] = { .characters = 16, .microseconds = 60 * SECOND },
    [QUIPU_BUCKET_SECOND] = { .characters = 19, .microseconds = SECOND },
};

static int check_span(int32_t span, quipu_error *error)
{
    return span >= QUIPU_BUCKET_YEAR && span <= QUIPU_BUCKET_SECOND
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_INVALID,
                                 "%" PRId32 " is no span of a bucket; the "
                                 "spans are QUIPU_BUCKET_YEAR, _MONTH, _DAY, "
                                 "_HOUR, _MINUTE and _SECOND",
                                 span);
}

int quipu_bucket_take(quipu_bucketed_log *log, const quipu_bucketed_log *given,
                      quipu_error *error)
{
    int status = quipu_struct_take(log, sizeof(*log), given, "log", error);

    if (status == QUIPU_OK) {
        status = check_span(log->span, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    const quipu_bytes name = quipu_bytes_of_text(log->name);

    if (name.size < 1 || name.size > QUIPU_BUCKETED_LOG_NAME_MAX ||
        !quipu_bytes_is_text(name)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the name of a bucketed log is text of 1 to %d "
                               "bytes",
                               QUIPU_BUCKETED_LOG_NAME_MAX);
    }
    return QUIPU_OK;
}

/* --------------------------------------------------------------------- ids */

int quipu_bucket_find(const quipu_schema *schema, const quipu_bucketed_log *log,
                      quipu_time time, quipu_id *id, quipu_error *error)
{
    char text[QUIPU_BUCKETED_LOG_NAME_MAX + 1 + QUIPU_TIME_TEXT_SIZE];
    char when[QUIPU_TIME_TEXT_SIZE];
    int status = quipu_time_format(time, when, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)snprintf(text, sizeof(text), "%s/%.*s", log->name,
                   spans[log->span].characters, when);
    if ((schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0) {
        return quipu_id_of_text(id, text, error);
    }
    quipu_uuid uuid;

    quipu_uuid_of_name(&uuid, &name_space, text, strlen(text));
    quipu_id_of_uuid(id, &uuid);
    return QUIPU_OK;
}

int quipu_bucket_id(const quipu_schema *schema, const quipu_bucketed_log *given,
                    quipu_time time, quipu_id *id, quipu_error *error)
{
    quipu_bucketed_log log;

    if (!schema || !id) {
        return quipu_argument_missing(schema ? "id" : "schema", error);
    }
    int status = quipu_bucket_take(&log, given, error);

    return status == QUIPU_OK ? quipu_bucket_find(schema, &log, time, id, error)
                              : status;
}

/* ------------------------------------------------------------------- steps */

/* Returns the beginning of a month, counted from that of 0001-01-01. */
static quipu_time begin_month(int64_t month)
{
    static const int days_before[] = { 0,   31,  59,  90,  120, 151,
                                       181, 212, 243, 273, 304, 334 };
    int64_t years = month / 12; /* before the one that has the month */
    int64_t year = years + 1;
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    int64_t days = 365 * years + years / 4 - years / 100 + years / 400 +
                   days_before[month % 12] + (is_leap && month % 12 >= 2);

    return (quipu_time){ QUIPU_TIME_MIN + days * DAY };
}

/* Returns the month that the text of a time is in, counted in the same way. */
static int64_t month_of(const char text[QUIPU_TIME_TEXT_SIZE])
{
    int64_t year = 0;

    for (int i = 0; i < 4; i++) {
        year = year * 10 + text[i] - '0';
    }
    int64_t tens = text[5] - '0';

    return (year - 1) * 12 + tens * 10 + (text[6] - '0') - 1;
}

static int refuse_time(quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID,
                           "the bucket would not be in the years 1 to 9999");
}

static int step_months(int months, const char text[QUIPU_TIME_TEXT_SIZE],
                       int64_t steps, quipu_time *beginning, quipu_error *error)
{
    int64_t month = month_of(text) / months * months;

    if (steps < -MONTHS_MAX || steps > MONTHS_MAX ||
        month + steps * months < 0 || month + steps * months >= MONTHS_MAX) {
        return refuse_time(error);
    }
    *beginning = begin_month(month + steps * months);
    return QUIPU_OK;
}

static int step_microseconds(int64_t unit, quipu_time time, int64_t steps,
                             quipu_time *beginning, quipu_error *error)
{
    const int64_t count = (QUIPU_TIME_MAX - QUIPU_TIME_MIN) / unit + 1;
    int64_t bucket = (time.microseconds - QUIPU_TIME_MIN) / unit;

    if (steps < -bucket || steps >= count - bucket) {
        return refuse_time(error);
    }
    beginning->microseconds = QUIPU_TIME_MIN + (bucket + steps) * unit;
    return QUIPU_OK;
}

int quipu_bucket_step(int32_t span, quipu_time time, int64_t steps,
                      quipu_time *beginning, quipu_error *error)
{
    char text[QUIPU_TIME_TEXT_SIZE];

    if (!beginning) {
        return quipu_argument_missing("beginning", error);
    }
    int status = check_span(span, error);

    if (status == QUIPU_OK) {
        status = quipu_time_format(time, text, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    return spans[span].months > 0
               ? step_months(spans[span].months, text, steps, beginning, error)
               : step_microseconds(spans[span].microseconds, time, steps,
                                   beginning, error);
}
