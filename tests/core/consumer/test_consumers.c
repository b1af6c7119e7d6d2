/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the listing of consumers, and their reset and removal beside
 * subscriptions and projections that run. */
#include "balances_fixture.h"

#include <sqlite3.h>

static quipu_error error;

/* A consumer as it was listed; its texts are copies. */
struct listed {
    quipu_consumer consumer;
    char name[256];
    char log[256];
};

static void copy(struct listed *to, const quipu_consumer *from)
{
    to->consumer = *from;
    (void)snprintf(to->name, sizeof(to->name), "%s", from->name);
    to->consumer.name = to->name;
    if (from->log) {
        (void)snprintf(to->log, sizeof(to->log), "%s", from->log);
        to->consumer.log = to->log;
    }
}

/* Lists the consumers; returns their number. */
static size_t list(quipu_datastore *tracking, quipu_datastore *logs,
                   struct listed *found, size_t most)
{
    const quipu_consumer *consumer = NULL;
    quipu_consumers *consumers = NULL;
    size_t count = 0;

    assert_ok(quipu_consumers_open(tracking, logs, &consumers, &error), &error);
    do {
        assert_ok(quipu_consumers_next(consumers, &consumer, &error), &error);
        if (consumer) {
            assert_true(count < most);
            copy(&found[count++], consumer);
        }
    } while (consumer);
    assert_ok(quipu_consumers_next(consumers, &consumer, &error), &error);
    assert_null(consumer);
    quipu_consumers_close(consumers);
    return count;
}

static struct listed find(const struct opened_log *log, const char *name)
{
    struct listed found[8];
    size_t count = list(log->datastore, NULL, found, 8);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(found[i].name, name) == 0) {
            copy(&found[7], &found[i].consumer);
            return found[7];
        }
    }
    fail_msg("consumer %s is not listed", name);
    return found[0];
}

/* The texts of a copy that was returned by value. */
static const quipu_consumer *use(struct listed *listed)
{
    listed->consumer.name = listed->name;
    listed->consumer.log = listed->consumer.log ? listed->log : NULL;
    return &listed->consumer;
}

/* Opens a datastore of the same file that does not fail. */
static quipu_datastore *open_file(const char *file)
{
    quipu_datastore *datastore;
    char uri[96];

    (void)snprintf(uri, sizeof(uri), "sqlite:///%s", file);
    assert_ok(quipu_datastore_open(uri, NULL, &datastore, &error), &error);
    return datastore;
}

static void close_datastore(quipu_datastore *datastore)
{
    assert_ok(quipu_datastore_close(datastore, &error), &error);
}

static quipu_subscription *subscribe(struct opened_log *log, const char *name)
{
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = name };
    quipu_subscription *subscription;

    assert_ok(
        quipu_subscription_open(log->records, &options, &subscription, &error),
        &error);
    return subscription;
}

/* Takes and acknowledges items; returns the status of the first failure. */
static int take(quipu_subscription *subscription, int count)
{
    const quipu_item *item;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && count-- > 0) {
        status = quipu_subscription_next(subscription, &item, 0, &error);
        if (status == QUIPU_OK) {
            status = quipu_subscription_acknowledge(subscription, &error);
        }
    }
    return status;
}

/* ---------------------------------------------------------------- listing */

static void empty_store_has_no_consumers(void **state)
{
    struct listed found[1];
    struct opened_log log;
    (void)state;

    open_log(&log, "empty.db");
    assert_int_equal(list(log.datastore, NULL, found, 1), 0);
    add_events(&log, 3);
    assert_int_equal(list(log.datastore, NULL, found, 1), 0);
    close_log(&log);
}

static void subscription_is_listed_with_its_lag(void **state)
{
    struct listed found[2];
    struct opened_log log;
    (void)state;

    open_log(&log, "lag.db");
    add_events(&log, 5);
    set_tracked(&log, "mailer", 2);
    set_tracked(&log, "reader", 5);
    assert_int_equal(list(log.datastore, NULL, found, 2), 2);

    const quipu_consumer *mailer = use(&found[0]);
    const quipu_consumer *reader = use(&found[1]);

    assert_string_equal(mailer->name, "mailer");
    assert_string_equal(mailer->log, "stored_events");
    assert_int_equal(mailer->flags, QUIPU_CONSUMER_HEAD);
    assert_int_equal(mailer->position.notification_id, 2);
    assert_int_equal(mailer->head, 5);
    assert_int_equal(mailer->behind, 3);
    assert_true(mailer->behind_microseconds > 0);
    assert_int_equal(mailer->parked, 0);
    assert_string_equal(reader->name, "reader");
    assert_int_equal(reader->behind, 0);
    assert_int_equal(reader->behind_microseconds, 0);
    close_log(&log);
}

