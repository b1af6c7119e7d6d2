/* SPDX-License-Identifier: Apache-2.0 */
/* The spy: the driver's table under a scheme of its own, each answer seen. */
#include "contract_proxy.h"

#include "assertion.h"

#include <quipu/drivers.h>
#include <quipu/error.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "spied"

static char spied[40]; /* the scheme of the driver */
static const quipu_driver *real;
static quipu_driver table;

/* ---------------------------------------------------------------- answers */

#define BIT(code) (1u << (unsigned)(code))

/* Of all operations. */
#define ALWAYS (BIT(QUIPU_OK) | BIT(QUIPU_NO_MEMORY) | BIT(QUIPU_INTERNAL))
/* Of all operations that use the store. */
#define STORE                                                       \
    (ALWAYS | BIT(QUIPU_BUSY) | BIT(QUIPU_DENIED) | BIT(QUIPU_IO) | \
     BIT(QUIPU_CORRUPT))
#define READ (STORE | BIT(QUIPU_TIMEOUT))
/* Of reads of one schema, which may have been torn down. */
#define BOUND (READ | BIT(QUIPU_NOT_FOUND))
#define WRITE (STORE | BIT(QUIPU_UNKNOWN_OUTCOME))
#define APPEND (WRITE | BIT(QUIPU_NOT_FOUND))
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
    { "transact", APPEND },
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

/* Passes an answer on if it is listed, or among the others, and told by the
 * host's error_set. */
static int see(const char *operation, uint32_t others, int status,
               const quipu_error *error)
{
    CHECK(has(quipu_contract_proxy_codes(operation) | others, status),
          "the driver's %s answers %s (%d), which is not listed for it: %s",
          operation, quipu_status_name(status), status,
          error ? error->message : "");
    CHECK(status == QUIPU_OK || !error || error->code == status,
          "the driver's %s answers %s, and its error says %s", operation,
          quipu_status_name(status), quipu_status_name(error->code));
    return status;
}

/* Whether this process has torn a schema down. */
static atomic_bool torn_down;

/* Of a read of a schema: NOT_FOUND tells that it is gone, not what is in it. */
static int see_read(const char *operation, int status, const quipu_error *error)
{
    CHECK(status != QUIPU_NOT_FOUND || atomic_load(&torn_down),
          "the driver's %s answers NOT_FOUND, and nothing was torn down: %s",
          operation, error ? error->message : "");
    return see(operation, 0, status, error);
}

/* -------------------------------------------------- the store and schemas */

static int open_store(const quipu_host *host, const quipu_open *how,
                      int64_t deadline, quipu_driver_datastore **datastore,
                      quipu_opened *opened, quipu_error *error)
{
    quipu_open again = *how;

    again.scheme = spied;
    return see("open", 0,
               real->open(host, &again, deadline, datastore, opened, error),
               error);
}

static int setup(quipu_driver_datastore *datastore, const quipu_schema *schema,
                 int64_t deadline, quipu_error *error)
{
    return see("setup", 0, real->setup(datastore, schema, deadline, error),
               error);
}

static int teardown(quipu_driver_datastore *datastore,
                    const quipu_schema *schema, int64_t deadline,
                    quipu_error *error)
{
    atomic_store(&torn_down, true);
    return see("teardown", 0,
               real->teardown(datastore, schema, deadline, error), error);
}

static int bind_schema(quipu_driver_datastore *datastore,
                       const quipu_schema *schema, int64_t deadline,
                       quipu_driver_schema **bound, quipu_error *error)
{
    return see("bind", 0, real->bind(datastore, schema, deadline, bound, error),
               error);
}

/* --------------------------------------------------------------- appending */

static void see_result(const char *operation, const quipu_request *request,
                       const quipu_result *result)
{
    CHECK(has(RESULT, result->status),
          "the driver's %s has a result %s (%d), which is not listed",
          operation, quipu_status_name(result->status), result->status);
    CHECK(result->status != QUIPU_CONFLICT || result->cause,
          "the driver's %s answers CONFLICT and no cause", operation);
    CHECK(result->status != QUIPU_OK || request->item_count == 0 ||
              result->first_notification_id > 0 || !real->log_head,
          "the driver's %s answers OK and no notification id", operation);
}

static int append(quipu_driver_datastore *datastore,
                  const quipu_request *requests, size_t count,
                  quipu_result *results, size_t *taken, int64_t deadline,
                  quipu_error *error)
{
    int status;

    *taken = 0;
    status = see("append", 0,
                 real->append(datastore, requests, count, results, taken,
                              deadline, error),
                 error);
    CHECK(*taken >= 1 && *taken <= count,
          "the driver's append says that it took %zu requests of %zu", *taken,
          count);
    for (size_t i = 0; status == QUIPU_OK && i < *taken; i++) {
        see_result("append", &requests[i], &results[i]);
    }
    return status;
}

