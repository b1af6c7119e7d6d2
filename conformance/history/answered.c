/* SPDX-License-Identifier: Apache-2.0 */
/* Parses what a session was told. */
#include "loading.h"

#include <quipu/error.h>
#include <string.h>

static const char *const causes[] = { "none",     "event-id", "guard",
                                      "tracking", "position", "item" };

#define CAUSES ((int)(sizeof(causes) / sizeof(*causes)))

const char *quipu_history_cause_name(int cause)
{
    return cause >= 0 && cause < CAUSES ? causes[cause] : "?";
}

static bool parse_cause(struct quipu_scan word, uint8_t *cause)
{
    for (int i = 0; i < CAUSES; i++) {
        if (quipu_scan_is(word, causes[i])) {
            *cause = (uint8_t)i;
            return true;
        }
    }
    return false;
}

static bool parse_status(struct quipu_scan word, int16_t *status)
{
    for (int i = QUIPU_OK; i <= QUIPU_INTERNAL; i++) {
        if (quipu_scan_is(word, quipu_status_name(i))) {
            *status = (int16_t)i;
            return true;
        }
    }
    return false;
}

/* at=5,0 of an append: where each item went. */
static bool parse_positions(struct quipu_history *history,
                            struct quipu_operation *op, struct quipu_scan word)
{
    int64_t position;

    op->positions = history->position_count;
    do {
        if (!quipu_scan_number(&word, &position)) {
            return false;
        }
        *QUIPU_HISTORY_ADD(history, positions, position) = position;
        op->position_count++;
    } while (quipu_scan_take(&word, ","));
    return word.at == word.end;
}

static bool parse_told(struct quipu_operation *op, struct quipu_scan word)
{
    int64_t index = 0;

    if (quipu_scan_take(&word, "cause=")) {
        return parse_cause(word, &op->cause);
    }
    if (quipu_scan_take(&word, "index=")) {
        bool good = quipu_scan_number(&word, &index);

        op->index = (uint32_t)index;
        return good;
    }
    if (quipu_scan_take(&word, "last=")) {
        op->has_last = true;
    } else if (!quipu_scan_take(&word, "ids=") &&
               !quipu_scan_take(&word, "head=") &&
               !quipu_scan_take(&word, "at=")) {
        return false;
    }
    return quipu_scan_number(&word, &op->told) && word.at == word.end;
}

static bool parse_word(struct quipu_history *history,
                       struct quipu_operation *op, struct quipu_scan word)
{
    if (quipu_scan_is(word, "repeated")) {
        op->repeated = true;
        return true;
    }
    if (op->call == QUIPU_HISTORY_APPEND && quipu_scan_take(&word, "at=")) {
        return parse_positions(history, op, word);
    }
    if (op->call != QUIPU_HISTORY_READ && op->call != QUIPU_HISTORY_LOG) {
        return parse_told(op, word);
    }
    if (quipu_scan_take(&word, "opened=")) {
        return quipu_scan_number(&word, &op->opened) && word.at == word.end;
    }
    return quipu_history_parse_entry(history, word, op->log, true);
}

bool quipu_history_parse_answered(struct quipu_history *history,
                                  struct quipu_operation *op,
                                  struct quipu_scan line)
{
    bool reads =
        op->call == QUIPU_HISTORY_READ || op->call == QUIPU_HISTORY_LOG;
    struct quipu_scan word;

    if (!quipu_scan_next(&line, &word) || !parse_status(word, &op->status)) {
        return false;
    }
    if (reads) {
        op->entries = history->entry_count;
    }
    while (quipu_scan_next(&line, &word)) {
        if (!parse_word(history, op, word)) {
            return false;
        }
    }
    if (reads) {
        op->count = history->entry_count - op->entries;
    }
    return op->status != QUIPU_OK || op->position_count == 0 ||
           op->position_count == op->count;
}
