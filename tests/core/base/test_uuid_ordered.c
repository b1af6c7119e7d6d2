/* SPDX-License-Identifier: Apache-2.0 */
/* Tests time-ordered UUIDs.  The clock and the system's random source are
 * replaced (by the linker) where a test says so. */
#include "quipu_test.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <quipu/id.h>

static const struct timespec *clock_stands_at; /* NULL: the real one */
static bool random_fails;
static bool clock_lets_others_go_first;

#if defined(__GLIBC__) && defined(_TIME_BITS) /* glibc's name of its variant */
#define __real_clock_gettime __real___clock_gettime64
#define __wrap_clock_gettime __wrap___clock_gettime64
#endif

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
ssize_t __real_getrandom(void *data, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *data, size_t size, unsigned flags);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    if (clock == CLOCK_REALTIME && clock_stands_at) {
        *time = *clock_stands_at;
        return 0;
    }
    if (clock_lets_others_go_first) {
        sched_yield();
    }
    return __real_clock_gettime(clock, time);
}

ssize_t __wrap_getrandom(void *data, size_t size, unsigned flags)
{
    return random_fails ? -1 : __real_getrandom(data, size, flags);
}

static uint64_t milliseconds_of(const quipu_uuid *uuid)
{
    uint64_t milliseconds = 0;

    for (int i = 0; i < 6; i++) {
        milliseconds = milliseconds << 8 | uuid->bytes[i];
    }
    return milliseconds;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(quipu_uuid));
}

static void id_has_version_variant_and_time(void **state)
{
    uint64_t before = (uint64_t)quipu_time_now().microseconds / 1000;
    quipu_uuid uuid;

    (void)state;
    quipu_uuid_ordered(&uuid);
    assert_int_equal(uuid.bytes[6] >> 4, 7);
    assert_int_equal(uuid.bytes[8] >> 6, 2);
    assert_in_range(milliseconds_of(&uuid), before, before + 60000);
}

static void each_id_is_greater_than_the_one_before(void **state)
{
    quipu_uuid last = { { 0 } }, uuid;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        quipu_uuid_ordered(&uuid);
        assert_true(compare(&last, &uuid) < 0);
        last = uuid;
    }
}

static void ids_grow_when_the_clock_is_set_back(void **state)
{
    const struct timespec early = { 1, 0 };
    quipu_uuid a, b;

    (void)state;
    quipu_uuid_ordered(&a);
    clock_stands_at = &early;
    quipu_uuid_ordered(&b);
    clock_stands_at = NULL;
    assert_true(compare(&a, &b) < 0);
}

/* More ids than the counter has room for, in a millisecond that stands. */
static void full_counter_carries_into_the_milliseconds(void **state)
{
    const struct timespec later = { 4000000000, 123999999 };
    quipu_uuid last = { { 0 } }, uuid;

    (void)state;
    clock_stands_at = &later;
    quipu_uuid_ordered(&uuid);
    assert_int_equal(milliseconds_of(&uuid), 4000000000123);
    assert_true((uuid.bytes[6] & 0x08) == 0);
    for (int i = 0; i < 10000; i++) {
        last = uuid;
        quipu_uuid_ordered(&uuid);
        assert_true(compare(&last, &uuid) < 0);
    }
    clock_stands_at = NULL;
    assert_in_range(milliseconds_of(&uuid), 4000000000125, 4000000000126);
}

static void ids_differ_without_the_systems_random_source(void **state)
{
    quipu_uuid a, b;

    (void)state;
    random_fails = true;
    quipu_uuid_ordered(&a);
    quipu_uuid_ordered(&b);
    random_fails = false;
    assert_true(compare(&a, &b) < 0);
    assert_memory_not_equal(a.bytes + 8, b.bytes + 8, 8);
    assert_int_equal(b.bytes[6] >> 4, 7);
    assert_int_equal(b.bytes[8] >> 6, 2);
}

enum { THREADS = 8, IDS = 5000 };

static pthread_barrier_t start;

static void *make_ids(void *context)
{
    quipu_uuid *uuids = context;

    pthread_barrier_wait(&start);
    for (int i = 0; i < IDS; i++) {
        quipu_uuid_ordered(&uuids[i]);
    }
    return NULL;
}

static void threads_get_ids_that_differ_and_grow(void **state)
{
    static quipu_uuid uuids[THREADS * IDS];
    pthread_t threads[THREADS];

    (void)state;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    clock_lets_others_go_first = true;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids,
                                        &uuids[(size_t)i * IDS]),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (int n = 1; n < IDS; n++) {
            quipu_uuid *uuid = &uuids[(size_t)i * IDS + (size_t)n];

            assert_true(compare(uuid - 1, uuid) < 0);
        }
    }
    pthread_barrier_destroy(&start);
    clock_lets_others_go_first = false;
    qsort(uuids, (size_t)THREADS * IDS, sizeof(uuids[0]), compare);
    for (int n = 1; n < THREADS * IDS; n++) {
        /* The time and the counter alone tell them apart. */
        assert_memory_not_equal(&uuids[n - 1], &uuids[n], 8);
    }
}

static void child_does_not_repeat_its_parents_ids(void **state)
{
    quipu_uuid uuids[2][100];
    int ends[2], status;
    pid_t child;

    (void)state;
    quipu_uuid_ordered(&uuids[0][0]);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        ssize_t size;

        for (int i = 0; i < 100; i++) {
            quipu_uuid_ordered(&uuids[1][i]);
        }
        size = write(ends[1], uuids[1], sizeof(uuids[1]));
        _exit(size == (ssize_t)sizeof(uuids[1]) ? 0 : 1);
    }
    assert_true(child > 0);
    for (int i = 0; i < 100; i++) {
        quipu_uuid_ordered(&uuids[0][i]);
    }
    assert_int_equal(read(ends[0], uuids[1], sizeof(uuids[1])),
                     sizeof(uuids[1]));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
    for (int i = 0; i < 100; i++) {
        for (int n = 0; n < 100; n++) {
            /* The random part alone: time and counter may well be equal. */
            assert_memory_not_equal(uuids[0][i].bytes + 8,
                                    uuids[1][n].bytes + 8, 8);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_has_version_variant_and_time),
        cmocka_unit_test(each_id_is_greater_than_the_one_before),
        cmocka_unit_test(ids_grow_when_the_clock_is_set_back),
        cmocka_unit_test(ids_differ_without_the_systems_random_source),
        cmocka_unit_test(threads_get_ids_that_differ_and_grow),
        cmocka_unit_test(child_does_not_repeat_its_parents_ids),
        cmocka_unit_test(full_counter_carries_into_the_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
