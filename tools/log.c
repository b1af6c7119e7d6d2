/* SPDX-License-Identifier: Apache-2.0 */
/* quipu log: prints the log of each schema, or follows one log. */
#include "args.h"
#include "interrupt.h"
#include "output/item_printer.h"
#include "output/output.h"
#include "store.h"

#include <stdio.h>

/* quipu_datastore_interrupt has no effect on a wait that has not begun, so each
 * wait is limited, and the request is checked between two waits. */
#define WAIT_MILLISECONDS 1000

/* The part of the log that is printed. */
struct printed {
    int64_t last; /* notification id of the last item */
    int64_t count;
};

static void make_query(const struct args *args, const struct printed *printed,
                       quipu_query *query)
{
    *query = (quipu_query){ .struct_size = sizeof(*query),
                            .flags = QUIPU_QUERY_GT,
                            .gt = printed->last };
    if ((args->given & OPTION_LIMIT) != 0) {
        query->flags |= QUIPU_QUERY_LIMIT;
        query->limit = args->limit - printed->count;
    }
    if (args->reverse) {
        query->flags |= QUIPU_QUERY_DESCENDING;
    }
}

static int print_more(const struct args *args, quipu_records *records,
                      struct item_printer *printer, struct printed *printed,
                      quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    quipu_query query;

    make_query(args, printed, &query);
    int status = quipu_records_read_log(records, &query, &cursor, error);
    if (status == QUIPU_OK) {
        status = item_printer_print_all(printer, cursor, &printed->count,
                                        &printed->last, error);
    }
    return status;
}

/* Waits for an item that is not printed yet.  Sets *end if the limit is reached
 * or the user interrupts. */
static int wait_for_more(const struct args *args, quipu_records *records,
                         const struct printed *printed, bool *end,
                         quipu_error *error)
{
    int64_t head = printed->last;
    int status = QUIPU_OK;

    *end = (args->given & OPTION_LIMIT) != 0 && printed->count >= args->limit;
    while (!*end && head <= printed->last) {
        status = quipu_records_wait(records, printed->last, WAIT_MILLISECONDS,
                                    &head, error);
        if (status != QUIPU_OK && status != QUIPU_TIMEOUT) {
            return status;
        }
        if (status == QUIPU_TIMEOUT) {
            head = printed->last;
        }
        *end = interrupt_requested();
    }
    return QUIPU_OK;
}

static int follow(const struct args *args, quipu_records *records,
                  struct item_printer *printer, struct printed *printed,
                  quipu_error *error)
{
    bool end = false;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && !end) {
        item_printer_flush(printer);
        status = wait_for_more(args, records, printed, &end, error);
        if (status == QUIPU_OK && !end) {
            status = print_more(args, records, printer, printed, error);
        }
    }
    return status;
}

static int print_schema(const struct args *args, quipu_records *records,
                        bool title, quipu_error *error)
{
    struct printed printed = { .last = args->after };
    struct item_printer *printer =
        item_printer_open(args, quipu_records_schema(records), title);
    int status = print_more(args, records, printer, &printed, error);

    if (status == QUIPU_OK && args->follow) {
        status = follow(args, records, printer, &printed, error);
    }
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
        "with new items as they are stored.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_AFTER | OPTION_LIMIT | OPTION_REVERSE |
               OPTION_FOLLOW | OPTION_FULL | OPTION_JSON | OPTION_HELP,
    .run = run,
};
