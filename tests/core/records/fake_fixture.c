/* SPDX-License-Identifier: Apache-2.0 */
/* An open store of the fake driver for each test, and an item that fits it. */
#include "quipu_test.h"

#include "fake_driver.h"

int fake_group(void **state)
{
    (void)state;
    fake_add();
    return 0;
}

quipu_datastore *fake_store;
quipu_records *fake_records;
quipu_schema fake_schema;
quipu_column fake_columns[7];
quipu_value fake_values[7];

static void make_columns(void)
{
    static const char *const names[7] = { "bool",  "int",  "double", "text",
                                          "bytes", "uuid", "moment" };

    for (int i = 0; i < 7; i++) {
        fake_columns[i] = (quipu_column){ .name = names[i],
                                          .kind = QUIPU_VALUE_BOOL + i,
                                          .attribute = "attribute" };
        fake_values[i] = (quipu_value){ .kind = QUIPU_VALUE_BOOL + i };
    }
    fake_values[0].as.integer = 1;
    fake_values[1].as.integer = INT64_MIN;
    fake_values[2].as.real = -0.5;
    fake_values[3].as.bytes = (quipu_bytes){ "text", 4 };
    fake_values[4].as.bytes = (quipu_bytes){ "\xff\0", 2 };
    fake_values[5].as.bytes = (quipu_bytes){ "0123456789abcdef", 16 };
    fake_values[6].as.integer = QUIPU_TIME_MAX;
}

int fake_begin(void **state)
{
    quipu_error error;

    (void)state;
    fake_reset();
    make_columns();
    quipu_schema_init(&fake_schema, sizeof(fake_schema),
                      quipu_schema_stored_events());
    fake_schema.metadata = "metadata";
    fake_schema.time = "time";
    fake_schema.columns = fake_columns;
    fake_schema.column_count = 7;
    assert_ok(quipu_datastore_open("fake:there", NULL, &fake_store, &error),
              &error);
    assert_ok(
        quipu_records_open(fake_store, &fake_schema, &fake_records, &error),
        &error);
    return 0;
}

int fake_end(void **state)
{
    quipu_error error;

    (void)state;
    assert_ok(quipu_records_close(fake_records, &error), &error);
    assert_ok(quipu_datastore_close(fake_store, &error), &error);
    return 0;
}

void fake_rebind(void)
{
    quipu_error error;

    assert_ok(quipu_records_close(fake_records, &error), &error);
    assert_ok(
        quipu_records_open(fake_store, &fake_schema, &fake_records, &error),
        &error);
}

quipu_item fake_item(void)
{
    return (quipu_item){
        .sequence_id = { "sequence-id-0001", 16 },
        .topic = { "Example.Created", 15 },
        .state = { "state", 5 },
        .event_id = { "event-id-0000001", 16 },
        .metadata = { "metadata", 8 },
        .time = { QUIPU_TIME_MIN },
        .columns = fake_values,
        .column_count = 7,
        .flags = QUIPU_ITEM_NEXT | QUIPU_ITEM_TIME,
    };
}
