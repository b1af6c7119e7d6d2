/* SPDX-License-Identifier: Apache-2.0 */
/* Parses what a session asked. */
#include "loading.h"

#include <quipu/types.h>

static const char *const calls[] = { "append", "read", "log",  "last",
                                     "head",   "wait", "track" };

#define CALLS ((int)(sizeof(calls) / sizeof(*calls)))

const char *quipu_history_call_name(int call)
{
    return call >= 0 && call < CALLS ? calls[call] : "?";
}

static bool parse_mark(struct quipu_scan word, struct quipu_mark *mark)
{
    int64_t number[3] = { 0 };

    if (quipu_scan_take(&word, "?")) {
        return true;
    }
    for (int i = 0; i < 3; i++) {
        if ((i > 0 && !quipu_scan_take(&word, ".")) ||
            !quipu_scan_number(&word, &number[i]) || number[i] < 0 ||
            number[i] > UINT32_MAX) {
            return false;
        }
    }
    *mark = (struct quipu_mark){ (uint32_t)number[0], (uint32_t)number[1],
                                 (uint32_t)number[2] };
    return word.at == word.end;
}

bool quipu_history_parse_entry(struct quipu_history *history,
                               struct quipu_scan word, uint32_t log,
                               bool with_id)
{
    struct quipu_history_entry entry = { .position = QUIPU_HISTORY_NEXT };
    struct quipu_scan sequence, mark;

    if (with_id && (!quipu_scan_number(&word, &entry.id) ||
                    !quipu_scan_take(&word, "/"))) {
        return false;
    }
    if (!quipu_scan_until(&word, '@', &sequence) ||
        (!quipu_scan_take(&word, "+") &&
         !quipu_scan_number(&word, &entry.position)) ||
        !quipu_scan_take(&word, "/") || !quipu_scan_until(&word, '/', &mark) ||
        !parse_mark(mark, &entry.mark) || !quipu_scan_hex(&word, &entry.hash) ||
        word.at != word.end) {
        return false;
    }
    entry.sequence = quipu_history_name(&history->sequences, sequence, log);
    *QUIPU_HISTORY_ADD(history, entries, entry) = entry;
    return true;
}

static bool parse_guard(struct quipu_history *history, struct quipu_scan word,
                        uint32_t log)
{
    struct quipu_history_guard guard = { .demand = QUIPU_DEMAND_LAST };
    struct quipu_scan sequence;

    if (!quipu_scan_until(&word, '=', &sequence)) {
        return false;
    }
    if (quipu_scan_is(word, "empty")) {
        guard.demand = QUIPU_DEMAND_EMPTY;
    } else if (quipu_scan_is(word, "filled")) {
        guard.demand = QUIPU_DEMAND_NOT_EMPTY;
    } else if (!quipu_scan_number(&word, &guard.position)) {
        return false;
    }
    guard.sequence = quipu_history_name(&history->sequences, sequence, log);
    *QUIPU_HISTORY_ADD(history, guards, guard) = guard;
    return true;
}

static bool parse_append(struct quipu_history *history,
                         struct quipu_operation *op, struct quipu_scan line)
{
    struct quipu_scan word, consumer;

    op->entries = history->entry_count;
    op->guards = history->guard_count;
    while (quipu_scan_next(&line, &word)) {
        bool good;

        if (quipu_scan_take(&word, "guard:")) {
            good = parse_guard(history, word, op->log);
        } else if (quipu_scan_take(&word, "track:")) {
            good = quipu_scan_until(&word, '=', &consumer) &&
                   quipu_scan_number(&word, &op->track);
            op->tracks = good;
            op->consumer = good ? quipu_history_name(&history->consumers,
                                                     consumer, op->log)
                                : 0;
        } else {
            good = quipu_history_parse_entry(history, word, op->log, false);
        }
        if (!good) {
            return false;
        }
    }
    op->count = history->entry_count - op->entries;
    op->guard_count = history->guard_count - op->guards;
    return true;
}

/* The bounds of a read. */
static bool parse_range(struct quipu_operation *op, struct quipu_scan line)
{
    struct quipu_scan word;
    bool good = true;

    while (good && quipu_scan_next(&line, &word)) {
        if (quipu_scan_take(&word, "from=")) {
            good = quipu_scan_number(&word, &op->from);
        } else if (quipu_scan_take(&word, "to=")) {
            good = quipu_scan_number(&word, &op->to);
        } else if (quipu_scan_take(&word, "limit=")) {
            good = quipu_scan_number(&word, &op->limit);
        } else if (quipu_scan_is(word, "desc")) {
            op->descending = true;
        } else if (quipu_scan_is(word, "final")) {
            op->final = true;
        } else {
            good = false;
        }
    }
    return good;
}

bool quipu_history_parse_asked(struct quipu_history *history,
                               struct quipu_operation *op,
                               struct quipu_scan line)
{
    struct quipu_scan word, log, name;
    int call = 0;

    if (!quipu_scan_next(&line, &word) || !quipu_scan_next(&line, &log)) {
        return false;
    }
    while (call < CALLS && !quipu_scan_is(word, calls[call])) {
        call++;
    }
    op->call = (uint8_t)call;
    op->log = quipu_history_name(&history->logs, log, 0);
    op->from = op->track = INT64_MIN;
    op->to = op->limit = INT64_MAX;
    switch (call) {
    case QUIPU_HISTORY_APPEND:
        return parse_append(history, op, line);
    case QUIPU_HISTORY_READ:
    case QUIPU_HISTORY_LAST:
        if (!quipu_scan_next(&line, &name)) {
            return false;
        }
        op->sequence = quipu_history_name(&history->sequences, name, op->log);
        return parse_range(op, line);
    case QUIPU_HISTORY_LOG:
    case QUIPU_HISTORY_HEAD:
        return parse_range(op, line);
    case QUIPU_HISTORY_WAIT:
        return quipu_scan_next(&line, &word) &&
               quipu_scan_take(&word, "after=") &&
               quipu_scan_number(&word, &op->track);
    case QUIPU_HISTORY_TRACK:
        if (!quipu_scan_next(&line, &name)) {
            return false;
        }
        op->consumer = quipu_history_name(&history->consumers, name, op->log);
        return true;
    default:
        return false;
    }
}
