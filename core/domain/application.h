/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application as core/environment sees it.
 *
 * An application borrows its datastore: the program opens it before, and closes
 * it afterwards.  One that is opened by the environment has nobody who would
 * keep the datastore, so the application owns it.  Closing is still all or
 * nothing: before the first part is closed, the application checks that the
 * datastore can be closed, too.
 *
 * Threads share an application without a lock, since it does not change after
 * it was opened.  Its parts have locks of their own where they need them; one
 * thread closes it, when no other uses it.
 */
#ifndef QUIPU_CORE_DOMAIN_APPLICATION_H
#define QUIPU_CORE_DOMAIN_APPLICATION_H

#include <quipu/application.h>

struct quipu_application {
    quipu_store *store; /* owned, as the next two are */
    quipu_bus *bus;
    quipu_persistence_policy *policy;
    quipu_datastore *datastore; /* borrowed, unless it is owned */
    /* Set right after quipu_application_open, before any other thread uses the
     * application: closing it closes the datastore after the other parts. */
    bool owns_datastore;
    /* Of the repositories that are opened from it, likewise; 0: none. */
    uint32_t snapshot_every;
    uint64_t cache_bytes;
    uint32_t cache_flags; /* enum quipu_cache_flag */
};

#endif
