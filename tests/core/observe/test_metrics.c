/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the counting of operations, and the text of the metrics. */
#include "exposition.h"

#include <pthread.h>

#include <quipu/id.h>

#include "observe/lag.h"
#include "observe/observer.h"
#include "quipu_test_memory.h"

static quipu_call_info call(enum quipu_call_operation operation, int status,
                            int64_t nanoseconds)
{
    return (quipu_call_info){ .struct_size = sizeof(quipu_call_info),
                              .operation = (int32_t)operation,
                              .status = status,
                              .nanoseconds = nanoseconds };
}

static void count(const char *driver, quipu_call_info info)
{
    quipu_metrics_call(quipu_metrics_of(driver), &info);
}

/* ------------------------------------------------------------- the parser */

static void assert_parsed(const char *text, const char *wrong)
{
    static struct exposition exposition;
    static char copy[1024];

    (void)snprintf(copy, sizeof(copy), "%s", text);
    exposition.text = copy;
    const char *found = exposition_parse(&exposition);

    if (!wrong) {
        assert_null(found);
    } else {
        assert_non_null(found);
        assert_contains(found, wrong);
    }
}

#define HEAD(name, type) "# HELP " name " x.\n# TYPE " name " " type "\n"

static void parser_refuses_wrong_texts(void **state)
{
    (void)state;
    assert_parsed(HEAD("a", "gauge") "a{b=\"c\\\"\\n\\\\\"} 1\n", NULL);
    assert_parsed(HEAD("a", "gauge") "a{b=\"c\\t\"} 1\n", "labels");
    assert_parsed(HEAD("a", "gauge") "a{b=\"c\",} 1\n", "labels");
    assert_parsed(HEAD("a", "gauge") "a{b=\"c\"} x\n", "value");
    assert_parsed(HEAD("a", "gauge") "a{b=\"c\"} 1", "newline");
    assert_parsed(HEAD("a", "gauge") "a{b=\"c\"} 1\na{b=\"c\"} 2\n", "twice");
    assert_parsed(HEAD("a", "gauge") "b{b=\"c\"} 1\n", "another family");
    assert_parsed(HEAD("a", "counter") "a{b=\"c\"} 1\n", "_total");
    assert_parsed(HEAD("a_total", "gauge") "a_total{b=\"c\"} 1\n", "_total");
    assert_parsed(HEAD("a", "gauge"), "without samples");
    assert_parsed(HEAD("a", "histogram") "a_bucket{le=\"1\"} 1\n"
                                         "a_bucket{le=\"0.5\"} 1\n",
                  "disorder");
    assert_parsed(HEAD("a", "histogram") "a_bucket{le=\"1\"} 2\n"
                                         "a_bucket{le=\"2\"} 1\n",
                  "disorder");
    assert_parsed(HEAD("a", "histogram") "a_bucket{b=\"c\",le=\"1\"} 2\n"
                                         "a_sum{b=\"c\"} 1\n",
                  "+Inf");
    assert_parsed(HEAD("a", "histogram") "a_bucket{b=\"c\",le=\"+Inf\"} 2\n"
                                         "a_sum{b=\"c\"} 1\n"
                                         "a_count{b=\"c\"} 3\n",
                  "_count");
    assert_parsed(HEAD("a", "histogram") "a_bucket{b=\"c\",le=\"+Inf\"} 2\n"
                                         "a_sum{b=\"c\"} 1\n"
                                         "a_count{b=\"c\"} 2\n",
                  NULL);
}

/* ---------------------------------------------------------------- counting */

static void nothing_is_written_that_was_not_counted(void **state)
{
    (void)state;
    struct exposition *exposition = exposition_read();

    assert_int_equal(exposition->count, 1);
    assert_int_equal(exposition_sum(exposition, "quipu_build_info{version="),
                     1);
    exposition_free(exposition);
}

static void calls_are_counted_by_status(void **state)
{
    (void)state;
    count("one", call(QUIPU_OPERATION_READ, QUIPU_OK, 1));
    count("one", call(QUIPU_OPERATION_READ, QUIPU_OK, 1));
    count("one", call(QUIPU_OPERATION_READ, QUIPU_INTERNAL, 1));
    count("one", call(QUIPU_OPERATION_TRANSACT, 4711, 1));
    count("one", call(QUIPU_OPERATION_TRANSACT, -1, 1));
    struct exposition *exposition = exposition_read();

    assert_int_equal(exposition_value(exposition,
                                      "quipu_calls_total{driver=\"one\","
                                      "operation=\"read\",status=\"OK\"}"),
                     2);
    assert_int_equal(
        exposition_value(exposition, "quipu_calls_total{driver=\"one\","
                                     "operation=\"read\",status=\"INTERNAL\"}"),
        1);
    assert_int_equal(
        exposition_value(exposition,
                         "quipu_calls_total{driver=\"one\","
                         "operation=\"transact\",status=\"other\"}"),
        2);
    exposition_free(exposition);
}

