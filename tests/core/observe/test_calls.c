/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what the observer and the metrics are told of each operation on a back
 * end, DRIVER. */
#include "exposition.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include <quipu/id.h>

#include "core/domain/app_fixture.h"

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define SERIES(name) name "{driver=\"" DRIVER "\","

static quipu_error error;

/* ---------------------------------------------------------------- recorder */

#define SEEN_MOST 256

/* A call of the observer; texts are copied. */
struct seen {
    bool is_end;
    quipu_call_info info;
    char schema[64];
    char consumer[64];
    char parent[64];
};

static struct seen seen[SEEN_MOST];
static size_t seen_count;

static void copy_bytes(char to[64], quipu_bytes from)
{
    (void)snprintf(to, 64, "%.*s", (int)from.size,
                   from.data ? (const char *)from.data : "");
}

static void note(const quipu_call_info *call, bool is_end)
{
    assert_true(seen_count < SEEN_MOST);
    struct seen *at = &seen[seen_count++];

    at->is_end = is_end;
    at->info = *call;
    (void)snprintf(at->schema, sizeof(at->schema), "%s",
                   call->schema ? call->schema : "");
    copy_bytes(at->consumer, call->consumer);
    copy_bytes(at->parent, call->traceparent);
}

static void *began(void *context, const quipu_call_info *call)
{
    assert_ptr_equal(context, seen);
    note(call, false);
    return &seen[seen_count - 1];
}

static void ended(void *context, const quipu_call_info *call)
{
    assert_ptr_equal(context, seen);
    note(call, true);
}

static const quipu_observer recorder = { .struct_size = sizeof(recorder),
                                         .began = began,
                                         .ended = ended,
                                         .context = seen };

static void observe(void)
{
    seen_count = 0;
    assert_ok(quipu_observer_set(&recorder, &error), &error);
}

static void observe_no_longer(void)
{
    assert_ok(quipu_observer_set(NULL, &error), &error);
}

/* The n-th end of an operation since `observe`; its beginning has been seen,
 * too. */
static const struct seen *end_of(enum quipu_call_operation operation,
                                 int number)
{
    for (size_t i = 0; i < seen_count; i++) {
        if (seen[i].is_end && seen[i].info.operation == (int)operation &&
            number-- == 1) {
            const struct seen *begin = seen[i].info.span;

            assert_non_null(begin);
            assert_false(begin->is_end);
            assert_int_equal(begin->info.operation, operation);
            assert_string_equal(seen[i].info.driver, DRIVER);
            assert_true(seen[i].info.nanoseconds > 0);
            return &seen[i];
        }
    }
    fail_msg("no such call was observed");
    return NULL;
}

static size_t count_ends(enum quipu_call_operation operation)
{
    size_t count = 0;

    for (size_t i = 0; i < seen_count; i++) {
        count += seen[i].is_end && seen[i].info.operation == (int)operation;
    }
    return count;
}

/* ---------------------------------------------------------------- the store */

/* An empty store, in a namespace of its own. */
static void open_store(struct app *app, const char *name)
{
    static const struct {
        const char *driver;
        const char *uri;
    } uris[] = { { "sqlite", "sqlite:///observed.db?namespace=" },
                 { "lmdb", "lmdb:///observed?namespace=" },
                 { "postgres", "postgres:///quipu?namespace=" } };
    char uri[128] = "";

    for (size_t i = 0; i < 3; i++) {
        if (strcmp(uris[i].driver, DRIVER) == 0) {
            (void)snprintf(uri, sizeof(uri), "%s%s", uris[i].uri, name);
        }
    }
    app_open_uri(app, uri, 0);
}

static void close_store(struct app *app)
{
    observe_no_longer();
    quipu_metrics_enable(false);
    app_close(app);
}

/* Appends events of a new aggregate, with a traceparent in their metadata. */
static int append_traced(struct app *app, const quipu_id *id, int64_t version,
                         size_t count)
{
    struct note_written events[8];
    const quipu_event *pointers[8];
    quipu_metadata *metadata;

    assert_ok(quipu_metadata_create(&metadata, &error), &error);
    assert_ok(quipu_metadata_set(metadata, "alpha", "x", &error), &error);
    assert_ok(quipu_metadata_set(metadata, "traceparent", PARENT, &error),
              &error);
    for (size_t i = 0; i < count; i++) {
        events[i] = (struct note_written){ .text = "milk" };
        quipu_event_init(&events[i].base, &note_written, id,
                         version + (int64_t)i);
        assert_ok(
            quipu_metadata_encode(metadata, &events[i].base.metadata, &error),
            &error);
        pointers[i] = &events[i].base;
    }
    int status = quipu_store_append(app->store, pointers, count, NULL, &error);

    quipu_metadata_destroy(metadata);
    return status;
}

