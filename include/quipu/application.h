/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application: opens a store, a bus, and a persistence policy that stores
 * the events which are published on the bus.
 *
 *     quipu_datastore_open(uri, NULL, &datastore, &error);
 *     quipu_datastore_setup(datastore, schema, &error);
 *     quipu_application_open(datastore, schema, &mapping, &app, &error);
 *
 * Threads: an application may be used by several threads at once.  It is closed
 * by one, when no other uses it or its parts.
 */
#ifndef QUIPU_APPLICATION_H
#define QUIPU_APPLICATION_H

#include <quipu/repository.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_application quipu_application;

/* Opens an application over a schema that exists (quipu_datastore_setup).  The
 * datastore must stay open, and is not closed with it.  Codes as for
 * quipu_store_open, quipu_bus_open and quipu_persistence_policy_open. */
QUIPU_API int quipu_application_open(quipu_datastore *datastore,
                                     const quipu_schema *schema,
                                     const quipu_mapping *mapping,
                                     quipu_application **application,
                                     quipu_error *error);

/* Closes an application and its parts, and its datastore if that was opened
 * with it (quipu_environment_open).  INVALID: an aggregate, repository, cursor
 * or subscriber of it still exists, or of that datastore other records, a
 * listing, or a consumer; nothing is closed then.  NULL is allowed. */
QUIPU_API int quipu_application_close(quipu_application *application,
                                      quipu_error *error);

/* Return the datastore of an application, and its parts, borrowed until it is
 * closed. */
QUIPU_API quipu_datastore *quipu_application_datastore(
    const quipu_application *application);
QUIPU_API quipu_store *quipu_application_store(
    const quipu_application *application);
QUIPU_API quipu_bus *quipu_application_bus(
    const quipu_application *application);

/* Opens a repository over the application's store and bus.  The caller closes
 * it with quipu_repository_close.  Codes as for quipu_repository_open. */
QUIPU_API int quipu_application_repository(quipu_application *application,
                                           const quipu_aggregate_type *type,
                                           quipu_repository **repository,
                                           quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
