/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the removal of consumers, alone and beside projections that run. */
#include "listing_fixture.h"

#include <sqlite3.h>

static quipu_error error;

static void removal_takes_all_of_a_consumer(void **state)
{
    struct balances balances;
    struct opened_log log;
    struct listed left[2];
    quipu_projection *projection =
        project_with_parked(&log, &balances, "removed.db");

    (void)state;
    set_tracked(&log, "balances@10", 4); /* its name begins like the other's */
    assert_ok(quipu_projection_close(projection, &error), &error);
    struct listed found = find_consumer(&log, "balances@1");

    assert_int_equal(found.consumer.parked, 1);
    assert_ok(
        quipu_consumer_remove(log.datastore, listed_consumer(&found), &error),
        &error);
    assert_int_equal(list_consumers(log.datastore, NULL, left, 2), 1);
    assert_string_equal(left[0].name, "balances@10");
    assert_int_equal(tracked(log.datastore, "balances@10"), 4);
    /* A subscription, and a consumer that is not there. */
    assert_ok(
        quipu_consumer_remove(log.datastore, listed_consumer(&left[0]), &error),
        &error);
    assert_int_equal(list_consumers(log.datastore, NULL, left, 2), 0);
    close_log(&log);
}

/* After the removal and DROP TABLE by the operator, the projection is built
 * from the beginning. */
