/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C4, erasing: persons are aggregates with snapshots, and `quipu erase` erases
 * half of them.  Afterwards no read yields a byte of what their events said: no
 * item, no entry, no snapshot that is taken again, and no output of a command.
 * On a back end that can scrub, no file of the store has one either (E1, E8).
 * The other persons are as they were (E5).
 *
 * All that is erased consists of the word CANARY, repeated, so that 16 bytes of
 * it cannot stay anywhere without the word.  The events of the others consist
 * of SPARROW, which has to be found, so that the searches are known to work.
 */
#include "acceptance.h"

#include <quipu/declare.h>
#include <quipu/quipu.h>

#include <stdlib.h>

#define CANARY "Canary"
#define SPARROW "Sparrow"
#define OUTPUT "command.out"

enum {
    EVENTS = 6,  /* of a person */
    LONG = 1500, /* repetitions of a word that fill more than a page */
    TEXT_SIZE = LONG * 8
};

QUIPU_EVENT(named, "Person.Named", QUIPU_VALUE(const char *, name),
            QUIPU_VALUE(const char *, note));
QUIPU_AGGREGATE(person, QUIPU_NULLABLE(char *, name));
QUIPU_HANDLER(person, named)
{
    return quipu_text_set(&person->name, event->name, error);
}
static QUIPU_AGGREGATE_TYPE(person, "Person", QUIPU_APPLIES(named));

static const quipu_event_type *const types[] = { &named };
static const quipu_column columns[] = {
    { .name = "note", .kind = QUIPU_VALUE_TEXT },
};
static const quipu_snapshot_policy policy = {
    .struct_size = sizeof(policy),
    .every = 1,
    .kept = 3,
};

/* A store of persons; those with even numbers are erased. */
struct persons {
    char uri[128];
    int count;
    quipu_datastore *datastore;
    quipu_store *store;
    quipu_repository *repository;
};

/* How often the words were found. */
struct found {
    int64_t canaries;
    int64_t sparrows;
};

/* ------------------------------------------------------------------- store */

static void open_persons(struct persons *persons)
{
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 1 };
    quipu_schema schema;
    quipu_error error;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    schema.metadata = "metadata";
    schema.columns = columns;
    schema.column_count = 1;
    assert_ok(
        quipu_datastore_open(persons->uri, NULL, &persons->datastore, &error),
        &error);
    assert_ok(quipu_datastore_setup(persons->datastore, &schema, &error),
              &error);
    assert_ok(quipu_store_open(persons->datastore, &schema, &mapping,
                               &persons->store, &error),
              &error);
    assert_ok(quipu_repository_open(persons->store, NULL, &person_type,
                                    &persons->repository, &error),
              &error);
    assert_ok(
        quipu_repository_use_snapshots(persons->repository, &policy, &error),
        &error);
}

static void close_persons(struct persons *persons)
{
    quipu_error error;

    quipu_repository_close(persons->repository);
    assert_ok(quipu_store_close(persons->store, &error), &error);
    assert_ok(quipu_datastore_close(persons->datastore, &error), &error);
}

static quipu_id id_of(int number)
{
    char text[32];
    quipu_error error;
    quipu_id id;

    (void)snprintf(text, sizeof(text), "person-%d", number);
    assert_ok(quipu_id_of_text(&id, text, &error), &error);
    return id;
}

/* Writes the person's word, repeated as the version says. */
static void make_name(int number, int64_t version, char text[TEXT_SIZE])
{
    static const int repeated[] = { 3, 60, LONG };
    const char *word = number % 2 == 0 ? CANARY : SPARROW;
    size_t size = 0;

    for (int i = 0; i < repeated[version % 3]; i++) {
        (void)snprintf(text + size, TEXT_SIZE - size, "%s", word);
        size += strlen(word);
    }
}

/* Stores the events of a person, and a snapshot after each. */
static void add_person(struct persons *persons, int number)
{
    static char name[TEXT_SIZE];
    static char note[TEXT_SIZE];
    const quipu_id id = id_of(number);
    quipu_error error;

    make_name(number, 1, note);
    for (int64_t version = 0; version < EVENTS; version++) {
        struct named event = { .name = name, .note = note };
        const quipu_event *const events[] = { &event.base };

        make_name(number, version, name);
        quipu_event_init(&event.base, &named, &id, version);
        event.base.metadata = quipu_bytes_of_text(note);
        assert_ok(quipu_store_append(persons->store, events, 1, NULL, &error),
                  &error);
        quipu_aggregate_destroy(
            quipu_repository_get(persons->repository, &id, &error));
    }
}

