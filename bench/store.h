/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers that are measured, and the stores that a run makes for them. */
#ifndef BENCH_STORE_H
#define BENCH_STORE_H

#include "workspace.h"

#include <quipu/quipu.h>

#define BENCH_URI_SIZE 1024

struct bench_store;
struct bench_model;
struct bench_variant;

struct bench_driver {
    const char *name;
    const struct bench_variant *hand;        /* the baseline of records */
    const struct bench_variant *hand_events; /* and of events */
    const struct bench_model *model;
    bool on_server;
    /* Writes the URI of a store, up to where the options begin. */
    void (*uri)(const struct bench_store *store, char *uri, size_t size);
    void (*remove)(const struct bench_store *store);
    /* Returns the bytes that a store takes on disk. */
    uint64_t (*size)(const struct bench_store *store);
};

struct bench_store {
    const struct bench_driver *driver;
    const struct bench_workspace *workspace;
    char name[560];      /* a path, or a schema of the server */
    bool relaxed;        /* durability=relaxed */
    size_t group;        /* appends per commit, at most; 0: quipu's default */
    char name_space[32]; /* "": quipu's default */
    bool shared_flush;   /* shared_flush=yes; of PostgreSQL only */
};

/* The drivers that are built; NULL ends the list. */
extern const struct bench_driver *const bench_store_drivers[];

/* Names a store that does not exist yet; `label` distinguishes the stores of a
 * run. */
void bench_store_init(struct bench_store *store,
                      const struct bench_driver *driver,
                      const struct bench_workspace *workspace,
                      const char *label);

/* Opens the store with its options and sets up quipu's stored events. */
quipu_datastore *bench_store_open(const struct bench_store *store);

#endif