static void removed_projection_is_built_again(void **state)
{
    struct balances balances;
    struct opened_log log;
    quipu_projection *projection =
        project_with_parked(&log, &balances, "again.db");
    sqlite3 *db;

    (void)state;
    assert_ok(quipu_projection_close(projection, &error), &error);
    struct listed found = find_consumer(&log, "balances@1");

    assert_ok(
        quipu_consumer_remove(log.datastore, listed_consumer(&found), &error),
        &error);
    assert_int_equal(sqlite3_open("again.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE applied", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    balances.refusals = 0;
    projection = open_balances(&log, &balances,
                               (quipu_projection_options){ .target = NULL });
    assert_ok(catch_up(projection, &error), &error);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    assert_read_model("again.db", 5, NULL);
}

/* A projection that is open while it is removed applies nothing more, however
 * often the program calls it. */
static void running_projection_notices_its_removal(void **state)
{
    const int64_t missing[] = { 3, 0 };
    struct balances balances;
    struct opened_log log;
    struct listed left[1];
    quipu_projection *projection =
        project_with_parked(&log, &balances, "running.db");

    (void)state;
    struct listed found = find_consumer(&log, "balances@1");

    assert_ok(
        quipu_consumer_remove(log.datastore, listed_consumer(&found), &error),
        &error);
    add_events(&log, 4);
    for (int again = 0; again < 3; again++) {
        assert_refused(catch_up(projection, &error), QUIPU_CONFLICT, &error,
                       "\"balances@1\" was removed from the store");
    }
    assert_refused(quipu_projection_run(projection, &error), QUIPU_CONFLICT,
                   &error, "was removed from the store");
    assert_int_equal(list_consumers(log.datastore, NULL, left, 1), 0);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    assert_read_model("running.db", 5, missing);
}

/* The same, with a failure at each call of the store after the removal. */
static void removal_is_noticed_beside_failures(void **state)
{
    const int64_t missing[] = { 3, 0 };
    int failures = 0;
    (void)state;

    for (int n = 1; n < 16; n++) {
        struct balances balances;
        struct opened_log log;
        char file[32];
        int status = QUIPU_IO;

        (void)snprintf(file, sizeof(file), "noticed-%d.db", n);
        quipu_projection *projection =
            project_with_parked(&log, &balances, file);
        struct listed found = find_consumer(&log, "balances@1");

        assert_ok(quipu_consumer_remove(log.datastore, listed_consumer(&found),
                                        &error),
                  &error);
        add_events(&log, 4);
        interposed.status = QUIPU_IO;
        interposed.fail_at = atomic_load(&interposed.calls) + n;
        while (status == QUIPU_IO) {
            status = catch_up(projection, &error);
            failures += status == QUIPU_IO;
        }
        assert_refused(status, QUIPU_CONFLICT, &error,
                       "was removed from the store");
        interposed.fail_at = 0;
        assert_int_equal(tracked(log.datastore, "balances@1"), 0);
        assert_ok(quipu_projection_close(projection, &error), &error);
        close_log(&log);
        assert_read_model(file, 5, missing);
    }
    print_message("%d failures\n", failures);
    assert_true(failures >= 6);
}

static void removal_beside_a_commit_is_refused(void **state)
{
    const int64_t missing[] = { 3, 0 };
    struct balances balances;
    struct opened_log log;
    struct listed found;
    quipu_projection *projection =
        project_with_parked(&log, &balances, "beside.db");

    (void)state;
    /* The commits of the projection go through a datastore of their own. */
    found = find_consumer(&log, "balances@1");
    quipu_datastore *other = NULL;

    assert_ok(
        quipu_datastore_open("interposed:///beside.db", NULL, &other, &error),
        &error);
    step_before_append(projection, &log);
    assert_refused(
        quipu_consumer_remove(other, listed_consumer(&found), &error),
        QUIPU_CONFLICT, &error, "expected at notification 5, but it is at 6");
    assert_int_equal(tracked(log.datastore, "balances@1"), 6);
    found = find_consumer(&log, "balances@1");
    assert_true(found.consumer.flags & QUIPU_CONSUMER_PROJECTION);
    assert_int_equal(found.consumer.parked, 1);
    close_datastore(other);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    assert_read_model("beside.db", 6, missing);
}

/* A removal that fails at any call has removed all or nothing. */
static void removal_is_one_commit(void **state)
{
    const int statuses[] = { QUIPU_IO, QUIPU_BUSY, QUIPU_UNKNOWN_OUTCOME };
    int refused = 0;
    (void)state;

    for (int n = 0; n < 18; n++) {
        struct balances balances;
        struct opened_log log;
        struct listed found;
        char file[32];

        (void)snprintf(file, sizeof(file), "commit-%d.db", n);
        quipu_projection *projection =
            project_with_parked(&log, &balances, file);

        assert_ok(quipu_projection_close(projection, &error), &error);
        found = find_consumer(&log, "balances@1");
        interposed.status = statuses[n % 3];
        interposed.appends_only = n % 3 == 2;
        interposed.after = n % 3 == 2 && n % 2 == 0;
        interposed.fail_at = atomic_load(&interposed.calls) + 1 + n / 3;
        int status = quipu_consumer_remove(log.datastore,
                                           listed_consumer(&found), &error);
        bool removed = status == QUIPU_OK;

        interposed.fail_at = 0;
        if (status != QUIPU_OK) {
            struct listed left[1];
            size_t count = list_consumers(log.datastore, NULL, left, 1);

            refused++;
            assert_int_equal(status, statuses[n % 3]);
            assert_true(count == 1 || interposed.after);
            removed = count == 0;
            if (!removed) {
                assert_int_equal(left[0].consumer.parked, 1);
                assert_int_equal(left[0].consumer.position.notification_id, 5);
                assert_true(left[0].consumer.flags & QUIPU_CONSUMER_PROJECTION);
            }
        }
        if (removed) {
            assert_int_equal(tracked(log.datastore, "balances@1"), 0);
        }
        close_log(&log);
    }
    print_message("%d refused\n", refused);
    assert_true(refused >= 6);
}

static int show(void *native, void *context, quipu_error *err)
{
    (void)native;
    (void)context;
    (void)err;
    return QUIPU_OK;
}

/* The version that is shown is listed as such, and its removal leaves no entry
 * that names it. */
static void shown_version_is_listed_and_removed(void **state)
{
    struct balances balances = { .refused = 0 };
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = &balances };
    quipu_projection_type types[2] = { plain_type, plain_type };
    quipu_projection *projections[2];
    struct opened_log log;
    struct listed found;
    uint32_t version = 0;
    (void)state;

    open_log(&log, "shown.db");
    add_events(&log, 3);
    for (uint32_t i = 0; i < 2; i++) {
        types[i].version = 2 + 10 * i; /* 12 begins like 1 */
        types[i].show = show;
        types[i].handlers = balances_type.handlers;
        assert_ok(quipu_projection_open(log.store, &types[i], &options,
                                        &projections[i], &error),
                  &error);
    }
    assert_int_equal(find_consumer(&log, "plain@2").consumer.flags &
                         QUIPU_CONSUMER_SHOWN,
                     0);
    assert_ok(quipu_projection_promote(projections[1], 3, &error), &error);
    assert_int_equal(find_consumer(&log, "plain@2").consumer.flags &
                         QUIPU_CONSUMER_SHOWN,
                     0);
    found = find_consumer(&log, "plain@12");
    assert_true(found.consumer.flags & QUIPU_CONSUMER_SHOWN);
    assert_ok(
        quipu_consumer_remove(log.datastore, listed_consumer(&found), &error),
        &error);
    assert_ok(quipu_projection_shown(log.datastore, "plain", &version, &error),
              &error);
    assert_int_equal(version, 0);
    /* The removal of another version leaves the entry. */
    assert_ok(quipu_projection_promote(projections[0], 3, &error), &error);
    found = find_consumer(&log, "plain@2");
    found.name[6] = '1';
    (void)quipu_consumer_remove(log.datastore, listed_consumer(&found), &error);
    assert_ok(quipu_projection_shown(log.datastore, "plain", &version, &error),
              &error);
    assert_int_equal(version, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(quipu_projection_close(projections[i], &error), &error);
    }
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removal_takes_all_of_a_consumer),
        cmocka_unit_test(removed_projection_is_built_again),
        cmocka_unit_test(running_projection_notices_its_removal),
        cmocka_unit_test(removal_is_noticed_beside_failures),
        cmocka_unit_test(removal_beside_a_commit_is_refused),
        cmocka_unit_test(removal_is_one_commit),
        cmocka_unit_test(shown_version_is_listed_and_removed),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