/* What the work of a transaction answers the operation may answer, too. */
struct errand {
    quipu_work work;
    void *context;
    uint32_t codes;
};

static int run_errand(void *native, void *context, quipu_error *error)
{
    struct errand *errand = context;
    int status = errand->work(native, errand->context, error);

    errand->codes |= status >= 0 && status < 32 ? BIT(status) : 0;
    return status;
}

static int transact(quipu_driver_datastore *datastore,
                    const quipu_request *request, quipu_work work,
                    void *context, quipu_result *result, int64_t deadline,
                    quipu_error *error)
{
    struct errand errand = { work, context, APPEND };
    int status = real->transact(datastore, request, run_errand, &errand, result,
                                deadline, error);

    /* The work need not have filled the error. */
    see("transact", errand.codes, status, has(APPEND, status) ? error : NULL);
    if (status == QUIPU_OK) {
        see_result("transact", request, result);
    }
    return status;
}

/* ----------------------------------------------------------------- reading */

static int read_sequence(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         const quipu_range *range, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error)
{
    return see_read("read_sequence",
                    real->read_sequence(datastore, bound, sequence_id, range,
                                        deadline, cursor, error),
                    error);
}

static int read_log(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, const quipu_range *range,
                    int64_t deadline, quipu_driver_cursor **cursor,
                    quipu_error *error)
{
    return see_read(
        "read_log",
        real->read_log(datastore, bound, range, deadline, cursor, error),
        error);
}

static int list_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error)
{
    return see("list_schemas", 0,
               real->list_schemas(datastore, deadline, cursor, error), error);
}

static int list_sequences(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, quipu_bytes after,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error)
{
    return see_read(
        "list_sequences",
        real->list_sequences(datastore, bound, after, deadline, cursor, error),
        error);
}

static int list_tracking(quipu_driver_datastore *datastore, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error)
{
    return see("list_tracking", 0,
               real->list_tracking(datastore, deadline, cursor, error), error);
}

static int step(quipu_driver_cursor *cursor, int64_t deadline,
                const void **rows, size_t *count, quipu_error *error)
{
    return see_read("step", real->step(cursor, deadline, rows, count, error),
                    error);
}

static int last_position(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         int64_t deadline, bool *found, int64_t *position,
                         quipu_error *error)
{
    return see_read("last_position",
                    real->last_position(datastore, bound, sequence_id, deadline,
                                        found, position, error),
                    error);
}

static int log_head(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t deadline,
                    quipu_position *head, quipu_error *error)
{
    return see_read("log_head",
                    real->log_head(datastore, bound, deadline, head, error),
                    error);
}

static int wait_for_log(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t after,
                        int64_t deadline, int64_t *head, quipu_error *error)
{
    return see_read("wait",
                    real->wait(datastore, bound, after, deadline, head, error),
                    error);
}

static int read_tracking(quipu_driver_datastore *datastore,
                         quipu_bytes consumer, quipu_bytes log,
                         int64_t deadline, quipu_position *position,
                         quipu_error *error)
{
    return see("read_tracking", 0,
               real->read_tracking(datastore, consumer, log, deadline, position,
                                   error),
               error);
}

/* ------------------------------------------------------------ its own place */

static const quipu_driver *entry(void)
{
    return &table;
}

/* An operation that the driver lacks stays absent. */
#define SPY(member, function) table.member = real->member ? (function) : NULL

static void fill_table(void)
{
    table = *real;
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
    SPY(transact, transact);
    SPY(read_log, read_log);
    SPY(list_tracking, list_tracking);
    SPY(log_head, log_head);
    SPY(wait, wait_for_log);
    SPY(read_tracking, read_tracking);
}

/* Places the spy before the driver of a scheme. */
static bool begin(const char *scheme)
{
    quipu_error error;

    if (quipu_drivers_find(scheme, &real, &error)) {
        return false;
    }
    snprintf(spied, sizeof(spied), "%s", scheme);
    fill_table();
    return quipu_drivers_add(SCHEME, entry, &error) == QUIPU_OK;
}

char *quipu_contract_proxy_uri(const char *uri)
{
    char scheme[sizeof(spied)];
    size_t length = strcspn(uri, ":");
    char *text;

    if (length >= sizeof(scheme)) {
        return NULL;
    }
    snprintf(scheme, sizeof(scheme), "%.*s", (int)length, uri);
    if (!*spied && !begin(scheme)) {
        return NULL;
    }
    if (strcmp(scheme, spied) != 0) {
        return strdup(uri);
    }
    if (asprintf(&text, SCHEME "%s", uri + length) < 0) {
        return NULL;
    }
    return text;
}
