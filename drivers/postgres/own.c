/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that work on a schema's items. */
#include "sql.h"

#include "postgres.h"

/*
 * An append stores all its items with one statement, or makes it fail: where a
 * demand on a sequence ($4 whose, $5 enum quipu_demand, $6 its position) does
 * not hold, the positions become NULL, which the table refuses.  That ends the
 * transaction, so that the COMMIT sent behind it commits nothing.  The head,
 * already raised by $3, is locked by that, and what holds then holds until the
 * end.  Constants are no subqueries in VALUES, and a table with the namespace
 * stands in FROM, so that an engine that spreads namespaces over servers can
 * run all of it where the namespace is.
 */
#define BROKEN                                                     \
    "CASE y.k WHEN 1 THEN y.l IS NOT NULL WHEN 2 THEN y.l IS NULL" \
    " WHEN 3 THEN y.l IS DISTINCT FROM y.p ELSE false END"
#define LAST_OF(id)                                                \
    "(SELECT max(e.@P) FROM @T AS e WHERE e.quipu_namespace = $1 " \
    "AND e.@S = " id ")"

/* Pages of at most $3 items, none of which is bigger than $2; $7, the head when
 * the cursor was opened, keeps out what came later. */
#define WHERE_SEQUENCE                                                  \
    " FROM @T WHERE quipu_namespace = $1 AND @S = $6 AND @P >= $4 AND " \
    "@P <= $5 AND @N <= $7"
#define WHERE_LOG \
    " FROM @T WHERE quipu_namespace = $1 AND @N >= $4 AND @N <= $5"

/* Of big items, as many as fit in $2 bytes, and at least one. */
#define BIG(columns, where, order)                                     \
    "SELECT " columns " FROM (SELECT *, sum(@Z) OVER (ORDER BY " order \
    " ROWS UNBOUNDED PRECEDING) - (@Z) AS quipu_before" where          \
    " ORDER BY " order                                                 \
    " LIMIT $3) AS quipu_page WHERE quipu_before < $2 ORDER BY " order

