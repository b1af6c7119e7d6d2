/* SPDX-License-Identifier: Apache-2.0 */
/* quipu consumers: lists the consumers of a store, once or again and again, and
 * changes one. */
#include "args.h"
#include "consumers/change.h"
#include "consumers/description.h"
#include "consumers/groups.h"
#include "consumers/listing.h"
#include "interrupt.h"
#include "output/jsonl.h"
#include "output/output.h"
#include "output/table.h"
#include "output/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define WATCH_SECONDS 2

/* ------------------------------------------------------------------ table */

static const struct heading headings[] = {
    { .title = "consumer" },
    { .title = "log" },
    { .title = "record", .right = true },
    { .title = "head", .right = true },
    { .title = "behind", .right = true },
    { .title = "age", .right = true },
    { .title = "parked", .right = true },
    { .title = "notes", .optional = true },
};

static void add_number(struct table *table, int64_t number)
{
    if (number < 0) {
        table_add(table, "?");
    } else {
        table_add_int(table, number);
    }
}

static void add_age(struct table *table, int64_t age)
{
    struct text cell = { 0 };

    if (age >= 0) {
        text_add_span(&cell, age);
    } else {
        text_print(&cell, "?");
    }
    table_add(table, text_content(&cell));
    text_free(&cell);
}

static const char *note_on_log(const quipu_consumer *consumer)
{
    if (!consumer->log) {
        return (consumer->flags & QUIPU_CONSUMER_GROUP) != 0 ? "no log"
                                                             : "no record";
    }
    if ((consumer->flags & QUIPU_CONSUMER_HEAD) == 0) {
        return "no log";
    }
    return (consumer->flags & QUIPU_CONSUMER_SET_BACK) != 0 ? "set back" : "";
}

/* Adds "projection, shown, set back, 2 skipped" or a part of it. */
static void add_notes(struct table *table, const quipu_consumer *consumer)
{
    const char *const notes[] = {
        (consumer->flags & QUIPU_CONSUMER_PROJECTION) != 0 ? "projection" : "",
        (consumer->flags & QUIPU_CONSUMER_SHOWN) != 0 ? "shown" : "",
        note_on_log(consumer),
    };
    struct text cell = { 0 };

    for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++) {
        text_print(&cell, "%s%s",
                   cell.size > 0 && notes[i][0] != '\0' ? ", " : "", notes[i]);
    }
    if (consumer->skipped > 0) {
        text_print(&cell, "%s%" PRId64 " skipped", cell.size > 0 ? ", " : "",
                   consumer->skipped);
    }
    table_add(table, text_content(&cell));
    text_free(&cell);
}

static void add_row(struct table *table, const quipu_consumer *consumer)
{
    table_add_text(table, consumer->name);
    table_add_text(table, consumer->log ? consumer->log : "");
    table_add_int(table, consumer->position.notification_id);
    add_number(table, consumer->head);
    add_number(table, consumer->behind);
    add_age(table, consumer->behind_microseconds);
    table_add_int(table, consumer->parked);
    add_notes(table, consumer);
}

static void print_total(const struct listing *listing)
{
    struct text line = { 0 };
    int64_t behind = 0;
    int64_t parked = 0;
    int64_t oldest = 0;

    for (size_t i = 0; i < listing->count; i++) {
        const quipu_consumer *each = &listing->items[i];

        behind += each->behind > 0 ? each->behind : 0;
        parked += each->parked;
        oldest = each->behind_microseconds > oldest ? each->behind_microseconds
                                                    : oldest;
    }
    text_print(&line, "%zu consumer%s, %" PRId64 " behind, oldest ",
               listing->count, listing->count == 1 ? "" : "s", behind);
    text_add_span(&line, oldest);
    text_print(&line, ", %" PRId64 " parked", parked);
    puts(text_content(&line));
    text_free(&line);
}

/* `title`: when the list was made, or NULL. */
static void print_table(const struct listing *listing, const char *title)
{
    struct table *table = table_open(
        headings, sizeof(headings) / sizeof(*headings), listing->args->full);

    if (title) {
        puts(title);
    }
    for (size_t i = 0; i < listing->count; i++) {
        add_row(table, &listing->items[i]);
    }
    table_close(table);
    print_total(listing);
    consumers_groups_print(listing);
}

/* ------------------------------------------------------------- JSON Lines */

static void print_json(const struct listing *listing, const char *title)
{
    for (size_t i = 0; i < listing->count; i++) {
        json_t *line = json_object();

        if (title) {
            jsonl_set(line, "time", json_string(title));
        }
        consumers_description_set_json(line, &listing->items[i]);
        jsonl_print(line);
    }
}

static void print(const struct listing *listing, const char *title)
{
    if (listing->args->json) {
        print_json(listing, title);
    } else {
        print_table(listing, title);
    }
}

/* ----------------------------------------------------------------- limits */

/* Appends the reason why the consumer is beyond a limit of the command line,
 * or nothing.  A lag that is unknown is beyond every limit. */
static void judge(const struct args *args, const quipu_consumer *consumer,
                  struct text *reason)
{
    const char *note = note_on_log(consumer);
    const int64_t age = consumer->behind_microseconds;

    if (note[0] != '\0') {
        text_print(reason, "its lag is unknown (%s)", note);
    } else if ((args->given & OPTION_MAX_BEHIND) != 0 &&
               consumer->behind > args->max_behind) {
        text_print(reason, "it is %" PRId64 " behind, more than %" PRId64,
                   consumer->behind, args->max_behind);
    } else if ((args->given & OPTION_MAX_AGE) != 0 && age < 0) {
        text_print(reason, "the age of its oldest event is unknown");
    } else if ((args->given & OPTION_MAX_AGE) != 0 &&
               age / 1000000 > args->max_age) {
        text_print(reason, "its oldest event has waited for ");
        text_add_span(reason, age);
        text_print(reason, ", more than %" PRId64 " s", args->max_age);
    }
}

