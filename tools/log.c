/* SPDX-License-Identifier: Apache-2.0 */
/* quipu log: prints the log of each schema, or follows one log. */
#include "args.h"
#include "interrupt.h"
#include "output/item_printer.h"
#include "output/output.h"
#include "store.h"

#include <stdio.h>

/* The user's interruption is noticed after at most this time. */
#define WAIT_MILLISECONDS 500

/* The items that are read of each log, by the options of the command line. */
struct selection {
    const struct args *args;
    quipu_datastore *tracking; /* of --consumer; NULL: that of the log */
    quipu_filter filter;
    quipu_match match;
    quipu_bytes topics[REPETITIONS_MAX];
    quipu_bytes prefixes[REPETITIONS_MAX];
    size_t found; /* logs of which --consumer has a record */
};

static void make_filter(struct selection *selection)
{
    const struct args *args = selection->args;
    quipu_filter *filter = &selection->filter;

    filter->struct_size = sizeof(*filter);
    for (size_t i = 0; i < args->topic_count; i++) {
        selection->topics[i] = quipu_bytes_of_text(args->topics[i]);
    }
    for (size_t i = 0; i < args->prefix_count; i++) {
        selection->prefixes[i] = quipu_bytes_of_text(args->prefixes[i]);
    }
    if (args->topic_count > 0) {
        selection->match = (quipu_match){ .topics = selection->topics,
                                          .topic_count = args->topic_count };
        filter->matches = &selection->match;
        filter->match_count = 1;
    }
    if (args->prefix_count > 0) {
        filter->prefixes = selection->prefixes;
        filter->prefix_count = args->prefix_count;
    }
}

/* Sets *after to the position that --after or the record of --consumer gives.
 * NOT_FOUND: the consumer has no record of this log. */
static int find_beginning(const struct selection *selection,
                          quipu_records *records, quipu_position *after,
                          quipu_error *error)
{
    const struct args *args = selection->args;

    *after = (quipu_position){ .notification_id = args->after };
    if (!args->consumer) {
        return QUIPU_OK;
    }
    int status = quipu_tracking_read(
        selection->tracking ? selection->tracking
                            : quipu_records_datastore(records),
        args->consumer, quipu_records_schema(records)->table, after, error);

    return status == QUIPU_OK
               ? quipu_records_check_position(records, after, error)
               : status;
}

static int print_stored(const struct selection *selection,
                        quipu_records *records, int64_t after,
                        struct item_printer *printer, quipu_error *error)
{
    const struct args *args = selection->args;
    quipu_query query = { .struct_size = sizeof(query),
                          .flags = QUIPU_QUERY_GT,
                          .gt = after };
    quipu_cursor *cursor = NULL;

    if ((args->given & OPTION_LIMIT) != 0) {
        query.flags |= QUIPU_QUERY_LIMIT;
        query.limit = args->limit;
    }
    if (args->reverse) {
        query.flags |= QUIPU_QUERY_DESCENDING;
    }
    int status = quipu_records_read_filtered(
        records, &query, &selection->filter, &cursor, error);

    return status == QUIPU_OK ? item_printer_print_all(printer, cursor, error)
                              : status;
}

/* Sets *item to the next item, or to NULL if there was none for some time.  The
 * output is flushed before waiting.  A store that cannot be reached is reported
 * once and waited for. */
static int next_item(quipu_subscription *subscription,
                     struct item_printer *printer, bool *failing,
                     const quipu_item **item, quipu_error *error)
{
    int status = quipu_subscription_next(subscription, item, 0, error);

    if (status == QUIPU_TIMEOUT) {
        item_printer_flush(printer);
        status = quipu_subscription_next(subscription, item, WAIT_MILLISECONDS,
                                         error);
    }
    if (status == QUIPU_BUSY || status == QUIPU_IO) {
        if (!*failing) {
            item_printer_flush(printer);
            output_error(error);
            fputs("quipu: waiting for the store\n", stderr);
        }
        *failing = true;
        return QUIPU_OK;
    }
    *failing = false;
    return status == QUIPU_TIMEOUT ? QUIPU_OK : status;
}

