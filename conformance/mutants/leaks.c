/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that leak memory, or fail when there is none. */
#include "mutant.h"

#include <stdlib.h>
#include <string.h>

static const quipu_host *host;

static int keep_host(const quipu_host *given, const quipu_open *how,
                     int64_t deadline, quipu_driver_datastore **datastore,
                     quipu_opened *opened, quipu_error *error)
{
    host = given;
    return mutant_base_driver()->open(given, how, deadline, datastore, opened,
                                      error);
}

static int fail_without_memory(struct append_call *a)
{
    *a->taken = 1;
    return host->error_set(a->error, QUIPU_NO_MEMORY, 0, NULL,
                           "no memory for an append");
}

/* M38: an early return for a refused append does not release memory. */
static int leak_when_refused(struct append_call *a)
{
    void *notes = host->allocate(64);
    int status = notes ? mutant_append_first(a) : fail_without_memory(a);

    if (status != QUIPU_OK || a->results[0].status == QUIPU_OK) {
        host->release(notes);
    }
    return status;
}

/* M39: stores the first item, and then fails for want of memory. */
static int store_until_out_of_memory(struct append_call *a)
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
    return fail_without_memory(a);
}

/* Copies that M40 keeps, newest first. */
struct copy {
    struct copy *older;
    unsigned char state[];
};

static struct copy *copies;

/* M40: keeps a copy of each item that was read. */
static enum filter_result keep_copies(struct read_call *r,
                                      const quipu_item *item)
{
    struct copy *copy = malloc(sizeof(*copy) + item->state.size);

    (void)r;
    if (!copy) {
        abort();
    }
    copy->older = copies;
    memcpy(copy->state, item->state.data, item->state.size);
    copies = copy;
    return ITEM_SHOW;
}

static const struct mutant mutants[] = {
    { "M38", "refused-append-leaks",
      "curl's torture tests: an early return does not release memory",
      "U2.refused-append-without-memory", .append = leak_when_refused,
      .replaced = { .open = keep_host } },
    { "M39", "append-without-memory-is-half-stored",
      "SQLite's OOM tests: an error in the middle of an operation",
      "U2.append-without-memory", .append = store_until_out_of_memory,
      .replaced = { .open = keep_host } },
    { "M40", "long-read-is-held-in-memory",
      "libpq without single-row mode: the whole result before its first row",
      "V4.long-reads-in-constant-memory", .filter = keep_copies },
};
MUTANT_FAMILY(leaks);
