/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C7: a store with events of two releases, plain and sealed, some of them
 * erased, is copied to the next back end, from there to the third, and back to
 * one of the first kind; and the same by export and import.  Every store has
 * equal items, to the bit (E7), and the last one is read as the first.  The
 * entries of the program are copied, those of quipu are not.
 */
#include "acceptance.h"

#include <quipu/declare.h>
#include <quipu/quipu.h>

#include <stdlib.h>

enum {
    STORES = 4, /* of a ring: the source, two others, one of its own kind */
    EVENTS = 3  /* of a letter, by each release */
};

/* ---------------------------------------------------------------- releases */

QUIPU_EVENT(written_1, "Letter.Written", QUIPU_VALUE(const char *, text),
            QUIPU_VALUE(int64_t, grams), QUIPU_VALUE(const char *, note));
static const quipu_event_type *const types_1[] = { &written_1 };

static int to_milligrams(quipu_rewrite *members, quipu_error *error)
{
    int64_t grams = 0;

    if (!quipu_rewrite_int(members, "grams", &grams)) {
        return quipu_error_set(error, QUIPU_CORRUPT, "no weight");
    }
    quipu_rewrite_remove(members, "grams");
    quipu_rewrite_set_int(members, "milligrams", grams * 1000);
    return QUIPU_OK;
}

static const quipu_cast casts[] = { { .from = 1, .cast = to_milligrams },
                                    { 0 } };
static const char *const topics[] = { "Letter.Written", NULL };
static const quipu_event_traits posted_traits = {
    .struct_size = sizeof(posted_traits),
    .version = 2,
    .casts = casts,
    .aliases = topics,
};
QUIPU_EVENT(posted, "Letter.Posted", QUIPU_VALUE(const char *, text),
            QUIPU_VALUE(int64_t, milligrams), QUIPU_VALUE(const char *, note),
            QUIPU_TRAITS(posted_traits));
static const quipu_event_type *const types_2[] = { &posted };

QUIPU_AGGREGATE(letter, QUIPU_VALUE(int64_t, milligrams));
QUIPU_HANDLER(letter, posted)
{
    letter->milligrams += event->milligrams;
    return QUIPU_OK;
}
static QUIPU_AGGREGATE_TYPE(letter, "Letter", QUIPU_APPLIES(posted));

static const quipu_column columns[] = {
    { .name = "note", .kind = QUIPU_VALUE_TEXT },
};

/* ------------------------------------------------------------------ stores */

/* An opened store; the second release encrypts and compresses. */
struct release {
    quipu_datastore *datastore;
    quipu_store *store;
    quipu_keyring *ring;
};

static void open_release(struct release *release, const char *uri, int number)
{
    quipu_mapping mapping = {
        .struct_size = sizeof(mapping),
        .types = number == 1 ? types_1 : types_2,
        .type_count = 1,
    };
    quipu_schema schema;
    quipu_error error;
#if QUIPU_SEALING
    quipu_key key;

    memset(&key, 7, sizeof(key));
    assert_ok(quipu_keyring_create(&key, 1, &release->ring, &error), &error);
    const quipu_sealing sealing = {
        .struct_size = sizeof(sealing),
        .keys = quipu_keyring_keys(release->ring),
        .whole = true,
        .level = 3,
        .compress_above = 64,
    };

    mapping.sealing = number == 1 ? NULL : &sealing;
#endif
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    schema.metadata = "metadata";
    schema.time = "written_at";
    schema.columns = columns;
    schema.column_count = 1;
    assert_ok(quipu_datastore_open(uri, NULL, &release->datastore, &error),
              &error);
    assert_ok(quipu_datastore_setup(release->datastore, &schema, &error),
              &error);
    assert_ok(quipu_store_open(release->datastore, &schema, &mapping,
                               &release->store, &error),
              &error);
}

static void close_release(struct release *release)
{
    quipu_error error;

    assert_ok(quipu_store_close(release->store, &error), &error);
    assert_ok(quipu_datastore_close(release->datastore, &error), &error);
#if QUIPU_SEALING
    quipu_keyring_close(release->ring);
#endif
}

