/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of the driver: statements, templates, and prepared statements.
 *
 * Each statement is one literal. The statements of a schema are templates, in
 * which words that begin with '@' stand for the names of its table and columns;
 * they are expanded once, when the schema is bound. A connection prepares a
 * statement at its first use and keeps it prepared: those of no schema for
 * ever, those of the STATEMENT_CACHES schemas that were used last.
 *
 * All SQL goes through SAFEGUARD_SQL. */
#include "common/safeguard.h"
#include "sqlite.h"

#include <string.h>

/* -------------------------------------------------- statements of no schema */

static const char *const common_sql[SQL_COMMON_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT quipu",
    [SQL_ROLLBACK_TO] = "ROLLBACK TO quipu",
    [SQL_RELEASE] = "RELEASE quipu",
    [SQL_TRACKING_READ] =
        "SELECT notification_id, store, event_id FROM quipu_tracking "
        "WHERE namespace = ?1 AND consumer = ?2 AND log = ?3",
    [SQL_TRACKING_WRITE] =
        "INSERT INTO quipu_tracking VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
        "ON CONFLICT DO UPDATE "
        "SET notification_id = ?4, store = ?5, event_id = ?6",
    [SQL_TRACKING_DELETE] =
        "DELETE FROM quipu_tracking "
        "WHERE namespace = ?1 AND consumer = ?2 AND log = ?3",
    [SQL_TRACKING_NEXT] =
        "SELECT notification_id, store, event_id, consumer, log "
        "FROM quipu_tracking "
        "WHERE namespace = ?1 AND (consumer, log) > (?2, ?3) "
        "ORDER BY consumer, log LIMIT 1",
    [SQL_SCHEMAS_NEXT] =
        "SELECT number, name, ids, positions, notification_id, sequence_id, "
        "position, topic, state, event_id, metadata, time "
        "FROM quipu_schemas "
        "WHERE namespace = ?1 AND name > ?2 "
        "ORDER BY name LIMIT 1",
    [SQL_LOGS_NEXT] =
        "SELECT n.name, coalesce(s.name, ''), h.head "
        "FROM quipu_namespaces AS n "
        "LEFT JOIN quipu_schemas AS s ON s.namespace = n.number "
        "LEFT JOIN quipu_heads AS h ON h.schema = s.number "
        "WHERE n.name >= ?2 AND (n.name > ?2 OR s.name > ?3 OR ?1) "
        "ORDER BY n.name, s.name LIMIT 1",
    [SQL_HEAD] = "SELECT head FROM quipu_heads WHERE schema = ?1",
    [SQL_SET_HEAD] = "UPDATE quipu_heads SET head = ?2 WHERE schema = ?1",
    [SQL_ENTRY_TABLES] =
        "SELECT count(*) FROM sqlite_schema "
        "WHERE type = 'table' AND name IN ('quipu_entries', 'quipu_revisions')",
    [SQL_ENTRY_REVISION] = "SELECT revision FROM quipu_entries "
                           "WHERE namespace = ?1 AND key = ?2",
    [SQL_ENTRY_WRITE] =
        "INSERT INTO quipu_entries (namespace, key, revision, value) "
        "VALUES (?1, ?2, 1 + coalesce("
        "(SELECT floor FROM quipu_revisions WHERE namespace = ?1), 0), ?3) "
        "ON CONFLICT DO UPDATE SET revision = revision + 1, value = ?3",
    [SQL_ENTRY_DELETE] = "DELETE FROM quipu_entries "
                         "WHERE namespace = ?1 AND key = ?2",
    [SQL_ENTRIES_FROM] = "SELECT key, revision, value FROM quipu_entries "
                         "WHERE namespace = ?1 AND key >= ?2 "
                         "ORDER BY key",
    [SQL_ENTRIES_AFTER] = "SELECT key, revision, value FROM quipu_entries "
                          "WHERE namespace = ?1 AND key > ?2 "
                          "ORDER BY key",
    [SQL_REVISION_RAISE] =
        "INSERT INTO quipu_revisions (namespace, floor) VALUES (?1, ?2) "
        "ON CONFLICT DO UPDATE SET floor = max(floor, ?2)",
    [SQL_SCHEMA_VERSION] = "PRAGMA schema_version",
    [SQL_ERASURE_TABLES] =
        "SELECT count(*) FROM sqlite_schema "
        "WHERE type = 'table' AND name IN ('quipu_erased', 'quipu_erasures')",
    [SQL_ERASED] = "SELECT 1 FROM quipu_erased "
                   "WHERE schema = ?1 AND notification_id = ?2",
    [SQL_ERASED_ADD] = "INSERT INTO quipu_erased VALUES (?1, ?2)",
    [SQL_ERASED_REMOVE] = "DELETE FROM quipu_erased WHERE schema = ?1",
    [SQL_ERASURES] = "SELECT commits FROM quipu_erasures WHERE schema = ?1",
    [SQL_ERASURES_ADD] = "INSERT INTO quipu_erasures VALUES (?1, 1) "
                         "ON CONFLICT DO UPDATE SET commits = commits + 1",
    [SQL_ERASURES_REMOVE] = "DELETE FROM quipu_erasures WHERE schema = ?1",
    [SQL_COLUMNS] = "SELECT name, kind FROM quipu_columns "
                    "WHERE schema = ?1 ORDER BY ordinal",
};

