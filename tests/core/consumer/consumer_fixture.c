/* SPDX-License-Identifier: Apache-2.0 */
#include "consumer_fixture.h"

#include <signal.h>

/* ----------------------------------------------------------------- driver */

struct interposed interposed;

static const quipu_driver *base;
static quipu_driver driver;
static const quipu_host *host;

static bool must_fail(bool is_append)
{
    if (interposed.appends_only && !is_append) {
        return false;
    }
    if (atomic_load(&interposed.calls) + 1 == interposed.kill_at) {
        (void)raise(SIGKILL);
    }
    int call = atomic_fetch_add(&interposed.calls, 1) + 1;
    int times = interposed.times > 0 ? interposed.times : 1;

    return interposed.fail_at > 0 && call >= interposed.fail_at &&
           call < interposed.fail_at + times;
}

static void call_once(void (**hook)(void))
{
    void (*function)(void) = *hook;

    if (function) {
        *hook = NULL;
        function();
    }
}

static int refuse(quipu_error *error)
{
    return host->error_set(error, interposed.status, 7, NULL,
                           "interposed failure");
}

static int interposed_open(const quipu_host *from, const quipu_open *how,
                           int64_t deadline, quipu_driver_datastore **datastore,
                           quipu_opened *opened, quipu_error *error)
{
    host = from;
    int status = base->open(from, how, deadline, datastore, opened, error);

    opened->capabilities &= ~interposed.without;
    return status;
}

static int interposed_append(quipu_driver_datastore *datastore,
                             const quipu_request *requests, size_t count,
                             quipu_result *results, size_t *taken,
                             int64_t deadline, quipu_error *error)
{
    bool failing = must_fail(true);

    call_once(&interposed.before_append);
    *taken = count;
    if (failing && !interposed.after) {
        return refuse(error);
    }
    int status = base->append(datastore, requests, count, results, taken,
                              deadline, error);
    for (size_t i = 0; interposed.refused && i < *taken; i++) {
        if (results[i].cause == QUIPU_CAUSE_POSITION) {
            atomic_fetch_add(interposed.refused, 1);
        }
    }
    if (interposed.counts_ends) {
        failing = must_fail(true) || failing;
    }
    return failing && status == QUIPU_OK ? refuse(error) : status;
}

static int interposed_transact(quipu_driver_datastore *datastore,
                               const quipu_request *request, quipu_work work,
                               void *context, quipu_result *result,
                               int64_t deadline, quipu_error *error)
{
    bool failing = must_fail(true);

    call_once(&interposed.before_transact);
    if (failing && !interposed.after) {
        return refuse(error);
    }
    int status = base->transact(datastore, request, work, context, result,
                                deadline, error);
    if (interposed.refused && status == QUIPU_OK &&
        result->status == QUIPU_CONFLICT) {
        atomic_fetch_add(interposed.refused, 1);
    }
    /* A kill at the next number comes when the commit is done. */
    failing = must_fail(true) || failing;
    return failing && status == QUIPU_OK ? refuse(error) : status;
}

static int interposed_read_log(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               const quipu_range *range, int64_t deadline,
                               quipu_driver_cursor **cursor, quipu_error *error)
{
    return must_fail(false) ? refuse(error)
                            : base->read_log(datastore, bound, range, deadline,
                                             cursor, error);
}

static int interposed_read_filtered(
    quipu_driver_datastore *datastore, quipu_driver_schema *bound,
    const quipu_range *range, const quipu_filter *filter, int64_t deadline,
    quipu_driver_cursor **cursor, quipu_error *error)
{
    return must_fail(false)
               ? refuse(error)
               : base->read_filtered(datastore, bound, range, filter, deadline,
                                     cursor, error);
}

/* With single_rows: the items that the cursor has lent, and that are still to
 * be passed on.  There is one such cursor at a time. */
static struct {
    quipu_driver_cursor *cursor;
    const quipu_item *items;
    size_t count;
} held;

