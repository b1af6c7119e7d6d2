/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes on one store, some of which are killed. */
#include "fixture.h"

#include "drivers/common/processes.h"

#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "quipu_test_skip.h"
#include "sqlite.h"

#define KILLS 100
#define PEOPLE 4

static const char *file;

static quipu_driver_schema *open_bound(quipu_driver_datastore **datastore)
{
    quipu_schema schema = fixture_schema("stored_events", 0);
    *datastore = fixture_open(file);
    return fixture_bind(*datastore, &schema);
}

static void close_bound(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound)
{
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static int use_new_file(void **state)
{
    (void)state;
    static char name[32];
    (void)snprintf(name, sizeof(name), "%s", fixture_file());
    file = name;
    return 0;
}

/* ------------------------------------------------------------ kill -9 */

struct acknowledged {
    _Atomic int64_t last; /* the highest acknowledged notification id */
};

/* Appends pairs of items, to two sequences each, until it is killed. */
static void append_pairs(void *context)
{
    struct acknowledged *acknowledged = context;
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *bound = open_bound(&datastore);
    uint32_t process = (uint32_t)getpid();
    for (uint32_t i = 0;; i++) {
        struct piece pieces[2];
        quipu_item items[2];
        for (uint32_t k = 0; k < 2; k++) {
            fixture_piece(&pieces[k], 1 + k, -1, 2 * i + k + 1);
            memcpy(pieces[k].event + 4, &process, sizeof(process));
            items[k] = pieces[k].item;
        }
        const quipu_request request = { .schema = bound,
                                        .items = items,
                                        .item_count = 2 };
        quipu_result result = { 0 };
        quipu_error error = { 0 };
        assert_ok(fixture_append_all(datastore, &request, 1, &result, &error),
                  &error);
        assert_int_equal(result.status, QUIPU_OK);
        atomic_store(&acknowledged->last, result.first_notification_id + 1);
    }
}

static int64_t last_of(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, uint32_t sequence)
{
    struct piece piece;
    bool found = false;
    int64_t last = -1;
    fixture_piece(&piece, sequence, 0, 0);
    assert_ok(fixture_driver()->last_position(datastore, bound,
                                              piece.item.sequence_id, FOREVER,
                                              &found, &last, NULL),
              NULL);
    return last;
}

/* Waits until that many appends have been acknowledged. */
static void await_items(struct acknowledged *acknowledged, int64_t last)
{
    int64_t end = fixture_now() + FIXTURE_PATIENCE;
    while (atomic_load(&acknowledged->last) < last) {
        assert_true(fixture_now() < end);
        (void)usleep(50);
    }
}

static void acknowledged_appends_survive_a_hundred_kills(void **state)
{
    (void)state;
    struct acknowledged *acknowledged = share_memory(sizeof(*acknowledged));
    quipu_driver_datastore *datastore = NULL;
    int64_t grown = 0;
    for (int i = 0; i < KILLS; i++) {
        int64_t before = atomic_load(&acknowledged->last);
        pid_t child = start_child(append_pairs, acknowledged);
        /* Some are killed while they open the store, most while they append. */
        if (i % 10 != 0) {
            await_items(acknowledged, before + 2 * (i % 7));
        }
        (void)usleep((useconds_t)(i * 37 % 900));
        kill_child(child);
        quipu_driver_schema *bound = open_bound(&datastore);
        int64_t head = fixture_head(datastore, bound);
        assert_true(head >= atomic_load(&acknowledged->last));
        assert_int_equal(head % 2, 0); /* pairs are complete */
        assert_int_equal(fixture_count(datastore, bound), head);
        assert_int_equal(last_of(datastore, bound, 1), head / 2 - 1);
        assert_int_equal(last_of(datastore, bound, 2), head / 2 - 1);
        close_bound(datastore, bound);
        grown += head > before;
        atomic_store(&acknowledged->last, head);
    }
    assert_true(grown > KILLS / 2);
    assert_int_equal(munmap(acknowledged, sizeof(*acknowledged)), 0);
}

/* Other writers acquire the lock of the killed one, and nothing is lost. */
static void other_writers_continue_when_one_is_killed(void **state)
{
    (void)state;
    struct acknowledged *acknowledged = share_memory(sizeof(*acknowledged));
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *bound = NULL;
    for (int i = 0; i < 20; i++) {
        pid_t victim = start_child(append_pairs, acknowledged);
        pid_t other = start_child(append_pairs, acknowledged);
        (void)usleep((useconds_t)(5000 + i * 731 % 9000));
        kill_child(victim);
        await_items(acknowledged, atomic_load(&acknowledged->last) + 4);
        kill_child(other);
    }
    bound = open_bound(&datastore);
    int64_t head = fixture_head(datastore, bound);
    assert_true(head >= atomic_load(&acknowledged->last));
    assert_int_equal(fixture_count(datastore, bound), head);
    close_bound(datastore, bound);
    assert_int_equal(munmap(acknowledged, sizeof(*acknowledged)), 0);
}

/* ------------------------------------------------------------- recovery */

static atomic_int log_syncs;

/* Replaces the function of the C library, to record which files are synced. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int fdatasync(int fd)
{
    char link[40];
    char name[600] = "";
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, name, sizeof(name) - 1);
    if (size > 4 && strcmp(name + size - 4, "-wal") == 0) {
        (void)atomic_fetch_add(&log_syncs, 1);
    }
    return (int)syscall(SYS_fdatasync, fd);
}

/* Commits of a killed process may not have reached the disk; no process may
 * read a commit that a power cut could still take back. */
static void first_opening_after_a_kill_syncs_the_wal(void **state)
{
    (void)state;
    struct acknowledged *acknowledged = share_memory(sizeof(*acknowledged));
    quipu_driver_datastore *datastore = NULL;
    pid_t child = start_child(append_pairs, acknowledged);
    await_items(acknowledged, 1);
    kill_child(child);
    atomic_store(&log_syncs, 0);
    quipu_driver_schema *bound = open_bound(&datastore);
    assert_int_equal(atomic_load(&log_syncs), 1);
    assert_true(fixture_count(datastore, bound) > 0);
    close_bound(datastore, bound);
    assert_int_equal(munmap(acknowledged, sizeof(*acknowledged)), 0);
}

/* --------------------------------------------------------------- creation */

static void open_and_leave(void *context)
{
    (void)context;
    fixture_close(fixture_open(file));
}

/* Sets a limit on the size of files that kills the process in one of the writes
 * of the creation. */
static void make_until_killed(void *context)
{
    const rlim_t *size = context;
    const struct rlimit limit = { *size, *size };
    quipu_driver_datastore *datastore = NULL;
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)fixture_try_open(file, NULL, &datastore, NULL);
    _exit(0);
}