/* --------------------------------------------------- statements of a schema */

/* Declared type of a further column. */
static const char *column_type(int kind)
{
    switch (kind) {
    case QUIPU_VALUE_DOUBLE:
        return "ANY"; /* REAL would store -0.0 as 0.0 */
    case QUIPU_VALUE_TEXT:
        return "TEXT";
    case QUIPU_VALUE_BYTES:
    case QUIPU_VALUE_UUID:
        return "BLOB";
    default:
        return "INTEGER";
    }
}

/* The templates. A word that begins with '@' stands for a quoted name or for a
 * list; a part in brackets is left out if the schema lacks the column that it
 * names:
 *
 *     @table @notification_id @sequence_id @position @topic @state @event_id
 *     @metadata @time      names
 *     @sequence_type       TEXT or BLOB
 *     @further_columns     definitions of the further columns, each after a ','
 *     @further_nulls       "name = NULL" for each of them, each after a ','
 *     @columns             all columns of an item, in the order of item_row.c
 *     @values              a placeholder for each of them
 *     @collect_log         a call of quipu_collect with all columns
 *     @collect             the same without the sequence id
 */
static const char table_template[] = "CREATE TABLE @table ("
                                     "@notification_id INTEGER PRIMARY KEY, "
                                     "@sequence_id @sequence_type NOT NULL, "
                                     "@position INTEGER NOT NULL, "
                                     "@topic TEXT NOT NULL, "
                                     "@state BLOB NOT NULL"
                                     "[, @event_id BLOB NOT NULL UNIQUE]"
                                     "[, @metadata BLOB]"
                                     "[, @time INTEGER]"
                                     "@further_columns, "
                                     "UNIQUE (@sequence_id, @position)"
                                     ") STRICT";

