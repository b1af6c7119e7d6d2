/* SPDX-License-Identifier: Apache-2.0 */
/* Transient errors and the pauses between tries. */
#include "retry.h"

#include "datastore.h"
#include "errors.h"

#include "common/clock.h"

#include <string.h>

#define WORKER_PAUSE (100 * CLOCK_MILLISECOND)

struct retry quipu_postgres_retry_begin(int64_t deadline, int tries)
{
    return (struct retry){ .deadline = deadline, .left = tries - 1 };
}

bool quipu_postgres_retry_again(struct retry *retry, int64_t pause)
{
    if (retry->left <= 0 || clock_now() + pause > retry->deadline) {
        return false;
    }
    retry->left--;
    if (pause > 0) {
        clock_sleep_until(clock_now() + pause);
    }
    return true;
}

/* Protocol violations (08P01) are not cured by time. */
bool quipu_postgres_retry_after(struct retry *retry, const quipu_error *error,
                                int64_t deadline)
{
    struct retry waiting = quipu_postgres_retry_begin(deadline, INT32_MAX);
    return strncmp(error->sqlstate, "08", 2) == 0 &&
                   strcmp(error->sqlstate, "08P01") != 0
               ? quipu_postgres_retry_again(&waiting, WORKER_PAUSE)
               : quipu_postgres_retry_again(retry, 0);
}

/* Returns true if a pooler ran a prepared statement on a server session that
 * does not know it (26000), or prepared it on one that does (42P05).  From then
 * on nothing is prepared in this datastore.  On a session of its own a caller's
 * function has deallocated it. */
static bool is_unprepared(quipu_driver_datastore *datastore,
                          const struct connection *connection,
                          const char *state)
{
    if (strcmp(state, "26000") != 0 && strcmp(state, "42P05") != 0) {
        return false;
    }
    if (!connection->own_session) {
        atomic_store(&datastore->no_prepared, true);
    }
    return true;
}

/* 0A000: "cached plan must not change result type", after the table was
 * altered.  57P: the administrator, a crash or a shutdown ended the session.
 * 08 and XX000 on a Citus cluster: the coordinator has lost a worker. */
enum retry_class quipu_postgres_retry_classify(const struct lease *lease)
{
    struct connection *connection = lease->connection;
    const quipu_error *error = lease->error;
    const char *state = error->sqlstate;
    if (is_unprepared(lease->datastore, connection, state) ||
        strcmp(state, "0A000") == 0 || strncmp(state, "57P", 3) == 0 ||
        quipu_postgres_error_is_of_worker(connection, state) ||
        (connection->lost && error->code == QUIPU_IO)) {
        connection->lost = true;
        return RETRY_SESSION;
    }
    return strncmp(state, "40", 2) == 0 ? RETRY_TRANSACTION : RETRY_NEVER;
}

/* Unique violation, duplicate table, schema and object, serialization failure,
 * deadlock, "tuple concurrently updated" (an internal error of the server), and
 * a table that vanished between two statements. */
bool quipu_postgres_retry_is_race(const quipu_error *error)
{
    static const char *const states[] = { "23505", "42P07", "42P06", "42710",
                                          "40001", "40P01", "XX000", "42P01" };
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(error->sqlstate, states[i]) == 0) {
            return true;
        }
    }
    return false;
}
