/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer to an HTTP request: its status, its text and what its headers say.
 *
 * Threads: all functions may be called by several threads at once, with answers
 * of their own.
 */
#ifndef QUIPU_TOOLS_ANSWER_H
#define QUIPU_TOOLS_ANSWER_H

#include "output/text.h"

#include <quipu/quipu.h>

#include <stdbool.h>
#include <stdint.h>

struct answer {
    unsigned status;  /* of HTTP */
    const char *type; /* of the text, a constant; NULL: application/json */
    struct text body;
    char etag[96];   /* with its quotes; "" if it has none, and is not cached */
    int64_t max_age; /* seconds in caches; 0: they ask each time */
    bool repeat;     /* the client should ask again: Retry-After */
};

/* Makes the answer to a request that is refused with an HTTP status, a code of
 * quipu and a message. */
void answer_refuse(unsigned status, int code, const char *message,
                   struct answer *answer);

/*
 * Makes the answer to a request for which reading the store failed.  404:
 * INVALID and NOT_FOUND; 503: the store cannot be read at present (BUSY,
 * TIMEOUT, IO, no memory); 500: any other failure.
 *
 * The texts of 500 and 503 have the code only, since messages of a store can
 * have names of files and servers.  The message is printed to standard error if
 * the request before did not fail with the same code.
 */
void answer_failure(const quipu_error *error, struct answer *answer);

/* Notes that a request has read the store, so that the next failure is printed
 * whatever its code. */
void answer_success(void);

void answer_finish(struct answer *answer);

#endif
