/* SPDX-License-Identifier: Apache-2.0 */
/* quipu log and quipu tail: print the log of each schema, or follow one. */
#include "args.h"
#include "interrupt.h"
#include "log/selection.h"
#include "output/item_printer.h"
#include "output/output.h"
#include "store.h"

#include <stdio.h>

/* The user's interruption is noticed after at most this time. */
#define WAIT_MILLISECONDS 500

#define TAIL_DEFAULT 10 /* items that `quipu tail` begins with */

/* The printing of each log, by the options of the command line. */
struct printing {
    const struct args *args;
    quipu_datastore *tracking; /* of --consumer; NULL: that of the log */
    struct selection selection;
    size_t found;         /* logs that are printed */
    int64_t default_tail; /* of `quipu tail`; -1: from the beginning */
};

/* Sets *after to the position that --after or the record of --consumer gives.
 * NOT_FOUND: the consumer has no record of this log. */
static int find_beginning(const struct printing *printing,
                          quipu_records *records, quipu_position *after,
                          quipu_error *error)
{
    const struct args *args = printing->args;

    *after = (quipu_position){ .notification_id = args->after };
    if (!args->consumer) {
        return QUIPU_OK;
    }
    int status = quipu_tracking_read(
        printing->tracking ? printing->tracking
                           : quipu_records_datastore(records),
        args->consumer, quipu_records_schema(records)->table, after, error);

    return status == QUIPU_OK
               ? quipu_records_check_position(records, after, error)
               : status;
}

/* With --tail, moves *after so that the last items follow. */
static int find_tail(const struct printing *printing, quipu_records *records,
                     quipu_position *after, quipu_error *error)
{
    const bool given = (printing->args->given & OPTION_TAIL) != 0;
    const int64_t count = given ? printing->args->tail : printing->default_tail;
    int64_t beginning = after->notification_id;

    if (count < 0 ||
        (!given && (printing->args->given &
                    (OPTION_AFTER | OPTION_CONSUMER | OPTION_SINCE)) != 0)) {
        return QUIPU_OK;
    }
    int status = selection_find_tail(&printing->selection, records, count,
                                     &beginning, error);

    if (status == QUIPU_OK && beginning != after->notification_id) {
        *after = (quipu_position){ .notification_id = beginning };
    }
    return status;
}

