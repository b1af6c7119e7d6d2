/* SPDX-License-Identifier: Apache-2.0 */
/* The store of file events, and the files in it. */
#ifndef LEDGER_H
#define LEDGER_H

#include "file.h"

struct ledger {
    quipu_datastore *datastore;
    quipu_store *store;
    quipu_repository *files;
    quipu_bus *bus; /* to which the files publish; NULL if only reading */
};

/* Opens a store; `writing` makes it if it is not there.  Codes as those of
 * quipu_datastore_open. */
int ledger_open(struct ledger *ledger, const char *uri, bool writing,
                quipu_error *error);
void ledger_close(struct ledger *ledger);

/* Calls `visit` for each event, oldest first, until it returns other than OK,
 * which is returned. */
typedef int (*ledger_visit)(void *context, const struct file_event *event,
                            quipu_error *error);
int ledger_walk(const struct ledger *ledger, ledger_visit visit, void *context,
                quipu_error *error);
/* The same for the events of one file. */
int ledger_walk_file(const struct ledger *ledger, const quipu_id *id,
                     ledger_visit visit, void *context, quipu_error *error);

#endif
