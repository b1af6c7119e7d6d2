/* SPDX-License-Identifier: Apache-2.0 */
/* Several requests in one append, and violations of indexes. */
#include "fixture.h"

#include "drivers/common/processes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

struct place {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    quipu_driver_schema *sparse;
    pthread_t thread;
    atomic_int waiter; /* the number of that thread; 0: not known yet */
};

static int begin(void **state)
{
    static struct place place;
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_schema sparse = fixture_schema("snapshots", QUIPU_SCHEMA_SPARSE);
    place.datastore = fixture_open(":memory:");
    place.bound = fixture_bind(place.datastore, &schema);
    place.sparse = fixture_bind(place.datastore, &sparse);
    *state = &place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    fixture_driver()->unbind(place->datastore, place->bound);
    fixture_driver()->unbind(place->datastore, place->sparse);
    fixture_close(place->datastore);
    return 0;
}

static quipu_request request_of(quipu_driver_schema *bound,
                                const quipu_item *items, size_t count)
{
    return (
        quipu_request){ .schema = bound, .items = items, .item_count = count };
}

static void append_each(struct place *place, const quipu_request *requests,
                        size_t count, quipu_result *results)
{
    quipu_error error = { 0 };
    assert_ok(
        fixture_append_all(place->datastore, requests, count, results, &error),
        &error);
}

/* ------------------------------------------------------------- event ids */

static void equal_requests_of_one_append_are_one_and_a_repeat(void **state)
{
    struct place *place = *state;
    struct piece piece;
    int64_t positions[2] = { -1, -1 };
    fixture_piece(&piece, 1, -1, 1);
    const quipu_request requests[] = { request_of(place->bound, &piece.item, 1),
                                       request_of(place->bound, &piece.item,
                                                  1) };
    quipu_result results[] = { { .positions = &positions[0] },
                               { .positions = &positions[1] } };
    append_each(place, requests, 2, results);
    assert_int_equal(results[0].status, QUIPU_OK);
    assert_int_equal(results[0].flags, 0);
    assert_int_equal(results[1].status, QUIPU_OK);
    assert_int_equal(results[1].flags, QUIPU_RESULT_REPEATED);
    assert_int_equal(results[1].first_notification_id, 1);
    assert_int_equal(positions[0], 0);
    assert_int_equal(positions[1], 0);
    assert_int_equal(fixture_count(place->datastore, place->bound), 1);
}

static void requests_beside_a_repeat_are_stored(void **state)
{
    struct place *place = *state;
    struct piece pieces[3];
    quipu_request requests[3];
    quipu_result results[3] = { { 0 } };
    fixture_append(place->datastore, place->bound, 9);
    for (uint32_t i = 0; i < 3; i++) {
        fixture_piece(&pieces[i], 1, -1, i == 2 ? 1 : i + 1);
        requests[i] = request_of(place->bound, &pieces[i].item, 1);
    }
    append_each(place, requests, 3, results);
    assert_int_equal(results[0].first_notification_id, 2);
    assert_int_equal(results[1].first_notification_id, 3);
    assert_int_equal(results[2].first_notification_id, 2);
    assert_int_equal(results[2].flags, QUIPU_RESULT_REPEATED);
    assert_int_equal(fixture_count(place->datastore, place->bound), 3);
}

static void event_id_twice_in_a_request_conflicts(void **state)
{
    struct place *place = *state;
    struct piece pieces[3];
    quipu_item items[3];
    quipu_result result = { 0 };
    for (uint32_t i = 0; i < 3; i++) {
        fixture_piece(&pieces[i], 1, -1, i == 2 ? 1 : i + 1);
        items[i] = pieces[i].item;
    }
    const quipu_request request = request_of(place->bound, items, 3);
    append_each(place, &request, 1, &result);
    assert_int_equal(result.status, QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_EVENT_ID);
    assert_int_equal(result.index, 2);
    assert_int_equal(fixture_head(place->datastore, place->bound), 0);
}

static void event_ids_are_checked_first(void **state)
{
    struct place *place = *state;
    struct piece piece;
    struct piece other;
    quipu_result result = { 0 };
    fixture_piece(&piece, 1, 0, 1);
    const quipu_request first = request_of(place->bound, &piece.item, 1);
    append_each(place, &first, 1, &result);
    /* The result reports neither the taken position nor the failed guard. */
    const quipu_guard guard = { .sequence_id = piece.item.sequence_id,
                                .demand = QUIPU_DEMAND_EMPTY };
    fixture_piece(&other, 2, 5, 1);
    quipu_request request = request_of(place->bound, &other.item, 1);
    request.guards = &guard;
    request.guard_count = 1;
    append_each(place, &request, 1, &result);
    assert_int_equal(result.status, QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_EVENT_ID);
    assert_false(result.flags & QUIPU_RESULT_HAS_LAST);
}

