/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table. */
#include "operations.h"
#include "postgres.h"

#include <stdio.h>

static const char *library(void)
{
    static char text[40];
    int version = PQlibVersion();
    (void)snprintf(text, sizeof(text), "libpq %d.%d", version / 10000,
                   version % 10000);
    return text;
}

static const quipu_driver driver = {
    .struct_size = sizeof(driver),
    .abi = QUIPU_DRIVER_ABI,
    .flags = QUIPU_DRIVER_PASSES_OPTIONS,
    .option_count = OPTION_COUNT,
    .name = "postgres",
    .version = "0.1.0",
    .options = quipu_postgres_option_table,
    .library = library,
    .open = quipu_postgres_open,
    .close = quipu_postgres_close,
    .interrupt = quipu_postgres_interrupt,
    .setup = quipu_postgres_setup,
    .teardown = quipu_postgres_teardown,
    .bind = quipu_postgres_bind,
    .unbind = quipu_postgres_unbind,
    .append = quipu_postgres_append,
    .transact = quipu_postgres_transact,
    .read_sequence = quipu_postgres_read_sequence,
    .read_log = quipu_postgres_read_log,
    .list_schemas = quipu_postgres_list_schemas,
    .list_sequences = quipu_postgres_list_sequences,
    .list_tracking = quipu_postgres_list_tracking,
    .step = quipu_postgres_step,
    .cursor_close = quipu_postgres_cursor_close,
    .last_position = quipu_postgres_last_position,
    .log_head = quipu_postgres_log_head,
    .wait = quipu_postgres_wait,
    .read_tracking = quipu_postgres_read_tracking,
};

QUIPU_DRIVER_ENTRY(postgres)
{
    return &driver;
}
