/* SPDX-License-Identifier: Apache-2.0 */
#include "quipu_test.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/commit_counter.h"
#include "now.h"

static void wait_ends_at_its_deadline(void **state)
{
    (void)state;
    struct commit_counter commit_counter = { 0 };
    int64_t deadline = fixture_now() + SECOND / 100;
    quipu_common_commit_counter_wait(&commit_counter, 0, deadline);
    assert_true(fixture_now() >= deadline);
    assert_int_equal(atomic_load(&commit_counter.waiters), 0);
}

static void wait_for_a_past_commit_returns_at_once(void **state)
{
    (void)state;
    struct commit_counter commit_counter = { 0 };
    uint32_t seen = quipu_common_commit_counter_read(&commit_counter);
    quipu_common_commit_counter_advance(&commit_counter);
    assert_true(quipu_common_commit_counter_read(&commit_counter) != seen);
    int64_t begin = fixture_now();
    quipu_common_commit_counter_wait(&commit_counter, seen,
                                     begin + 100 * SECOND);
    assert_true(fixture_now() - begin < 50 * SECOND);
}

static void *beat_when_awaited(void *argument)
{
    struct commit_counter *commit_counter = argument;
    while (atomic_load(&commit_counter->waiters) == 0) {
    }
    quipu_common_commit_counter_advance(commit_counter);
    return NULL;
}

static void commit_wakes_a_thread(void **state)
{
    (void)state;
    struct commit_counter commit_counter = { 0 };
    pthread_t thread;
    int64_t begin = fixture_now();
    assert_int_equal(
        pthread_create(&thread, NULL, beat_when_awaited, &commit_counter), 0);
    quipu_common_commit_counter_wait(&commit_counter, 0, begin + 100 * SECOND);
    assert_true(fixture_now() - begin < 50 * SECOND);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void commit_wakes_another_process(void **state)
{
    (void)state;
    struct commit_counter *commit_counter =
        mmap(NULL, sizeof(*commit_counter), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(commit_counter != MAP_FAILED);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)beat_when_awaited(commit_counter);
        _exit(0);
    }
    int64_t begin = fixture_now();
    quipu_common_commit_counter_wait(commit_counter, 0, begin + 100 * SECOND);
    assert_true(fixture_now() - begin < 50 * SECOND);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(munmap(commit_counter, sizeof(*commit_counter)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_ends_at_its_deadline),
        cmocka_unit_test(wait_for_a_past_commit_returns_at_once),
        cmocka_unit_test(commit_wakes_a_thread),
        cmocka_unit_test(commit_wakes_another_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
