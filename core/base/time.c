/* SPDX-License-Identifier: Apache-2.0 */
/* The current time, and times as RFC 3339 text. */
#include <quipu/id.h>

#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

/* The time at which the clock stands; 0: it goes. */
static _Atomic int64_t stopped;

void quipu_time_stop(quipu_time now)
{
    atomic_store_explicit(&stopped, now.microseconds, memory_order_relaxed);
}

quipu_time quipu_time_now(void)
{
    const int64_t fixed = atomic_load_explicit(&stopped, memory_order_relaxed);
    struct timespec now;

    if (fixed != 0) {
        return (quipu_time){ fixed };
    }
    clock_gettime(CLOCK_REALTIME, &now);
    return (quipu_time){ (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000 };
}

/* Writes `number` in `digits` decimal digits, then `end`; returns the place
 * after it. */
static char *put(char *at, int64_t number, int digits, char end)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
    at[digits] = end;
    return at + digits + 1;
}

/*
 * Writes the date of a day, counted from 0001-01-01, and a 'T'.
 *
 * Years are counted from March, so that the leap day is the last day of a year
 * and the first day of a month is a linear function of the month's number.  An
 * era is 400 years, or 146,097 days.  gmtime is not used, because it takes a
 * lock and counts leap seconds in some time zones.
 */
static char *put_date(char *at, int64_t day)
{
    int64_t since = day + 306; /* days since 0000-03-01 */
    int64_t era = since / 146097;
    int64_t of_era = since % 146097;
    int64_t year_of_era =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year =
        of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0: March */
    int64_t next_year = month >= 10;

    at = put(at, era * 400 + year_of_era + next_year, 4, '-');
    at = put(at, month + (next_year ? -9 : 3), 2, '-');
    return put(at, of_year - (153 * month + 2) / 5 + 1, 2, 'T');
}

int quipu_time_format(quipu_time time, char text[QUIPU_TIME_TEXT_SIZE],
                      quipu_error *error)
{
    int64_t since, of_day;
    char *at = text;

    if (time.microseconds < QUIPU_TIME_MIN ||
        time.microseconds > QUIPU_TIME_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a time must lie in the years 1 to 9999");
    }
    since = time.microseconds - QUIPU_TIME_MIN;
    of_day = since % DAY;
    at = put_date(at, since / DAY);
    at = put(at, of_day / (3600 * SECOND), 2, ':');
    at = put(at, of_day / (60 * SECOND) % 60, 2, ':');
    at = put(at, of_day / SECOND % 60, 2, '.');
    at = put(at, of_day % SECOND, 6, 'Z');
    *at = '\0';
    return QUIPU_OK;
}
