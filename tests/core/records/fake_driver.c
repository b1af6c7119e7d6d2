/* SPDX-License-Identifier: Apache-2.0 */
/* A driver that stores nothing and gives the answers that a test sets. */
#include "quipu_test.h"

#include <stdio.h>

#include "fake_driver.h"

struct fake fake;

struct quipu_driver_datastore {
    const quipu_host *host;
};

struct quipu_driver_cursor {
    quipu_driver_datastore *datastore;
    const void *const *next;
    int steps;
};

static int bound;

static const quipu_option_info options[] = {
    { .name = "cache", .type = QUIPU_OPTION_SIZE, .help = "how much to keep" },
    { .name = "secret", .type = QUIPU_OPTION_TEXT, .help = "lets one in" },
    { .name = "shards", .type = QUIPU_OPTION_COUNT, .help = "how many" },
    { .name = "strict", .type = QUIPU_OPTION_BOOL, .help = "whether" },
};

/* ------------------------------------------------------------- answering */

static int answer(const quipu_host *host, enum fake_call call,
                  quipu_error *error)
{
    int status = fake.status[call];

    fake.count[call]++;
    if (fake.meanwhile) {
        fake.meanwhile(call);
    }
    if ((status != QUIPU_OK && !fake.mute) || fake.chatty) {
        host->error_set(error, fake.wrong_word ? QUIPU_IO : status, 7, "08006",
                        "the fake's own words");
    }
    return status;
}

static int fake_open(const quipu_host *host, const quipu_open *how,
                     int64_t deadline, quipu_driver_datastore **datastore,
                     quipu_opened *opened, quipu_error *error)
{
    int status = answer(host, FAKE_OPEN, error);

    fake.deadline = deadline;
    fake.open_flags = how->flags;
    fake.struct_size = how->struct_size;
    snprintf(fake.scheme, sizeof(fake.scheme), "%s", how->scheme);
    snprintf(fake.body, sizeof(fake.body), "%s", how->body);
    snprintf(fake.rest, sizeof(fake.rest), "%s", how->rest);
    snprintf(fake.name_space, sizeof(fake.name_space), "%s", how->name_space);
    fake.option_count = how->option_count;
    for (size_t i = 0; i < how->option_count && i < FAKE_OPTIONS; i++) {
        snprintf(fake.option_names[i], sizeof(fake.option_names[i]), "%s",
                 how->options[i].name);
        snprintf(fake.option_values[i], sizeof(fake.option_values[i]), "%s",
                 how->options[i].value);
    }
    if (status != QUIPU_OK || fake.no_handle) {
        return status;
    }
    *datastore = host->allocate(sizeof(**datastore));
    if (!*datastore) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL, "no memory");
    }
    (*datastore)->host = host;
    fake.opened.struct_size = opened->struct_size;
    *opened = fake.opened;
    return QUIPU_OK;
}

static void fake_close_store(quipu_driver_datastore *datastore)
{
    fake.count[FAKE_CLOSE]++;
    datastore->host->release(datastore);
}

static void fake_interrupt(quipu_driver_datastore *datastore)
{
    (void)datastore;
    fake.count[FAKE_INTERRUPT]++;
}

static int with_schema(quipu_driver_datastore *datastore, enum fake_call call,
                       const quipu_schema *schema, int64_t deadline,
                       quipu_error *error)
{
    fake.deadline = deadline;
    fake.struct_size = schema->struct_size;
    snprintf(fake.table, sizeof(fake.table), "%s", schema->table);
    return answer(datastore->host, call, error);
}

static int fake_setup(quipu_driver_datastore *datastore,
                      const quipu_schema *schema, int64_t deadline,
                      quipu_error *error)
{
    return with_schema(datastore, FAKE_SETUP, schema, deadline, error);
}

static int fake_alter(quipu_driver_datastore *datastore,
                      const quipu_schema *schema, int64_t deadline,
                      quipu_error *error)
{
    return with_schema(datastore, FAKE_ALTER, schema, deadline, error);
}

static int fake_teardown(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t deadline,
                         quipu_error *error)
{
    return with_schema(datastore, FAKE_TEARDOWN, schema, deadline, error);
}

