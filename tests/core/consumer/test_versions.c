/* SPDX-License-Identifier: Apache-2.0 */
/* Tests promoting and retiring versions of a projection, and what other
 * processes that run, promote or retire one meanwhile come upon (P6). */
#include "consumer_fixture.h"

#include <pthread.h>

static quipu_error error;

/* The context of a version. */
struct model {
    int created;
    int dropped;
    int shown;
    int applied;
    int status; /* that `show` returns */
};

static int create(void *native, void *context, quipu_error *cause)
{
    (void)native;
    (void)cause;
    ((struct model *)context)->created++;
    return QUIPU_OK;
}

static int drop(void *native, void *context, quipu_error *cause)
{
    (void)native;
    (void)cause;
    ((struct model *)context)->dropped++;
    return QUIPU_OK;
}

static int show(void *native, void *context, quipu_error *cause)
{
    struct model *model = context;
    (void)native;

    model->shown++;
    return model->status == QUIPU_OK
               ? QUIPU_OK
               : quipu_error_set(cause, model->status, "no such view");
}

static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *cause)
{
    (void)native;
    (void)event;
    (void)item;
    (void)cause;
    ((struct model *)context)->applied++;
    return QUIPU_OK;
}

static const quipu_projection_handler handlers[] = {
    { .event = &credited, .apply = apply },
    { 0 },
};
static const quipu_projection_type types[] = {
    { .name = "balances",
      .version = 1,
      .handlers = handlers,
      .create = create,
      .drop = drop,
      .show = show },
    { .name = "balances",
      .version = 2,
      .handlers = handlers,
      .create = create,
      .drop = drop,
      .show = show },
};

/* ---------------------------------------------------------------- helpers */

/* A log with three events, and both versions of the projection. */
struct versions {
    struct opened_log log;
    struct opened_log other; /* of another process: the same store */
    struct model models[2];
    quipu_projection *projections[2];
};

static quipu_projection *open_version(struct opened_log *log, int version,
                                      struct model *model)
{
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = model };
    quipu_projection *projection = NULL;

    assert_ok(quipu_projection_open(log->store, &types[version - 1], &options,
                                    &projection, &error),
              &error);
    return projection;
}

static void close_projection(quipu_projection *projection)
{
    assert_ok(quipu_projection_close(projection, &error), &error);
}

static void open_versions(struct versions *versions)
{
    static int count;
    char name[32];

    (void)snprintf(name, sizeof(name), "%d.db", count++);
    *versions = (struct versions){ .models = { { 0 } } };
    open_log(&versions->other, name);
    open_log(&versions->log, name);
    add_events(&versions->log, 3);
    for (int i = 0; i < 2; i++) {
        versions->projections[i] =
            open_version(&versions->log, i + 1, &versions->models[i]);
    }
}

static void close_versions(struct versions *versions)
{
    close_projection(versions->projections[0]);
    close_projection(versions->projections[1]);
    close_log(&versions->log);
    close_log(&versions->other);
}

static void catch_up(quipu_projection *projection)
{
    bool caught_up = false;

    while (!caught_up) {
        assert_ok(quipu_projection_step(projection, &caught_up, &error),
                  &error);
    }
}

static uint32_t shown(struct versions *versions)
{
    uint32_t version = 99;

    assert_ok(quipu_projection_shown(versions->log.datastore, "balances",
                                     &version, &error),
              &error);
    return version;
}

static void assert_message(const char *text)
{
    if (!strstr(error.message, text)) {
        fail_msg("\"%s\" does not contain \"%s\"", error.message, text);
    }
}

/* -------------------------------------------------------------- promoting */

static void version_is_promoted_if_its_lag_is_small_enough(void **state)
{
    struct versions versions;
    quipu_projection *first;
    (void)state;

    open_versions(&versions);
    first = versions.projections[0];
    assert_int_equal(shown(&versions), 0);
    assert_status(quipu_projection_promote(first, -1, &error), QUIPU_INVALID);
    assert_status(quipu_projection_promote(first, 2, &error), QUIPU_BUSY);
    assert_message("balances@1");
    assert_int_equal(shown(&versions), 0);
    assert_int_equal(versions.models[0].shown, 0);
    assert_ok(quipu_projection_promote(first, 3, &error), &error);
    assert_int_equal(shown(&versions), 1);
    assert_int_equal(versions.models[0].shown, 1);
    /* It is shown already. */
    assert_ok(quipu_projection_promote(first, 0, &error), &error);
    assert_int_equal(versions.models[0].shown, 1);

    assert_status(quipu_projection_promote(versions.projections[1], 0, &error),
                  QUIPU_BUSY);
    catch_up(versions.projections[1]);
    assert_ok(quipu_projection_promote(versions.projections[1], 0, &error),
              &error);
    assert_int_equal(shown(&versions), 2);
    close_versions(&versions);
}

