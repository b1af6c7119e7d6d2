/* SPDX-License-Identifier: Apache-2.0 */
/* quipu stats: numbers of items, sequences and bytes, and the times. */
#include "args.h"
#include "output/jsonl.h"
#include "output/moment.h"
#include "output/output.h"
#include "output/progress.h"
#include "output/state.h"
#include "output/text.h"
#include "store.h"

#include <stdio.h>

#define DAY (INT64_C(86400) * 1000000) /* microseconds */

struct stats {
    long long items, erased, sealed;
    unsigned long long bytes; /* of states */
    size_t largest;           /* state, in bytes */
    int64_t largest_id;       /* its notification id */
    long long timed;          /* items with a time */
    quipu_time first, last;   /* the earliest and the latest time */
    long long day, week;      /* items of the last 1 and 7 days */
    long long sequences;
    int64_t longest; /* items of the longest sequence; of sparse schemas -1 */
    quipu_id longest_id;
};

/* -------------------------------------------------------------- counting */

static void count_time(struct stats *stats, quipu_time time, quipu_time now)
{
    const int64_t age = now.microseconds - time.microseconds;

    if (stats->timed == 0 || time.microseconds < stats->first.microseconds) {
        stats->first = time;
    }
    if (stats->timed == 0 || time.microseconds > stats->last.microseconds) {
        stats->last = time;
    }
    stats->timed++;
    stats->day += age >= 0 && age < DAY;
    stats->week += age >= 0 && age < 7 * DAY;
}

static void count_item(struct stats *stats, const quipu_item *item,
                       quipu_time now)
{
    quipu_time time = item->time;
    quipu_state parts;

    stats->items++;
    stats->erased += (item->flags & QUIPU_ITEM_ERASED) != 0;
    stats->sealed += quipu_state_split(item->state, &parts, NULL) == QUIPU_OK &&
                     (parts.flags & QUIPU_STATE_IS_ENCRYPTED) != 0;
    stats->bytes += item->state.size;
    if (item->state.size > stats->largest) {
        stats->largest = item->state.size;
        stats->largest_id = item->notification_id;
    }
    if ((item->flags & QUIPU_ITEM_TIME) != 0 ||
        state_read_time(item->state, &time)) {
        count_time(stats, time, now);
    }
}

static int count_items(struct stats *stats, quipu_records *records,
                       struct progress *progress, quipu_error *error)
{
    const char *table = quipu_records_schema(records)->table;
    const quipu_time now = quipu_time_now();
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    quipu_position head;
    int status = quipu_records_head(records, &head, error);

