/* SPDX-License-Identifier: Apache-2.0 */
/* Which append an item is of, by its mark. */
#include "history.h"

bool quipu_mark_same(struct quipu_mark a, struct quipu_mark b)
{
    return a.session == b.session && a.number == b.number && a.index == b.index;
}

/* Sessions are loaded in order, and mostly numbered without a gap. */
static const struct quipu_history_session *session_of(
    const struct quipu_history *history, uint32_t number)
{
    for (size_t i = 0; i <= history->session_count; i++) {
        size_t guess = i == 0 ? number - (size_t)1 : i - 1;

        if (guess < history->session_count &&
            history->sessions[guess].number == number) {
            return &history->sessions[guess];
        }
    }
    return NULL;
}

const struct quipu_operation *quipu_history_origin(
    const struct quipu_history *history, struct quipu_mark mark,
    const struct quipu_history_entry **item)
{
    const struct quipu_history_session *session =
        mark.session > 0 ? session_of(history, mark.session) : NULL;
    const struct quipu_operation *op;

    if (!session || mark.number < 1 || mark.number > session->count) {
        return NULL;
    }
    op = &history->operations[session->operations + mark.number - 1];
    if (op->call != QUIPU_HISTORY_APPEND || mark.index >= op->count) {
        return NULL;
    }
    *item = &history->entries[op->entries + mark.index];
    return quipu_mark_same((*item)->mark, mark) ? op : NULL;
}
