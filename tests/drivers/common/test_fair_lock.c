/* SPDX-License-Identifier: Apache-2.0 */
#include "quipu_test.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/byte_lock.h"
#include "common/fair_lock.h"
#include "now.h"

#define PEOPLE 4
#define TURNS 200

static const char file[] = "locks";

struct shared {
    struct fair_lock_page page;
    atomic_int ready;
    int inside;
    int turns;
};

/* The lock as one process has it. Each process opens the file itself: forked
 * children would share the locks of one description. */
static void join(struct fair_lock *lock, struct shared *shared)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(quipu_common_fair_lock_init(lock), 0);
    quipu_common_fair_lock_share(lock, fd, &shared->page);
}

static void leave(struct fair_lock *lock)
{
    (void)close(lock->fd);
    quipu_common_fair_lock_finish(lock);
}

static struct shared *share(struct fair_lock *lock)
{
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    join(lock, shared);
    return shared;
}

static void unshare_it(struct fair_lock *lock, struct shared *shared)
{
    leave(lock);
    assert_int_equal(munmap(shared, sizeof(*shared)), 0);
}

/* A child that acquires the lock, or only a byte of it, reports that, and keeps
 * it until it is killed. */
static pid_t occupy(struct shared *shared, const enum lock_byte *byte)
{
    atomic_store(&shared->ready, 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct fair_lock lock;
        join(&lock, shared);
        if (byte) {
            (void)byte_lock_set(lock.fd, *byte, F_WRLCK);
            atomic_store(&shared->page.queued, 1);
        } else {
            (void)quipu_common_fair_lock_acquire(&lock, FOREVER);
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
    struct fair_lock lock;
    struct shared *shared = share(&lock);
    pid_t child = occupy(shared, NULL);
    int64_t deadline = fixture_now() + SECOND / 50;
    assert_int_equal(quipu_common_fair_lock_acquire(&lock, deadline),
                     ETIMEDOUT);
    assert_true(fixture_now() >= deadline);
    assert_int_equal(quipu_common_fair_lock_acquire(&lock, 0), ETIMEDOUT);
    end(child);
    unshare_it(&lock, shared);
}

static void lock_of_a_killed_owner_is_acquired(void **state)
{
    (void)state;
    const enum lock_byte next = BYTE_NEXT;
    struct fair_lock lock;
    struct shared *shared = share(&lock);
    for (int i = 0; i < 3; i++) {
        end(occupy(shared, i == 2 ? &next : NULL));
        assert_int_equal(
            quipu_common_fair_lock_acquire(&lock, fixture_now() + SECOND), 0);
        quipu_common_fair_lock_release(&lock);
        assert_int_equal(atomic_load(&shared->page.queued), 0);
    }
    unshare_it(&lock, shared);
}

/* A child that acquires the lock once and reports it. */
static pid_t come_in(struct shared *shared)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct fair_lock lock;
        join(&lock, shared);
        int code = quipu_common_fair_lock_acquire(&lock, fixture_now() +
                                                             FIXTURE_PATIENCE);
        shared->inside++;
        quipu_common_fair_lock_release(&lock);
        _exit(code);
    }
    return child;
}

/* Waits until a process waits for the lock. */
static void until_one_waits(struct shared *shared)
{
    int64_t deadline = fixture_now() + FIXTURE_PATIENCE;
    while (atomic_load(&shared->page.queued) == 0) {
        assert_true(fixture_now() < deadline);
        (void)sched_yield();
    }
}

/* Killed waiters neither open the lock nor keep others from it. */
static void killed_waiters_leave_the_lock_as_it_is(void **state)
{
    (void)state;
    struct fair_lock lock;
    struct shared *shared = share(&lock);
    for (int i = 0; i < TURNS; i++) {
        pid_t owner = occupy(shared, NULL);
        pid_t waiters[2] = { come_in(shared), come_in(shared) };
        until_one_waits(shared);
        end(waiters[0]);
        end(waiters[1]);
        assert_int_equal(quipu_common_fair_lock_acquire(&lock, 0), ETIMEDOUT);
        assert_int_equal(shared->inside, 0);
        end(owner);
        assert_int_equal(
            quipu_common_fair_lock_acquire(&lock, fixture_now() + SECOND), 0);
        quipu_common_fair_lock_release(&lock);
    }
    unshare_it(&lock, shared);
}

