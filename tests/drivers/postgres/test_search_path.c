/* SPDX-License-Identifier: Apache-2.0 */
/* A role that may create objects in the search path of the worker plants
 * functions, operators and types with the names that statements use: none of
 * them is run with the rights of the worker. */
#include "fixture.h"

#define WORKER_PATH "options=-c search_path=public,pg_catalog"

/* Each planted object counts in a sequence, which no rollback undoes. */
static const char *const planted[] = {
    "CREATE SEQUENCE public.trap",
    "GRANT USAGE ON SEQUENCE public.trap TO PUBLIC",
    "CREATE FUNCTION public.sprung() RETURNS boolean LANGUAGE sql VOLATILE AS"
    " $$SELECT pg_catalog.nextval('public.trap') IS NOT NULL$$",
    /* Binary operators that return a truth value. */
    "DO $$DECLARE o text; t text[]; n integer := 0; BEGIN"
    " FOREACH o IN ARRAY ARRAY['=', '<>', '<', '>', '<=', '>='] LOOP"
    "  FOR t IN SELECT ARRAY[a, b] FROM (VALUES ('int8', 'int8'),"
    "    ('int4', 'int4'), ('int8', 'int4'), ('int2', 'int4'),"
    "    ('text', 'text'), ('uuid', 'uuid'), ('bytea', 'bytea'),"
    "    ('numeric', 'int8'), ('numeric', 'numeric'), ('name', 'text'),"
    "    ('oid', 'oid'), ('oid', 'regclass'), ('bool', 'bool')) AS v(a, b)"
    "  LOOP n := n + 1; EXECUTE format('CREATE FUNCTION public.o%s(%s, %s)"
    "    RETURNS boolean LANGUAGE sql VOLATILE AS"
    "    ''SELECT public.sprung() AND $1 OPERATOR(pg_catalog.%s) $2''',"
    "    n, t[1], t[2], o);"
    "   EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s,"
    "    FUNCTION = public.o%s)', o, t[1], t[2], n);"
    "  END LOOP; END LOOP; END$$",
    /* Arithmetic. */
    "DO $$DECLARE o text; t text[]; n integer := 0; BEGIN"
    " FOREACH o IN ARRAY ARRAY['+', '-', '/'] LOOP"
    "  FOR t IN SELECT ARRAY[a, b, c] FROM (VALUES ('int8', 'int8', 'int8'),"
    "    ('int4', 'int4', 'int4'), ('int8', 'int4', 'int8'),"
    "    ('numeric', 'int8', 'numeric')) AS v(a, b, c)"
    "  LOOP n := n + 1; EXECUTE format('CREATE FUNCTION public.a%s(%s, %s)"
    "    RETURNS %s LANGUAGE sql VOLATILE AS ''SELECT CASE WHEN"
    "    public.sprung() THEN $1 OPERATOR(pg_catalog.%s) $2 END''',"
    "    n, t[1], t[2], t[3], o);"
    "   EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s,"
    "    FUNCTION = public.a%s)', o, t[1], t[2], n);"
    "  END LOOP; END LOOP; END$$",
    /* Functions with exact types. */
    "DO $$DECLARE t text; BEGIN"
    " FOREACH t IN ARRAY ARRAY['int8', 'int4', 'text', 'uuid', 'bytea'] LOOP"
    "  EXECUTE format('CREATE FUNCTION public.unnest(%s[]) RETURNS SETOF %s"
    "    LANGUAGE sql VOLATILE AS ''SELECT x.a FROM pg_catalog.unnest($1)"
    "    AS x(a) WHERE public.sprung()''', t, t);"
    "  EXECUTE format('CREATE FUNCTION public.coalesce(%s, %s) RETURNS %s"
    "    LANGUAGE sql VOLATILE AS ''SELECT CASE WHEN public.sprung() THEN $1"
    "    END''', t, t, t);"
    " END LOOP; END$$",
    "CREATE FUNCTION public.first(int8, int8) RETURNS int8 LANGUAGE sql"
    " VOLATILE AS 'SELECT CASE WHEN public.sprung() THEN $2 END'",
    "CREATE AGGREGATE public.max(int8) (SFUNC = public.first, STYPE = int8,"
    " INITCOND = '0')",
    "CREATE AGGREGATE public.min(int8) (SFUNC = public.first, STYPE = int8,"
    " INITCOND = '0')",
    "CREATE AGGREGATE public.sum(int8) (SFUNC = public.first, STYPE = int8,"
    " INITCOND = '0')",
    "CREATE AGGREGATE public.count(int8) (SFUNC = public.first, STYPE = int8,"
    " INITCOND = '0')",
    "CREATE FUNCTION public.more(int8) RETURNS int8 LANGUAGE sql"
    " VOLATILE AS 'SELECT CASE WHEN public.sprung() THEN $1 END'",
    "CREATE AGGREGATE public.count(*) (SFUNC = public.more, STYPE = int8,"
    " INITCOND = '0')",
    "CREATE FUNCTION public.octet_length(bytea) RETURNS integer LANGUAGE sql"
    " VOLATILE AS 'SELECT CASE WHEN public.sprung() THEN 1 END'",
    "CREATE FUNCTION public.octet_length(text) RETURNS integer LANGUAGE sql"
    " VOLATILE AS 'SELECT CASE WHEN public.sprung() THEN 1 END'",
    "CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql"
    " VOLATILE AS 'SELECT CASE WHEN public.sprung() THEN $1 END'",
    "CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql"
    " VOLATILE AS 'SELECT CASE WHEN public.sprung() THEN ''on'' END'",
    "CREATE FUNCTION public.set_config(text, text, boolean) RETURNS text"
    " LANGUAGE sql VOLATILE AS 'SELECT CASE WHEN public.sprung() THEN $2 END'",
    "CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql"
    " VOLATILE AS 'SELECT public.sprung()'",
    "CREATE FUNCTION public.txid_current() RETURNS bigint LANGUAGE sql"
    " VOLATILE AS 'SELECT CASE WHEN public.sprung() THEN 1::bigint END'",
    "CREATE TABLE public.pg_class (oid oid, relname name, relnamespace oid)",
    "CREATE TABLE public.pg_namespace (oid oid, nspname name)",
    "CREATE TABLE public.pg_attribute (attrelid oid, attname name)",
    /* Types, for a set-up. */
    "CREATE DOMAIN public.uuid AS pg_catalog.uuid CHECK (public.sprung())",
    "CREATE DOMAIN public.bytea AS pg_catalog.bytea CHECK (public.sprung())",
    "CREATE DOMAIN public.text AS pg_catalog.text CHECK (public.sprung())",
    "CREATE DOMAIN public.timestamptz AS pg_catalog.timestamptz"
    " CHECK (public.sprung())",
    "CREATE COLLATION public.\"C\" FROM pg_catalog.\"de-x-icu\"",
};

