/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The final log: the order of commits, as the last read of each log gives it
 * when all sessions have ended.  The checker compares every other observation
 * with it.
 */
#ifndef QUIPU_HISTORY_FINAL_LOG_H
#define QUIPU_HISTORY_FINAL_LOG_H

#include "history.h"

struct quipu_checker;

/* How a sequence (or a consumer's tracking record) grew along the log: step i
 * is its item at position i (its i-th record), `id` the notification id with
 * which it was stored, `value` the position (the tracked id).  Both increase
 * strictly with i, except that gaps in the positions of a broken store repeat
 * an id. */
struct quipu_progression_step {
    int64_t id, value;
};

struct quipu_progression {
    struct quipu_progression_step *at;
    size_t count, room;
};

struct quipu_final_log {
    uint32_t log;                          /* index into history.logs */
    size_t final_read;                     /* the operation that read it */
    int64_t head;                          /* the last id */
    const struct quipu_history_entry **at; /* by id, 1 .. head; NULL in a gap */
    size_t *appender; /* by id: the append that first requested the item */
};

/* Fills c->logs, c->sequences and c->consumers, and checks the final logs by
 * themselves: no gap, no duplicate, each item as it was appended, tracking
 * records increase. */
void quipu_history_final_log_build(struct quipu_checker *c);
void quipu_history_final_log_finish(struct quipu_checker *c);

/* Checks an entry of a read against the final log and the append. */
void quipu_history_final_log_compare(struct quipu_checker *c, size_t reader,
                                     const struct quipu_history_entry *entry);

/* The ids of the first and the last item of the append that stored `id`. */
int64_t quipu_history_final_log_commit_first(const struct quipu_final_log *log,
                                             int64_t id);
int64_t quipu_history_final_log_commit_last(const struct quipu_final_log *log,
                                            int64_t id);

/* The number of steps whose value is below `value`. */
size_t quipu_history_final_log_steps_below(
    const struct quipu_progression *steps, int64_t value);

/* The number of steps when the head of the log was `id`. */
size_t quipu_history_final_log_steps_until(
    const struct quipu_progression *steps, int64_t id);

#endif
