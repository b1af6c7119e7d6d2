/* SPDX-License-Identifier: Apache-2.0 */
/* The store of file events, and the repository of the files in it. */
#ifndef FILE_STORE_H
#define FILE_STORE_H

#include "file.h"

/* The parts of quipu that the program uses. */
struct file_store {
    quipu_datastore *datastore;
    quipu_store *store;
    quipu_repository *files;
    quipu_bus *bus; /* the files publish on it; NULL if only reading */
};

/* Makes the schema: the preset with another name of the table, and a column for
 * the time. */
void file_store_schema(quipu_schema *schema);

/*
 * Opens the store at a URI.  With `writing` it is created if it does not exist,
 * and has a bus.  Codes as for quipu_datastore_open; after a failure nothing is
 * open.
 */
int file_store_open(struct file_store *store, const char *uri, bool writing,
                    quipu_error *error);
void file_store_close(struct file_store *store);

/* Called for each event that is read; the event is lent for the call.  Another
 * status than OK ends the reading, and is returned. */
typedef int (*file_store_visit)(void *context, const struct file_event *event,
                                quipu_error *error);

/* Reads all events, oldest first. */
int file_store_read_log(const struct file_store *store, file_store_visit visit,
                        void *context, quipu_error *error);

/* Reads the events of one file. */
int file_store_read_file(const struct file_store *store, const quipu_id *id,
                         file_store_visit visit, void *context,
                         quipu_error *error);

#endif