static int64_t count_sprung(void)
{
    return fixture_ask("SELECT CASE WHEN is_called THEN last_value ELSE 0 END"
                       " FROM public.trap");
}

static int plant(void **state)
{
    (void)state;
    fixture_sql("CREATE ROLE intruder LOGIN");
    fixture_sql("CREATE ROLE worker LOGIN");
    fixture_sql("GRANT CREATE ON SCHEMA public TO intruder");
    fixture_sql("GRANT CREATE ON DATABASE quipu TO worker");
    for (size_t i = 0; i < sizeof(planted) / sizeof(planted[0]); i++) {
        fixture_sql("SET ROLE intruder; %s", planted[i]);
    }
    return 0;
}

/* ------------------------------------------------------------- what is done */

static int64_t deadline(void)
{
    return fixture_now() + 20 * SECOND;
}

static void put(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                int64_t position, int expected)
{
    static const char large[5000];
    static uint64_t events;
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    size_t taken = 0;
    fixture_piece(&piece, 1, position, ++events);
    if (position == 1) { /* too large for the first pages */
        piece.item.state = (quipu_bytes){ large, sizeof(large) };
    }
    const quipu_guard guard = { .sequence_id = piece.item.sequence_id,
                                .demand = position < 1
                                              ? QUIPU_DEMAND_EMPTY
                                              : QUIPU_DEMAND_NOT_EMPTY };
    const quipu_tracking tracking = { .consumer = { "consumer", 8 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id =
                                                        (int64_t)events } };
    const quipu_request request = { .schema = bound,
                                    .items = &piece.item,
                                    .item_count = 1,
                                    .guards = &guard,
                                    .guard_count = position < 0 ? 0 : 1,
                                    .tracking = &tracking };
    assert_ok(fixture_driver()->append(datastore, &request, 1, &result, &taken,
                                       deadline(), &error),
              &error);
    assert_int_equal(result.status, expected);
}

static size_t drain(quipu_driver_cursor *cursor)
{
    quipu_error error = { 0 };
    size_t seen = 0;
    for (;;) {
        const void *rows = NULL;
        size_t count = 0;
        assert_ok(
            fixture_driver()->step(cursor, deadline(), &rows, &count, &error),
            &error);
        if (count == 0) {
            fixture_driver()->cursor_close(cursor);
            return seen;
        }
        seen += count;
    }
}

