/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants of the SQLite driver that take an error for an answer. */
#include "mutant.h"

#define STORE "sqlite:///{dir}/x.db"

/* M78: a cursor or list that fails has ended. */
static int end_on_error(quipu_driver_cursor *cursor, int64_t deadline,
                        const void **rows, size_t *count, quipu_error *error)
{
    int status =
        mutant_base_driver()->step(cursor, deadline, rows, count, error);

    if (status == QUIPU_IO || status == QUIPU_CORRUPT) {
        *count = 0;
        status = QUIPU_OK;
    }
    return status;
}

/* M79: a sequence that cannot be read is empty. */
static int empty_on_error(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, quipu_bytes sequence_id,
                          int64_t deadline, bool *found, int64_t *position,
                          quipu_error *error)
{
    int status = mutant_base_driver()->last_position(
        datastore, bound, sequence_id, deadline, found, position, error);

    if (status == QUIPU_IO || status == QUIPU_CORRUPT) {
        *found = false;
        status = QUIPU_OK;
    }
    return status;
}

static const struct mutant mutants[] = {
    { "M78", "error-is-the-end",
      "RocksDB and LevelDB users: an iterator is not Valid() at the end and "
      "after an error",
      "V5.failed-reads-are-no-answers", .replaced = { .step = end_on_error },
      .base = STORE },
    { "M79", "error-is-not-there",
      "key-value stores whose get() returns nothing after a read error",
      "V5.failed-reads-are-no-answers",
      .replaced = { .last_position = empty_on_error }, .base = STORE },
};
MUTANT_FAMILY(errors);