static const char *const templates[SQL_COUNT - SQL_COMMON_COUNT] = {
    [SQL_LAST - SQL_COMMON_COUNT] = "SELECT max(@position) FROM @table "
                                    "WHERE @sequence_id = ?1",
    [SQL_BY_EVENT_ID - SQL_COMMON_COUNT] = "SELECT @columns FROM @table "
                                           "WHERE @event_id = ?1",
    [SQL_INSERT - SQL_COMMON_COUNT] = "INSERT INTO @table (@columns) "
                                      "VALUES (@values)",
    [SQL_SEQUENCE_UP - SQL_COMMON_COUNT] =
        "SELECT 1 FROM @table "
        "WHERE @sequence_id = ?2 AND @position >= ?1 AND @collect "
        "ORDER BY @position",
    [SQL_SEQUENCE_DOWN - SQL_COMMON_COUNT] =
        "SELECT 1 FROM @table "
        "WHERE @sequence_id = ?2 AND @position <= ?1 AND @collect "
        "ORDER BY @position DESC",
    [SQL_LOG_UP - SQL_COMMON_COUNT] =
        "SELECT 1 FROM @table "
        "WHERE @notification_id >= ?1 AND @collect_log "
        "ORDER BY @notification_id",
    [SQL_LOG_DOWN - SQL_COMMON_COUNT] =
        "SELECT 1 FROM @table "
        "WHERE @notification_id <= ?1 AND @collect_log "
        "ORDER BY @notification_id DESC",
    [SQL_FILTERED_UP - SQL_COMMON_COUNT] =
        "SELECT 1 FROM @table "
        "WHERE @notification_id >= ?1 AND @notification_id <= ?2 "
        "AND CASE WHEN quipu_passes(@topic, @sequence_id) THEN @collect_log "
        "END ORDER BY @notification_id",
    [SQL_FILTERED_DOWN - SQL_COMMON_COUNT] =
        "SELECT 1 FROM @table "
        "WHERE @notification_id <= ?1 AND @notification_id >= ?2 "
        "AND CASE WHEN quipu_passes(@topic, @sequence_id) THEN @collect_log "
        "END ORDER BY @notification_id DESC",
    [SQL_FIND_EVENT - SQL_COMMON_COUNT] =
        "SELECT 1 FROM @table WHERE @event_id = ?1 AND @collect_log",
    [SQL_FIRST_SEQUENCE - SQL_COMMON_COUNT] =
        "SELECT min(@sequence_id) FROM @table",
    [SQL_NEXT_SEQUENCE - SQL_COMMON_COUNT] =
        "SELECT min(@sequence_id) FROM @table WHERE @sequence_id > ?1",
    [SQL_EVENT_ID_AT - SQL_COMMON_COUNT] = "SELECT @event_id FROM @table "
                                           "WHERE @notification_id = ?1",
    /* A column of the user may have any name: all are qualified. */
    [SQL_UNERASED_IN_SEQUENCE - SQL_COMMON_COUNT] =
        "SELECT @position, @notification_id FROM @table "
        "WHERE @sequence_id = ?4 AND @position >= ?2 AND @position <= ?3 "
        "AND NOT EXISTS (SELECT 1 FROM quipu_erased "
        "WHERE quipu_erased.schema = ?1 "
        "AND quipu_erased.notification_id = @table.@notification_id) "
        "ORDER BY @position LIMIT 1",
    [SQL_UNERASED_IN_LOG - SQL_COMMON_COUNT] =
        "SELECT @notification_id, @notification_id FROM @table "
        "WHERE @notification_id >= ?2 AND @notification_id <= ?3 "
        "AND NOT EXISTS (SELECT 1 FROM quipu_erased "
        "WHERE quipu_erased.schema = ?1 "
        "AND quipu_erased.notification_id = @table.@notification_id) "
        "ORDER BY @notification_id LIMIT 1",
    [SQL_ERASE - SQL_COMMON_COUNT] =
        "UPDATE @table SET @state = x''[, @metadata = NULL]@further_nulls "
        "WHERE @notification_id = ?1",
};

struct expansion {
    const quipu_schema *schema;
    const char *table;
    struct text text;
};

static void add_name(struct text *text, const char *separator, const char *name)
{
    if (name) {
        quipu_common_text_add(text, separator);
        quipu_common_text_add_name(text, name);
    }
}

static void add_columns(struct expansion *expansion, bool with_sequence)
{
    const quipu_schema *schema = expansion->schema;
    struct text *text = &expansion->text;

    if (with_sequence) {
        add_name(text, "", schema->sequence_id);
        quipu_common_text_add(text, ", ");
    }
    add_name(text, "", schema->notification_id);
    add_name(text, ", ", schema->position);
    add_name(text, ", ", schema->topic);
    add_name(text, ", ", schema->state);
    add_name(text, ", ", schema->event_id);
    add_name(text, ", ", schema->metadata);
    add_name(text, ", ", schema->time);
    for (size_t i = 0; i < schema->column_count; i++) {
        add_name(text, ", ", schema->columns[i].name);
    }
}

static void add_collect(struct expansion *expansion, bool with_sequence)
{
    quipu_common_text_add(&expansion->text, "quipu_collect(");
    add_columns(expansion, with_sequence);
    quipu_common_text_add(&expansion->text, ")");
}

static void add_values(struct expansion *expansion)
{
    const quipu_schema *schema = expansion->schema;
    size_t count = 5 + (size_t)(schema->event_id != NULL) +
                   (size_t)(schema->metadata != NULL) +
                   (size_t)(schema->time != NULL) + schema->column_count;

    for (size_t i = 0; i < count; i++) {
        quipu_common_text_add(&expansion->text, i == 0 ? "?" : ", ?");
    }
}

/* Adds the definition of a further column. */
static void add_definition(struct text *text, const char *separator,
                           const quipu_column *column)
{
    add_name(text, separator, column->name);
    quipu_common_text_add(text, " ");
    quipu_common_text_add(text, column_type(column->kind));
}

