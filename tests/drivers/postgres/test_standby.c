/* SPDX-License-Identifier: Apache-2.0 */
/* Several hosts in a URI, with a primary and its standby: which host is chosen,
 * hosts that are down or do not answer, and a failover. */
#include "fixture.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static char primary_host[200];
static char standby_host[200];

static int try_hosts(const char *first, const char *second, const char *more,
                     quipu_driver_datastore **datastore, quipu_error *error)
{
    char options[500];
    (void)snprintf(options, sizeof(options), "host=%s,%s%s", first, second,
                   more);
    *error = (quipu_error){ 0 };
    return fixture_try_open(options, datastore, error);
}

static quipu_driver_datastore *open_hosts(const char *first, const char *second,
                                          const char *more)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error;
    assert_ok(try_hosts(first, second, more, &datastore, &error), &error);
    return datastore;
}

static int64_t sessions(const char *host, const char *name)
{
    assert_int_equal(setenv("PGHOST", host, 1), 0);
    int64_t count = fixture_ask("SELECT count(*) FROM pg_stat_activity"
                                " WHERE application_name = '%s'",
                                name);
    assert_int_equal(setenv("PGHOST", primary_host, 1), 0);
    return count;
}

/* Appends with a URI that names two hosts in this order. */
static void append_through(const char *first, const char *second,
                           const char *more)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = open_hosts(first, second, more);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    int64_t before = fixture_head(datastore, bound);
    fixture_append(datastore, bound, 1);
    assert_int_equal(fixture_head(datastore, bound), before + 1);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

/* Waits until the standby has replayed all changes of the primary. */
static void wait_for_standby(void)
{
    int64_t behind = 1;
    for (int i = 0; i < 6000 && behind != 0; i++) {
        behind = fixture_ask("SELECT 1 - count(*) FROM pg_stat_replication"
                             " WHERE replay_lsn >= pg_current_wal_lsn()");
        fixture_pause(10 * MILLISECOND);
    }
    assert_int_equal(behind, 0);
}

static void primary_is_found_in_any_order(void **state)
{
    (void)state;
    append_through(primary_host, standby_host,
                   "&target_session_attrs=read-write");
    append_through(standby_host, primary_host,
                   "&target_session_attrs=read-write");
    append_through(standby_host, primary_host, "&target_session_attrs=primary");
}

static void environment_names_hosts_as_well(void **state)
{
    char both[400];
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    (void)state;
    (void)snprintf(both, sizeof(both), "%s,%s", standby_host, primary_host);
    assert_int_equal(setenv("PGHOST", both, 1), 0);
    assert_int_equal(setenv("PGTARGETSESSIONATTRS", "read-write", 1), 0);
    int status = fixture_try_open("", &datastore, &error);
    assert_int_equal(unsetenv("PGTARGETSESSIONATTRS"), 0);
    assert_int_equal(setenv("PGHOST", primary_host, 1), 0);
    assert_ok(status, &error);
    fixture_close(datastore);
}

static void standby_is_found_if_the_uri_asks_for_one(void **state)
{
    (void)state;
    wait_for_standby();
    static const char *const attributes[] = {
        "&readonly=yes&application_name=looks&target_session_attrs=standby",
        "&readonly=yes&application_name=looks&target_session_attrs=read-only",
        ("&readonly=yes&application_name=looks"
         "&target_session_attrs=prefer-standby"),
    };
    for (size_t i = 0; i < 3; i++) {
        quipu_schema schema = fixture_schema("plain");
        quipu_driver_schema *bound = NULL;
        quipu_error error = { 0 };
        quipu_driver_datastore *datastore =
            open_hosts(primary_host, standby_host, attributes[i]);
        assert_int_equal(sessions(standby_host, "looks"), 1);
        assert_ok(fixture_driver()->bind(datastore, &schema,
                                         fixture_now() + 20 * SECOND, &bound,
                                         &error),
                  &error);
        assert_true(fixture_head(datastore, bound) > 0);
        fixture_driver()->unbind(datastore, bound);
        fixture_close(datastore);
    }
}

static void prefer_standby_falls_back_to_a_primary(void **state)
{
    (void)state;
    append_through("/nowhere/at/all", primary_host,
                   "&target_session_attrs=prefer-standby");
}

static void host_that_is_down_is_skipped(void **state)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error;
    (void)state;
    append_through("/nowhere/at/all", primary_host, "");
    append_through(primary_host, "/nowhere/at/all", "");
    assert_refused(
        try_hosts("/nowhere/at/all", "/nor/here", "", &datastore, &error),
        QUIPU_IO, &error, "/nowhere/at/all");
    assert_contains(error.message, "/nor/here");
    assert_refused(try_hosts("/nowhere/at/all", standby_host,
                             "&target_session_attrs=read-write", &datastore,
                             &error),
                   QUIPU_IO, &error, "read-only");
    assert_contains(error.message, "target_session_attrs");
}

