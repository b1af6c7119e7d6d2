/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the status codes. */
#include <quipu/error.h>

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