static void store_whose_creation_was_killed_can_be_opened(void **state)
{
    (void)state;
    int killed = 0;
    for (rlim_t size = 0; size < (rlim_t)80 << 10; size += 512) {
        (void)use_new_file(NULL);
        int status = 0;
        pid_t child = start_child(make_until_killed, &size);
        assert_int_equal(waitpid(child, &status, 0), child);
        killed += WIFSIGNALED(status);
        quipu_driver_datastore *datastore = NULL;
        quipu_driver_schema *bound = open_bound(&datastore);
        fixture_append(datastore, bound, 1);
        assert_int_equal(fixture_count(datastore, bound), 1);
        close_bound(datastore, bound);
    }
    assert_true(killed > 8);
}

static void concurrent_processes_create_one_store(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        pid_t children[PEOPLE];
        (void)use_new_file(NULL);
        for (int i = 0; i < PEOPLE; i++) {
            children[i] = start_child(open_and_leave, NULL);
        }
        for (int i = 0; i < PEOPLE; i++) {
            expect_success(children[i]);
        }
        assert_int_equal(
            fixture_ask(file, "SELECT count(*) FROM quipu_namespaces"), 1);
    }
}

/* ------------------------------------------------------------- fairness */

#define TURNS 20

struct turns {
    atomic_int ready; /* 1: the other process has it open */
    atomic_int turn;  /* turns of the other process */
    quipu_driver_datastore *datastore;
};

static void append_each_turn(void *context)
{
    struct turns *turns = context;
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *bound = open_bound(&datastore);
    atomic_store(&turns->ready, 1);
    for (int i = 1; i <= TURNS; i++) {
        while (atomic_load(&turns->turn) < i) {
            (void)usleep(100);
        }
        fixture_append(datastore, bound, 1);
    }
    close_bound(datastore, bound);
}

/* Signals the other process, and keeps the lock until that one waits for it. */
static int let_the_other_wait(void *native, void *context, quipu_error *error)
{
    struct turns *turns = context;
    _Atomic uint32_t *queued = &turns->datastore->fair_lock->page->queued;
    (void)native;
    (void)error;
    (void)atomic_fetch_add(&turns->turn, 1);
    for (int64_t end = fixture_now() + FIXTURE_PATIENCE; fixture_now() < end;) {
        if (atomic_load(queued) != 0) {
            return QUIPU_OK;
        }
        (void)usleep(100);
    }
    return QUIPU_INTERNAL;
}

/* A process that has just committed does not overtake a waiting one. With
 * SQLite's busy handler, which polls, it could. */