static int follow(const struct selection *selection, quipu_records *records,
                  const quipu_position *after, struct item_printer *printer,
                  quipu_error *error)
{
    const struct args *args = selection->args;
    const quipu_subscription_options options = {
        .struct_size = sizeof(options),
        .after = *after,
        .filter = &selection->filter,
    };
    const int64_t limit =
        (args->given & OPTION_LIMIT) != 0 ? args->limit : INT64_MAX;
    quipu_subscription *subscription;
    bool failing = false;
    int64_t count = 0;
    int status =
        quipu_subscription_open(records, &options, &subscription, error);

    if (status != QUIPU_OK) {
        return status;
    }
    while (status == QUIPU_OK && count < limit && !interrupt_requested()) {
        const quipu_item *item = NULL;

        status = next_item(subscription, printer, &failing, &item, error);
        if (status == QUIPU_OK && item) {
            item_printer_print(printer, item);
            count++;
        }
    }
    (void)quipu_subscription_close(subscription, NULL);
    return status;
}

static int print_schema(const struct selection *selection,
                        quipu_records *records, bool title, quipu_error *error)
{
    quipu_position after;
    int status = find_beginning(selection, records, &after, error);

    if (status != QUIPU_OK) {
        return status;
    }
    struct item_printer *printer = item_printer_open(
        selection->args, quipu_records_schema(records), title);

    status = selection->args->follow
                 ? follow(selection, records, &after, printer, error)
                 : print_stored(selection, records, after.notification_id,
                                printer, error);
    item_printer_close(printer);
    return status;
}

/* Prints each log; with --consumer those of which it has a record. */
static int print_schemas(struct selection *selection, const struct store *store,
                         quipu_error *error)
{
    const bool chosen = selection->args->consumer != NULL;
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < store->count; i++) {
        status = print_schema(selection, store->schemas[i].records,
                              store->count > 1, error);
        if (chosen && status == QUIPU_NOT_FOUND) {
            status = QUIPU_OK;
        } else {
            selection->found++;
        }
    }
    if (status == QUIPU_OK && chosen && selection->found == 0) {
        status = quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "consumer '%s' has no tracking record of this "
                                 "log; if it is in another store, name that "
                                 "with --consumers",
                                 selection->args->consumer);
    }
    return status;
}

static enum outcome print_all(const struct args *args,
                              const struct store *store)
{
    struct selection selection = { .args = args };
    quipu_error error;
    int status = QUIPU_OK;

    make_filter(&selection);
    if (args->consumers) {
        status =
            store_open_readonly(args->consumers, &selection.tracking, &error);
    }
    if (status == QUIPU_OK) {
        status = print_schemas(&selection, store, &error);
    }
    if (selection.tracking) {
        (void)quipu_datastore_close(selection.tracking, NULL);
    }
    return status == QUIPU_OK ? DONE : output_error(&error);
}

static enum outcome print_following(const struct args *args,
                                    const struct store *store)
{
    if (store->count != 1) {
        fprintf(stderr,
                "quipu: --follow reads one log, but the store has %zu; "
                "name one with --schema\n",
                store->count);
        return USAGE;
    }
    if (!interrupt_init(store->datastore)) {
        fputs("quipu: cannot start the thread that handles signals\n", stderr);
        return FINDING;
    }
    enum outcome outcome = print_all(args, store);
    interrupt_finish();
    return outcome;
}

static enum outcome run(const struct args *args)
{
    if (args->follow && args->reverse) {
        fputs("quipu: --follow and --reverse exclude each other\n", stderr);
        return USAGE;
    }
    if (args->consumer && (args->given & OPTION_AFTER) != 0) {
        fputs("quipu: --consumer and --after exclude each other\n", stderr);
        return USAGE;
    }
    if (args->consumers && !args->consumer) {
        fputs("quipu: --consumers belongs to --consumer\n", stderr);
        return USAGE;
    }
    return store_run(args, args->follow ? print_following : print_all);
}

const struct command log_command = {
    .name = "log",
    .arguments = "URI",
    .summary = "show all items in the order of the log",
    .help =
        "Shows the items of a schema in order of notification id, which is\n"
        "the order in which they were stored. With --follow it continues\n"
        "with new items as they are stored, waits for a store that cannot be\n"
        "reached, and ends with an error if the log was set back or "
        "exchanged.\n"
        "--topic and --prefix select items; --limit counts those that are\n"
        "selected. With --consumer it begins behind the tracking record of a\n"
        "consumer, whose record it does not change. Encrypted states are\n"
        "shown with the keys of --keys.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_AFTER | OPTION_CONSUMER |
               OPTION_CONSUMERS | OPTION_TOPIC | OPTION_PREFIX | OPTION_LIMIT |
               OPTION_REVERSE | OPTION_FOLLOW | OPTION_KEYS |
               OPTION_DICTIONARY | OPTION_FULL | OPTION_JSON | OPTION_HELP,
    .run = run,
};
