/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times for people: in UTC, or in the local zone after moment_use_local.  The
 * zone is that of the environment variable TZ or of the system.
 */
#ifndef QUIPU_TOOLS_MOMENT_H
#define QUIPU_TOOLS_MOMENT_H

#include <quipu/quipu.h>

#include <stdbool.h>

struct text;

/* From now on times without a zone are local ones, and are printed so. */
void moment_use_local(bool local);

/* Appends a time with all its digits and its zone:
 * "2017-05-25T12:00:00.000000Z", "2017-05-25T14:00:00.000000+02:00".  A year
 * beyond 1 to 9999 becomes the number of microseconds since 1970. */
void moment_add(struct text *text, quipu_time time);

/* The same in whole seconds, for narrow columns: "2017-05-25 12:00:00Z"; local
 * times have no zone. */
void moment_add_brief(struct text *text, quipu_time time);

/*
 * Parses a time of the command line: "2017-05-25", "2017-05-25 12:00",
 * "2017-05-25T12:00:00.5Z", "2017-05-25T12:00+02:00"; "now", "today",
 * "yesterday"; or a span before now, such as "90s", "10min", "2h", "3d", "1w".
 * A time without a zone is in UTC, or local after moment_use_local.  INVALID:
 * the text is none of these; the message names `option`.
 */
int moment_parse(const char *text, const char *option, quipu_time *time,
                 quipu_error *error);

#endif