static quipu_id id_of(int number)
{
    char text[32];
    quipu_error error;
    quipu_id id;

    (void)snprintf(text, sizeof(text), "letter-%d", number);
    assert_ok(quipu_id_of_text(&id, text, &error), &error);
    return id;
}

union any_event {
    quipu_event base;
    struct written_1 written;
    struct posted posted;
};

static void append(struct release *release, int number, int64_t version)
{
    const quipu_id id = id_of(number);
    const bool is_first = version < EVENTS;
    union any_event event = { .base = { .type = NULL } };
    const quipu_event *const events[] = { &event.base };
    char text[400];
    quipu_error error;

    memset(text, 'a' + number % 26, sizeof(text));
    text[(version * 131 + number) % 400] = '\0';
    if (is_first) {
        event.written.text = text;
        event.written.note = "of the first";
        event.written.grams = number + version;
    } else {
        event.posted.text = text;
        event.posted.note = "of the second";
        event.posted.milligrams = 1000 * (number + version);
    }
    quipu_event_init(&event.base, is_first ? &written_1 : &posted, &id,
                     version);
    event.base.metadata = quipu_bytes_of_text(version % 2 ? "metadata" : NULL);
    assert_ok(quipu_store_append(release->store, events, 1, NULL, &error),
              &error);
}

static void write_entry(struct release *release)
{
    const quipu_entry_write write = {
        .key = quipu_bytes_of_text("mine"),
        .value = quipu_bytes_of_text("a value"),
    };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = &write,
                                          .entry_count = 1 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };
    quipu_error error;

    assert_ok(quipu_datastore_commit(release->datastore, &append, NULL, &error),
              &error);
}

static quipu_repository *open_letters(struct release *release)
{
    const quipu_snapshot_policy policy = { .struct_size = sizeof(policy),
                                           .every = 1 };
    quipu_repository *letters = NULL;
    quipu_error error;

    assert_ok(quipu_repository_open(release->store, NULL, &letter_type,
                                    &letters, &error),
              &error);
    assert_ok(quipu_repository_use_snapshots(letters, &policy, &error), &error);
    return letters;
}

/* The sum of all letters, each of which has all versions.  Takes snapshots. */
static int64_t weigh(struct release *release, int letters)
{
    quipu_repository *repository = open_letters(release);
    quipu_error error;
    int64_t sum = 0;

    for (int number = 0; number < letters; number++) {
        const quipu_id id = id_of(number);
        struct letter *letter = quipu_repository_get(repository, &id, &error);

        assert_non_null(letter);
        assert_int_equal(letter->base.version, 2 * EVENTS);
        sum += letter->milligrams;
        quipu_aggregate_destroy(letter);
    }
    quipu_repository_close(repository);
    return sum;
}

/* Erases one event of each second letter, and all of each tenth. */
static int64_t erase(struct release *release, int letters)
{
    int64_t sum = 0;

    for (int number = 0; number < letters; number += 2) {
        const quipu_id id = id_of(number);
        const int64_t lower = number % 10 == 0 ? 0 : number / 2 % (2 * EVENTS);
        const quipu_erasure erasure = {
            .struct_size = sizeof(erasure),
            .sequence_id = quipu_id_bytes(&id),
            .lower = lower,
            .upper = number % 10 == 0 ? 2 * EVENTS : lower,
        };
        int64_t erased = 0;
        quipu_error error;

        assert_ok(quipu_records_erase(quipu_store_records(release->store),
                                      &erasure, &erased, &error),
                  &error);
        sum += erased;
    }
    return sum;
}