static int interposed_step(quipu_driver_cursor *cursor, int64_t deadline,
                           const void **rows, size_t *count, quipu_error *error)
{
    int status = QUIPU_OK;

    if (must_fail(false)) {
        return refuse(error);
    }
    if (!interposed.single_rows) {
        return base->step(cursor, deadline, rows, count, error);
    }
    if (held.cursor != cursor || held.count == 0) {
        const void *lent = NULL;

        held.cursor = cursor;
        status = base->step(cursor, deadline, &lent, &held.count, error);
        held.items = lent;
    }
    if (status == QUIPU_OK) {
        *count = held.count > 0;
        *rows = held.items;
        held.items += held.count > 0;
        held.count -= held.count > 0;
    }
    return status;
}

static void interposed_cursor_close(quipu_driver_cursor *cursor)
{
    if (held.cursor == cursor) {
        held.cursor = NULL;
        held.count = 0;
    }
    base->cursor_close(cursor);
}

static int interposed_log_head(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound, int64_t deadline,
                               quipu_position *head, quipu_error *error)
{
    if (must_fail(false)) {
        return refuse(error);
    }
    int status = base->log_head(datastore, bound, deadline, head, error);

    if (interposed.head > 0) {
        head->notification_id = interposed.head;
    }
    if (interposed.store) {
        head->store = *interposed.store;
    }
    return status;
}

static int interposed_wait(quipu_driver_datastore *datastore,
                           quipu_driver_schema *bound, int64_t after,
                           int64_t deadline, int64_t *head, quipu_error *error)
{
    if (must_fail(false)) {
        return refuse(error);
    }
    atomic_store(&interposed.is_in_wait, true);
    int status = base->wait(datastore, bound, after, deadline, head, error);

    atomic_store(&interposed.is_in_wait, false);
    return status;
}

static int interposed_read_tracking(quipu_driver_datastore *datastore,
                                    quipu_bytes consumer, quipu_bytes log,
                                    int64_t deadline, quipu_position *position,
                                    quipu_error *error)
{
    return must_fail(false) ? refuse(error)
                            : base->read_tracking(datastore, consumer, log,
                                                  deadline, position, error);
}

static int interposed_list_entries(quipu_driver_datastore *datastore,
                                   quipu_bytes prefix, quipu_bytes from,
                                   int64_t deadline,
                                   quipu_driver_cursor **cursor,
                                   quipu_error *error)
{
    call_once(&interposed.before_list);
    return must_fail(false) ? refuse(error)
                            : base->list_entries(datastore, prefix, from,
                                                 deadline, cursor, error);
}

static const quipu_driver *interposed_entry(void)
{
    return &driver;
}

void add_interposed(const char *name)
{
    quipu_error error;

    assert_ok(quipu_drivers_find(name, &base, &error), &error);
    driver = *base;
    driver.name = "interposed";
    driver.open = interposed_open;
    driver.append = interposed_append;
    driver.transact = interposed_transact;
    driver.read_log = interposed_read_log;
    driver.read_filtered = interposed_read_filtered;
    driver.step = interposed_step;
    driver.cursor_close = interposed_cursor_close;
    driver.log_head = interposed_log_head;
    driver.wait = interposed_wait;
    driver.read_tracking = interposed_read_tracking;
    driver.list_entries = interposed_list_entries;
    assert_ok(quipu_drivers_add("interposed", interposed_entry, &error),
              &error);
}

int add_interposed_memory(void **state)
{
    (void)state;
    add_interposed("memory");
    return 0;
}

int add_interposed_sqlite(void **state)
{
    (void)state;
    add_interposed("sqlite");
    return 0;
}

/* -------------------------------------------------------------------- log */

#define FILL_BATCH 1000 /* events of an append */

static const quipu_field credited_fields[] = {
    QUIPU_FIELD(struct credited, cents),
    { 0 },
};
const quipu_event_type credited = {
    .topic = "Credited",
    .size = sizeof(struct credited),
    .fields = credited_fields,
};
static const quipu_event_type *const types[] = { &credited };
static const quipu_mapping mapping = {
    .struct_size = sizeof(mapping),
    .types = types,
    .type_count = 1,
};

