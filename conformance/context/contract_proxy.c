/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract proxy: the operation table of the driver under test, registered
 * under a scheme of its own, with a function in place of each operation that
 * passes the call on and checks the answer:
 *
 *   - The status is one that <quipu/driver.h> lists for the operation.  For
 *     `transact` it may also be the status that the caller's function returned.
 *   - On failure the error has the same code, so it was set by the host's
 *     error_set.
 *   - A read of a bound schema returns NOT_FOUND only if this process has torn
 *     a schema down or altered one; an empty sequence is not an error.
 *   - `append` says that it took at least one request, and no more than it got.
 *   - A result is OK, CONFLICT, ALREADY or INVALID; CONFLICT has a cause; OK of
 *     an append with items has a notification id if the store keeps a log.
 *   - A CONFLICT because of an entry names an entry of the request, and if it
 *     has a revision, another one than the entry was expected at.  A CONFLICT
 *     because of a tracking record tells in the same way where it is.
 *
 * An operation that the driver lacks is lacking in the proxy's table, too.
 * Functions have the parameters of struct quipu_driver.
 */
#include "contract_proxy.h"

#include "assertion.h"
#include "unwritten.h"

#include <quipu/drivers.h>
#include <quipu/error.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "proxied"

static char driver_scheme[40]; /* "": not installed yet */
static const quipu_driver *driver;
static quipu_driver table;

/* ---------------------------------------------------------------- answers */

#define BIT(code) (1u << (unsigned)(code))

/* Statuses of all operations. */
#define ALWAYS (BIT(QUIPU_OK) | BIT(QUIPU_NO_MEMORY) | BIT(QUIPU_INTERNAL))
/* Statuses of all operations that access the store. */
#define STORE                                                       \
    (ALWAYS | BIT(QUIPU_BUSY) | BIT(QUIPU_DENIED) | BIT(QUIPU_IO) | \
     BIT(QUIPU_CORRUPT))
#define READ (STORE | BIT(QUIPU_TIMEOUT))
/* Statuses of reads of one schema, which may have been torn down. */
#define BOUND (READ | BIT(QUIPU_NOT_FOUND))
#define WRITE (STORE | BIT(QUIPU_UNKNOWN_OUTCOME))
#define COPY (BOUND | BIT(QUIPU_CONFLICT) | BIT(QUIPU_INVALID))
#define APPEND (WRITE | BIT(QUIPU_NOT_FOUND))
#define TRANSACT (APPEND | BIT(QUIPU_INVALID))
#define RESULT                                                  \
    (BIT(QUIPU_OK) | BIT(QUIPU_CONFLICT) | BIT(QUIPU_ALREADY) | \
     BIT(QUIPU_INVALID))

static const struct {
    const char *name;
    uint32_t codes;
} operations[] = {
    { "open", STORE | BIT(QUIPU_INVALID) | BIT(QUIPU_NOT_FOUND) |
                  BIT(QUIPU_UNSUPPORTED) },
    { "setup", WRITE | BIT(QUIPU_CONFLICT) | BIT(QUIPU_INVALID) },
    { "teardown", WRITE | BIT(QUIPU_CONFLICT) | BIT(QUIPU_NOT_FOUND) },
    { "bind", STORE | BIT(QUIPU_CONFLICT) | BIT(QUIPU_NOT_FOUND) },
    { "append", APPEND },
    { "transact", TRANSACT },
    { "read_sequence", BOUND },
    { "read_log", BOUND },
    { "list_schemas", READ },
    { "list_sequences", BOUND },
    { "list_tracking", READ },
    { "step", BOUND },
    { "last_position", BOUND },
    { "log_head", BOUND },
    { "wait", BOUND },
    { "read_tracking", BOUND },
    { "backup", COPY },
    { "restore", COPY | BIT(QUIPU_UNSUPPORTED) },
    { "list_entries", READ },
    { "read_filtered", BOUND },
    { "find_event", BOUND },
    { "erase", APPEND },
    { "erasures", BOUND },
    { "alter",
      WRITE | BIT(QUIPU_NOT_FOUND) | BIT(QUIPU_CONFLICT) | BIT(QUIPU_INVALID) },
    { "last_item", BOUND },
    { "read_sequences", BOUND },
    { "list_logs", READ },
};