static int fake_bind(quipu_driver_datastore *datastore,
                     const quipu_schema *schema, int64_t deadline,
                     quipu_driver_schema **out, quipu_error *error)
{
    int status = with_schema(datastore, FAKE_BIND, schema, deadline, error);

    if (status == QUIPU_OK && !fake.no_handle) {
        *out = (quipu_driver_schema *)&bound;
    }
    return status;
}

static void fake_unbind(quipu_driver_datastore *datastore,
                        quipu_driver_schema *schema)
{
    (void)datastore;
    assert_ptr_equal(schema, &bound);
    fake.count[FAKE_UNBIND]++;
}

/* ------------------------------------------------------------- appending */

static void keep_request(const quipu_request *request, int64_t deadline,
                         quipu_result *result)
{
    int64_t *positions = result->positions;

    fake.deadline = deadline;
    fake.request = *request;
    if (request->tracking) {
        fake.tracking = *request->tracking;
    }
    if (request->condition) {
        fake.conditions = *(const quipu_conditions *)request->condition;
        for (size_t i = 0; i < fake.conditions.entry_count && i < 4; i++) {
            fake.entries[i] = fake.conditions.entries[i];
        }
    }
    fake.positions = positions;
    for (size_t i = 0; positions && i < request->item_count; i++) {
        positions[i] = (int64_t)i + 10;
    }
    *result = fake.result;
    result->positions = positions;
}

static int fake_append(quipu_driver_datastore *datastore,
                       const quipu_request *requests, size_t count,
                       quipu_result *results, size_t *taken, int64_t deadline,
                       quipu_error *error)
{
    if (fake.append) {
        return fake.append(datastore->host, requests, count, results, taken,
                           deadline, error);
    }
    assert_int_equal(count, 1);
    keep_request(requests, deadline, results);
    *taken = fake.taken;
    return answer(datastore->host, FAKE_APPEND, error);
}

static int fake_transact(quipu_driver_datastore *datastore,
                         const quipu_request *request, quipu_work work,
                         void *context, quipu_result *result, int64_t deadline,
                         quipu_error *error)
{
    int status;

    keep_request(request, deadline, result);
    status = answer(datastore->host, FAKE_TRANSACT, error);
    if (status == QUIPU_OK && result->status == QUIPU_OK) {
        status = work(&fake, context, error);
    }
    return fake.work_status ? fake.work_status(status) : status;
}

/* --------------------------------------------------------------- reading */

static int open_cursor(quipu_driver_datastore *datastore, enum fake_call call,
                       int64_t deadline, quipu_driver_cursor **cursor,
                       quipu_error *error)
{
    const quipu_host *host = datastore->host;
    int status = answer(host, call, error);

    fake.deadline = deadline;
    if (status != QUIPU_OK) {
        /* The contract leaves it undefined; the core must not read it. */
        *cursor = (quipu_driver_cursor *)&bound;
        return status;
    }
    if (fake.no_handle) {
        return QUIPU_OK;
    }
    *cursor = host->allocate(sizeof(**cursor));
    if (!*cursor) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL, "no memory");
    }
    **cursor =
        (quipu_driver_cursor){ .datastore = datastore, .next = fake.rows };
    return QUIPU_OK;
}

/* Lets the test prepare the answer to a read of the log. */
static int open_log(quipu_driver_datastore *datastore, enum fake_call call,
                    const quipu_range *range, int64_t deadline,
                    quipu_driver_cursor **cursor, quipu_error *error)
{
    int before = fake.status[call];
    int status;

    fake.range = *range;
    if (fake.open_log) {
        fake.status[call] = fake.open_log(range);
    }
    status = open_cursor(datastore, call, deadline, cursor, error);
    fake.status[call] = before;
    return status;
}

static int fake_read_sequence(quipu_driver_datastore *datastore,
                              quipu_driver_schema *schema,
                              quipu_bytes sequence_id, const quipu_range *range,
                              int64_t deadline, quipu_driver_cursor **cursor,
                              quipu_error *error)
{
    assert_ptr_equal(schema, &bound);
    fake.range = *range;
    fake.sequence_id = sequence_id;
    return open_cursor(datastore, FAKE_READ_SEQUENCE, deadline, cursor, error);
}

