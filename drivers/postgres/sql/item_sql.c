/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that work on a schema's items.  Placeholders are explained in
 * template.h. */
#include "item_sql.h"

#include "datastore.h"
#include "template.h"

/*
 * The append statement
 * --------------------
 *
 * SQL_INSERT stores all items that a batch has for one schema, or fails.  It
 * follows SQL_HEAD_RAISE in the same transaction, which has added the number
 * of items to the head of the log and thereby locked it: no other append to
 * this schema runs until the end of the transaction.
 *
 *     $1          namespace
 *     $2          schema
 *     $3          number of items
 *     $4, $5, $6  expectations: sequence, enum quipu_demand, last position
 *     $7, $8      items: sequence, position
 *     $9 ...      items: topic, state and the columns behind them
 *
 * u  The items: the arrays, unnested.  Ordinality numbers them from 1, so
 *    head - $3 + n are consecutive notification ids in the order of the
 *    arrays, and the last of them is the head.
 *
 * h  The head of the schema's log.  If the schema was torn down there is none,
 *    and nothing is stored.
 *
 * x  The expectations; e has the last position of each sequence, too.
 *
 * NOT EXISTS checks the expectations.  It does not refer to the items, so the
 * server evaluates it once.  If one does not hold, the position of every item
 * is NULL, which the column's NOT NULL refuses: the statement fails, the
 * transaction is aborted, and a COMMIT that was sent with it commits nothing.
 * A position that is taken is refused by the unique index on (namespace,
 * sequence, position), an event id by the one on (namespace, event id).
 *
 * OFFSET 0 keeps the planner from pulling the subquery up: max() would then be
 * computed for each comparison in the CASE.
 *
 * The shape serves servers that distribute tables over several machines by the
 * namespace.  They route a statement to one machine if the namespace is a
 * constant in the WHERE clause of a distributed table in FROM; so the heads
 * stand in FROM with the namespace, and there is no VALUES list with
 * subqueries, which such servers cannot route.
 *
 * SQL_INSERT_CHECKED also does the work of SQL_STORED, in one statement, for a
 * table without triggers and rules, which keeps the rows as they are inserted.
 * It fails for other ones: by the division for a table with triggers, since
 * those that run after the insert could change the rows, and by itself (0A000)
 * for one with rules, and on servers that cannot route it.  The division also
 * fails without a head, and below the first id.
 *
 * SQL_INSERT_NEXT is for batches in which items go "next" to a sequence of
 * which nothing is expected.  $9 is the number of the expectation whose
 * sequence the position counts from, or 0 if the position is absolute; the
 * other columns follow from $10.  The last positions are collected into an
 * array first, since items refer to them by number.  The positions are
 * returned.
 *
 * SQL_INSERT_RUN is for the most frequent batch: items of one sequence, at
 * known positions that follow one another, and nothing is expected but that the
 * sequence ends before them.  It raises the head, too, so it needs no BEGIN and
 * COMMIT around it.  SQL_INSERT_ONE is the same for one item, without arrays.
 * Both return the notification ids.
 *
 *     $1          namespace
 *     $2          schema
 *     $3          sequence
 *     $4          the position before, which has to be taken, or NULL
 *     $5          first position
 *     $6 ...      SQL_INSERT_ONE: topic, state and the columns behind them
 *     $6          SQL_INSERT_RUN: number of items
 *     $7 ...      arrays of topics, states and the columns behind them
 *
 * h  The head, raised and locked.  If the schema was torn down there is none;
 *    then nothing is stored, and no row returned.
 *
 * In a contiguous schema a sequence ends at $4 if $4 is taken and $5 is not,
 * and it is empty if 0 is not taken.  The unique index refuses $5 if it is
 * taken, so only $4 is looked up.  The look-up may see the table as it was
 * before the statement waited for the head.  It then misses a position that
 * another append has taken meanwhile, and the strict pass decides; it cannot
 * see one that is free, since positions stay taken (E2).
 *
 * The head is raised before the rows are stored, and by their intended number.
 * So the division fails for a table that may store others: one with triggers,
 * with rules, or that is no ordinary table (partitions have triggers of their
 * own).  It also fails if a trigger of the heads has left ids below the first.
 *
 * The server locks the item table before the head, and a tear-down, which drops
 * the table, after it.  If they meet, the server ends one of them as a deadlock
 * after a second, and it is tried again.
 */