/* ------------------------------------------------------------------ appends */

static void append_is_observed(void **state)
{
    struct app app;
    quipu_id id = uuid_id();

    (void)state;
    open_store(&app, "append");
    observe();
    assert_ok(append_traced(&app, &id, 0, 3), &error);
    const struct seen *end = end_of(QUIPU_OPERATION_APPEND, 1);

    assert_int_equal(seen_count, 2);
    assert_string_equal(end->info.operation_name, "append");
    assert_string_equal(end->schema, app.schema.table);
    assert_string_equal(end->consumer, "");
    assert_string_equal(end->parent, PARENT);
    assert_string_equal(seen[0].parent, PARENT);
    assert_int_equal(end->info.status, QUIPU_OK);
    assert_int_equal(end->info.items, 3);
    assert_true(end->info.bytes > 3 * strlen(PARENT));
    assert_int_equal(end->info.group, 1);
    assert_int_equal(end->info.attempt, 0);
    assert_true(end->info.queued_nanoseconds > 0);
    assert_true(end->info.queued_nanoseconds < end->info.nanoseconds);
    close_store(&app);
}

static void conflict_is_observed_with_its_cause(void **state)
{
    struct app app;
    quipu_id id = uuid_id();

    (void)state;
    open_store(&app, "conflict");
    quipu_metrics_enable(true);
    assert_ok(append_traced(&app, &id, 0, 1), &error);
    observe();
    assert_status(append_traced(&app, &id, 0, 1), QUIPU_CONFLICT);
    assert_int_equal(end_of(QUIPU_OPERATION_APPEND, 1)->info.status,
                     QUIPU_CONFLICT);
    assert_int_equal(end_of(QUIPU_OPERATION_APPEND, 1)->info.cause,
                     QUIPU_CAUSE_POSITION);
    struct exposition *exposition = exposition_read();

    assert_int_equal(
        exposition_value(exposition,
                         SERIES("quipu_conflicts_total") "cause=\"position\"}"),
        1);
    exposition_free(exposition);
    close_store(&app);
}

static int answer(void *native, void *context, quipu_error *cause)
{
    const int *status = context;

    (void)native;
    return *status == QUIPU_OK ? QUIPU_OK
                               : quipu_error_set(cause, *status, "as told");
}

static void transaction_is_observed(void **state)
{
    quipu_append append = { .struct_size = sizeof(append) };
    struct app app;
    int status = QUIPU_OK;

    (void)state;
    open_store(&app, "transact");
    observe();
    assert_ok(quipu_records_transact(quipu_store_records(app.store), &append,
                                     answer, &status, NULL, &error),
              &error);
    status = 4711;
    assert_int_equal(quipu_records_transact(quipu_store_records(app.store),
                                            &append, answer, &status, NULL,
                                            &error),
                     4711);
    assert_int_equal(seen_count, 4);
    assert_int_equal(end_of(QUIPU_OPERATION_TRANSACT, 1)->info.status,
                     QUIPU_OK);
    assert_int_equal(end_of(QUIPU_OPERATION_TRANSACT, 2)->info.status, 4711);
    close_store(&app);
}

static void refused_arguments_are_not_observed(void **state)
{
    quipu_append append = { .struct_size = sizeof(append) };
    struct app app;

    (void)state;
    open_store(&app, "invalid");
    observe();
    assert_status(quipu_records_append(quipu_store_records(app.store), &append,
                                       NULL, &error),
                  QUIPU_INVALID);
    assert_int_equal(seen_count, 0);
    close_store(&app);
}

/* -------------------------------------------------------------------- reads */

static void pause_of(long milliseconds)
{
    const struct timespec time = { .tv_nsec = milliseconds * 1000000 };

    nanosleep(&time, NULL);
}

