/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the drivers, and has them loaded when they are first asked for. */
#include "driver/registry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/drivers.h>

#include "base/error.h"
#include "driver/loader.h"
#include "driver/policy.h"
#include "driver/table.h"

/* Held while a driver is added, so that each module's entry is called once. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Entries are only ever put in front, so walking them needs no lock. */
static _Atomic(const quipu_registered *) newest;

const quipu_registered *quipu_registry_newest(void)
{
    return atomic_load_explicit(&newest, memory_order_acquire);
}

const quipu_registered *quipu_registry_find(const char *scheme)
{
    const quipu_registered *entry = quipu_registry_newest();

    while (entry && strcmp(entry->scheme, scheme) != 0) {
        entry = entry->older;
    }
    return entry;
}

/* A new entry; not from the program's allocator, which may be exchanged when
 * all objects of the program are gone, while drivers stay. */
static quipu_registered *make_entry(const char *scheme)
{
    quipu_registered *entry = calloc(1, sizeof(*entry));

    if (entry) {
        memcpy(entry->scheme, scheme, strlen(scheme) + 1);
    }
    return entry;
}

static void publish(quipu_registered *entry)
{
    entry->older = quipu_registry_newest();
    atomic_store_explicit(&newest, entry, memory_order_release);
}

static int check_scheme(const char *scheme, quipu_error *error)
{
    if (!scheme) {
        return quipu_error_set(error, QUIPU_INVALID, "the scheme is NULL");
    }
    return quipu_uri_scheme_check(scheme, strlen(scheme), error);
}

static int adopt_linked(quipu_registered *entry, quipu_driver_entry_fn function,
                        quipu_error *error)
{
    quipu_error why;
    int status = quipu_table_adopt(&entry->table, function(), &why);

    if (status != QUIPU_OK) {
        return quipu_error_set(error, status,
                               "the driver linked in for \"%s\" cannot be "
                               "used: %s",
                               entry->scheme, why.message);
    }
    pthread_mutex_lock(&mutex);
    if (quipu_registry_find(entry->scheme)) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "there is a driver for \"%s\" already",
                                 entry->scheme);
    } else {
        publish(entry);
    }
    pthread_mutex_unlock(&mutex);
    return status;
}

int quipu_drivers_add(const char *scheme, quipu_driver_entry_fn entry,
                      quipu_error *error)
{
    quipu_registered *made;
    int status = check_scheme(scheme, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!entry) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the driver for \"%s\" has no entry", scheme);
    }
    made = make_entry(scheme);
    if (!made) {
        return quipu_error_no_memory(error);
    }
    status = adopt_linked(made, entry, error);
    if (status != QUIPU_OK) {
        free(made);
    }
    return status;
}

/* Under the mutex. */
static int load(const char *scheme, quipu_error *error)
{
    quipu_registered *entry;
    int status;

    if (!quipu_policy_may_load()) {
        return quipu_error_set(error, QUIPU_DENIED,
                               "no driver for \"%s\" is linked in or loaded, "
                               "and this program forbids loading",
                               scheme);
    }
    entry = make_entry(scheme);
    if (!entry) {
        return quipu_error_no_memory(error);
    }
    status = quipu_loader_load(scheme, &entry->table, entry->place, error);
    if (status != QUIPU_OK) {
        free(entry);
        return status;
    }
    publish(entry);
    return QUIPU_OK;
}

int quipu_drivers_find(const char *scheme, const quipu_driver **driver,
                       quipu_error *error)
{
    const quipu_registered *entry;
    int status = check_scheme(scheme, error);

    if (status == QUIPU_OK) {
        status = quipu_policy_check(scheme, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    pthread_mutex_lock(&mutex);
    entry = quipu_registry_find(scheme);
    if (!entry) {
        status = load(scheme, error);
        entry = quipu_registry_find(scheme);
    }
    pthread_mutex_unlock(&mutex);
    if (status == QUIPU_OK) {
        *driver = &entry->table;
    }
    return status;
}