static void processes_append_in_fair_turns(void **state)
{
    (void)state;
    struct turns *turns = share_memory(sizeof(*turns));
    quipu_driver_datastore *datastore = NULL;
    open_and_leave(NULL);
    pid_t child = start_child(append_each_turn, turns);
    while (atomic_load(&turns->ready) == 0) {
        (void)usleep(100);
    }
    quipu_driver_schema *bound = open_bound(&datastore);
    turns->datastore = datastore;
    for (int i = 1; i <= TURNS; i++) {
        const quipu_request nothing = { .schema = bound };
        quipu_result result = { 0 };
        quipu_error error = { 0 };
        assert_ok(fixture_driver()->transact(datastore, &nothing,
                                             let_the_other_wait, turns, &result,
                                             FOREVER, &error),
                  &error);
        assert_ok(fixture_try_append(datastore, bound, 2, &result, &error),
                  &error);
        assert_int_equal(result.first_notification_id, 2 * i);
    }
    expect_success(child);
    close_bound(datastore, bound);
    assert_int_equal(munmap(turns, sizeof(*turns)), 0);
}

/* -------------------------------------------------------------- waiting */

static void append_when_told(void *context)
{
    atomic_int *stage = context;
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *bound = open_bound(&datastore);
    atomic_store(stage, 1);
    while (atomic_load(stage) != 2) {
        (void)usleep(100);
    }
    await_sleep(getppid(), getppid()); /* in its call of `wait` */
    fixture_append(datastore, bound, 1);
    close_bound(datastore, bound);
}

static void commit_wakes_waiting_processes(void **state)
{
    (void)state;
    atomic_int *stage = share_memory(sizeof(*stage));
    quipu_driver_datastore *datastore = NULL;
    int64_t head = 0;
    open_and_leave(NULL);
    pid_t child = start_child(append_when_told, stage);
    while (atomic_load(stage) != 1) {
        (void)usleep(100);
    }
    quipu_driver_schema *bound = open_bound(&datastore);
    atomic_store(stage, 2);
    assert_ok(fixture_driver()->wait(datastore, bound, 0,
                                     fixture_now() + FIXTURE_PATIENCE, &head,
                                     NULL),
              NULL);
    assert_int_equal(head, 1);
    expect_success(child);
    close_bound(datastore, bound);
    assert_int_equal(munmap(stage, sizeof(*stage)), 0);
}

/* ----------------------------------------------------------------- fork */

static void open_after_fork(void *context)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    (void)context;
    assert_refused(fixture_try_open(file, NULL, &datastore, &error),
                   QUIPU_INVALID, &error, "forked");
    fixture_close(fixture_open("other.db"));
}

static void file_that_was_open_at_fork_is_refused(void **state)
{
    (void)state;
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *bound = open_bound(&datastore);
    expect_success(start_child(open_after_fork, NULL));
    fixture_append(datastore, bound, 1);
    close_bound(datastore, bound);
}

static atomic_bool busy;

static void *open_append_and_close(void *context)
{
    const quipu_schema schema = fixture_schema("events", 0);
    while (atomic_load(&busy)) {
        quipu_driver_datastore *datastore = fixture_open(context);
        quipu_driver_schema *bound = fixture_bind(datastore, &schema);
        fixture_append(datastore, bound, 1);
        fixture_driver()->unbind(datastore, bound);
        fixture_close(datastore);
    }
    return NULL;
}

static void open_another(void *context)
{
    (void)context;
    (void)alarm(60); /* ends a child that hangs */
    fixture_close(fixture_open("child.db"));
}

/* The child must not inherit a mutex that another thread holds. It may inherit
 * one of a sanitizer's allocator. */
static void child_of_a_fork_beside_other_threads_can_open(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    quipu_test_skip("a child of fork may inherit a locked mutex of the "
                    "sanitizer's allocator");
#endif
    pthread_t threads[2];
    char names[2][16] = { "beside1.db", "beside2.db" };
    atomic_store(&busy, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, open_append_and_close, names[i]),
            0);
    }
    for (int i = 0; i < 100; i++) {
        expect_success(start_child(open_another, NULL));
    }
    atomic_store(&busy, false);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, use_new_file)
    const struct CMUnitTest tests[] = {
        CASE(acknowledged_appends_survive_a_hundred_kills),
        CASE(other_writers_continue_when_one_is_killed),
        CASE(first_opening_after_a_kill_syncs_the_wal),
        CASE(store_whose_creation_was_killed_can_be_opened),
        CASE(concurrent_processes_create_one_store),
        CASE(processes_append_in_fair_turns),
        CASE(commit_wakes_waiting_processes),
        CASE(file_that_was_open_at_fork_is_refused),
        CASE(child_of_a_fork_beside_other_threads_can_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