static void cursor_is_observed_until_it_is_closed(void **state)
{
    const quipu_item *item;
    quipu_cursor *cursor;
    struct app app;
    quipu_id id = uuid_id();
    uint64_t bytes = 0;

    (void)state;
    open_store(&app, "read");
    assert_ok(append_traced(&app, &id, 0, 3), &error);
    observe();
    assert_ok(quipu_records_read_log(quipu_store_records(app.store), NULL,
                                     &cursor, &error),
              &error);
    do {
        assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
        bytes += item ? item->state.size + item->metadata.size : 0;
        pause_of(30); /* of the program, not of quipu */
    } while (item);
    assert_int_equal(count_ends(QUIPU_OPERATION_READ), 0);
    quipu_cursor_close(cursor);
    const struct seen *end = end_of(QUIPU_OPERATION_READ, 1);

    assert_int_equal(seen_count, 2);
    assert_string_equal(end->schema, app.schema.table);
    assert_int_equal(end->info.items, 3);
    assert_int_equal(end->info.bytes, bytes);
    assert_int_equal(end->info.status, QUIPU_OK);
    assert_true(end->info.nanoseconds < 90 * INT64_C(1000000));
    close_store(&app);
}

static void single_values_and_listings_are_reads(void **state)
{
    quipu_position position;
    quipu_schemas *schemas;
    struct app app;

    (void)state;
    open_store(&app, "values");
    observe();
    assert_ok(
        quipu_records_head(quipu_store_records(app.store), &position, &error),
        &error);
    assert_status(
        quipu_tracking_read(app.datastore, "nobody", "log", &position, &error),
        QUIPU_NOT_FOUND);
    assert_ok(quipu_schemas_open(app.datastore, &schemas, &error), &error);
    quipu_schemas_close(schemas);
    assert_int_equal(count_ends(QUIPU_OPERATION_READ), 3);
    assert_int_equal(end_of(QUIPU_OPERATION_READ, 2)->info.status,
                     QUIPU_NOT_FOUND);
    assert_string_equal(end_of(QUIPU_OPERATION_READ, 1)->schema,
                        app.schema.table);
    assert_string_equal(end_of(QUIPU_OPERATION_READ, 3)->schema, "");
    close_store(&app);
}

static void wait_is_observed(void **state)
{
    struct app app;
    int64_t head;

    (void)state;
    open_store(&app, "wait");
    observe();
    assert_status(quipu_records_wait(quipu_store_records(app.store), 0, 40,
                                     &head, &error),
                  QUIPU_TIMEOUT);
    const struct seen *end = end_of(QUIPU_OPERATION_WAIT, 1);

    assert_int_equal(end->info.status, QUIPU_TIMEOUT);
    assert_true(end->info.nanoseconds >= 35 * INT64_C(1000000));
    close_store(&app);
}

/* -------------------------------------------------------------------- units */

struct job {
    struct app *app;
    quipu_id id;
    int conflicts;
};

static int add_one(quipu_unit *unit, void *context, quipu_error *cause)
{
    struct job *job = context;
    struct tally *tally =
        quipu_unit_get(unit, job->app->tallies, &job->id, cause);

    if (!tally) {
        return cause->code;
    }
    if (job->conflicts-- > 0) {
        struct tally *other =
            quipu_repository_get(job->app->tallies, &job->id, &error);

        assert_non_null(other);
        assert_ok(tally_add(other, 10, &error), &error);
        quipu_aggregate_destroy(other);
    }
    return tally_add(tally, 1, cause);
}

static void attempts_of_a_unit_are_observed(void **state)
{
    struct app app;
    struct job job = { .app = &app, .conflicts = 1 };
    struct tally *tally;

    (void)state;
    open_store(&app, "unit");
    quipu_metrics_enable(true);
    tally = quipu_repository_create(app.tallies, NULL, &error);
    assert_non_null(tally);
    assert_ok(tally_add(tally, 100, &error), &error);
    job.id = tally->base.id;
    quipu_aggregate_destroy(tally);
    observe();
    assert_ok(quipu_unit_run(app.store, NULL, add_one, &job, NULL, &error),
              &error);
    const struct seen *first = end_of(QUIPU_OPERATION_UNIT, 1);
    const struct seen *second = end_of(QUIPU_OPERATION_UNIT, 2);

    assert_int_equal(count_ends(QUIPU_OPERATION_UNIT), 2);
    assert_int_equal(first->info.attempt, 1);
    assert_int_equal(first->info.status, QUIPU_CONFLICT);
    assert_int_equal(second->info.attempt, 2);
    assert_int_equal(second->info.status, QUIPU_OK);
    /* The append of the other writer, and the two of the unit. */
    assert_int_equal(count_ends(QUIPU_OPERATION_APPEND), 3);
    assert_true(end_of(QUIPU_OPERATION_APPEND, 2) < first);
    assert_true(end_of(QUIPU_OPERATION_APPEND, 2) >
                (const struct seen *)first->info.span);
    struct exposition *exposition = exposition_read();

    assert_int_equal(
        exposition_value(exposition,
                         SERIES("quipu_retries_total") "operation=\"unit\","
                                                       "status=\"CONFLICT\"}"),
        1);
    exposition_free(exposition);
    close_store(&app);
}

