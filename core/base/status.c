/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the status codes, and the statuses of foreign functions. */
#include "base/status.h"

#include <string.h>

#include "base/error.h"

static const char *const names[] = {
    [QUIPU_OK] = "OK",
    [QUIPU_CONFLICT] = "CONFLICT",
    [QUIPU_ALREADY] = "ALREADY",
    [QUIPU_NOT_FOUND] = "NOT_FOUND",
    [QUIPU_BUSY] = "BUSY",
    [QUIPU_TIMEOUT] = "TIMEOUT",
    [QUIPU_UNSUPPORTED] = "UNSUPPORTED",
    [QUIPU_INVALID] = "INVALID",
    [QUIPU_NO_MEMORY] = "NO_MEMORY",
    [QUIPU_IO] = "IO",
    [QUIPU_UNKNOWN_OUTCOME] = "UNKNOWN_OUTCOME",
    [QUIPU_CORRUPT] = "CORRUPT",
    [QUIPU_DENIED] = "DENIED",
    [QUIPU_INTERNAL] = "INTERNAL",
};

const char *quipu_status_name(int status)
{
    if (status < 0 || (size_t)status >= sizeof(names) / sizeof(names[0])) {
        return "?";
    }
    return names[status];
}

bool quipu_status_is_transient(int status)
{
    return status == QUIPU_BUSY || status == QUIPU_TIMEOUT ||
           status == QUIPU_IO || status == QUIPU_UNKNOWN_OUTCOME;
}

void quipu_status_begin(quipu_error *cause)
{
    cause->code = QUIPU_OK;
    cause->native = 0;
    cause->sqlstate[0] = '\0';
    cause->message[0] = '\0';
}

bool quipu_status_explained(const quipu_error *cause)
{
    return cause->message[0] != '\0';
}

int quipu_status_end(int status, const quipu_error *cause, quipu_error *error,
                     const char *source)
{
    if (status == QUIPU_OK || !error) {
        return status;
    }
    if (!quipu_status_explained(cause)) {
        return quipu_error_set(error, status,
                               "%s returned %s (%d) without an error message",
                               source, quipu_status_name(status), status);
    }
    memcpy(error, cause, sizeof(*error));
    error->code = status;
    return status;
}
