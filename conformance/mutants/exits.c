/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that end the process with exit status 0, which is not a success. */
#include "mutant.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* M60: append calls exit. */
static int exit_in_append(struct append_call *a)
{
    (void)a;
    exit(EXIT_SUCCESS);
}

/* M61: opening readonly calls _exit.  (If each opening did, the probe would
 * refuse the driver before any case.) */
static int exit_in_open(const quipu_host *host, const quipu_open *how,
                        int64_t deadline, quipu_driver_datastore **datastore,
                        quipu_opened *opened, quipu_error *error)
{
    if (how->flags & QUIPU_OPEN_READONLY) {
        _exit(EXIT_SUCCESS);
    }
    return mutant_base_driver()->open(host, how, deadline, datastore, opened,
                                      error);
}

/* M62: step calls exit. */
static enum filter_result exit_in_step(struct read_call *r,
                                       const quipu_item *item)
{
    (void)r;
    (void)item;
    exit(EXIT_SUCCESS);
}

/* M63 and M64: closing a datastore calls exit, if something was appended to one
 * in this process. */
static atomic_bool appended;

static int note_append(struct append_call *a)
{
    atomic_store(&appended, true);
    return mutant_append_all(a);
}

static void exit_in_close(quipu_driver_datastore *datastore)
{
    if (atomic_load(&appended)) {
        exit(EXIT_SUCCESS);
    }
    mutant_base_driver()->close(datastore);
}

static const struct mutant mutants[] = {
    { "M60", "append-exits",
      "libraries that call exit after an error of their own (BLAS, Berkeley "
      "DB's panic handlers)",
      "U1.taken-position-conflicts", .append = exit_in_append },
    { "M61", "open-exits", "the same, while a file is opened",
      "options.readonly-changes-nothing",
      .replaced = { .open = exit_in_open } },
    { "M62", "step-exits", "the same, while a row is read",
      "S4.order-is-by-position", .filter = exit_in_step },
    { "M63", "close-exits", "the same, while a store is closed",
      "U1.taken-position-conflicts", .append = note_append,
      .replaced = { .close = exit_in_close } },
    { "M64", "close-exits-in-a-worker",
      "the same, in a process that the case has forked", "U1.race-of-processes",
      .append = note_append, .replaced = { .close = exit_in_close },
      .base = "sqlite:///{dir}/x.db" },
};
MUTANT_FAMILY(exits);
