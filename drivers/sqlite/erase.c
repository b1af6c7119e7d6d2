/* SPDX-License-Identifier: Apache-2.0 */
/* Erases the contents of items, and scrubs the files.
 *
 * METHOD
 *
 * An erasure is a transaction: it looks for the next item of the range that has
 * no mark (erasure.c), marks it and empties its row, until `limit` items are
 * empty or none is left.
 *
 * Scrubbing relies on these statements of SQLite's manual:
 *
 *   M1  With PRAGMA secure_delete SQLite overwrites what it deletes from pages
 *       with zeros, and pages that become free. The writing connection has it
 *       on from its opening, so that no page is copied without it either.
 *   M2  A TRUNCATE checkpoint waits, with the busy handler, until no reader
 *       uses the WAL, copies all of it into the database, and sets the length
 *       of its file to 0.
 *
 * So after such a checkpoint the erased bytes are neither in the database nor
 * in the WAL, and no other file has contents of items.
 *
 * INVARIANTS
 *
 *   INV1  An item is emptied in the transaction that marks it, and one commit
 *         has all that the call reports (E4).
 *   INV2  A scrub keeps the fair lock for SCRUB_PATIENCE at a time, so that
 *         appends go on while it waits for a reader (E6).
 *
 * LIMITS
 *
 * A page that was written before secure_delete was on, by an earlier release
 * with a library that does not have it on by default, may hold a second copy of
 * an item between its cells. An index that the user has added to a further
 * column may hold a copy of a value in the same way. VACUUM removes both. */
#include "common/clock.h"
#include "common/safeguard.h"
#include "read/item_row.h"
#include "sqlite.h"

#define SCRUB_PATIENCE (50 * CLOCK_MILLISECOND)
#define SCRUB_PAUSE (5 * CLOCK_MILLISECOND)

/* An erasure under way. */
struct erase {
    quipu_driver_datastore *datastore;
    const quipu_driver_schema *bound;
    const quipu_erasure *erasure;
    enum statement next; /* finds the next item */
    int64_t erased;
};

/* Finds the first item at or above `lower` that is not erased: its number in
 * the range, and its notification id. */