/* FINDING, after a message for each, if consumers are beyond a limit. */
static enum outcome check_limits(const struct listing *listing)
{
    enum outcome outcome = DONE;

    for (size_t i = 0; i < listing->count; i++) {
        struct text reason = { 0 };
        quipu_error error;

        judge(listing->args, &listing->items[i], &reason);
        if (reason.size > 0) {
            quipu_error_set(&error, QUIPU_NOT_FOUND, "consumer '%s': %s",
                            listing->items[i].name, text_content(&reason));
            outcome = output_error(&error);
        }
        text_free(&reason);
    }
    return outcome;
}

static enum outcome list(struct listing *listing)
{
    const uint64_t limits = OPTION_MAX_BEHIND | OPTION_MAX_AGE;
    quipu_error error;

    if (consumers_listing_read(listing, &error) != QUIPU_OK) {
        return output_error(&error);
    }
    print(listing, NULL);
    return (listing->args->given & limits) != 0 ? check_limits(listing) : DONE;
}

/* --------------------------------------------------------------- watching */

/* Prints the list in the place of the last one, or behind it. */
static void print_again(const struct listing *listing)
{
    static bool first = true;
    char time[QUIPU_TIME_TEXT_SIZE];

    (void)quipu_time_format(quipu_time_now(), time, NULL);
    if (!listing->args->json) {
        if (isatty(STDOUT_FILENO)) {
            fputs("\033[H\033[2J", stdout);
        } else if (!first) {
            putchar('\n');
        }
    }
    first = false;
    print(listing, time);
    (void)fflush(stdout);
}

/* Waits for a store that cannot be reached, after a message. */
static enum outcome watch(struct listing *listing)
{
    const double pause =
        listing->args->seconds > 0 ? listing->args->seconds : WATCH_SECONDS;
    bool failing = false;

    if (!interrupt_init(listing->tracking)) {
        fputs("quipu: cannot start the thread that handles signals\n", stderr);
        return FINDING;
    }
    enum outcome outcome = DONE;

    while (outcome == DONE && !interrupt_requested()) {
        quipu_error error;
        int status = consumers_listing_read(listing, &error);

        if (status == QUIPU_OK) {
            failing = false;
            print_again(listing);
        } else if (status != QUIPU_BUSY && status != QUIPU_IO &&
                   status != QUIPU_TIMEOUT) {
            outcome = output_error(&error);
        } else if (!failing) {
            failing = true;
            output_error(&error);
            fputs("quipu: waiting for the store\n", stderr);
        }
        if (outcome == DONE) {
            interrupt_wait(pause);
        }
    }
    interrupt_finish();
    return outcome;
}

/* ---------------------------------------------------------------- command */

/* Returns false, after a message, if two options exclude each other. */
static bool check_options(const struct args *args)
{
    static const uint64_t exclusive[] = { OPTION_RESET, OPTION_REMOVE,
                                          OPTION_WATCH,
                                          OPTION_MAX_BEHIND | OPTION_MAX_AGE };
    int count = 0;

    for (size_t i = 0; i < sizeof(exclusive) / sizeof(*exclusive); i++) {
        count += (args->given & exclusive[i]) != 0;
    }
    if (count > 1) {
        fputs("quipu: --reset, --remove, --watch and the limits exclude each "
              "other\n",
              stderr);
        return false;
    }
    if ((args->given & OPTION_AFTER) != 0 && !args->reset) {
        fputs("quipu: --after belongs to --reset\n", stderr);
        return false;
    }
    return true;
}

static enum outcome run(const struct args *args)
{
    struct listing listing;

    if (!check_options(args)) {
        return USAGE;
    }
    enum outcome outcome =
        consumers_listing_open(&listing, args, args->reset || args->remove);

    if (outcome != DONE) {
        return outcome;
    }
    if (args->reset) {
        outcome = consumers_change_reset(&listing);
    } else if (args->remove) {
        outcome = consumers_change_remove(&listing);
    } else if ((args->given & OPTION_WATCH) != 0) {
        outcome = watch(&listing);
    } else {
        outcome = list(&listing);
    }
    consumers_listing_close(&listing);
    return outcome;
}

const struct command consumers_command = {
    .name = "consumers",
    .arguments = "URI",
    .summary = "show how far consumers are behind; reset, remove one",
    .help =
        "Lists the consumers whose tracking records are in a store: the\n"
        "record, the head of the log, the notifications behind it, the age of\n"
        "the oldest of them, and the parked events. If the logs are in "
        "another\n"
        "store, --logs names it.\n"
        "\n"
        "--reset moves the record of a consumer, so that it processes events\n"
        "again or leaves some out; a projection is reset by its program\n"
        "(quipu_projection_reset). --remove removes all that the store keeps\n"
        "of a consumer, but not the tables of its read model. Both ask "
        "before,\n"
        "and are refused if the record has moved meanwhile: stop the consumer\n"
        "first.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_LOGS | OPTION_WATCH | OPTION_MAX_BEHIND |
               OPTION_MAX_AGE | OPTION_RESET | OPTION_REMOVE | OPTION_AFTER |
               OPTION_YES | OPTIONS_OF_LISTS | OPTION_JSON | OPTION_HELP,
    .run = run,
};