/* Makes the source; returns the sum of the letters. */
static int64_t make_source(struct acceptance *run, const char *uri, int letters)
{
    struct release release;

    open_release(&release, uri, 1);
    for (int number = 0; number < letters; number++) {
        for (int64_t version = 0; version < EVENTS; version++) {
            append(&release, number, version);
        }
    }
    write_entry(&release);
    close_release(&release);
    open_release(&release, uri, 2);
    for (int number = 0; number < letters; number++) {
        for (int64_t version = EVENTS; version < 2 * EVENTS; version++) {
            append(&release, number, version);
        }
    }
    const int64_t whole = weigh(&release, letters);
    const int64_t erased = erase(&release, letters);
    const int64_t sum = weigh(&release, letters);

    assert_true(sum > 0 && sum < whole);
    acceptance_note(run, "%d events, %lld of them erased", letters * 2 * EVENTS,
                    (long long)erased);
    close_release(&release);
    return sum;
}

/* --------------------------------------------------------------- comparing */

struct seen {
    int64_t items;
    int64_t erased;
    int64_t old; /* of version 1 */
    int64_t sealed;
};

static void assert_same_bytes(quipu_bytes a, quipu_bytes b)
{
    assert_true((a.data == NULL) == (b.data == NULL));
    assert_bytes(a.data, a.size, b.data, b.size);
}

static void compare_items(const quipu_item *a, const quipu_item *b)
{
    assert_int_equal(a->notification_id, b->notification_id);
    assert_int_equal(a->position, b->position);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->time.microseconds, b->time.microseconds);
    assert_same_bytes(a->sequence_id, b->sequence_id);
    assert_same_bytes(a->topic, b->topic);
    assert_same_bytes(a->event_id, b->event_id);
    assert_same_bytes(a->state, b->state);
    assert_same_bytes(a->metadata, b->metadata);
    assert_int_equal(a->columns[0].kind, b->columns[0].kind);
    if (a->columns[0].kind != QUIPU_VALUE_NULL) {
        assert_same_bytes(a->columns[0].as.bytes, b->columns[0].as.bytes);
    }
}

static void note_item(struct seen *seen, const quipu_item *item)
{
    quipu_state state;
    quipu_error error;

    seen->items++;
    if (item->flags & QUIPU_ITEM_ERASED) {
        seen->erased++;
        return;
    }
    assert_ok(quipu_state_split(item->state, &state, &error), &error);
    seen->old += state.version == 1;
    seen->sealed += (state.flags & QUIPU_STATE_IS_ENCRYPTED) != 0;
}

static struct seen compare_logs(const struct release *a,
                                const struct release *b)
{
    struct seen seen = { 0 };
    const quipu_item *left = NULL;
    const quipu_item *right = NULL;
    quipu_cursor *cursors[2] = { NULL, NULL };
    quipu_error error;

    assert_ok(quipu_records_read_log(quipu_store_records(a->store), NULL,
                                     &cursors[0], &error),
              &error);
    assert_ok(quipu_records_read_log(quipu_store_records(b->store), NULL,
                                     &cursors[1], &error),
              &error);
    do {
        assert_ok(quipu_cursor_next(cursors[0], &left, &error), &error);
        assert_ok(quipu_cursor_next(cursors[1], &right, &error), &error);
        assert_true((left == NULL) == (right == NULL));
        if (left && right) {
            compare_items(left, right);
            note_item(&seen, left);
        }
    } while (left && right);
    quipu_cursor_close(cursors[0]);
    quipu_cursor_close(cursors[1]);
    return seen;
}

/* Counts the entries of the program and of quipu. */
static void count_entries(const struct release *release, int64_t *own,
                          int64_t *others)
{
    const quipu_entry *entry = NULL;
    quipu_entries *entries = NULL;
    quipu_error error;

    *own = *others = 0;
    assert_ok(quipu_entries_open(release->datastore, (quipu_bytes){ NULL, 0 },
                                 &entries, &error),
              &error);
    do {
        assert_ok(quipu_entries_next(entries, &entry, &error), &error);
        if (entry && entry->key.size > 6 &&
            memcmp(entry->key.data, "quipu/", 6) == 0) {
            *own += 1;
        } else if (entry) {
            *others += 1;
        }
    } while (entry);
    quipu_entries_close(entries);
}

