/* SPDX-License-Identifier: Apache-2.0 */
#include "quipu_test.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/pulse.h"
#include "now.h"

static void a_wait_ends_at_its_deadline(void **state)
{
    (void)state;
    struct pulse pulse = { 0 };
    int64_t deadline = fixture_now() + SECOND / 100;
    quipu_common_pulse_wait(&pulse, 0, deadline);
    assert_true(fixture_now() >= deadline);
    assert_int_equal(atomic_load(&pulse.waiters), 0);
}

static void a_wait_for_a_beat_that_was_is_over_at_once(void **state)
{
    (void)state;
    struct pulse pulse = { 0 };
    uint32_t seen = quipu_common_pulse_read(&pulse);
    quipu_common_pulse_beat(&pulse);
    assert_true(quipu_common_pulse_read(&pulse) != seen);
    int64_t begin = fixture_now();
    quipu_common_pulse_wait(&pulse, seen, begin + 100 * SECOND);
    assert_true(fixture_now() - begin < 50 * SECOND);
}

static void *beat_when_awaited(void *argument)
{
    struct pulse *pulse = argument;
    while (atomic_load(&pulse->waiters) == 0) {
    }
    quipu_common_pulse_beat(pulse);
    return NULL;
}

static void a_beat_wakes_a_thread(void **state)
{
    (void)state;
    struct pulse pulse = { 0 };
    pthread_t thread;
    int64_t begin = fixture_now();
    assert_int_equal(pthread_create(&thread, NULL, beat_when_awaited, &pulse),
                     0);
    quipu_common_pulse_wait(&pulse, 0, begin + 100 * SECOND);
    assert_true(fixture_now() - begin < 50 * SECOND);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void a_beat_wakes_another_process(void **state)
{
    (void)state;
    struct pulse *pulse = mmap(NULL, sizeof(*pulse), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(pulse != MAP_FAILED);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)beat_when_awaited(pulse);
        _exit(0);
    }
    int64_t begin = fixture_now();
    quipu_common_pulse_wait(pulse, 0, begin + 100 * SECOND);
    assert_true(fixture_now() - begin < 50 * SECOND);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(munmap(pulse, sizeof(*pulse)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_ends_at_its_deadline),
        cmocka_unit_test(a_wait_for_a_beat_that_was_is_over_at_once),
        cmocka_unit_test(a_beat_wakes_a_thread),
        cmocka_unit_test(a_beat_wakes_another_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
