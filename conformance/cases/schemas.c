/* SPDX-License-Identifier: Apache-2.0 */
/* F2, F3 and F4: names, several schemas, set-up and the catalogue. */
#include "suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A schema works: two items in, two items out. */
static void use(struct quipu_trial *t, quipu_datastore *d,
                const quipu_schema *schema)
{
    quipu_records *r;
    quipu_bytes s = quipu_trial_sequence(t);

    OK(quipu_datastore_setup(d, schema, E));
    r = quipu_trial_bind(t, d, schema);
    quipu_batch_fill(t, r, s, 2);
    ANSWERS(QUIPU_CONFLICT, quipu_batch_one_at(t, r, s, 1));
    CHECK(quipu_list_count(t, r, s) == 2, "not two items");
    quipu_trial_unbind(t, r);
}

static void rename_all(struct quipu_schema *schema, const char *names[6])
{
    schema->notification_id = names[0];
    schema->sequence_id = names[1];
    schema->position = names[2];
    schema->topic = names[3];
    schema->state = names[4];
    schema->event_id = names[5];
}

/* Tables that a shared store may have already are left alone. */
static void hostile_names(struct quipu_trial *t)
{
    static const char *names[][6] = {
        { "select", "from", "where", "order", "group", "index" },
        { "\"quoted\"", "'single'", "`back`", "[square]", "a\\b", "a\"\"b" },
        { "naïve; DROP TABLE x; --", "a b", " lead", "trail ", "%s", "?1" },
        { "☃", "é", "e\xcc\x81", "a.b", "$1", ":name" },
        { "1", "-", "/*", "*/", "null", "limit" },
    };
    quipu_datastore *d = quipu_trial_datastore(t);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (size_t table = 0; table < 6; table++) {
            quipu_schema *schema = quipu_trial_schema(t, 0);

            schema->table =
                quipu_trial_text(t, "%s %s", names[i][table], schema->table);
            rename_all(schema, names[i]);
            use(t, d, schema);
            OK(quipu_datastore_teardown(d, schema, E));
        }
    }
}

static void bare_hostile_tables(struct quipu_trial *t)
{
    static const char *names[] = { "select", "\"quoted\"",
                                   "naïve; DROP TABLE x; --", "table" };
    quipu_datastore *d =
        quipu_trial_open(t, quipu_trial_text(t, "namespace=%s", t->prefix));

    for (size_t i = 0; i < 4; i++) {
        quipu_schema *schema = quipu_trial_schema(t, 0);

        schema->table = names[i];
        use(t, d, schema);
        OK(quipu_datastore_teardown(d, schema, E));
    }
}

/* Whichever comes first; and that one stays as it was. */
static void case_of_tables(struct quipu_trial *t)
{
    quipu_datastore *d = quipu_trial_datastore(t);
    quipu_schema *schema = quipu_trial_schema(t, 0);
    quipu_schema *other = quipu_trial_schema(t, 0);
    quipu_records *r;

    schema->table = quipu_trial_name(t, "Caps");
    other->table = quipu_trial_text(
        t, "%.*scaps", (int)strlen(schema->table) - 4, schema->table);
    quipu_trial_setup(t, schema);
    ANSWERS(QUIPU_INVALID, quipu_datastore_setup(d, other, E));
    r = quipu_trial_bind(t, d, schema);
    OK(quipu_batch_one_next(t, r, quipu_trial_sequence(t)));
    ANSWERS(QUIPU_NOT_FOUND, quipu_records_open(d, other, &r, E));
}

static void longest_names(struct quipu_trial *t)
{
    quipu_schema *schema = quipu_trial_schema(t, 0);
    char *table = quipu_trial_keep(t, 64);
    char names[6][64];
    const char *pointers[6];

    memset(table, 't', 63);
    memcpy(table, t->prefix, strlen(t->prefix));
    schema->table = table;
    for (size_t i = 0; i < 6; i++) {
        memset(names[i], 'c', 63);
        names[i][62] = (char)('a' + i);
        names[i][63] = '\0';
        pointers[i] = names[i];
    }
    rename_all(schema, pointers);
    use(t, quipu_trial_datastore(t), schema);
    OK(quipu_datastore_teardown(quipu_trial_datastore(t), schema, E));
}