/* The age is that of the first item behind the record, whether its time is in
 * a column or in the envelope of its state; that of an item without is unknown.
 */
static void age_comes_from_column_or_envelope(void **state)
{
    const quipu_event_type *const types[] = { &credited };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 1 };
    const int64_t hour = INT64_C(3600000000);
    quipu_datastore *datastore = open_file("age.db");

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct credited event = { .cents = 1 };
        const quipu_event *const events[] = { &event.base };
        struct opened_log log = { .datastore = datastore };
        struct listed found[2];
        quipu_schema schema;
        quipu_id id;

        quipu_schema_init(&schema, sizeof(schema),
                          quipu_schema_stored_events());
        schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
        schema.table = i == 0 ? "stored_events" : "timed";
        schema.time = i == 0 ? NULL : "stored_at";
        assert_ok(quipu_datastore_setup(datastore, &schema, &error), &error);
        assert_ok(
            quipu_store_open(datastore, &schema, &mapping, &log.store, &error),
            &error);
        log.records = quipu_store_records(log.store);
        for (int64_t version = 0; version < 2; version++) {
            assert_ok(quipu_id_of_text(&id, "a", &error), &error);
            quipu_event_init(&event.base, &credited, &id, version);
            event.base.time.microseconds -= hour * (10 - version);
            assert_ok(quipu_store_append(log.store, events, 1, NULL, &error),
                      &error);
        }
        add_item(&log, "b", "Other"); /* without a time */
        for (int64_t position = 1; position < 3; position++) {
            const quipu_tracking record = {
                .consumer = quipu_bytes_of_text("c"),
                .log = quipu_bytes_of_text(schema.table),
                .position = { .notification_id = position },
            };
            const quipu_append append = { .struct_size = sizeof(append),
                                          .tracking = &record };

            assert_ok(quipu_records_append(log.records, &append, NULL, &error),
                      &error);
            size_t count = list(datastore, NULL, found, 2);
            int64_t age = found[count - 1].consumer.behind_microseconds;

            if (position == 1) {
                assert_true(age >= 9 * hour);
                assert_true(age < 10 * hour);
            } else {
                assert_int_equal(age, -1);
            }
        }
        assert_ok(quipu_store_close(log.store, &error), &error);
    }
    close_datastore(datastore);
}

static void log_may_be_in_another_datastore(void **state)
{
    struct opened_log log;
    struct listed found[2];
    quipu_datastore *target;
    struct balances balances = { .refused = 0 };
    (void)state;

    open_log(&log, "events.db");
    add_events(&log, 4);
    target = open_file("model.db");
    quipu_projection *projection = open_balances(
        &log, &balances, (quipu_projection_options){ .target = target });

    /* The mark is there before the first record. */
    assert_int_equal(list(target, log.datastore, found, 2), 1);
    const quipu_consumer *consumer = use(&found[0]);

    assert_string_equal(consumer->name, "balances@1");
    assert_null(consumer->log);
    assert_int_equal(consumer->flags, QUIPU_CONSUMER_PROJECTION);
    assert_int_equal(consumer->head, -1);
    assert_int_equal(consumer->behind, -1);
    assert_int_equal(consumer->behind_microseconds, -1);

    assert_ok(catch_up(projection, &error), &error);
    add_events(&log, 3);
    assert_int_equal(list(target, log.datastore, found, 2), 1);
    consumer = use(&found[0]);
    assert_string_equal(consumer->log, "stored_events");
    assert_int_equal(consumer->flags,
                     QUIPU_CONSUMER_PROJECTION | QUIPU_CONSUMER_HEAD);
    assert_int_equal(consumer->position.notification_id, 4);
    assert_int_equal(consumer->behind, 3);
    /* Without the log's datastore the head is unknown, and not 0. */
    assert_int_equal(list(target, NULL, found, 2), 1);
    consumer = use(&found[0]);
    assert_int_equal(consumer->flags, QUIPU_CONSUMER_PROJECTION);
    assert_int_equal(consumer->head, -1);
    assert_int_equal(consumer->behind, -1);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_datastore(target);
    close_log(&log);
}

