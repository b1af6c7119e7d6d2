/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to requests for sections of the log: the HTTP status, the JSON text
 * and what its headers say.  docs/sections.md defines the form.
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

#define ANSWER_FORMAT 1 /* number of the form of the JSON text */

/* The log that is handed out; all is borrowed. */
struct answer_source {
    quipu_records *records;
    uint32_t size; /* items of a section */
    bool opened;   /* open sealed states with the keys of the command line */
    /* End of each entity tag: a text of letters and digits that is another one
     * if other keys may be in use; "" if states are not opened. */
    const char *mark;
};

struct answer {
    unsigned status; /* of HTTP */
    struct text body;
    char etag[96]; /* with its quotes; "" if it has none */
    bool final;    /* the section is full, caches may keep it for some time */
    bool repeat;   /* the client should ask again: Retry-After */
};

/*
 * Makes the answer to a request for `path`.  `known` is the If-None-Match
 * header, or NULL.  The answer is freed by answer_finish.
 *
 * 200, or 304 if the client knows the entity tag; 404: there is no such section
 * or resource; 503: the store cannot be read at present (BUSY, TIMEOUT, IO, no
 * memory); 500: any other failure of the store.
 *
 * The texts of 500 and 503 have the code only, since messages of a store can
 * have names of files and servers.  The message is printed to standard error if
 * the request before did not fail with the same code.
 */
void answer_make(const struct answer_source *source, const char *path,
                 const char *known, struct answer *answer);

/* Makes the answer to a request that is refused with an HTTP status, a code of
 * quipu and a message. */
void answer_refuse(unsigned status, int code, const char *message,
                   struct answer *answer);

void answer_finish(struct answer *answer);

#endif