static double bucket(const struct exposition *exposition, const char *bound)
{
    char series[160];

    (void)snprintf(series, sizeof(series),
                   "quipu_call_duration_seconds_bucket{driver=\"times\","
                   "operation=\"wait\",le=\"%s\"}",
                   bound);
    assert_true(exposition_has(exposition, series));
    return exposition_value(exposition, series);
}

static void durations_are_in_the_bucket_of_their_bound(void **state)
{
    (void)state;
    count("times", call(QUIPU_OPERATION_WAIT, QUIPU_OK, 0));
    count("times", call(QUIPU_OPERATION_WAIT, QUIPU_OK, 10000));
    count("times", call(QUIPU_OPERATION_WAIT, QUIPU_OK, 10001));
    count("times", call(QUIPU_OPERATION_WAIT, QUIPU_OK, 10000000000));
    count("times", call(QUIPU_OPERATION_WAIT, QUIPU_OK, 10000000001));
    struct exposition *exposition = exposition_read();

    assert_int_equal(bucket(exposition, "1e-05"), 2);
    assert_int_equal(bucket(exposition, "2.5e-05"), 3);
    assert_int_equal(bucket(exposition, "5"), 3);
    assert_int_equal(bucket(exposition, "10"), 4);
    assert_int_equal(bucket(exposition, "+Inf"), 5);
    assert_contains(exposition->text,
                    "quipu_call_duration_seconds_sum{driver=\"times\","
                    "operation=\"wait\"} 20.000020002\n");
    exposition_free(exposition);
}

static void failures_have_no_items(void **state)
{
    quipu_call_info info = call(QUIPU_OPERATION_APPEND, QUIPU_OK, 5000);

    (void)state;
    info.items = 3;
    info.bytes = 100;
    info.queued_nanoseconds = 2000;
    count("items", info);
    info.status = QUIPU_CONFLICT;
    info.cause = QUIPU_CAUSE_GUARD;
    count("items", info);
    info.status = QUIPU_BUSY; /* a cause that was left */
    count("items", info);
    struct exposition *exposition = exposition_read();

    assert_int_equal(exposition_value(exposition,
                                      "quipu_call_items_total{driver=\"items\","
                                      "operation=\"append\"}"),
                     3);
    assert_int_equal(exposition_value(exposition,
                                      "quipu_call_bytes_total{driver=\"items\","
                                      "operation=\"append\"}"),
                     100);
    assert_int_equal(
        exposition_value(
            exposition,
            "quipu_conflicts_total{driver=\"items\",cause=\"guard\"}"),
        1);
    assert_int_equal(
        exposition_value(exposition,
                         "quipu_append_queue_seconds_count{driver=\"items\"}"),
        3);
    exposition_free(exposition);
}

static void count_doubt(int status, uint32_t flags)
{
    quipu_call_info info = call(QUIPU_OPERATION_APPEND, status, 5000);

    info.result_flags = flags;
    count("doubt", info);
}

static double doubts(const struct exposition *exposition, const char *outcome)
{
    char series[120];

    (void)snprintf(series, sizeof(series),
                   "quipu_appends_in_doubt_total{driver=\"doubt\","
                   "outcome=\"%s\"}",
                   outcome);
    return exposition_value(exposition, series);
}

static void appends_in_doubt_are_counted_by_outcome(void **state)
{
    (void)state;
    count_doubt(QUIPU_OK, 0);
    count_doubt(QUIPU_OK, QUIPU_RESULT_REPEATED);
    count_doubt(QUIPU_OK, QUIPU_RESULT_IN_DOUBT);
    count_doubt(QUIPU_OK, QUIPU_RESULT_IN_DOUBT | QUIPU_RESULT_REPEATED);
    count_doubt(QUIPU_CONFLICT, QUIPU_RESULT_IN_DOUBT | QUIPU_RESULT_HAS_LAST);
    count_doubt(QUIPU_UNKNOWN_OUTCOME, 0);
    count("doubt", call(QUIPU_OPERATION_ERASE, QUIPU_UNKNOWN_OUTCOME, 1));
    struct exposition *exposition = exposition_read();

    assert_int_equal(doubts(exposition, "stored"), 2);
    assert_int_equal(doubts(exposition, "refused"), 1);
    assert_int_equal(doubts(exposition, "unknown"), 1);
    assert_int_equal(
        exposition_value(exposition,
                         "quipu_appends_repeated_total{driver=\"doubt\"}"),
        2);
    exposition_free(exposition);
}