static void wrong_schemas(struct quipu_trial *t)
{
    static const char *const wrong[] = {
        "",
        "quipu_x",
        "sqlite_x",
        "pg_x",
        "\xff",
        "1234567890123456789012345678901234567890123456789012345678901234",
        "POSITION" /* as the column `position`, but for case */
    };
    static const quipu_column kind[] = { { .name = "x", .kind = 0 } };
    static const quipu_column twice[] = {
        { .name = "x", .kind = QUIPU_VALUE_INT },
        { .name = "X", .kind = QUIPU_VALUE_INT }
    };
    quipu_datastore *d = quipu_trial_datastore(t);
    quipu_schema *schema;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        schema = quipu_trial_schema(t, 0);
        schema->topic = wrong[i];
        ANSWERS(QUIPU_INVALID, quipu_datastore_setup(d, schema, E));
        schema = quipu_trial_schema(t, 0);
        schema->table = wrong[i];
        if (i + 1 < sizeof wrong / sizeof *wrong) {
            ANSWERS(QUIPU_INVALID, quipu_datastore_setup(d, schema, E));
        }
    }
    schema = quipu_trial_schema(t, 0);
    schema->state = NULL;
    ANSWERS(QUIPU_INVALID, quipu_datastore_setup(d, schema, E));
    schema = quipu_trial_schema(t, 0);
    schema->topic = "rowid"; /* SQLite reserves it, so nobody takes it */
    ANSWERS(QUIPU_INVALID, quipu_datastore_setup(d, schema, E));
    schema = quipu_trial_schema(t, 0);
    schema->flags = 1u << 31;
    ANSWERS(QUIPU_INVALID, quipu_datastore_setup(d, schema, E));
    schema = quipu_trial_schema(t, 0);
    schema->columns = kind;
    schema->column_count = 1;
    ANSWERS(QUIPU_INVALID, quipu_datastore_setup(d, schema, E));
    schema->columns = twice;
    schema->column_count = 2;
    ANSWERS(QUIPU_INVALID, quipu_datastore_setup(d, schema, E));
}

/* --------------------------------------------------- order of listings */

static void check_listing(struct quipu_trial *t, quipu_records *r,
                          const quipu_bytes *ids, size_t count)
{
    (void)t;
    for (size_t from = 0; from <= count; from++) {
        quipu_bytes after = from > 0 ? ids[from - 1] : (quipu_bytes){ NULL, 0 };
        quipu_sequences *list;
        const quipu_sequence *row;

        OK(quipu_sequences_open(r, after, &list, E));
        for (size_t i = from; i < count; i++) {
            OK(quipu_sequences_next(list, &row, E));
            CHECK(row, "the listing ends before sequence %zu", i);
            CHECK(quipu_bytes_equal(row->id, ids[i]),
                  "sequence %zu is not in its place in byte order", i);
            CHECK(row->last_position == (int64_t)(i % 3),
                  "sequence %zu is said to end at %" PRId64, i,
                  row->last_position);
        }
        OK(quipu_sequences_next(list, &row, E));
        CHECK(!row, "the listing goes on after its end");
        quipu_sequences_close(list);
    }
}