static int fake_read_log(quipu_driver_datastore *datastore,
                         quipu_driver_schema *schema, const quipu_range *range,
                         int64_t deadline, quipu_driver_cursor **cursor,
                         quipu_error *error)
{
    assert_ptr_equal(schema, &bound);
    return open_log(datastore, FAKE_READ_LOG, range, deadline, cursor, error);
}

static int fake_read_filtered(quipu_driver_datastore *datastore,
                              quipu_driver_schema *schema,
                              const quipu_range *range,
                              const quipu_filter *filter, int64_t deadline,
                              quipu_driver_cursor **cursor, quipu_error *error)
{
    assert_ptr_equal(schema, &bound);
    fake.filter = filter;
    return open_log(datastore, FAKE_READ_FILTERED, range, deadline, cursor,
                    error);
}

static int fake_find_event(quipu_driver_datastore *datastore,
                           quipu_driver_schema *schema, quipu_bytes event_id,
                           int64_t deadline, quipu_driver_cursor **cursor,
                           quipu_error *error)
{
    assert_ptr_equal(schema, &bound);
    assert_int_equal(event_id.size, 16);
    memcpy(fake.event_id, event_id.data, 16);
    return open_cursor(datastore, FAKE_FIND_EVENT, deadline, cursor, error);
}

static int fake_erase(quipu_driver_datastore *datastore,
                      quipu_driver_schema *schema, const quipu_erasure *erasure,
                      int64_t deadline, int64_t *erased, quipu_error *error)
{
    unsigned call = fake.count[FAKE_ERASE];

    assert_ptr_equal(schema, &bound);
    assert_true(call < 4);
    fake.deadline = deadline;
    fake.erasures_asked[call] = *erasure;
    *erased = fake.erased[call];
    return answer(datastore->host, FAKE_ERASE, error);
}

static int fake_erasures(quipu_driver_datastore *datastore,
                         quipu_driver_schema *schema, int64_t deadline,
                         int64_t *commits, quipu_error *error)
{
    assert_ptr_equal(schema, &bound);
    fake.deadline = deadline;
    *commits = fake.erasures;
    return answer(datastore->host, FAKE_ERASURES, error);
}

static void keep_text(char *kept, size_t size, quipu_bytes text)
{
    snprintf(kept, size, "%.*s", text.data ? (int)text.size : 8,
             text.data ? (const char *)text.data : "(absent)");
}

static int fake_list_entries(quipu_driver_datastore *datastore,
                             quipu_bytes prefix, quipu_bytes from,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error)
{
    keep_text(fake.prefix, sizeof(fake.prefix), prefix);
    keep_text(fake.from, sizeof(fake.from), from);
    return open_cursor(datastore, FAKE_LIST_ENTRIES, deadline, cursor, error);
}

static int fake_list_schemas(quipu_driver_datastore *datastore,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error)
{
    return open_cursor(datastore, FAKE_LIST_SCHEMAS, deadline, cursor, error);
}

static int fake_list_sequences(quipu_driver_datastore *datastore,
                               quipu_driver_schema *schema, quipu_bytes after,
                               int64_t deadline, quipu_driver_cursor **cursor,
                               quipu_error *error)
{
    assert_ptr_equal(schema, &bound);
    fake.after = after;
    return open_cursor(datastore, FAKE_LIST_SEQUENCES, deadline, cursor, error);
}

static int fake_list_tracking(quipu_driver_datastore *datastore,
                              int64_t deadline, quipu_driver_cursor **cursor,
                              quipu_error *error)
{
    return open_cursor(datastore, FAKE_LIST_TRACKING, deadline, cursor, error);
}

static int fake_list_logs(quipu_driver_datastore *datastore, int64_t deadline,
                          quipu_driver_cursor **cursor, quipu_error *error)
{
    return open_cursor(datastore, FAKE_LIST_LOGS, deadline, cursor, error);
}

static int fake_step(quipu_driver_cursor *cursor, int64_t deadline,
                     const void **rows, size_t *count, quipu_error *error)
{
    int status;

    cursor->steps++;
    fake.deadline = deadline;
    if (fake.fail_at_step && cursor->steps != fake.fail_at_step) {
        status = QUIPU_OK;
        fake.count[FAKE_STEP]++;
    } else {
        status = answer(cursor->datastore->host, FAKE_STEP, error);
    }
    if (status == QUIPU_OK && fake.page_count > 0) {
        *rows = fake.page;
        *count = cursor->steps <= fake.pages ? fake.page_count : 0;
    } else if (status == QUIPU_OK) {
        *rows = cursor->next ? *cursor->next : NULL;
        *count = *rows ? 1 : 0;
        cursor->next += *count;
    }
    return status;
}

