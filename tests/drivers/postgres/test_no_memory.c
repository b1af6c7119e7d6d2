/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out, at each allocation in turn: quipu's, then any of the thread,
 * libpq's among them. */
#include "drivers/shared/tour.h"

#include "quipu_test_memory.h"

#define STORE "///" /* of the environment */

static _Thread_local long left; /* allocations before one fails; 0: none does */

#if defined(__GLIBC__) && !defined(QUIPU_TEST_SANITIZED)
/* The C library's own, which libpq's calls lead past, to those here. */
void *__libc_malloc(size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_calloc(size_t count, size_t size);

static bool may_allocate(void)
{
    return left == 0 || --left > 0;
}

void *malloc(size_t size)
{
    return may_allocate() ? __libc_malloc(size) : NULL;
}

void *realloc(void *ptr, size_t size)
{
    return may_allocate() ? __libc_realloc(ptr, size) : NULL;
}

void *calloc(size_t nmemb, size_t size)
{
    return may_allocate() ? __libc_calloc(nmemb, size) : NULL;
}
#define CAN_FAIL true
#else
#define CAN_FAIL false
#endif

/* The native handle is libpq's connection, in a transaction. */
int fixture_work(void *native, void *context, quipu_error *error)
{
    (void)context;
    (void)error;
    return native != NULL ? QUIPU_OK : QUIPU_INTERNAL;
}

/* A server's store is no file. */
const char *fixture_data(const char *file)
{
    return file;
}

static int take(void *context, quipu_error *error)
{
    return tour_take(STORE, context, error);
}

static void quipus_allocations_may_fail(void **state)
{
    char usual[] = "";
    char space[] = "space";
    (void)state;
    tour_prepare(STORE);
    quipu_test_memory_sweep(take, usual);
    quipu_test_memory_sweep(take, space);
    tour_check(STORE);
}

static void any_allocation_may_fail(void **state)
{
    int failures = 0;
    (void)state;
    if (!CAN_FAIL) {
        skip();
    }
    tour_prepare(STORE);
    for (long n = 1;; n += 1 + n / 40) {
        quipu_error error = { 0 };
        left = n;
        int status = tour_take(STORE, "", &error);
        bool failed = left == 0;
        left = 0;
        if (!failed) {
            assert_ok(status, &error);
            break;
        }
        if (status != QUIPU_OK && status != QUIPU_NO_MEMORY &&
            status != QUIPU_IO) {
            fail_msg("after %ld allocations: %d, %s", n, status, error.message);
        }
        failures += status != QUIPU_OK;
    }
    assert_true(failures > 20);
    tour_check(STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quipus_allocations_may_fail),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
