/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes of the server under load, in a namespace with shared flushes: nothing
 * that a process was told by an append or a read is lost, and no id is missing.
 * QUIPU_TEST_CRASHES in the environment is the number of crashes. */
#include "fixture.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define WRITERS 6
#define READERS 3
#define IDS (1 << 22)
#define OPTIONS "schema=crash&pool=1"

/* The event that has each notification id, as processes were told. */
struct told {
    _Atomic bool stop;
    _Atomic uint64_t contradictions;
    _Atomic uint64_t acknowledged[IDS];
    _Atomic uint64_t shown[IDS];
};
static struct told *told;

static void note(_Atomic uint64_t events[IDS], int64_t id, uint64_t event)
{
    uint64_t none = 0;
    if (id >= IDS) {
        fail_msg("more items than this test can note");
    }
    if (!atomic_compare_exchange_strong(&events[id], &none, event) &&
        none != event) {
        told->contradictions++;
    }
}

static uint64_t event_of(const void *id)
{
    uint64_t event = 0;
    memcpy(&event, id, sizeof(event));
    return event;
}

/* Repeats each append until its outcome is known. */
static void write_items(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, uint64_t number)
{
    uint64_t event = number << 32;
    while (!told->stop) {
        struct piece piece;
        quipu_result result;
        int status = QUIPU_UNKNOWN_OUTCOME;
        fixture_piece(&piece, (uint32_t)number, -1, ++event);
        while (status != QUIPU_OK && !told->stop) {
            quipu_error error = { 0 };
            status = fixture_put(datastore, bound, &piece, 5 * SECOND, &result,
                                 &error);
        }
        if (status == QUIPU_OK) {
            note(told->acknowledged, result.first_notification_id, event);
        }
    }
}

/* Notes the head of the log, and the items before it. */
static void read_items(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound)
{
    const quipu_driver *driver = fixture_driver();
    quipu_range range = { .struct_size = sizeof(range),
                          .descending = true,
                          .lower = 1,
                          .upper = INT64_MAX,
                          .limit = 20 };
    while (!told->stop) {
        quipu_error error = { 0 };
        quipu_position head = { 0 };
        quipu_driver_cursor *cursor = NULL;
        const void *rows = NULL;
        size_t count = 0;
        int64_t deadline = fixture_now() + 5 * SECOND;
        if (driver->log_head(datastore, bound, deadline, &head, &error) ==
                QUIPU_OK &&
            head.notification_id > 0) {
            note(told->shown, head.notification_id,
                 event_of(head.event_id.bytes));
        }
        if (driver->read_log(datastore, bound, &range, deadline, &cursor,
                             &error) != QUIPU_OK) {
            continue;
        }
        if (driver->step(cursor, deadline, &rows, &count, &error) == QUIPU_OK) {
            const quipu_item *items = rows;
            for (size_t i = 0; i < count; i++) {
                note(told->shown, items[i].notification_id,
                     event_of(items[i].event_id.data));
            }
        }
        driver->cursor_close(cursor);
    }
}

static void start_process(uint64_t number)
{
    if (fork() != 0) {
        return;
    }
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = fixture_open(OPTIONS);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    if (number <= WRITERS) {
        write_items(datastore, bound, number);
    } else {
        read_items(datastore, bound);
    }
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
    _exit(0);
}

static void run_now(const char *command)
{
    /* NOLINTNEXTLINE(cert-env33-c): the test's own commands. */
    assert_int_equal(system(command), 0);
}

struct count {
    int64_t next; /* id */
    uint64_t acknowledged, shown;
};

static void check_item(struct count *count, const quipu_item *item)
{
    const int64_t id = item->notification_id;
    const uint64_t event = event_of(item->event_id.data);
    assert_int_equal(id, count->next++); /* no gap */
    if (told->acknowledged[id] != 0) {
        assert_int_equal(told->acknowledged[id], event);
        count->acknowledged++;
    }
    if (told->shown[id] != 0) {
        assert_int_equal(told->shown[id], event);
        count->shown++;
    }
}

/* Compares all that was told with the log. */
static void check_log(void)
{
    static const quipu_range all = { .struct_size = sizeof(all),
                                     .lower = INT64_MIN,
                                     .upper = INT64_MAX,
                                     .limit = INT64_MAX };
    const quipu_driver *driver = fixture_driver();
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = fixture_open(OPTIONS);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    struct count count = { .next = 1 };
    const void *rows = NULL;
    size_t found = 1;
    int64_t deadline = fixture_now() + 60 * SECOND;
    assert_ok(
        driver->read_log(datastore, bound, &all, deadline, &cursor, &error),
        &error);
    while (found > 0) {
        const quipu_item *items = NULL;
        assert_ok(driver->step(cursor, deadline, &rows, &found, &error),
                  &error);
        items = rows;
        for (size_t i = 0; i < found; i++) {
            check_item(&count, &items[i]);
        }
    }
    for (int64_t id = count.next; id < IDS; id++) {
        assert_int_equal(told->acknowledged[id], 0);
        assert_int_equal(told->shown[id], 0);
    }
    print_message("items %lld, acknowledged %llu, shown %llu: none lost\n",
                  (long long)count.next - 1,
                  (unsigned long long)count.acknowledged,
                  (unsigned long long)count.shown);
    assert_true(count.acknowledged > 0 && count.shown > 0);
    driver->cursor_close(cursor);
    driver->unbind(datastore, bound);
    fixture_close(datastore);
}

static void nothing_that_was_told_is_lost(void **state)
{
    const char *crashes = getenv("QUIPU_TEST_CRASHES");
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore =
        fixture_open(OPTIONS "&shared_flush=yes");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    int status = 0;
    (void)state;
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
    /* The server itself flushes seldom, so that a crash takes away more. */
    fixture_sql("ALTER SYSTEM SET wal_writer_delay = '10s'");
    fixture_sql("SELECT pg_reload_conf()");
    told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(told != MAP_FAILED);
    for (uint64_t number = 1; number <= WRITERS + READERS; number++) {
        start_process(number);
    }
    for (long i = crashes ? strtol(crashes, NULL, 10) : 3; i > 0; i--) {
        fixture_pause(SECOND);
        run_now(getenv("QUIPU_TEST_POSTGRES_STOP"));
        run_now(getenv("QUIPU_TEST_POSTGRES_START"));
    }
    fixture_pause(SECOND);
    told->stop = true;
    for (int i = 0; i < WRITERS + READERS; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(told->contradictions, 0);
    check_log();
    (void)munmap(told, sizeof(*told));
}

static int find_server(void **state)
{
    (void)state;
    const char *host = getenv("PGHOST");
    return host && getenv("QUIPU_TEST_POSTGRES_STOP") &&
                   getenv("QUIPU_TEST_POSTGRES_START")
               ? 0
               : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_was_told_is_lost),
    };
    return cmocka_run_group_tests(tests, find_server, NULL) != 0;
}
