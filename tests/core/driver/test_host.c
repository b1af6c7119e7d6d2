/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the functions that drivers receive. */
#include "quipu_test.h"

#include "driver/host.h"

static void table_is_complete(void **state)
{
    const quipu_host *host = quipu_host_table();

    (void)state;
    assert_int_equal(host->struct_size, sizeof(*host));
    assert_int_equal(host->abi, QUIPU_DRIVER_ABI);
    assert_ptr_equal(host, quipu_host_table());
    assert_non_null(host->message);
}

static void memory_comes_from_the_allocator(void **state)
{
    const quipu_host *host = quipu_host_table();
    char *memory = host->allocate(3);

    (void)state;
    memory = host->reallocate(memory, 100000);
    assert_non_null(memory);
    host->release(memory);
    host->release(NULL);
}

static void errors_carry_the_back_ends_codes(void **state)
{
    quipu_error err;

    (void)state;
    assert_status(quipu_host_table()->error_set(&err, QUIPU_BUSY, 5, "40001",
                                                "%d of %d", 1, 2),
                  QUIPU_BUSY);
    assert_int_equal(err.native, 5);
    assert_string_equal(err.sqlstate, "40001");
    assert_string_equal(err.message, "1 of 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_complete),
        cmocka_unit_test(memory_comes_from_the_allocator),
        cmocka_unit_test(errors_carry_the_back_ends_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
