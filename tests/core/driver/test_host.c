/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the functions that drivers receive. */
#include "quipu_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <quipu/drivers.h>
#include <quipu/memory.h>

#include "driver/host.h"

static int heard_level;
static char heard_text[2000];

static void listen(int level, const char *text)
{
    heard_level = level;
    snprintf(heard_text, sizeof(heard_text), "%s", text);
}

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

static void messages_reach_the_listener(void **state)
{
    char text[1500];

    (void)state;
    quipu_messages_listen(listen);
    quipu_host_table()->message(QUIPU_LEVEL_TRACE, "%s %d", "one", 1);
    assert_int_equal(heard_level, QUIPU_LEVEL_TRACE);
    assert_string_equal(heard_text, "one 1");
    quipu_host_message(QUIPU_LEVEL_NOTICE, "two");
    assert_int_equal(heard_level, QUIPU_LEVEL_NOTICE);
    assert_string_equal(heard_text, "two");
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    quipu_host_message(QUIPU_LEVEL_NOTICE, "%s", text);
    assert_int_equal(strlen(heard_text), 1007);
    quipu_messages_listen(NULL);
}

/* Captures standard error while a message of each level is sent. */
static void only_warnings_go_to_standard_error(void **state)
{
    char text[200];
    ssize_t size;
    int saved = dup(STDERR_FILENO);
    int file = open("stderr.txt", O_RDWR | O_CREAT | O_TRUNC, 0600);

    (void)state;
    assert_int_equal(fflush(stderr), 0);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    quipu_host_message(QUIPU_LEVEL_TRACE, "traced");
    quipu_host_message(QUIPU_LEVEL_NOTICE, "noticed");
    quipu_host_message(QUIPU_LEVEL_WARNING, "warned of %d", 1);
    assert_int_equal(fflush(stderr), 0);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    size = pread(file, text, sizeof(text), 0);
    close(file);
    assert_bytes(text, (size_t)size, "quipu: warned of 1\n", 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_complete),
        cmocka_unit_test(memory_comes_from_the_allocator),
        cmocka_unit_test(errors_carry_the_back_ends_codes),
        cmocka_unit_test(messages_reach_the_listener),
        cmocka_unit_test(only_warnings_go_to_standard_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