uint32_t quipu_contract_proxy_codes(const char *operation)
{
    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        if (strcmp(operations[i].name, operation) == 0) {
            return operations[i].codes;
        }
    }
    return 0;
}

static bool has(uint32_t codes, int status)
{
    return status >= 0 && status < 32 && (codes & BIT(status)) != 0;
}

/* Checks the status and the error of an operation, and returns the status.
 * `others`: further statuses that are allowed. */
static int check(const char *operation, uint32_t others, int status,
                 const quipu_error *error)
{
    if (status == QUIPU_UNSUPPORTED && quipu_unwritten_is_accepted()) {
        return status; /* the core reports it */
    }
    CHECK(has(quipu_contract_proxy_codes(operation) | others, status),
          "the driver's %s returns %s (%d), which is not listed for it: %s",
          operation, quipu_status_name(status), status,
          error ? error->message : "");
    CHECK(status == QUIPU_OK || !error || error->code == status,
          "the driver's %s returns %s, but its error has the code %s",
          operation, quipu_status_name(status), quipu_status_name(error->code));
    return status;
}

/* This process has torn a schema down, or altered one. */
static atomic_bool torn_down;

/* The same for a read of a bound schema. */
static int check_read(const char *operation, int status,
                      const quipu_error *error)
{
    CHECK(status != QUIPU_NOT_FOUND || atomic_load(&torn_down),
          "the driver's %s returns NOT_FOUND, but no schema was torn down or "
          "altered: %s",
          operation, error ? error->message : "");
    return check(operation, 0, status, error);
}

/* -------------------------------------------------- the store and schemas */

static int open_store(const quipu_host *host, const quipu_open *how,
                      int64_t deadline, quipu_driver_datastore **datastore,
                      quipu_opened *opened, quipu_error *error)
{
    quipu_open again = *how;

    again.scheme = driver_scheme;
    return check("open", 0,
                 driver->open(host, &again, deadline, datastore, opened, error),
                 error);
}

static int setup(quipu_driver_datastore *datastore, const quipu_schema *schema,
                 int64_t deadline, quipu_error *error)
{
    return check("setup", 0, driver->setup(datastore, schema, deadline, error),
                 error);
}

static int alter(quipu_driver_datastore *datastore, const quipu_schema *schema,
                 int64_t deadline, quipu_error *error)
{
    atomic_store(&torn_down, true);
    return check("alter", 0, driver->alter(datastore, schema, deadline, error),
                 error);
}

static int teardown(quipu_driver_datastore *datastore,
                    const quipu_schema *schema, int64_t deadline,
                    quipu_error *error)
{
    atomic_store(&torn_down, true);
    return check("teardown", 0,
                 driver->teardown(datastore, schema, deadline, error), error);
}

static int bind_schema(quipu_driver_datastore *datastore,
                       const quipu_schema *schema, int64_t deadline,
                       quipu_driver_schema **bound, quipu_error *error)
{
    return check("bind", 0,
                 driver->bind(datastore, schema, deadline, bound, error),
                 error);
}

/* --------------------------------------------------------------- appending */

static void check_result(const char *operation, const quipu_request *request,
                         const quipu_result *result)
{
    CHECK(has(RESULT, result->status),
          "the driver's %s has a result %s (%d), which is not listed",
          operation, quipu_status_name(result->status), result->status);
    CHECK(result->status != QUIPU_CONFLICT || result->cause,
          "the driver's %s has a result CONFLICT without a cause", operation);
    CHECK(result->status != QUIPU_OK || request->item_count == 0 ||
              result->first_notification_id > 0 || !driver->log_head,
          "the driver's %s has a result OK without a notification id",
          operation);
}