/* --------------------------------------------------------------- consumers */

static int refusals;

static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *cause)
{
    (void)native;
    (void)context;
    (void)event;
    (void)item;
    return refusals-- > 0 ? quipu_error_set(cause, QUIPU_NOT_FOUND, "not yet")
                          : QUIPU_OK;
}

static const quipu_projection_handler handlers[] = {
    { .event = &note_written, .apply = apply },
    { .event = NULL },
};
static const quipu_projection_type projection_type = { .name = "notes",
                                                       .version = 3,
                                                       .handlers = handlers };

static double gauge(const char *name, const char *consumer)
{
    struct exposition *exposition = exposition_read();
    char series[160];

    (void)snprintf(series, sizeof(series),
                   "%s{driver=\"" DRIVER "\",consumer=\"%s\",log=\"", name,
                   consumer);
    double value = exposition_sum(exposition, series);

    exposition_free(exposition);
    return value;
}

static void projection_is_observed_and_its_lag_shown(void **state)
{
    quipu_projection *projection;
    struct app app;
    quipu_id id = uuid_id();
    bool caught_up = false;

    (void)state;
    open_store(&app, "project");
    assert_ok(append_traced(&app, &id, 0, 2), &error);
    assert_ok(quipu_projection_open(app.store, &projection_type, NULL,
                                    &projection, &error),
              &error);
    assert_true(gauge("quipu_consumer_lag_items", "notes@3") == 2);
    observe();
    refusals = 1;
    assert_status(quipu_projection_step(projection, NULL, &error),
                  QUIPU_NOT_FOUND);
    const struct seen *end = end_of(QUIPU_OPERATION_PROJECT, 1);

    assert_int_equal(end->info.status, QUIPU_NOT_FOUND);
    assert_string_equal(end->consumer, "notes@3");
    assert_string_equal(end->parent, PARENT);
    assert_string_equal(end->schema, app.schema.table);
    assert_int_equal(end->info.attempt, 1);
    assert_true(gauge("quipu_consumer_lag_seconds", "notes@3") > 0);
    while (!caught_up) {
        assert_ok(quipu_projection_step(projection, &caught_up, &error),
                  &error);
    }
    end = end_of(QUIPU_OPERATION_PROJECT, 2);
    assert_int_equal(end->info.status, QUIPU_OK);
    assert_int_equal(end->info.attempt, 2);
    /* The transaction is inside. */
    assert_true(end_of(QUIPU_OPERATION_TRANSACT, 2) < end);
    assert_string_equal(end_of(QUIPU_OPERATION_TRANSACT, 2)->consumer,
                        "notes@3");
    uint64_t items = 0;

    for (int i = 2; (size_t)i <= count_ends(QUIPU_OPERATION_PROJECT); i++) {
        items += end_of(QUIPU_OPERATION_PROJECT, i)->info.items;
    }
    assert_int_equal(items, 2);
    assert_true(gauge("quipu_consumer_lag_items", "notes@3") == 0);
    assert_true(gauge("quipu_consumer_lag_seconds", "notes@3") == 0);
    assert_true(gauge("quipu_consumer_position", "notes@3") == 2);
    assert_ok(quipu_projection_close(projection, &error), &error);
    assert_true(gauge("quipu_consumer_position", "notes@3") == 0);
    close_store(&app);
}

