/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the functions that the core offers to drivers. */
#include "driver/host.h"

#include <quipu/memory.h>

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/option.h"
#include "base/percent.h"
#include "driver/message.h"

static const char *decode_percent(char *text)
{
    return quipu_percent_decode_bytes(text, text, strlen(text));
}

static bool option_bool(const char *value)
{
    static const char *const words[] = { "1", "true", "yes", "on" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(value, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int64_t option_number(const char *value)
{
    uint64_t number;

    if (quipu_option_size("", value, &number, NULL) != QUIPU_OK) {
        return -1;
    }
    return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

const quipu_host *quipu_host_table(void)
{
    static const quipu_host table = {
        .struct_size = sizeof(quipu_host),
        .abi = QUIPU_DRIVER_ABI,
        .allocate = quipu_allocate,
        .reallocate = quipu_reallocate,
        .release = quipu_release,
        .error_set = quipu_error_set_native,
        .message = quipu_message_send,
        .decode_percent = decode_percent,
        .option_bool = option_bool,
        .option_number = option_number,
    };

    return &table;
}
