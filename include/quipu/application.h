/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application: a store, a bus and a persistence policy between them.
 *
 *     quipu_datastore_open(uri, NULL, &datastore, &error);
 *     quipu_datastore_setup(datastore, schema, &error);
 *     quipu_application_open(datastore, schema, &mapping, &app, &error);
 */
#ifndef QUIPU_APPLICATION_H
#define QUIPU_APPLICATION_H

#include <quipu/repository.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_application quipu_application;

/* Opens the parts over a schema that is set up.  Codes as theirs. */
QUIPU_API int quipu_application_open(quipu_datastore *datastore,
                                     const quipu_schema *schema,
                                     const quipu_mapping *mapping,
                                     quipu_application **application,
                                     quipu_error *error);

/* After its aggregates, repositories and cursors; otherwise INVALID, and
 * nothing is closed.  NULL is allowed. */
QUIPU_API int quipu_application_close(quipu_application *application,
                                      quipu_error *error);

/* Its parts, borrowed. */
QUIPU_API quipu_store *quipu_application_store(
    const quipu_application *application);
QUIPU_API quipu_bus *quipu_application_bus(
    const quipu_application *application);

/* A repository over its store and bus; closed by quipu_repository_close. */
QUIPU_API int quipu_application_repository(quipu_application *application,
                                           const quipu_aggregate_type *type,
                                           quipu_repository **repository,
                                           quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