/* Checks what a refusal by the conditions of a request tells. */
static void check_refusal(const char *operation, const quipu_request *request,
                          const quipu_result *result)
{
    const quipu_conditions *conditions = request->condition;
    int64_t found =
        result->flags & QUIPU_RESULT_HAS_LAST ? result->last_position : 0;

    if (result->status != QUIPU_CONFLICT) {
        return;
    }
    if (result->cause == QUIPU_CAUSE_ENTRY) {
        CHECK(conditions && result->index < conditions->entry_count,
              "the driver's %s refuses entry %zu, which the request does not "
              "have",
              operation, result->index);
        const quipu_entry_write *write = &conditions->entries[result->index];

        CHECK(write->flags & QUIPU_ENTRY_EXPECT,
              "the driver's %s refuses entry %zu, of which nothing is expected",
              operation, result->index);
        CHECK(found != write->revision,
              "the driver's %s refuses entry %zu, which is at the expected "
              "revision %lld",
              operation, result->index, (long long)found);
    }
    if (result->cause == QUIPU_CAUSE_TRACKING) {
        CHECK(conditions &&
                  (conditions->flags & QUIPU_CONDITIONS_TRACKING_FROM),
              "the driver's %s has a result CONFLICT because of a tracking "
              "record whose position is not expected",
              operation);
        CHECK(found != conditions->tracking_from,
              "the driver's %s refuses a tracking record that is at the "
              "expected position %lld",
              operation, (long long)found);
    }
}

static int append(quipu_driver_datastore *datastore,
                  const quipu_request *requests, size_t count,
                  quipu_result *results, size_t *taken, int64_t deadline,
                  quipu_error *error)
{
    int status;

    *taken = 0;
    status = check("append", 0,
                   driver->append(datastore, requests, count, results, taken,
                                  deadline, error),
                   error);
    CHECK(*taken >= 1 && *taken <= count,
          "the driver's append reports that it took %zu of %zu requests",
          *taken, count);
    for (size_t i = 0; status == QUIPU_OK && i < *taken; i++) {
        check_result("append", &requests[i], &results[i]);
        check_refusal("append", &requests[i], &results[i]);
    }
    return status;
}

/* The caller's function of a transaction, whose status is recorded. */
struct recorded_work {
    quipu_work work;
    void *context;
    uint32_t codes;
};

static int run_recorded(void *native, void *context, quipu_error *error)
{
    struct recorded_work *recorded_work = context;
    int status = recorded_work->work(native, recorded_work->context, error);

    recorded_work->codes |= status >= 0 && status < 32 ? BIT(status) : 0;
    return status;
}

static int transact(quipu_driver_datastore *datastore,
                    const quipu_request *request, quipu_work work,
                    void *context, quipu_result *result, int64_t deadline,
                    quipu_error *error)
{
    struct recorded_work recorded_work = { work, context, TRANSACT };
    int status = driver->transact(datastore, request, run_recorded,
                                  &recorded_work, result, deadline, error);

    /* A function that fails need not set the error. */
    check("transact", recorded_work.codes, status,
          has(TRANSACT, status) ? error : NULL);
    if (status == QUIPU_OK) {
        check_result("transact", request, result);
        check_refusal("transact", request, result);
    }
    return status;
}

/* ----------------------------------------------------------------- reading */

static int read_sequence(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         const quipu_range *range, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error)
{
    return check_read("read_sequence",
                      driver->read_sequence(datastore, bound, sequence_id,
                                            range, deadline, cursor, error),
                      error);
}

static int read_log(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, const quipu_range *range,
                    int64_t deadline, quipu_driver_cursor **cursor,
                    quipu_error *error)
{
    return check_read(
        "read_log",
        driver->read_log(datastore, bound, range, deadline, cursor, error),
        error);
}

static int list_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error)
{
    return check("list_schemas", 0,
                 driver->list_schemas(datastore, deadline, cursor, error),
                 error);
}

static int list_sequences(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, quipu_bytes after,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error)
{
    return check_read("list_sequences",
                      driver->list_sequences(datastore, bound, after, deadline,
                                             cursor, error),
                      error);
}

static int list_tracking(quipu_driver_datastore *datastore, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error)
{
    return check("list_tracking", 0,
                 driver->list_tracking(datastore, deadline, cursor, error),
                 error);
}