static void second_item_with_a_stored_id_is_the_cause(void **state)
{
    struct place *place = *state;
    struct piece pieces[2];
    quipu_result result = { 0 };
    fixture_piece(&pieces[1], 1, -1, 1);
    const quipu_request first = request_of(place->bound, &pieces[1].item, 1);
    append_each(place, &first, 1, &result);
    fixture_piece(&pieces[0], 1, -1, 2);
    const quipu_item items[] = { pieces[0].item, pieces[1].item };
    const quipu_request request = request_of(place->bound, items, 2);
    append_each(place, &request, 1, &result);
    assert_int_equal(result.status, QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_EVENT_ID);
    assert_int_equal(result.index, 1);
    assert_int_equal(fixture_count(place->datastore, place->bound), 1);
}

/* --------------------------------------------------------------- sparse */

static void taken_sparse_position_undoes_only_its_request(void **state)
{
    struct place *place = *state;
    struct piece pieces[4];
    quipu_item items[4];
    quipu_result results[3] = { { 0 } };
    static const int64_t positions[] = { 40, 10, 20, 40 };
    for (uint32_t i = 0; i < 4; i++) {
        fixture_piece(&pieces[i], 1, positions[i], i + 1);
        items[i] = pieces[i].item;
    }
    struct piece last;
    fixture_piece(&last, 1, 30, 9);
    const quipu_request requests[] = { request_of(place->sparse, items, 1),
                                       request_of(place->sparse, items + 1, 3),
                                       request_of(place->sparse, &last.item,
                                                  1) };
    append_each(place, requests, 3, results);
    assert_int_equal(results[0].status, QUIPU_OK);
    assert_int_equal(results[1].status, QUIPU_CONFLICT);
    assert_int_equal(results[1].cause, QUIPU_CAUSE_POSITION);
    assert_int_equal(results[1].index, 2);
    assert_int_equal(results[1].flags, QUIPU_RESULT_HAS_LAST);
    assert_int_equal(results[1].last_position, 40);
    assert_int_equal(results[2].status, QUIPU_OK);
    assert_int_equal(results[2].first_notification_id, 2);
    assert_int_equal(fixture_count(place->datastore, place->sparse), 2);
}

/* ---------------------------------------------------------------- heads */

static void schema_bound_twice_has_one_log(void **state)
{
    struct place *place = *state;
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_schema *again = NULL;
    struct piece pieces[4];
    quipu_request requests[4];
    quipu_result results[4] = { { 0 } };
    assert_ok(fixture_driver()->bind(place->datastore, &schema, FOREVER, &again,
                                     NULL),
              NULL);
    quipu_driver_schema *const bounds[] = { place->bound, again, place->sparse,
                                            again };
    for (uint32_t i = 0; i < 4; i++) {
        fixture_piece(&pieces[i], i + 1, i == 2 ? 7 : -1, i + 1);
        requests[i] = request_of(bounds[i], &pieces[i].item, 1);
    }
    append_each(place, requests, 4, results);
    assert_int_equal(results[0].first_notification_id, 1);
    assert_int_equal(results[1].first_notification_id, 2);
    assert_int_equal(results[2].first_notification_id, 1);
    assert_int_equal(results[3].first_notification_id, 3);
    assert_int_equal(fixture_count(place->datastore, place->bound), 3);
    assert_int_equal(fixture_count(place->datastore, place->sparse), 1);
    fixture_driver()->unbind(place->datastore, again);
}

static void append_with_no_accepted_request_commits_nothing(void **state)
{
    struct place *place = *state;
    struct piece pieces[2];
    quipu_request requests[2];
    quipu_result results[2] = { { 0 } };
    for (uint32_t i = 0; i < 2; i++) {
        fixture_piece(&pieces[i], 1, 3, i + 1);
        requests[i] = request_of(place->bound, &pieces[i].item, 1);
    }
    append_each(place, requests, 2, results);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(results[i].status, QUIPU_CONFLICT);
        assert_int_equal(results[i].cause, QUIPU_CAUSE_POSITION);
        assert_int_equal(results[i].flags, 0);
    }
    assert_int_equal(fixture_head(place->datastore, place->bound), 0);
}

