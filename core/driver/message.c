/* SPDX-License-Identifier: Apache-2.0 */
/* Passes messages of drivers to the program. */
#include "driver/message.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include <quipu/drivers.h>

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

void quipu_message_send(int level, const char *format, ...)
{
    quipu_error text; /* used for its limit and its cutting of characters */
    va_list list;

    va_start(list, format);
    quipu_error_set_list(&text, QUIPU_OK, format, list);
    va_end(list);
    quipu_listener current = atomic_load(&listener);
    current(level, text.message);
}