/* The layout of the SQL is kept by hand. */
/* clang-format off */
#define INSERT_ITEMS \
    "INSERT INTO {items} ({all})" \
    " SELECT h.namespace, h.head {-} $3 {+} u.n, u.sequence," \
    "        CASE WHEN NOT EXISTS (" \
    "                 SELECT 1" \
    "                   FROM (SELECT x.expected, x.position," \
    "                                (SELECT pg_catalog.max(i.{position})" \
    "                                   FROM {items} AS i" \
    "                                  WHERE i.quipu_namespace {=} $1" \
    "                                    AND i.{sequence} {=} x.sequence)" \
    "                                AS last" \
    "                           FROM unnest($4, $5, $6)" \
    "                                AS x(sequence, expected, position)" \
    "                         OFFSET 0) AS e" \
    "                  WHERE CASE WHEN e.expected {=} 1" \
    "                             THEN e.last IS NOT NULL" \
    "                             WHEN e.expected {=} 2" \
    "                             THEN e.last IS NULL" \
    "                             WHEN e.expected {=} 3" \
    "                             THEN (e.last {=} e.position) IS NOT TRUE" \
    "                             ELSE false END)" \
    "             THEN u.position END{, u.c1 ...}" \
    "   FROM {quipu_heads} AS h" \
    "  CROSS JOIN unnest($7, $8{, $9 ...}) WITH ORDINALITY" \
    "        AS u(sequence, position{, c1 ...}, n)" \
    "  WHERE h.namespace {=} $1 AND h.schema {=} $2"

/* Of SQL_INSERT_ONE and SQL_INSERT_RUN. */
#define RAISE(number) \
    "WITH h AS (" \
    "    UPDATE {quipu_heads}" \
    "       SET head = head {+} " number \
    "     WHERE namespace {=} $1 AND schema {=} $2" \
    "    RETURNING head {/} (head {>=} " number \
    "                        AND (SELECT c.relkind {=} 'r'" \
    "                                    AND NOT c.relhastriggers" \
    "                                    AND NOT c.relhasrules" \
    "                               FROM pg_catalog.pg_class AS c" \
    "                              WHERE c.oid {=} {items_oid}))::int AS head) "
#define IF_NEXT \
    "CASE WHEN $4 IS NULL" \
    "          OR EXISTS (SELECT 1" \
    "                       FROM {items} AS i" \
    "                      WHERE i.quipu_namespace {=} $1" \
    "                        AND i.{sequence} {=} $3" \
    "                        AND i.{position} {=} $4)" \
    "     THEN "