static void parked_events_are_counted(void **state)
{
    struct balances balances = { .refused = 3,
                                 .refusal = QUIPU_NOT_FOUND,
                                 .refusals = -1 };
    struct opened_log log;
    struct listed found;
    (void)state;

    open_log(&log, "parked.db");
    add_events(&log, 5);
    quipu_projection *projection =
        open_balances(&log, &balances,
                      (quipu_projection_options){
                          .attempts = 1, .on_failure = QUIPU_FAILURE_PARK });

    assert_ok(catch_up(projection, &error), &error);
    assert_ok(quipu_projection_close(projection, &error), &error);
    found = find(&log, "balances@1");
    assert_int_equal(found.consumer.parked, 1);
    assert_int_equal(found.consumer.behind, 0);
    close_log(&log);
}

static void record_beyond_the_log_is_set_back(void **state)
{
    const quipu_uuid other = { "another store..." };
    struct opened_log log;
    struct listed found;
    (void)state;

    open_log(&log, "back.db");
    add_events(&log, 2);
    set_tracked(&log, "ahead", 3);
    found = find(&log, "ahead");
    assert_int_equal(found.consumer.flags,
                     QUIPU_CONSUMER_HEAD | QUIPU_CONSUMER_SET_BACK);
    assert_int_equal(found.consumer.head, 2);
    assert_int_equal(found.consumer.behind, -1);
    assert_int_equal(found.consumer.behind_microseconds, -1);

    /* A record of another store. */
    const quipu_tracking record = {
        .consumer = quipu_bytes_of_text("stranger"),
        .log = quipu_bytes_of_text("stored_events"),
        .position = { .notification_id = 1, .store = other },
    };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .tracking = &record };

    assert_ok(quipu_records_append(log.records, &append, NULL, &error), &error);
    found = find(&log, "stranger");
    assert_true(found.consumer.flags & QUIPU_CONSUMER_SET_BACK);
    assert_int_equal(found.consumer.behind, -1);
    close_log(&log);
}

/* A failure at any call leaves nothing open, and `next` can be called again. */
static void listing_passes_failures_on(void **state)
{
    struct opened_log log;
    int failures = 0;
    (void)state;

    open_log(&log, "failing.db");
    add_events(&log, 3);
    set_tracked(&log, "one", 1);
    set_tracked(&log, "two", 2);
    for (int n = 1; n < 20; n++) {
        const quipu_consumer *consumer = NULL;
        quipu_consumers *consumers = NULL;
        int count = 0;

        interposed.status = QUIPU_IO;
        interposed.fail_at = atomic_load(&interposed.calls) + n;
        int status =
            quipu_consumers_open(log.datastore, NULL, &consumers, &error);

        if (status != QUIPU_OK) {
            assert_refused(status, QUIPU_IO, &error, "interposed failure");
            assert_null(consumers);
            failures++;
            continue;
        }
        do {
            status = quipu_consumers_next(consumers, &consumer, &error);
            if (status != QUIPU_OK) {
                assert_refused(status, QUIPU_IO, &error, "interposed failure");
                assert_null(consumer);
                failures++;
            } else if (consumer) {
                assert_int_equal(consumer->behind, 2 - count);
                count++;
            }
        } while (status != QUIPU_OK || consumer);
        assert_int_equal(count, 2);
        quipu_consumers_close(consumers);
    }
    interposed.fail_at = 0;
    print_message("%d failures\n", failures);
    assert_true(failures >= 8);
    close_log(&log);
}

/* -------------------------------------------------------------- resetting */

static void reset_moves_the_record(void **state)
{
    const int64_t targets[] = { 1, 4, 4, 0, 0, 5 };
    struct opened_log log;
    (void)state;

    open_log(&log, "reset.db");
    add_events(&log, 5);
    quipu_subscription *subscription = subscribe(&log, "mailer");

    assert_ok(take(subscription, 3), &error);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    struct listed found = find(&log, "mailer");
    const quipu_consumer *consumer = use(&found);

    for (size_t i = 0; i < 6; i++) {
        assert_ok(quipu_consumer_reset(log.datastore, NULL, consumer,
                                       targets[i], &error),
                  &error);
        assert_int_equal(tracked(log.datastore, "mailer"), targets[i]);
        found.consumer.position.notification_id = targets[i];
    }
    /* The record names store and event, so that B6 holds for it. */
    found = find(&log, "mailer");
    assert_false(quipu_uuid_is_nil(&found.consumer.position.store));
    assert_false(quipu_uuid_is_nil(&found.consumer.position.event_id));
    assert_ok(quipu_consumer_reset(log.datastore, log.datastore, use(&found), 2,
                                   &error),
              &error);
    subscription = subscribe(&log, "mailer");
    const quipu_item *item;

    assert_ok(quipu_subscription_next(subscription, &item, 0, &error), &error);
    assert_int_equal(item->notification_id, 3);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    close_log(&log);
}

