/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu erase: erases the contents of events.
 *
 * The events are counted first, for --dry-run and for the question.  They are
 * erased up to the position or notification id that the count has reached, so
 * that no event is erased that the question has not counted.
 *
 * The snapshots that the store keeps are removed after that, all of them: an
 * erasure outdates those of the whole schema, and their keys do not tell which
 * schema they are of.  Scrubbing is last, so that it removes their bytes, too.
 */
#include "args.h"
#include "output/jsonl.h"
#include "output/memory.h"
#include "output/output.h"
#include "output/table.h"
#include "output/text.h"
#include "question.h"
#include "store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The events of one schema that are erased. */
struct target {
    quipu_records *records;
    quipu_id id; /* size 0: the log */
    quipu_erasure erasure;
    int64_t count;  /* of events that are not erased */
    int64_t erased; /* by this command */
};

struct erase {
    const struct args *args;
    const struct store *store;
    struct target *targets; /* with room for each schema of the store */
    size_t count;
};

static bool is_given(const struct erase *erase, uint64_t option)
{
    return (erase->args->given & option) != 0;
}

/* ------------------------------------------------------------------ finding */

/* Sets the range that --from and --to give, up to `last`. */
static void set_range(const struct erase *erase, struct target *target,
                      int64_t last)
{
    const struct args *args = erase->args;

    target->erasure = (quipu_erasure){
        .struct_size = sizeof(target->erasure),
        .flags = is_given(erase, OPTION_SCRUB) ? QUIPU_ERASURE_SCRUB : 0,
        .lower = is_given(erase, OPTION_FROM) ? args->from : INT64_MIN,
        .upper =
            is_given(erase, OPTION_TO) && args->to < last ? args->to : last,
    };
    if (target->erasure.lower > target->erasure.upper) {
        target->erasure.upper = target->erasure.lower; /* holds no event */
    }
    if (target->id.size > 0) {
        target->erasure.sequence_id = quipu_id_bytes(&target->id);
    }
}

/* Adds a target, and counts its events. */
static int add_target(struct erase *erase, const struct target *found,
                      int64_t last, quipu_error *error)
{
    struct target *target = &erase->targets[erase->count];

    *target = *found;
    set_range(erase, target, last);
    int status = quipu_records_erasable(target->records, &target->erasure,
                                        &target->count, error);

    erase->count += status == QUIPU_OK;
    return status;
}

/* Adds the sequence of a schema, if it has it.  INVALID: it cannot have it. */
static int add_sequence(struct erase *erase, quipu_records *records,
                        quipu_error *error)
{
    struct target target = { .records = records };
    int64_t last = 0;
    int status = store_parse_id(quipu_records_schema(records),
                                erase->args->sequence, &target.id, error);

    if (status == QUIPU_OK) {
        status = quipu_records_last(records, quipu_id_bytes(&target.id), &last,
                                    error);
    }
    return status == QUIPU_OK ? add_target(erase, &target, last, error)
                              : status;
}

/* An id of the wrong kind for one schema is an error only if it is wrong for
 * all of them. */
static int find_sequences(struct erase *erase, quipu_error *error)
{
    bool is_possible = false;

    quipu_error_set(error, QUIPU_NOT_FOUND, "the store has no schema");
    for (size_t i = 0; i < erase->store->count; i++) {
        const int status =
            add_sequence(erase, erase->store->schemas[i].records, error);

        is_possible = is_possible || status != QUIPU_INVALID;
        if (status != QUIPU_OK && status != QUIPU_NOT_FOUND &&
            status != QUIPU_INVALID) {
            return status;
        }
    }
    if (erase->count > 0) {
        return QUIPU_OK;
    }
    return is_possible && erase->store->count > 0
               ? quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "the store has no sequence '%s'",
                                 erase->args->sequence)
               : error->code;
}

static int find_log(struct erase *erase, quipu_error *error)
{
    struct target target = { .records = erase->store->schemas[0].records };
    quipu_position head;
    int status = quipu_records_head(target.records, &head, error);

    return status == QUIPU_OK
               ? add_target(erase, &target, head.notification_id, error)
               : status;
}

/* ------------------------------------------------------------------- asking */

static void describe_target(const struct erase *erase,
                            const struct target *target, struct text *text)
{
    const char *table = quipu_records_schema(target->records)->table;
    const bool is_log = target->id.size == 0;

    text_print(text, "%" PRId64 " event%s of '%s'", target->count,
               target->count == 1 ? "" : "s", table);
    if (!is_log) {
        text_print(text, ", sequence '%s'", erase->args->sequence);
    }
    if (is_log || is_given(erase, OPTION_FROM | OPTION_TO)) {
        text_print(text, ", %s ", is_log ? "notification ids" : "positions");
        if (target->erasure.lower > INT64_MIN) {
            text_print(text, "%" PRId64 " ", target->erasure.lower);
        }
        text_print(text, "to %" PRId64, target->erasure.upper);
    }
}

static bool ask(const struct erase *erase, enum outcome *outcome)
{
    struct text text = { 0 };
    int64_t count = 0;

    for (size_t i = 0; i < erase->count; i++) {
        count += erase->targets[i].count;
        if (i > 0) {
            text_print(&text, "; ");
        }
        describe_target(erase, &erase->targets[i], &text);
    }
    text_print(&text,
               " would be erased for ever: state, metadata and further "
               "columns. Backups, replicas and read models keep them. Erase?");
    bool agreed =
        count == 0 || question_ask(erase->args, text_content(&text), outcome);

    text_free(&text);
    return agreed;
}

/* ------------------------------------------------------------------ erasing */