static void version_before_goes_on_and_is_promoted_again(void **state)
{
    struct versions versions;
    (void)state;

    open_versions(&versions);
    catch_up(versions.projections[0]);
    catch_up(versions.projections[1]);
    assert_ok(quipu_projection_promote(versions.projections[1], 0, &error),
              &error);
    add_events(&versions.log, 2);
    catch_up(versions.projections[0]);
    assert_int_equal(versions.models[0].applied, 5);
    assert_ok(quipu_projection_promote(versions.projections[0], 0, &error),
              &error);
    assert_int_equal(shown(&versions), 1);
    close_versions(&versions);
}

static void code_of_show_leaves_the_version_before(void **state)
{
    struct versions versions;
    (void)state;

    open_versions(&versions);
    assert_ok(quipu_projection_promote(versions.projections[0], 3, &error),
              &error);
    versions.models[1].status = QUIPU_DENIED;
    assert_status(quipu_projection_promote(versions.projections[1], 3, &error),
                  QUIPU_DENIED);
    assert_message("no such view");
    assert_int_equal(shown(&versions), 1);
    close_versions(&versions);
}

static void lost_answer_is_found_by_the_next_call(void **state)
{
    struct versions versions;
    (void)state;

    open_versions(&versions);
    interposed.appends_only = true;
    interposed.after = true;
    interposed.status = QUIPU_UNKNOWN_OUTCOME;
    atomic_store(&interposed.calls, 0);
    interposed.fail_at = 1;
    assert_status(quipu_projection_promote(versions.projections[0], 3, &error),
                  QUIPU_UNKNOWN_OUTCOME);
    interposed.fail_at = 0;
    assert_ok(quipu_projection_promote(versions.projections[0], 3, &error),
              &error);
    assert_int_equal(versions.models[0].shown, 1);

    atomic_store(&interposed.calls, 0);
    interposed.fail_at = 1;
    assert_status(quipu_projection_retire(versions.projections[1], &error),
                  QUIPU_UNKNOWN_OUTCOME);
    interposed.fail_at = 0;
    assert_status(quipu_projection_retire(versions.projections[1], &error),
                  QUIPU_NOT_FOUND);
    assert_int_equal(versions.models[1].dropped, 1);
    close_versions(&versions);
}

static void wrong_names_are_refused(void **state)
{
    struct versions versions;
    uint32_t version = 0;
    char name[102];
    (void)state;

    open_versions(&versions);
    memset(name, 'x', sizeof(name));
    name[101] = '\0';
    const char *const names[] = { NULL, "", "balances@1", "a/b", name };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_status(quipu_projection_shown(versions.log.datastore, names[i],
                                             &version, &error),
                      QUIPU_INVALID);
    }
    name[100] = '\0';
    assert_ok(
        quipu_projection_shown(versions.log.datastore, name, &version, &error),
        &error);
    assert_status(quipu_projection_shown(versions.log.datastore, "balances",
                                         NULL, &error),
                  QUIPU_INVALID);
    assert_status(quipu_projection_promote(NULL, 0, &error), QUIPU_INVALID);
    assert_status(quipu_projection_retire(NULL, &error), QUIPU_INVALID);
    close_versions(&versions);
}

/* --------------------------------------------------------------- retiring */

static void version_that_is_shown_is_not_retired(void **state)
{
    struct versions versions;
    (void)state;

    open_versions(&versions);
    assert_ok(quipu_projection_promote(versions.projections[0], 3, &error),
              &error);
    assert_status(quipu_projection_retire(versions.projections[0], &error),
                  QUIPU_CONFLICT);
    assert_message("promote another one first");
    assert_int_equal(versions.models[0].dropped, 0);
    assert_ok(quipu_projection_promote(versions.projections[1], 3, &error),
              &error);
    assert_ok(quipu_projection_retire(versions.projections[0], &error), &error);
    assert_int_equal(versions.models[0].dropped, 1);
    close_versions(&versions);
}

