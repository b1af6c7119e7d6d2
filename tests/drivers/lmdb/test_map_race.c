/* SPDX-License-Identifier: Apache-2.0 */
/* A map that another process has outgrown is replaced while other threads call
 * the driver.  mmap takes a while, so that their calls fall into it. */
#include "fixture.h"

#include "drivers/common/processes.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define LARGE ((size_t)6 << 20)
#define THREADS 6
#define CALLS 200
#define DELAY 20000 /* microseconds */

static const struct opening small = { .option = "mapsize", .value = "256k" };
static atomic_bool slow;

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
QUIPU_API void *mmap(void *address, size_t size, int protection, int flags,
                     int fd, off_t offset)
{
    static void *(*next)(void *, size_t, int, int, int, off_t);
    if (!next) {
        void *found = dlsym(RTLD_NEXT, "mmap");
        memcpy((void *)&next, &found, sizeof(found));
    }
    if (fd >= 0 && atomic_load(&slow)) {
        (void)usleep(DELAY);
    }
    return next(address, size, protection, flags, fd, offset);
}

struct race {
    pthread_barrier_t start;
    struct place place;
    atomic_uint threads;
    atomic_uint failed; /* calls */
};

static void *append_or_read(void *context)
{
    struct race *race = context;
    struct place *place = &race->place;
    const unsigned self = atomic_fetch_add(&race->threads, 1);
    quipu_position head;
    (void)pthread_barrier_wait(&race->start);
    for (int i = 0; i < CALLS; i++) {
        int status =
            self % 2 == 0
                ? fixture_append_large(place, 10, NULL)
                : fixture_driver()->log_head(place->datastore, place->bound,
                                             FOREVER, &head, NULL);
        (void)atomic_fetch_add(&race->failed,
                               status != QUIPU_OK && status != QUIPU_BUSY);
    }
    return NULL;
}

/* Replaces this process by one that makes the store larger. */
static void outgrow(const char *folder)
{
    (void)execl("/proc/self/exe", "map_race", folder, (char *)NULL);
    _exit(1);
}

static void outgrow_and_race(const char *folder)
{
    pthread_t threads[THREADS];
    struct race race = { .place = fixture_place(folder, &small) };
    (void)pthread_barrier_init(&race.start, NULL, THREADS);
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        outgrow(folder);
    }
    expect_success(child);
    atomic_store(&slow, true);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, append_or_read, &race), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    atomic_store(&slow, false);
    assert_int_equal(atomic_load(&race.failed), 0);
    (void)pthread_barrier_destroy(&race.start);
    fixture_leave(&race.place);
}

static void outgrown_map_is_replaced_beside_other_threads(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        char folder[32];
        (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
        struct place place = fixture_place(folder, NULL);
        fixture_append(place.datastore, place.bound, 1);
        fixture_leave(&place);
        outgrow_and_race(folder);
    }
}

static void append_much(const char *folder)
{
    quipu_error error = { 0 };
    struct place place = fixture_place(folder, NULL);
    assert_ok(fixture_append_large(&place, LARGE, &error), &error);
    fixture_leave(&place);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outgrown_map_is_replaced_beside_other_threads),
    };
    if (argc == 2) {
        append_much(argv[1]);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
