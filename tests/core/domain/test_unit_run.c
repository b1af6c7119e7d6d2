/* SPDX-License-Identifier: Apache-2.0 */
/* Tests running a function until its unit of work is stored. */
#include "app_fixture.h"

#include <pthread.h>

#include <quipu/id.h>

/* Adds 1 to a tally and keeps the number of calls; another writer adds 10
 * meanwhile, in the first `conflicts` calls. */
struct job {
    struct app *app;
    quipu_id id;
    int conflicts;
    int calls;
    int answers[4]; /* of the calls, instead of filling the unit; or OK */
    bool is_empty;  /* the unit gets an entry instead of an event */
};

static void add_elsewhere(const struct job *job, int64_t amount)
{
    quipu_error error;
    struct tally *tally =
        quipu_repository_get(job->app->tallies, &job->id, &error);

    assert_non_null(tally);
    assert_ok(tally_add(tally, amount, &error), &error);
    quipu_aggregate_destroy(tally);
}

static int add_one(quipu_unit *unit, void *context, quipu_error *error)
{
    const quipu_entry_write write = { .key = quipu_bytes_of_text("key"),
                                      .value = { "value", 5 } };
    struct job *job = context;
    int call = job->calls++;

    if (call < 4 && job->answers[call] != QUIPU_OK) {
        return quipu_error_set(error, job->answers[call], "as it was told");
    }
    if (job->is_empty) {
        return quipu_unit_entry(unit, &write, error);
    }
    struct tally *tally =
        quipu_unit_get(unit, job->app->tallies, &job->id, error);

    if (!tally) {
        return error->code;
    }
    if (call < job->conflicts) {
        add_elsewhere(job, 10);
    }
    return tally_add(tally, 1, error);
}

static void job_open(struct job *job, struct app *app)
{
    quipu_error error;
    struct tally *tally;

    app_open(app, 0);
    *job = (struct job){ .app = app };
    tally = quipu_repository_create(app->tallies, NULL, &error);
    assert_non_null(tally);
    assert_ok(tally_add(tally, 100, &error), &error);
    job->id = tally->base.id;
    quipu_aggregate_destroy(tally);
}

static int64_t sum(const struct job *job)
{
    quipu_error error;
    struct tally *tally =
        quipu_repository_get(job->app->tallies, &job->id, &error);

    assert_non_null(tally);
    int64_t found = tally->sum;

    quipu_aggregate_destroy(tally);
    return found;
}

static int run(struct job *job, const quipu_unit_limits *limits,
               quipu_error *error)
{
    return quipu_unit_run(job->app->store, limits, add_one, job, NULL, error);
}

static void conflict_makes_the_function_decide_again(void **state)
{
    struct app app;
    struct job job;
    quipu_error error;
    (void)state;

    job_open(&job, &app);
    job.conflicts = 3;
    assert_ok(run(&job, NULL, &error), &error);
    assert_int_equal(job.calls, 4);
    assert_int_equal(sum(&job), 131);
    app_close(&app);
}

static void attempts_are_limited(void **state)
{
    const quipu_unit_limits limits = { .struct_size = sizeof(limits),
                                       .attempts = 3 };
    struct app app;
    struct job job;
    quipu_error error;
    (void)state;

    job_open(&job, &app);
    job.conflicts = 9;
    assert_refused(run(&job, &limits, &error), QUIPU_CONFLICT, &error,
                   "position");
    assert_int_equal(job.calls, 3);
    assert_int_equal(sum(&job), 130);
    app_close(&app);
}

static void time_is_limited(void **state)
{
    const quipu_unit_limits limits = { .struct_size = sizeof(limits),
                                       .attempts = UINT32_MAX,
                                       .milliseconds = 30 };
    struct app app;
    struct job job;
    quipu_error error;
    (void)state;

    job_open(&job, &app);
    atomic_store(&script.busy_appends, 1000000);
    assert_status(run(&job, &limits, &error), QUIPU_BUSY);
    assert_int_equal(job.calls, 1);
    atomic_store(&script.busy_appends, 0);
    assert_int_equal(sum(&job), 100);
    app_close(&app);
}

/* After these failures the decision stands: the function runs once. */
static void transient_failure_repeats_the_same_append(void **state)
{
    struct app app;
    struct job job;
    quipu_error error;
    (void)state;

    job_open(&job, &app);
    atomic_store(&script.busy_appends, 2);
    atomic_store(&script.lost_appends, 2);
    assert_ok(run(&job, NULL, &error), &error);
    assert_int_equal(job.calls, 1);
    assert_int_equal(sum(&job), 101);
    app_close(&app);
}

