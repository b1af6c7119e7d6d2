/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers of `quipu browse`.  Each function makes the answer to requests
 * for one path; docs/browse.md describes them.
 *
 * They return a status with a message; browser_answer, the entry, makes the
 * refusal of it.  Any thread calls them, several at once.
 */
#ifndef QUIPU_TOOLS_BROWSER_H
#define QUIPU_TOOLS_BROWSER_H

#include "http/server.h"
#include "store.h"

#include <stdatomic.h>

#define BROWSER_WAITING_MAX 16 /* requests that wait for new items */

struct browser {
    const struct store *store;
    bool has_keys; /* of the command line */
    atomic_bool ending;
    atomic_int waiting; /* requests, at most BROWSER_WAITING_MAX */
};

/* The answer to any request; for struct server_settings, with a struct browser
 * as context. */
void browser_answer(void *context, const struct request *request,
                    struct answer *answer);

/* Ends the waiting of requests; for struct server_settings. */
void browser_hurry(void *context);

/* Of these the body is written. */
int browser_store(struct browser *browser, const struct request *request,
                  struct text *body, quipu_error *error);
int sequences_list(struct browser *browser, const struct request *request,
                   struct text *body, quipu_error *error);
int events_sequence(struct browser *browser, const struct request *request,
                    struct text *body, quipu_error *error);
int events_log(struct browser *browser, const struct request *request,
               struct text *body, quipu_error *error);
int events_item(struct browser *browser, const struct request *request,
                struct text *body, quipu_error *error);
int browser_consumers(struct browser *browser, const struct request *request,
                      struct text *body, quipu_error *error);

#endif
