/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the listing of groups with their members, and their removal. */
#include "listing_fixture.h"

static quipu_error error;

static const quipu_group_options group_options = {
    .struct_size = sizeof(group_options),
    .partitions = 4,
    .member = "operator",
};

static quipu_projection *join(struct opened_log *log, struct balances *balances)
{
    quipu_projection *projection = open_balances(
        log, balances, (quipu_projection_options){ .group = &group_options });

    assert_ok(catch_up(projection, &error), &error);
    return projection;
}

static void group_is_listed_with_its_members(void **state)
{
    struct balances balances = { .refused = 0 };
    const quipu_consumer *consumer = NULL;
    quipu_consumers *consumers = NULL;
    struct opened_log log;
    (void)state;

    open_log(&log, "group.db");
    add_events(&log, 9);
    quipu_projection *projection = join(&log, &balances);

    add_events(&log, 2);
    assert_ok(quipu_consumers_open(log.datastore, NULL, &consumers, &error),
              &error);
    assert_ok(quipu_consumers_next(consumers, &consumer, &error), &error);
    assert_non_null(consumer);
    assert_string_equal(consumer->name, "balances@1");
    assert_string_equal(consumer->log, "stored_events");
    assert_int_equal(consumer->flags, QUIPU_CONSUMER_PROJECTION |
                                          QUIPU_CONSUMER_GROUP |
                                          QUIPU_CONSUMER_HEAD);
    assert_int_equal(consumer->position.notification_id, 9);
    assert_int_equal(consumer->behind, 2);
    assert_true(consumer->behind_microseconds >= 0);
    assert_int_equal(consumer->partition_count, 4);
    assert_int_equal(consumer->member_count, 1);
    assert_string_equal(consumer->members[0].name, "operator");
    assert_int_equal(consumer->members[0].lease_milliseconds, 10000);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(consumer->partitions[i].notification_id, 9);
        assert_int_equal(consumer->partitions[i].member, 0);
    }
    assert_ok(quipu_consumers_next(consumers, &consumer, &error), &error);
    assert_null(consumer);
    quipu_consumers_close(consumers);

    /* After the member has left, the partitions are free. */
    quipu_projection_stop(projection);
    assert_ok(quipu_projection_run(projection, &error), &error);
    struct listed found = find_consumer(&log, "balances@1");

    assert_int_equal(found.consumer.position.notification_id, 9);
    assert_ok(quipu_consumers_open(log.datastore, NULL, &consumers, &error),
              &error);
    assert_ok(quipu_consumers_next(consumers, &consumer, &error), &error);
    assert_int_equal(consumer->member_count, 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(consumer->partitions[i].member, -1);
    }
    quipu_consumers_close(consumers);
    /* Its record is in no case moved alone. */
    assert_refused(quipu_consumer_reset(log.datastore, NULL,
                                        listed_consumer(&found), 1, &error),
                   QUIPU_INVALID, &error, "quipu_projection_reset");
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
}

static void running_group_notices_its_removal(void **state)
{
    struct balances balances = { .refused = 0 };
    struct opened_log log;
    struct listed left[1];
    (void)state;

    open_log(&log, "gone.db");
    add_events(&log, 9);
    quipu_projection *projection = join(&log, &balances);
    struct listed found = find_consumer(&log, "balances@1");

    assert_ok(
        quipu_consumer_remove(log.datastore, listed_consumer(&found), &error),
        &error);
    assert_int_equal(list_consumers(log.datastore, NULL, left, 1), 0);
    add_events(&log, 4);
    assert_refused(quipu_projection_run(projection, &error), QUIPU_CONFLICT,
                   &error, "was removed");
    /* Between two looks at the group it is a member without partitions. */
    for (int again = 0; again < 3; again++) {
        (void)catch_up(projection, &error);
    }
    assert_int_equal(list_consumers(log.datastore, NULL, left, 1), 0);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    assert_read_model("gone.db", 9, NULL);
}

static void removal_beside_a_group_is_refused(void **state)
{
    struct balances balances = { .refused = 0 };
    struct opened_log log;
    struct listed found;
    quipu_datastore *other = NULL;
    (void)state;

    open_log(&log, "group-beside.db");
    add_events(&log, 5);
    quipu_projection *projection = join(&log, &balances);

    /* Progress between the listing and the removal. */
    found = find_consumer(&log, "balances@1");
    add_events(&log, 1);
    assert_ok(catch_up(projection, &error), &error);
    assert_refused(
        quipu_consumer_remove(log.datastore, listed_consumer(&found), &error),
        QUIPU_CONFLICT, &error, "expected at notification 5, but it is at 6");
    /* Progress between the reads and the commit of the removal. */
    found = find_consumer(&log, "balances@1");
    assert_ok(quipu_datastore_open("interposed:///group-beside.db", NULL,
                                   &other, &error),
              &error);
    step_before_append(projection, &log);
    assert_refused(
        quipu_consumer_remove(other, listed_consumer(&found), &error),
        QUIPU_CONFLICT, &error, "\"quipu/group/balances@1/partition/");
    found = find_consumer(&log, "balances@1");
    assert_int_equal(found.consumer.position.notification_id, 7);
    assert_int_equal(found.consumer.flags, QUIPU_CONSUMER_PROJECTION |
                                               QUIPU_CONSUMER_GROUP |
                                               QUIPU_CONSUMER_HEAD);
    close_datastore(other);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    assert_read_model("group-beside.db", 7, NULL);
}

/* A group of a program's own loop has no log and no position. */
static void group_of_a_loop_is_listed_and_removed(void **state)
{
    struct opened_log log;
    struct listed found[1];
    quipu_group *group;
    uint64_t held;
    (void)state;

    open_log(&log, "loop.db");
    add_events(&log, 2);
    assert_ok(quipu_group_open(log.datastore, "invoices", &group_options,
                               &group, &error),
              &error);
    assert_ok(quipu_group_renew(group, &held, &error), &error);
    assert_int_equal(held, 15);
    assert_int_equal(list_consumers(log.datastore, NULL, found, 1), 1);
    assert_string_equal(found[0].name, "invoices");
    assert_null(found[0].consumer.log);
    assert_int_equal(found[0].consumer.flags, QUIPU_CONSUMER_GROUP);
    assert_int_equal(found[0].consumer.partition_count, 4);
    assert_int_equal(found[0].consumer.behind, -1);
    assert_status(quipu_consumer_reset(log.datastore, NULL,
                                       listed_consumer(&found[0]), 1, &error),
                  QUIPU_INVALID);
    /* It gets no record beside its entries. */
    const quipu_consumer made = { .name = "invoices", .log = "stored_events" };

    assert_refused(quipu_consumer_reset(log.datastore, NULL, &made, 1, &error),
                   QUIPU_CONFLICT, &error, "quipu/group/invoices/settings");
    assert_int_equal(tracked(log.datastore, "invoices"), 0);
    assert_ok(quipu_consumer_remove(log.datastore, listed_consumer(&found[0]),
                                    &error),
              &error);
    assert_int_equal(list_consumers(log.datastore, NULL, found, 1), 0);
    (void)quipu_group_close(group, &error);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(group_is_listed_with_its_members),
        cmocka_unit_test(running_group_notices_its_removal),
        cmocka_unit_test(removal_beside_a_group_is_refused),
        cmocka_unit_test(group_of_a_loop_is_listed_and_removed),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