static void fake_cursor_close(quipu_driver_cursor *cursor)
{
    fake.count[FAKE_CURSOR_CLOSE]++;
    cursor->datastore->host->release(cursor);
}

static int fake_last_position(quipu_driver_datastore *datastore,
                              quipu_driver_schema *schema,
                              quipu_bytes sequence_id, int64_t deadline,
                              bool *found, int64_t *position,
                              quipu_error *error)
{
    assert_ptr_equal(schema, &bound);
    fake.deadline = deadline;
    fake.sequence_id = sequence_id;
    *found = fake.found;
    *position = fake.last_position;
    return answer(datastore->host, FAKE_LAST_POSITION, error);
}

static int fake_last_item(quipu_driver_datastore *datastore,
                          quipu_driver_schema *schema, quipu_bytes sequence_id,
                          int64_t deadline, quipu_see see, void *context,
                          int64_t *erasures, quipu_error *error)
{
    assert_ptr_equal(schema, &bound);
    fake.deadline = deadline;
    fake.sequence_id = sequence_id;
    *erasures = fake.erasures;
    if (fake.last_item) {
        see(context, fake.last_item);
    }
    return answer(datastore->host, FAKE_LAST_ITEM, error);
}

static int fake_read_sequences(quipu_driver_datastore *datastore,
                               quipu_driver_schema *schema,
                               const quipu_sequence_range *reads, size_t count,
                               int64_t deadline, quipu_driver_cursor **cursors,
                               int64_t *erasures, quipu_error *error)
{
    int status = QUIPU_OK;
    size_t opened = 0;

    assert_ptr_equal(schema, &bound);
    fake.read_count = count;
    fake.sequence_id = reads[count - 1].sequence_id;
    fake.range = *reads[count - 1].range;
    *erasures = fake.erasures;
    while (opened < count && status == QUIPU_OK) {
        status = open_cursor(datastore, FAKE_READ_SEQUENCES, deadline,
                             &cursors[opened], error);
        opened += status == QUIPU_OK;
    }
    while (status != QUIPU_OK && opened > 0) {
        fake_cursor_close(cursors[--opened]);
    }
    return status;
}

static int fake_log_head(quipu_driver_datastore *datastore,
                         quipu_driver_schema *schema, int64_t deadline,
                         quipu_position *head, quipu_error *error)
{
    assert_ptr_equal(schema, &bound);
    fake.deadline = deadline;
    *head = fake.position;
    return answer(datastore->host, FAKE_LOG_HEAD, error);
}

static int fake_wait(quipu_driver_datastore *datastore,
                     quipu_driver_schema *schema, int64_t after,
                     int64_t deadline, int64_t *head, quipu_error *error)
{
    assert_ptr_equal(schema, &bound);
    fake.deadline = deadline;
    fake.wait_after = after;
    *head = fake.wait ? fake.wait() : fake.head;
    return answer(datastore->host, FAKE_WAIT, error);
}

static int fake_read_tracking(quipu_driver_datastore *datastore,
                              quipu_bytes consumer, quipu_bytes log,
                              int64_t deadline, quipu_position *position,
                              quipu_error *error)
{
    fake.deadline = deadline;
    snprintf(fake.consumer, sizeof(fake.consumer), "%.*s", (int)consumer.size,
             (const char *)consumer.data);
    snprintf(fake.log, sizeof(fake.log), "%.*s", (int)log.size,
             (const char *)log.data);
    *position = fake.position;
    return answer(datastore->host, FAKE_READ_TRACKING, error);
}

static int keep_backup(const quipu_host *host, enum fake_call call,
                       const quipu_backup *backup, quipu_error *error)
{
    fake.struct_size = backup->struct_size;
    fake.backup_flags = backup->flags;
    snprintf(fake.path, sizeof(fake.path), "%s", backup->path);
    return answer(host, call, error);
}

