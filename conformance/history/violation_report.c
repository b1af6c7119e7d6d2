/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of violations. */
#include "violation_report.h"

#include "token.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OTHERS \
    60 /* operations in a timeline that are not evidence, at most \
        */

/* The operations that are evidence for a violation, by their begin. */
struct evidence {
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

static struct evidence evidence_of(const struct quipu_history *history,
                                   const struct quipu_violation *violation)
{
    struct evidence evidence = { .count = violation->operation_count };

    for (unsigned i = 0; i < evidence.count; i++) {
        evidence.ops[i] = &history->operations[violation->operations[i]];
    }
    qsort(evidence.ops, evidence.count, sizeof(*evidence.ops), by_time);
    return evidence;
}

/* ------------------------------------------------------------------- text */

/* Returns true if the word is an entry of a long read that is far from the id
 * `about` and not at either end. */
static bool is_distant(struct quipu_history_token word, int64_t about,
                       bool ends)
{
    int64_t id;

    return !ends && quipu_history_token_number(&word, &id) &&
           word.at < word.end && *word.at == '/' &&
           (id < about - 1 || id > about + 1);
}

/* Writes a line without its time and number; of a long read only the entries
 * around `about` and those at both ends. */
static void put_line(FILE *to, const char *line, int64_t about)
{
    struct quipu_history_token words = { line, strchr(line, '\n') }, word, next;
    unsigned number = 0;
    bool left_out = false;

    if (!quipu_history_token_next(&words, &word)) {
        return;
    }
    for (; word.at < word.end; word = next, number++) {
        if (!quipu_history_token_next(&words, &next)) {
            next.at = next.end;
        }
        if (number < 2) {
            continue;
        }
        if (is_distant(word, about, number < 5 || next.at == next.end)) {
            left_out = true;
            continue;
        }
        fprintf(to, "%s%.*s",
                left_out     ? " .. "
                : number > 2 ? " "
                             : "",
                (int)quipu_history_token_length(word), word.at);
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
    put_line(to, op->request, about);
    fputs("\n      -> ", to);
    if (op->response) {
        put_line(to, op->response, about);
    } else {
        fputs("no response", to);
    }
    fputc('\n', to);
}

void quipu_history_violation_report_text(
    const struct quipu_history *history,
    const struct quipu_violations *violations, FILE *text)
{
    for (int kind = 0; kind < QUIPU_VIOLATION_KINDS; kind++) {
        const struct quipu_violation *violation = &violations->at[kind][0];
        struct evidence evidence;

        if (violations->counts[kind] == 0) {
            continue;
        }
        fprintf(text, "%s (%s), %zu in all: %s\n",
                quipu_history_violations_name(kind), violation->guarantee,
                violations->counts[kind], violation->text);
        evidence = evidence_of(history, violation);
        for (unsigned i = 0; i < evidence.count; i++) {
            put_operation(history, evidence.ops[i], violation->id, text);
        }
    }
}

/* ---------------------------------------------------------------- timeline */

static void draw_operation(const struct quipu_history *history,
                           const struct quipu_operation *op, int64_t about,
                           bool bad, FILE *to)
{
    fprintf(to, "{\"lane\":\"session %" PRIu32 "\",\"from\":%.6f",
            history->sessions[op->session].number, (double)op->begin / 1e6);
    if (op->end != QUIPU_HISTORY_NEVER) {
        fprintf(to, ",\"to\":%.6f", (double)op->end / 1e6);
    }
    /* The words of a history contain no character that JSON escapes. */
    fputs(",\"what\":\"", to);
    put_line(to, op->request, about);
    fputs("\",\"outcome\":\"", to);
    if (op->response) {
        put_line(to, op->response, about);
    }
    fprintf(to, "\",\"bad\":%s}\n", bad ? "true" : "false");
}

static bool is_evidence(const struct evidence *evidence,
                        const struct quipu_operation *op)
{
    bool found = false;

    for (unsigned i = 0; i < evidence->count; i++) {
        found = found || evidence->ops[i] == op;
    }
    return found;
}

/* Draws other operations on the log that ran at the same time.  Final reads do
 * not extend that time: they come long after everything else. */
static void draw_others(const struct quipu_history *history,
                        const struct quipu_violation *violation,
                        const struct evidence *evidence, FILE *to)
{
    int64_t begin = evidence->ops[0]->begin, end = begin;
    unsigned drawn = 0;

    for (unsigned i = 0; i < evidence->count; i++) {
        if (evidence->ops[i]->end != QUIPU_HISTORY_NEVER &&
            !evidence->ops[i]->final && evidence->ops[i]->end > end) {
            end = evidence->ops[i]->end;
        }
    }
    for (size_t i = 0; i < history->operation_count && drawn < OTHERS; i++) {
        const struct quipu_operation *op = &history->operations[i];

        if (op->log == evidence->ops[0]->log && op->begin <= end &&
            op->end >= begin && !is_evidence(evidence, op)) {
            draw_operation(history, op, violation->id, false, to);
            drawn++;
        }
    }
}

void quipu_history_violation_report_timeline(
    const struct quipu_history *history,
    const struct quipu_violations *violations, FILE *timeline)
{
    for (int kind = 0; kind < QUIPU_VIOLATION_KINDS; kind++) {
        const struct quipu_violation *violation = &violations->at[kind][0];
        struct evidence evidence;

        if (violations->counts[kind] == 0 || violation->operation_count == 0) {
            continue;
        }
        evidence = evidence_of(history, violation);
        for (unsigned i = 0; i < evidence.count; i++) {
            draw_operation(history, evidence.ops[i], violation->id, true,
                           timeline);
        }
        draw_others(history, violation, &evidence, timeline);
        return;
    }
}
