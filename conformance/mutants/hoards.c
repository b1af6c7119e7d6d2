/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that handle the host's memory wrongly. */
#include "mutant.h"

static const quipu_host *host;

static int remember_host(const quipu_host *given, const quipu_open *how,
                         int64_t deadline, quipu_driver_datastore **datastore,
                         quipu_opened *opened, quipu_error *error)
{
    host = given;
    return mutant_reference()->open(given, how, deadline, datastore, opened,
                                    error);
}

static int no_memory(struct append *a)
{
    *a->taken = 1;
    return host->error_set(a->error, QUIPU_NO_MEMORY, 0, NULL,
                           "no memory for an append");
}

/* M38: who leaves early leaves something behind. */
static int refusal_leaks(struct append *a)
{
    void *notes = host->allocate(64);
    int status = notes ? mutant_pass_first(a) : no_memory(a);

    if (status != QUIPU_OK || a->results[0].status == QUIPU_OK) {
        host->release(notes);
    }
    return status;
}

/* M39: memory runs out in the middle, and the beginning is stored. */
static int stores_till_memory_ends(struct append *a)
{
    quipu_request request = a->requests[0];
    void *notes = host->allocate(64);

    if (notes) {
        host->release(notes);
        return mutant_pass_first(a);
    }
    request.item_count = 1;
    request.tracking = NULL;
    mutant_pass_one(a, &request);
    return no_memory(a);
}

static const struct mutant mutants[] = {
    { "M38", "refused-append-leaks",
      "what curl's torture tests look for: an early return forgets to release",
      "U2.refused-append-without-memory", .append = refusal_leaks,
      .replaced = { .open = remember_host } },
    { "M39", "no-memory-is-half-stored",
      "what SQLite's own tests look for with each allocation that fails",
      "U2.append-without-memory", .append = stores_till_memory_ends,
      .replaced = { .open = remember_host } },
};
MUTANT_FAMILY(hoards);
