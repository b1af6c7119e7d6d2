/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers a target names, and how long each is waited for. */
#include "fixture.h"

#include "common/clock.h"
#include "servers.h"

#include "driver/host.h"

static struct target target;
static struct servers servers;

static int find(const char *keywords[4], const char *values[4],
                quipu_error *error)
{
    target = (struct target){ .count = 0 };
    for (size_t i = 0; i < 4 && keywords[i]; i++) {
        target.keywords[i] = keywords[i];
        target.values[i] = values[i];
        target.count++;
    }
    return quipu_postgres_servers_find(quipu_host_table(), &target, &servers,
                                       error);
}

static void find_hosts(const char *hosts, const char *ports)
{
    quipu_error error = { 0 };
    const char *keywords[4] = { "host", "port" };
    const char *values[4] = { hosts, ports };
    assert_ok(find(keywords, values, &error), &error);
}

static void lists_are_cut_in_their_order(void **state)
{
    (void)state;
    find_hosts("a,b,c", "1,2,3");
    assert_int_equal(servers.count, 3);
    assert_string_equal(servers.at[0].host, "a");
    assert_string_equal(servers.at[0].port, "1");
    assert_string_equal(servers.at[2].host, "c");
    assert_string_equal(servers.at[2].port, "3");
    assert_null(servers.at[1].address);
    quipu_postgres_servers_finish(&servers, quipu_host_table());
    find_hosts("a,b", "7");
    assert_int_equal(servers.count, 2);
    assert_string_equal(servers.at[0].port, "7");
    assert_string_equal(servers.at[1].port, "7");
    quipu_postgres_servers_finish(&servers, quipu_host_table());
}

/* It refuses them, or knows better what they mean. */
static void what_is_odd_is_left_to_libpq(void **state)
{
    static const char *const odd[][2] = { { "a", "1" },    { "a,b", "1,2,3" },
                                          { ",b", "1" },   { "a,,b", "1" },
                                          { "a,b,", "1" }, { "", "1,2" } };
    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        find_hosts(odd[i][0], odd[i][1]);
        assert_int_equal(servers.count, 1);
        quipu_postgres_servers_finish(&servers, quipu_host_table());
    }
}

static void environment_is_asked_for_what_is_left_open(void **state)
{
    quipu_error error = { 0 };
    const char *none[4] = { NULL };
    (void)state;
    assert_int_equal(setenv("PGHOST", "x,y", 1), 0);
    assert_int_equal(setenv("PGCONNECT_TIMEOUT", "4", 1), 0);
    int status = find(none, none, &error);
    assert_int_equal(unsetenv("PGHOST"), 0);
    assert_int_equal(unsetenv("PGCONNECT_TIMEOUT"), 0);
    assert_ok(status, &error);
    assert_int_equal(servers.count, 2);
    assert_string_equal(servers.at[1].host, "y");
    assert_int_equal(servers.timeout, 4 * CLOCK_SECOND);
    quipu_postgres_servers_finish(&servers, quipu_host_table());
}

static void timeout_that_is_no_number_is_refused(void **state)
{
    const char *keywords[4] = { "connect_timeout" };
    static const char *const wrong[] = { "soon", "3s", "3 4" };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const char *values[4] = { wrong[i] };
        quipu_error error = { 0 };
        assert_refused(find(keywords, values, &error), QUIPU_INVALID, &error,
                       "connect_timeout");
        quipu_postgres_servers_finish(&servers, quipu_host_table());
    }
}

/* Compared with instants before and after, since time goes on. */
static void servers_share_the_time_there_is(void **state)
{
    int64_t before = clock_now();
    int64_t deadline = before + 900 * CLOCK_SECOND;
    (void)state;
    servers = (struct servers){ .count = 3 };
    int64_t until = quipu_postgres_servers_until(&servers, 3, deadline);
    assert_true(until >= before + 300 * CLOCK_SECOND);
    assert_true(until <= clock_now() + 300 * CLOCK_SECOND);
    assert_true(quipu_postgres_servers_until(&servers, 1, deadline) ==
                deadline);
    assert_true(quipu_postgres_servers_until(&servers, 3, INT64_MAX) ==
                INT64_MAX);
    servers.timeout = 5 * CLOCK_SECOND;
    until = quipu_postgres_servers_until(&servers, 3, INT64_MAX);
    assert_true(until <= clock_now() + 5 * CLOCK_SECOND);
    assert_true(quipu_postgres_servers_until(&servers, 3, before) == before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_cut_in_their_order),
        cmocka_unit_test(what_is_odd_is_left_to_libpq),
        cmocka_unit_test(environment_is_asked_for_what_is_left_open),
        cmocka_unit_test(timeout_that_is_no_number_is_refused),
        cmocka_unit_test(servers_share_the_time_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
