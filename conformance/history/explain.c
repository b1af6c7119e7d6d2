/* SPDX-License-Identifier: Apache-2.0 */
/* Shows violations with the operations that take part in them. */
#include "explain.h"
#include "scan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ABOUT 60 /* operations in a picture that take no part */

/* The operations of a violation by time. */
struct part {
    const struct quipu_operation *ops[QUIPU_VIOLATION_OPERATIONS];
    unsigned count;
};

static int by_time(const void *left, const void *right)
{
    const struct quipu_operation *a =
        *(const struct quipu_operation *const *)left;
    const struct quipu_operation *b =
        *(const struct quipu_operation *const *)right;

    return (a->begin > b->begin) - (a->begin < b->begin);
}

static struct part part_of(const struct quipu_history *history,
                           const struct quipu_violation *violation)
{
    struct part part = { .count = violation->operation_count };

    for (unsigned i = 0; i < part.count; i++) {
        part.ops[i] = &history->operations[violation->operations[i]];
    }
    qsort(part.ops, part.count, sizeof(*part.ops), by_time);
    return part;
}

/* ----------------------------------------------------------------- a line */

/* Whether a word is one of many entries, and tells nothing here. */
static bool is_dull(struct quipu_scan word, int64_t about, bool ends)
{
    int64_t id;

    return !ends && quipu_scan_number(&word, &id) && word.at < word.end &&
           *word.at == '/' && (id < about - 1 || id > about + 1);
}

/* A line without its time and number; of many entries those that matter. */
static void put_line(FILE *to, const char *line, int64_t about)
{
    struct quipu_scan words = { line, strchr(line, '\n') }, word, next;
    unsigned number = 0;
    bool left_out = false;

    if (!quipu_scan_next(&words, &word)) {
        return;
    }
    for (; word.at < word.end; word = next, number++) {
        if (!quipu_scan_next(&words, &next)) {
            next.at = next.end;
        }
        if (number < 2) {
            continue;
        }
        if (is_dull(word, about, number < 5 || next.at == next.end)) {
            left_out = true;
            continue;
        }
        fprintf(to, "%s%.*s",
                left_out     ? " .. "
                : number > 2 ? " "
                             : "",
                (int)quipu_scan_length(word), word.at);
        left_out = false;
    }
}

static void put_operation(const struct quipu_history *history,
                          const struct quipu_operation *op, int64_t about,
                          FILE *to)
{
    const struct quipu_history_session *session =
        &history->sessions[op->session];
    char end[32] = "?";

    if (op->end != QUIPU_HISTORY_NEVER) {
        snprintf(end, sizeof(end), "%.3f", (double)op->end / 1e6);
    }
    fprintf(to, "  %.3f-%s ms, %" PRIu32 ".%" PRIu32 " (process %" PRIu32 "): ",
            (double)op->begin / 1e6, end, session->number, op->number,
            session->process);
    put_line(to, op->asked, about);
    fputs("\n      -> ", to);
    if (op->answered) {
        put_line(to, op->answered, about);
    } else {
        fputs("no answer", to);
    }
    fputc('\n', to);
}

void quipu_history_explain(const struct quipu_history *history,
                           const struct quipu_violations *violations,
                           FILE *text)
{
    for (int kind = 0; kind < QUIPU_VIOLATION_KINDS; kind++) {
        const struct quipu_violation *violation = &violations->at[kind][0];
        struct part part;

        if (violations->counts[kind] == 0) {
            continue;
        }
        fprintf(text, "%s (%s), %zu in all: %s\n", quipu_violation_name(kind),
                quipu_violation_guarantee(kind), violations->counts[kind],
                violation->text);
        part = part_of(history, violation);
        for (unsigned i = 0; i < part.count; i++) {
            put_operation(history, part.ops[i], violation->id, text);
        }
    }
}

/* ---------------------------------------------------------------- picture */

static void draw_operation(const struct quipu_history *history,
                           const struct quipu_operation *op, int64_t about,
                           bool bad, FILE *to)
{
    fprintf(to, "{\"lane\":\"session %" PRIu32 "\",\"from\":%.6f",
            history->sessions[op->session].number, (double)op->begin / 1e6);
    if (op->end != QUIPU_HISTORY_NEVER) {
        fprintf(to, ",\"to\":%.6f", (double)op->end / 1e6);
    }
    /* The words of a history need no escapes. */
    fputs(",\"what\":\"", to);
    put_line(to, op->asked, about);
    fputs("\",\"outcome\":\"", to);
    if (op->answered) {
        put_line(to, op->answered, about);
    }
    fprintf(to, "\",\"bad\":%s}\n", bad ? "true" : "false");
}

static bool takes_part(const struct part *part,
                       const struct quipu_operation *op)
{
    bool found = false;

    for (unsigned i = 0; i < part->count; i++) {
        found = found || part->ops[i] == op;
    }
    return found;
}

/* What else was under way; the reads at the end are far off. */
static void draw_about(const struct quipu_history *history,
                       const struct quipu_violation *violation,
                       const struct part *part, FILE *to)
{
    int64_t begin = part->ops[0]->begin, end = begin;
    unsigned drawn = 0;

    for (unsigned i = 0; i < part->count; i++) {
        if (part->ops[i]->end != QUIPU_HISTORY_NEVER && !part->ops[i]->final &&
            part->ops[i]->end > end) {
            end = part->ops[i]->end;
        }
    }
    for (size_t i = 0; i < history->operation_count && drawn < ABOUT; i++) {
        const struct quipu_operation *op = &history->operations[i];

        if (op->log == part->ops[0]->log && op->begin <= end &&
            op->end >= begin && !takes_part(part, op)) {
            draw_operation(history, op, violation->id, false, to);
            drawn++;
        }
    }
}

void quipu_history_draw(const struct quipu_history *history,
                        const struct quipu_violations *violations,
                        FILE *timeline)
{
    for (int kind = 0; kind < QUIPU_VIOLATION_KINDS; kind++) {
        const struct quipu_violation *violation = &violations->at[kind][0];
        struct part part;

        if (violations->counts[kind] == 0 || violation->operation_count == 0) {
            continue;
        }
        part = part_of(history, violation);
        for (unsigned i = 0; i < part.count; i++) {
            draw_operation(history, part.ops[i], violation->id, true, timeline);
        }
        draw_about(history, violation, &part, timeline);
        return;
    }
}
