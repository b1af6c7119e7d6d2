/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the options of a projection that is applied by a group. */
#include "group_fixture.h"

static quipu_error error;

static void refuse_group(quipu_group_options options, int status,
                         const char *text)
{
    const quipu_projection_options how = { .struct_size = sizeof(how),
                                           .context = &contexts[0],
                                           .group = &options };
    quipu_projection *projection = NULL;

    options.struct_size = sizeof(options);
    contexts[0].model = &model_sqlite;
    assert_refused(quipu_projection_open(opened.store, &applied_type, &how,
                                         &projection, &error),
                   status, &error, text);
}

static void wrong_options_are_refused(void **state)
{
    quipu_datastore *plain;
    quipu_group *group;
    char name[65];
    (void)state;

    memset(name, 'n', sizeof(name));
    name[64] = '\0';
    begin_case("wrong");
    refuse_group((quipu_group_options){ .partitions = 65 }, QUIPU_INVALID,
                 "above 64");
    refuse_group((quipu_group_options){ .lease_milliseconds = 99 },
                 QUIPU_INVALID, "from 100 to 3600000");
    refuse_group((quipu_group_options){ .lease_milliseconds = 3600001 },
                 QUIPU_INVALID, "from 100 to 3600000");
    refuse_group((quipu_group_options){ .member = name }, QUIPU_INVALID,
                 "up to 63 bytes");
    join(0);
    refuse_group((quipu_group_options){ .partitions = 9 }, QUIPU_CONFLICT,
                 "has 8 partitions, not 9");
    leave(0);
    close_log(&opened);
    interposed.without = QUIPU_CAN_ENTRIES;
    assert_ok(
        quipu_datastore_open("interposed:///plain.db", NULL, &plain, &error),
        &error);
    assert_refused(quipu_group_open(plain, "g", NULL, &group, &error),
                   QUIPU_UNSUPPORTED, &error, "entries");
    assert_ok(quipu_datastore_close(plain, &error), &error);
}

static void count_row(void *context, int64_t id, int64_t cents)
{
    (void)id;
    (void)cents;
    *(int64_t *)context += 1;
}

/* The entries of the group are in the datastore of the read model. */
static void read_model_may_be_in_another_file(void **state)
{
    quipu_datastore *target;
    char target_name[96];
    char uri[128];
    int64_t rows = 0;
    (void)state;

    begin_case("events");
    fill_log(&opened, 10 * SEQUENCES);
    model_sqlite.prepare("model", "durability=relaxed", target_name);
    (void)snprintf(uri, sizeof(uri), "interposed:///%s", target_name);
    assert_ok(quipu_datastore_open(uri, NULL, &target, &error), &error);
    join_with(0, (quipu_projection_options){ .target = target });
    join_with(1, (quipu_projection_options){ .target = target });
    for (int64_t position = 0; position < opened.stored;) {
        struct quipu_group_state now = { .partition_count = 0 };

        (void)take_turns();
        assert_ok(quipu_group_state_read(&now, target, "applied@1", &error),
                  &error);
        position = quipu_group_state_lowest(
                       &now, quipu_group_all_partitions(now.partition_count))
                       .notification_id;
        quipu_group_state_finish(&now);
    }
    assert_int_equal(group_position(), 0); /* not beside the events */
    leave(0);
    leave(1);
    assert_ok(quipu_datastore_close(target, &error), &error);
    model_sqlite.read(target_name, count_row, &rows);
    assert_int_equal(rows, opened.stored);
    close_log(&opened);
}

/* The partition of a sequence that has a parked event goes to a member that has
 * not parked it. */
static void parked_sequence_stays_parked_with_another_member(void **state)
{
    const quipu_projection_options options = {
        .on_failure = QUIPU_FAILURE_PARK_SEQUENCE,
        .attempts = 1,
        .batch_items = 7,
    };
    int64_t left = -1;
    (void)state;

    begin_case("parked");
    fill_log(&opened, SEQUENCES);
    join_with(0, options);
    contexts[0].refused = 5;
    contexts[0].refusal = QUIPU_NOT_FOUND;
    catch_up();
    join_with(1, options);
    (void)divide(2, SOON);
    leave(0);
    (void)divide(1, SOON);
    fill_log(&opened, 2 * SEQUENCES);
    catch_up();
    assert_ok(quipu_projection_retry(members[1], &left, &error), &error);
    assert_int_equal(left, 0);
    end_case();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(read_model_may_be_in_another_file),
        cmocka_unit_test(parked_sequence_stays_parked_with_another_member),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