static void take_turns(struct shared *shared)
{
    struct fair_lock lock;
    join(&lock, shared);
    for (int i = 0; i < TURNS; i++) {
        if (quipu_common_fair_lock_acquire(&lock, fixture_now() +
                                                      FIXTURE_PATIENCE) != 0 ||
            shared->inside++ != 0) {
            _exit(1);
        }
        (void)usleep(50); /* as long as a commit: the other threads wait now */
        shared->turns++;
        shared->inside--;
        quipu_common_fair_lock_release(&lock);
    }
    _exit(0);
}

static void lock_has_one_owner_at_a_time(void **state)
{
    (void)state;
    struct fair_lock lock;
    struct shared *shared = share(&lock);
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
    unshare_it(&lock, shared);
}

struct thread {
    struct fair_lock *lock;
    struct shared *shared;
};

static void *take_turns_as_thread(void *context)
{
    struct thread *thread = context;
    for (int i = 0; i < TURNS; i++) {
        if (quipu_common_fair_lock_acquire(
                thread->lock, fixture_now() + FIXTURE_PATIENCE) != 0 ||
            thread->shared->inside++ != 0) {
            return thread;
        }
        thread->shared->turns++;
        thread->shared->inside--;
        quipu_common_fair_lock_release(thread->lock);
    }
    return NULL;
}

/* The threads of a process share one description, hence its byte locks. */
static void threads_of_a_process_exclude_each_other(void **state)
{
    (void)state;
    struct fair_lock lock;
    struct thread thread = { &lock, share(&lock) };
    pthread_t threads[PEOPLE];
    for (int i = 0; i < PEOPLE; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, take_turns_as_thread, &thread),
            0);
    }
    for (int i = 0; i < PEOPLE; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(thread.shared->turns, PEOPLE * TURNS);
    unshare_it(&lock, thread.shared);
}

static void releasing_thread_queues_behind_waiters(void **state)
{
    (void)state;
    struct fair_lock lock;
    struct shared *shared = share(&lock);
    for (int i = 1; i <= TURNS; i++) {
        assert_int_equal(quipu_common_fair_lock_acquire(&lock, FOREVER), 0);
        pid_t child = come_in(shared);
        until_one_waits(shared);
        quipu_common_fair_lock_release(&lock);
        assert_int_equal(quipu_common_fair_lock_acquire(&lock, FOREVER), 0);
        assert_int_equal(shared->inside, i);
        quipu_common_fair_lock_release(&lock);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    unshare_it(&lock, shared);
}

/* Any bytes in the page, which another user can write, only delay. */
static void hostile_page_neither_opens_nor_blocks_the_lock(void **state)
{
    (void)state;
    struct fair_lock lock;
    struct shared *shared = share(&lock);
    static const int fills[] = { 0xff, 0x00, 0x41, 0x01 };
    for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        pid_t owner = occupy(shared, NULL);
        memset(&shared->page, fills[i], sizeof(shared->page));
        assert_int_equal(
            quipu_common_fair_lock_acquire(&lock, fixture_now() + SECOND / 50),
            ETIMEDOUT);
        memset(&shared->page, fills[i], sizeof(shared->page));
        end(owner);
        assert_int_equal(
            quipu_common_fair_lock_acquire(&lock, fixture_now() + SECOND), 0);
        memset(&shared->page, fills[i], sizeof(shared->page));
        quipu_common_fair_lock_release(&lock);
    }
    unshare_it(&lock, shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acquire_times_out_at_the_deadline),
        cmocka_unit_test(lock_of_a_killed_owner_is_acquired),
        cmocka_unit_test(killed_waiters_leave_the_lock_as_it_is),
        cmocka_unit_test(lock_has_one_owner_at_a_time),
        cmocka_unit_test(threads_of_a_process_exclude_each_other),
        cmocka_unit_test(releasing_thread_queues_behind_waiters),
        cmocka_unit_test(hostile_page_neither_opens_nor_blocks_the_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
