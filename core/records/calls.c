/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every call of a driver's operation. */
#include "records/calls.h"

#include <string.h>

#include <quipu/error.h>

#include "base/clock.h"

#define BIT(status) (1u << (status))
#define EVERY (BIT(QUIPU_NO_MEMORY) | BIT(QUIPU_INTERNAL))
#define STORE                                                      \
    (EVERY | BIT(QUIPU_BUSY) | BIT(QUIPU_DENIED) | BIT(QUIPU_IO) | \
     BIT(QUIPU_CORRUPT))
#define READ (STORE | BIT(QUIPU_TIMEOUT))
#define BOUND (READ | BIT(QUIPU_NOT_FOUND)) /* it may be torn down */
#define WRITE (STORE | BIT(QUIPU_UNKNOWN_OUTCOME))

/* What driver.h lists for each operation. */
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
    [QUIPU_CALL_TRANSACT] = { "transact", WRITE | BIT(QUIPU_NOT_FOUND) },
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
};

static bool may_answer(enum quipu_call call, int status)
{
    return status > QUIPU_OK && status <= QUIPU_INTERNAL &&
           (calls[call].codes & BIT(status)) != 0;
}

static int pass_on(int status, const quipu_error *said, quipu_error *error)
{
    if (error) {
        memcpy(error, said, sizeof(*error));
        error->code = status;
    }
    return status;
}

int quipu_call_answer(const quipu_driver *driver, enum quipu_call call,
                      int status, const quipu_error *said, quipu_error *error)
{
    if (status == QUIPU_OK) {
        return QUIPU_OK;
    }
    if (!may_answer(call, status)) {
        return quipu_error_set(
            error, QUIPU_INTERNAL,
            "driver \"%s\": %s answered %s (%d), which "
            "the driver contract does not allow%s%.500s",
            driver->name, calls[call].name, quipu_status_name(status), status,
            said->message[0] ? "; it said: " : "", said->message);
    }
    if (said->code == QUIPU_OK) {
        return quipu_error_set(error, status,
                               "driver \"%s\": %s answered %s and did not "
                               "say why",
                               driver->name, calls[call].name,
                               quipu_status_name(status));
    }
    return pass_on(status, said, error);
}

int quipu_call_worked(int status, const quipu_error *said, quipu_error *error)
{
    if (said->code == QUIPU_OK) {
        return quipu_error_set(error, status,
                               "the function in the transaction answered %s "
                               "(%d) and did not say why",
                               quipu_status_name(status), status);
    }
    return pass_on(status, said, error);
}

int quipu_call_broken(const quipu_driver *driver, enum quipu_call call,
                      const char *what, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INTERNAL,
                           "driver \"%s\": %s answered OK, but %s",
                           driver->name, calls[call].name, what);
}

int quipu_call_possible(const quipu_datastore *datastore, enum quipu_call call,
                        bool present, uint32_t capability, quipu_error *error)
{
    if (present && (datastore->opened.capabilities & capability)) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_UNSUPPORTED,
                           "driver \"%s\" does not have the operation %s%s",
                           datastore->driver->name, calls[call].name,
                           present ? " for this store" : "");
}

int64_t quipu_deadline_in(int64_t milliseconds)
{
    return milliseconds < 0 ? QUIPU_CLOCK_NEVER
                            : quipu_clock_deadline(milliseconds);
}

int64_t quipu_deadline_of(const quipu_datastore *datastore)
{
    return quipu_deadline_in(datastore->timeout);
}