static const struct sql_template templates[ITEM_SQL_COUNT] = {
    [SQL_INSERT] = {
        "int4 int8 int8 seq[] int4[] int8[] seq[] int8[] item[]",
        "",
        INSERT_ITEMS },

    [SQL_INSERT_CHECKED] = {
        "int4 int8 int8 seq[] int4[] int8[] seq[] int8[] item[]",
        "one int4",
        "WITH s AS (" INSERT_ITEMS
        "           RETURNING {id}, tableoid)"
        " SELECT 1 {/} (pg_catalog.count(s.{id}) {=} $3"
        "              AND pg_catalog.min(s.{id}) {>} 0"
        "              AND NOT (SELECT c.relhastriggers"
        "                         FROM pg_catalog.pg_class AS c"
        "                        WHERE c.oid {=} pg_catalog.min(s.tableoid))"
        "             )::int"
        "  FROM s" },

    [SQL_INSERT_NEXT] = {
        "int4 int8 int8 seq[] int4[] int8[] seq[] int8[] int4[] item[]",
        "count pos",
        "INSERT INTO {items} ({all})"
        " SELECT h.namespace, h.head {-} $3 {+} u.n, u.sequence,"
        "        CASE WHEN NOT c.violated"
        "             THEN CASE WHEN u.base {=} 0"
        "                       THEN u.position"
        "                       ELSE coalesce(c.lasts[u.base], -1) {+} 1"
        "                            {+} u.position"
        "                  END"
        "        END{, u.c1 ...}"
        "   FROM {quipu_heads} AS h"
        "  CROSS JOIN (SELECT b.lasts,"
        "                     EXISTS ("
        "                         SELECT 1"
        "                           FROM unnest(b.lasts, $5, $6)"
        "                                AS e(last, expected, position)"
        "                          WHERE CASE WHEN e.expected {=} 1"
        "                                     THEN e.last IS NOT NULL"
        "                                     WHEN e.expected {=} 2"
        "                                     THEN e.last IS NULL"
        "                                     WHEN e.expected {=} 3"
        "                                     THEN (e.last {=} e.position)"
        "                                          IS NOT TRUE"
        "                                     ELSE false END) AS violated"
        "                FROM (SELECT ARRAY("
        "                                 SELECT (SELECT"
        "                                             pg_catalog.max("
        "                                                 i.{position})"
        "                                           FROM {items} AS i"
        "                                          WHERE i.quipu_namespace"
        "                                                {=} $1"
        "                                            AND i.{sequence}"
        "                                                {=} x.sequence)"
        "                                   FROM pg_catalog.unnest($4)"
        "                                        WITH ORDINALITY"
        "                                        AS x(sequence, n)"
        "                                  ORDER BY x.n) AS lasts"
        "                      OFFSET 0) AS b"
        "              OFFSET 0) AS c"
        "  CROSS JOIN unnest($7, $8, $9{, $10 ...}) WITH ORDINALITY"
        "        AS u(sequence, position, base{, c1 ...}, n)"
        "  WHERE h.namespace {=} $1 AND h.schema {=} $2"
        " RETURNING {id}, {position}" },

    [SQL_INSERT_ONE] = {
        "int4 int8 seq int8 int8 item",
        "opt count",
        RAISE("1")
        "INSERT INTO {items} ({all})"
        " SELECT $1, h.head, $3, " IF_NEXT "$5 END{, $6 ...}"
        "   FROM h"
        " RETURNING {id}" },

    [SQL_INSERT_RUN] = {
        "int4 int8 seq int8 int8 int8 item[]",
        "count",
        RAISE("$6")
        "INSERT INTO {items} ({all})"
        " SELECT $1, h.head {-} $6 {+} u.n, $3,"
        "        " IF_NEXT "$5 {-} 1 {+} u.n END{, u.c1 ...}"
        "   FROM h"
        "  CROSS JOIN unnest({$7 ...}) WITH ORDINALITY AS u({c1 ...}, n)"
        " RETURNING {id}" },

    /* Fails, by a division by zero, unless the table has all ids from
     * head - $3 + 1 to head: a trigger or a rule may have suppressed or
     * changed a row, or the update of the head.  With a head below $3, ids
     * below 1 were given: the head was not raised. */
    [SQL_STORED] = {
        "int4 int8 int8",
        "one int4",
        "SELECT 1 {/} (pg_catalog.count(i.{id}) {=} $3"
        "              AND pg_catalog.min(h.head) {>=} $3)::int"
        "  FROM {quipu_heads} AS h"
        "  LEFT JOIN {items} AS i"
        "         ON i.quipu_namespace {=} h.namespace"
        "            AND i.{id} {>} (h.head {-} $3) AND i.{id} {<=} h.head"
        " WHERE h.namespace {=} $1 AND h.schema {=} $2" },

    /* Queries of the strict pass, with the heads locked.  Rows name the
     * element of the arrays that they are about, from 1.  A stored item that is
     * erased equals any state, and an erased one equals no other (U3, E2). */
    [SQL_COMPARE] = {
        "int4 uuid[] seq[] text[] bytea[]",
        "count count pos bool",
        "SELECT u.n, e.{id}, e.{position},"
        "       e.{sequence} {=} u.sequence AND e.{topic} {=} u.topic"
        "       AND coalesce(e.{state} {=} u.state, e.{state} IS NULL)"
        "  FROM unnest($2, $3, $4, $5) WITH ORDINALITY"
        "       AS u(event_id, sequence, topic, state, n)"
        "  JOIN {items} AS e"
        "    ON e.quipu_namespace {=} $1 AND e.{event_id} {=} u.event_id" },

    [SQL_LASTS] = {
        "int4 seq[]",
        "count pos?",
        "SELECT x.n, (SELECT pg_catalog.max(e.{position})"
        "               FROM {items} AS e"
        "              WHERE e.quipu_namespace {=} $1"
        "                AND e.{sequence} {=} x.sequence)"
        "  FROM pg_catalog.unnest($2) WITH ORDINALITY AS x(sequence, n)"
        " ORDER BY x.n" },

    [SQL_TAKEN] = {
        "int4 seq[] int8[]",
        "count",
        "SELECT u.n"
        "  FROM unnest($2, $3) WITH ORDINALITY AS u(sequence, position, n)"
        "  JOIN {items} AS e"
        "    ON e.quipu_namespace {=} $1"
        "       AND e.{sequence} {=} u.sequence"
        "       AND e.{position} {=} u.position" },

    /* Erasing.  $4 is the number of items of the commit.  The rows are locked
     * in the order of the range before they are changed: a row for which the
     * statement has to wait is passed over if it is erased then, and further
     * ones take its place.  RETURNING shows the rows as triggers have left
     * them.  A table with a rule for updates refuses the statement (0A000). */
    [SQL_ERASE_SEQUENCE] = {
        "int4 int8 int8 int8 int8 seq",
        "one count count",
        "WITH p(quipu_id) AS ("
        "    SELECT {id}"
        "      FROM {items}"
        "     WHERE quipu_namespace {=} $1 AND {sequence} {=} $6"
        "       AND {position} {>=} $2 AND {position} {<=} $3"
        "       AND {state} IS NOT NULL AND {bound $5}"
        "     ORDER BY {position}"
        "     LIMIT $4"
        "     FOR NO KEY UPDATE),"
        "      u(quipu_erased) AS ("
        "    UPDATE {items}"
        "       SET {erase}"
        "      FROM p"
        "     WHERE quipu_namespace {=} $1 AND {id} {=} p.quipu_id"
        "    RETURNING {erased})"
        " SELECT (SELECT pg_catalog.count(*) FROM p),"
        "        (SELECT pg_catalog.count(*) FROM u WHERE u.quipu_erased)" },

    [SQL_ERASE_LOG] = {
        "int4 int8 int8 int8 int8",
        "one count count",
        "WITH p(quipu_id) AS ("
        "    SELECT {id}"
        "      FROM {items}"
        "     WHERE quipu_namespace {=} $1"
        "       AND {id} {>=} $2 AND {id} {<=} $3"
        "       AND {state} IS NOT NULL AND {bound $5}"
        "     ORDER BY {id}"
        "     LIMIT $4"
        "     FOR NO KEY UPDATE),"
        "      u(quipu_erased) AS ("
        "    UPDATE {items}"
        "       SET {erase}"
        "      FROM p"
        "     WHERE quipu_namespace {=} $1 AND {id} {=} p.quipu_id"
        "    RETURNING {erased})"
        " SELECT (SELECT pg_catalog.count(*) FROM p),"
        "        (SELECT pg_catalog.count(*) FROM u WHERE u.quipu_erased)" },

    /* Reads.  A table may be shared by schemas, and a schema may be torn down
     * and set up again: {bound} keeps a handle of the former one from the
     * items of the new one.  With max() instead of ORDER BY, a plan that was
     * made for an empty table reads the whole sequence. */
    [SQL_LAST] = {
        "int4 seq int8",
        "one pos?",
        "SELECT (SELECT {position}"
        "          FROM {items}"
        "         WHERE quipu_namespace {=} $1 AND {sequence} {=} $2"
        "           AND {bound $3}"
        "         ORDER BY {position} DESC"
        "         LIMIT 1)" },

    [SQL_LAST_ITEM] = {
        "int4 seq int8",
        "opt large count",
        "SELECT {large},"
        "       coalesce((SELECT e.commits"
        "                   FROM {quipu_erasures} AS e"
        "                  WHERE e.namespace {=} $1 AND e.schema {=} $3), 0)"
        "       AS quipu_erasures"
        "  FROM {items}"
        " WHERE quipu_namespace {=} $1 AND {sequence} {=} $2 AND {bound $3}"
        " ORDER BY {position} DESC"
        " LIMIT 1" },

    [SQL_HEAD_EVENT] = {
        "int4 int8",
        "opt count uuid?",
        "SELECT h.head, e.{event_id}"
        "  FROM {quipu_heads} AS h"
        "  LEFT JOIN {items} AS e"
        "         ON e.quipu_namespace {=} h.namespace AND e.{id} {=} h.head"
        " WHERE h.namespace {=} $1 AND h.schema {=} $2" },

    [SQL_EVENT] = {
        "int4 uuid int8",
        "opt log_large",
        "SELECT {log_large}"
        "  FROM {items}"
        " WHERE quipu_namespace {=} $1 AND {event_id} {=} $2 AND {bound $3}" },

    /* A skip scan: each step of the recursion finds the next id in the index,
     * however many items a sequence has. */
    [SQL_SEQUENCES] = {
        "int4 seq int8 int8",
        "seq pos",
        "WITH RECURSIVE ids(id) AS ("
        "    (SELECT {sequence}"
        "       FROM {items}"
        "      WHERE quipu_namespace {=} $1 AND {sequence} {>=} $2"
        "        AND {bound $4}"
        "      ORDER BY {sequence}"
        "      LIMIT 1)"
        "    UNION ALL"
        "    SELECT (SELECT e.{sequence}"
        "              FROM {items} AS e"
        "             WHERE e.quipu_namespace {=} $1"
        "               AND e.{sequence} {>} ids.id"
        "             ORDER BY e.{sequence}"
        "             LIMIT 1)"
        "      FROM ids"
        "     WHERE ids.id IS NOT NULL)"
        " SELECT i.id, (SELECT pg_catalog.max(e.{position})"
        "                 FROM {items} AS e"
        "                WHERE e.quipu_namespace {=} $1"
        "                  AND e.{sequence} {=} i.id)"
        "   FROM (SELECT id"
        "           FROM ids"
        "          WHERE id IS NOT NULL"
        "          LIMIT $3) AS i" },

    /* Pages of at most $3 items; an item of more than $2 bytes comes without
     * its contents.  Most reads are of a whole sequence, and each condition
     * less saves a hundredth of the time, so it has a statement of its own. */
    [SQL_WHOLE] = {
        "int4 int8 int8 seq int8",
        "page",
        "SELECT {page}"
        "  FROM {items}"
        " WHERE quipu_namespace {=} $1 AND {bound $5}"
        "   AND {sequence} {=} $4 ORDER BY {position} LIMIT $3" },

    /* $4 and $5 bound the positions or ids.  $7 is the head of the log when
     * the cursor was opened: later items are not part of the read (V4). */
    [SQL_SEQUENCE_UP] = {
        "int4 int8 int8 int8 int8 seq int8 int8",
        "page",
        "SELECT {page}"
        "  FROM {items}"
        " WHERE quipu_namespace {=} $1 AND {sequence} {=} $6"
        "   AND {position} {>=} $4 AND {position} {<=} $5 AND {bound $8}"
        "   AND {id} {<=} $7 ORDER BY {position} LIMIT $3" },

    [SQL_SEQUENCE_DOWN] = {
        "int4 int8 int8 int8 int8 seq int8 int8",
        "page",
        "SELECT {page}"
        "  FROM {items}"
        " WHERE quipu_namespace {=} $1 AND {sequence} {=} $6"
        "   AND {position} {>=} $4 AND {position} {<=} $5 AND {bound $8}"
        "   AND {id} {<=} $7 ORDER BY {position} DESC LIMIT $3" },

    [SQL_LOG_UP] = {
        "int4 int8 int8 int8 int8 int8",
        "log_page",
        "SELECT {log_page}"
        "  FROM {items}"
        " WHERE quipu_namespace {=} $1 AND {id} {>=} $4 AND {id} {<=} $5"
        "   AND {bound $6}"
        " ORDER BY {id} LIMIT $3" },

    [SQL_LOG_DOWN] = {
        "int4 int8 int8 int8 int8 int8",
        "log_page",
        "SELECT {log_page}"
        "  FROM {items}"
        " WHERE quipu_namespace {=} $1 AND {id} {>=} $4 AND {id} {<=} $5"
        "   AND {bound $6}"
        " ORDER BY {id} DESC LIMIT $3" },

    /* $7: topics, or NULL; $8 and $9: ranges of ids, or NULL.  An item passes
     * if it has one of the topics and lies in one of the ranges. */
    [SQL_FILTERED_UP] = {
        "int4 int8 int8 int8 int8 int8 text[] seq[] seq[]",
        "log_page",
        "SELECT {log_page}"
        "  FROM {items}"
        " WHERE quipu_namespace {=} $1 AND {id} {>=} $4 AND {id} {<=} $5"
        "   AND {bound $6}"
        "   AND ($7 IS NULL OR {topic} {=} ANY ($7))"
        "   AND ($8 IS NULL"
        "        OR EXISTS (SELECT 1"
        "                     FROM unnest($8, $9) AS p(lower, upper)"
        "                    WHERE {sequence} {>=} p.lower"
        "                      AND (p.upper IS NULL"
        "                           OR {sequence} {<} p.upper)))"
        " ORDER BY {id} LIMIT $3" },

    [SQL_FILTERED_DOWN] = {
        "int4 int8 int8 int8 int8 int8 text[] seq[] seq[]",
        "log_page",
        "SELECT {log_page}"
        "  FROM {items}"
        " WHERE quipu_namespace {=} $1 AND {id} {>=} $4 AND {id} {<=} $5"
        "   AND {bound $6}"
        "   AND ($7 IS NULL OR {topic} {=} ANY ($7))"
        "   AND ($8 IS NULL"
        "        OR EXISTS (SELECT 1"
        "                     FROM unnest($8, $9) AS p(lower, upper)"
        "                    WHERE {sequence} {>=} p.lower"
        "                      AND (p.upper IS NULL"
        "                           OR {sequence} {<} p.upper)))"
        " ORDER BY {id} DESC LIMIT $3" },

    /* Pages of items of any size: as many as fit in $2 bytes, and at least
     * one. quipu_before is the size of the items before an item. */
    [SQL_LARGE_SEQUENCE_UP] = {
        "int4 int8 int8 int8 int8 seq int8 int8",
        "large",
        "SELECT {large}"
        "  FROM (SELECT *, pg_catalog.sum({size})"
        "                  OVER (ORDER BY {position}"
        "                        ROWS UNBOUNDED PRECEDING)"
        "                  {-} ({size}) AS quipu_before"
        "          FROM {items}"
        "         WHERE quipu_namespace {=} $1"
        "           AND {sequence} {=} $6"
        "           AND {position} {>=} $4 AND {position} {<=} $5"
        "           AND {id} {<=} $7 AND {bound $8}"
        "         ORDER BY {position} LIMIT $3) AS quipu_page"
        " WHERE quipu_before {<} $2"
        " ORDER BY {position}" },

    [SQL_LARGE_SEQUENCE_DOWN] = {
        "int4 int8 int8 int8 int8 seq int8 int8",
        "large",
        "SELECT {large}"
        "  FROM (SELECT *, pg_catalog.sum({size})"
        "                  OVER (ORDER BY {position} DESC"
        "                        ROWS UNBOUNDED PRECEDING)"
        "                  {-} ({size}) AS quipu_before"
        "          FROM {items}"
        "         WHERE quipu_namespace {=} $1"
        "           AND {sequence} {=} $6"
        "           AND {position} {>=} $4 AND {position} {<=} $5"
        "           AND {id} {<=} $7 AND {bound $8}"
        "         ORDER BY {position} DESC LIMIT $3) AS quipu_page"
        " WHERE quipu_before {<} $2"
        " ORDER BY {position} DESC" },

    [SQL_LARGE_LOG_UP] = {
        "int4 int8 int8 int8 int8 int8",
        "log_large",
        "SELECT {log_large}"
        "  FROM (SELECT *, pg_catalog.sum({size})"
        "                  OVER (ORDER BY {id}"
        "                        ROWS UNBOUNDED PRECEDING)"
        "                  {-} ({size}) AS quipu_before"
        "          FROM {items}"
        "         WHERE quipu_namespace {=} $1"
        "           AND {id} {>=} $4 AND {id} {<=} $5"
        "           AND {bound $6}"
        "         ORDER BY {id} LIMIT $3) AS quipu_page"
        " WHERE quipu_before {<} $2"
        " ORDER BY {id}" },

    [SQL_LARGE_LOG_DOWN] = {
        "int4 int8 int8 int8 int8 int8",
        "log_large",
        "SELECT {log_large}"
        "  FROM (SELECT *, pg_catalog.sum({size})"
        "                  OVER (ORDER BY {id} DESC"
        "                        ROWS UNBOUNDED PRECEDING)"
        "                  {-} ({size}) AS quipu_before"
        "          FROM {items}"
        "         WHERE quipu_namespace {=} $1"
        "           AND {id} {>=} $4 AND {id} {<=} $5"
        "           AND {bound $6}"
        "         ORDER BY {id} DESC LIMIT $3) AS quipu_page"
        " WHERE quipu_before {<} $2"
        " ORDER BY {id} DESC" },

    [SQL_LARGE_FILTERED_UP] = {
        "int4 int8 int8 int8 int8 int8 text[] seq[] seq[]",
        "log_large",
        "SELECT {log_large}"
        "  FROM (SELECT *, pg_catalog.sum({size})"
        "                  OVER (ORDER BY {id}"
        "                        ROWS UNBOUNDED PRECEDING)"
        "                  {-} ({size}) AS quipu_before"
        "          FROM {items}"
        "         WHERE quipu_namespace {=} $1"
        "           AND {id} {>=} $4 AND {id} {<=} $5"
        "           AND {bound $6}"
        "           AND ($7 IS NULL OR {topic} {=} ANY ($7))"
        "           AND ($8 IS NULL"
        "                OR EXISTS (SELECT 1"
        "                             FROM unnest($8, $9) AS p(lower, upper)"
        "                            WHERE {sequence} {>=} p.lower"
        "                              AND (p.upper IS NULL"
        "                                   OR {sequence} {<} p.upper)))"
        "         ORDER BY {id} LIMIT $3) AS quipu_page"
        " WHERE quipu_before {<} $2"
        " ORDER BY {id}" },

    [SQL_LARGE_FILTERED_DOWN] = {
        "int4 int8 int8 int8 int8 int8 text[] seq[] seq[]",
        "log_large",
        "SELECT {log_large}"
        "  FROM (SELECT *, pg_catalog.sum({size})"
        "                  OVER (ORDER BY {id} DESC"
        "                        ROWS UNBOUNDED PRECEDING)"
        "                  {-} ({size}) AS quipu_before"
        "          FROM {items}"
        "         WHERE quipu_namespace {=} $1"
        "           AND {id} {>=} $4 AND {id} {<=} $5"
        "           AND {bound $6}"
        "           AND ($7 IS NULL OR {topic} {=} ANY ($7))"
        "           AND ($8 IS NULL"
        "                OR EXISTS (SELECT 1"
        "                             FROM unnest($8, $9) AS p(lower, upper)"
        "                            WHERE {sequence} {>=} p.lower"
        "                              AND (p.upper IS NULL"
        "                                   OR {sequence} {<} p.upper)))"
        "         ORDER BY {id} DESC LIMIT $3) AS quipu_page"
        " WHERE quipu_before {<} $2"
        " ORDER BY {id} DESC" },
};
/* clang-format on */

static bool needs_event_id(size_t which)
{
    return which == SQL_COMPARE || which == SQL_HEAD_EVENT ||
           which == SQL_EVENT;
}

int quipu_postgres_item_sql_make(const quipu_driver_datastore *datastore,
                                 const quipu_schema *schema, const char *table,
                                 struct statement sql[ITEM_SQL_COUNT],
                                 quipu_error *error)
{
    const struct template_names names = { datastore->schema, schema, table };
    int status = QUIPU_OK;
    for (size_t i = 0; status == QUIPU_OK && i < ITEM_SQL_COUNT; i++) {
        if (!needs_event_id(i) || schema->event_id) {
            status = quipu_postgres_template_make(
                datastore->host, &names, &templates[i], &sql[i], error);
        }
    }
    return status;
}

void quipu_postgres_item_sql_finish(struct statement sql[ITEM_SQL_COUNT],
                                    const quipu_host *host)
{
    for (size_t i = 0; i < ITEM_SQL_COUNT; i++) {
        quipu_postgres_template_finish(&sql[i], host);
    }
}
