/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checker of histories.
 *
 * The question.  Many sessions use a store at the same time.  Was there, for
 * each log, one order of all operations such that every response is the one
 * that a store which executes a single operation at a time would give, and such
 * that an operation which ended before another began comes before it?  This is
 * linearizability (Herlihy and Wing, 1990), and it is the common part of the
 * guarantees U1-U4, S1-S5, L1, L2 and V1-V5.  Operations on different logs are
 * independent, so each log is checked by itself.
 *
 * In general the question is NP-complete (Gibbons and Korach, 1997): a checker
 * has to search for the order.  Here the store reveals the order.  Each commit
 * gets notification ids, each item has a unique origin (history.h), and a log
 * can be read.  The last read of a log, made when all sessions have ended, is
 * the order of commits; the checker only has to find out whether every
 * operation fits into it.  Elle (Kingsbury and Alvaro, 2020) uses the same idea
 * for transactions: choose operations whose results reveal the order.
 *
 * The recording.  A history has the request and the response of each operation,
 * with their times on one monotonic clock that all sessions share (they run on
 * one machine).  The clock is read before the call and after it.  A read
 * through a cursor also records when the cursor was open; it takes effect
 * before that time, however long the cursor is read.
 *
 * The method.  Let head(t) be the last notification id in the log at time t.
 * It never decreases.  Each operation takes effect at one instant between its
 * begin and its end, and its response depends on the log only through head(t)
 * at that instant.  So each response is translated into bounds: at some
 * instant t of the operation, low <= head(t) <= high.  A read of a sequence
 * that returned the positions 0 to 4 and stopped there, for example, says that
 * the head was at least the id of position 4 and below the id of position 5.
 * An append raises the head from `first - 1` to its last id.
 *
 * The parts of the checker establish these invariants:
 *
 * INV1  (final_log.c) The final log has the ids 1 .. head without a gap, each
 *       item once, as its append requested it; the positions of each sequence
 *       are 0, 1, 2 ... in the order of ids; the tracking records of a consumer
 *       increase.
 *
 * INV2  (append_outcomes.c) An append is in the final log as a whole, with
 *       consecutive ids, or not at all.  It is there if an attempt was
 *       acknowledged, it is not if every attempt failed, and either is correct
 *       if an attempt has an unknown outcome.  An acknowledged append returned
 *       the ids and positions of the log, and its guards held where it stands.
 *
 * INV3  (bounds.c) Commits are atomic: the head only takes the values at which
 *       an append ends.  A lower bound is therefore raised to the end of an
 *       append, and an upper bound lowered to the end of the append before.
 *       If that leaves no value, the operation saw half of an append, or no
 *       instant fits its response.
 *
 * INV4  (bounds.c) Bounds agree in real time: if an operation shows that the
 *       head had reached `id`, then no operation that begins after the end of
 *       that one has an upper bound below `id`.
 *
 * Where an invariant fails, the part reports a violation and goes on without
 * the operation concerned, so that one fault is reported once.
 *
 * INV4 is sufficient.  It compares pairs, and a contradiction between three
 * operations might seem to escape it.  None does.  Let reached(id) be the
 * earliest end of an operation with low >= id, and let the head reach id at
 * that time.  reached() does not decrease with id, so this is a possible
 * history of the head; with INV3 it is the same for all ids of one append, and
 * it lies between the begin of the append (INV4) and its end.  An operation
 * with the bounds low and high and the begin b takes effect at
 * max(b, reached(low)).  That is not after its end, because reached(low) is a
 * minimum over ends that include its own, and not after reached(high + 1) by
 * INV4; at equal times the operation precedes that commit.
 *
 * A correct store has no violations.  Every bound follows from the response
 * under the assumption that the store is correct, and the interval from begin
 * to end contains the instant.  Uncertainty only widens intervals: times that
 * are equal count as overlapping, an append with an unknown outcome may be
 * stored at any later time or never, and an operation that failed with a status
 * that history.h does not list says nothing.  The only quantity is the limit on
 * late waits; a workload sets it far above the time that L4 allows.
 *
 * A history without violations proves that these executions were correct, no
 * more.  coverage.c therefore counts the situations that a history contains,
 * and a workload repeats itself until the required ones have occurred.  Order
 * between different logs is not checked, because quipu guarantees none.
 * Durability is checked where processes are killed or a server is stopped while
 * the history is recorded.
 *
 * The cost is linear in the size of the recording, apart from a binary search
 * for each guard and tracking record.
 */
#include "checker.h"

#include "context/assertion.h"

#include <stdlib.h>

bool quipu_history_checker_run(const struct quipu_history *history,
                               struct quipu_violations *violations)
{
    struct quipu_checker c = { .history = history, .violations = violations };

    violations->total = 0;
    for (int i = 0; i < QUIPU_VIOLATION_KINDS; i++) {
        violations->counts[i] = 0;
    }
    c.outcomes = calloc(history->operation_count + 1, sizeof(*c.outcomes));
    c.first_attempts =
        calloc(history->operation_count + 1, sizeof(*c.first_attempts));
    c.bounds = calloc(history->operation_count + 1, sizeof(*c.bounds));
    CHECK(c.outcomes && c.first_attempts && c.bounds,
          "out of memory while checking a history");
    quipu_history_final_log_build(&c);
    quipu_history_append_outcomes_find(&c);
    quipu_history_append_outcomes_check(&c);
    quipu_history_conflict_bounds_find(&c);
    quipu_history_read_bounds_find(&c);
    quipu_history_bounds_check(&c);
    quipu_history_bounds_finish(&c);
    quipu_history_final_log_finish(&c);
    free(c.outcomes);
    free(c.first_attempts);
    free(c.bounds);
    return violations->total == 0;
}