/* A record that has moved since the listing is not overwritten. */
static void reset_expects_the_listed_record(void **state)
{
    struct opened_log log;
    (void)state;

    open_log(&log, "moved.db");
    add_events(&log, 5);
    set_tracked(&log, "mailer", 2);
    struct listed found = find(&log, "mailer");

    set_tracked(&log, "mailer", 3);
    assert_refused(
        quipu_consumer_reset(log.datastore, NULL, use(&found), 1, &error),
        QUIPU_CONFLICT, &error, "expected at notification 2, but it is at 3");
    assert_refused(quipu_consumer_remove(log.datastore, use(&found), &error),
                   QUIPU_CONFLICT, &error,
                   "expected at notification 2, but it is at 3");
    assert_int_equal(tracked(log.datastore, "mailer"), 3);
    /* A consumer without a record, that has one now. */
    found.consumer.position.notification_id = 0;
    assert_refused(
        quipu_consumer_reset(log.datastore, NULL, use(&found), 1, &error),
        QUIPU_CONFLICT, &error, "expected at notification 0, but it is at 3");
    close_log(&log);
}

static void running_subscription_notices_a_reset(void **state)
{
    const int64_t targets[] = { 1, 0, 4 };
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        struct opened_log log;
        char name[32];

        (void)snprintf(name, sizeof(name), "running-%zu.db", i);
        open_log(&log, name);
        add_events(&log, 8);
        quipu_subscription *subscription = subscribe(&log, "mailer");

        assert_ok(take(subscription, 3), &error);
        struct listed found = find(&log, "mailer");

        assert_ok(quipu_consumer_reset(log.datastore, NULL, use(&found),
                                       targets[i], &error),
                  &error);
        assert_refused(take(subscription, 1), QUIPU_CONFLICT, &error,
                       "another process uses the same consumer");
        assert_int_equal(tracked(log.datastore, "mailer"), targets[i]);
        /* Closing it writes nothing either. */
        (void)quipu_subscription_close(subscription, &error);
        assert_int_equal(tracked(log.datastore, "mailer"), targets[i]);
        close_log(&log);
    }
}

static void reset_needs_an_item_of_the_log(void **state)
{
    struct opened_log log;
    quipu_datastore *other;
    (void)state;

    open_log(&log, "items.db");
    add_events(&log, 5);
    set_tracked(&log, "mailer", 3);
    struct listed found = find(&log, "mailer");

    other = open_file("nothing.db");
    assert_status(
        quipu_consumer_reset(log.datastore, NULL, use(&found), 6, &error),
        QUIPU_NOT_FOUND);
    assert_refused(
        quipu_consumer_reset(log.datastore, other, use(&found), 1, &error),
        QUIPU_NOT_FOUND, &error, "the datastore has no log \"stored_events\"");
    assert_int_equal(tracked(log.datastore, "mailer"), 3);
    /* Removing the record needs no log. */
    assert_ok(
        quipu_consumer_reset(log.datastore, other, use(&found), 0, &error),
        &error);
    assert_int_equal(tracked(log.datastore, "mailer"), 0);
    close_datastore(other);
    close_log(&log);
}

static void projection_is_not_reset_without_its_read_model(void **state)
{
    struct balances balances = { .refused = 0 };
    struct opened_log log;
    (void)state;

    open_log(&log, "kept.db");
    add_events(&log, 5);
    quipu_projection *projection = open_balances(
        &log, &balances, (quipu_projection_options){ .target = NULL });

    assert_ok(catch_up(projection, &error), &error);
    assert_ok(quipu_projection_close(projection, &error), &error);
    struct listed found = find(&log, "balances@1");

    found.consumer.flags = 0; /* the flag is not trusted */
    for (int64_t id = 0; id < 6; id += 5) {
        assert_refused(
            quipu_consumer_reset(log.datastore, NULL, use(&found), id, &error),
            QUIPU_INVALID, &error, "quipu_projection_reset");
    }
    /* A projection without `create` is one, too. */
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = &balances };

    assert_ok(quipu_projection_open(log.store, &plain_type, &options,
                                    &projection, &error),
              &error);
    assert_ok(quipu_projection_close(projection, &error), &error);
    set_tracked(&log, "plain@2", 2);
    found = find(&log, "plain@2");
    assert_true(found.consumer.flags & QUIPU_CONSUMER_PROJECTION);
    assert_refused(
        quipu_consumer_reset(log.datastore, NULL, use(&found), 1, &error),
        QUIPU_INVALID, &error, "quipu_projection_reset");
    assert_int_equal(tracked(log.datastore, "balances@1"), 5);
    assert_int_equal(tracked(log.datastore, "plain@2"), 2);
    close_log(&log);
}