static int list_logs(quipu_driver_datastore *datastore, int64_t deadline,
                     quipu_driver_cursor **cursor, quipu_error *error)
{
    return check("list_logs", 0,
                 driver->list_logs(datastore, deadline, cursor, error), error);
}

static int step(quipu_driver_cursor *cursor, int64_t deadline,
                const void **rows, size_t *count, quipu_error *error)
{
    return check_read(
        "step", driver->step(cursor, deadline, rows, count, error), error);
}

static int last_position(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         int64_t deadline, bool *found, int64_t *position,
                         quipu_error *error)
{
    return check_read("last_position",
                      driver->last_position(datastore, bound, sequence_id,
                                            deadline, found, position, error),
                      error);
}

static int log_head(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t deadline,
                    quipu_position *head, quipu_error *error)
{
    return check_read("log_head",
                      driver->log_head(datastore, bound, deadline, head, error),
                      error);
}

static int wait_for_log(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t after,
                        int64_t deadline, int64_t *head, quipu_error *error)
{
    return check_read(
        "wait", driver->wait(datastore, bound, after, deadline, head, error),
        error);
}

static int read_tracking(quipu_driver_datastore *datastore,
                         quipu_bytes consumer, quipu_bytes log,
                         int64_t deadline, quipu_position *position,
                         quipu_error *error)
{
    return check("read_tracking", 0,
                 driver->read_tracking(datastore, consumer, log, deadline,
                                       position, error),
                 error);
}

static int list_entries(quipu_driver_datastore *datastore, quipu_bytes prefix,
                        quipu_bytes from, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error)
{
    return check(
        "list_entries", 0,
        driver->list_entries(datastore, prefix, from, deadline, cursor, error),
        error);
}

static int read_filtered(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, const quipu_range *range,
                         const quipu_filter *filter, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error)
{
    return check_read("read_filtered",
                      driver->read_filtered(datastore, bound, range, filter,
                                            deadline, cursor, error),
                      error);
}

static int find_event(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, quipu_bytes event_id,
                      int64_t deadline, quipu_driver_cursor **cursor,
                      quipu_error *error)
{
    return check_read(
        "find_event",
        driver->find_event(datastore, bound, event_id, deadline, cursor, error),
        error);
}

/* The caller's function that sees an item, and what is checked of that. */
struct checked_sight {
    quipu_see see;
    void *context;
    quipu_bytes sequence_id;
    unsigned calls;
};

static void see_checked(void *context, const quipu_item *item)
{
    struct checked_sight *sight = context;
    const quipu_bytes id = sight->sequence_id;

    sight->calls++;
    CHECK(item->sequence_id.size == id.size &&
              memcmp(item->sequence_id.data, id.data, id.size) == 0,
          "the driver's last_item shows an item of another sequence");
    sight->see(sight->context, item);
}

static int last_item(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound, quipu_bytes sequence_id,
                     int64_t deadline, quipu_see see, void *context,
                     int64_t *erasures, quipu_error *error)
{
    struct checked_sight sight = { see, context, sequence_id, 0 };
    int status =
        check_read("last_item",
                   driver->last_item(datastore, bound, sequence_id, deadline,
                                     see_checked, &sight, erasures, error),
                   error);

    CHECK(sight.calls <= 1, "the driver's last_item shows %u items",
          sight.calls);
    CHECK(status != QUIPU_OK || *erasures >= 0,
          "the driver's last_item reports %lld erasures", (long long)*erasures);
    return status;
}

static int read_sequences(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound,
                          const quipu_sequence_range *reads, size_t count,
                          int64_t deadline, quipu_driver_cursor **cursors,
                          int64_t *erasures, quipu_error *error)
{
    int status =
        check_read("read_sequences",
                   driver->read_sequences(datastore, bound, reads, count,
                                          deadline, cursors, erasures, error),
                   error);

    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        CHECK(cursors[i], "the driver's read_sequences gives no cursor over "
                          "one of the sequences");
    }
    CHECK(status != QUIPU_OK || *erasures >= 0,
          "the driver's read_sequences reports %lld erasures",
          (long long)*erasures);
    return status;
}

/* ---------------------------------------------------------------- erasing */