/* E5, E10: the erased persons exist, with nothing in them. */
static void check_persons(struct persons *persons)
{
    static char name[TEXT_SIZE];
    quipu_error error;

    for (int number = 0; number < persons->count; number++) {
        const quipu_id id = id_of(number);
        struct person *person =
            quipu_repository_get(persons->repository, &id, &error);

        assert_non_null(person);
        assert_int_equal(person->base.version, EVENTS);
        make_name(number, EVENTS - 1, name);
        if (number % 2 == 0) {
            assert_null(person->name);
        } else {
            assert_string_equal(person->name, name);
        }
        quipu_aggregate_destroy(person);
    }
}

/* --------------------------------------------------------------- searching */

static void search(struct found *found, quipu_bytes bytes)
{
    found->canaries += bytes.size > 0 && memmem(bytes.data, bytes.size, CANARY,
                                                strlen(CANARY)) != NULL;
    found->sparrows += bytes.size > 0 && memmem(bytes.data, bytes.size, SPARROW,
                                                strlen(SPARROW)) != NULL;
}

static void search_cursor(struct found *found, quipu_cursor *cursor)
{
    const quipu_item *item = NULL;
    quipu_error error;

    do {
        assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
        if (item) {
            search(found, item->state);
            search(found, item->metadata);
            search(found, item->columns[0].kind == QUIPU_VALUE_TEXT
                              ? item->columns[0].as.bytes
                              : (quipu_bytes){ NULL, 0 });
        }
    } while (item);
    quipu_cursor_close(cursor);
}

/* States, metadata and columns of the log and of each sequence. */
static struct found search_items(const struct persons *persons)
{
    quipu_records *records = quipu_store_records(persons->store);
    struct found found = { .canaries = 0 };
    quipu_cursor *cursor = NULL;
    quipu_error error;

    assert_ok(quipu_records_read_log(records, NULL, &cursor, &error), &error);
    search_cursor(&found, cursor);
    for (int number = 0; number < persons->count; number++) {
        const quipu_id id = id_of(number);

        assert_ok(quipu_records_read(records, quipu_id_bytes(&id), NULL,
                                     &cursor, &error),
                  &error);
        search_cursor(&found, cursor);
    }
    return found;
}

static struct found search_entries(const struct persons *persons)
{
    struct found found = { .canaries = 0 };
    const quipu_entry *entry = NULL;
    quipu_entries *entries = NULL;
    quipu_error error;

    assert_ok(quipu_entries_open(persons->datastore, (quipu_bytes){ NULL, 0 },
                                 &entries, &error),
              &error);
    do {
        assert_ok(quipu_entries_next(entries, &entry, &error), &error);
        if (entry) {
            search(&found, entry->value);
        }
    } while (entry);
    quipu_entries_close(entries);
    return found;
}

/* The number of files of which grep with these arguments prints the name. */
static int64_t count_files(const char *arguments)
{
    char command[200];
    int64_t count = 0;
    int byte;

    /* Nothing found is no failure. */
    (void)snprintf(command, sizeof(command), "grep -rlaF %s || [ $? = 1 ]",
                   arguments);
    /* NOLINTNEXTLINE(cert-env33-c): the test's own command. */
    FILE *files = popen(command, "r");

    assert_non_null(files);
    while ((byte = fgetc(files)) != EOF) {
        count += byte == '\n';
    }
    assert_int_equal(pclose(files), 0);
    return count;
}

/* The files of the stores of this test; a server's are elsewhere. */
static struct found search_files(void)
{
    return (struct found){
        .canaries = count_files("--exclude=" OUTPUT " " CANARY " ."),
        .sparrows = count_files("--exclude=" OUTPUT " " SPARROW " ."),
    };
}

/* ---------------------------------------------------------------- commands */

/* Runs the program with these arguments and the store's URI; it must succeed.
 */
static void command(const struct persons *persons, const char *arguments)
{
    char line[600];

    (void)snprintf(line, sizeof(line), "\"%s\" %s '%s' >" OUTPUT, QUIPU_PROGRAM,
                   arguments, persons->uri);
    /* NOLINTNEXTLINE(cert-env33-c): the test's own command. */
    assert_int_equal(system(line), 0);
}

