/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first release of the program, as it was.  It has written the store that
 * is kept beside it, with quipu as of commit d85e193:
 *
 *     quipu-letters-first sqlite:///letters.sqlite
 *
 * The tests run it too, to have such stores in all back ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/declare.h>
#include <quipu/quipu.h>

QUIPU_EVENT(drafted, "Mail.Drafted", QUIPU_VALUE(const char *, sender),
            QUIPU_VALUE(const char *, addressee), /* "name, town" */
            QUIPU_VALUE(const char *, text));
QUIPU_EVENT(weighed, "Mail.Weighed", QUIPU_VALUE(double, ounces));
QUIPU_EVENT(franked, "Mail.Franked", QUIPU_VALUE(double, shillings));
QUIPU_EVENT(posted, "Letter.Posted", QUIPU_VALUE(const char *, office));
QUIPU_EVENT_EMPTY(delivered, "Letter.Delivered");

static const struct drafted drafts[] = {
    { .sender = "Ada Lovelace",
      .addressee = "Charles Babbage, London",
      .text = "I am working very hard for you" },
    { .sender = "Charles Babbage",
      .addressee = "Michael Faraday, London",
      .text = "Forget this world and all its troubles" },
    { .sender = "Mary Somerville",
      .addressee = "Ada Lovelace, Ockham",
      .text = "Come to tea on Sunday" },
};
static const struct weighed weights[] = { { .ounces = 0.5 },
                                          { .ounces = 0.75 },
                                          { .ounces = 0.25 } };
static const struct franked stamps[] = { { .shillings = 0.5 },
                                         { .shillings = 1.25 } };
static const struct posted offices[] = { { .office = "Ockham" },
                                         { .office = "Marylebone" } };
static const struct delivered delivery;

/* The events of a letter have the positions 0, 1, ... */
static const struct row {
    int letter;
    int64_t position;
    const quipu_event_type *type;
    const quipu_event *event;
} rows[] = {
    { 1, 0, &drafted, &drafts[0].base },  { 1, 1, &weighed, &weights[0].base },
    { 2, 0, &drafted, &drafts[1].base },  { 1, 2, &franked, &stamps[0].base },
    { 1, 3, &posted, &offices[0].base },  { 2, 1, &franked, &stamps[1].base },
    { 2, 2, &weighed, &weights[1].base }, { 1, 4, &delivered, &delivery.base },
    { 2, 3, &posted, &offices[1].base },  { 3, 0, &drafted, &drafts[2].base },
    { 3, 1, &weighed, &weights[2].base },
};

/* Appends an event.  Its id and its time follow from its number, so that each
 * run writes the same store. */
static int append(quipu_store *store, int number, quipu_error *error)
{
    static const int64_t begin = 1480507200000000; /* 2016-11-30 12:00 */
    const struct row *row = &rows[number];
    quipu_event *event = calloc(1, row->type->size);
    char name[16];

    if (!event) {
        return quipu_error_set(error, QUIPU_NO_MEMORY, "no memory");
    }
    memcpy(event, row->event, row->type->size);
    (void)snprintf(name, sizeof(name), "letter-%d", row->letter);
    (void)quipu_id_of_text(&event->originator_id, name, NULL);
    event->type = row->type;
    event->originator_version = row->position;
    event->time.microseconds = begin + INT64_C(60000000) * number;
    memset(&event->event_id, 0xA0 + number, sizeof(event->event_id));
    int status = quipu_store_append(
        store, (const quipu_event *const[]){ event }, 1, NULL, error);

    free(event);
    return status;
}

int main(int argc, char **argv)
{
    static const quipu_event_type *const types[] = { &drafted, &weighed,
                                                     &franked, &posted,
                                                     &delivered };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count =
                                        sizeof(types) / sizeof(types[0]) };
    quipu_datastore *datastore = NULL;
    quipu_store *store = NULL;
    quipu_schema schema;
    quipu_error error;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.table = "letters";
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    int status = argc == 2
                     ? quipu_datastore_open(argv[1], NULL, &datastore, &error)
                     : quipu_error_set(&error, QUIPU_INVALID, "usage: URI");

    if (status == QUIPU_OK) {
        status = quipu_datastore_setup(datastore, &schema, &error);
    }
    if (status == QUIPU_OK) {
        status = quipu_store_open(datastore, &schema, &mapping, &store, &error);
    }
    for (int i = 0;
         status == QUIPU_OK && i < (int)(sizeof(rows) / sizeof(rows[0])); i++) {
        status = append(store, i, &error);
    }
    if (status != QUIPU_OK) {
        fprintf(stderr, "quipu-letters-first: %s\n", error.message);
    }
    (void)quipu_store_close(store, NULL);
    (void)quipu_datastore_close(datastore, NULL);
    return status == QUIPU_OK ? 0 : 1;
}
