/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mutant with two files: the SQLite database, and beside it "<database>.log"
 * with a record for each item.  It believes the log: a record that it cannot
 * read is taken for the torn end of the last append.  The items behind it are
 * hidden, and their notification ids are given again.
 */
#include "mutant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD 128 /* bytes */
#define BODY "///"

static char log_path[1024];
static int64_t good, total; /* records of the log when it was opened */

static void fill_record(unsigned char record[static RECORD], int64_t id)
{
    memset(record, 0x5a, RECORD);
    memcpy(record, &id, sizeof(id));
}

static void read_records(void)
{
    FILE *file = fopen(log_path, "rbe");
    unsigned char record[RECORD], right[RECORD];

    good = total = 0;
    while (file && fread(record, 1, RECORD, file) == RECORD) {
        fill_record(right, ++total);
        good += good + 1 == total && memcmp(record, right, RECORD) == 0;
    }
    if (file) {
        (void)fclose(file);
    }
}

static int open_with_log(const quipu_host *host, const quipu_open *how,
                         int64_t deadline, quipu_driver_datastore **datastore,
                         quipu_opened *opened, quipu_error *error)
{
    if (strncmp(how->body, BODY, strlen(BODY)) == 0) {
        snprintf(log_path, sizeof(log_path), "%s.log",
                 how->body + strlen(BODY));
        read_records();
    }
    return mutant_base_driver()->open(host, how, deadline, datastore, opened,
                                      error);
}

static void write_records(int64_t first, size_t count)
{
    FILE *file = fopen(log_path, "abe");
    unsigned char record[RECORD];

    if (!file) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        fill_record(record, first + (int64_t)i);
        (void)fwrite(record, 1, RECORD, file);
    }
    (void)fclose(file);
}

static int append_to_log(struct append_call *a)
{
    int status = mutant_append_first(a);
    quipu_result *result = &a->results[0];

    if (status == QUIPU_OK && result->status == QUIPU_OK &&
        result->first_notification_id > 0 &&
        !(result->flags & QUIPU_RESULT_REPEATED)) {
        write_records(result->first_notification_id, a->requests[0].item_count);
        result->first_notification_id -= total - good;
    }
    return status;
}

static void end_at_bad_record(struct read_call *r)
{
    if (r->log && good < total && r->range.upper > good) {
        r->range.upper = good;
    }
}

static int head_of_log(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, int64_t deadline,
                       quipu_position *head, quipu_error *error)
{
    int status =
        mutant_base_driver()->log_head(datastore, bound, deadline, head, error);

    head->notification_id -= status == QUIPU_OK ? total - good : 0;
    return status;
}

static const struct mutant mutants[] = {
    { "M65", "damaged-record-is-the-end-of-the-log",
      "RocksDB: recovery stops at the first bad record of its log "
      "(kTolerateCorruptedTailRecords)",
      "F4.damage-to-one-file-is-noticed", .append = append_to_log,
      .on_open = end_at_bad_record,
      .replaced = { .open = open_with_log, .log_head = head_of_log },
      .base = "sqlite:///{dir}/x.db" },
};
MUTANT_FAMILY(segments);
