/* SPDX-License-Identifier: Apache-2.0 */
/* The store that a command looks into, opened without changing it. */
#ifndef QUIPU_TOOLS_STORE_H
#define QUIPU_TOOLS_STORE_H

#include "args.h"

#include <quipu/quipu.h>

/* One schema of the catalogue. */
struct store_schema {
    char *table;
    quipu_records
        *records; /* NULL: it cannot be opened, and `error` says why */
    quipu_error error;
};

struct store {
    quipu_datastore *datastore;
    struct store_schema *schemas; /* all, or the one that --schema names */
    size_t count;
};

/* Opens the URI for reading only, unless the URI itself says otherwise. */
int quipu_tool_store_look(const char *uri, quipu_datastore **datastore,
                          quipu_error *error);

/*
 * Opens the URI read-only, and the schemas of its catalogue, unless the URI
 * itself says otherwise.  DONE, or what to end with after a message; then
 * everything is closed.
 */
enum outcome quipu_tool_store_open(const struct args *args,
                                   struct store *store);
void quipu_tool_store_close(struct store *store);

/* Opens the store, runs `work` with it unless a schema could not be opened
 * (FINDING), and closes it. */
enum outcome quipu_tool_store_use(
    const struct args *args,
    enum outcome (*work)(const struct args *args, const struct store *store));

/* The sequence id that a text on the command line means in a schema.  INVALID:
 * the schema's ids are UUIDs and it is none. */
int quipu_tool_store_id(const quipu_schema *schema, const char *text,
                        quipu_id *id, quipu_error *error);

#endif
