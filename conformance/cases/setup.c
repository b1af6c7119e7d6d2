/* SPDX-License-Identifier: Apache-2.0 */
/* F4: set-up and tear-down. */
#include "suite.h"

#include <string.h>

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

    memcpy(other_kind, schema->columns, sizeof(other_kind));
    memcpy(other_name, schema->columns, sizeof(other_name));
    memcpy(another, schema->columns, sizeof(other_kind));
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
    const quipu_schema **schemas = quipu_crew_share(4 * sizeof(*schemas));
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
        quipu_batch_try_schema(t, quipu_trial_datastore(t), s.schema);
        OK(quipu_datastore_teardown(quipu_trial_datastore(t), s.schema, E));
    }
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
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
};
QUIPU_FAMILY(setup);
