/* SPDX-License-Identifier: Apache-2.0 */
/* Parser of requests and responses. */
#include "parser.h"

#include "pool.h"

#include <quipu/error.h>

/* By enum quipu_history_call. */
static const char *const calls[] = { "append", "read", "log",  "last",
                                     "head",   "wait", "track" };

#define CALLS ((int)(sizeof(calls) / sizeof(*calls)))

/* ---------------------------------------------------------------- requests */

static bool parse_origin(struct quipu_history_token word,
                         struct quipu_history_origin *origin)
{
    int64_t number[3] = { 0 };

    if (quipu_history_token_skip(&word, "?")) {
        return true;
    }
    for (int i = 0; i < 3; i++) {
        if ((i > 0 && !quipu_history_token_skip(&word, ".")) ||
            !quipu_history_token_number(&word, &number[i]) || number[i] < 0 ||
            number[i] > UINT32_MAX) {
            return false;
        }
    }
    *origin =
        (struct quipu_history_origin){ (uint32_t)number[0], (uint32_t)number[1],
                                       (uint32_t)number[2] };
    return word.at == word.end;
}

/* An item of an append, or with_id an entry of a read. */
static bool parse_entry(struct quipu_history *history,
                        struct quipu_history_token word, uint32_t log,
                        bool with_id)
{
    struct quipu_history_entry entry = { .position = QUIPU_HISTORY_NEXT };
    struct quipu_history_token sequence, origin;

    if (with_id && (!quipu_history_token_number(&word, &entry.id) ||
                    !quipu_history_token_skip(&word, "/"))) {
        return false;
    }
    if (!quipu_history_token_until(&word, '@', &sequence) ||
        (!quipu_history_token_skip(&word, "+") &&
         !quipu_history_token_number(&word, &entry.position)) ||
        !quipu_history_token_skip(&word, "/") ||
        !quipu_history_token_until(&word, '/', &origin) ||
        !parse_origin(origin, &entry.origin) ||
        !quipu_history_token_hex(&word, &entry.hash) || word.at != word.end) {
        return false;
    }
    entry.sequence =
        quipu_history_pool_intern(&history->sequences, sequence, log);
    *QUIPU_HISTORY_POOL_ADD(history, entries, entry) = entry;
    return true;
}

static bool parse_guard(struct quipu_history *history,
                        struct quipu_history_token word, uint32_t log)
{
    struct quipu_history_guard guard = { .demand = QUIPU_DEMAND_LAST };
    struct quipu_history_token sequence;

    if (!quipu_history_token_until(&word, '=', &sequence)) {
        return false;
    }
    if (quipu_history_token_is(word, "empty")) {
        guard.demand = QUIPU_DEMAND_EMPTY;
    } else if (quipu_history_token_is(word, "filled")) {
        guard.demand = QUIPU_DEMAND_NOT_EMPTY;
    } else if (!quipu_history_token_number(&word, &guard.position)) {
        return false;
    }
    guard.sequence =
        quipu_history_pool_intern(&history->sequences, sequence, log);
    *QUIPU_HISTORY_POOL_ADD(history, guards, guard) = guard;
    return true;
}

static bool parse_append(struct quipu_history *history,
                         struct quipu_operation *op,
                         struct quipu_history_token line)
{
    struct quipu_history_token word, consumer;

    op->entries = history->entry_count;
    op->guards = history->guard_count;
    while (quipu_history_token_next(&line, &word)) {
        bool good;

        if (quipu_history_token_skip(&word, "guard:")) {
            good = parse_guard(history, word, op->log);
        } else if (quipu_history_token_skip(&word, "track:")) {
            good = quipu_history_token_until(&word, '=', &consumer) &&
                   quipu_history_token_number(&word, &op->tracking);
            op->tracks = good;
            op->consumer = good ? quipu_history_pool_intern(&history->consumers,
                                                            consumer, op->log)
                                : 0;
        } else {
            good = parse_entry(history, word, op->log, false);
        }
        if (!good) {
            return false;
        }
    }
    op->count = history->entry_count - op->entries;
    op->guard_count = history->guard_count - op->guards;
    return true;
}

/* The bounds, limit and direction of a read. */
static bool parse_range(struct quipu_operation *op,
                        struct quipu_history_token line)
{
    struct quipu_history_token word;
    bool good = true;

    while (good && quipu_history_token_next(&line, &word)) {
        if (quipu_history_token_skip(&word, "from=")) {
            good = quipu_history_token_number(&word, &op->from);
        } else if (quipu_history_token_skip(&word, "to=")) {
            good = quipu_history_token_number(&word, &op->to);
        } else if (quipu_history_token_skip(&word, "limit=")) {
            good = quipu_history_token_number(&word, &op->limit);
        } else if (quipu_history_token_is(word, "desc")) {
            op->descending = true;
        } else if (quipu_history_token_is(word, "final")) {
            op->final = true;
        } else {
            good = false;
        }
    }
    return good;
}

bool quipu_history_parser_request(struct quipu_history *history,
                                  struct quipu_operation *op,
                                  struct quipu_history_token line)
{
    struct quipu_history_token word, log, name;
    int call = 0;

