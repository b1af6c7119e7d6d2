/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A URI as libpq's connection parameters.
 *
 * The body of the URI is parsed by libpq.  Options that are not the driver's
 * own (options.h) are libpq's keywords.
 */
#ifndef POSTGRES_CONNINFO_H
#define POSTGRES_CONNINFO_H

#include <quipu/driver.h>

#define CONNINFO_MAX 64

/* Keywords and values for PQconnectStartParams; both end with NULL. */
struct conninfo {
    const char *keywords[CONNINFO_MAX + 1];
    const char *values[CONNINFO_MAX + 1];
    size_t count;
    char *memory; /* owns keywords and values */
    char *shown;  /* the URI for messages, without user and password */
};

/* Parses the body and adds the options.  INVALID; the message quotes nothing of
 * the body, which may hold a password. */
int quipu_postgres_conninfo_parse(const quipu_host *host, const quipu_open *how,
                                  struct conninfo *conninfo,
                                  quipu_error *error);
void quipu_postgres_conninfo_finish(struct conninfo *conninfo,
                                    const quipu_host *host);

/* The value of a keyword, or NULL. */
const char *quipu_postgres_conninfo_value(const struct conninfo *conninfo,
                                          const char *keyword);

#endif
