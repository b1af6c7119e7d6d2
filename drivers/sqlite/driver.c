/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table. */
#include "sqlite.h"

#include <stdio.h>

static const char *library(void)
{
    static char text[40];
    (void)snprintf(text, sizeof text, "SQLite %s", sqlite3_libversion());
    return text;
}

static const quipu_option_info options[] = {
    { .name = "checkpoint",
      .fallback = "1000",
      .help = "pages in the write-ahead log from which on it is checkpointed",
      .type = QUIPU_OPTION_COUNT },
};

static const quipu_driver driver = {
    .struct_size = sizeof driver,
    .abi = QUIPU_DRIVER_ABI,
    .option_count = sizeof options / sizeof options[0],
    .name = "sqlite",
    .version = "0.1.0",
    .options = options,
    .library = library,
    .open = sqlite_open,
    .close = sqlite_close,
    .interrupt = sqlite_interrupt,
    .setup = sqlite_setup,
    .teardown = sqlite_teardown,
    .bind = sqlite_bind,
    .unbind = sqlite_unbind,
    .append = sqlite_append,
    .transact = sqlite_transact,
    .read_sequence = sqlite_read_sequence,
    .read_log = sqlite_read_log,
    .list_schemas = sqlite_list_schemas,
    .list_sequences = sqlite_list_sequences,
    .list_tracking = sqlite_list_tracking,
    .step = sqlite_step,
    .cursor_close = sqlite_cursor_close,
    .last_position = sqlite_last_position,
    .log_head = sqlite_log_head,
    .wait = sqlite_wait,
    .read_tracking = sqlite_read_tracking,
};

QUIPU_DRIVER_ENTRY(sqlite)
{
    return &driver;
}