static void retries_and_groups_are_counted_if_enabled(void **state)
{
    struct quipu_metrics *metrics = quipu_metrics_of("switched");

    (void)state;
    quipu_metrics_retry(metrics, QUIPU_OPERATION_UNIT, QUIPU_CONFLICT);
    quipu_metrics_group(metrics, 7);
    quipu_metrics_enable(true);
    quipu_metrics_retry(metrics, QUIPU_OPERATION_UNIT, QUIPU_BUSY);
    quipu_metrics_group(metrics, 1);
    quipu_metrics_group(metrics, 3);
    quipu_metrics_group(metrics, 4);
    quipu_metrics_group(metrics, 1025);
    quipu_metrics_enable(false);
    quipu_metrics_retry(metrics, QUIPU_OPERATION_UNIT, QUIPU_BUSY);
    struct exposition *exposition = exposition_read();

    assert_int_equal(
        exposition_sum(exposition, "quipu_retries_total{driver=\"switched\""),
        1);
    assert_int_equal(exposition_value(exposition,
                                      "quipu_retries_total{driver=\"switched\","
                                      "operation=\"unit\",status=\"BUSY\"}"),
                     1);
    static const struct {
        const char *bound;
        int count;
    } expected[] = {
        { "1", 1 }, { "2", 1 }, { "4", 3 }, { "1024", 3 }, { "+Inf", 4 }
    };

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        char series[128];

        (void)snprintf(
            series, sizeof(series),
            "quipu_commit_appends_bucket{driver=\"switched\",le=\"%s\"}",
            expected[i].bound);
        assert_int_equal(exposition_value(exposition, series),
                         expected[i].count);
    }
    assert_int_equal(
        exposition_value(exposition,
                         "quipu_commit_appends_sum{driver=\"switched\"}"),
        1033);
    exposition_free(exposition);
}

/* Must be the last test: it uses all elements up. */
static void further_drivers_share_their_metrics(void **state)
{
    static char names[QUIPU_METRICS_DRIVERS + 2][16];

    (void)state;
    for (size_t i = 0; i < QUIPU_METRICS_DRIVERS + 2; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "driver%zu", i);
        count(names[i], call(QUIPU_OPERATION_READ, QUIPU_OK, 1));
    }
    struct exposition *exposition = exposition_read();

    assert_true(exposition_value(exposition,
                                 "quipu_calls_total{driver=\"other\","
                                 "operation=\"read\",status=\"OK\"}") >= 3);
    assert_int_equal(exposition_value(exposition,
                                      "quipu_calls_total{driver=\"driver0\","
                                      "operation=\"read\",status=\"OK\"}"),
                     1);
    exposition_free(exposition);
}

#define THREADS 4
#define CALLS 20000

static void *count_many(void *context)
{
    quipu_call_info info = call(QUIPU_OPERATION_APPEND, QUIPU_OK, 20000);

    info.items = 2;
    for (int i = 0; i < CALLS; i++) {
        quipu_metrics_call(context, &info);
    }
    return NULL;
}

static void threads_lose_no_count(void **state)
{
    struct quipu_metrics *metrics = quipu_metrics_of("threads");
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, count_many, metrics);
    }
    for (int i = 0; i < 10; i++) {
        exposition_free(exposition_read()); /* each text is consistent */
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    struct exposition *exposition = exposition_read();

    assert_int_equal(exposition_value(exposition,
                                      "quipu_calls_total{driver=\"threads\","
                                      "operation=\"append\",status=\"OK\"}"),
                     THREADS * CALLS);
    assert_int_equal(
        exposition_value(exposition,
                         "quipu_call_duration_seconds_count{driver=\"threads\","
                         "operation=\"append\"}"),
        THREADS * CALLS);
    assert_int_equal(
        exposition_value(exposition,
                         "quipu_call_items_total{driver=\"threads\","
                         "operation=\"append\"}"),
        2 * THREADS * CALLS);
    exposition_free(exposition);
}

/* --------------------------------------------------------------- consumers */

struct consumer {
    struct quipu_lag lag;
    quipu_consumer_status status;
};

static void read_status(struct quipu_lag *lag, quipu_consumer_status *status)
{
    *status = ((struct consumer *)(void *)lag)->status;
}

static struct consumer consumer(const char *name, int state, int64_t position,
                                int64_t behind, int64_t microseconds)
{
    return (struct consumer){
        .lag = { .metrics = quipu_metrics_of("one"),
                 .consumer = name,
                 .log = "a \"log\"\\\n",
                 .store = { .bytes = { 1 } },
                 .read = read_status },
        .status = { .struct_size = sizeof(quipu_consumer_status),
                    .state = state,
                    .position = position,
                    .behind = behind,
                    .behind_microseconds = microseconds },
    };
}

