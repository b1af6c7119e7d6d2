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

static int print_stored(const struct args *args, quipu_records *records,
                        struct item_printer *printer, quipu_error *error)
{
    quipu_query query = { .struct_size = sizeof(query),
                          .flags = QUIPU_QUERY_GT,
                          .gt = args->after };
    quipu_cursor *cursor = NULL;

    if ((args->given & OPTION_LIMIT) != 0) {
        query.flags |= QUIPU_QUERY_LIMIT;
        query.limit = args->limit;
    }
    if (args->reverse) {
        query.flags |= QUIPU_QUERY_DESCENDING;
    }
    int status = quipu_records_read_log(records, &query, &cursor, error);
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

static int follow(const struct args *args, quipu_records *records,
                  struct item_printer *printer, quipu_error *error)
{
    const quipu_subscription_options options = {
        .struct_size = sizeof(options),
        .after = { .notification_id = args->after },
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

static int print_schema(const struct args *args, quipu_records *records,
                        bool title, quipu_error *error)
{
    struct item_printer *printer =
        item_printer_open(args, quipu_records_schema(records), title);
    int status = args->follow ? follow(args, records, printer, error)
                              : print_stored(args, records, printer, error);

    item_printer_close(printer);
    return status;
}

static enum outcome print_all(const struct args *args,
                              const struct store *store)
{
    quipu_error error;

    for (size_t i = 0; i < store->count; i++) {
        if (print_schema(args, store->schemas[i].records, store->count > 1,
                         &error) != QUIPU_OK) {
            output_error(&error);
            return FINDING;
        }
    }
    return DONE;
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
        "reached, and ends with an error if the log was set back or exchanged.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_AFTER | OPTION_LIMIT | OPTION_REVERSE |
               OPTION_FOLLOW | OPTION_FULL | OPTION_JSON | OPTION_HELP,
    .run = run,
};
