/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the messages of drivers and their listener. */
#include "quipu_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <quipu/drivers.h>

#include "driver/host.h"
#include "driver/message.h"

static int received_level;
static char received_text[2000];

static void listen(int level, const char *text)
{
    received_level = level;
    snprintf(received_text, sizeof(received_text), "%s", text);
}

static void messages_reach_the_listener(void **state)
{
    char text[1500];

    (void)state;
    quipu_messages_listen(listen);
    quipu_host_table()->message(QUIPU_LEVEL_TRACE, "%s %d", "one", 1);
    assert_int_equal(received_level, QUIPU_LEVEL_TRACE);
    assert_string_equal(received_text, "one 1");
    quipu_message_send(QUIPU_LEVEL_NOTICE, "two");
    assert_int_equal(received_level, QUIPU_LEVEL_NOTICE);
    assert_string_equal(received_text, "two");
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    quipu_message_send(QUIPU_LEVEL_NOTICE, "%s", text);
    assert_int_equal(strlen(received_text), 1007);
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
    assert_true(saved >= 0 && file >= 0);
    assert_int_equal(fflush(stderr), 0);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    quipu_message_send(QUIPU_LEVEL_TRACE, "traced");
    quipu_message_send(QUIPU_LEVEL_NOTICE, "noticed");
    quipu_message_send(QUIPU_LEVEL_WARNING, "warned of %d", 1);
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
        cmocka_unit_test(messages_reach_the_listener),
        cmocka_unit_test(only_warnings_go_to_standard_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