#define LABELS(name)                                                     \
    "{driver=\"one\",consumer=\"" name "\",log=\"a \\\"log\\\"\\\\\\n\"" \
    ",store=\"01000000-0000-0000-0000-000000000000\""

static void lag_of_open_consumers_is_written(void **state)
{
    struct consumer members[] = {
        consumer("m", QUIPU_CONSUMER_LIVE, 90, 10, 1500000),
        consumer("m", QUIPU_CONSUMER_RETRYING, 40, 60, 2500000),
        consumer("m", QUIPU_CONSUMER_LIVE, 100, 0, 0),
        consumer("alone", QUIPU_CONSUMER_FAILED, 5, 1, -1),
    };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        quipu_lag_add(&members[i].lag);
    }
    struct exposition *exposition = exposition_read();

    assert_int_equal(exposition_value(exposition, "quipu_consumers" LABELS(
                                                      "m") ",state=\"live\"}"),
                     2);
    assert_int_equal(
        exposition_value(exposition,
                         "quipu_consumers" LABELS("m") ",state=\"retrying\"}"),
        1);
    assert_int_equal(
        exposition_value(exposition, "quipu_consumer_position" LABELS("m") "}"),
        40);
    assert_int_equal(
        exposition_value(exposition,
                         "quipu_consumer_lag_items" LABELS("m") "}"),
        60);
    assert_true(
        exposition_value(exposition,
                         "quipu_consumer_lag_seconds" LABELS("m") "}") == 2.5);
    assert_int_equal(
        exposition_value(exposition,
                         "quipu_consumer_lag_items" LABELS("alone") "}"),
        1);
    assert_false(exposition_has(
        exposition, "quipu_consumer_lag_seconds" LABELS("alone") "}"));
    exposition_free(exposition);
    /* From the middle, the end and the beginning. */
    quipu_lag_remove(&members[1].lag);
    quipu_lag_remove(&members[3].lag);
    quipu_lag_remove(&members[3].lag);
    quipu_lag_remove(&members[0].lag);
    exposition = exposition_read();
    assert_int_equal(
        exposition_value(exposition, "quipu_consumer_position" LABELS("m") "}"),
        100);
    assert_false(exposition_has(exposition,
                                "quipu_consumer_position" LABELS("alone") "}"));
    quipu_lag_remove(&members[2].lag);
    exposition_free(exposition);
    exposition = exposition_read();
    assert_int_equal(exposition_sum(exposition, "quipu_consumer"), 0);
    exposition_free(exposition);
}

/* ------------------------------------------------------------------ writing */

static int refuse_second(void *context, const char *text, size_t size,
                         quipu_error *error)
{
    int *calls = context;

    assert_true(size > 0 && text);
    return ++*calls < 2 ? QUIPU_OK
                        : quipu_error_set(error, QUIPU_IO, "the reader left");
}

static void failure_of_the_output_ends_the_writing(void **state)
{
    quipu_error error;
    int calls = 0;

    (void)state;
    assert_refused(quipu_metrics_write(refuse_second, &calls, &error), QUIPU_IO,
                   &error, "the reader left");
    assert_int_equal(calls, 2);
    assert_status(quipu_metrics_write(NULL, NULL, &error), QUIPU_INVALID);
}

static int write_nowhere(void *context, const char *text, size_t size,
                         quipu_error *error)
{
    (void)context;
    (void)text;
    (void)size;
    (void)error;
    return QUIPU_OK;
}

static int write_metrics(void *context, quipu_error *error)
{
    return quipu_metrics_write(write_nowhere, context, error);
}

static void lack_of_memory_is_told(void **state)
{
    (void)state;
    quipu_test_memory_sweep(write_metrics, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parser_refuses_wrong_texts),
        cmocka_unit_test(nothing_is_written_that_was_not_counted),
        cmocka_unit_test(calls_are_counted_by_status),
        cmocka_unit_test(durations_are_in_the_bucket_of_their_bound),
        cmocka_unit_test(failures_have_no_items),
        cmocka_unit_test(appends_in_doubt_are_counted_by_outcome),
        cmocka_unit_test(retries_and_groups_are_counted_if_enabled),
        cmocka_unit_test(threads_lose_no_count),
        cmocka_unit_test(lag_of_open_consumers_is_written),
        cmocka_unit_test(failure_of_the_output_ends_the_writing),
        cmocka_unit_test(lack_of_memory_is_told),
        cmocka_unit_test(further_drivers_share_their_metrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
