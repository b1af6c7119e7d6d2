/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table of operations. */
#include "append/append.h"
#include "append/erase.h"
#include "catalogue/schema.h"
#include "catalogue/setup.h"
#include "datastore.h"
#include "read/listings.h"
#include "read/point_read.h"
#include "read/read.h"

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
    .open = quipu_postgres_datastore_open,
    .close = quipu_postgres_datastore_close,
    .interrupt = quipu_postgres_notify_interrupt,
    .setup = quipu_postgres_setup,
    .teardown = quipu_postgres_setup_undo,
    .bind = quipu_postgres_schema_bind,
    .unbind = quipu_postgres_schema_unbind,
    .append = quipu_postgres_append,
    .transact = quipu_postgres_append_transact,
    .read_sequence = quipu_postgres_read_sequence,
    .read_log = quipu_postgres_read_log,
    .list_schemas = quipu_postgres_listing_schemas,
    .list_sequences = quipu_postgres_listing_sequences,
    .list_tracking = quipu_postgres_listing_tracking,
    .list_logs = quipu_postgres_listing_logs,
    .list_entries = quipu_postgres_entry_listing_open,
    .step = quipu_postgres_read_step,
    .cursor_close = quipu_postgres_read_close,
    .last_position = quipu_postgres_point_read_last_position,
    .log_head = quipu_postgres_point_read_log_head,
    .wait = quipu_postgres_notify_wait,
    .read_tracking = quipu_postgres_point_read_tracking,
    .read_filtered = quipu_postgres_read_filtered,
    .find_event = quipu_postgres_read_find_event,
    .erase = quipu_postgres_erase,
    .erasures = quipu_postgres_point_read_erasures,
    .alter = quipu_postgres_setup_alter,
    .last_item = quipu_postgres_last_item_read,
    .read_sequences = quipu_postgres_read_sequences,
};

QUIPU_DRIVER_ENTRY(postgres)
{
    return &driver;
}
