/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication by libpq: TLS, passwords, password files and service files; no
 * message shows a password. */
#include "fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#define PASSWORD "s3cret"

static const char *host;
static char file[64]; /* of a password or a service */

static int try_with(const char *how, quipu_error *error)
{
    char options[500];
    quipu_driver_datastore *datastore = NULL;
    (void)snprintf(options, sizeof(options), "host=%s&user=keeper&%s", host,
                   how);
    *error = (quipu_error){ 0 };
    int status = fixture_try_open(options, &datastore, error);
    if (status == QUIPU_OK) {
        fixture_close(datastore);
    }
    assert_null(strstr(error->message, PASSWORD));
    return status;
}

static int write_file(const char *format, ...) QUIPU_PRINTF(1, 2);
static int write_file(const char *format, ...)
{
    va_list arguments;
    (void)snprintf(file, sizeof(file), "/tmp/quipu-access-XXXXXX");
    int fd = mkstemp(file);
    if (fd < 0) {
        return -1;
    }
    va_start(arguments, format);
    int size = vdprintf(fd, format, arguments);
    va_end(arguments);
    (void)close(fd);
    return size > 0 ? 0 : -1;
}

static void trusted_certificate_is_accepted(void **state)
{
    char how[300];
    char options[600];
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    (void)state;
    (void)snprintf(how, sizeof(how),
                   "sslmode=verify-full&sslrootcert=%s&password=" PASSWORD,
                   getenv("QUIPU_TEST_TLS_CERTIFICATE"));
    (void)snprintf(options, sizeof(options), "host=%s&user=keeper&%s", host,
                   how);
    assert_ok(fixture_try_open(options, &datastore, &error), &error);
    assert_int_equal(
        fixture_ask("SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity"
                    " USING (pid) WHERE ssl AND usename = 'keeper'"),
        1);
    fixture_close(datastore);
}

static void untrusted_certificate_is_refused(void **state)
{
    quipu_error error;
    (void)state;
    assert_int_equal(write_file("none\n"), 0);
    char how[200];
    (void)snprintf(how, sizeof(how),
                   "sslmode=verify-full&sslrootcert=%s&password=" PASSWORD,
                   file);
    assert_refused(try_with(how, &error), QUIPU_IO, &error, "certificate");
    (void)unlink(file);
}

static void connection_without_tls_is_denied(void **state)
{
    quipu_error error;
    (void)state;
    assert_refused(try_with("sslmode=disable&password=" PASSWORD, &error),
                   QUIPU_DENIED, &error, "pg_hba.conf");
}

static void wrong_password_is_denied_and_not_shown(void **state)
{
    quipu_error error;
    (void)state;
    assert_refused(try_with("sslmode=require&password=" PASSWORD "2", &error),
                   QUIPU_DENIED, &error, "check user, password");
    assert_refused(try_with("sslmode=require", &error), QUIPU_IO, &error,
                   "password");
}

static void password_file_is_read(void **state)
{
    char how[200];
    quipu_error error;
    (void)state;
    assert_int_equal(write_file("%s:*:*:keeper:" PASSWORD "\n", host), 0);
    (void)snprintf(how, sizeof(how), "sslmode=require&passfile=%s", file);
    assert_ok(try_with(how, &error), &error);
    (void)unlink(file);
}

static void password_in_the_environment_is_used(void **state)
{
    quipu_error error;
    (void)state;
    assert_int_equal(setenv("PGPASSWORD", PASSWORD, 1), 0);
    int status = try_with("sslmode=require", &error);
    assert_int_equal(unsetenv("PGPASSWORD"), 0);
    assert_ok(status, &error);
}

/* In libpq the environment overrides the service file. */
static void service_file_names_hosts_and_password(void **state)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    char folder[200];
    const char *home = getenv("PGHOST");
    (void)state;
    assert_non_null(home);
    (void)snprintf(folder, sizeof(folder), "%s", home);
    assert_int_equal(write_file("[store]\nhost=/nowhere/at/all,%s\n"
                                "user=keeper\npassword=" PASSWORD "\n"
                                "dbname=quipu\nconnect_timeout=30\n"
                                "sslmode=require\n",
                                host),
                     0);
    assert_int_equal(setenv("PGSERVICEFILE", file, 1), 0);
    int status = fixture_try_open("service=store", &datastore, &error);
    quipu_driver_datastore *none = NULL;
    quipu_error unknown = { 0 };
    int refused = fixture_try_open("service=nobody", &none, &unknown);
    assert_int_equal(unsetenv("PGSERVICEFILE"), 0);
    assert_ok(status, &error);
    fixture_close(datastore);
    assert_refused(refused, QUIPU_IO, &unknown, "nobody");
    (void)unlink(file);
}

static int make_role(void **state)
{
    (void)state;
    host = getenv("QUIPU_TEST_TLS_HOST");
    fixture_sql("CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '" PASSWORD "'");
    return !host;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trusted_certificate_is_accepted),
        cmocka_unit_test(untrusted_certificate_is_refused),
        cmocka_unit_test(connection_without_tls_is_denied),
        cmocka_unit_test(wrong_password_is_denied_and_not_shown),
        cmocka_unit_test(password_file_is_read),
        cmocka_unit_test(password_in_the_environment_is_used),
        cmocka_unit_test(service_file_names_hosts_and_password),
    };
    return cmocka_run_group_tests(tests, make_role, NULL) != 0;
}
