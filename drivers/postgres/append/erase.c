/* SPDX-License-Identifier: Apache-2.0 */
/* Erasing the contents of items; erase.h states the invariants. */
#include "erase.h"

#include "catalogue/catalogue.h"
#include "catalogue/schema.h"
#include "net/errors.h"
#include "net/pool.h"
#include "net/query.h"
#include "net/retry.h"
#include "net/transaction.h"

#include "common/error.h"
#include "common/safeguard.h"

#include <string.h>

#define TRIES 11 /* after transient errors, without a pause */

struct erase {
    const quipu_driver_schema *bound;
    const quipu_erasure *erasure;
    int64_t erased;
};

static void put_range(struct arguments *arguments, const struct erase *erase,
                      int32_t namespace_number)
{
    const quipu_erasure *erasure = erase->erasure;
    quipu_postgres_binary_begin(arguments);
    quipu_postgres_binary_add_int4(arguments, namespace_number);
    quipu_postgres_binary_add_int8(arguments, erasure->lower);
    quipu_postgres_binary_add_int8(arguments, erasure->upper);
    quipu_postgres_binary_add_int8(arguments, erasure->limit);
    quipu_postgres_binary_add_int8(arguments, erase->bound->number);
    if (erasure->sequence_id.data) {
        quipu_postgres_binary_add_bytes(arguments, erasure->sequence_id);
    }
}

/* INV1 */
static int erase_range(struct erase *erase, const struct lease *lease)
{
    PGresult *result = NULL;
    const bool log = !erase->erasure->sequence_id.data;
    put_range(&lease->connection->arguments, erase,
              lease->datastore->namespace_number);
    int status = quipu_postgres_query_run(
        lease, &erase->bound->sql[log ? SQL_ERASE_LOG : SQL_ERASE_SEQUENCE],
        "erase", &result);
    if (status == QUIPU_OK) {
        erase->erased = quipu_postgres_binary_get_int(result, 0, 1);
        if (quipu_postgres_binary_get_int(result, 0, 0) != erase->erased) {
            SAFEGUARD("E1.trigger-that-keeps-an-item")
            status = quipu_postgres_error_not_stored(
                lease->datastore, "erase", erase->bound->table, lease->error);
        }
    }
    PQclear(result);
    return status;
}

/* INV3, and the number of commits (E9). */
static int note_commit(const struct erase *erase, const struct lease *lease)
{
    quipu_driver_datastore *datastore = lease->datastore;
    struct arguments *arguments = &lease->connection->arguments;
    PGresult *result = NULL;
    int status = QUIPU_OK;
    SAFEGUARD("E1.format-of-a-store-with-an-erased-item")
    status = quipu_postgres_catalogue_raise_format(lease, STORE_FORMAT_ERASED);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_postgres_binary_begin(arguments);
    quipu_postgres_binary_add_int4(arguments, datastore->namespace_number);
    quipu_postgres_binary_add_int8(arguments, erase->bound->number);
    status = quipu_postgres_query_run(lease, &datastore->sql[SQL_ERASURES_ADD],
                                      "erase", &result);
    PQclear(result);
    return status;
}

/* Nothing was found to erase; perhaps because the schema was torn down. */
static int check_head(const struct erase *erase, const struct lease *lease)
{
    quipu_driver_datastore *datastore = lease->datastore;
    struct arguments *arguments = &lease->connection->arguments;
    PGresult *result = NULL;
    quipu_postgres_binary_begin(arguments);
    quipu_postgres_binary_add_int4(arguments, datastore->namespace_number);
    quipu_postgres_binary_add_int8(arguments, erase->bound->number);
    int status = quipu_postgres_query_run(lease, &datastore->sql[SQL_HEAD],
                                          "erase", &result);
    if (status == QUIPU_OK && PQntuples(result) == 0) {
        status = quipu_postgres_schema_torn_down(datastore, erase->bound,
                                                 lease->error);
    }
    PQclear(result);
    return status;
}

/* One transaction. */
static int try_once(struct erase *erase, const struct lease *lease)
{
    int status = quipu_postgres_transaction_begin(lease);
    if (status == QUIPU_OK) {
        status = erase_range(erase, lease);
    }
    if (status == QUIPU_OK && erase->erased > 0) {
        SAFEGUARD("E1.columns-that-were-added")
        status =
            quipu_postgres_schema_check_columns(lease, erase->bound, "erase");
    }
    if (status == QUIPU_OK) {
        status = erase->erased > 0 ? note_commit(erase, lease)
                                   : check_head(erase, lease);
    }
    if (status == QUIPU_OK && erase->erased > 0) {
        return quipu_postgres_transaction_commit(lease, lease->deadline);
    }
    quipu_postgres_transaction_rollback(lease);
    return status;
}

/* The server's message names the table in every language. */
static bool is_table_missing(const quipu_error *error)
{
    return strcmp(error->sqlstate, "42P01") == 0 &&
           strstr(error->message, "quipu_erasures");
}

/* Decides whether to try again after an error.  The store of an older program
 * is changed before: the state may be NULL, and a table is added. */
static bool is_transient(const struct erase *erase, const struct lease *lease,
                         int *status)
{
    const quipu_error *error = lease->error;
    if (*status == QUIPU_UNKNOWN_OUTCOME) {
        return false;
    }
    if (strcmp(error->sqlstate, "23502") == 0) {
        *status = quipu_postgres_catalogue_allow_erased(
            lease, &erase->bound->schema, erase->bound->table);
        return *status == QUIPU_OK;
    }
    if (is_table_missing(error)) {
        *status = quipu_postgres_catalogue_add_erasures(lease);
        return *status == QUIPU_OK;
    }
    return quipu_postgres_retry_classify(lease) != RETRY_NEVER;
}

int quipu_postgres_erase(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound,
                         const quipu_erasure *erasure, int64_t deadline,
                         int64_t *erased, quipu_error *error)
{
    struct erase erase = { .bound = bound, .erasure = erasure };
    struct retry retry = quipu_postgres_retry_begin(deadline, TRIES);
    quipu_error own = { 0 };
    struct lease lease = { .datastore = datastore,
                           .deadline = deadline,
                           .error = &own };
    bool again = false;
    int status = QUIPU_OK;
    if (datastore->readonly) {
        return quipu_postgres_error_readonly(datastore, error);
    }
    do {
        own = (quipu_error){ 0 };
        status = quipu_postgres_pool_borrow(datastore, deadline,
                                            &lease.connection, &own);
        if (status != QUIPU_OK) {
            break;
        }
        status = try_once(&erase, &lease);
        again = status != QUIPU_OK && is_transient(&erase, &lease, &status);
        quipu_postgres_pool_return(datastore, lease.connection);
    } while (again && quipu_postgres_retry_after(&retry, &own, deadline));
    if (status == QUIPU_OK && !again) {
        *erased = erase.erased;
        return QUIPU_OK;
    }
    if (strcmp(own.sqlstate, "0A000") == 0) { /* the table has a rule */
        return quipu_postgres_error_not_stored(datastore, "erase", bound->table,
                                               error);
    }
    return quipu_common_error_pass(own.code, &own, error);
}
