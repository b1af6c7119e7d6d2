/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application: a store, a bus, and a persistence policy that subscribes to
 * the bus and appends to the store.
 *
 * It adds no behaviour of its own: it opens the parts in order, and closes them
 * in reverse order, all or none.
 */
#include "domain/application.h"

#include <quipu/snapshot.h>

#include "base/error.h"
#include "base/memory.h"
#include "datastore/datastore.h"
#include "domain/bus.h"
#include "domain/persistence_policy.h"

/* Handles that the store itself has opened from the datastore: its records. */
enum { OWN_CHILDREN = 1 };

/* Opens all parts, or none. */
static int open_parts(quipu_application *application,
                      quipu_datastore *datastore, const quipu_schema *schema,
                      const quipu_mapping *mapping, quipu_error *error)
{
    int status = quipu_store_open(datastore, schema, mapping,
                                  &application->store, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_bus_open(&application->bus, error);
    if (status != QUIPU_OK) {
        goto close_store;
    }
    status =
        quipu_persistence_policy_open(application->bus, application->store,
                                      NULL, 0, &application->policy, error);
    if (status != QUIPU_OK) {
        goto close_bus;
    }
    return QUIPU_OK;

close_bus:
    quipu_bus_close(application->bus, NULL);
close_store:
    quipu_store_close(application->store, NULL);
    return status;
}

int quipu_application_open(quipu_datastore *datastore,
                           const quipu_schema *schema,
                           const quipu_mapping *mapping,
                           quipu_application **application, quipu_error *error)
{
    quipu_application *opened = NULL;
    int status = QUIPU_OK;

    if (!application) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_application_open: an argument is NULL");
    }
    opened = quipu_allocate_zeroed(sizeof(*opened));
    if (!opened) {
        return quipu_error_no_memory(error);
    }
    status = open_parts(opened, datastore, schema, mapping, error);
    if (status != QUIPU_OK) {
        quipu_release(opened);
        return status;
    }
    opened->datastore = datastore;
    *application = opened;
    return QUIPU_OK;
}

/* Returns INVALID if a datastore that is owned could not be closed after the
 * store.  Nothing of the application is closed yet. */
static int check_datastore(const quipu_application *application,
                           quipu_error *error)
{
    size_t children = atomic_load(&application->datastore->children);

    if (application->owns_datastore && children > OWN_CHILDREN) {
        return quipu_error_set(
            error, QUIPU_INVALID,
            "the application cannot be closed: %zu opened from its datastore "
            "still open, such as a consumer, records or a listing; close what "
            "was opened later first",
            children - OWN_CHILDREN);
    }
    return QUIPU_OK;
}

int quipu_application_close(quipu_application *application, quipu_error *error)
{
    int status = QUIPU_OK;

    if (!application) {
        return QUIPU_OK;
    }
    /* The one subscriber is the persistence policy. */
    status = quipu_bus_check_idle(application->bus, 1, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = check_datastore(application, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_persistence_policy_close_store(application->policy, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_bus_close(application->bus, NULL);
    if (application->owns_datastore) {
        quipu_datastore_close(application->datastore, NULL);
    }
    quipu_release(application);
    return QUIPU_OK;
}

quipu_datastore *quipu_application_datastore(
    const quipu_application *application)
{
    return application->datastore;
}

quipu_store *quipu_application_store(const quipu_application *application)
{
    return application->store;
}

quipu_bus *quipu_application_bus(const quipu_application *application)
{
    return application->bus;
}

/* Makes a repository use snapshots and a cache, as the environment wants.  A
 * type without a field table has neither. */
static int speed_up(const quipu_application *application,
                    const quipu_aggregate_type *type,
                    quipu_repository *repository, quipu_error *error)
{
    const quipu_snapshot_policy snapshots = {
        .struct_size = sizeof(snapshots),
        .every = application->snapshot_every,
    };
    const quipu_cache_policy cache = { .struct_size = sizeof(cache),
                                       .flags = application->cache_flags,
                                       .bytes = application->cache_bytes };
    int status = QUIPU_OK;

    if (!type->fields) {
        return QUIPU_OK;
    }
    if (application->snapshot_every > 0) {
        status = quipu_repository_use_snapshots(repository, &snapshots, error);
    }
    if (status == QUIPU_OK && application->cache_bytes > 0) {
        status = quipu_repository_use_cache(repository, &cache, error);
    }
    return status;
}

int quipu_application_repository(quipu_application *application,
                                 const quipu_aggregate_type *type,
                                 quipu_repository **repository,
                                 quipu_error *error)
{
    if (!application) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_application_repository: the application "
                               "is NULL");
    }
    quipu_repository *opened = NULL;
    int status = quipu_repository_open(application->store, application->bus,
                                       type, &opened, error);

    if (status == QUIPU_OK) {
        status = speed_up(application, type, opened, error);
    }
    if (status != QUIPU_OK) {
        quipu_repository_close(opened);
        return status;
    }
    *repository = opened;
    return QUIPU_OK;
}