static void text_order(struct quipu_trial *t)
{
    static const char *const sorted[] = { " ",
                                          "!",
                                          "0",
                                          "10",
                                          "2",
                                          "A",
                                          "Aa",
                                          "B",
                                          "Z",
                                          "_",
                                          "a",
                                          "a ",
                                          "a-b",
                                          "aB",
                                          "aa",
                                          "ab",
                                          "b",
                                          "z",
                                          "~",
                                          "é",
                                          "ÿ",
                                          "Ā",
                                          "☃",
                                          "\xef\xbf\xbd",
                                          "\xf0\x9f\x98\x80" };
    enum { COUNT = sizeof sorted / sizeof *sorted };
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_TEXT);
    quipu_bytes ids[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        size_t k = i * 7 % COUNT; /* 25 and 7 have no common divisor */

        ids[k] = quipu_bytes_of_text(sorted[k]);
        quipu_batch_fill(t, r, ids[k], k % 3 + 1);
    }
    check_listing(t, r, ids, COUNT);
}

static void uuid_order(struct quipu_trial *t)
{
    static const uint8_t firsts[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_uuid uuids[12] = { 0 };
    quipu_bytes ids[12];

    for (size_t i = 0; i < 12; i++) {
        uuids[i].bytes[0] = firsts[i / 2];
        uuids[i].bytes[15] = i % 2 ? 0xff : 0;
        ids[i] = (quipu_bytes){ uuids[i].bytes, 16 };
    }
    for (size_t i = 0; i < 12; i++) {
        size_t k = i * 5 % 12;

        quipu_batch_fill(t, r, ids[k], k % 3 + 1);
    }
    check_listing(t, r, ids, 12);
}

/* A refused append must not leave its sequence in the listing. */
static void refused_not_listed(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);
    struct quipu_batch *b = quipu_batch_create(t, r, 2);
    quipu_sequences *list;
    const quipu_sequence *row;

    quipu_batch_at(b, s, 0, "good");
    quipu_batch_at(b, s, 5, "bad");
    ANSWERS(QUIPU_CONFLICT, quipu_batch_append(b));
    OK(quipu_sequences_open(r, (quipu_bytes){ NULL, 0 }, &list, E));
    OK(quipu_sequences_next(list, &row, E));
    CHECK(!row, "a sequence without items is listed");
    quipu_sequences_close(list);
}

/* ------------------------------------------------------------ F3 and F4 */

