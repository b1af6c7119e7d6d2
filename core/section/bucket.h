/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calendar of time-bucketed logs.
 *
 * All times are microseconds since 1970 in UTC, within the years 1 to 9999.  A
 * bucket is known by its beginning, the first microsecond that is in it.
 *
 * Any thread; nothing is allocated.
 */
#ifndef QUIPU_CORE_SECTION_BUCKET_H
#define QUIPU_CORE_SECTION_BUCKET_H

#include <quipu/bucket.h>

/*
 * Copies the caller's log, whose name is borrowed.  INVALID: it is NULL, its
 * struct_size is implausible, its span is none of enum quipu_bucket_span, or
 * its name is missing, too long or not UTF-8.
 */
int quipu_bucket_take(quipu_bucketed_log *log, const quipu_bucketed_log *given,
                      quipu_error *error);

/*
 * Sets *id to the id of the bucket that a time is in, of a log that was taken.
 * The kind of the id is that of the schema.  INVALID: the time is not in the
 * years 1 to 9999.
 */
int quipu_bucket_find(const quipu_schema *schema, const quipu_bucketed_log *log,
                      quipu_time time, quipu_id *id, quipu_error *error);

#endif