void open_log(struct opened_log *log, const char *name)
{
    quipu_schema schema;
    quipu_error error;
    char uri[128];

    memset(&interposed, 0, sizeof(interposed));
    *log = (struct opened_log){ .stored = 0 };
    /* A path for SQLite, which the memory driver takes for a name. */
    (void)snprintf(uri, sizeof(uri), "interposed:%s%s", name ? "///" : "",
                   name ? name : "");
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    schema.time = "stored_at";
    assert_ok(quipu_datastore_open(uri, NULL, &log->datastore, &error), &error);
    assert_ok(quipu_datastore_setup(log->datastore, &schema, &error), &error);
    assert_ok(quipu_store_open(log->datastore, &schema, &mapping, &log->store,
                               &error),
              &error);
    log->records = quipu_store_records(log->store);
}

void close_log(struct opened_log *log)
{
    quipu_error error;

    assert_ok(quipu_store_close(log->store, &error), &error);
    assert_ok(quipu_datastore_close(log->datastore, &error), &error);
}

void name_sequence(int64_t number, char text[32])
{
    (void)snprintf(text, 32, "%c-%lld", number % 2 == 0 ? 'a' : 'b',
                   (long long)number);
}

/* Initializes the next event of the log. */
static void init_event(struct opened_log *log, struct credited *event)
{
    int64_t sequences = log->sequences > 0 ? log->sequences : INT64_MAX;
    int64_t sequence = log->stored % sequences;
    quipu_error error;
    char text[32];
    quipu_id id;

    name_sequence(sequence, text);
    assert_ok(quipu_id_of_text(&id, text, &error), &error);
    event->cents = log->stored;
    quipu_event_init(&event->base, &credited, &id, log->stored / sequences);
    assert_true(event->base.time.microseconds > 0);
    log->stored++;
}

void add_events(struct opened_log *log, int count)
{
    quipu_error error;

    for (int i = 0; i < count; i++) {
        struct credited event;
        const quipu_event *const events[] = { &event.base };

        init_event(log, &event);
        assert_ok(quipu_store_append(log->store, events, 1, NULL, &error),
                  &error);
    }
}

void fill_log(struct opened_log *log, int64_t count)
{
    static struct credited events[FILL_BATCH];
    const quipu_event *pointers[FILL_BATCH];
    quipu_error error;

    while (count > 0) {
        size_t batch = count < FILL_BATCH ? (size_t)count : FILL_BATCH;

        for (size_t i = 0; i < batch; i++) {
            init_event(log, &events[i]);
            pointers[i] = &events[i].base;
        }
        assert_ok(quipu_store_append(log->store, pointers, batch, NULL, &error),
                  &error);
        count -= (int64_t)batch;
    }
}

void add_item(struct opened_log *log, const char *id, const char *topic)
{
    quipu_error error;
    quipu_uuid event_id;
    const quipu_item item = {
        .sequence_id = quipu_bytes_of_text(id),
        .flags = QUIPU_ITEM_NEXT,
        .topic = quipu_bytes_of_text(topic),
        .state = { "", 0 },
        .event_id = { event_id.bytes, sizeof(event_id.bytes) },
    };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = &item,
                                  .item_count = 1 };

    quipu_uuid_ordered(&event_id);
    assert_ok(quipu_records_append(log->records, &append, NULL, &error),
              &error);
    log->stored++;
}

int64_t tracked(quipu_datastore *datastore, const char *consumer)
{
    quipu_position position = { .notification_id = 0 };
    quipu_error error;
    int fail_at = interposed.fail_at;
    int calls = atomic_load(&interposed.calls);

    interposed.fail_at = 0;
    int status = quipu_tracking_read(datastore, consumer, "stored_events",
                                     &position, &error);
    interposed.fail_at = fail_at;
    atomic_store(&interposed.calls, calls);

    assert_true(status == QUIPU_OK || status == QUIPU_NOT_FOUND);
    return position.notification_id;
}

void set_tracked(struct opened_log *log, const char *consumer, int64_t id)
{
    quipu_error error;
    const quipu_tracking tracking = {
        .consumer = quipu_bytes_of_text(consumer),
        .log = quipu_bytes_of_text("stored_events"),
        .position = { .notification_id = id },
    };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .tracking = &tracking };

    assert_ok(quipu_records_append(log->records, &append, NULL, &error),
              &error);
}
