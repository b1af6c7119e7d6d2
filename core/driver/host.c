/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the functions that the core offers to drivers. */
#include "driver/host.h"

#include <quipu/memory.h>

#include "base/error.h"
#include "driver/message.h"

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
    };

    return &table;
}