static int fake_backup(quipu_driver_datastore *datastore,
                       const quipu_backup *backup, int64_t deadline,
                       quipu_error *error)
{
    fake.deadline = deadline;
    return keep_backup(datastore->host, FAKE_BACKUP, backup, error);
}

static int fake_restore(const quipu_host *host, const quipu_open *target,
                        const quipu_backup *backup, int64_t deadline,
                        quipu_error *error)
{
    fake.deadline = deadline;
    snprintf(fake.body, sizeof(fake.body), "%s", target->body);
    return keep_backup(host, FAKE_RESTORE, backup, error);
}

static const char *fake_library(void)
{
    return "Fake 0.9";
}

/* ---------------------------------------------------------- the tables */

#define REQUIRED                                                              \
    .struct_size = sizeof(quipu_driver), .abi = QUIPU_DRIVER_ABI,             \
    .option_count = sizeof(options) / sizeof(options[0]), .version = "2.0.1", \
    .options = options, .library = fake_library, .open = fake_open,           \
    .close = fake_close_store, .interrupt = fake_interrupt,                   \
    .setup = fake_setup, .teardown = fake_teardown, .bind = fake_bind,        \
    .unbind = fake_unbind, .append = fake_append,                             \
    .read_sequence = fake_read_sequence, .list_schemas = fake_list_schemas,   \
    .list_sequences = fake_list_sequences, .step = fake_step,                 \
    .cursor_close = fake_cursor_close, .last_position = fake_last_position

#define OPTIONAL                                                        \
    .transact = fake_transact, .read_log = fake_read_log,               \
    .list_tracking = fake_list_tracking, .log_head = fake_log_head,     \
    .wait = fake_wait, .read_tracking = fake_read_tracking,             \
    .backup = fake_backup, .restore = fake_restore,                     \
    .list_entries = fake_list_entries, .alter = fake_alter,             \
    .last_item = fake_last_item, .read_sequences = fake_read_sequences, \
    .list_logs = fake_list_logs

#define FILTERED                                                        \
    .read_filtered = fake_read_filtered, .find_event = fake_find_event, \
    .erase = fake_erase, .erasures = fake_erasures

static const quipu_driver *entry_fake(void)
{
    static const quipu_driver driver = { REQUIRED, OPTIONAL, FILTERED,
                                         .name = "fake" };

    return &driver;
}

static const quipu_driver *entry_bare(void)
{
    static const quipu_driver driver = { REQUIRED, .name = "bare" };

    return &driver;
}

static const quipu_driver *entry_unfiltered(void)
{
    static const quipu_driver driver = { REQUIRED, OPTIONAL,
                                         .name = "unfiltered" };

    return &driver;
}

static const quipu_driver *entry_passes(void)
{
    static const quipu_driver driver = { REQUIRED, OPTIONAL, FILTERED,
                                         .name = "passes",
                                         .flags = QUIPU_DRIVER_PASSES_OPTIONS };

    return &driver;
}

/* ------------------------------------------------------------- for tests */

void fake_reset(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.taken = 1;
    fake.result.first_notification_id = 1;
    fake.found = true;
    fake.opened.capabilities =
        QUIPU_CAN_SHARE | QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_CAN_TRACK |
        QUIPU_CAN_TRANSACT | QUIPU_CAN_BACKUP | QUIPU_CAN_ENTRIES |
        QUIPU_CAN_ERASE | QUIPU_CAN_SCRUB;
    memset(fake.opened.identity.bytes, 0x1d, 16);
    fake.opened.limits.state_size = UINT64_C(16) << 20;
    fake.opened.limits.append_items = 100000;
    fake.opened.limits.append_size = UINT64_C(256) << 20;
}

void fake_add(void)
{
    quipu_error error;

    fake_reset();
    assert_ok(quipu_drivers_add("fake", entry_fake, &error), &error);
    assert_ok(quipu_drivers_add("bare", entry_bare, &error), &error);
    assert_ok(quipu_drivers_add("unfiltered", entry_unfiltered, &error),
              &error);
    assert_ok(quipu_drivers_add("passes", entry_passes, &error), &error);
}

unsigned fake_calls(void)
{
    unsigned calls = 0;

    for (size_t i = 0; i < FAKE_CALLS; i++) {
        calls += fake.count[i];
    }
    return calls;
}
