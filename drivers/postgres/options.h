/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's own options in a URI. */
#ifndef POSTGRES_DRIVER_OPTIONS_H
#define POSTGRES_DRIVER_OPTIONS_H

#include <quipu/driver.h>

#define OPTION_COUNT 8
extern const quipu_option_info quipu_postgres_option_table[OPTION_COUNT];

/* Whether the server keeps prepared statements of ours. */
enum prepared {
    PREPARED_AUTO, /* unless a pooler stands between */
    PREPARED_YES,
    PREPARED_NO
};

struct options {
    int64_t idle_check; /* milliseconds */
    int64_t lock_timeout;
    int64_t statement_timeout;
    int64_t poll;
    int64_t pool;
    bool notify;
    enum prepared prepared;
    const char *schema; /* borrowed for the opening; or NULL */
};

/* Reads the options, whose values the core has checked.  INVALID. */
int quipu_postgres_options_read(const quipu_host *host, const quipu_open *how,
                                struct options *options, quipu_error *error);

/* Whether the driver's own table knows the name. */
bool quipu_postgres_option_is_own(const char *name);

#endif
