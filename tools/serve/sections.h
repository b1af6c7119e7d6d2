/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to requests for sections of the log: the HTTP status, the JSON text
 * and what its headers say.  docs/sections.md defines the form.
 */
#ifndef QUIPU_TOOLS_SECTIONS_H
#define QUIPU_TOOLS_SECTIONS_H

#include "http/server.h"

#define SECTIONS_FORMAT 1 /* number of the form of the JSON text */

/* The log that is handed out; all is borrowed. */
struct sections_source {
    quipu_records *records;
    uint32_t size;   /* items of a section */
    bool opened;     /* open sealed states with the keys of the command line */
    int64_t max_age; /* of final sections in caches, in seconds; 0: none */
    /* End of each entity tag: a text of letters and digits that is another one
     * if other keys may be in use; "" if states are not opened. */
    const char *mark;
};

/*
 * Makes the answer to a request; `context` is a struct sections_source, which
 * is only read.  200, or 304 if the client knows the entity tag; 404: there is
 * no such section or resource; otherwise as answer_failure.
 */
void sections_answer(void *context, const struct request *request,
                     struct answer *answer);

#endif
