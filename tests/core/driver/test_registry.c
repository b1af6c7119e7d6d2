/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the registry: linked-in drivers, aliases, threads, lack of memory. */
#include "quipu_test.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <quipu/drivers.h>

#include "driver/registry.h"
#include "modules/table.h"

static bool calloc_fails;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return calloc_fails ? NULL : __real_calloc(count, size);
}

static const quipu_driver *linked_entry(void)
{
    static quipu_driver driver;

    fill_table(&driver, "linked");
    return &driver;
}

/* For several threads at once: it only returns. */
static quipu_driver raced_driver;

static const quipu_driver *raced_entry(void)
{
    return &raced_driver;
}

static const quipu_driver *incomplete_entry(void)
{
    static quipu_driver driver;

    fill_table(&driver, "incomplete");
    driver.step = NULL;
    return &driver;
}

static const quipu_driver *newer_entry(void)
{
    static quipu_driver driver;

    fill_table(&driver, "newer");
    driver.abi = 2;
    return &driver;
}

static const quipu_driver *find(const char *scheme)
{
    const quipu_driver *driver = NULL;
    quipu_error err;

    assert_ok(quipu_drivers_find(scheme, &driver, &err), &err);
    assert_non_null(driver);
    return driver;
}

/* Links a module from the current folder, which the path names, too. */
static void use_module(const char *module, const char *name)
{
    char here[PATH_MAX - 100], entries[PATH_MAX], target[PATH_MAX];

    assert_non_null(getcwd(here, sizeof(here)));
    snprintf(entries, sizeof(entries), "%s", here);
    snprintf(target, sizeof(target), MODULES "/%s.so", module);
    assert_int_equal(symlink(target, name), 0);
    setenv("QUIPU_DRIVER_PATH", entries, 1);
}

static void linked_driver_goes_before_modules(void **state)
{
    quipu_error err;

    (void)state;
    use_module("good", "linked.so");
    assert_ok(quipu_drivers_add("linked", linked_entry, &err), &err);
    assert_string_equal(find("linked")->name, "linked");
    assert_string_equal(quipu_registry_find("linked")->file, "");
}

static void taken_scheme_is_refused(void **state)
{
    quipu_error err;

    (void)state;
    use_module("good", "taken.so");
    assert_string_equal(find("taken")->name, "module");
    assert_refused(quipu_drivers_add("taken", linked_entry, &err),
                   QUIPU_INVALID, &err,
                   "there is a driver for \"taken\" already");
    assert_ok(quipu_drivers_add("twice", linked_entry, &err), &err);
    assert_status(quipu_drivers_add("twice", linked_entry, NULL),
                  QUIPU_INVALID);
    assert_string_equal(find("taken")->name, "module");
}

static void unusable_linked_driver_is_refused(void **state)
{
    quipu_error err;

    (void)state;
    assert_refused(quipu_drivers_add("x", incomplete_entry, &err),
                   QUIPU_INVALID, &err,
                   "the driver linked in for \"x\" cannot be used: its "
                   "required member \"step\" is missing");
    assert_refused(quipu_drivers_add("x", newer_entry, &err), QUIPU_UNSUPPORTED,
                   &err, "upgrade quipu");
    assert_refused(quipu_drivers_add("x", NULL, &err), QUIPU_INVALID, &err,
                   "has no entry");
    assert_refused(quipu_drivers_add("X", linked_entry, &err), QUIPU_INVALID,
                   &err, "\"X\" is not a scheme");
    assert_refused(quipu_drivers_add(NULL, linked_entry, &err), QUIPU_INVALID,
                   &err, "the scheme is NULL");
    assert_null(quipu_registry_find("x"));
}

/* A module answers for the scheme that it was loaded for, whatever name it
 * gives itself, and an alias is another scheme. */
static void module_serves_the_asked_scheme_only(void **state)
{
    const quipu_driver *driver = NULL;

    (void)state;
    use_module("good", "alias-a.so");
    use_module("good", "alias-b.so");
    assert_string_equal(find("alias-a")->name, "module");
    assert_status(quipu_drivers_find("module", &driver, NULL), QUIPU_NOT_FOUND);
    assert_null(quipu_registry_find("alias-b"));
    assert_ptr_not_equal(find("alias-b"), find("alias-a"));
}

static void first_of_two_folders_is_used(void **state)
{
    char here[PATH_MAX - 100], entries[2 * PATH_MAX], file[PATH_MAX];

    (void)state;
    use_module("shorter", "good.so");
    assert_non_null(getcwd(here, sizeof(here)));
    snprintf(entries, sizeof(entries), "%s:%s", here, MODULES);
    setenv("QUIPU_DRIVER_PATH", entries, 1);
    assert_string_equal(find("good")->name, "shorter");
    snprintf(file, sizeof(file), "%s/good.so", here);
    assert_string_equal(quipu_registry_find("good")->file, file);
}

enum { THREADS = 8 };

static pthread_barrier_t start;

static void *find_counted(void *context)
{
    const quipu_driver **driver = context;

    pthread_barrier_wait(&start);
    quipu_drivers_find("counted", driver, NULL);
    return NULL;
}

static void *add_raced(void *context)
{
    int *status = context;

    pthread_barrier_wait(&start);
    *status = quipu_drivers_add("raced", raced_entry, NULL);
    return NULL;
}

static void threads_get_one_driver_whose_entry_ran_once(void **state)
{
    const quipu_driver *drivers[THREADS] = { NULL };
    pthread_t threads[THREADS];

    (void)state;
    setenv("QUIPU_DRIVER_PATH", MODULES, 1);
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, find_counted, &drivers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&start);
    for (int i = 0; i < THREADS; i++) {
        assert_non_null(drivers[i]);
        assert_ptr_equal(drivers[i], drivers[0]);
    }
    assert_string_equal(drivers[0]->version, "1");
}

static void exactly_one_of_many_threads_adds_a_driver(void **state)
{
    int statuses[THREADS], added = 0;
    pthread_t threads[THREADS];

    (void)state;
    fill_table(&raced_driver, "raced");
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, add_raced, &statuses[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        added += statuses[i] == QUIPU_OK;
    }
    pthread_barrier_destroy(&start);
    assert_int_equal(added, 1);
}

static void lack_of_memory_is_reported(void **state)
{
    const quipu_driver *driver = NULL;
    quipu_error err;

    (void)state;
    setenv("QUIPU_DRIVER_PATH", MODULES, 1);
    calloc_fails = true;
    assert_refused(quipu_drivers_find("longer", &driver, &err), QUIPU_NO_MEMORY,
                   &err, "out of memory");
    assert_refused(quipu_drivers_add("short-of", linked_entry, &err),
                   QUIPU_NO_MEMORY, &err, "out of memory");
    calloc_fails = false;
    assert_string_equal(find("longer")->name, "longer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linked_driver_goes_before_modules),
        cmocka_unit_test(taken_scheme_is_refused),
        cmocka_unit_test(unusable_linked_driver_is_refused),
        cmocka_unit_test(module_serves_the_asked_scheme_only),
        cmocka_unit_test(first_of_two_folders_is_used),
        cmocka_unit_test(threads_get_one_driver_whose_entry_ran_once),
        cmocka_unit_test(exactly_one_of_many_threads_adds_a_driver),
        cmocka_unit_test(lack_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