/* A socket that accepts connections and never answers. */
static int open_mute_socket(char folder[64])
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    (void)snprintf(folder, 64, "/tmp/quipu-mute-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(address.sun_path, sizeof(address.sun_path),
                   "%s/.s.PGSQL.5432", folder);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(
        bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 8), 0);
    return listener;
}

static void close_mute_socket(int listener, const char *folder)
{
    char path[100];
    (void)close(listener);
    (void)snprintf(path, sizeof(path), "%s/.s.PGSQL.5432", folder);
    (void)unlink(path);
    (void)rmdir(folder);
}

/* test_hosts.c tests how long the driver waits. */
static void host_that_does_not_answer_is_skipped(void **state)
{
    char folder[64];
    quipu_driver_datastore *datastore = NULL;
    quipu_error error;
    int listener = open_mute_socket(folder);
    (void)state;
    append_through(folder, primary_host, "&connect_timeout=8");
    assert_refused(try_hosts(folder, "/nowhere/at/all", "&connect_timeout=1",
                             &datastore, &error),
                   QUIPU_BUSY, &error, folder);
    assert_contains(error.message, "no answer");
    close_mute_socket(listener, folder);
}

static void opening_a_standby_for_writing_names_the_options(void **state)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error;
    char options[300];
    (void)state;
    (void)snprintf(options, sizeof(options), "host=%s", standby_host);
    assert_refused(fixture_try_open(options, &datastore, &error), QUIPU_DENIED,
                   &error, "readonly=yes");
    assert_contains(error.message, "target_session_attrs=read-write");
}

/* It replays only what its primary has flushed, and cannot flush itself. */
static void standby_reads_a_namespace_with_shared_flushes(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_schema *bound = NULL;
    quipu_error error = { 0 };
    (void)state;
    quipu_driver_datastore *datastore =
        fixture_open("schema=shared_flush&shared_flush=yes");
    bound = fixture_bind(datastore, &schema);
    fixture_append(datastore, bound, 1);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
    wait_for_standby();
    datastore = open_hosts(primary_host, standby_host,
                           "&schema=shared_flush&readonly=yes"
                           "&target_session_attrs=standby");
    assert_ok(fixture_driver()->bind(datastore, &schema,
                                     fixture_now() + 20 * SECOND, &bound,
                                     &error),
              &error);
    assert_int_equal(fixture_head(datastore, bound), 1);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void read_only_session_names_the_options(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_schema *bound = NULL;
    struct piece piece;
    quipu_result result;
    quipu_error error = { 0 };
    (void)state;
    quipu_driver_datastore *datastore =
        fixture_open("options=-c default_transaction_read_only=on");
    assert_ok(fixture_driver()->bind(datastore, &schema,
                                     fixture_now() + 20 * SECOND, &bound,
                                     &error),
              &error);
    fixture_piece(&piece, 1, -1, 4711);
    assert_refused(
        fixture_put(datastore, bound, &piece, 20 * SECOND, &result, &error),
        QUIPU_DENIED, &error, "is read-only");
    assert_contains(error.message, "target_session_attrs=read-write");
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

/* The datastore stays open during the failover.  The last test: it leaves the
 * former standby as the only primary. */
static void open_datastore_appends_after_a_failover(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = open_hosts(
        primary_host, standby_host, "&target_session_attrs=read-write");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    const char *stop = getenv("QUIPU_TEST_POSTGRES_STOP");
    const char *promote = getenv("QUIPU_TEST_STANDBY_PROMOTE");
    (void)state;
    fixture_append(datastore, bound, 1);
    int64_t before = fixture_head(datastore, bound);
    wait_for_standby();
    assert_non_null(stop);
    assert_non_null(promote);
    /* NOLINTNEXTLINE(cert-env33-c): the test's own commands. */
    assert_int_equal(system(stop), 0);
    /* NOLINTNEXTLINE(cert-env33-c) */
    assert_int_equal(system(promote), 0);
    fixture_append(datastore, bound, 1);
    assert_int_equal(fixture_head(datastore, bound), before + 1);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static int find_hosts(void **state)
{
    const char *primary = getenv("PGHOST");
    const char *standby = getenv("QUIPU_TEST_STANDBY");
    (void)state;
    if (!primary || !standby) {
        return -1;
    }
    (void)snprintf(primary_host, sizeof(primary_host), "%s", primary);
    (void)snprintf(standby_host, sizeof(standby_host), "%s", standby);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(primary_is_found_in_any_order),
        cmocka_unit_test(environment_names_hosts_as_well),
        cmocka_unit_test(standby_is_found_if_the_uri_asks_for_one),
        cmocka_unit_test(prefer_standby_falls_back_to_a_primary),
        cmocka_unit_test(host_that_is_down_is_skipped),
        cmocka_unit_test(host_that_does_not_answer_is_skipped),
        cmocka_unit_test(opening_a_standby_for_writing_names_the_options),
        cmocka_unit_test(standby_reads_a_namespace_with_shared_flushes),
        cmocka_unit_test(read_only_session_names_the_options),
        cmocka_unit_test(open_datastore_appends_after_a_failover),
    };
    return cmocka_run_group_tests(tests, find_hosts, NULL) != 0;
}
