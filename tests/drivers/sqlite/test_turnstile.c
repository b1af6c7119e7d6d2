/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "shared/turnstile.h"

#define PEOPLE 4
#define TURNS 200

struct shared {
    struct turnstile turnstile;
    atomic_int ready;
    atomic_bool go;
    int inside;
    int order[PEOPLE * TURNS];
    int turns;
};

static struct shared *share(void)
{
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    assert_int_equal(quipu_shared_turnstile_init(&shared->turnstile), 0);
    return shared;
}

static void unshare_it(struct shared *shared)
{
    quipu_shared_turnstile_finish(&shared->turnstile);
    assert_int_equal(munmap(shared, sizeof *shared), 0);
}

/* A child that enters, says so, and stays inside until it is killed. */
static pid_t occupy(struct shared *shared, pthread_mutex_t *mutex)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (mutex != NULL) {
            (void)pthread_mutex_lock(mutex);
        } else {
            (void)quipu_shared_turnstile_enter(&shared->turnstile, FOREVER);
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

static void who_is_late_gives_up(void **state)
{
    (void)state;
    struct shared *shared = share();
    pid_t child = occupy(shared, NULL);
    int64_t deadline = fixture_now() + SECOND / 50;
    assert_int_equal(quipu_shared_turnstile_enter(&shared->turnstile, deadline),
                     ETIMEDOUT);
    assert_true(fixture_now() >= deadline);
    assert_int_equal(quipu_shared_turnstile_enter(&shared->turnstile, 0),
                     ETIMEDOUT);
    end(child);
    unshare_it(shared);
}

static void who_is_killed_inside_leaves(void **state)
{
    (void)state;
    struct shared *shared = share();
    for (int i = 0; i < 3; i++) {
        atomic_store(&shared->ready, 0);
        end(occupy(shared, i == 2 ? &shared->turnstile.next : NULL));
        assert_int_equal(quipu_shared_turnstile_enter(&shared->turnstile,
                                                      fixture_now() + SECOND),
                         0);
        quipu_shared_turnstile_leave(&shared->turnstile);
    }
    unshare_it(shared);
}

static void take_turns(struct shared *shared, int who)
{
    (void)atomic_fetch_add(&shared->ready, 1);
    while (!atomic_load(&shared->go)) {
    }
    for (int i = 0; i < TURNS; i++) {
        if (quipu_shared_turnstile_enter(&shared->turnstile,
                                         fixture_now() + 30 * SECOND) != 0 ||
            shared->inside++ != 0) {
            _exit(1);
        }
        shared->order[shared->turns++] = who;
        (void)usleep(50); /* as long as a commit: the others have come */
        shared->inside--;
        quipu_shared_turnstile_leave(&shared->turnstile);
    }
    _exit(0);
}

/* Lets all four take their turns.  In the first half, when surely nobody is
 * through yet, each must have a fair share; how often one left and was the next
 * to enter. */
static int race(void)
{
    struct shared *shared = share();
    pid_t children[PEOPLE];
    int shares[PEOPLE] = { 0 };
    int again = 0;
    for (int i = 0; i < PEOPLE; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            take_turns(shared, i);
        }
    }
    while (atomic_load(&shared->ready) < PEOPLE) {
    }
    atomic_store(&shared->go, true);
    for (int i = 0; i < PEOPLE; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(shared->turns, PEOPLE * TURNS);
    for (int i = 0; i < PEOPLE * TURNS / 2; i++) {
        shares[shared->order[i]]++;
        again += i > 0 && shared->order[i] == shared->order[i - 1];
    }
    for (int i = 0; i < PEOPLE; i++) {
        assert_true(shares[i] >= TURNS / 5);
    }
    unshare_it(shared);
    return again;
}

/* Who leaves does not overtake those who wait; but on a busy machine one who
 * was woken may be kept from running, so there are several tries. */
static void processes_take_turns(void **state)
{
    (void)state;
    int least = PEOPLE * TURNS;
    for (int i = 0; i < 5 && least >= TURNS / 8; i++) {
        int again = race();
        least = again < least ? again : least;
    }
    assert_true(least < TURNS / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_late_gives_up),
        cmocka_unit_test(who_is_killed_inside_leaves),
        cmocka_unit_test(processes_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
