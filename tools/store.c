/* SPDX-License-Identifier: Apache-2.0 */
/* The store that a command reads. */
#include "store.h"
#include "args.h"
#include "output/memory.h"
#include "output/output.h"
#include "output/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int open_with(const char *uri, const quipu_option *defaults,
                     size_t count, quipu_datastore **datastore,
                     quipu_error *error)
{
    const quipu_settings settings = { .struct_size = sizeof(settings),
                                      .defaults = defaults,
                                      .default_count = count };

    return quipu_datastore_open(uri, &settings, datastore, error);
}

static const quipu_option defaults[] = {
    { .name = "create", .value = "no" },
    { .name = "readonly", .value = "yes" },
    { .name = "namespace", .value = "*" },
};

int store_open_readonly(const char *uri, quipu_datastore **datastore,
                        quipu_error *error)
{
    return open_with(uri, defaults, 2, datastore, error);
}

int store_open_namespaces(const char *uri, quipu_datastore **datastore,
                          quipu_error *error)
{
    return open_with(uri, defaults, 3, datastore, error);
}

int store_open_existing(const char *uri, quipu_datastore **datastore,
                        quipu_error *error)
{
    return open_with(uri, defaults, 1, datastore, error);
}

static void add_schema(struct store *store, const quipu_schema *schema)
{
    store->schemas = memory_resize(store->schemas, store->count + 1,
                                   sizeof(*store->schemas));
    struct store_schema *added = &store->schemas[store->count++];
    memset(added, 0, sizeof(*added));
    added->table = memory_copy_string(schema->table);
    if (quipu_records_open(store->datastore, schema, &added->records,
                           &added->error) != QUIPU_OK) {
        added->records = NULL;
    }
}

/* Adds the schemas that --schema names, and the names of all tables. */
static int read_catalogue(struct store *store, const struct args *args,
                          struct text *tables, quipu_error *error)
{
    quipu_schemas *listing = NULL;
    const quipu_schema *schema = NULL;
    int status = quipu_schemas_open(store->datastore, &listing, error);

    while (status == QUIPU_OK) {
        status = quipu_schemas_next(listing, &schema, error);
        if (status != QUIPU_OK || !schema) {
            break;
        }
        text_print(tables, "%s%s", tables->size > 0 ? ", " : "", schema->table);
        if (args_want_schema(args, schema->table)) {
            add_schema(store, schema);
        }
    }
    quipu_schemas_close(listing);
    return status;
}

static bool has_schema(const struct store *store, const char *table)
{
    for (size_t i = 0; i < store->count; i++) {
        if (strcmp(store->schemas[i].table, table) == 0) {
            return true;
        }
    }
    return false;
}

/* NOT_FOUND if --schema names a table that the store does not have. */
static int require_wanted(const struct store *store, const struct args *args,
                          const struct text *tables, quipu_error *error)
{
    for (size_t i = 0; i < args->schema_count; i++) {
        if (!has_schema(store, args->schemas[i])) {
            return quipu_error_set(error, QUIPU_NOT_FOUND,
                                   "the store has no schema '%s'; it has: %s",
                                   args->schemas[i],
                                   tables->size > 0 ? tables->data : "none");
        }
    }
    return QUIPU_OK;
}

/* As store_open; `open_datastore` is one of the functions above. */
static enum outcome open_store(const struct args *args,
                               int (*open_datastore)(const char *uri,
                                                     quipu_datastore **out,
                                                     quipu_error *error),
                               struct store *store)
{
    quipu_error error;
    struct text tables = { 0 };
    enum outcome outcome = DONE;

    memset(store, 0, sizeof(*store));
    if (open_datastore(args->uri, &store->datastore, &error) != QUIPU_OK) {
        return output_error(&error);
    }
    if (read_catalogue(store, args, &tables, &error) != QUIPU_OK ||
        require_wanted(store, args, &tables, &error) != QUIPU_OK) {
        output_error(&error);
        outcome = FINDING;
    }
    text_free(&tables);
    if (outcome != DONE) {
        store_close(store);
    }
    return outcome;
}

enum outcome store_open(const struct args *args, struct store *store)
{
    return open_store(args, store_open_readonly, store);
}

void store_close(struct store *store)
{
    quipu_error error;

    for (size_t i = 0; i < store->count; i++) {
        if (quipu_records_close(store->schemas[i].records, &error) !=
            QUIPU_OK) {
            output_error(&error);
        }
        free(store->schemas[i].table);
    }
    free(store->schemas);
    if (quipu_datastore_close(store->datastore, &error) != QUIPU_OK) {
        output_error(&error);
    }
    memset(store, 0, sizeof(*store));
}