    if (!quipu_history_token_next(&line, &word) ||
        !quipu_history_token_next(&line, &log)) {
        return false;
    }
    while (call < CALLS && !quipu_history_token_is(word, calls[call])) {
        call++;
    }
    op->call = (uint8_t)call;
    op->log = quipu_history_pool_intern(&history->logs, log, 0);
    op->from = op->tracking = INT64_MIN;
    op->to = op->limit = INT64_MAX;
    switch (call) {
    case QUIPU_HISTORY_APPEND:
        return parse_append(history, op, line);
    case QUIPU_HISTORY_READ:
    case QUIPU_HISTORY_LAST:
        if (!quipu_history_token_next(&line, &name)) {
            return false;
        }
        op->sequence =
            quipu_history_pool_intern(&history->sequences, name, op->log);
        return parse_range(op, line);
    case QUIPU_HISTORY_LOG:
    case QUIPU_HISTORY_HEAD:
        return parse_range(op, line);
    case QUIPU_HISTORY_WAIT:
        return quipu_history_token_next(&line, &word) &&
               quipu_history_token_skip(&word, "after=") &&
               quipu_history_token_number(&word, &op->tracking);
    case QUIPU_HISTORY_TRACK:
        if (!quipu_history_token_next(&line, &name)) {
            return false;
        }
        op->consumer =
            quipu_history_pool_intern(&history->consumers, name, op->log);
        return true;
    default:
        return false;
    }
}

/* --------------------------------------------------------------- responses */

/* By enum quipu_cause. */
static const char *const causes[] = { "none",     "event-id", "guard",
                                      "tracking", "position", "item" };

#define CAUSES ((int)(sizeof(causes) / sizeof(*causes)))

const char *quipu_history_parser_cause_name(int cause)
{
    return cause >= 0 && cause < CAUSES ? causes[cause] : "?";
}

static bool parse_cause(struct quipu_history_token word, uint8_t *cause)
{
    for (int i = 0; i < CAUSES; i++) {
        if (quipu_history_token_is(word, causes[i])) {
            *cause = (uint8_t)i;
            return true;
        }
    }
    return false;
}

static bool parse_status(struct quipu_history_token word, int16_t *status)
{
    for (int i = QUIPU_OK; i <= QUIPU_INTERNAL; i++) {
        if (quipu_history_token_is(word, quipu_status_name(i))) {
            *status = (int16_t)i;
            return true;
        }
    }
    return false;
}

/* at=5,0 of an append: the positions of its items. */
static bool parse_positions(struct quipu_history *history,
                            struct quipu_operation *op,
                            struct quipu_history_token word)
{
    int64_t position;

    op->positions = history->position_count;
    do {
        if (!quipu_history_token_number(&word, &position)) {
            return false;
        }
        *QUIPU_HISTORY_POOL_ADD(history, positions, position) = position;
        op->position_count++;
    } while (quipu_history_token_skip(&word, ","));
    return word.at == word.end;
}

static bool parse_value(struct quipu_operation *op,
                        struct quipu_history_token word)
{
    int64_t index = 0;

    if (quipu_history_token_skip(&word, "cause=")) {
        return parse_cause(word, &op->cause);
    }
    if (quipu_history_token_skip(&word, "index=")) {
        bool good = quipu_history_token_number(&word, &index);

        op->index = (uint32_t)index;
        return good;
    }
    if (quipu_history_token_skip(&word, "last=")) {
        op->has_last = true;
    } else if (!quipu_history_token_skip(&word, "ids=") &&
               !quipu_history_token_skip(&word, "head=") &&
               !quipu_history_token_skip(&word, "at=")) {
        return false;
    }
    return quipu_history_token_number(&word, &op->result) &&
           word.at == word.end;
}

static bool parse_word(struct quipu_history *history,
                       struct quipu_operation *op,
                       struct quipu_history_token word)
{
    if (quipu_history_token_is(word, "repeated")) {
        op->repeated = true;
        return true;
    }
    if (op->call == QUIPU_HISTORY_APPEND &&
        quipu_history_token_skip(&word, "at=")) {
        return parse_positions(history, op, word);
    }
    if (op->call != QUIPU_HISTORY_READ && op->call != QUIPU_HISTORY_LOG) {
        return parse_value(op, word);
    }
    if (quipu_history_token_skip(&word, "opened=")) {
        return quipu_history_token_number(&word, &op->opened) &&
               word.at == word.end;
    }
    return parse_entry(history, word, op->log, true);
}

bool quipu_history_parser_response(struct quipu_history *history,
                                   struct quipu_operation *op,
                                   struct quipu_history_token line)
{
    bool reads =
        op->call == QUIPU_HISTORY_READ || op->call == QUIPU_HISTORY_LOG;
    struct quipu_history_token word;

    if (!quipu_history_token_next(&line, &word) ||
        !parse_status(word, &op->status)) {
        return false;
    }
    if (reads) {
        op->entries = history->entry_count;
    }
    while (quipu_history_token_next(&line, &word)) {
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
