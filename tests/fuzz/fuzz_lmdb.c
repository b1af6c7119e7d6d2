/* SPDX-License-Identifier: Apache-2.0 */
/* A libFuzzer target for LMDB's pages and the records in them.
 *
 * The first byte of the input chooses:
 *
 *   even   The rest is a list of patches of the data file of a small store: two
 *          bytes for the page, two for the offset in it, one for the length,
 *          and the bytes.  Every operation of the driver is then called.
 *   odd    The rest is a stored value, whose checksum is set: it is decoded as
 *          an item, as a schema, as a tracking record, and as an entry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/lmdb/exercise.h"

#include "catalogue/catalogue.h"
#include "driver/host.h"
#include "format/checksum.h"
#include "format/entry_format.h"
#include "format/item_format.h"
#include "tracking.h"

#define PAGE 4096
#define VALUE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64];
static unsigned char *whole; /* the data file as it was */
static size_t whole_size;

static void demand(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_lmdb: %s\n", what);
        abort();
    }
}

static void remove_store(void)
{
    char path[128];

    snprintf(path, sizeof(path), "rm -rf %s", folder);
    /* NOLINTNEXTLINE(cert-env33-c): a folder of the target's own. */
    demand(system(path) == 0, "the store cannot be removed");
}

static void open_once(void)
{
    if (whole) {
        return;
    }
    snprintf(folder, sizeof(folder), "%squipu-fuzz.%d",
             access("/dev/shm", W_OK) == 0 ? "////dev/shm/" : "",
             (int)getpid());
    exercise_make(folder);
    whole = fixture_bytes(fixture_data(folder), &whole_size);
    demand(whole, "no store");
    atexit(remove_store);
}

/* ------------------------------------------------------------------- pages */

static void patch(unsigned char *bytes, const uint8_t *data, size_t size)
{
    while (size > 5) {
        const size_t page = (size_t)(data[0] | data[1] << 8);
        const size_t offset = (size_t)(data[2] | data[3] << 8) % PAGE;
        const size_t at = page % (whole_size / PAGE) * PAGE + offset;
        size_t length = data[4];

        data += 5;
        size -= 5;
        length = length < size ? length : size;
        length = length < PAGE - offset ? length : PAGE - offset;
        memcpy(bytes + at, data, length);
        data += length;
        size -= length;
    }
}

static void run_pages(const uint8_t *data, size_t size)
{
    unsigned char *bytes = calloc(1, whole_size);
    const char *text;

    demand(bytes, "no memory");
    memcpy(bytes, whole, whole_size);
    patch(bytes, data, size);
    exercise_plant(folder, bytes, whole_size);
    free(bytes);
    text = exercise_run(folder);
    demand(!text, text);
}

/* ----------------------------------------------------------------- records */

static void run_record(const uint8_t *data, size_t size)
{
    static const quipu_column columns[] = {
        { .name = "t", .kind = QUIPU_VALUE_TEXT },
        { .name = "u", .kind = QUIPU_VALUE_UUID },
        { .name = "i", .kind = QUIPU_VALUE_INT },
    };
    const quipu_schema schema = fixture_schema("events", 0);
    const quipu_driver_schema plain = { .schema = schema };
    quipu_driver_schema wide = plain;
    unsigned char *value = malloc(size + 4);
    const MDB_val stored = { size + 4, value };
    struct catalogue_entry entry = { .block = NULL };
    quipu_item item;
    quipu_value values[3];
    quipu_position position;
    quipu_bytes consumer, log;
    const MDB_val key = { 3, (void *)"key" };
    quipu_entry pair;
    uint32_t checksum;

    wide.schema.columns = columns;
    wide.schema.column_count = 3;
    wide.first_columns = size % 4;
    demand(value, "no memory");
    memcpy(value + 4, data, size);
    checksum = quipu_lmdb_checksum(value + 4, size, 7);
    memcpy(value, &checksum, sizeof(checksum));
    (void)quipu_lmdb_item_format_read(&plain, &stored, 7, &item, NULL);
    if (quipu_lmdb_item_format_read(&wide, &stored, 7, &item, values)) {
        demand((const unsigned char *)item.state.data + item.state.size ==
                   value + stored.mv_size,
               "the state does not end with the value");
    }
    checksum = quipu_lmdb_checksum(value + 4, size, 0);
    memcpy(value, &checksum, sizeof(checksum));
    if (quipu_lmdb_catalogue_read(quipu_host_table(), &stored, &entry) ==
        MDB_SUCCESS) {
        quipu_host_table()->release(entry.block);
    }
    (void)quipu_lmdb_tracking_position(&stored, &position);
    (void)quipu_lmdb_tracking_split(&stored, &consumer, &log);
    checksum =
        quipu_lmdb_checksum(value + 4, size, quipu_lmdb_checksum("key", 3, 0));
    memcpy(value, &checksum, sizeof(checksum));
    if (quipu_lmdb_entry_format_read(&key, &stored, &pair)) {
        demand(pair.revision > 0 &&
                   (const unsigned char *)pair.value.data + pair.value.size ==
                       value + stored.mv_size,
               "an entry has no revision or is too long");
    }
    (void)quipu_lmdb_item_format_peek(&schema, &stored, &consumer, &log);
    free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    if (data[0] % 2 == 1 && size <= VALUE_MAX) {
        run_record(data + 1, size - 1);
    } else if (data[0] % 2 == 0) {
        open_once();
        run_pages(data + 1, size - 1);
    }
    return 0;
}
