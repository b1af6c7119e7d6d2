/* SPDX-License-Identifier: Apache-2.0 */
/* Where a URI leads: what libpq is told. */
#ifndef POSTGRES_DRIVER_URI_H
#define POSTGRES_DRIVER_URI_H

#include <quipu/driver.h>

#define TARGET_MAX 64

/* Keywords and values as PQconnectStartParams takes them. */
struct target {
    const char *keywords[TARGET_MAX + 1];
    const char *values[TARGET_MAX + 1];
    size_t count;
    char *memory; /* the texts */
    char *shown;  /* for messages: no user, no password */
};

/* Reads the body as libpq does and adds the options that are not the driver's
 * own.  INVALID; its message shows nothing of the body, which may hold a
 * password. */
int quipu_postgres_target_make(const quipu_host *host, const quipu_open *how,
                               struct target *target, quipu_error *error);
void quipu_postgres_target_finish(struct target *target,
                                  const quipu_host *host);

/* The value of a keyword, or NULL. */
const char *quipu_postgres_target_value(const struct target *target,
                                        const char *keyword);

#endif
