/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schemas, the tracking records and the namespaces of a store.  Prints:
 *
 *     schema accounts: its sequence ids are in aggregate_id
 *     schema notes: its sequence ids are in sequence_id
 *     mailer has processed 1 of accounts
 *     "" accounts has 1 events
 *     "" notes has 0 events
 *     schema accounts: its sequence ids are in aggregate_id
 */
#include "howto.h"

#include <inttypes.h>
#include <stdio.h>

static int list_schemas(quipu_datastore *datastore, quipu_error *error)
{
    const quipu_schema *schema;
    quipu_schemas *schemas;

    QUIPU_TRY(quipu_schemas_open(datastore, &schemas, error));
    int status;

    while ((status = quipu_schemas_next(schemas, &schema, error)) == QUIPU_OK &&
           schema) {
        printf("schema %s: its sequence ids are in %s\n", schema->table,
               schema->sequence_id);
    }
    quipu_schemas_close(schemas);
    return status;
}

static int list_trackings(quipu_datastore *datastore, quipu_error *error)
{
    const quipu_tracking *tracking;
    quipu_trackings *trackings;

    QUIPU_TRY(quipu_trackings_open(datastore, &trackings, error));
    int status;

    while ((status = quipu_trackings_next(trackings, &tracking, error)) ==
               QUIPU_OK &&
           tracking) {
        printf("%.*s has processed %" PRId64 " of %.*s\n",
               (int)tracking->consumer.size,
               (const char *)tracking->consumer.data,
               tracking->position.notification_id, (int)tracking->log.size,
               (const char *)tracking->log.data);
    }
    quipu_trackings_close(trackings);
    return status;
}

static int list_namespaces(quipu_datastore *datastore, quipu_error *error)
{
    const quipu_log *log;
    quipu_logs *logs;

    QUIPU_TRY(quipu_logs_open(datastore, &logs, error));
    int status;

    while ((status = quipu_logs_next(logs, &log, error)) == QUIPU_OK && log) {
        printf("\"%s\" %s has %" PRId64 " events\n", log->name_space,
               log->table ? log->table : "(no schema)", log->head);
    }
    quipu_logs_close(logs);
    return status;
}

/* ------------------------------------------------------------- the program */

static int track(struct bank *bank, quipu_error *error)
{
    quipu_records *records = quipu_store_records(bank->store);
    quipu_tracking tracking = { .consumer = quipu_bytes_of_text("mailer"),
                                .log = quipu_bytes_of_text("accounts") };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .tracking = &tracking };

    QUIPU_TRY(quipu_records_position(records, 1, &tracking.position, error));
    return quipu_datastore_commit(quipu_records_datastore(records), &append,
                                  NULL, error);
}

int listings_show(struct bank *bank, quipu_error *error)
{
    quipu_schema notes;

    quipu_schema_init(&notes, sizeof(notes), quipu_schema_sequenced_items());
    notes.table = "notes";
    QUIPU_TRY(quipu_datastore_setup(bank->datastore, &notes, error));
    QUIPU_TRY(account_open(bank, "ann", 1, error));
    QUIPU_TRY(track(bank, error));
    QUIPU_TRY(list_schemas(bank->datastore, error));
    QUIPU_TRY(list_trackings(bank->datastore, error));
    QUIPU_TRY(list_namespaces(bank->datastore, error));
    QUIPU_TRY(quipu_datastore_teardown(bank->datastore, &notes, error));
    return list_schemas(bank->datastore, error);
}