/* ------------------------------------------------------------- transact */

static int fail_silently(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)error;
    return QUIPU_DENIED;
}

static int end_it(void *native, void *context, quipu_error *error)
{
    (void)error;
    return sqlite3_exec(native, context, NULL, NULL, NULL) == SQLITE_OK
               ? QUIPU_OK
               : QUIPU_INTERNAL;
}

static int call_back(void *native, void *context, quipu_error *error)
{
    struct place *place = context;
    quipu_result result = { 0 };
    (void)native;
    return fixture_try_append(place->datastore, place->bound, 1, &result,
                              error);
}

static void *append_one(void *context)
{
    struct place *place = context;
    atomic_store(&place->waiter, (int)syscall(SYS_gettid));
    fixture_append(place->datastore, place->bound, 2);
    return NULL;
}

/* The same while another thread waits for the lock. */
static int call_back_in_a_crowd(void *native, void *context, quipu_error *error)
{
    struct place *place = context;
    pthread_t thread;
    atomic_store(&place->waiter, 0);
    if (pthread_create(&thread, NULL, append_one, place) != 0) {
        return QUIPU_IO;
    }
    place->thread = thread;
    while (atomic_load(&place->waiter) == 0) {
        (void)usleep(100);
    }
    await_sleep(getpid(), atomic_load(&place->waiter));
    return call_back(native, context, error);
}

static int transact(struct place *place, quipu_work work, void *context,
                    quipu_error *error)
{
    const quipu_request request = { .schema = place->bound };
    quipu_result result = { 0 };
    return fixture_driver()->transact(place->datastore, &request, work, context,
                                      &result, FOREVER, error);
}

static void function_that_fails_without_an_error_gets_one(void **state)
{
    quipu_error error = { 0 };
    assert_refused(transact(*state, fail_silently, NULL, &error), QUIPU_DENIED,
                   &error, "set no error");
    assert_status(transact(*state, fail_silently, NULL, NULL), QUIPU_DENIED);
}

static void function_that_ends_the_transaction_is_invalid(void **state)
{
    struct place *place = *state;
    quipu_error error = { 0 };
    assert_refused(transact(place, end_it, (void *)"COMMIT", &error),
                   QUIPU_INVALID, &error, "ran COMMIT, and nothing is stored");
    assert_refused(transact(place, end_it, (void *)"ROLLBACK", &error),
                   QUIPU_INVALID, &error,
                   "ran ROLLBACK, and nothing is stored");
    fixture_append(place->datastore, place->bound, 1);
}

static void quipu_collect_is_refused_outside_a_cursor(void **state)
{
    quipu_error error = { 0 };
    assert_status(
        transact(*state, end_it, (void *)"SELECT quipu_collect(1)", &error),
        QUIPU_INTERNAL);
}

static void append_inside_the_function_fails_at_once(void **state)
{
    struct place *place = *state;
    quipu_error error = { 0 };
    assert_refused(transact(place, call_back, place, &error), QUIPU_DENIED,
                   &error, "inside its own transaction");
    assert_refused(transact(place, call_back_in_a_crowd, place, &error),
                   QUIPU_DENIED, &error, "inside its own transaction");
    assert_int_equal(pthread_join(place->thread, NULL), 0);
    fixture_append(place->datastore, place->bound, 1);
}

/* Opens the store, which writes nothing, while the function runs. */
static void *open_beside(void *context)
{
    const char *file = context;
    quipu_error error = { 0 };

    for (int i = 0; i < 2; i++) {
        const struct opening how = { .flags = i == 0 ? QUIPU_OPEN_CREATE
                                                     : QUIPU_OPEN_READONLY,
                                     .deadline = fixture_now() + 5 * SECOND };
        quipu_driver_datastore *datastore = NULL;

        if (fixture_try_open(file, &how, &datastore, &error) != QUIPU_OK) {
            print_error("%s\n", error.message);
            return NULL;
        }
        fixture_close(datastore);
    }
    return context;
}

static int open_in_a_thread(void *native, void *context, quipu_error *error)
{
    pthread_t thread;
    void *result = NULL;

    (void)native;
    (void)error;
    if (pthread_create(&thread, NULL, open_beside, context) != 0 ||
        pthread_join(thread, &result) != 0) {
        return QUIPU_IO;
    }
    return result == context ? QUIPU_OK : QUIPU_BUSY;
}

