/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table of operations (quipu_driver in quipu/driver.h). */
#include "lmdb_driver.h"

#include <stdio.h>

static const char *library(void)
{
    static char text[40];
    int major = 0;
    int minor = 0;
    int patch = 0;
    (void)mdb_version(&major, &minor, &patch);
    (void)snprintf(text, sizeof(text), "LMDB %d.%d.%d", major, minor, patch);
    return text;
}

static const quipu_driver driver = {
    .struct_size = sizeof(driver),
    .abi = QUIPU_DRIVER_ABI,
    .option_count = OPTION_COUNT,
    .name = "lmdb",
    .version = "0.1.0",
    .options = quipu_lmdb_options,
    .library = library,
    .open = quipu_lmdb_datastore_open,
    .close = quipu_lmdb_datastore_close,
    .interrupt = quipu_lmdb_log_interrupt,
    .setup = quipu_lmdb_schema_setup,
    .teardown = quipu_lmdb_schema_teardown,
    .bind = quipu_lmdb_schema_bind,
    .unbind = quipu_lmdb_schema_unbind,
    .append = quipu_lmdb_append,
    .transact = quipu_lmdb_append_transact,
    .read_sequence = quipu_lmdb_read_sequence,
    .read_log = quipu_lmdb_read_log,
    .list_schemas = quipu_lmdb_list_schemas,
    .list_sequences = quipu_lmdb_list_sequences,
    .list_tracking = quipu_lmdb_list_tracking,
    .list_logs = quipu_lmdb_list_logs,
    .step = quipu_lmdb_cursor_step,
    .cursor_close = quipu_lmdb_cursor_close,
    .last_position = quipu_lmdb_read_last_position,
    .log_head = quipu_lmdb_log_head,
    .wait = quipu_lmdb_log_wait,
    .read_tracking = quipu_lmdb_tracking_read,
    .backup = quipu_lmdb_backup,
    .restore = quipu_lmdb_backup_restore,
    .list_entries = quipu_lmdb_entry_list_open,
    .read_filtered = quipu_lmdb_read_filtered,
    .find_event = quipu_lmdb_read_event,
    .erase = quipu_lmdb_erase,
    .erasures = quipu_lmdb_erase_count,
    .alter = quipu_lmdb_schema_alter,
    .last_item = quipu_lmdb_read_last_item,
};

QUIPU_DRIVER_ENTRY(lmdb)
{
    return &driver;
}