    if (status == QUIPU_OK) {
        status = quipu_records_read_log(records, NULL, &cursor, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_cursor_next(cursor, &item, error);
    }
    while (status == QUIPU_OK && item) {
        count_item(stats, item, now);
        progress_show(progress, table, "reading", item->notification_id,
                      head.notification_id);
        status = quipu_cursor_next(cursor, &item, error);
    }
    quipu_cursor_close(cursor);
    return status;
}

static int count_sequences(struct stats *stats, quipu_records *records,
                           quipu_error *error)
{
    const bool sparse =
        (quipu_records_schema(records)->flags & QUIPU_SCHEMA_SPARSE) != 0;
    const quipu_sequence *sequence = NULL;
    quipu_sequences *sequences = NULL;
    int status =
        quipu_sequences_open(records, (quipu_bytes){ 0 }, &sequences, error);

    stats->longest = sparse ? -1 : 0;
    if (status == QUIPU_OK) {
        status = quipu_sequences_next(sequences, &sequence, error);
    }
    while (status == QUIPU_OK && sequence) {
        stats->sequences++;
        if (!sparse && sequence->last_position + 1 > stats->longest) {
            stats->longest = sequence->last_position + 1;
            (void)quipu_id_of_bytes(&stats->longest_id, sequence->id, NULL);
        }
        status = quipu_sequences_next(sequences, &sequence, error);
    }
    quipu_sequences_close(sequences);
    return status;
}

/* -------------------------------------------------------------- printing */

static double mean(double sum, long long count)
{
    return count == 0 ? 0 : sum / (double)count;
}

static void print_field(const char *name, struct text *line)
{
    output_field(name, text_content(line));
    text_clear(line);
}

static void print_sequences(const quipu_schema *schema,
                            const struct stats *stats, struct text *line)
{
    text_print(line, "%lld", stats->sequences);
    if (stats->sequences > 0) {
        text_print(line, ", of %.1f items on average",
                   mean((double)stats->items, stats->sequences));
    }
    if (stats->longest > 0) {
        text_print(line, "; the longest has %lld: ", (long long)stats->longest);
        text_add_id(line, schema, quipu_id_bytes(&stats->longest_id));
    }
    print_field("  sequences", line);
}

static void print_text(const quipu_schema *schema, const struct stats *stats,
                       bool first)
{
    struct text line = { 0 };

    if (!first) {
        putchar('\n');
    }
    output_field("schema", schema->table);
    text_print(&line, "%lld", stats->items);
    if (stats->erased > 0) {
        text_print(&line, ", %lld of them erased", stats->erased);
    }
    if (stats->sealed > 0) {
        text_print(&line, ", %lld of them encrypted", stats->sealed);
    }
    print_field("  items", &line);
    print_sequences(schema, stats, &line);
    if (stats->items > 0) {
        text_print(&line,
                   "%llu bytes, %.1f on average; the largest has %zu: "
                   "notification id %lld",
                   stats->bytes, mean((double)stats->bytes, stats->items),
                   stats->largest, (long long)stats->largest_id);
        print_field("  states", &line);
    }
    if (stats->timed > 0) {
        moment_add(&line, stats->first);
        text_print(&line, " to ");
        moment_add(&line, stats->last);
        print_field("  times", &line);
        text_print(&line, "%lld items in 24 hours, %lld in 7 days", stats->day,
                   stats->week);
        print_field("  lately", &line);
    }
    text_free(&line);
}

static void print_json(const quipu_schema *schema, const struct stats *stats)
{
    json_t *line = json_object();

    jsonl_set(line, "schema", jsonl_string(schema->table));
    jsonl_set(line, "items", json_integer(stats->items));
    jsonl_set(line, "erased", json_integer(stats->erased));
    jsonl_set(line, "encrypted", json_integer(stats->sealed));
    jsonl_set(line, "sequences", json_integer(stats->sequences));
    jsonl_set(line, "longest_sequence",
              stats->longest < 0 ? json_null() : json_integer(stats->longest));
    jsonl_set(line, "longest_sequence_id",
              stats->longest <= 0
                  ? json_null()
                  : jsonl_id(schema, quipu_id_bytes(&stats->longest_id)));
    jsonl_set(line, "state_bytes", json_integer((json_int_t)stats->bytes));
    jsonl_set(line, "largest_state", json_integer((json_int_t)stats->largest));
    jsonl_set(line, "largest_state_id", json_integer(stats->largest_id));
    jsonl_set(line, "first_time",
              stats->timed == 0 ? json_null() : jsonl_time(stats->first));
    jsonl_set(line, "last_time",
              stats->timed == 0 ? json_null() : jsonl_time(stats->last));
    jsonl_set(line, "last_day", json_integer(stats->day));
    jsonl_set(line, "last_week", json_integer(stats->week));
    jsonl_print(line);
}

/* --------------------------------------------------------------- command */

static enum outcome list(const struct args *args, const struct store *store)
{
    struct progress progress;
    quipu_error error;

    progress_init(&progress, args->progress);
    for (size_t i = 0; i < store->count; i++) {
        quipu_records *records = store->schemas[i].records;
        struct stats stats = { 0 };
        int status = count_items(&stats, records, &progress, &error);

        if (status == QUIPU_OK) {
            status = count_sequences(&stats, records, &error);
        }
        progress_clear(&progress);
        if (status != QUIPU_OK) {
            return output_error(&error);
        }
        if (args->json) {
            print_json(quipu_records_schema(records), &stats);
        } else {
            print_text(quipu_records_schema(records), &stats, i == 0);
        }
    }
    return DONE;
}

static enum outcome run(const struct args *args)
{
    return store_run(args, list);
}

const struct command stats_command = {
    .name = "stats",
    .arguments = "URI",
    .summary = "count items, sequences and bytes",
    .help =
        "Counts the items and sequences of each schema and the bytes of their\n"
        "states, with the longest sequence, the largest state, the first and\n"
        "the last time, and the items of the last day and week. It reads all\n"
        "items. quipu topics counts the items of each topic.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_PROGRESS | OPTION_LOCAL | OPTION_JSON |
               OPTION_HELP,
    .run = run,
    .interrupted = "the store was not read to its end; run the command again",
};
