/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds out what a store is before cases are run on it: the driver, its
 * declared capabilities, and the traits that decide which cases apply.
 */
#ifndef QUIPU_PROBE_H
#define QUIPU_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quipu_run;

/* A store, as reports describe it. */
struct quipu_store {
    uint32_t traits; /* enum quipu_capability and QUIPU_TRAIT_* */
    char uri[400];   /* without a password */
    char driver[64];
    char version[64]; /* of the driver */
    char library[64]; /* the back end's library and its version */
};

/*
 * Opens the store of a run in a child process, which sets up a schema to see
 * whether a second datastore finds it.  Returns false if the store cannot be
 * opened within a minute (times the run's patience), or if a signal ended the
 * run; `text`, of `size` bytes, then has the reason.
 */
bool quipu_probe_run(const struct quipu_run *run, struct quipu_store *store,
                     char *text, size_t size);

#endif
