/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table of operations (driver.h), and its entry point. */
#include "read/cursor.h"
#include "sqlite.h"

#include <stdio.h>

static const char *library(void)
{
    static char text[40];
    (void)snprintf(text, sizeof(text), "SQLite %s", sqlite3_libversion());
    return text;
}

static const quipu_driver driver = {
    .struct_size = sizeof(driver),
    .abi = QUIPU_DRIVER_ABI,
    .option_count = OPTION_COUNT,
    .name = "sqlite",
    .version = "0.1.0",
    .options = quipu_sqlite_options_table,
    .library = library,
    .open = quipu_sqlite_open,
    .close = quipu_sqlite_close,
    .interrupt = quipu_sqlite_wait_interrupt,
    .setup = quipu_sqlite_schema_setup,
    .teardown = quipu_sqlite_schema_teardown,
    .bind = quipu_sqlite_schema_bind,
    .unbind = quipu_sqlite_schema_unbind,
    .append = quipu_sqlite_append,
    .transact = quipu_sqlite_append_transact,
    .read_sequence = quipu_sqlite_read_sequence,
    .read_log = quipu_sqlite_read_log,
    .list_schemas = quipu_sqlite_listing_schemas,
    .list_sequences = quipu_sqlite_listing_sequences,
    .list_tracking = quipu_sqlite_listing_tracking,
    .list_logs = quipu_sqlite_listing_logs,
    .step = quipu_sqlite_cursor_step,
    .cursor_close = quipu_sqlite_cursor_close,
    .last_position = quipu_sqlite_lookup_last_position,
    .log_head = quipu_sqlite_lookup_log_head,
    .wait = quipu_sqlite_wait,
    .read_tracking = quipu_sqlite_lookup_tracking_record,
    .backup = quipu_sqlite_backup,
    .restore = quipu_sqlite_backup_restore,
    .list_entries = quipu_sqlite_entry_listing_open,
    .read_filtered = quipu_sqlite_read_filtered,
    .find_event = quipu_sqlite_read_event,
    .erase = quipu_sqlite_erase,
    .erasures = quipu_sqlite_erasures,
    .alter = quipu_sqlite_schema_alter,
    .last_item = quipu_sqlite_read_last_item,
};

QUIPU_DRIVER_ENTRY(sqlite)
{
    return &driver;
}
