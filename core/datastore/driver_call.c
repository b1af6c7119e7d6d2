/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks the codes that drivers return.
 *
 * The table below repeats the lists of codes in <quipu/driver.h>, as sets of
 * bits.  A test compares the two, so that they cannot diverge.
 */
#include "datastore/driver_call.h"

#include "base/error.h"
#include "base/status.h"
#include "driver/operation_stubs.h"

/* Codes of all operations, of those that use the store, that read, that use a
 * bound schema (which may be torn down), that write, and that copy the store.
 */
#define BIT(status) (1u << (status))
#define EVERY (BIT(QUIPU_NO_MEMORY) | BIT(QUIPU_INTERNAL))
#define STORE                                                      \
    (EVERY | BIT(QUIPU_BUSY) | BIT(QUIPU_DENIED) | BIT(QUIPU_IO) | \
     BIT(QUIPU_CORRUPT))
#define READ (STORE | BIT(QUIPU_TIMEOUT))
#define BOUND (READ | BIT(QUIPU_NOT_FOUND))
#define WRITE (STORE | BIT(QUIPU_UNKNOWN_OUTCOME))
#define COPY (BOUND | BIT(QUIPU_CONFLICT) | BIT(QUIPU_INVALID))

/* The name and the codes of each operation. */
static const struct {
    const char *name;
    uint32_t codes;
} calls[] = {
    [QUIPU_CALL_OPEN] = { "open", STORE | BIT(QUIPU_INVALID) |
                                      BIT(QUIPU_NOT_FOUND) |
                                      BIT(QUIPU_UNSUPPORTED) },
    [QUIPU_CALL_SETUP] = { "setup",
                           WRITE | BIT(QUIPU_CONFLICT) | BIT(QUIPU_INVALID) },
    [QUIPU_CALL_TEARDOWN] = { "teardown", WRITE | BIT(QUIPU_CONFLICT) |
                                              BIT(QUIPU_NOT_FOUND) },
    [QUIPU_CALL_BIND] = { "bind",
                          STORE | BIT(QUIPU_CONFLICT) | BIT(QUIPU_NOT_FOUND) },
    [QUIPU_CALL_APPEND] = { "append", WRITE | BIT(QUIPU_NOT_FOUND) },
    [QUIPU_CALL_TRANSACT] = { "transact", WRITE | BIT(QUIPU_NOT_FOUND) |
                                              BIT(QUIPU_INVALID) },
    [QUIPU_CALL_READ_SEQUENCE] = { "read_sequence", BOUND },
    [QUIPU_CALL_READ_LOG] = { "read_log", BOUND },
    [QUIPU_CALL_LIST_SCHEMAS] = { "list_schemas", READ },
    [QUIPU_CALL_LIST_SEQUENCES] = { "list_sequences", BOUND },
    [QUIPU_CALL_LIST_TRACKING] = { "list_tracking", READ },
    [QUIPU_CALL_STEP] = { "step", BOUND },
    [QUIPU_CALL_LAST_POSITION] = { "last_position", BOUND },
    [QUIPU_CALL_LOG_HEAD] = { "log_head", BOUND },
    [QUIPU_CALL_WAIT] = { "wait", BOUND },
    [QUIPU_CALL_READ_TRACKING] = { "read_tracking", BOUND },
    [QUIPU_CALL_BACKUP] = { "backup", COPY },
    [QUIPU_CALL_RESTORE] = { "restore", COPY | BIT(QUIPU_UNSUPPORTED) },
    [QUIPU_CALL_LIST_ENTRIES] = { "list_entries", READ },
    [QUIPU_CALL_READ_FILTERED] = { "read_filtered", BOUND },
    [QUIPU_CALL_FIND_EVENT] = { "find_event", BOUND },
    [QUIPU_CALL_ERASE] = { "erase", WRITE | BIT(QUIPU_NOT_FOUND) },
    [QUIPU_CALL_ERASURES] = { "erasures", BOUND },
    [QUIPU_CALL_ALTER] = { "alter", WRITE | BIT(QUIPU_NOT_FOUND) |
                                        BIT(QUIPU_CONFLICT) |
                                        BIT(QUIPU_INVALID) },
    [QUIPU_CALL_LAST_ITEM] = { "last_item", BOUND },
    [QUIPU_CALL_READ_SEQUENCES] = { "read_sequences", BOUND },
    [QUIPU_CALL_LIST_LOGS] = { "list_logs", READ },
};

static bool is_allowed(enum quipu_call call, int status)
{
    return status > QUIPU_OK && status <= QUIPU_INTERNAL &&
           (calls[call].codes & BIT(status)) != 0;
}

int quipu_driver_call_end(const quipu_driver *driver, enum quipu_call call,
                          int status, const quipu_error *cause,
                          quipu_error *error)
{
    if (status == QUIPU_OK) {
        return QUIPU_OK;
    }
    if (!is_allowed(call, status)) {
        if (status == QUIPU_UNSUPPORTED) {
            quipu_operation_stubs_report(cause->message[0] ? cause->message
                                                           : calls[call].name);
        }
        return quipu_error_set(
            error, QUIPU_INTERNAL,
            "driver \"%s\": %s returned %s (%d), which "
            "the driver contract does not allow%s%.500s",
            driver->name, calls[call].name, quipu_status_name(status), status,
            cause->message[0] ? "; its message: " : "", cause->message);
    }
    if (!quipu_status_explained(cause)) {
        return quipu_error_set(error, status,
                               "driver \"%s\": %s returned %s without an "
                               "error message",
                               driver->name, calls[call].name,
                               quipu_status_name(status));
    }
    return quipu_status_end(status, cause, error, driver->name);
}

int quipu_driver_call_broken(const quipu_driver *driver, enum quipu_call call,
                             const char *fault, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INTERNAL,
                           "driver \"%s\": %s returned OK, but %s",
                           driver->name, calls[call].name, fault);
}

int quipu_driver_call_supported(const quipu_datastore *datastore,
                                enum quipu_call call, bool present,
                                uint32_t capability, quipu_error *error)
{
    if (present && (datastore->opened.capabilities & capability)) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_UNSUPPORTED,
                           "driver \"%s\" does not have the operation %s%s",
                           datastore->driver->name, calls[call].name,
                           present ? " for this store" : "");
}
