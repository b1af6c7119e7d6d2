/* SPDX-License-Identifier: Apache-2.0 */
/* The first look at a file, which changes no byte and leaves nothing beside
 * it if the file is refused (F4). */
#ifndef SQLITE_DRIVER_PROBE_H
#define SQLITE_DRIVER_PROBE_H

#include "sqlite.h"

/* As quipu_sqlite_catalogue_check. */
int quipu_sqlite_probe(quipu_driver_datastore *datastore, int64_t deadline,
                       enum store_kind *kind, quipu_error *error);

/* After a failed look: whether it is because a process was killed that was
 * writing or making a store in this very file; then whoever opens it for
 * writing may let SQLite undo what was begun. */
bool quipu_sqlite_probe_is_unfinished(quipu_driver_datastore *datastore,
                                      const quipu_error *error);

/* Whether the whole file system may not be written, so that nobody does. */
bool quipu_sqlite_probe_is_frozen(const quipu_driver_datastore *datastore);

#endif