static const struct pattern patterns[SQL_OWN_COUNT] = {
    [SQL_INSERT] = { "niiSNISI+",
                     "INSERT INTO @T (@I) SELECT $1, h.head - $3 + u.o, u.s,"
                     " CASE WHEN NOT EXISTS (SELECT 1 FROM (SELECT x.k, "
                     "x.p, " LAST_OF(
                         "x.s") " AS l FROM unnest($4, $5, $6)"
                                " AS x(s, k, p) OFFSET 0) AS y WHERE " BROKEN
                                ")"
                                " THEN u.p END@V FROM @h AS h CROSS JOIN"
                                " unnest($7, $8@8) WITH ORDINALITY AS u(s, "
                                "p@U, o)"
                                " WHERE h.namespace = $1 AND h.schema = $2" },
    /* $9: 0, or which of the demands' sequences the position counts from. */
    [SQL_INSERT_NEXT] = { "niiSNISIN+",
                          "INSERT INTO @T (@I) SELECT $1, h.head - $3 + u.o,"
                          " u.s, CASE WHEN NOT c.broken THEN CASE WHEN u.r = 0"
                          " THEN u.p ELSE coalesce(c.at[u.r], -1) + 1 + u.p"
                          " END END@V FROM @h AS h CROSS JOIN (SELECT b.at,"
                          " EXISTS (SELECT 1 FROM unnest(b.at, $5, $6)"
                          " AS y(l, k, p) WHERE " BROKEN ") AS broken FROM"
                          " (SELECT ARRAY(SELECT " LAST_OF(
                              "x.s") " FROM"
                                     " unnest($4) WITH ORDINALITY AS x(s, o)"
                                     " ORDER BY x.o) AS at OFFSET 0) AS b "
                                     "OFFSET 0) AS c"
                                     " CROSS JOIN unnest($7, $8, $9@9) WITH "
                                     "ORDINALITY"
                                     " AS u(s, p, r@U, o)"
                                     " WHERE h.namespace = $1 AND h.schema = $2"
                                     " RETURNING @N, @P" },
    [SQL_COMPARE] = { "nUSTB", "SELECT u.o, e.@N, e.@P,"
                               " e.@S = u.s AND e.@O = u.t AND e.@A = u.a"
                               " FROM unnest($2, $3, $4, $5) WITH ORDINALITY"
                               " AS u(i, s, t, a, o) JOIN @T AS e"
                               " ON e.quipu_namespace = $1 AND e.@E = u.i" },
    [SQL_LASTS] = { "nS", "SELECT x.o, " LAST_OF(
                              "x.s") " FROM unnest($2)"
                                     " WITH ORDINALITY AS x(s, o)" },
    [SQL_TAKEN] = { "nSI", "SELECT u.o FROM unnest($2, $3) WITH ORDINALITY"
                           " AS u(s, p, o) JOIN @T AS e ON"
                           " e.quipu_namespace = $1 AND e.@S = u.s AND"
                           " e.@P = u.p" },
    [SQL_LAST] = { "ns", "SELECT max(@P) FROM @T WHERE quipu_namespace = $1"
                         " AND @S = $2" },
    [SQL_HEAD_EVENT] = { "ni", "SELECT h.head, e.@E FROM @h AS h LEFT JOIN"
                               " @T AS e ON e.quipu_namespace = h.namespace"
                               " AND e.@N = h.head WHERE h.namespace = $1"
                               " AND h.schema = $2" },
    [SQL_SEQUENCES] = { "nsi",
                        "WITH RECURSIVE ids(id) AS ((SELECT @S FROM @T WHERE"
                        " quipu_namespace = $1 AND @S >= $2 ORDER BY @S"
                        " LIMIT 1) UNION ALL SELECT (SELECT e.@S FROM @T AS e"
                        " WHERE e.quipu_namespace = $1 AND e.@S > ids.id"
                        " ORDER BY e.@S LIMIT 1) FROM ids"
                        " WHERE ids.id IS NOT NULL)"
                        " SELECT i.id, " LAST_OF(
                            "i.id") " FROM (SELECT id"
                                    " FROM ids WHERE id IS NOT NULL LIMIT $3) "
                                    "AS i" },
    /* Most reads are of it: each condition less is a hundredth of the time. */
    [SQL_WHOLE] = { "niis", "SELECT @Q FROM @T WHERE quipu_namespace = $1"
                            " AND @S = $4 ORDER BY @P LIMIT $3" },
    [SQL_SEQUENCE_UP] = { "niiiisi",
                          "SELECT @Q FROM @T WHERE quipu_namespace = $1"
                          " AND @S = $6 AND @P >= $4 AND @P <= $5"
                          " AND @N <= $7 ORDER BY @P LIMIT $3" },
    [SQL_SEQUENCE_DOWN] = { "niiiisi", "SELECT @Q" WHERE_SEQUENCE
                                       " ORDER BY @P DESC LIMIT $3" },
    [SQL_LOG_UP] = { "niiii", "SELECT @C" WHERE_LOG " ORDER BY @N LIMIT $3" },
    [SQL_LOG_DOWN] = { "niiii",
                       "SELECT @C" WHERE_LOG " ORDER BY @N DESC LIMIT $3" },
    [SQL_BIG_SEQUENCE_UP] = { "niiiisi", BIG("@q", WHERE_SEQUENCE, "@P") },
    [SQL_BIG_SEQUENCE_DOWN] = { "niiiisi",
                                BIG("@q", WHERE_SEQUENCE, "@P DESC") },
    [SQL_BIG_LOG_UP] = { "niiii", BIG("@l", WHERE_LOG, "@N") },
    [SQL_BIG_LOG_DOWN] = { "niiii", BIG("@l", WHERE_LOG, "@N DESC") },
};

static bool needs_event_id(size_t which)
{
    return which == SQL_COMPARE || which == SQL_HEAD_EVENT;
}

int quipu_postgres_own_make(const quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, const char *table,
                            quipu_error *error)
{
    int status = QUIPU_OK;
    for (size_t i = 0; status == QUIPU_OK && i < SQL_OWN_COUNT; i++) {
        if (!needs_event_id(i) || bound->schema.event_id) {
            status = quipu_postgres_statement_make(datastore, &bound->schema,
                                                   table, &patterns[i],
                                                   &bound->of[i], error);
        }
    }
    return status;
}

void quipu_postgres_own_finish(quipu_driver_schema *bound,
                               const quipu_host *host)
{
    for (size_t i = 0; i < SQL_OWN_COUNT; i++) {
        quipu_postgres_statement_finish(&bound->of[i], host);
    }
}
