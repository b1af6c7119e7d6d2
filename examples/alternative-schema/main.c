/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu-alternative-schema: events in a table with names of the program's
 * choice.
 *
 * The URI selects the store, and the schema names the table and its columns.
 * Nothing else in the program depends on either of them.
 *
 * The program creates an example, reads it, changes it, and discards it; then
 * it prints the events that the store contains.
 */
#include "example.h"
#include "options.h"

#include <stdio.h>

/* ---------------------------------------- create, read, update, discard */

static int create(quipu_repository *examples, quipu_id *id, quipu_error *error)
{
    struct example *example = example_create(examples, "bar", error);

    if (!example) {
        return error->code;
    }
    *id = example->base.id;
    printf("created an example with foo \"%s\"\n", example->foo);
    quipu_aggregate_destroy(example);
    return QUIPU_OK;
}

static int read(quipu_repository *examples, quipu_id *id, quipu_error *error)
{
    struct example *example = quipu_repository_get(examples, id, error);

    if (!example) {
        return error->code;
    }
    printf("read it: foo is \"%s\", its next version %lld\n", example->foo,
           (long long)example->base.version);
    quipu_aggregate_destroy(example);
    return QUIPU_OK;
}

static int update(quipu_repository *examples, quipu_id *id, quipu_error *error)
{
    struct example *example = quipu_repository_get(examples, id, error);
    int status;

    if (!example) {
        return error->code;
    }
    status = example_set_foo(example, "baz", error);
    if (status == QUIPU_OK) {
        printf("changed foo to \"%s\"\n", example->foo);
    }
    quipu_aggregate_destroy(example);
    return status;
}

static int discard(quipu_repository *examples, quipu_id *id, quipu_error *error)
{
    struct example *example = quipu_repository_get(examples, id, error);
    bool found = true;
    int status;

    if (!example) {
        return error->code;
    }
    status = example_discard(example, error);
    quipu_aggregate_destroy(example);
    if (status == QUIPU_OK) {
        status = quipu_repository_contains(examples, id, &found, error);
    }
    if (status == QUIPU_OK) {
        printf("discarded it; the repository %s\n",
               found ? "still has it" : "does not have it any more");
    }
    return status;
}

/* ------------------------------------------------ contents of the store */

/* Prints the names of the table and its columns. */
static void show_names(const quipu_schema *schema)
{
    printf("\nIn the table %s (%s, %s, %s, %s, %s", schema->table,
           schema->notification_id, schema->sequence_id, schema->position,
           schema->topic, schema->state);
    printf("%s%s) are now:\n", schema->event_id ? ", " : "",
           schema->event_id ? schema->event_id : "");
}

/* Prints the items of a sequence.  Reading items needs no event types. */
static int show(quipu_records *records, const quipu_id *id, quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    int status =
        quipu_records_read(records, quipu_id_bytes(id), NULL, &cursor, error);

    if (status == QUIPU_OK) {
        show_names(quipu_records_schema(records));
        status = quipu_cursor_next(cursor, &item, error);
    }
    while (status == QUIPU_OK && item) {
        printf("  %lld  %.*s\n", (long long)item->position,
               (int)item->topic.size, (const char *)item->topic.data);
        status = quipu_cursor_next(cursor, &item, error);
    }
    quipu_cursor_close(cursor);
    return status;
}

/* -------------------------------------------------------------------- main */

/* Runs the steps of the example one after the other, then shows the store. */
static int run_steps(quipu_application *application, quipu_error *error)
{
    static int (*const steps[])(quipu_repository *, quipu_id *,
                                quipu_error *) = { create, read, update, read,
                                                   discard };
    quipu_repository *examples = NULL;
    quipu_id id = { 0 };
    int status = quipu_application_repository(application, &example_type,
                                              &examples, error);

    for (size_t i = 0; status == QUIPU_OK && i < sizeof(steps) / sizeof(*steps);
         i++) {
        status = steps[i](examples, &id, error);
    }
    if (status == QUIPU_OK) {
        status = show(quipu_store_records(quipu_application_store(application)),
                      &id, error);
    }
    quipu_repository_close(examples);
    return status;
}

/* Opens a datastore, sets up the schema in it, and opens the application. */
static int run(const struct options *options, quipu_error *error)
{
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = example_events,
                                    .type_count = example_event_count };
    quipu_datastore *datastore = NULL;
    quipu_application *application = NULL;
    int status = quipu_datastore_open(options->uri, NULL, &datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_setup(datastore, &options->schema, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_application_open(datastore, &options->schema, &mapping,
                                        &application, error);
    }
    if (status == QUIPU_OK) {
        status = run_steps(application, error);
    }
    quipu_application_close(application, NULL);
    quipu_datastore_close(datastore, NULL);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    quipu_error error;
    int status = 0;

    if (!options_read(argc, argv, &options, &status)) {
        return status;
    }
    if (run(&options, &error) != QUIPU_OK) {
        fprintf(stderr, "quipu-alternative-schema: %s\n", error.message);
        return 1;
    }
    return 0;
}
