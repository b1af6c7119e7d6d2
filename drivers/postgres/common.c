/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that work on quipu's own tables. */
#include "sql.h"

#include "postgres.h"

#define SCHEMA_ROW                                                    \
    "SELECT number, name, relation, ids, positions, notification_id," \
    " sequence_id, position, topic, state, event_id, metadata, time FROM @s"

static const struct pattern patterns[SQL_COMMON_COUNT] = {
    [SQL_BEGIN] = { "", "BEGIN ISOLATION LEVEL READ COMMITTED" },
    [SQL_COMMIT] = { "", "COMMIT" },
    [SQL_ROLLBACK] = { "", "ROLLBACK" },
    /* $5: for the transaction, or for the session. */
    [SQL_SETTINGS] = { "btttb",
                       "SELECT set_config('synchronous_commit', CASE WHEN $1"
                       " THEN 'off' WHEN current_setting('synchronous_commit')"
                       " = 'off' THEN 'on' ELSE"
                       " current_setting('synchronous_commit') END, $5),"
                       " set_config('lock_timeout', $2, $5),"
                       " set_config('statement_timeout', $3, $5),"
                       " set_config('idle_in_transaction_session_timeout', $4,"
                       " $5)" },
    /* A hint, which no disk need be waited for. */
    [SQL_NOTIFY] = { "t", "SELECT pg_notify($1, ''),"
                          " set_config('synchronous_commit', 'off', true)" },
    [SQL_BUMP] = { "nii", "UPDATE @h SET head = head + $3"
                          " WHERE namespace = $1 AND schema = $2"
                          " RETURNING head" },
    [SQL_LOCK] = { "nI", "SELECT schema, head FROM @h WHERE namespace = $1"
                         " AND schema = ANY ($2) ORDER BY schema"
                         " FOR NO KEY UPDATE" },
    [SQL_PRESENT] = { "nI", "SELECT schema, head FROM @h WHERE namespace = $1"
                            " AND schema = ANY ($2)" },
    /* Fails unless all are there. */
    [SQL_ALL_THERE] = { "nIi", "SELECT 1 / (count(*) = $3)::int FROM @h"
                               " WHERE namespace = $1 AND schema = ANY ($2)" },
    /* Fails unless the record stands below $8. */
    [SQL_TRACK] = { "nittiuui",
                    "INSERT INTO @k AS k (namespace, consumer, log,"
                    " notification_id, store, event_id)"
                    " SELECT $1, $3, $4, $5, $6, $7 FROM @h AS h"
                    " WHERE h.namespace = $1 AND h.schema = $2"
                    " ON CONFLICT (namespace, consumer, log) DO UPDATE SET"
                    " notification_id = CASE WHEN k.notification_id < $8"
                    " THEN excluded.notification_id END,"
                    " store = excluded.store, event_id = excluded.event_id" },
    [SQL_TRACKED] = { "nTT", "SELECT u.o, k.notification_id"
                             " FROM unnest($2, $3) WITH ORDINALITY"
                             " AS u(c, l, o) JOIN @k AS k ON k.namespace = $1"
                             " AND k.consumer = u.c AND k.log = u.l" },
    [SQL_TRACKING_READ] = { "ntt", "SELECT notification_id, store, event_id"
                                   " FROM @k WHERE namespace = $1"
                                   " AND consumer = $2 AND log = $3" },
    [SQL_TRACKING_LIST] = { "ntti",
                            "SELECT notification_id, store, event_id, consumer,"
                            " log FROM @k WHERE namespace = $1"
                            " AND (consumer, log) > ($2, $3)"
                            " ORDER BY consumer, log LIMIT $4" },
    [SQL_SCHEMA_FIND] = { "nt",
                          SCHEMA_ROW " WHERE namespace = $1 AND name = $2" },
    [SQL_SCHEMA_NEXT] = { "nt", SCHEMA_ROW " WHERE namespace = $1 AND name > $2"
                                           " ORDER BY name LIMIT 1" },
    [SQL_SCHEMA_COLUMNS] = { "ni", "SELECT name, kind FROM @c"
                                   " WHERE namespace = $1 AND schema = $2"
                                   " ORDER BY ordinal" },
    [SQL_TABLE_COLUMNS] = { "tt",
                            "SELECT a.attname::text FROM pg_attribute AS a"
                            " JOIN pg_class AS c ON c.oid = a.attrelid"
                            " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
                            " WHERE n.nspname = $1 AND c.relname = $2"
                            " AND a.attnum > 0 AND NOT a.attisdropped" },
    [SQL_HEAD] = { "ni", "SELECT head FROM @h WHERE namespace = $1"
                         " AND schema = $2" },
    [SQL_NAMESPACE_FIND] = { "t", "SELECT number, identity FROM @n"
                                  " WHERE name = $1" },
    [SQL_NAMESPACE_ADD] = { "tu",
                            "INSERT INTO @n (number, name, identity, schemas)"
                            " SELECT coalesce(max(number), 0) + 1, $1, $2, 0"
                            " FROM @n ON CONFLICT DO NOTHING" },
    /* Set-ups of one namespace come one after the other, and a number is never
     * given again: who is bound to a schema that was removed must not find
     * another in its place. */
    [SQL_NAMESPACE_COUNT] = { "n", "UPDATE @n SET schemas = schemas + 1"
                                   " WHERE number = $1 RETURNING schemas" },
    /* To PostgreSQL names differ by more than case. */
    [SQL_SIMILAR_NAME] = { "nt", "SELECT name FROM @s WHERE namespace = $1"
                                 " AND lower(name) = lower($2 COLLATE \"C\")"
                                 " AND name <> $2" },
    [SQL_TABLE_FIND] = { "t", "SELECT shape, schemas FROM @t"
                              " WHERE relation = $1 FOR UPDATE" },
    [SQL_TABLE_ADD] = { "tt", "INSERT INTO @t (relation, shape, schemas)"
                              " VALUES ($1, $2, 1)" },
    [SQL_TABLE_COUNT] = { "ti", "UPDATE @t SET schemas = schemas + $2"
                                " WHERE relation = $1 RETURNING schemas" },
    [SQL_TABLE_REMOVE] = { "t", "DELETE FROM @t WHERE relation = $1" },
    [SQL_TABLE_EXISTS] = { "tt", "SELECT 1 FROM pg_class AS c"
                                 " JOIN pg_namespace AS n"
                                 " ON n.oid = c.relnamespace"
                                 " WHERE n.nspname = $1 AND c.relname = $2" },
    [SQL_SCHEMA_ADD] = { "nitttttttttttt",
                         "INSERT INTO @s (namespace, number, name, relation,"
                         " ids, positions, notification_id, sequence_id,"
                         " position, topic, state, event_id, metadata, time)"
                         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
                         " $11, $12, $13, $14)" },
    [SQL_COLUMNS_ADD] = { "niTT",
                          "INSERT INTO @c (namespace, schema, ordinal, name,"
                          " kind) SELECT $1, $2, u.o, u.n, u.k"
                          " FROM unnest($3, $4) WITH ORDINALITY"
                          " AS u(n, k, o)" },
    [SQL_HEAD_ADD] = { "ni", "INSERT INTO @h (namespace, schema, head)"
                             " VALUES ($1, $2, 0)" },
    [SQL_SCHEMA_REMOVE] = { "ni", "DELETE FROM @s WHERE namespace = $1"
                                  " AND number = $2" },
    [SQL_COLUMNS_REMOVE] = { "ni", "DELETE FROM @c WHERE namespace = $1"
                                   " AND schema = $2" },
    [SQL_HEAD_REMOVE] = { "ni", "DELETE FROM @h WHERE namespace = $1"
                                " AND schema = $2" },
};

int quipu_postgres_common_make(quipu_driver_datastore *datastore,
                               quipu_error *error)
{
    int status = QUIPU_OK;
    for (size_t i = 0; status == QUIPU_OK && i < SQL_COMMON_COUNT; i++) {
        status = quipu_postgres_statement_make(
            datastore, NULL, NULL, &patterns[i], &datastore->common[i], error);
    }
    return status;
}

void quipu_postgres_common_finish(quipu_driver_datastore *datastore)
{
    for (size_t i = 0; i < SQL_COMMON_COUNT; i++) {
        quipu_postgres_statement_finish(&datastore->common[i], datastore->host);
    }
}