/* ------------------------------------------------------------------- rings */

static void prepare_ring(const struct acceptance *run, const char *label,
                         char uris[STORES][128])
{
    const struct model *const models[] = { &model_sqlite, &model_lmdb,
                                           &model_postgres };
    size_t first = 0;

    while (models[first] != run->model) {
        first++;
    }
    for (size_t i = 0; i < STORES; i++) {
        const struct model *model = models[(first + i) % 3];
        char own[32];
        char name[96];

        (void)snprintf(own, sizeof(own), "%s%zu", label, i);
        model->prepare(own, "timeout=60000", name);
        (void)snprintf(uris[i], 128, "%s:///%s", model->driver, name);
    }
}

/* Runs the program with a store, and what follows its URI; it must succeed. */
static void command(const char *name, const char *uri, const char *rest)
{
    char line[700];

    (void)snprintf(line, sizeof(line), "\"%s\" %s '%s' %s", QUIPU_PROGRAM, name,
                   uri, rest);
    /* NOLINTNEXTLINE(cert-env33-c): the test's own command. */
    assert_int_equal(system(line), 0);
}

static void copy(const char *name, const char *from, const char *to)
{
    char rest[200];

    (void)snprintf(rest, sizeof(rest), "'%s' >copy.out", to);
    command(name, from, rest);
}

static void export_and_import(const char *from, const char *to)
{
    command("export", from, ">all.jsonl");
    command("import", to, "<all.jsonl >import.out");
    command("verify", to, ">verify.out");
}

/* Fails unless the store is equal to the source, and read as it. */
static void check(struct acceptance *run, const char *source, const char *uri,
                  int letters, int64_t sum, int64_t others)
{
    struct release a;
    struct release b;
    int64_t own = 0;
    int64_t copied = 0;

    open_release(&a, source, 2);
    open_release(&b, uri, 2);
    const struct seen seen = compare_logs(&a, &b);

    assert_int_equal(seen.items, letters * 2 * EVENTS);
    assert_true(seen.erased > 0 && seen.old > 0);
    assert_true(!QUIPU_SEALING || seen.sealed > 0);
    count_entries(&a, &own, &copied);
    assert_true(own >= letters);
    count_entries(&b, &own, &copied);
    assert_int_equal(own, 0);
    assert_int_equal(copied, others);
    assert_int_equal(weigh(&b, letters), sum);
    if (strcmp(source, uri) != 0 && others > 0) {
        acceptance_note(run,
                        "; %lld equal (%lld erased, %lld of version 1, "
                        "%lld sealed)",
                        (long long)seen.items, (long long)seen.erased,
                        (long long)seen.old, (long long)seen.sealed);
    }
    close_release(&b);
    close_release(&a);
}

static void copy_around(struct acceptance *run)
{
    const int letters = run->is_short ? 20 : 1000;
    char copies[STORES][128];
    char imports[STORES][128];

    if (!getenv("QUIPU_TEST_POSTGRES")) {
        acceptance_skip(run, "needs tests/postgres/with-cluster");
    }
    prepare_ring(run, "copied", copies);
    prepare_ring(run, "imported", imports);
    const int64_t sum = make_source(run, copies[0], letters);
    const char *source = copies[0];

    for (size_t i = 1; i < STORES; i++) {
        copy("copy", copies[i - 1], copies[i]);
        export_and_import(i == 1 ? source : imports[i - 1], imports[i]);
    }
    copy("copy --verify-only", source, copies[STORES - 1]);
    for (size_t i = 1; i < STORES; i++) {
        check(run, source, copies[i], letters, sum, 1);
        check(run, source, imports[i], letters, sum, 0);
    }
    acceptance_note(run, "; %d copies and %d imports, differences 0",
                    STORES - 1, STORES - 1);
}

const struct acceptance_test acceptance_copies = {
    .name = "C7",
    .title = "erased, sealed and old events go around the back ends by copies",
    .run = copy_around,
    .has_short = true,
};
