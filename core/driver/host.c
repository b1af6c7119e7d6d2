/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that the core offers to drivers: memory, errors, messages. */
#include "driver/host.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include <quipu/drivers.h>
#include <quipu/memory.h>

#include "base/error.h"

static void print_warning(int level, const char *text)
{
    if (level == QUIPU_LEVEL_WARNING) {
        fprintf(stderr, "quipu: %s\n", text);
    }
}

/* Never NULL.  Atomic, because drivers send messages from any thread. */
static _Atomic quipu_listener listener = print_warning;

void quipu_messages_listen(quipu_listener listen)
{
    atomic_store(&listener, listen ? listen : print_warning);
}

void quipu_host_message(int level, const char *format, ...)
{
    quipu_error text; /* used for its limit and its cutting of characters */
    va_list list;

    va_start(list, format);
    quipu_error_set_list(&text, QUIPU_OK, format, list);
    va_end(list);
    quipu_listener current = atomic_load(&listener);
    current(level, text.message);
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
        .message = quipu_host_message,
    };

    return &table;
}
