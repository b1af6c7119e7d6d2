/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts that a conninfo names, and the time that each has. */
#include "fixture.h"

#include "common/clock.h"
#include "net/hosts.h"

#include "driver/host.h"

static struct conninfo conninfo;
static struct hosts hosts;

static int find(const char *keywords[4], const char *values[4],
                quipu_error *error)
{
    conninfo = (struct conninfo){ .count = 0 };
    for (size_t i = 0; i < 4 && keywords[i]; i++) {
        conninfo.keywords[i] = keywords[i];
        conninfo.values[i] = values[i];
        conninfo.count++;
    }
    return quipu_postgres_hosts_find(quipu_host_table(), &conninfo, &hosts,
                                     error);
}

static void find_hosts(const char *names, const char *ports)
{
    quipu_error error = { 0 };
    const char *keywords[4] = { "host", "port" };
    const char *values[4] = { names, ports };
    assert_ok(find(keywords, values, &error), &error);
}

static void lists_are_split_in_order(void **state)
{
    (void)state;
    find_hosts("a,b,c", "1,2,3");
    assert_int_equal(hosts.count, 3);
    assert_string_equal(hosts.at[0].name, "a");
    assert_string_equal(hosts.at[0].port, "1");
    assert_string_equal(hosts.at[2].name, "c");
    assert_string_equal(hosts.at[2].port, "3");
    assert_null(hosts.at[1].address);
    quipu_postgres_hosts_finish(&hosts, quipu_host_table());
    find_hosts("a,b", "7");
    assert_int_equal(hosts.count, 2);
    assert_string_equal(hosts.at[0].port, "7");
    assert_string_equal(hosts.at[1].port, "7");
    quipu_postgres_hosts_finish(&hosts, quipu_host_table());
}

/* libpq refuses them, or fills the gaps with its defaults. */
static void lists_with_gaps_or_odd_counts_are_left_to_libpq(void **state)
{
    static const char *const unusual[][2] = {
        { "a", "1" },    { "a,b", "1,2,3" }, { ",b", "1" },
        { "a,,b", "1" }, { "a,b,", "1" },    { "", "1,2" }
    };
    (void)state;
    for (size_t i = 0; i < sizeof(unusual) / sizeof(unusual[0]); i++) {
        find_hosts(unusual[i][0], unusual[i][1]);
        assert_int_equal(hosts.count, 1);
        quipu_postgres_hosts_finish(&hosts, quipu_host_table());
    }
}

static void environment_names_hosts_that_the_uri_lacks(void **state)
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
    assert_int_equal(hosts.count, 2);
    assert_string_equal(hosts.at[1].name, "y");
    assert_int_equal(hosts.timeout, 4 * CLOCK_SECOND);
    quipu_postgres_hosts_finish(&hosts, quipu_host_table());
}

static void connect_timeout_must_be_a_number(void **state)
{
    const char *keywords[4] = { "connect_timeout" };
    static const char *const wrong[] = { "soon", "3s", "3 4" };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const char *values[4] = { wrong[i] };
        quipu_error error = { 0 };
        assert_refused(find(keywords, values, &error), QUIPU_INVALID, &error,
                       "connect_timeout");
        quipu_postgres_hosts_finish(&hosts, quipu_host_table());
    }
}

/* Compared with the time before and after the call. */
static void hosts_share_the_time_until_the_deadline(void **state)
{
    int64_t before = clock_now();
    int64_t deadline = before + 900 * CLOCK_SECOND;
    (void)state;
    hosts = (struct hosts){ .count = 3 };
    int64_t until = quipu_postgres_hosts_until(&hosts, 3, deadline);
    assert_true(until >= before + 300 * CLOCK_SECOND);
    assert_true(until <= clock_now() + 300 * CLOCK_SECOND);
    assert_true(quipu_postgres_hosts_until(&hosts, 1, deadline) == deadline);
    assert_true(quipu_postgres_hosts_until(&hosts, 3, INT64_MAX) == INT64_MAX);
    hosts.timeout = 5 * CLOCK_SECOND;
    until = quipu_postgres_hosts_until(&hosts, 3, INT64_MAX);
    assert_true(until <= clock_now() + 5 * CLOCK_SECOND);
    assert_true(quipu_postgres_hosts_until(&hosts, 3, before) == before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_split_in_order),
        cmocka_unit_test(lists_with_gaps_or_odd_counts_are_left_to_libpq),
        cmocka_unit_test(environment_names_hosts_that_the_uri_lacks),
        cmocka_unit_test(connect_timeout_must_be_a_number),
        cmocka_unit_test(hosts_share_the_time_until_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