static void append_whose_answer_was_lost_is_stored_once(void **state)
{
    struct app app;
    struct job job;
    quipu_result result = { .status = 0 };
    quipu_error error;
    (void)state;

    job_open(&job, &app);
    atomic_store(&script.lost_answers, 2);
    assert_ok(quipu_unit_run(app.store, NULL, add_one, &job, &result, &error),
              &error);
    assert_int_equal(job.calls, 1);
    assert_true(result.flags & QUIPU_RESULT_REPEATED);
    assert_int_equal(result.first_notification_id, 2);
    assert_int_equal(sum(&job), 101);
    assert_int_equal(log_size(app.store), 2);
    app_close(&app);
}

static void unknown_outcome_without_events_is_returned(void **state)
{
    struct app app;
    struct job job;
    quipu_entry *entry = NULL;
    quipu_error error;
    (void)state;

    job_open(&job, &app);
    job.is_empty = true;
    atomic_store(&script.lost_answers, 1);
    assert_status(run(&job, NULL, &error), QUIPU_UNKNOWN_OUTCOME);
    assert_int_equal(job.calls, 1);
    assert_ok(quipu_entry_read(app.datastore, "key", &entry, &error), &error);
    assert_int_equal(entry->revision, 1);
    quipu_entry_destroy(entry);
    app_close(&app);
}

static void status_of_the_function_ends_the_run(void **state)
{
    struct app app;
    struct job job;
    quipu_error error;
    (void)state;

    job_open(&job, &app);
    job.answers[0] = 4711;
    assert_refused(run(&job, NULL, &error), 4711, &error, "as it was told");
    job = (struct job){ .app = &app,
                        .id = job.id,
                        .answers = { QUIPU_CONFLICT } };
    assert_status(run(&job, NULL, &error), QUIPU_CONFLICT);
    assert_int_equal(job.calls, 1);
    assert_int_equal(sum(&job), 100);
    app_close(&app);
}

static void transient_status_of_the_function_is_repeated(void **state)
{
    struct app app;
    struct job job;
    quipu_error error;
    (void)state;

    job_open(&job, &app);
    job.answers[0] = QUIPU_BUSY;
    job.answers[1] = QUIPU_TIMEOUT;
    assert_ok(run(&job, NULL, &error), &error);
    assert_int_equal(job.calls, 3);
    assert_int_equal(sum(&job), 101);
    app_close(&app);
}

static void wrong_arguments_are_refused(void **state)
{
    const quipu_unit_limits limits = { .struct_size = 3 };
    struct app app;
    struct job job;
    quipu_error error;
    (void)state;

    job_open(&job, &app);
    assert_status(quipu_unit_run(NULL, NULL, add_one, &job, NULL, NULL),
                  QUIPU_INVALID);
    assert_status(quipu_unit_run(app.store, NULL, NULL, &job, NULL, NULL),
                  QUIPU_INVALID);
    assert_refused(run(&job, &limits, &error), QUIPU_INVALID, &error,
                   "struct_size");
    app_close(&app);
}

/* ------------------------------------------------------------------ a race */

#define THREADS 4
#define ROUNDS 100

/* Returns NULL, or the context if a unit was not stored. */
static void *add_many(void *context)
{
    const quipu_unit_limits limits = { .struct_size = sizeof(limits),
                                       .attempts = UINT32_MAX,
                                       .milliseconds = -1 };
    struct job job = *(const struct job *)context;
    bool failed = false;

    for (int i = 0; i < ROUNDS; i++) {
        quipu_error error;

        failed = failed || run(&job, &limits, &error) != QUIPU_OK;
    }
    return failed ? context : NULL;
}

static void no_unit_of_racing_threads_is_lost_or_doubled(void **state)
{
    pthread_t threads[THREADS];
    struct app app;
    struct job job;
    (void)state;

    job_open(&job, &app);
    atomic_store(&script.lost_answers, 20);
    atomic_store(&script.lost_appends, 20);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &job), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *failed = NULL;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(sum(&job), 100 + THREADS * ROUNDS);
    app_close(&app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conflict_makes_the_function_decide_again),
        cmocka_unit_test(attempts_are_limited),
        cmocka_unit_test(time_is_limited),
        cmocka_unit_test(transient_failure_repeats_the_same_append),
        cmocka_unit_test(append_whose_answer_was_lost_is_stored_once),
        cmocka_unit_test(unknown_outcome_without_events_is_returned),
        cmocka_unit_test(status_of_the_function_ends_the_run),
        cmocka_unit_test(transient_status_of_the_function_is_repeated),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(no_unit_of_racing_threads_is_lost_or_doubled),
    };

    return cmocka_run_group_tests(tests, app_add_driver, NULL) != 0;
}