/* Another process opens a projection. */
static void open_projection_meanwhile(void)
{
    const quipu_projection_options options = { .struct_size = sizeof(options) };
    quipu_projection *projection;
    struct opened_log log;

    open_log(&log, "raced.db");
    assert_ok(quipu_projection_open(log.store, &plain_type, &options,
                                    &projection, &error),
              &error);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
}

static void projection_that_opens_meanwhile_is_not_reset(void **state)
{
    struct opened_log log;
    (void)state;

    open_log(&log, "raced.db");
    add_events(&log, 5);
    set_tracked(&log, "plain@2", 3);
    struct listed found = find(&log, "plain@2");

    assert_int_equal(found.consumer.flags, QUIPU_CONSUMER_HEAD);
    interposed.before_append = open_projection_meanwhile;
    assert_refused(
        quipu_consumer_reset(log.datastore, NULL, use(&found), 1, &error),
        QUIPU_CONFLICT, &error, "\"quipu/projection/plain@2\"");
    assert_int_equal(tracked(log.datastore, "plain@2"), 3);
    close_log(&log);
}

/* --------------------------------------------------------------- removing */

/* Opens a projection that has parked event 3 of 5. */
static quipu_projection *project_with_parked(struct opened_log *log,
                                             struct balances *balances,
                                             const char *file)
{
    *balances = (struct balances){ .refused = 3,
                                   .refusal = QUIPU_NOT_FOUND,
                                   .refusals = -1 };
    open_log(log, file);
    add_events(log, 5);
    quipu_projection *projection =
        open_balances(log, balances,
                      (quipu_projection_options){
                          .attempts = 1, .on_failure = QUIPU_FAILURE_PARK });

    assert_ok(catch_up(projection, &error), &error);
    return projection;
}

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
    struct listed found = find(&log, "balances@1");

    assert_int_equal(found.consumer.parked, 1);
    assert_ok(quipu_consumer_remove(log.datastore, use(&found), &error),
              &error);
    assert_int_equal(list(log.datastore, NULL, left, 2), 1);
    assert_string_equal(left[0].name, "balances@10");
    assert_int_equal(tracked(log.datastore, "balances@10"), 4);
    /* A subscription, and a consumer that is not there. */
    assert_ok(quipu_consumer_remove(log.datastore, use(&left[0]), &error),
              &error);
    assert_int_equal(list(log.datastore, NULL, left, 2), 0);
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
    struct listed found = find(&log, "balances@1");

    assert_ok(quipu_consumer_remove(log.datastore, use(&found), &error),
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
    struct listed found = find(&log, "balances@1");

    assert_ok(quipu_consumer_remove(log.datastore, use(&found), &error),
              &error);
    add_events(&log, 4);
    for (int again = 0; again < 3; again++) {
        assert_refused(catch_up(projection, &error), QUIPU_CONFLICT, &error,
                       "\"balances@1\" was removed from the store");
    }
    assert_refused(quipu_projection_run(projection, &error), QUIPU_CONFLICT,
                   &error, "was removed from the store");
    assert_int_equal(list(log.datastore, NULL, left, 1), 0);
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
        struct listed found = find(&log, "balances@1");

        assert_ok(quipu_consumer_remove(log.datastore, use(&found), &error),
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

/* The projection that another thread steps while a consumer is removed. */
static struct {
    quipu_projection *projection;
    struct opened_log *log;
} stepped;

static void step_meanwhile(void)
{
    add_events(stepped.log, 1);
    assert_ok(catch_up(stepped.projection, &error), &error);
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
    stepped.projection = projection;
    stepped.log = &log;
    found = find(&log, "balances@1");
    quipu_datastore *operator= NULL;

    assert_ok(quipu_datastore_open("interposed:///beside.db", NULL,
                                   &operator, & error),
              &error);
    interposed.before_append = step_meanwhile;
    assert_refused(quipu_consumer_remove(operator, use(&found), &error),
                   QUIPU_CONFLICT, &error,
                   "expected at notification 5, but it is at 6");
    assert_int_equal(tracked(log.datastore, "balances@1"), 6);
    found = find(&log, "balances@1");
    assert_true(found.consumer.flags & QUIPU_CONSUMER_PROJECTION);
    assert_int_equal(found.consumer.parked, 1);
    close_datastore(operator);
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
        found = find(&log, "balances@1");
        interposed.status = statuses[n % 3];
        interposed.appends_only = n % 3 == 2;
        interposed.after = n % 3 == 2 && n % 2 == 0;
        interposed.fail_at = atomic_load(&interposed.calls) + 1 + n / 3;
        int status = quipu_consumer_remove(log.datastore, use(&found), &error);
        bool removed = status == QUIPU_OK;

        interposed.fail_at = 0;
        if (status != QUIPU_OK) {
            struct listed left[1];
            size_t count = list(log.datastore, NULL, left, 1);

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

/* ----------------------------------------------------------------- groups */

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
    struct listed found = find(&log, "balances@1");

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
    assert_refused(
        quipu_consumer_reset(log.datastore, NULL, use(&found), 1, &error),
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
    struct listed found = find(&log, "balances@1");

    assert_ok(quipu_consumer_remove(log.datastore, use(&found), &error),
              &error);
    assert_int_equal(list(log.datastore, NULL, left, 1), 0);
    add_events(&log, 4);
    assert_refused(quipu_projection_run(projection, &error), QUIPU_CONFLICT,
                   &error, "was removed");
    /* Between two looks at the group it is a member without partitions. */
    for (int again = 0; again < 3; again++) {
        (void)catch_up(projection, &error);
    }
    assert_int_equal(list(log.datastore, NULL, left, 1), 0);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    assert_read_model("gone.db", 9, NULL);
}

static void removal_beside_a_group_is_refused(void **state)
{
    struct balances balances = { .refused = 0 };
    struct opened_log log;
    struct listed found;
    quipu_datastore *operator= NULL;
    (void)state;

    open_log(&log, "group-beside.db");
    add_events(&log, 5);
    quipu_projection *projection = join(&log, &balances);

    /* Progress between the listing and the removal. */
    found = find(&log, "balances@1");
    add_events(&log, 1);
    assert_ok(catch_up(projection, &error), &error);
    assert_refused(quipu_consumer_remove(log.datastore, use(&found), &error),
                   QUIPU_CONFLICT, &error,
                   "expected at notification 5, but it is at 6");
    /* Progress between the reads and the commit of the removal. */
    stepped.projection = projection;
    stepped.log = &log;
    found = find(&log, "balances@1");
    assert_ok(quipu_datastore_open("interposed:///group-beside.db", NULL,
                                   &operator, & error),
              &error);
    interposed.before_append = step_meanwhile;
    assert_refused(quipu_consumer_remove(operator, use(&found), &error),
                   QUIPU_CONFLICT, &error,
                   "\"quipu/group/balances@1/partition/");
    found = find(&log, "balances@1");
    assert_int_equal(found.consumer.position.notification_id, 7);
    assert_int_equal(found.consumer.flags, QUIPU_CONSUMER_PROJECTION |
                                               QUIPU_CONSUMER_GROUP |
                                               QUIPU_CONSUMER_HEAD);
    close_datastore(operator);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    assert_read_model("group-beside.db", 7, NULL);
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
    assert_int_equal(
        find(&log, "plain@2").consumer.flags & QUIPU_CONSUMER_SHOWN, 0);
    assert_ok(quipu_projection_promote(projections[1], 3, &error), &error);
    assert_int_equal(
        find(&log, "plain@2").consumer.flags & QUIPU_CONSUMER_SHOWN, 0);
    found = find(&log, "plain@12");
    assert_true(found.consumer.flags & QUIPU_CONSUMER_SHOWN);
    assert_ok(quipu_consumer_remove(log.datastore, use(&found), &error),
              &error);
    assert_ok(quipu_projection_shown(log.datastore, "plain", &version, &error),
              &error);
    assert_int_equal(version, 0);
    /* The removal of another version leaves the entry. */
    assert_ok(quipu_projection_promote(projections[0], 3, &error), &error);
    found = find(&log, "plain@2");
    found.name[6] = '1';
    (void)quipu_consumer_remove(log.datastore, use(&found), &error);
    assert_ok(quipu_projection_shown(log.datastore, "plain", &version, &error),
              &error);
    assert_int_equal(version, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(quipu_projection_close(projections[i], &error), &error);
    }
    close_log(&log);
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
    assert_int_equal(list(log.datastore, NULL, found, 1), 1);
    assert_string_equal(found[0].name, "invoices");
    assert_null(found[0].consumer.log);
    assert_int_equal(found[0].consumer.flags, QUIPU_CONSUMER_GROUP);
    assert_int_equal(found[0].consumer.partition_count, 4);
    assert_int_equal(found[0].consumer.behind, -1);
    assert_status(
        quipu_consumer_reset(log.datastore, NULL, use(&found[0]), 1, &error),
        QUIPU_INVALID);
    /* It gets no record beside its entries. */
    const quipu_consumer made = { .name = "invoices", .log = "stored_events" };

    assert_refused(quipu_consumer_reset(log.datastore, NULL, &made, 1, &error),
                   QUIPU_CONFLICT, &error, "quipu/group/invoices/settings");
    assert_int_equal(tracked(log.datastore, "invoices"), 0);
    assert_ok(quipu_consumer_remove(log.datastore, use(&found[0]), &error),
              &error);
    assert_int_equal(list(log.datastore, NULL, found, 1), 0);
    (void)quipu_group_close(group, &error);
    close_log(&log);
}

/* --------------------------------------------------------------- mistakes */

static void stores_without_entries_or_records_say_so(void **state)
{
    struct opened_log log;
    quipu_consumers *consumers = NULL;
    quipu_datastore *bare = NULL;
    struct listed found[2];
    (void)state;

    open_log(&log, "bare.db");
    add_events(&log, 3);
    set_tracked(&log, "mailer", 2);
    interposed.without = QUIPU_CAN_ENTRIES;
    assert_ok(
        quipu_datastore_open("interposed:///bare.db", NULL, &bare, &error),
        &error);
    assert_int_equal(list(bare, NULL, found, 2), 1);
    assert_int_equal(found[0].consumer.behind, 1);
    assert_int_equal(found[0].consumer.parked, 0);
    assert_refused(quipu_consumer_reset(bare, NULL, use(&found[0]), 1, &error),
                   QUIPU_UNSUPPORTED, &error,
                   "keeps no key-value entries, and therefore moves no "
                   "tracking record backwards");
    assert_status(quipu_consumer_remove(bare, use(&found[0]), &error),
                  QUIPU_UNSUPPORTED);
    close_datastore(bare);
    interposed.without = QUIPU_CAN_TRACK;
    assert_ok(
        quipu_datastore_open("interposed:///bare.db", NULL, &bare, &error),
        &error);
    assert_refused(quipu_consumers_open(bare, NULL, &consumers, &error),
                   QUIPU_UNSUPPORTED, &error, "keeps no tracking records");
    assert_null(consumers);
    close_datastore(bare);
    interposed.without = QUIPU_CAN_LOG;
    assert_ok(
        quipu_datastore_open("interposed:///bare.db", NULL, &bare, &error),
        &error);
    assert_int_equal(list(log.datastore, bare, found, 2), 1);
    assert_int_equal(found[0].consumer.head, -1);
    close_datastore(bare);
    interposed.without = 0;
    assert_int_equal(tracked(log.datastore, "mailer"), 2);
    close_log(&log);
}

static void read_only_store_is_not_changed(void **state)
{
    struct opened_log log;
    quipu_datastore *readonly;
    (void)state;

    open_log(&log, "readonly.db");
    add_events(&log, 3);
    set_tracked(&log, "mailer", 2);
    assert_ok(quipu_datastore_open("interposed:///readonly.db?readonly=yes",
                                   NULL, &readonly, &error),
              &error);
    struct listed found = find(&log, "mailer");

    assert_status(quipu_consumer_reset(readonly, NULL, use(&found), 1, &error),
                  QUIPU_DENIED);
    assert_status(quipu_consumer_remove(readonly, use(&found), &error),
                  QUIPU_DENIED);
    close_datastore(readonly);
    close_log(&log);
}

static void wrong_arguments_are_refused(void **state)
{
    quipu_consumer consumer = { .name = "mailer", .log = "stored_events" };
    const quipu_consumer *found = NULL;
    quipu_consumers *consumers = NULL;
    struct opened_log log;
    char name[300];
    (void)state;

    open_log(&log, "wrong.db");
    add_events(&log, 2);
    assert_refused(quipu_consumers_open(NULL, NULL, &consumers, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_refused(quipu_consumers_open(log.datastore, NULL, NULL, &error),
                   QUIPU_INVALID, &error, "consumers is NULL");
    assert_ok(quipu_consumers_open(log.datastore, NULL, &consumers, &error),
              &error);
    assert_refused(quipu_consumers_next(consumers, NULL, &error), QUIPU_INVALID,
                   &error, "consumer is NULL");
    assert_refused(quipu_consumers_next(NULL, &found, &error), QUIPU_INVALID,
                   &error, "consumers is NULL");
    quipu_consumers_close(consumers);
    quipu_consumers_close(NULL);

    assert_status(quipu_consumer_reset(NULL, NULL, &consumer, 0, &error),
                  QUIPU_INVALID);
    assert_status(quipu_consumer_reset(log.datastore, NULL, NULL, 0, &error),
                  QUIPU_INVALID);
    assert_status(quipu_consumer_remove(NULL, &consumer, &error),
                  QUIPU_INVALID);
    assert_status(quipu_consumer_remove(log.datastore, NULL, &error),
                  QUIPU_INVALID);
    assert_refused(
        quipu_consumer_reset(log.datastore, NULL, &consumer, -1, &error),
        QUIPU_INVALID, &error, "notification_id is negative");
    consumer.position.notification_id = -1;
    assert_refused(
        quipu_consumer_reset(log.datastore, NULL, &consumer, 0, &error),
        QUIPU_INVALID, &error, "position of the consumer is negative");
    consumer.position.notification_id = 0;
    consumer.log = NULL;
    assert_refused(
        quipu_consumer_reset(log.datastore, NULL, &consumer, 0, &error),
        QUIPU_INVALID, &error, "consumer->log is NULL");
    consumer.log = "stored_events";
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    const char *const names[] = { NULL, "", name, "\xff" };

    for (size_t i = 0; i < 4; i++) {
        consumer.name = names[i];
        consumer.log = "stored_events";
        assert_refused(
            quipu_consumer_reset(log.datastore, NULL, &consumer, 1, &error),
            QUIPU_INVALID, &error, "consumer->name");
        assert_status(quipu_consumer_remove(log.datastore, &consumer, &error),
                      QUIPU_INVALID);
        consumer.name = "mailer";
        consumer.log = names[i];
        assert_refused(
            quipu_consumer_reset(log.datastore, NULL, &consumer, 1, &error),
            QUIPU_INVALID, &error, "consumer->log");
    }
    /* A name that is too long for entries has none. */
    name[255] = '\0';
    consumer.name = name;
    consumer.log = "stored_events";
    set_tracked(&log, name, 2);
    consumer.position.notification_id = 2;
    assert_ok(quipu_consumer_reset(log.datastore, NULL, &consumer, 1, &error),
              &error);
    consumer.position.notification_id = 1;
    assert_ok(quipu_consumer_remove(log.datastore, &consumer, &error), &error);
    assert_int_equal(tracked(log.datastore, name), 0);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_store_has_no_consumers),
        cmocka_unit_test(subscription_is_listed_with_its_lag),
        cmocka_unit_test(age_comes_from_column_or_envelope),
        cmocka_unit_test(log_may_be_in_another_datastore),
        cmocka_unit_test(parked_events_are_counted),
        cmocka_unit_test(record_beyond_the_log_is_set_back),
        cmocka_unit_test(listing_passes_failures_on),
        cmocka_unit_test(reset_moves_the_record),
        cmocka_unit_test(reset_expects_the_listed_record),
        cmocka_unit_test(running_subscription_notices_a_reset),
        cmocka_unit_test(reset_needs_an_item_of_the_log),
        cmocka_unit_test(projection_is_not_reset_without_its_read_model),
        cmocka_unit_test(projection_that_opens_meanwhile_is_not_reset),
        cmocka_unit_test(removal_takes_all_of_a_consumer),
        cmocka_unit_test(removed_projection_is_built_again),
        cmocka_unit_test(running_projection_notices_its_removal),
        cmocka_unit_test(removal_is_noticed_beside_failures),
        cmocka_unit_test(removal_beside_a_commit_is_refused),
        cmocka_unit_test(removal_is_one_commit),
        cmocka_unit_test(group_is_listed_with_its_members),
        cmocka_unit_test(running_group_notices_its_removal),
        cmocka_unit_test(removal_beside_a_group_is_refused),
        cmocka_unit_test(shown_version_is_listed_and_removed),
        cmocka_unit_test(group_of_a_loop_is_listed_and_removed),
        cmocka_unit_test(stores_without_entries_or_records_say_so),
        cmocka_unit_test(read_only_store_is_not_changed),
        cmocka_unit_test(wrong_arguments_are_refused),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
