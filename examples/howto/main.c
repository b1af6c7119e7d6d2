/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one of the programs that the pages of docs/ quote:
 *
 *     quipu-howto units sqlite:///new.db
 */
#include "howto.h"

#include <stdio.h>
#include <string.h>

static const struct program {
    const char *name;
    int (*show)(struct bank *bank, quipu_error *error);
} programs[] = {
    { "backup", backup_show },
    { "buckets", buckets_show },
    { "bus", bus_show },
    { "casts", casts_show },
    { "consumers", consumers_show },
    { "drivers", drivers_show },
    { "entries", entries_show },
    { "erasure", erasure_show },
    { "errors", errors_show },
    { "fields", fields_show },
    { "group", group_show },
    { "ids", ids_show },
    { "listings", listings_show },
    { "memory", memory_show },
    { "metadata", metadata_show },
    { "outbox", outbox_show },
    { "process", process_show },
    { "records", records_show },
    { "retries", retries_show },
    { "scenarios", scenarios_show },
    { "sections", sections_show },
    { "snapshots", snapshots_show },
    { "states", states_show },
    { "subscription", subscription_show },
    { "tables", tables_show },
    { "timers", timers_show },
    { "units", units_show },
};

static int open_bank(struct bank *bank, quipu_error *error)
{
    quipu_schema_init(&bank->schema, sizeof(bank->schema),
                      quipu_schema_stored_events());
    bank->schema.table = "accounts";
    bank->schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    bank->schema.metadata = "metadata";
    bank->schema.time = "time";
    QUIPU_TRY(quipu_datastore_open(bank->uri, NULL, &bank->datastore, error));
    QUIPU_TRY(quipu_datastore_setup(bank->datastore, &bank->schema, error));
    QUIPU_TRY(quipu_store_open(bank->datastore, &bank->schema, &mapping_of_bank,
                               &bank->store, error));
    return quipu_repository_open(bank->store, NULL, &account_type,
                                 &bank->accounts, error);
}

/* Closes all; a handle that a program has left open is a mistake. */
static int close_bank(struct bank *bank, quipu_error *error)
{
    quipu_repository_close(bank->accounts);
    QUIPU_TRY(quipu_store_close(bank->store, error));
    return quipu_datastore_close(bank->datastore, error);
}

int main(int argc, char **argv)
{
    struct bank bank = { .uri = argc == 3 ? argv[2] : NULL };
    const struct program *program = NULL;
    quipu_error error, closing;

    for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
        if (argc == 3 && strcmp(argv[1], programs[i].name) == 0) {
            program = &programs[i];
        }
    }
    if (!program) {
        (void)fprintf(stderr, "usage: quipu-howto PROGRAM URI\n");
        return 2;
    }
    int status = open_bank(&bank, &error);

    if (status == QUIPU_OK) {
        status = program->show(&bank, &error);
    }
    int closed = close_bank(&bank, &closing);

    if (status != QUIPU_OK || closed != QUIPU_OK) {
        (void)fprintf(stderr, "quipu-howto: %s\n",
                      status != QUIPU_OK ? error.message : closing.message);
        return 1;
    }
    return 0;
}
