/* SPDX-License-Identifier: Apache-2.0 */
#include "quipu_test.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fair_lock.h"
#include "now.h"

#define PEOPLE 4
#define TURNS 200

struct shared {
    struct fair_lock fair_lock;
    atomic_int ready;
    int inside;
    int turns;
};

static struct shared *share(void)
{
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    assert_int_equal(quipu_common_fair_lock_init(&shared->fair_lock), 0);
    return shared;
}

static void unshare_it(struct shared *shared)
{
    quipu_common_fair_lock_finish(&shared->fair_lock);
    assert_int_equal(munmap(shared, sizeof(*shared)), 0);
}

/* A child that acquires the lock, reports that, and keeps it until it is
 * killed. */
static pid_t occupy(struct shared *shared, pthread_mutex_t *mutex)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (mutex) {
            (void)pthread_mutex_lock(mutex);
        } else {
            (void)quipu_common_fair_lock_acquire(&shared->fair_lock, FOREVER);
        }
        atomic_store(&shared->ready, 1);
        for (;;) {
            (void)pause();
        }
    }
    while (atomic_load(&shared->ready) == 0) {
    }
    return child;
}

static void end(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void acquire_times_out_at_the_deadline(void **state)
{
    (void)state;
    struct shared *shared = share();
    pid_t child = occupy(shared, NULL);
    int64_t deadline = fixture_now() + SECOND / 50;
    assert_int_equal(
        quipu_common_fair_lock_acquire(&shared->fair_lock, deadline),
        ETIMEDOUT);
    assert_true(fixture_now() >= deadline);
    assert_int_equal(quipu_common_fair_lock_acquire(&shared->fair_lock, 0),
                     ETIMEDOUT);
    end(child);
    unshare_it(shared);
}

static void lock_of_a_killed_owner_is_acquired(void **state)
{
    (void)state;
    struct shared *shared = share();
    for (int i = 0; i < 3; i++) {
        atomic_store(&shared->ready, 0);
        end(occupy(shared, i == 2 ? &shared->fair_lock.next : NULL));
        assert_int_equal(quipu_common_fair_lock_acquire(&shared->fair_lock,
                                                        fixture_now() + SECOND),
                         0);
        quipu_common_fair_lock_release(&shared->fair_lock);
    }
    unshare_it(shared);
}

static void take_turns(struct shared *shared)
{
    for (int i = 0; i < TURNS; i++) {
        if (quipu_common_fair_lock_acquire(
                &shared->fair_lock, fixture_now() + FIXTURE_PATIENCE) != 0 ||
            shared->inside++ != 0) {
            _exit(1);
        }
        (void)usleep(50); /* as long as a commit: the other threads wait now */
        shared->turns++;
        shared->inside--;
        quipu_common_fair_lock_release(&shared->fair_lock);
    }
    _exit(0);
}

static void lock_has_one_owner_at_a_time(void **state)
{
    (void)state;
    struct shared *shared = share();
    pid_t children[PEOPLE];
    for (int i = 0; i < PEOPLE; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            take_turns(shared);
        }
    }
    for (int i = 0; i < PEOPLE; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(shared->turns, PEOPLE * TURNS);
    unshare_it(shared);
}

/* A child that acquires the lock once and reports it. */
static pid_t come_in(struct shared *shared)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int code = quipu_common_fair_lock_acquire(
            &shared->fair_lock, fixture_now() + FIXTURE_PATIENCE);
        shared->inside++;
        quipu_common_fair_lock_release(&shared->fair_lock);
        _exit(code);
    }
    return child;
}

/* Waits until a thread waits for the lock: it holds `next`. */
static void until_one_waits(struct shared *shared)
{
    int64_t deadline = fixture_now() + FIXTURE_PATIENCE;
    while (pthread_mutex_trylock(&shared->fair_lock.next) == 0) {
        assert_true(fixture_now() < deadline);
        (void)pthread_mutex_unlock(&shared->fair_lock.next);
        (void)sched_yield();
    }
}

static void releasing_thread_queues_behind_waiters(void **state)
{
    (void)state;
    struct shared *shared = share();
    for (int i = 1; i <= TURNS; i++) {
        assert_int_equal(
            quipu_common_fair_lock_acquire(&shared->fair_lock, FOREVER), 0);
        pid_t child = come_in(shared);
        until_one_waits(shared);
        quipu_common_fair_lock_release(&shared->fair_lock);
        assert_int_equal(
            quipu_common_fair_lock_acquire(&shared->fair_lock, FOREVER), 0);
        assert_int_equal(shared->inside, i);
        quipu_common_fair_lock_release(&shared->fair_lock);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    unshare_it(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acquire_times_out_at_the_deadline),
        cmocka_unit_test(lock_of_a_killed_owner_is_acquired),
        cmocka_unit_test(lock_has_one_owner_at_a_time),
        cmocka_unit_test(releasing_thread_queues_behind_waiters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
