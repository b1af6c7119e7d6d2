/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the drivers of the process in a singly linked list, newest first.
 *
 * Method and invariants:
 *
 * INV1  An entry is filled completely before it is put in front of the list
 *       (release store), and never changes afterwards.  Readers load the head
 *       (acquire) and follow `older` without a lock.
 * INV2  Entries are only added while `mutex` is held, after a search for the
 *       scheme under the same lock.  So each scheme has at most one entry, and
 *       of several threads that open the same scheme for the first time exactly
 *       one loads the driver.
 * INV3  Entries are never freed.  They outlive every object of the program,
 *       which may replace its allocator (quipu_allocator_use) when no object
 *       exists.  Hence calloc and free instead of quipu_allocate.
 */
#include "driver/registry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "driver/loader.h"
#include "driver/policy.h"
#include "driver/vtable.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static _Atomic(const quipu_registry_entry *) newest;

const quipu_registry_entry *quipu_registry_newest(void)
{
    /* Pairs with the release in publish (INV1). */
    return atomic_load_explicit(&newest, memory_order_acquire);
}

const quipu_registry_entry *quipu_registry_find(const char *scheme)
{
    const quipu_registry_entry *entry = quipu_registry_newest();

    while (entry && strcmp(entry->scheme, scheme) != 0) {
        entry = entry->older;
    }
    return entry;
}

/* Allocates an entry (INV3); NULL: no memory. */
static quipu_registry_entry *create_entry(const char *scheme)
{
    quipu_registry_entry *entry = calloc(1, sizeof(*entry));

    if (entry) {
        memcpy(entry->scheme, scheme, strlen(scheme) + 1);
    }
    return entry;
}

/* Adds a complete entry to the list.  The caller holds the mutex (INV2). */
static void publish(quipu_registry_entry *entry)
{
    entry->older = quipu_registry_newest();
    atomic_store_explicit(&newest, entry, memory_order_release);
}

int quipu_registry_add(const char *scheme, quipu_driver_entry_fn function,
                       quipu_error *error)
{
    quipu_registry_entry *entry = create_entry(scheme);
    quipu_error why;

    if (!entry) {
        return quipu_error_no_memory(error);
    }
    int status = quipu_vtable_adopt(&entry->table, function(), &why);

    if (status != QUIPU_OK) {
        free(entry);
        return quipu_error_set(error, status,
                               "the driver linked in for \"%s\" cannot be "
                               "used: %s",
                               scheme, why.message);
    }
    pthread_mutex_lock(&mutex);
    if (quipu_registry_find(scheme)) {
        free(entry);
        status =
            quipu_error_set(error, QUIPU_INVALID,
                            "there is a driver for \"%s\" already", scheme);
    } else {
        publish(entry);
    }
    pthread_mutex_unlock(&mutex);
    return status;
}

/* Loads the driver of a scheme that has no entry.  The caller holds the
 * mutex. */
static int load(const char *scheme, quipu_error *error)
{
    if (!quipu_policy_may_load()) {
        return quipu_error_set(error, QUIPU_DENIED,
                               "no driver for \"%s\" is linked in or loaded, "
                               "and this program forbids loading",
                               scheme);
    }
    quipu_registry_entry *entry = create_entry(scheme);

    if (!entry) {
        return quipu_error_no_memory(error);
    }
    int status = quipu_loader_load(scheme, &entry->table, entry->file, error);

    if (status != QUIPU_OK) {
        free(entry);
        return status;
    }
    publish(entry);
    return QUIPU_OK;
}

int quipu_registry_load(const char *scheme, const quipu_registry_entry **entry,
                        quipu_error *error)
{
    int status = QUIPU_OK;

    pthread_mutex_lock(&mutex);
    if (!quipu_registry_find(scheme)) {
        status = load(scheme, error);
    }
    pthread_mutex_unlock(&mutex);
    if (status == QUIPU_OK) {
        *entry = quipu_registry_find(scheme);
    }
    return status;
}
