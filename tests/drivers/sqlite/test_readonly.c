/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders without write permission. */
#include "drivers/common/processes.h"
#include "quipu_test_unprivileged.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "quipu_test_skip.h"
#include "sqlite.h"

static const struct opening readonly = { .flags = QUIPU_OPEN_READONLY };

static void make_store(const char *file)
{
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *datastore = fixture_open(file);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    fixture_append(datastore, bound, 1);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void readonly_store_writes_nothing(void **state)
{
    (void)state;
    const char *file = fixture_file();
    const quipu_driver *driver = fixture_driver();
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_schema other = fixture_schema("other", 0);
    quipu_driver_datastore *datastore = NULL;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    size_t before = 0;
    size_t after = 0;
    make_store(file);
    unsigned char *old = fixture_bytes(file, &before);
    assert_ok(fixture_try_open(file, &readonly, &datastore, &error), &error);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    assert_int_equal(fixture_count(datastore, bound), 1);
    assert_refused(fixture_try_append(datastore, bound, 1, &result, &error),
                   QUIPU_DENIED, &error, "readonly=yes");
    assert_refused(driver->setup(datastore, &other, FOREVER, &error),
                   QUIPU_DENIED, &error, "readonly=yes");
    assert_refused(driver->teardown(datastore, &schema, FOREVER, &error),
                   QUIPU_DENIED, &error, "readonly=yes");
    driver->unbind(datastore, bound);
    fixture_close(datastore);
    unsigned char *now = fixture_bytes(file, &after);
    assert_bytes(now, after, old, before);
    free(old);
    free(now);
}

static void readonly_handle_sees_new_commits(void **state)
{
    (void)state;
    const char *file = fixture_file();
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *reading = NULL;
    int64_t head = 0;
    make_store(file);
    quipu_driver_datastore *writing = fixture_open(file);
    quipu_driver_schema *write = fixture_bind(writing, &schema);
    assert_ok(fixture_try_open(file, &readonly, &reading, NULL), NULL);
    quipu_driver_schema *read = fixture_bind(reading, &schema);
    fixture_append(writing, write, 1);
    assert_int_equal(fixture_count(reading, read), 2);
    assert_ok(fixture_driver()->wait(reading, read, 1, FOREVER, &head, NULL),
              NULL);
    assert_int_equal(head, 2);
    assert_status(fixture_driver()->wait(reading, read, 2,
                                         fixture_now() + SECOND / 50, &head,
                                         NULL),
                  QUIPU_TIMEOUT);
    fixture_driver()->unbind(writing, write);
    fixture_close(writing);
    assert_int_equal(fixture_count(reading, read), 2);
    fixture_driver()->unbind(reading, read);
    fixture_close(reading);
}

static void readonly_handle_creates_no_namespace(void **state)
{
    (void)state;
    const char *file = fixture_file();
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    const struct opening other = { .flags = QUIPU_OPEN_READONLY,
                                   .name_space = "other" };
    make_store(file);
    assert_refused(fixture_try_open(file, &other, &datastore, &error),
                   QUIPU_NOT_FOUND, &error, "no namespace \"other\"");
}

static void memory_store_cannot_be_readonly(void **state)
{
    (void)state;
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    assert_refused(fixture_try_open(":memory:", &readonly, &datastore, &error),
                   QUIPU_NOT_FOUND, &error, "readonly=no");
    const struct opening both = { .flags =
                                      QUIPU_OPEN_READONLY | QUIPU_OPEN_CREATE };
    assert_status(fixture_try_open(":memory:", &both, &datastore, NULL),
                  QUIPU_NOT_FOUND);
}

/* ------------------------------------------------ missing permissions */

/* The folder "locked" is read-only and contains x.db. */
static void try_locked_folder(void *context)
{
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    const struct opening immutable = { .flags = QUIPU_OPEN_READONLY,
                                       .option = "immutable",
                                       .value = "yes" };
    (void)context;
    assert_refused(fixture_try_open("locked/x.db", NULL, &datastore, &error),
                   QUIPU_DENIED, &error, "readonly=yes");
    assert_refused(fixture_try_open("locked/new.db", NULL, &datastore, &error),
                   QUIPU_DENIED, &error, "permissions");
    for (int i = 0; i < 2; i++) {
        assert_ok(fixture_try_open("locked/x.db",
                                   i == 0 ? &readonly : &immutable, &datastore,
                                   &error),
                  &error);
        quipu_driver_schema *bound = fixture_bind(datastore, &schema);
        assert_int_equal(fixture_count(datastore, bound), 1);
        fixture_driver()->unbind(datastore, bound);
        fixture_close(datastore);
    }
}

/* The folder has a WAL that a killed process left, and no index of it. */
static void try_left_wal(void *context)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };

    (void)context;
    assert_refused(
        fixture_try_open("locked/x.db", &readonly, &datastore, &error),
        QUIPU_DENIED, &error, "immutable=yes");
    assert_non_null(strstr(error.message, "user who may write"));
}

