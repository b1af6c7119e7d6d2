/* SPDX-License-Identifier: Apache-2.0 */
/* quipu log: the items of a schema in the order in which they were stored. */
#include "interrupt.h"
#include "items.h"
#include "output.h"
#include "store.h"

#include <stdio.h>

/* An interruption that comes just before a wait begins is seen when it ends. */
#define WAIT_MILLISECONDS 1000

/* What is printed so far. */
struct progress {
    int64_t last; /* notification id */
    int64_t count;
};

static void make_query(const struct args *args, const struct progress *progress,
                       quipu_query *query)
{
    *query = (quipu_query){ .struct_size = sizeof(*query),
                            .flags = QUIPU_QUERY_GT,
                            .gt = progress->last };
    if ((args->given & OPTION_LIMIT) != 0) {
        query->flags |= QUIPU_QUERY_LIMIT;
        query->limit = args->limit - progress->count;
    }
    if (args->reverse) {
        query->flags |= QUIPU_QUERY_DESCENDING;
    }
}

static int print_more(const struct args *args, quipu_records *records,
                      struct items *items, struct progress *progress,
                      quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    quipu_query query;
    int status;

    make_query(args, progress, &query);
    status = quipu_records_read_log(records, &query, &cursor, error);
    if (status == QUIPU_OK) {
        status = quipu_tool_items_drain(items, cursor, &progress->count,
                                        &progress->last, error);
    }
    return status;
}

/* Waits until the log goes on behind what is printed, or there is a reason to
 * end, and then sets *end. */
static int wait_for_more(const struct args *args, quipu_records *records,
                         const struct progress *progress, bool *end,
                         quipu_error *error)
{
    int64_t head = progress->last;
    int status = QUIPU_OK;

    *end = (args->given & OPTION_LIMIT) != 0 && progress->count >= args->limit;
    while (!*end && head <= progress->last) {
        status = quipu_records_wait(records, progress->last, WAIT_MILLISECONDS,
                                    &head, error);
        if (status != QUIPU_OK && status != QUIPU_TIMEOUT) {
            return status;
        }
        if (status == QUIPU_TIMEOUT) {
            head = progress->last;
        }
        *end = quipu_tool_interrupted();
    }
    return QUIPU_OK;
}

static int follow(const struct args *args, quipu_records *records,
                  struct items *items, struct progress *progress,
                  quipu_error *error)
{
    bool end = false;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && !end) {
        quipu_tool_items_flush(items);
        status = wait_for_more(args, records, progress, &end, error);
        if (status == QUIPU_OK && !end) {
            status = print_more(args, records, items, progress, error);
        }
    }
    return status;
}

static int print_schema(const struct args *args, quipu_records *records,
                        bool title, quipu_error *error)
{
    struct progress progress = { .last = args->after };
    struct items *items =
        quipu_tool_items_open(args, quipu_records_schema(records), title);
    int status = print_more(args, records, items, &progress, error);

    if (status == QUIPU_OK && args->follow) {
        status = follow(args, records, items, &progress, error);
    }
    quipu_tool_items_close(items);
    return status;
}

static enum outcome print_all(const struct args *args,
                              const struct store *store)
{
    quipu_error error;

    for (size_t i = 0; i < store->count; i++) {
        if (print_schema(args, store->schemas[i].records, store->count > 1,
                         &error) != QUIPU_OK) {
            quipu_tool_fail(&error);
            return FINDING;
        }
    }
    return DONE;
}

static enum outcome print_following(const struct args *args,
                                    const struct store *store)
{
    enum outcome outcome;

    if (store->count != 1) {
        fprintf(stderr,
                "quipu: --follow reads one log, and the store has %zu; "
                "name one with --schema\n",
                store->count);
        return USAGE;
    }
    if (!quipu_tool_interrupt_init(store->datastore)) {
        fputs("quipu: cannot start a thread\n", stderr);
        return FINDING;
    }
    outcome = print_all(args, store);
    quipu_tool_interrupt_finish();
    return outcome;
}

static enum outcome run(const struct args *args)
{
    if (args->follow && args->reverse) {
        fputs("quipu: --follow and --reverse exclude each other\n", stderr);
        return USAGE;
    }
    return quipu_tool_store_use(args,
                                args->follow ? print_following : print_all);
}

const struct command quipu_tool_log = {
    .name = "log",
    .arguments = "URI",
    .summary = "show all items in the order of storing",
    .help =
        "Shows the items of a schema in order of notification id, which is\n"
        "the order in which they were stored. With --follow it goes on\n"
        "with those that are stored from now on.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_AFTER | OPTION_LIMIT | OPTION_REVERSE |
               OPTION_FOLLOW | OPTION_FULL | OPTION_JSON | OPTION_HELP,
    .run = run,
};