static void lag_of_a_subscription_is_shown(void **state)
{
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = "a \"mailer\"" };
    const quipu_item *item;
    quipu_subscription *subscription;
    quipu_subscription *unnamed;
    struct app app;
    quipu_id id = uuid_id();

    (void)state;
    open_store(&app, "subscribe");
    assert_ok(append_traced(&app, &id, 0, 4), &error);
    assert_ok(quipu_subscription_open_events(app.store, &options, &subscription,
                                             &error),
              &error);
    assert_ok(quipu_subscription_open_events(app.store, NULL, &unnamed, &error),
              &error);
    assert_true(gauge("quipu_consumer_lag_items", "a \\\"mailer\\\"") == 4);
    assert_true(gauge("quipu_consumer_lag_items", "") == 4);
    for (int i = 0; i < 3; i++) {
        assert_ok(quipu_subscription_next(subscription, &item, 1000, &error),
                  &error);
        assert_ok(quipu_subscription_acknowledge(subscription, &error), &error);
    }
    assert_true(gauge("quipu_consumer_lag_items", "a \\\"mailer\\\"") == 1);
    assert_true(gauge("quipu_consumers", "a \\\"mailer\\\"") == 1);
    assert_ok(quipu_subscription_close(unnamed, &error), &error);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    assert_true(gauge("quipu_consumers", "a \\\"mailer\\\"") == 0);
    close_store(&app);
}

/* ------------------------------------------------------------------ threads */

#define THREADS 8
#define APPENDS 40

static atomic_int grouped;  /* appends that shared a commit */
static atomic_int finished; /* all */

static void count_end(void *context, const quipu_call_info *call)
{
    (void)context;
    if (call->operation == QUIPU_OPERATION_APPEND) {
        atomic_fetch_add(&finished, 1);
        atomic_fetch_add(&grouped, call->group > 1);
    }
}

static const quipu_observer counter = { .struct_size = sizeof(counter),
                                        .ended = count_end };

static void *append_many(void *context)
{
    struct app *app = context;

    for (int i = 0; i < APPENDS; i++) {
        struct tally *tally = quipu_repository_create(app->tallies, NULL, NULL);

        if (!tally || tally_add(tally, 1, NULL) != QUIPU_OK) {
            return tally;
        }
        quipu_aggregate_destroy(tally);
    }
    return NULL;
}

/* Sets the observer and the metrics again and again meanwhile. */
static void *switch_on_and_off(void *context)
{
    atomic_bool *stop = context;

    while (!atomic_load(stop)) {
        quipu_observer_set(NULL, NULL);
        quipu_observer_set(&counter, NULL);
        quipu_metrics_enable(false);
        quipu_metrics_enable(true);
        exposition_free(exposition_read());
        pause_of(5); /* leaves the processor to the other threads */
    }
    return NULL;
}

static void run_threads(struct app *app)
{
    pthread_t threads[THREADS];
    void *failed = NULL;

    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, append_many, app);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static double total(const char *series)
{
    struct exposition *exposition = exposition_read();
    double value = exposition_value(exposition, series);

    exposition_free(exposition);
    return value;
}

static void sizes_of_groups_are_counted(void **state)
{
    struct app app;

    (void)state;
    open_store(&app, "groups");
    double before = total("quipu_commit_appends_sum{driver=\"" DRIVER "\"}");
    double commits = total("quipu_commit_appends_count{driver=\"" DRIVER "\"}");

    atomic_store(&finished, 0);
    quipu_metrics_enable(true);
    assert_ok(quipu_observer_set(&counter, &error), &error);
    run_threads(&app);
    observe_no_longer();
    assert_int_equal(atomic_load(&finished), THREADS * APPENDS);
    assert_true(atomic_load(&grouped) > 0);
    assert_true(total("quipu_commit_appends_sum{driver=\"" DRIVER "\"}") ==
                before + THREADS * APPENDS);
    assert_true(total("quipu_commit_appends_count{driver=\"" DRIVER "\"}") <
                commits + THREADS * APPENDS);
    close_store(&app);
}

static void observers_are_changed_while_threads_append(void **state)
{
    atomic_bool stop = false;
    pthread_t thread;
    struct app app;

    (void)state;
    open_store(&app, "changes");
    pthread_create(&thread, NULL, switch_on_and_off, &stop);
    run_threads(&app);
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    close_store(&app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append_is_observed),
        cmocka_unit_test(conflict_is_observed_with_its_cause),
        cmocka_unit_test(transaction_is_observed),
        cmocka_unit_test(refused_arguments_are_not_observed),
        cmocka_unit_test(cursor_is_observed_until_it_is_closed),
        cmocka_unit_test(single_values_and_listings_are_reads),
        cmocka_unit_test(wait_is_observed),
        cmocka_unit_test(attempts_of_a_unit_are_observed),
        cmocka_unit_test(projection_is_observed_and_its_lag_shown),
        cmocka_unit_test(lag_of_a_subscription_is_shown),
        cmocka_unit_test(sizes_of_groups_are_counted),
        cmocka_unit_test(observers_are_changed_while_threads_append),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
