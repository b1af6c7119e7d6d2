/* SPDX-License-Identifier: Apache-2.0 */
/* The store that a command reads, with the schemas that it names. */
#ifndef QUIPU_TOOLS_STORE_H
#define QUIPU_TOOLS_STORE_H

#include "args.h"

#include <quipu/quipu.h>

/* A schema of the catalogue. */
struct store_schema {
    char *table;
    quipu_records *records; /* NULL: it cannot be opened, see `error` */
    quipu_error error;
};

struct store {
    quipu_datastore *datastore;
    struct store_schema *schemas; /* all, or those that --schema names */
    size_t count;
};

/* Opens a store with the options readonly=yes and create=no, which the URI can
 * override. */
int store_open_readonly(const char *uri, quipu_datastore **datastore,
                        quipu_error *error);

/* Opens a store in the same way, and unless the URI names a namespace, without
 * one, only to list those that there are. */
int store_open_namespaces(const char *uri, quipu_datastore **datastore,
                          quipu_error *error);

/* Opens a store to change it; the option create=no is the default. */
int store_open_existing(const char *uri, quipu_datastore **datastore,
                        quipu_error *error);

/*
 * Opens the store as store_open_readonly does, and the schemas that --schema
 * names.  Returns DONE, or the outcome to exit with after a message; then
 * nothing is open.  A schema that cannot be opened is no failure here.
 */
enum outcome store_open(const struct args *args, struct store *store);
void store_close(struct store *store);

/* Opens the store, runs `work` with it, and closes it.  FINDING, after a
 * message, if a schema cannot be opened. */
enum outcome store_run(const struct args *args,
                       enum outcome (*work)(const struct args *args,
                                            const struct store *store));

/* As store_run, with a store that is opened by store_open_existing. */
enum outcome store_change(const struct args *args,
                          enum outcome (*work)(const struct args *args,
                                               const struct store *store));

/* Parses a sequence id of the command line, in the schema's kind.  INVALID: the
 * text is not an id of this kind. */
int store_parse_id(const quipu_schema *schema, const char *text, quipu_id *id,
                   quipu_error *error);

/* As store_parse_id, but of a UUID the beginning is enough, from four digits
 * on: that of a stored sequence.  NOT_FOUND: no sequence begins so.  CONFLICT:
 * several do. */
int store_find_id(quipu_records *records, const char *text, quipu_id *id,
                  quipu_error *error);

#endif