static int erase(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                 const quipu_erasure *erasure, int64_t deadline,
                 int64_t *erased, quipu_error *error)
{
    int status = check_read(
        "erase",
        driver->erase(datastore, bound, erasure, deadline, erased, error),
        error);

    CHECK(status != QUIPU_OK || (*erased >= 0 && *erased <= erasure->limit),
          "the driver's erase reports %lld items, and the limit was %lld",
          (long long)*erased, (long long)erasure->limit);
    return status;
}

static int erasures(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t deadline,
                    int64_t *commits, quipu_error *error)
{
    int status = check_read(
        "erasures",
        driver->erasures(datastore, bound, deadline, commits, error), error);

    CHECK(status != QUIPU_OK || *commits >= 0,
          "the driver's erasures reports %lld commits", (long long)*commits);
    return status;
}

/* ---------------------------------------------------------------- backups */

static int backup_store(quipu_driver_datastore *datastore,
                        const quipu_backup *backup, int64_t deadline,
                        quipu_error *error)
{
    return check("backup", 0,
                 driver->backup(datastore, backup, deadline, error), error);
}

static int restore_store(const quipu_host *host, const quipu_open *target,
                         const quipu_backup *backup, int64_t deadline,
                         quipu_error *error)
{
    quipu_open again = *target;

    again.scheme = driver_scheme;
    return check("restore", 0,
                 driver->restore(host, &again, backup, deadline, error), error);
}

/* --------------------------------------------------------- the proxy's table
 */

static const quipu_driver *entry(void)
{
    return &table;
}

/* Replaces an operation that the driver may lack. */
#define REPLACE_OPTIONAL(member, function) \
    table.member = driver->member ? (function) : NULL

static void fill_table(void)
{
    table = *driver;
    table.open = open_store;
    table.setup = setup;
    table.teardown = teardown;
    table.bind = bind_schema;
    table.append = append;
    table.read_sequence = read_sequence;
    table.list_schemas = list_schemas;
    table.list_sequences = list_sequences;
    table.step = step;
    table.last_position = last_position;
    REPLACE_OPTIONAL(transact, transact);
    REPLACE_OPTIONAL(read_log, read_log);
    REPLACE_OPTIONAL(list_tracking, list_tracking);
    REPLACE_OPTIONAL(log_head, log_head);
    REPLACE_OPTIONAL(wait, wait_for_log);
    REPLACE_OPTIONAL(read_tracking, read_tracking);
    REPLACE_OPTIONAL(backup, backup_store);
    REPLACE_OPTIONAL(restore, restore_store);
    REPLACE_OPTIONAL(list_entries, list_entries);
    REPLACE_OPTIONAL(read_filtered, read_filtered);
    REPLACE_OPTIONAL(find_event, find_event);
    REPLACE_OPTIONAL(erase, erase);
    REPLACE_OPTIONAL(erasures, erasures);
    REPLACE_OPTIONAL(alter, alter);
    REPLACE_OPTIONAL(last_item, last_item);
    REPLACE_OPTIONAL(read_sequences, read_sequences);
    REPLACE_OPTIONAL(list_logs, list_logs);
}

/* Registers the proxy for the driver of a scheme. */
static bool install(const char *scheme)
{
    quipu_error error;

    if (quipu_drivers_find(scheme, &driver, &error)) {
        return false;
    }
    snprintf(driver_scheme, sizeof(driver_scheme), "%s", scheme);
    fill_table();
    return quipu_drivers_add(SCHEME, entry, &error) == QUIPU_OK;
}

char *quipu_contract_proxy_uri(const char *uri)
{
    char scheme[sizeof(driver_scheme)];
    size_t length = strcspn(uri, ":");
    char *text;

    if (length >= sizeof(scheme)) {
        return NULL;
    }
    snprintf(scheme, sizeof(scheme), "%.*s", (int)length, uri);
    if (!*driver_scheme && !install(scheme)) {
        return NULL;
    }
    if (strcmp(scheme, driver_scheme) != 0) {
        return strdup(uri);
    }
    if (asprintf(&text, SCHEME "%s", uri + length) < 0) {
        return NULL;
    }
    return text;
}