static void retired_version_is_neither_run_nor_opened(void **state)
{
    struct versions versions;
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = &versions.models[0] };
    quipu_projection *runner;
    quipu_projection *again = NULL;
    (void)state;

    open_versions(&versions);
    runner = open_version(&versions.other, 1, &versions.models[0]);
    catch_up(runner);
    assert_ok(quipu_projection_retire(versions.projections[0], &error), &error);
    assert_int_equal(tracked(versions.log.datastore, "balances@1"), 0);
    add_events(&versions.log, 1);
    assert_status(quipu_projection_step(runner, NULL, &error), QUIPU_NOT_FOUND);
    assert_status(quipu_projection_run(runner, &error), QUIPU_NOT_FOUND);
    assert_message("balances@1\" was retired");
    assert_int_equal(versions.models[0].applied, 3);
    assert_int_equal(versions.models[0].created, 1);
    assert_status(quipu_projection_reset(runner, &error), QUIPU_NOT_FOUND);
    assert_status(quipu_projection_promote(runner, 9, &error), QUIPU_NOT_FOUND);
    assert_status(quipu_projection_retire(runner, &error), QUIPU_NOT_FOUND);
    close_projection(runner);
    assert_status(quipu_projection_open(versions.log.store, &types[0], &options,
                                        &again, &error),
                  QUIPU_NOT_FOUND);
    assert_message("balances@1\" was retired");
    close_versions(&versions);
}

/* There is no tracking record that the first commit could compare. */
static void runner_at_the_beginning_notices_retirement(void **state)
{
    struct versions versions;
    quipu_projection *runner;
    (void)state;

    open_versions(&versions);
    runner = open_version(&versions.other, 1, &versions.models[0]);
    assert_ok(quipu_projection_retire(versions.projections[0], &error), &error);
    assert_status(quipu_projection_step(runner, NULL, &error), QUIPU_NOT_FOUND);
    assert_int_equal(versions.models[0].applied, 0);
    assert_int_equal(tracked(versions.log.datastore, "balances@1"), 0);
    close_projection(runner);
    close_versions(&versions);
}

static quipu_projection *open_member(struct opened_log *log,
                                     struct model *model)
{
    const quipu_group_options group = { .struct_size = sizeof(group),
                                        .partitions = 2 };
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = model,
                                               .group = &group };
    quipu_projection *projection = NULL;

    assert_ok(quipu_projection_open(log->store, &types[0], &options,
                                    &projection, &error),
              &error);
    return projection;
}

static void assert_no_entries(struct opened_log *log, const char *prefix)
{
    const quipu_entry *entry = NULL;
    quipu_entries *entries;

    assert_ok(quipu_entries_open(log->datastore, quipu_bytes_of_text(prefix),
                                 &entries, &error),
              &error);
    assert_ok(quipu_entries_next(entries, &entry, &error), &error);
    assert_null(entry);
    quipu_entries_close(entries);
}

/* The lag is that of the partition that is furthest behind. */
static void group_is_promoted_and_retired(void **state)
{
    struct model models[2] = { { 0 } };
    struct opened_log logs[2];
    quipu_projection *members[2];
    quipu_projection *second;
    (void)state;

    for (int i = 0; i < 2; i++) {
        open_log(&logs[i], "group.db");
    }
    add_events(&logs[0], 6);
    members[0] = open_member(&logs[0], &models[0]);
    members[1] = open_member(&logs[1], &models[0]);
    assert_status(quipu_projection_promote(members[1], 5, &error), QUIPU_BUSY);
    catch_up(members[0]);
    assert_ok(quipu_projection_promote(members[1], 0, &error), &error);
    second = open_version(&logs[1], 2, &models[1]);
    catch_up(second);
    assert_ok(quipu_projection_promote(second, 0, &error), &error);
    assert_ok(quipu_projection_retire(members[1], &error), &error);
    assert_int_equal(models[0].dropped, 1);
    assert_no_entries(&logs[0], "quipu/group/");
    add_events(&logs[0], 4);
    assert_status(quipu_projection_step(members[0], NULL, &error),
                  QUIPU_NOT_FOUND);
    assert_int_equal(models[0].applied, 6);
    close_projection(second);
    for (int i = 0; i < 2; i++) {
        close_projection(members[i]);
        close_log(&logs[i]);
    }
    open_log(&logs[0], "group.db");
    assert_no_entries(&logs[0], "quipu/group/");
    close_log(&logs[0]);
}

/* -------------------------------------------------------------- meanwhile */

static void *run(void *projection)
{
    return quipu_projection_run(projection, NULL) == QUIPU_OK ? projection
                                                              : NULL;
}

static void version_is_promoted_while_it_runs(void **state)
{
    struct versions versions;
    pthread_t thread;
    void *done = NULL;
    int status = QUIPU_BUSY;
    (void)state;

    open_versions(&versions);
    assert_int_equal(
        pthread_create(&thread, NULL, run, versions.projections[0]), 0);
    while (status == QUIPU_BUSY) {
        status = quipu_projection_promote(versions.projections[0], 0, &error);
    }
    assert_ok(status, &error);
    assert_status(quipu_projection_retire(versions.projections[0], &error),
                  QUIPU_INVALID);
    quipu_projection_stop(versions.projections[0]);
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_ptr_equal(done, versions.projections[0]);
    assert_int_equal(shown(&versions), 1);
    close_versions(&versions);
}