static int erase_all(struct erase *erase, bool scrubs, quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < erase->count; i++) {
        struct target *target = &erase->targets[i];
        quipu_erasure erasure = target->erasure;
        int64_t erased = 0;

        erasure.flags = scrubs ? QUIPU_ERASURE_SCRUB : 0;
        status = quipu_records_erase(target->records, &erasure, &erased, error);
        target->erased += erased;
    }
    return status;
}

static int clear_snapshots(const struct erase *erase, quipu_error *error)
{
    int status = quipu_snapshots_clear(erase->store->datastore, error);

    return status == QUIPU_UNSUPPORTED ? QUIPU_OK : status;
}

static int change(struct erase *erase, quipu_error *error)
{
    int status = erase_all(erase, false, error);

    if (status == QUIPU_OK) {
        status = clear_snapshots(erase, error);
    }
    if (status == QUIPU_OK && is_given(erase, OPTION_SCRUB)) {
        status = erase_all(erase, true, error);
    }
    return status;
}

/* ------------------------------------------------------------------ results */

static void report_json(const struct erase *erase)
{
    const bool is_dry = is_given(erase, OPTION_DRY_RUN);

    for (size_t i = 0; i < erase->count; i++) {
        const struct target *target = &erase->targets[i];
        json_t *line = json_object();

        jsonl_set(line, "schema",
                  jsonl_string(quipu_records_schema(target->records)->table));
        jsonl_set(line, is_dry ? "erasable" : "erased",
                  json_integer(is_dry ? target->count : target->erased));
        jsonl_print(line);
    }
}

static void report(const struct erase *erase)
{
    const bool is_dry = is_given(erase, OPTION_DRY_RUN);
    const struct heading headings[] = {
        { .title = "schema" },
        { .title = is_dry ? "would be erased" : "erased", .right = true },
    };

    if (erase->args->json) {
        report_json(erase);
        return;
    }
    struct table *table = table_open(headings, 2, false);

    for (size_t i = 0; i < erase->count; i++) {
        const struct target *target = &erase->targets[i];

        table_add_text(table, quipu_records_schema(target->records)->table);
        table_add_int(table, is_dry ? target->count : target->erased);
    }
    table_close(table);
}

static enum outcome erase_found(struct erase *erase)
{
    enum outcome outcome = DONE;
    quipu_error error;

    if (!is_given(erase, OPTION_DRY_RUN)) {
        if (!ask(erase, &outcome)) {
            return outcome;
        }
        if (change(erase, &error) != QUIPU_OK) {
            outcome = output_error(&error);
            fputs("quipu: what was erased stays so; run the same command again "
                  "to continue\n",
                  stderr);
        }
    }
    report(erase);
    return outcome;
}

static enum outcome erase_in_store(const struct args *args,
                                   const struct store *store)
{
    const bool is_log = (args->given & OPTION_LOG) != 0;
    struct erase erase = { .args = args, .store = store };
    quipu_error error;

    if (is_log && store->count != 1) {
        fprintf(stderr,
                "quipu: --log erases in one log, but the store has %zu; name "
                "one with --schema\n",
                store->count);
        return USAGE;
    }
    erase.targets = memory_allocate(store->count, sizeof(*erase.targets));
    int status =
        is_log ? find_log(&erase, &error) : find_sequences(&erase, &error);
    enum outcome outcome =
        status == QUIPU_OK ? erase_found(&erase) : output_error(&error);

    free(erase.targets);
    return outcome;
}

/* ------------------------------------------------------------------ command */

/* Returns what is wrong with the options, or NULL. */
static const char *check_options(const struct args *args)
{
    const uint64_t bounds = OPTION_FROM | OPTION_TO;
    const bool is_log = (args->given & OPTION_LOG) != 0;

    if (is_log == (args->sequence != NULL)) {
        return "name what is erased: either --sequence ID or --log";
    }
    if (is_log && (args->given & bounds) != bounds) {
        return "--log needs both --from and --to, which are notification ids";
    }
    if ((args->given & bounds) == bounds && args->from > args->to) {
        return "--from is above --to";
    }
    return NULL;
}

static enum outcome run(const struct args *args)
{
    const char *wrong = check_options(args);

    if (wrong) {
        fprintf(stderr, "quipu: %s\n", wrong);
        return USAGE;
    }
    return (args->given & OPTION_DRY_RUN) != 0
               ? store_run(args, erase_in_store)
               : store_change(args, erase_in_store);
}

const struct command erase_command = {
    .name = "erase",
    .arguments = "URI",
    .summary = "erase the contents of events for ever",
    .help =
        "Erases states, metadata and further columns of the events of one\n"
        "sequence (--sequence), or of a range of a log (--log). Sequence id,\n"
        "position, notification id, topic, event id and time stay, so that no\n"
        "position and no id is given again. It counts the events and asks\n"
        "before; without a terminal it needs --yes. Without --schema the\n"
        "sequence is erased in each schema that has it. The snapshots of\n"
        "aggregates are removed from the store, all of them, since programs\n"
        "make them again. Backups, replicas, read models and freed space of\n"
        "the files keep what they have; --scrub removes the erased bytes from\n"
        "the files, where the driver can.",
    .argument_count = 1,
    .options = OPTION_SEQUENCE | OPTION_LOG | OPTION_FROM | OPTION_TO |
               OPTION_SCHEMA | OPTION_SCRUB | OPTION_DRY_RUN | OPTION_YES |
               OPTION_JSON | OPTION_HELP,
    .run = run,
    .interrupted = "what was erased so far stays erased; run the same command "
                   "again to go on",
};
