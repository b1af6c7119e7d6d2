/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-letters: lists, shows, projects and writes letters, in a store that an
 * earlier release has begun. */
#include <stdio.h>
#include <string.h>

#include "letters.h"

static int open_letters(struct letters *letters, const char *uri,
                        quipu_error *error)
{
    quipu_schema schema;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.table = "letters";
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    int status = quipu_datastore_open(uri, NULL, &letters->datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_store_open(letters->datastore, &schema, &letters_mapping,
                                  &letters->store, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_repository_open(letters->store, NULL, &letter_type,
                                       &letters->repository, error);
    }
    return status;
}

static void close_letters(struct letters *letters)
{
    quipu_repository_close(letters->repository);
    (void)quipu_store_close(letters->store, NULL);
    (void)quipu_datastore_close(letters->datastore, NULL);
}

/* ------------------------------------------------------------------- list */

static void print(const quipu_event *event)
{
    printf("%.*s %lld %s: ", event->originator_id.size,
           (const char *)event->originator_id.data,
           (long long)event->originator_version, event->type->topic);
    if (event->type == &written) {
        const struct written *letter = (const void *)event;

        printf("%s to %s in %s, %lu words\n", letter->sender, letter->name,
               letter->town, (unsigned long)letter->words);
    } else if (event->type == &stamped) {
        printf("%lld pence\n",
               (long long)((const struct stamped *)event)->pence);
    } else if (event->type == &posted) {
        printf("at %s\n", ((const struct posted *)event)->post_office);
    } else {
        printf("by %s\n", ((const struct delivered *)event)->carrier);
    }
}

static int list(struct letters *letters, quipu_error *error)
{
    const quipu_event *event = NULL;
    quipu_events *events = NULL;
    int status = quipu_store_read_log(letters->store, NULL, &events, error);

    while (status == QUIPU_OK &&
           (status = quipu_events_next(events, &event, error)) == QUIPU_OK &&
           event) {
        print(event);
    }
    quipu_events_close(events);
    return status;
}

/* ------------------------------------------------------------------- show */

static int show(struct letters *letters, const char *name, quipu_error *error)
{
    quipu_id id;
    int status = quipu_id_of_text(&id, name, error);
    struct letter *letter =
        status == QUIPU_OK
            ? quipu_repository_get(letters->repository, &id, error)
            : NULL;

    if (!letter) {
        return error->code;
    }
    printf("%s: version %lld, to %s, %lu words, %lld pence%s%s\n", name,
           (long long)letter->base.version, letter->town,
           (unsigned long)letter->words, (long long)letter->pence,
           letter->is_posted ? ", posted" : "",
           letter->is_delivered ? ", delivered" : "");
    quipu_aggregate_destroy(&letter->base);
    return QUIPU_OK;
}

/* ------------------------------------------------------------------ write */

struct order {
    quipu_repository *repository;
    quipu_id id;
    const char *town;
};

static int write_letter(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct order *order = context;
    struct letter *letter =
        quipu_unit_new(unit, order->repository, &order->id, error);

    if (!letter) {
        return error->code;
    }
    int status =
        QUIPU_TRIGGER(letter, written, error, .sender = "Mary Somerville",
                      .name = "the printer", .town = order->town,
                      .text = "Please send the proofs", .words = 4);

    return status == QUIPU_OK
               ? QUIPU_TRIGGER(letter, stamped, error, .pence = 2)
               : status;
}

/* Goes on with a letter of the earlier release. */
static int deliver(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct order *order = context;
    struct letter *letter =
        quipu_unit_get(unit, order->repository, &order->id, error);

    if (!letter) {
        return error->code;
    }
    return letter->is_delivered
               ? quipu_error_set(error, QUIPU_DENIED, "it is delivered already")
               : QUIPU_TRIGGER(letter, delivered, error, .carrier = "a boy");
}

static int change(struct letters *letters, const char *name, const char *town,
                  quipu_error *error)
{
    struct order order = { letters->repository, { 0 }, town };
    int status = quipu_id_of_text(&order.id, name, error);

    return status == QUIPU_OK ? quipu_unit_run(letters->store, NULL,
                                               town ? write_letter : deliver,
                                               &order, NULL, error)
                              : status;
}

static int run(struct letters *letters, char **words, int count,
               quipu_error *error)
{
    if (count == 1 && strcmp(words[0], "list") == 0) {
        return list(letters, error);
    }
    if (count == 1 && strcmp(words[0], "postage") == 0) {
        return postage_run(letters, error);
    }
    if (count == 2 && strcmp(words[0], "show") == 0) {
        return show(letters, words[1], error);
    }
    if (count == 2 && strcmp(words[0], "deliver") == 0) {
        return change(letters, words[1], NULL, error);
    }
    if (count == 3 && strcmp(words[0], "write") == 0) {
        return change(letters, words[1], words[2], error);
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "usage: URI list | postage | show LETTER | deliver "
                           "LETTER | write LETTER TOWN");
}

int main(int argc, char **argv)
{
    struct letters letters = { .datastore = NULL };
    quipu_error error;
    int status = argc > 2 ? open_letters(&letters, argv[1], &error)
                          : quipu_error_set(&error, QUIPU_INVALID,
                                            "usage: quipu-letters URI COMMAND");

    if (status == QUIPU_OK) {
        status = run(&letters, argv + 2, argc - 2, &error);
    }
    if (status != QUIPU_OK) {
        fprintf(stderr, "quipu-letters: %s\n", error.message);
    }
    close_letters(&letters);
    return status == QUIPU_OK ? 0 : 1;
}
