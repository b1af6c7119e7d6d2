/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the deep copy of a schema. */
#include "quipu_test.h"

#include <quipu/memory.h>

#include "datastore/schema.h"

static void copy_owns_all_its_text(void **state)
{
    char table[] = "ledger";
    char id[] = "id";
    char sequence[] = "account";
    char position[] = "number";
    char topic[] = "kind";
    char data[] = "data";
    char event[] = "event";
    char metadata[] = "meta";
    char time[] = "at";
    char name[] = "amount";
    char attribute[] = "value";
    quipu_column column = { .name = name,
                            .kind = QUIPU_VALUE_INT,
                            .attribute = attribute };
    quipu_schema schema = { .struct_size = sizeof(schema),
                            .flags = QUIPU_SCHEMA_SPARSE,
                            .table = table,
                            .notification_id = id,
                            .sequence_id = sequence,
                            .position = position,
                            .topic = topic,
                            .state = data,
                            .event_id = event,
                            .metadata = metadata,
                            .time = time,
                            .columns = &column,
                            .column_count = 1 };
    quipu_schema *copy = quipu_schema_copy(&schema);
    char *const texts[] = { table, id,    sequence, position, topic,
                            data,  event, metadata, time,     name };

    (void)state;
    assert_non_null(copy);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        texts[i][0] = 'X';
    }
    column.kind = 0;
    assert_int_equal(copy->struct_size, sizeof(schema));
    assert_int_equal(copy->flags, QUIPU_SCHEMA_SPARSE);
    assert_string_equal(copy->table, "ledger");
    assert_string_equal(copy->notification_id, "id");
    assert_string_equal(copy->sequence_id, "account");
    assert_string_equal(copy->position, "number");
    assert_string_equal(copy->topic, "kind");
    assert_string_equal(copy->state, "data");
    assert_string_equal(copy->event_id, "event");
    assert_string_equal(copy->metadata, "meta");
    assert_string_equal(copy->time, "at");
    assert_int_equal(copy->column_count, 1);
    assert_string_equal(copy->columns[0].name, "amount");
    assert_int_equal(copy->columns[0].kind, QUIPU_VALUE_INT);
    assert_null(copy->columns[0].attribute);
    quipu_release(copy);
}

static void copy_keeps_absent_names(void **state)
{
    quipu_schema schema;
    quipu_schema *copy;

    (void)state;
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.event_id = NULL;
    copy = quipu_schema_copy(&schema);
    assert_non_null(copy);
    assert_null(copy->event_id);
    assert_null(copy->metadata);
    assert_null(copy->time);
    assert_null(copy->columns);
    assert_int_equal(copy->column_count, 0);
    quipu_release(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_owns_all_its_text),
        cmocka_unit_test(copy_keeps_absent_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