/* Returns FINDING, after a message, if a schema cannot be opened. */
static enum outcome require_all(const struct store *store)
{
    for (size_t i = 0; i < store->count; i++) {
        if (!store->schemas[i].records) {
            output_error(&store->schemas[i].error);
            return FINDING;
        }
    }
    return DONE;
}

/* Runs `work` with a store that was opened, and closes it. */
static enum outcome work_with(const struct args *args, struct store *store,
                              enum outcome (*work)(const struct args *args,
                                                   const struct store *store))
{
    enum outcome outcome = require_all(store);

    if (outcome == DONE) {
        outcome = work(args, store);
    }
    store_close(store);
    return outcome;
}

enum outcome store_run(const struct args *args,
                       enum outcome (*work)(const struct args *args,
                                            const struct store *store))
{
    struct store store;
    enum outcome outcome = store_open(args, &store);

    return outcome == DONE ? work_with(args, &store, work) : outcome;
}

enum outcome store_change(const struct args *args,
                          enum outcome (*work)(const struct args *args,
                                               const struct store *store))
{
    struct store store;
    enum outcome outcome = open_store(args, store_open_existing, &store);

    return outcome == DONE ? work_with(args, &store, work) : outcome;
}

int store_parse_id(const quipu_schema *schema, const char *text, quipu_id *id,
                   quipu_error *error)
{
    quipu_uuid uuid;

    if ((schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0) {
        return quipu_id_of_text(id, text, error);
    }
    int status = quipu_uuid_parse(&uuid, text, error);
    if (status == QUIPU_OK) {
        quipu_id_of_uuid(id, &uuid);
    }
    return status;
}

/* ------------------------------------------------------ beginnings of ids */

/* Returns true if the text is the beginning of a UUID: four digits or more,
 * with hyphens where they belong. */
static bool is_beginning(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    const size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        if (i >= sizeof(form) - 1 || (form[i] == '-') != (text[i] == '-') ||
            (form[i] != '-' && !isxdigit((unsigned char)text[i]))) {
            return false;
        }
    }
    return length >= 4 && length < sizeof(form) - 1;
}

/* Fills the rest of a beginning with zeros. */
static void fill_uuid(const char *beginning, quipu_uuid *uuid)
{
    char text[QUIPU_UUID_TEXT_SIZE] = "00000000-0000-0000-0000-000000000000";

    memcpy(text, beginning, strlen(beginning));
    (void)quipu_uuid_parse(uuid, text, NULL);
}

static bool begins(const quipu_sequence *sequence, const char *beginning)
{
    char text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    memcpy(uuid.bytes, sequence->id.data, sizeof(uuid.bytes));
    quipu_uuid_format(&uuid, text);
    return strncasecmp(text, beginning, strlen(beginning)) == 0;
}

/* Finds the one sequence whose id begins so. */
static int find_sequence(quipu_records *records, const char *beginning,
                         quipu_id *id, quipu_error *error)
{
    quipu_sequences *sequences = NULL;
    const quipu_sequence *sequence = NULL;
    quipu_uuid uuid;
    quipu_bytes after = { 0 };

    fill_uuid(beginning, &uuid);
    if (!quipu_uuid_is_nil(&uuid)) { /* subtract one: `after` is exclusive */
        size_t last = sizeof(uuid.bytes) - 1;

        while (uuid.bytes[last]-- == 0) {
            last--;
        }
        after = (quipu_bytes){ uuid.bytes, sizeof(uuid.bytes) };
    }
    int status = quipu_sequences_open(records, after, &sequences, error);

    if (status == QUIPU_OK) {
        status = quipu_sequences_next(sequences, &sequence, error);
    }
    if (status == QUIPU_OK && sequence && begins(sequence, beginning)) {
        (void)quipu_id_of_bytes(id, sequence->id, NULL);
        status = quipu_sequences_next(sequences, &sequence, error);
        if (status == QUIPU_OK && sequence && begins(sequence, beginning)) {
            status = quipu_error_set(error, QUIPU_CONFLICT,
                                     "the ids of several sequences begin with "
                                     "'%s'; give more of its digits",
                                     beginning);
        }
    } else if (status == QUIPU_OK) {
        status = quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "the store has no sequence whose id begins "
                                 "with '%s'",
                                 beginning);
    }
    quipu_sequences_close(sequences);
    return status;
}

int store_find_id(quipu_records *records, const char *text, quipu_id *id,
                  quipu_error *error)
{
    const quipu_schema *schema = quipu_records_schema(records);

    return (schema->flags & QUIPU_SCHEMA_TEXT_IDS) == 0 && is_beginning(text)
               ? find_sequence(records, text, id, error)
               : store_parse_id(schema, text, id, error);
}
