/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that handle the host's memory wrongly. */
#include "mutant.h"

#include <stdlib.h>
#include <string.h>

static const quipu_host *host;

static int remember_host(const quipu_host *given, const quipu_open *how,
                         int64_t deadline, quipu_driver_datastore **datastore,
                         quipu_opened *opened, quipu_error *error)
{
    host = given;
    return mutant_base_driver()->open(given, how, deadline, datastore, opened,
                                      error);
}

static int no_memory(struct append_call *a)
{
    *a->taken = 1;
    return host->error_set(a->error, QUIPU_NO_MEMORY, 0, NULL,
                           "no memory for an append");
}

/* M38: who leaves early leaves something behind. */
static int refusal_leaks(struct append_call *a)
{
    void *notes = host->allocate(64);
    int status = notes ? mutant_append_first(a) : no_memory(a);

    if (status != QUIPU_OK || a->results[0].status == QUIPU_OK) {
        host->release(notes);
    }
    return status;
}

/* M39: memory runs out in the middle, and the beginning is stored. */
static int stores_till_memory_ends(struct append_call *a)
{
    quipu_request request = a->requests[0];
    void *notes = host->allocate(64);

    if (notes) {
        host->release(notes);
        return mutant_append_first(a);
    }
    request.item_count = 1;
    request.tracking = NULL;
    mutant_append_one(a, &request);
    return no_memory(a);
}

/* What M40 keeps, the last first. */
struct note {
    struct note *older;
    unsigned char copy[];
};

static struct note *notes_of_all;

/* M40: what has been lent is kept, in case it is asked for again. */
static enum filter_result keeps_what_it_lends(struct read_call *r,
                                              const quipu_item *item)
{
    struct note *note = malloc(sizeof(*note) + item->state.size);

    (void)r;
    if (!note) {
        abort();
    }
    note->older = notes_of_all;
    memcpy(note->copy, item->state.data, item->state.size);
    notes_of_all = note;
    return ITEM_SHOW;
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
    { "M40", "long-read-is-held-in-memory",
      "libpq without single-row mode: the whole result before its first row",
      "V4.long-reads-in-constant-memory", .filter = keeps_what_it_lends },
};
MUTANT_FAMILY(leaks);