static void leave_wal(void *context)
{
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *datastore = fixture_open("locked/x.db");

    (void)context;
    fixture_append(datastore, fixture_bind(datastore, &schema), 1);
    (void)raise(SIGKILL);
}

static void read_only_folder_is_reported_with_a_remedy(void **state)
{
    (void)state;
    struct stat info;
    char *home = quipu_test_enter_public_folder();
    assert_int_equal(mkdir("locked", 0755), 0);
    make_store("locked/x.db");
    assert_int_equal(chmod("locked", 0555), 0);
    quipu_test_run_unprivileged(try_locked_folder, NULL);
    assert_int_equal(stat("locked/x.db-shm", &info), -1);
    assert_int_equal(stat("locked/x.db-quipu", &info), -1);
    assert_int_equal(chmod("locked", 0755), 0);
    pid_t child = start_child(leave_wal, NULL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(remove("locked/x.db-shm"), 0);
    assert_int_equal(chmod("locked", 0555), 0);
    quipu_test_run_unprivileged(try_left_wal, NULL);
    assert_int_equal(chmod("locked", 0755), 0);
    quipu_test_leave_public_folder(home);
}

/* ------------------------------------------------------------ two users */

#define OWNER 1 /* "daemon", another user than "nobody" */

/* Runs a function as the owner, with the rights of root given up. */
static void run_as_owner(void (*run)(void *context), void *context)
{
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (setgid(OWNER) != 0 || setuid(OWNER) != 0) {
            _exit(1);
        }
        run(context);
        (void)fflush(NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void append_as_owner(void *context)
{
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *datastore = fixture_open("shared/x.db");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);

    (void)context;
    fixture_append(datastore, bound, 1);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void read_as_other(void *context)
{
    const int64_t *count = context;
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };

    assert_ok(fixture_try_open("shared/x.db", &readonly, &datastore, &error),
              &error);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    assert_int_equal(fixture_count(datastore, bound), *count);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

/* A reader in a folder in which it may create files leaves none: the owner
 * would be denied their use. */
static void other_users_readers_do_not_lock_the_owner_out(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        quipu_test_skip("only root can become two users");
    }
    char *home = quipu_test_enter_public_folder();
    assert_int_equal(mkdir("shared", 0777), 0);
    assert_int_equal(chmod("shared", 0777), 0);
    for (int64_t count = 1; count <= 5; count++) {
        static const char *const names[] = { "shared/x.db-wal",
                                             "shared/x.db-shm",
                                             "shared/x.db-quipu" };

        run_as_owner(append_as_owner, NULL);
        quipu_test_run_unprivileged(read_as_other, &count);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            assert_int_equal(access(names[i], F_OK), -1);
        }
    }
    quipu_test_leave_public_folder(home);
}

/* Files may not grow, as on a full disk. */
static void read_without_room(void *context)
{
    const char *file = context;
    const struct rlimit none = { 0, 0 };
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };

    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_ok(fixture_try_open(file, &readonly, &datastore, &error), &error);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    assert_int_equal(fixture_count(datastore, bound), 1);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void reading_needs_no_room_on_the_disk(void **state)
{
    (void)state;
    const char *file = fixture_file();

    make_store(file);
    expect_success(start_child(read_without_room, (void *)file));
}

/* A writer begins while an idle database is read. */
static void reader_of_an_idle_file_notices_a_change(void **state)
{
    (void)state;
    const char *file = fixture_file();
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    int status = QUIPU_OK;

    make_store(file);
    assert_ok(fixture_try_open(file, &readonly, &datastore, &error), &error);
    struct reader_use use = { .datastore = datastore, .deadline = FOREVER };
    struct reader_use once = use;
    assert_ok(quipu_sqlite_reader_borrow(&use, &error), &error);
    make_store(file); /* appends one item more */
    assert_true(quipu_sqlite_reader_return(&use, &status, &error));
    once.once = true;
    assert_ok(quipu_sqlite_reader_borrow(&once, &error), &error);
    make_store(file);
    assert_false(quipu_sqlite_reader_return(&once, &status, &error));
    assert_refused(status, QUIPU_BUSY, &error, "try again");
    status = QUIPU_OK;
    assert_ok(quipu_sqlite_reader_borrow(&use, &error), &error);
    assert_false(quipu_sqlite_reader_return(&use, &status, &error));
    assert_ok(status, &error);
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    assert_int_equal(fixture_count(datastore, bound), 3);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

#define READS 200

/* Opens the store, appends and closes it, until it is killed. */
static void come_and_go(void *context)
{
    for (;;) {
        make_store(context);
    }
}

/* Programs that write for a moment only make no read fail. */
static void reads_succeed_while_writers_come_and_go(void **state)
{
    (void)state;
    const char *file = fixture_file();
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_error error = { 0 };
    size_t before = 0;
    int status = 0;

    make_store(file);
    pid_t writer = start_child(come_and_go, (void *)file);
    for (int i = 0; i < READS; i++) {
        quipu_driver_datastore *datastore = NULL;
        assert_ok(fixture_try_open(file, &readonly, &datastore, &error),
                  &error);
        quipu_driver_schema *bound = fixture_bind(datastore, &schema);
        size_t count = fixture_count(datastore, bound);
        assert_in_range(count, before > 0 ? before : 1, SIZE_MAX);
        before = count;
        fixture_driver()->unbind(datastore, bound);
        fixture_close(datastore);
    }
    assert_int_equal(kill(writer, SIGKILL), 0);
    assert_int_equal(waitpid(writer, &status, 0), writer);
}

/* ---------------------------------------------------------------- files */

/* The folder "open" contains a read-only file. */
static void try_locked_file(void *context)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    (void)context;
    assert_refused(fixture_try_open("open/x.db", NULL, &datastore, &error),
                   QUIPU_DENIED, &error, "readonly=yes");
    assert_refused(
        fixture_try_open("open/secret.db", &readonly, &datastore, &error),
        QUIPU_DENIED, &error, "permissions");
}

static void read_only_file_is_reported_with_a_remedy(void **state)
{
    (void)state;
    char *home = quipu_test_enter_public_folder();
    assert_int_equal(mkdir("open", 0777), 0);
    assert_int_equal(chmod("open", 0777), 0);
    make_store("open/x.db");
    make_store("open/secret.db");
    assert_int_equal(chmod("open/x.db", 0444), 0);
    assert_int_equal(chmod("open/secret.db", 0000), 0);
    quipu_test_run_unprivileged(try_locked_file, NULL);
    quipu_test_leave_public_folder(home);
}

/* A folder that may not be searched. */
static void try_closed_folder(void *context)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    (void)context;
    assert_refused(fixture_try_open("closed/x.db", NULL, &datastore, &error),
                   QUIPU_DENIED, &error, "permissions");
    assert_refused(fixture_try_open("closed/in/x.db", NULL, &datastore, &error),
                   QUIPU_DENIED, &error, "permissions");
}

static void inaccessible_folder_is_reported(void **state)
{
    (void)state;
    char *home = quipu_test_enter_public_folder();
    assert_int_equal(mkdir("closed", 0755), 0);
    assert_int_equal(mkdir("closed/in", 0755), 0);
    assert_int_equal(chmod("closed", 0000), 0);
    quipu_test_run_unprivileged(try_closed_folder, NULL);
    assert_int_equal(chmod("closed", 0755), 0);
    quipu_test_leave_public_folder(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readonly_store_writes_nothing),
        cmocka_unit_test(readonly_handle_sees_new_commits),
        cmocka_unit_test(readonly_handle_creates_no_namespace),
        cmocka_unit_test(memory_store_cannot_be_readonly),
        cmocka_unit_test(read_only_folder_is_reported_with_a_remedy),
        cmocka_unit_test(read_only_file_is_reported_with_a_remedy),
        cmocka_unit_test(other_users_readers_do_not_lock_the_owner_out),
        cmocka_unit_test(reading_needs_no_room_on_the_disk),
        cmocka_unit_test(reader_of_an_idle_file_notices_a_change),
        cmocka_unit_test(reads_succeed_while_writers_come_and_go),
        cmocka_unit_test(inaccessible_folder_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