static void add_further_columns(struct expansion *expansion)
{
    const quipu_schema *schema = expansion->schema;

    for (size_t i = 0; i < schema->column_count; i++) {
        add_definition(&expansion->text, ", ", &schema->columns[i]);
    }
}

static void add_further_nulls(struct expansion *expansion)
{
    const quipu_schema *schema = expansion->schema;

    for (size_t i = 0; i < schema->column_count; i++) {
        add_name(&expansion->text, ", ", schema->columns[i].name);
        quipu_common_text_add(&expansion->text, " = NULL");
    }
}

/* Sets *name to the name that a word stands for, NULL if the schema has no such
 * column; returns false if the word stands for no name. */
static bool find_name(const struct expansion *expansion, const char *word,
                      size_t size, const char **name)
{
    const quipu_schema *schema = expansion->schema;
    const struct {
        const char *word;
        const char *name;
    } names[] = {
        { "table", expansion->table },
        { "notification_id", schema->notification_id },
        { "sequence_id", schema->sequence_id },
        { "position", schema->position },
        { "topic", schema->topic },
        { "state", schema->state },
        { "event_id", schema->event_id },
        { "metadata", schema->metadata },
        { "time", schema->time },
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i].word) == size &&
            memcmp(names[i].word, word, size) == 0) {
            *name = names[i].name;
            return true;
        }
    }
    return false;
}

static size_t word_size(const char *word)
{
    return strspn(word, "abcdefghijklmnopqrstuvwxyz_");
}

