/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that work on quipu's own tables.  Placeholders are explained
 * in template.h, the tables in catalogue/catalogue.h. */
#include "catalogue_sql.h"

#include "datastore.h"
#include "template.h"

/* The layout of the SQL is kept by hand. */
/* clang-format off */
static const struct sql_template templates[CATALOGUE_SQL_COUNT] = {
    /* ------------------------------------------------------ transactions */
    [SQL_BEGIN] = { "", "", "BEGIN ISOLATION LEVEL READ COMMITTED" },
    [SQL_COMMIT] = { "", "", "COMMIT" },
    [SQL_ROLLBACK] = { "", "", "ROLLBACK" },
    /* $5: for the transaction (true) or for the session. */
    [SQL_SETTINGS] = {
        "bool text text text bool",
        "one text text text text",
        "SELECT pg_catalog.set_config('synchronous_commit',"
        "           CASE WHEN $1 THEN 'off'"
        "                WHEN pg_catalog.current_setting('synchronous_commit')"
        "                     {=} 'off' THEN 'on'"
        "                ELSE pg_catalog.current_setting('synchronous_commit')"
        "           END, $5),"
        "       pg_catalog.set_config('lock_timeout', $2, $5),"
        "       pg_catalog.set_config('statement_timeout', $3, $5),"
        "       pg_catalog.set_config('idle_in_transaction_session_timeout',"
        "                             $4, $5)" },
    /* The caller's function may end the transaction and begin another one. */
    [SQL_TRANSACTION] = {
        "",
        "one count",
        "SELECT pg_catalog.txid_current()" },
    [SQL_SAME_TRANSACTION] = {
        "int8",
        "one int4",
        "SELECT 1 {/} (coalesce(pg_catalog.txid_current_if_assigned(), 0)"
        "              {=} $1)::int" },
    [SQL_TRANSACTION_STATUS] = {
        "int8",
        "one text?",
        "SELECT pg_catalog.txid_status($1)" },
    /* net/flush.h explains the two. */
    [SQL_COMMIT_EARLY] = {
        "",
        "one text",
        "SELECT pg_catalog.set_config('synchronous_commit', 'off', true)" },
    [SQL_FLUSH] = {
        "",
        "one text text?",
        "SELECT pg_catalog.set_config('synchronous_commit',"
        "           CASE WHEN pg_catalog.current_setting('synchronous_commit')"
        "                     {=} 'off' THEN 'on'"
        "                ELSE pg_catalog.current_setting('synchronous_commit')"
        "           END, true),"
        "       CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL"
        "            WHEN pg_catalog.current_setting("
        "                     'synchronous_standby_names') {=} ''"
        "             AND pg_catalog.pg_current_wal_flush_lsn()"
        "                 {>=} pg_catalog.pg_current_wal_insert_lsn()"
        "            THEN NULL"
        "            ELSE pg_catalog.pg_logical_emit_message(true, 'quipu',"
        "                     ''::pg_catalog.text)::pg_catalog.text"
        "       END" },
    /* A notification is a hint: its commit does not wait for the disk. */
    [SQL_NOTIFY] = {
        "text",
        "one void text",
        "SELECT pg_catalog.pg_notify($1, ''),"
        "       pg_catalog.set_config('synchronous_commit', 'off', true)" },

    /* ------------------------------------------------------------- heads */
    [SQL_HEAD] = {
        "int4 int8",
        "opt count",
        "SELECT head"
        "  FROM {quipu_heads}"
        " WHERE namespace {=} $1 AND schema {=} $2" },
    /* Takes $3 notification ids and locks the log until the end of the
     * transaction. */
    [SQL_HEAD_RAISE] = {
        "int4 int8 int8",
        "opt count",
        "UPDATE {quipu_heads}"
        "   SET head = head {+} $3"
        " WHERE namespace {=} $1 AND schema {=} $2"
        " RETURNING head" },
    /* In the order of their numbers, as all transactions lock them. */
    [SQL_HEADS_LOCK] = {
        "int4 int8[]",
        "count count",
        "SELECT schema, head"
        "  FROM {quipu_heads}"
        " WHERE namespace {=} $1 AND schema {=} ANY ($2)"
        " ORDER BY schema"
        " FOR NO KEY UPDATE" },
    [SQL_HEADS_READ] = {
        "int4 int8[]",
        "count count",
        "SELECT schema, head"
        "  FROM {quipu_heads}"
        " WHERE namespace {=} $1 AND schema {=} ANY ($2)" },
    [SQL_HEAD_ADD] = {
        "int4 int8",
        "",
        "INSERT INTO {quipu_heads} (namespace, schema, head)"
        " VALUES ($1, $2, 0)" },
    [SQL_HEAD_REMOVE] = {
        "int4 int8",
        "",
        "DELETE FROM {quipu_heads}"
        " WHERE namespace {=} $1 AND schema {=} $2" },

    /* ---------------------------------------------------------- tracking */
    /* A record that is not below $8 gets NULL, which the column refuses (U4).
     * Without the head of the schema nothing is written: it was torn down. */
    [SQL_TRACKING_WRITE] = {
        "int4 int8 text text int8 uuid uuid int8",
        "",
        "INSERT INTO {quipu_tracking} AS k"
        "       (namespace, consumer, log, notification_id, store, event_id)"
        " SELECT h.namespace, $3, $4, $5, $6, $7"
        "   FROM {quipu_heads} AS h"
        "  WHERE h.namespace {=} $1 AND h.schema {=} $2"
        " ON CONFLICT (namespace, consumer, log) DO UPDATE"
        "    SET notification_id = CASE WHEN k.notification_id {<} $8"
        "                               THEN excluded.notification_id END,"
        "        store = excluded.store, event_id = excluded.event_id" },
    /* Fails, by a division by zero, unless the schema has a head and the record
     * is stored. */
    [SQL_TRACKING_STORED] = {
        "int4 int8 text text int8",
        "one int4",
        "SELECT 1 {/} (pg_catalog.count(*) {=} 1)::int"
        "  FROM {quipu_heads} AS h"
        "  JOIN {quipu_tracking} AS k ON k.namespace {=} h.namespace"
        " WHERE h.namespace {=} $1 AND h.schema {=} $2"
        "   AND k.consumer {=} $3 AND k.log {=} $4"
        "   AND k.notification_id {=} $5" },
    [SQL_TRACKING_PUT] = {
        "int4 int8 text text int8 uuid uuid int8",
        "",
        "INSERT INTO {quipu_tracking} AS k"
        "       (namespace, consumer, log, notification_id, store, event_id)"
        " VALUES ($1, $3, $4, $5, $6, $7)"
        " ON CONFLICT (namespace, consumer, log) DO UPDATE"
        "    SET notification_id = CASE WHEN k.notification_id {<} $8"
        "                               THEN excluded.notification_id END,"
        "        store = excluded.store, event_id = excluded.event_id" },
    [SQL_TRACKING_PUT_STORED] = {
        "int4 int8 text text int8",
        "one int4",
        "SELECT 1 {/} (pg_catalog.count(*) {=} 1)::int"
        "  FROM {quipu_tracking} AS k"
        " WHERE k.namespace {=} $1"
        "   AND k.consumer {=} $3 AND k.log {=} $4"
        "   AND k.notification_id {=} $5" },
    [SQL_TRACKING_REMOVE] = {
        "int4 text text",
        "",
        "DELETE FROM {quipu_tracking}"
        " WHERE namespace {=} $1 AND consumer {=} $2 AND log {=} $3" },
    [SQL_TRACKING_REMOVED] = {
        "int4 text text",
        "one int4",
        "SELECT 1 {/} (pg_catalog.count(*) {=} 0)::int"
        "  FROM {quipu_tracking}"
        " WHERE namespace {=} $1 AND consumer {=} $2 AND log {=} $3" },
    [SQL_TRACKING_COMPARE] = {
        "int4 text[] text[]",
        "count int8",
        "SELECT u.n, k.notification_id"
        "  FROM unnest($2, $3) WITH ORDINALITY AS u(consumer, log, n)"
        "  JOIN {quipu_tracking} AS k"
        "    ON k.namespace {=} $1"
        "       AND k.consumer {=} u.consumer AND k.log {=} u.log" },
    /* A record for which the statement has to wait is read as it is then
     * (T1).  The order is that of all transactions. */
    [SQL_TRACKING_LOCK] = {
        "int4 text[] text[]",
        "count int8",
        "SELECT u.n, k.notification_id"
        "  FROM unnest($2, $3) WITH ORDINALITY AS u(consumer, log, n)"
        "  JOIN {quipu_tracking} AS k"
        "    ON k.namespace {=} $1"
        "       AND k.consumer {=} u.consumer AND k.log {=} u.log"
        " ORDER BY k.consumer, k.log"
        " FOR UPDATE OF k" },
    [SQL_TRACKING_READ] = {
        "int4 text text",
        "opt int8 uuid uuid",
        "SELECT notification_id, store, event_id"
        "  FROM {quipu_tracking}"
        " WHERE namespace {=} $1 AND consumer {=} $2 AND log {=} $3" },
    [SQL_TRACKING_LIST] = {
        "int4 text text int8",
        "int8 uuid uuid id id",
        "SELECT notification_id, store, event_id, consumer, log"
        "  FROM {quipu_tracking}"
        " WHERE namespace {=} $1 AND consumer {>=} $2"
        "   AND (consumer {>} $2 OR log {>} $3)"
        " ORDER BY consumer, log"
        " LIMIT $4" },

    /* ----------------------------------------------------------- entries */
    /* append/entries.h explains locks and floor.  The arrays are in the order
     * in which all transactions lock. */
    /* The look-up finds at most the floor, whatever it is; it names the table
     * so that Citus takes the locks where the entries are. */
    [SQL_ENTRIES_SLOTS] = {
        "int4 int8[] bool[]",
        "void",
        "SELECT CASE WHEN u.exclusive"
        "            THEN pg_catalog.pg_advisory_xact_lock(u.slot)"
        "            ELSE pg_catalog.pg_advisory_xact_lock_shared(u.slot)"
        "       END"
        "  FROM unnest($2, $3) AS u(slot, exclusive)"
        " WHERE (SELECT pg_catalog.count(*)"
        "          FROM {quipu_entries} AS e"
        "         WHERE e.namespace {=} $1 AND e.key {=} '') {>=} 0" },
    [SQL_ENTRIES_LOCK] = {
        "int4 text[] bool[]",
        "count int8?",
        "SELECT u.n, CASE WHEN u.written"
        "                 THEN (SELECT e.revision"
        "                         FROM {quipu_entries} AS e"
        "                        WHERE e.namespace {=} $1 AND e.key {=} u.key"
        "                          FOR UPDATE)"
        "                 ELSE (SELECT e.revision"
        "                         FROM {quipu_entries} AS e"
        "                        WHERE e.namespace {=} $1 AND e.key {=} u.key"
        "                          FOR SHARE)"
        "            END"
        "  FROM unnest($2, $3) WITH ORDINALITY AS u(key, written, n)" },
    [SQL_ENTRIES_FLOOR] = {
        "int4",
        "opt count",
        "SELECT revision"
        "  FROM {quipu_entries}"
        " WHERE namespace {=} $1 AND key {=} ''" },
    [SQL_ENTRIES_ADD] = {
        "int4 text[] int8[] bytea[]",
        "",
        "INSERT INTO {quipu_entries} (namespace, key, revision, value)"
        " SELECT $1, u.key, u.revision, u.value"
        "   FROM unnest($2, $3, $4) AS u(key, revision, value)" },
    [SQL_ENTRIES_UPDATE] = {
        "int4 text[] int8[] int8[] bytea[]",
        "",
        "UPDATE {quipu_entries} AS e"
        "   SET revision = u.revision, value = u.value"
        "  FROM unnest($2, $3, $4, $5) AS u(key, was, revision, value)"
        " WHERE e.namespace {=} $1 AND e.key {=} u.key"
        "   AND e.revision {=} u.was" },
    [SQL_ENTRIES_REMOVE] = {
        "int4 text[] int8[]",
        "",
        "DELETE FROM {quipu_entries} AS e"
        " USING unnest($2, $3) AS u(key, was)"
        " WHERE e.namespace {=} $1 AND e.key {=} u.key"
        "   AND e.revision {=} u.was" },
    /* Fails, by a division by zero, unless each key has its revision, or no
     * row if that is NULL. */
    [SQL_ENTRIES_STORED] = {
        "int4 text[] int8[]",
        "one int4",
        "SELECT 1 {/} (pg_catalog.count(*) {=} 0)::int"
        "  FROM unnest($2, $3) AS u(key, revision)"
        "  LEFT JOIN {quipu_entries} AS e"
        "         ON e.namespace {=} $1 AND e.key {=} u.key"
        " WHERE CASE WHEN u.revision IS NULL"
        "            THEN e.revision IS NOT NULL"
        "            ELSE (e.revision {=} u.revision) IS NOT TRUE END" },
    [SQL_ENTRIES_RAISE] = {
        "int4 int8",
        "opt count",
        "INSERT INTO {quipu_entries} AS e (namespace, key, revision, value)"
        " VALUES ($1, '', $2, '')"
        " ON CONFLICT (namespace, key) DO UPDATE"
        "    SET revision = CASE WHEN e.revision {<} excluded.revision"
        "                        THEN excluded.revision ELSE e.revision END"
        " RETURNING revision" },
    /* Pages of at most $4 entries whose values have at most $5 bytes, and at
     * least one entry. */
    [SQL_ENTRIES_LIST] = {
        "int4 text text int8 int8",
        "key count bytea",
        "SELECT p.key, p.revision, p.value"
        "  FROM (SELECT key, revision, value,"
        "               pg_catalog.sum(pg_catalog.octet_length(value))"
        "                   OVER (ORDER BY key ROWS UNBOUNDED PRECEDING)"
        "               {-} pg_catalog.octet_length(value) AS before"
        "          FROM {quipu_entries}"
        "         WHERE namespace {=} $1 AND key {>=} $2 AND key {<} $3"
        "         ORDER BY key"
        "         LIMIT $4) AS p"
        " WHERE p.before {<} $5"
        " ORDER BY p.key" },

    /* ------------------------------------------------------------ store */
    [SQL_FORMAT_RAISE] = {
        "int4",
        "",
        "UPDATE {quipu_store}"
        "   SET format = $1"
        " WHERE format {<} $1" },

    /* --------------------------------------------------------- erasures */
    [SQL_ERASURES] = {
        "int4 int8",
        "opt count",
        "SELECT coalesce(e.commits, 0)"
        "  FROM {quipu_heads} AS h"
        "  LEFT JOIN {quipu_erasures} AS e"
        "         ON e.namespace {=} h.namespace AND e.schema {=} h.schema"
        " WHERE h.namespace {=} $1 AND h.schema {=} $2" },
    [SQL_ERASURES_ADD] = {
        "int4 int8",
        "one count",
        "INSERT INTO {quipu_erasures} AS e (namespace, schema, commits)"
        " VALUES ($1, $2, 1)"
        " ON CONFLICT (namespace, schema) DO UPDATE"
        "    SET commits = e.commits {+} 1"
        " RETURNING commits" },

    /* -------------------------------------------------------- namespaces */
    [SQL_NAMESPACE_FIND] = {
        "text",
        "opt int4 uuid int4?",
        "SELECT number, identity,"
        "       (SELECT pg_catalog.max(format) FROM {quipu_store})"
        "  FROM {quipu_namespaces}"
        " WHERE name {=} $1" },
    [SQL_NAMESPACE_ADD] = {
        "text uuid",
        "",
        "INSERT INTO {quipu_namespaces} (number, name, identity, schemas)"
        " SELECT coalesce(pg_catalog.max(number), 0) {+} 1, $1, $2, 0"
        "   FROM {quipu_namespaces}"
        " ON CONFLICT DO NOTHING" },
    [SQL_SHARED_FLUSH_FIND] = {
        "int4",
        "one bool",
        "SELECT EXISTS (SELECT 1"
        "                 FROM {quipu_shared_flush}"
        "                WHERE namespace {=} $1)" },
    [SQL_SHARED_FLUSH_ADD] = {
        "text uuid",
        "",
        "INSERT INTO {quipu_shared_flush} (namespace)"
        " SELECT number"
        "   FROM {quipu_namespaces}"
        "  WHERE name {=} $1 AND identity {=} $2" },
    /* The row's lock makes set-ups and tear-downs of a namespace follow one
     * another.  A number is never given twice: a handle bound to a schema that
     * was torn down must not find another in its place. */
    [SQL_NAMESPACE_COUNT] = {
        "int4",
        "opt count",
        "UPDATE {quipu_namespaces}"
        "   SET schemas = schemas {+} 1"
        " WHERE number {=} $1"
        " RETURNING schemas" },

    /* ----------------------------------------------------------- schemas */
    [SQL_SCHEMA_FIND] = {
        "int4 text",
        "opt count name name text text name name name name name name? name?"
        " name?",
        "SELECT number, name, relation, ids, positions, notification_id,"
        "       sequence_id, position, topic, state, event_id, metadata, time"
        "  FROM {quipu_schemas}"
        " WHERE namespace {=} $1 AND name {=} $2" },
    [SQL_SCHEMA_NEXT] = {
        "int4 text",
        "opt count name name text text name name name name name name? name?"
        " name?",
        "SELECT number, name, relation, ids, positions, notification_id,"
        "       sequence_id, position, topic, state, event_id, metadata, time"
        "  FROM {quipu_schemas}"
        " WHERE namespace {=} $1 AND name {>} $2"
        " ORDER BY name"
        " LIMIT 1" },
    /* $3: nothing was listed yet.  A namespace without schemas has a row. */
    [SQL_LOGS] = {
        "text text bool int8",
        "name name? count? int4?",
        "SELECT n.name, s.name, h.head,"
        "       (SELECT pg_catalog.max(format) FROM {quipu_store})"
        "  FROM {quipu_namespaces} AS n"
        "  LEFT JOIN {quipu_schemas} AS s ON s.namespace {=} n.number"
        "  LEFT JOIN {quipu_heads} AS h"
        "         ON h.namespace {=} s.namespace AND h.schema {=} s.number"
        " WHERE n.name {>=} $1"
        "   AND (n.name {>} $1 OR s.name {>} $2 OR $3)"
        " ORDER BY n.name, s.name"
        " LIMIT $4" },
    [SQL_SCHEMA_COLUMNS] = {
        "int4 int8",
        "name text",
        "SELECT name, kind"
        "  FROM {quipu_columns}"
        " WHERE namespace {=} $1 AND schema {=} $2"
        " ORDER BY ordinal" },
    [SQL_SCHEMA_ADD] = {
        "int4 int8 text text text text text text text text text text text text",
        "",
        "INSERT INTO {quipu_schemas}"
        "       (namespace, number, name, relation, ids, positions,"
        "        notification_id, sequence_id, position, topic, state,"
        "        event_id, metadata, time)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
        "         $14)" },
    [SQL_SCHEMA_REMOVE] = {
        "int4 int8",
        "",
        "DELETE FROM {quipu_schemas}"
        " WHERE namespace {=} $1 AND number {=} $2" },
    /* Names that differ in case only are two tables to PostgreSQL, but one to
     * other stores. */
    [SQL_SIMILAR_NAME] = {
        "int4 text",
        "name",
        "SELECT name"
        "  FROM {quipu_schemas}"
        " WHERE namespace {=} $1"
        "   AND pg_catalog.lower(name)"
        "       {=} pg_catalog.lower($2 COLLATE pg_catalog.\"C\")"
        "   AND name {<>} $2" },
    [SQL_COLUMNS_ADD] = {
        "int4 int8 text[] text[]",
        "",
        "INSERT INTO {quipu_columns} (namespace, schema, ordinal, name, kind)"
        " SELECT $1, $2, u.n, u.name, u.kind"
        "   FROM unnest($3, $4) WITH ORDINALITY AS u(name, kind, n)" },
    [SQL_COLUMNS_REMOVE] = {
        "int4 int8",
        "",
        "DELETE FROM {quipu_columns}"
        " WHERE namespace {=} $1 AND schema {=} $2" },

    /* ------------------------------------------------------- item tables */
    [SQL_TABLE_FIND] = {
        "text",
        "opt text count",
        "SELECT shape, schemas"
        "  FROM {quipu_tables}"
        " WHERE relation {=} $1"
        " FOR UPDATE" },
    [SQL_TABLE_ADD] = {
        "text text",
        "",
        "INSERT INTO {quipu_tables} (relation, shape, schemas)"
        " VALUES ($1, $2, 1)" },
    [SQL_TABLE_COUNT] = {
        "text int8",
        "opt count",
        "UPDATE {quipu_tables}"
        "   SET schemas = schemas {+} $2"
        " WHERE relation {=} $1"
        " RETURNING schemas" },
    [SQL_TABLE_SHAPE] = {
        "text text",
        "",
        "UPDATE {quipu_tables}"
        "   SET shape = $2"
        " WHERE relation {=} $1" },
    [SQL_TABLE_REMOVE] = {
        "text",
        "",
        "DELETE FROM {quipu_tables}"
        " WHERE relation {=} $1" },
    [SQL_TABLE_EXISTS] = {
        "text text",
        "opt int4",
        "SELECT 1"
        "  FROM pg_catalog.pg_class AS c"
        "  JOIN pg_catalog.pg_namespace AS n ON n.oid {=} c.relnamespace"
        " WHERE n.nspname {=} $1 AND c.relname {=} $2" },
    [SQL_TABLE_COLUMNS] = {
        "text text",
        "name",
        "SELECT a.attname::pg_catalog.text"
        "  FROM pg_catalog.pg_attribute AS a"
        "  JOIN pg_catalog.pg_class AS c ON c.oid {=} a.attrelid"
        "  JOIN pg_catalog.pg_namespace AS n ON n.oid {=} c.relnamespace"
        " WHERE n.nspname {=} $1 AND c.relname {=} $2"
        "   AND a.attnum {>} 0 AND NOT a.attisdropped" },
    [SQL_TABLE_COLUMN] = {
        "text text text",
        "opt int4",
        "SELECT 1"
        "  FROM pg_catalog.pg_attribute AS a"
        "  JOIN pg_catalog.pg_class AS c ON c.oid {=} a.attrelid"
        "  JOIN pg_catalog.pg_namespace AS n ON n.oid {=} c.relnamespace"
        " WHERE n.nspname {=} $1 AND c.relname {=} $2 AND a.attname {=} $3"
        "   AND NOT a.attisdropped" },
    /* Whether a schema has a further column of that kind in an item table. */
    [SQL_COLUMN_SHARED] = {
        "text text text",
        "opt int4",
        "SELECT 1"
        "  FROM {quipu_schemas} AS s"
        "  JOIN {quipu_columns} AS k"
        "    ON k.namespace {=} s.namespace AND k.schema {=} s.number"
        " WHERE s.relation {=} $1 AND k.name {=} $2 AND k.kind {=} $3"
        " LIMIT 1" },

    /* ------------------------------------------------------------- Citus */
    /* True: by namespace; false: by the PostgreSQL schema, as a single
     * shard. */
    [SQL_DISTRIBUTION] = {
        "text",
        "opt bool",
        "SELECT p.partmethod {=} 'h'"
        "  FROM pg_catalog.pg_dist_partition AS p"
        "  JOIN pg_catalog.pg_class AS c ON c.oid {=} p.logicalrelid"
        "  JOIN pg_catalog.pg_namespace AS n ON n.oid {=} c.relnamespace"
        " WHERE n.nspname {=} $1 AND c.relname {=} 'quipu_heads'"
        "   AND (p.partmethod {=} 'h' OR p.colocationid {<>} 0)" },
    [SQL_DISTRIBUTE] = {
        "text text text",
        "one void",
        "SELECT CASE WHEN $3 {=} ''"
        "            THEN pg_catalog.create_reference_table("
        "                     c.oid::pg_catalog.regclass)"
        "            ELSE pg_catalog.create_distributed_table("
        "                     c.oid::pg_catalog.regclass, $3,"
        "                     colocate_with =>"
        "                         CASE WHEN c.relname {=} 'quipu_heads'"
        "                              THEN 'none'"
        "                              ELSE pg_catalog.format("
        "                                       '%I.quipu_heads', n.nspname)"
        "                         END)"
        "       END"
        "  FROM pg_catalog.pg_class AS c"
        "  JOIN pg_catalog.pg_namespace AS n ON n.oid {=} c.relnamespace"
        " WHERE n.nspname {=} $1 AND c.relname {=} $2" },
};
/* clang-format on */

int quipu_postgres_catalogue_sql_make(quipu_driver_datastore *datastore,
                                      quipu_error *error)
{
    const struct template_names names = { .postgres_schema =
                                              datastore->schema };
    int status = QUIPU_OK;
    for (size_t i = 0; status == QUIPU_OK && i < CATALOGUE_SQL_COUNT; i++) {
        status = quipu_postgres_template_make(
            datastore->host, &names, &templates[i], &datastore->sql[i], error);
    }
    return status;
}

void quipu_postgres_catalogue_sql_finish(quipu_driver_datastore *datastore)
{
    for (size_t i = 0; i < CATALOGUE_SQL_COUNT; i++) {
        quipu_postgres_template_finish(&datastore->sql[i], datastore->host);
    }
}