static int find_next(const struct erase *erase, int64_t lower, bool *found,
                     int64_t *number, int64_t *id, quipu_error *error)
{
    struct connection *writer = &erase->datastore->writer;
    const quipu_erasure *erasure = erase->erasure;
    sqlite3_stmt *row = NULL;
    int status = quipu_sqlite_statement_get(writer, erase->bound, erase->next,
                                            &row, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(row, 1, erase->bound->number);
    (void)sqlite3_bind_int64(row, 2, lower);
    (void)sqlite3_bind_int64(
        row, 3, SAFEGUARDED("E5.upper-bound", erasure->upper, INT64_MAX));
    if (erasure->sequence_id.data) {
        quipu_sqlite_item_row_bind_sequence(row, 4, erase->bound,
                                            erasure->sequence_id);
    }
    int code = sqlite3_step(row);
    *found = code == SQLITE_ROW;
    if (*found) {
        *number = sqlite3_column_int64(row, 0);
        *id = sqlite3_column_int64(row, 1);
    } else if (code != SQLITE_DONE) {
        status = quipu_sqlite_error_set(writer, code, "look for items to erase",
                                        error);
    }
    (void)sqlite3_reset(row);
    return status;
}

/* Marks an item and empties its row (INV1). */
static int erase_item(const struct erase *erase, int64_t id, quipu_error *error)
{
    struct connection *writer = &erase->datastore->writer;
    const quipu_driver_schema *bound = erase->bound;
    sqlite3_stmt *empty = NULL;
    int status = quipu_sqlite_erasure_add(writer, bound, id, error);

    if (status == QUIPU_OK) {
        status =
            quipu_sqlite_statement_get(writer, bound, SQL_ERASE, &empty, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(empty, 1, id);
    int code = sqlite3_step(empty);
    status = code == SQLITE_DONE
                 ? quipu_sqlite_authorizer_check_change(writer, bound->table, 1,
                                                        error)
                 : quipu_sqlite_authorizer_set_error(writer, bound->table, code,
                                                     error);
    (void)sqlite3_reset(empty);
    return status;
}

static int erase_items(struct erase *erase, quipu_error *error)
{
    const quipu_erasure *erasure = erase->erasure;
    int64_t lower = SAFEGUARDED("E5.lower-bound", erasure->lower, INT64_MIN);
    int64_t number = 0;
    int64_t id = 0;
    bool found = true;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && found && erase->erased < erasure->limit) {
        status = find_next(erase, lower, &found, &number, &id, error);
        if (status == QUIPU_OK && found) {
            status = erase_item(erase, id, error);
            erase->erased++;
            found = number < erasure->upper; /* number + 1 cannot overflow */
            lower = number + (found ? 1 : 0);
        }
    }
    return status;
}

/* NOT_FOUND: columns were added to the schema after it was bound, which the
 * statements would leave as they are. */
static int check_columns(const struct erase *erase, quipu_error *error)
{
    const quipu_driver_datastore *datastore = erase->datastore;
    const quipu_schema *schema = &erase->bound->schema;
    int64_t number = 0;

    if (quipu_sqlite_catalogue_find(&erase->datastore->writer, schema, &number,
                                    NULL, NULL) != QUIPU_CONFLICT) {
        return QUIPU_OK;
    }
    return datastore->host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                                      "columns were added to schema \"%s\" of "
                                      "\"%s\" after it was bound; open "
                                      "it with its present definition to erase",
                                      schema->table, datastore->name);
}

/* Erases in the transaction that has begun. */
static int run(struct erase *erase, quipu_error *error)
{
    struct connection *writer = &erase->datastore->writer;
    int64_t head = 0;
    int status = quipu_sqlite_lookup_head(writer, erase->bound, &head, error);

    if (status == QUIPU_OK) {
        SAFEGUARD("E1.columns-that-were-added")
        status = check_columns(erase, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_erasure_begin(writer, error);
    }
    if (status == QUIPU_OK) {
        status = erase_items(erase, error);
    }
    if (status == QUIPU_OK && erase->erased > 0) {
        SAFEGUARD("E9.erasures-are-counted")
        status = quipu_sqlite_erasure_count(writer, erase->bound, error);
    }
    return status;
}

static int erase_range(struct erase *erase, int64_t deadline,
                       quipu_error *error)
{
    int status =
        quipu_sqlite_transaction_begin(erase->datastore, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = run(erase, error);
    if (status != QUIPU_OK || erase->erased == 0) {
        quipu_sqlite_transaction_abandon(erase->datastore);
        return status;
    }
    return quipu_sqlite_transaction_commit(erase->datastore, error);
}

/* Tries to scrub the files once. BUSY: readers use the WAL. */
static int try_to_scrub(quipu_driver_datastore *datastore, int64_t deadline,
                        quipu_error *error)
{
    int status = quipu_sqlite_transaction_begin(datastore, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_sqlite_transaction_rollback(datastore);
    datastore->writer.deadline = clock_after(SCRUB_PATIENCE, deadline);
    status = quipu_sqlite_checkpoint_truncate(datastore, error);
    quipu_sqlite_transaction_unlock(datastore);
    return status;
}

static int scrub(quipu_driver_datastore *datastore, int64_t deadline,
                 quipu_error *error)
{
    int status = QUIPU_OK;

    if (!datastore->path) { /* in memory */
        return QUIPU_OK;
    }
    do {
        status = try_to_scrub(datastore, deadline, error);
        if (status == QUIPU_BUSY) {
            clock_sleep_until(clock_after(SCRUB_PAUSE, deadline));
        }
    } while (status == QUIPU_BUSY && clock_now() < deadline); /* INV2 */
    return status;
}

int quipu_sqlite_erase(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, const quipu_erasure *erasure,
                       int64_t deadline, int64_t *erased, quipu_error *error)
{
    struct erase erase = {
        .datastore = datastore,
        .bound = bound,
        .erasure = erasure,
        .next = erasure->sequence_id.data ? SQL_UNERASED_IN_SEQUENCE
                                          : SQL_UNERASED_IN_LOG,
    };
    int status = erase_range(&erase, deadline, error);

    if (status == QUIPU_OK &&
        SAFEGUARDED("E8.scrubbed-when-asked",
                    (erasure->flags & QUIPU_ERASURE_SCRUB) != 0, false)) {
        status = scrub(datastore, deadline, error);
    }
    *erased = erase.erased;
    return status;
}