static void read_all(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound)
{
    const quipu_driver *driver = fixture_driver();
    static const unsigned char id[16] = { 1 };
    const quipu_bytes sequence = { id, sizeof(id) };
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    quipu_position position;
    bool found = false;
    int64_t last = 0;
    for (int i = 0; i < 8; i++) {
        const quipu_range range = { .lower = (i & 1) ? 0 : INT64_MIN,
                                    .upper = INT64_MAX,
                                    .limit = (i & 2) ? 1 : INT64_MAX,
                                    .descending = (i & 4) != 0 };
        assert_ok(driver->read_sequence(datastore, bound, sequence, &range,
                                        deadline(), &cursor, &error),
                  &error);
        (void)drain(cursor);
        assert_ok(driver->read_log(datastore, bound, &range, deadline(),
                                   &cursor, &error),
                  &error);
        (void)drain(cursor);
    }
    assert_ok(driver->list_schemas(datastore, deadline(), &cursor, &error),
              &error);
    (void)drain(cursor);
    assert_ok(driver->list_sequences(datastore, bound, (quipu_bytes){ NULL, 0 },
                                     deadline(), &cursor, &error),
              &error);
    assert_int_equal(drain(cursor), 1);
    assert_ok(driver->list_tracking(datastore, deadline(), &cursor, &error),
              &error);
    assert_int_equal(drain(cursor), 1);
    assert_ok(driver->last_position(datastore, bound, sequence, deadline(),
                                    &found, &last, &error),
              &error);
    assert_ok(driver->log_head(datastore, bound, deadline(), &position, &error),
              &error);
    assert_ok(driver->read_tracking(datastore, (quipu_bytes){ "consumer", 8 },
                                    (quipu_bytes){ "log", 3 }, deadline(),
                                    &position, &error),
              &error);
    assert_ok(driver->wait(datastore, bound, 0, deadline(), &last, &error),
              &error);
}

static int do_nothing(void *connection, void *context, quipu_error *error)
{
    (void)connection;
    (void)context;
    (void)error;
    return QUIPU_OK;
}

static void transact(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound)
{
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    fixture_piece(&piece, 1, -1, 4711);
    const quipu_request request = { .schema = bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_ok(fixture_driver()->transact(datastore, &request, do_nothing, NULL,
                                         &result, deadline(), &error),
              &error);
}

/* Erases the sequence, and then what is left in the log. */
static void erase(quipu_driver_datastore *datastore, quipu_driver_schema *bound)
{
    const quipu_driver *driver = fixture_driver();
    static const unsigned char id[16] = { 1 };
    quipu_erasure erasure = { .struct_size = sizeof(erasure),
                              .sequence_id = { id, sizeof(id) },
                              .lower = INT64_MIN,
                              .upper = INT64_MAX,
                              .limit = 1 };
    quipu_error error = { 0 };
    int64_t count = 0;
    for (int i = 0; i < 2; i++) {
        assert_ok(driver->erase(datastore, bound, &erasure, deadline(), &count,
                                &error),
                  &error);
        assert_int_equal(count, 1);
        erasure.sequence_id = (quipu_bytes){ NULL, 0 };
    }
    assert_ok(driver->erasures(datastore, bound, deadline(), &count, &error),
              &error);
    assert_int_equal(count, 2);
}

/* Opens (and makes) a store, sets a schema up, appends in both passes, erases,
 * reads, and tears down. */
static void tour(const char *options, bool sparse)
{
    const quipu_driver *driver = fixture_driver();
    quipu_schema schema = fixture_schema(sparse ? "sparse" : "plain");
    quipu_error error = { 0 };
    schema.metadata = "metadata";
    schema.time = "time";
    schema.flags |= sparse ? QUIPU_SCHEMA_SPARSE : 0u;
    quipu_driver_datastore *datastore = fixture_open(options);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    put(datastore, bound, 0, QUIPU_OK);
    put(datastore, bound, 0, QUIPU_CONFLICT);
    put(datastore, bound, 1, QUIPU_OK);
    if (!sparse) {
        put(datastore, bound, -1, QUIPU_OK);
        transact(datastore, bound);
    }
    erase(datastore, bound);
    read_all(datastore, bound);
    driver->unbind(datastore, bound);
    assert_ok(driver->teardown(datastore, &schema, deadline(), &error), &error);
    fixture_close(datastore);
}

static void nothing_planted_is_run(void **state)
{
    (void)state;
    tour("schema=own&user=worker&" WORKER_PATH, false);
    tour("schema=own&user=worker&" WORKER_PATH, true);
    assert_int_equal(count_sprung(), 0);
}

static void nothing_planted_is_run_without_prepared_statements(void **state)
{
    (void)state;
    tour("schema=own&user=worker&prepared=no&" WORKER_PATH, false);
    tour("schema=own&user=worker&prepared=no&" WORKER_PATH, true);
    assert_int_equal(count_sprung(), 0);
}

/* pg_catalog comes first, and the planted objects have better types. */
static void nothing_planted_is_run_behind_the_catalogue(void **state)
{
    (void)state;
    tour("schema=own&user=worker", false);
    tour("schema=own&user=worker", true);
    assert_int_equal(count_sprung(), 0);
}

/* Proves that the traps work. */
static void trap_is_sprung_by_a_plain_statement(void **state)
{
    (void)state;
    (void)fixture_ask("SET search_path = public, pg_catalog;"
                      "SELECT count(*) FROM unnest(ARRAY[1::int8])");
    assert_true(count_sprung() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_planted_is_run),
        cmocka_unit_test(nothing_planted_is_run_without_prepared_statements),
        cmocka_unit_test(nothing_planted_is_run_behind_the_catalogue),
        cmocka_unit_test(trap_is_sprung_by_a_plain_statement),
    };
    return cmocka_run_group_tests(tests, plant, NULL) != 0;
}