static void erase_half(const struct persons *persons, bool scrubs)
{
    char arguments[64];

    for (int number = 0; number < persons->count; number += 2) {
        (void)snprintf(arguments, sizeof(arguments),
                       "erase --yes %s --sequence person-%d",
                       scrubs ? "--scrub" : "", number);
        command(persons, arguments);
    }
}

/* The commands that print events print nothing of it either. */
static void check_outputs(const struct persons *persons)
{
    static const char *const printing[] = { "log --full", "log --json",
                                            "export" };

    for (size_t i = 0; i < sizeof(printing) / sizeof(*printing); i++) {
        command(persons, printing[i]);
        assert_int_equal(count_files(CANARY " " OUTPUT), 0);
        assert_int_equal(count_files(SPARROW " " OUTPUT), 1);
    }
    command(persons, "verify");
}

/* ---------------------------------------------------------------- the test */

static void run_once(struct acceptance *run, bool scrubs)
{
    struct persons persons = { .count = run->is_short ? 8 : 60 };
    const int64_t kept = persons.count / 2 * EVENTS;
    char name[96];

    run->model->prepare(scrubs ? "scrubbed" : "erased", "timeout=60000", name);
    (void)snprintf(persons.uri, sizeof(persons.uri), "%s:///%s",
                   run->model->driver, name);
    open_persons(&persons);
    for (int number = 0; number < persons.count; number++) {
        add_person(&persons, number);
    }
    const struct found items = search_items(&persons);
    const struct found entries = search_entries(&persons);

    /* State, metadata and column, in the log and in a sequence. */
    assert_int_equal(items.canaries, 2 * 3 * kept);
    assert_int_equal(items.sparrows, 2 * 3 * kept);
    assert_int_equal(entries.canaries, persons.count / 2 * (int)policy.kept);
    const struct found files = search_files();

    erase_half(&persons, scrubs);
    const struct found items_left = search_items(&persons);
    const struct found entries_left = search_entries(&persons);
    const struct found files_left = search_files();

    assert_int_equal(items_left.canaries, 0);
    assert_int_equal(items_left.sparrows, items.sparrows);
    assert_int_equal(entries_left.canaries, 0);
    check_outputs(&persons);
    check_persons(&persons);
    assert_int_equal(search_entries(&persons).canaries, 0);
    assert_int_equal(search_entries(&persons).sparrows, persons.count / 2);
    acceptance_note(run,
                    "%s%lld of %lld events erased%s: %lld values of items "
                    "before, %lld after; snapshots %lld, %lld",
                    run->counts[0] ? "; " : "", (long long)kept,
                    (long long)kept * 2, scrubs ? " and scrubbed" : "",
                    (long long)items.canaries, (long long)items_left.canaries,
                    (long long)entries.canaries,
                    (long long)entries_left.canaries);
    if (run->model != &model_postgres) {
        assert_true(files.canaries > 0 && files_left.sparrows > 0);
        acceptance_note(run, "; files %lld, %lld", (long long)files.canaries,
                        (long long)files_left.canaries);
        assert_true(!scrubs || files_left.canaries == 0);
        assert_true(!scrubs || search_files().canaries == 0);
    }
    close_persons(&persons);
}

static bool can_scrub(struct acceptance *run)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_datastore *datastore = NULL;
    char name[96];
    char uri[128];
    quipu_error error;

    run->model->prepare("asked", "", name);
    (void)snprintf(uri, sizeof(uri), "%s:///%s", run->model->driver, name);
    assert_ok(quipu_datastore_open(uri, NULL, &datastore, &error), &error);
    assert_ok(quipu_datastore_describe(datastore, &info, &error), &error);
    assert_ok(quipu_datastore_close(datastore, &error), &error);
    return (info.capabilities & QUIPU_CAN_SCRUB) != 0;
}

static void search_for_canaries(struct acceptance *run)
{
    /* First, so that no file has what another store has left. */
    if (can_scrub(run)) {
        run_once(run, true);
    }
    run_once(run, false);
}

const struct acceptance_test acceptance_canaries = {
    .name = "C4",
    .title = "search for what was erased, in all that can be read and in files",
    .run = search_for_canaries,
    .has_short = true,
};