static int print_stored(const struct printing *printing, quipu_records *records,
                        int64_t after, struct item_printer *printer,
                        quipu_error *error)
{
    const struct args *args = printing->args;
    const int64_t limit =
        (args->given & OPTION_LIMIT) != 0 ? args->limit : INT64_MAX;
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    int64_t count = 0;
    int status = selection_read(
        &printing->selection, records,
        &(struct selection_range){
            .after = after, .limit = limit, .descending = args->reverse },
        &cursor, error);

    while (status == QUIPU_OK && count < limit) {
        status = selection_next(&printing->selection, cursor, &item, error);
        if (status != QUIPU_OK || !item) {
            break;
        }
        item_printer_print(printer, item);
        count++;
    }
    quipu_cursor_close(cursor);
    return status;
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

static int follow(const struct printing *printing, quipu_records *records,
                  const quipu_position *after, struct item_printer *printer,
                  quipu_error *error)
{
    const struct args *args = printing->args;
    const quipu_subscription_options options = {
        .struct_size = sizeof(options),
        .after = *after,
        .filter = &printing->selection.filter,
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
        if (status == QUIPU_OK && item &&
            selection_passes(&printing->selection, item)) {
            item_printer_print(printer, item);
            count++;
        }
    }
    (void)quipu_subscription_close(subscription, NULL);
    return status;
}

static int print_schema(struct printing *printing, quipu_records *records,
                        bool title, quipu_error *error)
{
    quipu_position after;
    int status = selection_bind(&printing->selection, records, error);

    if (status == QUIPU_OK) {
        status = find_beginning(printing, records, &after, error);
    }
    if (status == QUIPU_OK) {
        status = find_tail(printing, records, &after, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    struct item_printer *printer =
        item_printer_open(printing->args, quipu_records_schema(records), title);

    status = printing->args->follow
                 ? follow(printing, records, &after, printer, error)
                 : print_stored(printing, records, after.notification_id,
                                printer, error);
    item_printer_close(printer);
    return status;
}

/* Returns true if a log is passed over, and others may be printed: it has no
 * record of --consumer, or not the sequence. */
static bool is_passed_over(const struct args *args, int status)
{
    return (args->consumer && status == QUIPU_NOT_FOUND) ||
           (args->sequence &&
            (status == QUIPU_NOT_FOUND || status == QUIPU_INVALID));
}

/* Prints each log; with --consumer those of which it has a record. */
static int print_schemas(struct printing *printing, const struct store *store,
                         quipu_error *error)
{
    const struct args *args = printing->args;
    int status = QUIPU_OK;

    for (size_t i = 0; i < store->count; i++) {
        status = print_schema(printing, store->schemas[i].records,
                              store->count > 1, error);
        if (status == QUIPU_OK) {
            printing->found++;
        } else if (!is_passed_over(args, status)) {
            return status;
        }
    }
    if (printing->found > 0 || status == QUIPU_OK) {
        return QUIPU_OK;
    }
    return !args->consumer || args->sequence
               ? status
               : quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "consumer '%s' has no tracking record of this "
                                 "log; if it is in another store, name that "
                                 "with --consumers",
                                 args->consumer);
}

static enum outcome print_with(struct printing *printing,
                               const struct store *store)
{
    const struct args *args = printing->args;
    quipu_error error;
    int status = selection_init(&printing->selection, args, &error);

    if (status == QUIPU_OK && args->consumers) {
        status =
            store_open_readonly(args->consumers, &printing->tracking, &error);
    }
    if (status == QUIPU_OK) {
        status = print_schemas(printing, store, &error);
    }
    if (printing->tracking) {
        (void)quipu_datastore_close(printing->tracking, NULL);
    }
    return status == QUIPU_OK ? DONE : output_error(&error);
}

static enum outcome print_all(const struct args *args,
                              const struct store *store)
{
    struct printing printing = { .args = args, .default_tail = -1 };

    return print_with(&printing, store);
}

static enum outcome follow_from(const struct args *args,
                                const struct store *store, int64_t tail)
{
    struct printing printing = { .args = args, .default_tail = tail };

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
    enum outcome outcome = print_with(&printing, store);
    interrupt_finish();
    return outcome;
}

static enum outcome print_following(const struct args *args,
                                    const struct store *store)
{
    return follow_from(args, store, -1);
}

static enum outcome print_tail(const struct args *args,
                               const struct store *store)
{
    return follow_from(args, store, TAIL_DEFAULT);
}

static enum outcome refuse_both(const char *one, const char *other)
{
    fprintf(stderr, "quipu: --%s and --%s exclude each other\n", one, other);
    return USAGE;
}

static enum outcome run(const struct args *args)
{
    if (args->follow && args->reverse) {
        return refuse_both("follow", "reverse");
    }
    if (args->follow && args->until) {
        return refuse_both("follow", "until");
    }
    if (args->reverse && (args->given & OPTION_TAIL) != 0) {
        return refuse_both("reverse", "tail");
    }
    if (args->consumer && (args->given & OPTION_AFTER) != 0) {
        return refuse_both("consumer", "after");
    }
    if (args->consumers && !args->consumer) {
        fputs("quipu: --consumers belongs to --consumer\n", stderr);
        return USAGE;
    }
    return store_run(args, args->follow ? print_following : print_all);
}

static enum outcome run_tail(const struct args *args)
{
    struct args following = *args;

    following.follow = true;
    return store_run(&following, print_tail);
}

#define OPTIONS_OF_SELECTION                                          \
    (OPTION_SCHEMA | OPTION_TOPIC | OPTION_SEQUENCE | OPTION_PREFIX | \
     OPTION_SINCE | OPTION_TAIL | OPTION_LIMIT)

const struct command log_command = {
    .name = "log",
    .arguments = "URI",
    .summary = "show all items in the order of the log",
    .help =
        "Shows the items of a schema in order of notification id, which is\n"
        "the order in which they were stored. With --follow it continues\n"
        "with new items as they are stored, waits for a store that cannot be\n"
        "reached, and ends with an error if the log was set back or\n"
        "exchanged. --topic, --sequence, --prefix, --since and --until\n"
        "select items; --tail and --limit count those that are selected.\n"
        "With --consumer it begins behind the tracking record of a consumer,\n"
        "whose record it does not change. Encrypted states are shown with\n"
        "the keys of --keys.",
    .argument_count = 1,
    .options = OPTIONS_OF_SELECTION | OPTION_UNTIL | OPTION_AFTER |
               OPTION_CONSUMER | OPTION_CONSUMERS | OPTION_REVERSE |
               OPTION_FOLLOW | OPTIONS_OF_ITEMS | OPTION_JSON | OPTION_HELP,
    .run = run,
};

const struct command tail_command = {
    .name = "tail",
    .arguments = "URI",
    .summary = "show the last items, and new ones as they come",
    .help =
        "Shows the last ten items of a log, or as many as --tail says, and\n"
        "new ones as they are stored, until it is interrupted. It is short\n"
        "for 'quipu log --tail 10 --follow'. --topic, --sequence, --prefix\n"
        "and --since select items.",
    .argument_count = 1,
    .options = OPTIONS_OF_SELECTION | (OPTIONS_OF_ITEMS & ~OPTION_NO_PAGER) |
               OPTION_JSON | OPTION_HELP,
    .run = run_tail,
};
