/* SPDX-License-Identifier: Apache-2.0 */
/* A program of a user's with drivers linked in: it forbids loading, appends an
 * item to the store of each URI, and prints the number of its items. */
#include <quipu/quipu.h>
#include <quipu/static_drivers.h>

#include <stdio.h>
#include <stdlib.h>

const quipu_driver *quipu_driver_entry_toy(void);

static quipu_error error;

static void demand(int status)
{
    if (status != QUIPU_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
}

static void use_store(const char *uri)
{
    quipu_item item = { .sequence_id = { "0123456789abcdef", 16 },
                        .topic = { "made", 4 },
                        .state = { "", 0 } };
    quipu_append append = { .struct_size = sizeof(append),
                            .items = &item,
                            .item_count = 1 };
    quipu_schema schema;
    quipu_datastore *datastore;
    quipu_records *records;
    quipu_result result = { .status = QUIPU_OK };

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_sequenced_items());
    schema.event_id = NULL;
    demand(quipu_datastore_open(uri, NULL, &datastore, &error));
    demand(quipu_datastore_setup(datastore, &schema, &error));
    demand(quipu_records_open(datastore, &schema, &records, &error));
    demand(quipu_records_append(records, &append, &result, &error));
    printf("%lld\n", (long long)result.first_notification_id);
    demand(quipu_records_close(records, &error));
    demand(quipu_datastore_close(datastore, &error));
}

int main(int argc, char **argv)
{
    quipu_drivers_forbid_loading();
    demand(quipu_drivers_add("sqlite", quipu_driver_entry_sqlite, &error));
#ifdef ALL_DRIVERS
    demand(quipu_drivers_add("lmdb", quipu_driver_entry_lmdb, &error));
    demand(quipu_drivers_add("postgres", quipu_driver_entry_postgres, &error));
    if (quipu_drivers_add("toy", quipu_driver_entry_toy, &error) !=
        QUIPU_INVALID) { /* it is linked, and has no operations */
        return 1;
    }
#endif
    for (int i = 1; i < argc; i++) {
        use_store(argv[i]);
    }
    return 0;
}
