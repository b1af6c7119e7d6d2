/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a consumer by `quipu consumers`. */
#include "consumers/change.h"
#include "output/jsonl.h"
#include "output/output.h"
#include "output/text.h"
#include "question.h"

#include <inttypes.h>
#include <stdio.h>

/* Lists the consumers, and finds the one that is to be changed. */
static enum outcome find(struct listing *listing, const char *name,
                         const quipu_consumer **consumer)
{
    quipu_error error;
    int status = consumers_listing_read(listing, &error);

    if (status == QUIPU_OK) {
        status = consumers_listing_find(listing, name, consumer, &error);
    }
    return status == QUIPU_OK ? DONE : output_error(&error);
}

/* -------------------------------------------------------------- resetting */

static bool ask_reset(const struct args *args, const quipu_consumer *consumer,
                      enum outcome *outcome)
{
    const int64_t from = consumer->position.notification_id;
    struct text text = { 0 };

    text_print(&text,
               "Consumer '%s' has processed log '%s' up to %" PRId64 ". ",
               consumer->name, consumer->log ? consumer->log : "", from);
    if (args->after < from) {
        text_print(&text,
                   "It would process %" PRId64 " notification%s again, from "
                   "%" PRId64 " on. ",
                   from - args->after, from - args->after == 1 ? "" : "s",
                   args->after + 1);
    } else {
        text_print(&text,
                   "It would leave out %" PRId64 " notification%s, and go on "
                   "with %" PRId64 ". ",
                   args->after - from, args->after - from == 1 ? "" : "s",
                   args->after + 1);
    }
    text_print(&text, "Reset it?");
    bool agreed = question_ask(args, text_content(&text), outcome);

    text_free(&text);
    return agreed;
}

static void report_reset(const struct args *args,
                         const quipu_consumer *consumer)
{
    const int64_t from = consumer->position.notification_id;

    if (args->json) {
        json_t *line = json_object();

        jsonl_set(line, "consumer", jsonl_string(consumer->name));
        jsonl_set(line, "log", jsonl_string(consumer->log));
        jsonl_set(line, "from", json_integer(from));
        jsonl_set(line, "to", json_integer(args->after));
        jsonl_print(line);
        return;
    }
    struct text line = { 0 };

    text_print(&line, "the record was moved from %" PRId64 " to %" PRId64, from,
               args->after);
    output_field(consumer->name, text_content(&line));
    text_free(&line);
}

enum outcome consumers_change_reset(struct listing *listing)
{
    const struct args *args = listing->args;
    const quipu_consumer *consumer = NULL;
    enum outcome outcome = find(listing, args->reset, &consumer);
    quipu_error error;

    if (outcome != DONE || !consumer) {
        return outcome;
    }
    /* Nobody is asked about a projection, which is refused below. */
    if ((consumer->flags & QUIPU_CONSUMER_PROJECTION) == 0 &&
        !ask_reset(args, consumer, &outcome)) {
        return outcome;
    }
    if (quipu_consumer_reset(listing->tracking, listing->logs, consumer,
                             args->after, &error) != QUIPU_OK) {
        return output_error(&error);
    }
    report_reset(args, consumer);
    return DONE;
}

/* --------------------------------------------------------------- removing */

static bool ask_remove(const struct args *args, const quipu_consumer *consumer,
                       enum outcome *outcome)
{
    struct text text = { 0 };

    text_print(&text,
               "Consumer '%s' would lose its position (%" PRId64
               ") and %" PRId64 " parked event%s. ",
               consumer->name, consumer->position.notification_id,
               consumer->parked, consumer->parked == 1 ? "" : "s");
    if (consumer->member_count > 0) {
        text_print(&text, "Its group has %zu member%s now. ",
                   consumer->member_count,
                   consumer->member_count == 1 ? "" : "s");
    }
    if ((consumer->flags & QUIPU_CONSUMER_SHOWN) != 0) {
        text_print(&text, "It is the version that readers are shown. ");
    }
    if ((consumer->flags & QUIPU_CONSUMER_PROJECTION) != 0) {
        text_print(&text,
                   "Its read model is not touched: drop its tables before the "
                   "program opens it again. ");
    }
    text_print(&text, "Remove it?");
    bool agreed = question_ask(args, text_content(&text), outcome);

    text_free(&text);
    return agreed;
}

static void report_remove(const struct args *args,
                          const quipu_consumer *consumer)
{
    if (args->json) {
        json_t *line = json_object();

        jsonl_set(line, "consumer", jsonl_string(consumer->name));
        jsonl_set(line, "log", jsonl_string(consumer->log));
        jsonl_set(line, "removed", json_true());
        jsonl_print(line);
        return;
    }
    output_field(consumer->name,
                 (consumer->flags & QUIPU_CONSUMER_PROJECTION) != 0
                     ? "removed; its read model is not"
                     : "removed");
}

enum outcome consumers_change_remove(struct listing *listing)
{
    const struct args *args = listing->args;
    const quipu_consumer *consumer = NULL;
    enum outcome outcome = find(listing, args->remove, &consumer);
    quipu_error error;

    if (outcome != DONE || !consumer || !ask_remove(args, consumer, &outcome)) {
        return outcome;
    }
    if (quipu_consumer_remove(listing->tracking, consumer, &error) !=
        QUIPU_OK) {
        return output_error(&error);
    }
    report_remove(args, consumer);
    return DONE;
}
