/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the arguments of opening a mapper, and failing allocations. */
#include "quipu_test_memory.h"

#include "harness.h"

static const quipu_event_type *const types[] = { &sample_type };

static void assert_open_refused(const quipu_schema *schema,
                                const quipu_mapping *mapping, const char *why)
{
    quipu_mapper *mapper = NULL;
    quipu_error error;

    assert_refused(quipu_mapper_open(schema, mapping, &mapper, &error),
                   QUIPU_INVALID, &error, why);
    assert_null(mapper);
}

static void schema_and_mapping_are_required(void **state)
{
    quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(types);

    (void)state;
    assert_open_refused(NULL, &mapping, "NULL");
    assert_open_refused(&schema, NULL, "mapping is NULL");
    mapping.struct_size = 0;
    assert_open_refused(&schema, &mapping, "struct_size");
    mapping = harness_mapping(types);
    schema.struct_size = 0;
    assert_open_refused(&schema, &mapping, "struct_size");
}

static void wrong_schema_is_refused(void **state)
{
    const quipu_mapping mapping = harness_mapping(types);
    quipu_schema schema = harness_schema();

    (void)state;
    schema.table = "";
    assert_open_refused(&schema, &mapping, "name for table is empty");
    schema = harness_schema();
    schema.state = NULL;
    assert_open_refused(&schema, &mapping, "no name for state");
    schema = harness_schema();
    schema.topic = schema.position;
    assert_open_refused(&schema, &mapping, "are the same");
}

static void wrong_types_are_refused(void **state)
{
    static const quipu_event_type small = { .topic = "Small", .size = 1 };
    static const quipu_event_type twin = { .topic = "Sample.Taken",
                                           .size = sizeof(quipu_event) };
    const quipu_event_type *const smalls[] = { &small };
    const quipu_event_type *const twins[] = { &sample_type, &twin };
    const quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(smalls);

    (void)state;
    assert_open_refused(&schema, &mapping, "event type Small");
    mapping = harness_mapping(twins);
    mapping.type_count = 2;
    assert_open_refused(&schema, &mapping,
                        "two event types have the topic Sample.Taken");
    mapping.types = NULL;
    assert_open_refused(&schema, &mapping, "its list of them is NULL");
    mapping.types = (const quipu_event_type *const[]){ NULL };
    mapping.type_count = 1;
    assert_open_refused(&schema, &mapping, "an event type is NULL");
}

/* Structs of programs that were compiled with other versions of the headers. */
static void structs_of_other_sizes_are_accepted(void **state)
{
    struct {
        quipu_schema schema;
        char later[64];
    } longer = { harness_schema(), { 0 } };
    quipu_schema shorter = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    struct harness harness;

    (void)state;
    longer.schema.struct_size = sizeof(longer);
    harness_open(&harness, &longer.schema, &mapping);
    harness_close(&harness);
    longer.later[0] = 1;
    assert_open_refused(&longer.schema, &mapping, "does not know");
    shorter.struct_size = offsetof(quipu_schema, columns);
    shorter.column_count = 5; /* beyond struct_size, so not read */
    harness_open(&harness, &shorter, &mapping);
    harness_close(&harness);
}

/* The mapper copies the schema. */
static void schema_may_be_freed_after_opening(void **state)
{
    char name[] = "text";
    quipu_column column = { .name = name, .kind = QUIPU_VALUE_TEXT };
    quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    struct harness harness;
    struct sample sample;

    (void)state;
    schema.columns = &column;
    schema.column_count = 1;
    harness_open(&harness, &schema, &mapping);
    memset(name, 'x', sizeof(name) - 1);
    memset(&column, 0, sizeof(column));
    memset(&schema, 0, sizeof(schema));
    sample_full(&sample);
    assert_bytes(harness_encode(&harness, &sample.base)->columns->as.bytes.data,
                 3, "bar", 3);
    harness_close(&harness);
}

struct task {
    struct sample sample;
    int count; /* of events to add */
};

static int round_trip(void *context, quipu_error *error)
{
    static const quipu_column columns[] = {
        { .name = "text", .kind = QUIPU_VALUE_TEXT },
        { .name = "i64", .kind = QUIPU_VALUE_INT },
    };
    quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    const struct task *task = context;
    quipu_mapper *mapper = NULL;
    quipu_items *items = NULL;
    quipu_event *event = NULL;
    size_t count;
    int status;

    schema.event_id = "event_id";
    schema.metadata = "metadata";
    schema.columns = columns;
    schema.column_count = 2;
    status = quipu_mapper_open(&schema, &mapping, &mapper, error);
    if (status == QUIPU_OK) {
        status = quipu_items_create(mapper, &items, error);
    }
    for (int i = 0; i < task->count && status == QUIPU_OK; i++) {
        status = quipu_items_add(items, &task->sample.base, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_mapper_event(mapper, quipu_items_array(items, &count),
                                    &event, error);
    }
    if (event) {
        sample_assert_equal((const struct sample *)event, &task->sample);
    }
    quipu_event_destroy(event);
    quipu_items_destroy(items);
    quipu_mapper_close(mapper);
    return status;
}

static void failing_allocations_leak_nothing(void **state)
{
    struct task task = { .count = 40 };

    (void)state;
    sample_full(&task.sample);
    quipu_test_memory_sweep(round_trip, &task);
}

/* An arena serves many small pieces with one block.  Here each piece is larger
 * than a block, so that each allocation can fail. */
static void each_arena_block_may_fail(void **state)
{
    static char large[70000];
    static struct line line = { large, 1, true, { 1, 2 } };
    static const char *name = large;
    struct task task = { .count = 1 };
    struct sample *sample = &task.sample;

    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    sample_full(sample);
    sample->base.metadata = (quipu_bytes){ large, sizeof(large) };
    sample->text = large;
    sample->note = large;
    sample->bytes = (quipu_bytes){ large, sizeof(large) };
    sample->lines = &line;
    sample->line_count = 1;
    sample->names = &name;
    sample->name_count = 1;
    sample->numbers = (int16_t *)(void *)large;
    sample->number_count = sizeof(large) / 2;
    quipu_test_memory_sweep(round_trip, &task);
}

static void reused_list_allocates_nothing(void **state)
{
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    struct harness harness;
    struct sample sample;

    (void)state;
    quipu_test_memory_begin(-1);
    harness_open(&harness, &schema, &mapping);
    sample_full(&sample);
    for (int round = 0; round < 5; round++) {
        if (round == 4) { /* from here on each allocation fails */
            atomic_store(&quipu_test_budget, 0);
        }
        quipu_items_clear(harness.items);
        for (int i = 0; i < 20; i++) {
            assert_ok(quipu_items_add(harness.items, &sample.base, NULL), NULL);
        }
    }
    harness_close(&harness);
    quipu_test_memory_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_and_mapping_are_required),
        cmocka_unit_test(wrong_schema_is_refused),
        cmocka_unit_test(wrong_types_are_refused),
        cmocka_unit_test(structs_of_other_sizes_are_accepted),
        cmocka_unit_test(schema_may_be_freed_after_opening),
        cmocka_unit_test(failing_allocations_leak_nothing),
        cmocka_unit_test(each_arena_block_may_fail),
        cmocka_unit_test(reused_list_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
