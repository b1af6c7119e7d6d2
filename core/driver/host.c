/* SPDX-License-Identifier: Apache-2.0 */
/* The host's functions: memory, errors, messages. */
#include "driver/host.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include <quipu/drivers.h>
#include <quipu/memory.h>

#include "base/error.h"

static void listen_by_default(int level, const char *text)
{
    if (level == QUIPU_LEVEL_WARNING) {
        fprintf(stderr, "quipu: %s\n", text);
    }
}

static _Atomic quipu_listener listener = listen_by_default;

void quipu_messages_listen(quipu_listener listen)
{
    atomic_store(&listener, listen ? listen : listen_by_default);
}

void quipu_message(int level, const char *format, ...)
{
    quipu_error text; /* cuts as errors do */
    quipu_listener heard;
    va_list list;

    va_start(list, format);
    quipu_error_set_list(&text, QUIPU_OK, format, list);
    va_end(list);
    heard = atomic_load(&listener);
    heard(level, text.message);
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
        .message = quipu_message,
    };

    return &table;
}