static void side_by_side(struct quipu_trial *t)
{
    static const unsigned shapes[] = {
        0, QUIPU_SHAPE_TEXT, QUIPU_SHAPE_NO_EVENT_ID | QUIPU_SHAPE_TEXT,
        QUIPU_SHAPE_METADATA | QUIPU_SHAPE_TIME
    };
    quipu_records *r[4];
    quipu_bytes s[4];

    for (size_t i = 0; i < 4; i++) {
        r[i] = quipu_trial_records(t, shapes[i]);
        s[i] = shapes[i] & QUIPU_SHAPE_TEXT ? quipu_bytes_of_text("s")
                                            : quipu_trial_sequence(t);
    }
    for (size_t round = 0; round < 5; round++) {
        for (size_t i = 0; i < 4; i++) {
            quipu_batch_fill(t, r[i], s[i], i + 1);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        CHECK(quipu_list_whole(t, r[i]).count == 5 * (i + 1),
              "schema %zu has other items", i);
    }
}

static void namespaces(struct quipu_trial *t)
{
    const char *name = t->prefix;
    quipu_datastore *a = quipu_trial_datastore(t);
    quipu_datastore *b =
        quipu_trial_open(t, quipu_trial_text(t, "namespace=%s", name));
    quipu_datastore *c =
        quipu_trial_open(t, quipu_trial_text(t, "namespace=%s", name));
    quipu_schema *schema = quipu_trial_schema(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_records *in_a, *in_b, *none;

    quipu_trial_setup(t, schema);
    ANSWERS(QUIPU_NOT_FOUND, quipu_records_open(b, schema, &none, E));
    OK(quipu_datastore_setup(b, schema, E));
    in_a = quipu_trial_bind(t, a, schema);
    in_b = quipu_trial_bind(t, b, schema);
    quipu_batch_fill(t, in_a, s, 3);
    quipu_batch_fill(t, in_b, s, 2);
    CHECK(quipu_list_whole(t, in_a).count == 3 &&
              quipu_list_whole(t, in_b).count == 2,
          "the namespaces share items");
    CHECK(quipu_list_count(t, quipu_trial_bind(t, c, schema), s) == 2,
          "one namespace, opened twice, is two");
}

static void namespaced_tracking(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_datastore *b =
        quipu_trial_open(t, quipu_trial_text(t, "namespace=%s", t->prefix));
    struct quipu_batch *batch = quipu_batch_create(t, r, 1);
    quipu_position p;

    quipu_batch_track(batch, t->prefix, "log", 3);
    OK(quipu_batch_append(batch));
    ANSWERS(QUIPU_NOT_FOUND, quipu_tracking_read(b, t->prefix, "log", &p, E));
}

static void setup_twice(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_COLUMNS);
    quipu_records *plain = quipu_trial_records(t, 0);

    for (unsigned i = 0; i < 3; i++) {
        OK(quipu_datastore_setup(quipu_trial_datastore(t),
                                 quipu_records_schema(r), E));
        OK(quipu_datastore_setup(quipu_trial_datastore(t),
                                 quipu_records_schema(plain), E));
        OK(quipu_batch_one_next(t, plain, quipu_trial_sequence(t)));
    }
    CHECK(quipu_list_whole(t, plain).count == 3, "set-up lost items");
}

/* Every way in which a schema can differ from what is set up. */
static void other_columns(struct quipu_trial *t)
{
    quipu_column other_kind[7], other_name[7], another[8];
    quipu_datastore *d = quipu_trial_datastore(t);
    quipu_schema *schema = quipu_trial_schema(
        t, QUIPU_SHAPE_METADATA | QUIPU_SHAPE_TIME | QUIPU_SHAPE_COLUMNS);
    quipu_records *r;

    memcpy(other_kind, schema->columns, sizeof other_kind);
    memcpy(other_name, schema->columns, sizeof other_name);
    memcpy(another, schema->columns, sizeof other_kind);
    another[7] = (quipu_column){ .name = "more", .kind = QUIPU_VALUE_INT };
    other_kind[4].kind = QUIPU_VALUE_TEXT;
    other_name[6].name = "at";
    quipu_trial_setup(t, schema);
    for (unsigned i = 0; i < 13; i++) {
        quipu_schema wrong = *schema;

        switch (i) {
        case 0:
            wrong.state = "data";
            break;
        case 1:
            wrong.event_id = NULL;
            break;
        case 2:
            wrong.metadata = NULL;
            break;
        case 3:
            wrong.time = NULL;
            break;
        case 4:
            wrong.flags |= QUIPU_SCHEMA_SPARSE;
            break;
        case 5:
            wrong.flags |= QUIPU_SCHEMA_TEXT_IDS;
            break;
        case 6:
            wrong.column_count = 6;
            break;
        case 7:
            wrong.columns = other_kind;
            break;
        case 8:
            wrong.notification_id = "number";
            break;
        case 9:
            wrong.sequence_id = schema->position;
            wrong.position = schema->sequence_id;
            break;
        case 10:
            wrong.columns = other_name;
            break;
        case 11:
            wrong.columns = another;
            wrong.column_count = 8;
            break;
        default:
            wrong.time = "at";
        }
        ANSWERS(QUIPU_CONFLICT, quipu_records_open(d, &wrong, &r, E));
        CHECK(strlen(E->message) > 0, "difference %u is not told", i);
        ANSWERS(QUIPU_CONFLICT, quipu_datastore_setup(d, &wrong, E));
    }
    r = quipu_trial_bind(t, d, schema); /* and nothing was changed */
}

static void not_set_up(struct quipu_trial *t)
{
    quipu_schema *schema = quipu_trial_schema(t, 0);
    quipu_records *r;

    ANSWERS(QUIPU_NOT_FOUND,
            quipu_records_open(quipu_trial_datastore(t), schema, &r, E));
    ANSWERS(QUIPU_NOT_FOUND,
            quipu_datastore_teardown(quipu_trial_datastore(t), schema, E));
}

static void torn_down(struct quipu_trial *t)
{
    quipu_datastore *d = quipu_trial_datastore(t);
    quipu_schema *schema = quipu_trial_schema(t, 0);
    quipu_records *r, *other = quipu_trial_records(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);

    OK(quipu_batch_one_next(t, other, s));
    for (unsigned i = 0; i < 3; i++) {
        quipu_trial_setup(t, schema);
        r = quipu_trial_bind(t, d, schema);
        CHECK(quipu_list_log_count(t, r) == 0, "items of an earlier life");
        quipu_batch_fill(t, r, s, 4);
        CHECK(quipu_list_whole(t, r).count == 4, "not four items");
        quipu_trial_unbind(t, r);
        OK(quipu_datastore_teardown(d, schema, E));
        ANSWERS(QUIPU_NOT_FOUND, quipu_records_open(d, schema, &r, E));
    }
    CHECK(quipu_list_whole(t, other).count == 1, "another schema was hurt");
}

static bool is_void(int status)
{
    return status == QUIPU_OK || status == QUIPU_NOT_FOUND;
}

/* The status of opening, and what comes of it. */
static void check_void_cursor(int status, quipu_cursor *cursor)
{
    const quipu_item *item = NULL;
    unsigned count = 0;

    while (status == QUIPU_OK &&
           (status = quipu_cursor_next(cursor, &item, E)) == QUIPU_OK && item) {
        count++;
    }
    CHECK(is_void(status) && count <= 2,
          "a read of what was torn down finds %u items and answers %s: %s",
          count, quipu_status_name(status), E->message);
    quipu_cursor_close(cursor);
}

static void check_void_sequences(quipu_records *r)
{
    const quipu_sequence *sequence = NULL;
    quipu_sequences *sequences = NULL;
    unsigned count = 0;
    int status = quipu_sequences_open(r, (quipu_bytes){ 0 }, &sequences, E);

    while (status == QUIPU_OK &&
           (status = quipu_sequences_next(sequences, &sequence, E)) ==
               QUIPU_OK &&
           sequence) {
        count++;
    }
    CHECK(is_void(status) && count <= 1,
          "of what was torn down %u sequences are listed, and it answers %s: "
          "%s",
          count, quipu_status_name(status), E->message);
    quipu_sequences_close(sequences);
}

/* Reads find what was there, or nothing, or answer NOT_FOUND. */
static void check_void_reads(struct quipu_trial *t, quipu_records *r,
                             quipu_bytes s)
{
    quipu_cursor *cursor = NULL;
    quipu_position head;
    int64_t number = 0;
    int status = quipu_records_read(r, s, NULL, &cursor, E);

    check_void_cursor(status, cursor);
    check_void_sequences(r);
    CHECK(is_void(quipu_records_last(r, s, &number, E)), "last: %s",
          E->message);
    if (!(t->traits & QUIPU_CAN_LOG)) {
        return;
    }
    cursor = NULL;
    status = quipu_records_read_log(r, NULL, &cursor, E);
    check_void_cursor(status, cursor);
    CHECK(is_void(quipu_records_head(r, &head, E)), "head: %s", E->message);
    status = quipu_records_wait(r, 2, 0, &number, E);
    CHECK(is_void(status) || status == QUIPU_TIMEOUT, "wait: %s", E->message);
}

/* What is bound stays bound, and is void: an append must not seem stored. */
static void torn_down_under_user(struct quipu_trial *t)
{
    quipu_datastore *d = quipu_trial_datastore(t);
    quipu_schema *schema = quipu_trial_schema(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_records *r;

    quipu_trial_setup(t, schema);
    r = quipu_trial_bind(t, d, schema);
    quipu_batch_fill(t, r, s, 2);
    OK(quipu_datastore_teardown(d, schema, E));
    ANSWERS(QUIPU_NOT_FOUND, quipu_batch_one_next(t, r, s));
    ANSWERS(QUIPU_NOT_FOUND, quipu_batch_one_at(t, r, s, 2));
    check_void_reads(t, r, s);
    quipu_trial_unbind(t, r);
}

/* What the catalogue tells is enough to open each schema. */
static void catalogue(struct quipu_trial *t)
{
    static const unsigned shapes[] = { 0, QUIPU_SHAPE_TEXT, QUIPU_SHAPE_SPARSE,
                                       QUIPU_SHAPE_METADATA | QUIPU_SHAPE_TIME |
                                           QUIPU_SHAPE_COLUMNS,
                                       QUIPU_SHAPE_NO_EVENT_ID };
    const quipu_schema *mine[5], *row;
    quipu_schemas *list;
    char last[200] = "";
    unsigned found = 0;

    for (size_t i = 0; i < 5; i++) {
        mine[i] = quipu_records_schema(quipu_trial_records(t, shapes[4 - i]));
    }
    OK(quipu_schemas_open(quipu_trial_datastore(t), &list, E));
    for (;;) {
        OK(quipu_schemas_next(list, &row, E));
        if (!row) {
            break;
        }
        CHECK(strcmp(last, row->table) < 0, "not in order of table names");
        snprintf(last, sizeof last, "%s", row->table);
        for (size_t i = 0; i < 5; i++) {
            if (strcmp(row->table, mine[i]->table) == 0) {
                quipu_records *r;

                OK(quipu_records_open(quipu_trial_datastore(t), row, &r, E));
                OK(quipu_records_close(r, E));
                CHECK(row->flags == mine[i]->flags &&
                          row->column_count == mine[i]->column_count,
                      "the catalogue tells another schema");
                found++;
            }
        }
    }
    quipu_schemas_close(list);
    CHECK(found == 5, "%u of 5 schemas are listed", found);
}

static void presets(struct quipu_trial *t)
{
    quipu_schema a, b;

    quipu_schema_init(&a, sizeof a, quipu_schema_stored_events());
    quipu_schema_init(&b, sizeof b, quipu_schema_sequenced_items());
    a.table = quipu_trial_name(t, "stored_events");
    b.table = quipu_trial_name(t, "sequenced_items");
    use(t, quipu_trial_datastore(t), &a);
    use(t, quipu_trial_datastore(t), &b);
    OK(quipu_datastore_teardown(quipu_trial_datastore(t), &a, E));
    OK(quipu_datastore_teardown(quipu_trial_datastore(t), &b, E));
}

/* --------------------------------------------------- set-up, concurrently */

static void setup_and_use(struct quipu_trial *t, void *shared, unsigned i)
{
    const quipu_schema *const *schemas = shared;

    for (size_t k = 0; k < 4; k++) {
        quipu_datastore *d = quipu_trial_datastore(t);
        quipu_records *r;

        OK(quipu_datastore_setup(d, schemas[(i + k) % 4], E));
        r = quipu_trial_bind(t, d, schemas[(i + k) % 4]);
        OK(quipu_batch_one_next(t, r, quipu_trial_sequence(t)));
    }
}

static void setup_by_processes(struct quipu_trial *t)
{
    const quipu_schema **schemas = quipu_crew_share(4 * sizeof *schemas);
    struct quipu_crew crew;

    for (size_t k = 0; k < 4; k++) {
        schemas[k] = quipu_trial_schema(t, 0);
    }
    crew = quipu_crew_start(t, 4, setup_and_use, schemas);
    quipu_crew_go(&crew); /* the store itself is not there yet */
    quipu_crew_join(&crew);
    for (size_t k = 0; k < 4; k++) {
        quipu_trial_setup(t, schemas[k]);
        CHECK(quipu_list_whole(t, quipu_trial_bind(t, t->main, schemas[k]))
                      .count == 4,
              "not one item of each process");
    }
}

struct setters {
    quipu_datastore *datastores[8];
    const quipu_schema *schema;
};

static void setup_in_thread(void *context, unsigned i)
{
    struct setters *s = context;

    OK(quipu_datastore_setup(s->datastores[i], s->schema, E));
}

static void setup_by_threads(struct quipu_trial *t)
{
    struct setters s;

    for (unsigned i = 0; i < 8; i++) {
        s.datastores[i] = quipu_trial_datastore(t);
        if (i > 3 && (t->traits & QUIPU_TRAIT_JOINT)) {
            s.datastores[i] = quipu_trial_open(t, NULL);
        }
    }
    for (unsigned round = 0; round < 10; round++) {
        s.schema = quipu_trial_schema(t, 0);
        quipu_crowd_threads(8, setup_in_thread, &s);
        use(t, quipu_trial_datastore(t), s.schema);
        OK(quipu_datastore_teardown(quipu_trial_datastore(t), s.schema, E));
    }
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
    { "F2.names-are-quoted",
      "Names are data: reserved words, quotes and whole statements.",
      hostile_names, 0, 0, 0 },
    { "F2.table-names-are-quoted",
      "The three names that this project is shown with.", bare_hostile_tables,
      0, 0, 0 },
    { "F2.table-names-differ-by-more-than-case",
      "Some back ends fold them, and every store can be copied to every other.",
      case_of_tables, 0, 0, 0 },
    { "F2.names-of-63-bytes", "A name that is cut collides with another.",
      longest_names, 0, 0, 0 },
    { "F2.wrong-schemas-are-invalid",
      "What one store cannot hold, none takes: programs move between them.",
      wrong_schemas, 0, 0, 0 },
    { "F2.text-ids-list-in-byte-order",
      "Not by locale, not by case: two stores page alike.", text_order, 0, 0,
      0 },
    { "F2.uuids-list-in-byte-order", "Bytes above 0x7F are not negative.",
      uuid_order, 0, 0, 0 },
    { "F2.empty-sequences-are-not-listed",
      "A sequence is there when it has an item.", refused_not_listed, 0, 0, 0 },
    { "F3.schemas-side-by-side", "They share a store, and nothing else.",
      side_by_side, LOG, 0, 0 },
    { "F3.namespaces-are-apart",
      "One store serves many; none sees another's schemas.", namespaces,
      LOG | QUIPU_TRAIT_JOINT, 0, 0 },
    { "F3.tracking-of-namespaces-is-apart",
      "Two tenants' consumers may have one name.", namespaced_tracking,
      QUIPU_CAN_TRACK | QUIPU_TRAIT_JOINT, 0, 0 },
    { "F4.set-up-is-idempotent", "Every program sets up as it starts.",
      setup_twice, LOG, 0, 0 },
    { "F4.set-up-by-four-processes",
      "All the instances of a program start at once, on a new store.",
      setup_by_processes, LOG | QUIPU_CAN_SHARE, 0, 0 },
    { "F4.set-up-by-eight-threads", "So do a program's threads.",
      setup_by_threads, 0, 0, 0 },
    { "F4.other-columns-conflict",
      "Found when it is opened, not when the first event is lost.",
      other_columns, 0, 0, 0 },
    { "F4.not-set-up-is-not-found", "Binding creates nothing.", not_set_up, 0,
      0, 0 },
    { "F4.teardown-removes-all", "And a new life begins at 1.", torn_down, LOG,
      0, 0 },
    { "F4.torn-down-under-its-user",
      "What is gone takes no more events, and says so.", torn_down_under_user,
      0, 0, 0 },
    { "F4.catalogue-tells-the-schemas",
      "Tools that know only a URI find their way.", catalogue, 0, 0, 0 },
    { "F4.presets", "The two schemas that most programs use.", presets, 0, 0,
      0 },
};
QUIPU_FAMILY(schemas);