static void add_word(struct expansion *expansion, const char *word, size_t size)
{
    bool by_text = (expansion->schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    const char *name = NULL;

    if (find_name(expansion, word, size, &name)) {
        add_name(&expansion->text, "", name);
    } else if (strncmp(word, "sequence_type", size) == 0) {
        quipu_common_text_add(&expansion->text, by_text ? "TEXT" : "BLOB");
    } else if (strncmp(word, "further_columns", size) == 0) {
        add_further_columns(expansion);
    } else if (strncmp(word, "further_nulls", size) == 0) {
        add_further_nulls(expansion);
    } else if (strncmp(word, "columns", size) == 0) {
        add_columns(expansion, true);
    } else if (strncmp(word, "values", size) == 0) {
        add_values(expansion);
    } else {
        add_collect(expansion, size > strlen("collect"));
    }
}

/* Returns true if the schema has the column that a part in brackets names. */
static bool has_column(const struct expansion *expansion, const char *part)
{
    const char *word = strchr(part, '@') + 1;
    const char *name = NULL;

    (void)find_name(expansion, word, word_size(word), &name);
    return name != NULL;
}

/* Returns the statement, allocated with the host, or NULL if memory is short.
 */
static char *expand(const quipu_host *host, const quipu_schema *schema,
                    const char *table, const char *template)
{
    struct expansion expansion = { schema, table, { .host = host } };
    const char *at = SAFEGUARD_SQL(template);

    while (*at != '\0') {
        char piece[2] = { *at };

        if (*at == '@') {
            size_t size = word_size(at + 1);
            add_word(&expansion, at + 1, size);
            at += 1 + size;
            continue;
        }
        if (*at == '[' && !has_column(&expansion, at)) {
            at = strchr(at, ']');
        } else if (*at != '[' && *at != ']') {
            quipu_common_text_add(&expansion.text, piece);
        }
        at++;
    }
    if (expansion.text.failed) {
        quipu_common_text_finish(&expansion.text);
    }
    return expansion.text.data;
}

char *quipu_sqlite_statements_create_table(const quipu_host *host,
                                           const quipu_schema *schema,
                                           const char *table)
{
    return expand(host, schema, table, table_template);
}

char *quipu_sqlite_statements_add_column(const quipu_host *host,
                                         const char *table,
                                         const quipu_column *column)
{
    struct text text = { .host = host };

    add_name(&text, "ALTER TABLE ", table);
    add_definition(&text, " ADD COLUMN ", column);
    if (text.failed) {
        quipu_common_text_finish(&text);
    }
    return text.data;
}

int quipu_sqlite_statements_expand(quipu_driver_schema *bound,
                                   const quipu_host *host, const char *table,
                                   quipu_error *error)
{
    for (size_t i = 0; i < SQL_COUNT - SQL_COMMON_COUNT; i++) {
        if (!bound->schema.event_id && strstr(templates[i], "@event_id")) {
            continue;
        }
        bound->sql[i] = expand(host, &bound->schema, table, templates[i]);
        if (!bound->sql[i]) {
            return quipu_sqlite_error_no_memory(host, error);
        }
    }
    return QUIPU_OK;
}

void quipu_sqlite_statements_release(quipu_driver_schema *bound,
                                     const quipu_host *host)
{
    for (size_t i = 0; i < SQL_COUNT - SQL_COMMON_COUNT; i++) {
        host->release(bound->sql[i]);
        bound->sql[i] = NULL;
    }
}

/* ------------------------------------------------------ prepared statements */

static void finalize_all(struct statements *cache)
{
    for (size_t i = 0; i < SQL_COUNT - SQL_COMMON_COUNT; i++) {
        (void)sqlite3_finalize(cache->of[i]);
        cache->of[i] = NULL;
    }
}

/* Returns the prepared statements of a schema; those that were not used for the
 * longest time make room for a new one. */
static struct statements *find_cache(struct connection *connection,
                                     uint64_t serial)
{
    struct statements *found = &connection->caches[0];

    for (size_t i = 0; i < STATEMENT_CACHES; i++) {
        struct statements *cache = &connection->caches[i];

        if (cache->serial == serial) {
            found = cache;
            break;
        }
        if (cache->used < found->used) {
            found = cache;
        }
    }
    if (found->serial != serial) {
        finalize_all(found);
        found->serial = serial;
    }
    found->used = ++connection->uses;
    return found;
}

int quipu_sqlite_statement_get(struct connection *connection,
                               const quipu_driver_schema *schema,
                               enum statement which, sqlite3_stmt **statement,
                               quipu_error *error)
{
    sqlite3_stmt **slot = NULL;
    const char *sql = NULL;

    if (which >= SQL_COMMON_COUNT) {
        const size_t index = which - SQL_COMMON_COUNT;
        slot = &find_cache(connection, schema->serial)->of[index];
        sql = schema->sql[index];
    } else {
        slot = &connection->common[which];
        sql = common_sql[which];
    }
    if (!*slot) {
        int code = sqlite3_prepare_v3(connection->db, SAFEGUARD_SQL(sql), -1,
                                      SQLITE_PREPARE_PERSISTENT, slot, NULL);
        if (code != SQLITE_OK) {
            return quipu_sqlite_error_set(connection, code,
                                          "prepare a statement", error);
        }
        if (which >= SQL_COMMON_COUNT) {
            find_cache(connection, schema->serial)
                ->compiled[which - SQL_COMMON_COUNT] = -1;
        }
    }
    *statement = *slot;
    return QUIPU_OK;
}

int *quipu_sqlite_statement_compiled(struct connection *connection,
                                     const quipu_driver_schema *schema,
                                     enum statement which, int *now)
{
    const size_t index = which - SQL_COMMON_COUNT;
    struct statements *cache = find_cache(connection, schema->serial);

    *now =
        sqlite3_stmt_status(cache->of[index], SQLITE_STMTSTATUS_REPREPARE, 0);
    return &cache->compiled[index];
}

int quipu_sqlite_statement_run(struct connection *connection,
                               const quipu_driver_schema *schema,
                               enum statement which, quipu_error *error)
{
    sqlite3_stmt *statement = NULL;
    int status = quipu_sqlite_statement_get(connection, schema, which,
                                            &statement, error);

    if (status != QUIPU_OK) {
        return status;
    }
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE && code != SQLITE_ROW) {
        status = quipu_sqlite_error_set(connection, code,
                                        sqlite3_sql(statement), error);
    }
    (void)sqlite3_reset(statement);
    return status;
}

int quipu_sqlite_statement_prepare(const struct connection *connection,
                                   const char *sql, sqlite3_stmt **statement)
{
    return sqlite3_prepare_v2(connection->db, SAFEGUARD_SQL(sql), -1, statement,
                              NULL);
}

int quipu_sqlite_statement_execute(const struct connection *connection,
                                   const char *sql, const char *what,
                                   quipu_error *error)
{
    int code =
        sqlite3_exec(connection->db, SAFEGUARD_SQL(sql), NULL, NULL, NULL);

    return code == SQLITE_OK
               ? QUIPU_OK
               : quipu_sqlite_error_set(connection, code, what, error);
}