/* Of another process. */
static quipu_projection *others;

static void step(void)
{
    assert_ok(quipu_projection_step(others, NULL, &error), &error);
}

static void retire(void)
{
    assert_ok(quipu_projection_retire(others, &error), &error);
}

static void promote(void)
{
    assert_ok(quipu_projection_promote(others, 3, &error), &error);
}

/* Calls the function when the next transaction is on its way to the driver. */
static void call_meanwhile(void (*function)(void), quipu_projection *projection)
{
    others = projection;
    interposed.before_transact = function;
}

/* A removal that passed over a first commit would leave a record without what
 * it stands for. */
static void first_commit_meanwhile_refuses_a_removal(void **state)
{
    struct versions versions;
    quipu_projection *runner;
    (void)state;

    open_versions(&versions);
    runner = open_version(&versions.other, 1, &versions.models[0]);
    call_meanwhile(step, runner);
    assert_status(quipu_projection_reset(versions.projections[0], &error),
                  QUIPU_CONFLICT);
    assert_message("balances@1\" was not reset");
    assert_int_equal(versions.models[0].dropped, 0);
    assert_true(tracked(versions.log.datastore, "balances@1") > 0);
    close_projection(runner);

    runner = open_version(&versions.other, 2, &versions.models[1]);
    call_meanwhile(step, runner);
    assert_status(quipu_projection_retire(versions.projections[1], &error),
                  QUIPU_CONFLICT);
    assert_message("balances@2\" was not retired");
    catch_up(runner);
    assert_int_equal(versions.models[1].applied, 3);
    close_projection(runner);
    close_versions(&versions);
}

static void promotion_meanwhile_refuses_retirement(void **state)
{
    struct versions versions;
    quipu_projection *other;
    (void)state;

    open_versions(&versions);
    other = open_version(&versions.other, 1, &versions.models[0]);
    call_meanwhile(promote, other);
    assert_status(quipu_projection_retire(versions.projections[0], &error),
                  QUIPU_CONFLICT);
    assert_int_equal(versions.models[0].dropped, 0);
    assert_int_equal(shown(&versions), 1);
    close_projection(other);
    close_versions(&versions);
}

static void retirement_meanwhile_refuses_promotion(void **state)
{
    struct versions versions;
    quipu_projection *other;
    (void)state;

    open_versions(&versions);
    other = open_version(&versions.other, 1, &versions.models[0]);
    call_meanwhile(retire, other);
    assert_status(quipu_projection_promote(versions.projections[0], 3, &error),
                  QUIPU_CONFLICT);
    assert_int_equal(versions.models[0].shown, 0);
    assert_int_equal(shown(&versions), 0);
    close_projection(other);
    close_versions(&versions);
}

static void promotion_meanwhile_refuses_promotion(void **state)
{
    struct versions versions;
    quipu_projection *other;
    (void)state;

    open_versions(&versions);
    other = open_version(&versions.other, 2, &versions.models[1]);
    call_meanwhile(promote, other);
    assert_status(quipu_projection_promote(versions.projections[0], 3, &error),
                  QUIPU_CONFLICT);
    assert_int_equal(versions.models[0].shown, 0);
    assert_int_equal(shown(&versions), 2);
    close_projection(other);
    close_versions(&versions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_is_promoted_if_its_lag_is_small_enough),
        cmocka_unit_test(version_before_goes_on_and_is_promoted_again),
        cmocka_unit_test(code_of_show_leaves_the_version_before),
        cmocka_unit_test(lost_answer_is_found_by_the_next_call),
        cmocka_unit_test(wrong_names_are_refused),
        cmocka_unit_test(version_that_is_shown_is_not_retired),
        cmocka_unit_test(retired_version_is_neither_run_nor_opened),
        cmocka_unit_test(runner_at_the_beginning_notices_retirement),
        cmocka_unit_test(group_is_promoted_and_retired),
        cmocka_unit_test(version_is_promoted_while_it_runs),
        cmocka_unit_test(first_commit_meanwhile_refuses_a_removal),
        cmocka_unit_test(promotion_meanwhile_refuses_retirement),
        cmocka_unit_test(retirement_meanwhile_refuses_promotion),
        cmocka_unit_test(promotion_meanwhile_refuses_promotion),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