static void opening_waits_for_no_transaction(void **state)
{
    struct place place = { 0 };
    char file[32];
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_error error = { 0 };

    (void)state;
    (void)snprintf(file, sizeof(file), "%s", fixture_file());
    place.datastore = fixture_open(file);
    place.bound = fixture_bind(place.datastore, &schema);
    assert_ok(transact(&place, open_in_a_thread, file, &error), &error);
    fixture_driver()->unbind(place.datastore, place.bound);
    fixture_close(place.datastore);
}

/* ------------------------------------------------- indexes of the application
 */

static int add_index(void *native, void *context, quipu_error *error)
{
    return end_it(native, context, error);
}

static void violation_of_a_foreign_index_is_corrupt(void **state)
{
    struct place *place = *state;
    struct piece pieces[2];
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    assert_ok(transact(place, add_index,
                       (void *)"CREATE UNIQUE INDEX strange ON"
                               " stored_events (event_type)",
                       &error),
              &error);
    fixture_piece(&pieces[0], 1, -1, 1);
    fixture_piece(&pieces[1], 1, -1, 2);
    const quipu_item items[] = { pieces[0].item, pieces[1].item };
    const quipu_request request = request_of(place->bound, items, 2);
    assert_refused(
        fixture_append_all(place->datastore, &request, 1, &result, &error),
        QUIPU_CORRUPT, &error, "not as quipu created them");
    assert_int_equal(fixture_head(place->datastore, place->bound), 0);
    assert_int_equal(fixture_count(place->datastore, place->bound), 0);
}

/* ------------------------------------------------------------------ busy */

struct occupant {
    struct place *place;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool inside;
    bool leave;
};

static int stay(void *native, void *context, quipu_error *error)
{
    struct occupant *occupant = context;
    (void)native;
    (void)error;
    (void)pthread_mutex_lock(&occupant->mutex);
    occupant->inside = true;
    (void)pthread_cond_signal(&occupant->changed);
    while (!occupant->leave) {
        (void)pthread_cond_wait(&occupant->changed, &occupant->mutex);
    }
    (void)pthread_mutex_unlock(&occupant->mutex);
    return QUIPU_OK;
}

static void *occupy(void *context)
{
    struct occupant *occupant = context;
    (void)transact(occupant->place, stay, occupant, NULL);
    return NULL;
}

static void append_past_its_deadline_is_busy(void **state)
{
    struct place *place = *state;
    struct occupant occupant = { .place = place,
                                 .mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .changed = PTHREAD_COND_INITIALIZER };
    pthread_t thread;
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    size_t taken = 0;
    assert_int_equal(pthread_create(&thread, NULL, occupy, &occupant), 0);
    (void)pthread_mutex_lock(&occupant.mutex);
    while (!occupant.inside) {
        (void)pthread_cond_wait(&occupant.changed, &occupant.mutex);
    }
    (void)pthread_mutex_unlock(&occupant.mutex);
    fixture_piece(&piece, 1, -1, 1);
    const quipu_request request = request_of(place->bound, &piece.item, 1);
    assert_refused(
        fixture_driver()->append(place->datastore, &request, 1, &result, &taken,
                                 fixture_now() + SECOND / 50, &error),
        QUIPU_BUSY, &error, "until the deadline");
    (void)pthread_mutex_lock(&occupant.mutex);
    occupant.leave = true;
    (void)pthread_cond_signal(&occupant.changed);
    (void)pthread_mutex_unlock(&occupant.mutex);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(fixture_head(place->datastore, place->bound), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(equal_requests_of_one_append_are_one_and_a_repeat),
        CASE(requests_beside_a_repeat_are_stored),
        CASE(event_id_twice_in_a_request_conflicts),
        CASE(event_ids_are_checked_first),
        CASE(second_item_with_a_stored_id_is_the_cause),
        CASE(taken_sparse_position_undoes_only_its_request),
        CASE(schema_bound_twice_has_one_log),
        CASE(append_with_no_accepted_request_commits_nothing),
        CASE(function_that_fails_without_an_error_gets_one),
        CASE(function_that_ends_the_transaction_is_invalid),
        CASE(quipu_collect_is_refused_outside_a_cursor),
        CASE(append_inside_the_function_fails_at_once),
        cmocka_unit_test(opening_waits_for_no_transaction),
        CASE(violation_of_a_foreign_index_is_corrupt),
        CASE(append_past_its_deadline_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
