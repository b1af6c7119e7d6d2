/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: for each id, the earliest end of an operation which shows that the log
 * had come so far; and each operation which shows that it had not, must not
 * begin after that.
 */
#include "judging.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdlib.h>

/* The log at `high` at most when it began, at `low` at least when it ended. */
struct claim {
    size_t number;
    int64_t low, high, begin, end;
    bool append;
};

static void prove(struct quipu_judging *j, uint32_t log,
                  const struct claim *claim)
{
    struct quipu_proof *proof;

    if (claim->low < 1 || claim->low > j->ledgers[log].head) {
        return;
    }
    proof = &j->proofs[log][claim->low];
    if (claim->append && claim->end < proof->append_end) {
        proof->append_end = claim->end;
        proof->append = claim->number;
    } else if (!claim->append && claim->end < proof->read_end) {
        proof->read_end = claim->end;
        proof->read = claim->number;
    }
}

/* What is shown for an id is shown for those below. */
static void hand_down(struct quipu_judging *j, uint32_t log)
{
    struct quipu_proof *proofs = j->proofs[log];

    for (int64_t id = j->ledgers[log].head - 1; id >= 1; id--) {
        if (proofs[id + 1].append_end < proofs[id].append_end) {
            proofs[id].append_end = proofs[id + 1].append_end;
            proofs[id].append = proofs[id + 1].append;
        }
        if (proofs[id + 1].read_end < proofs[id].read_end) {
            proofs[id].read_end = proofs[id + 1].read_end;
            proofs[id].read = proofs[id + 1].read;
        }
    }
}

/* ------------------------------------------------------------ violations */

static void object_to_append(struct quipu_judging *j, const struct claim *claim,
                             size_t proof, bool by_append)
{
    if (by_append) {
        quipu_judging_object(j, QUIPU_REORDERED, claim->high + 1, proof,
                             claim->number,
                             "append %s was acknowledged before append %s "
                             "began, and comes after it in the log",
                             quipu_judging_call(j, proof).text,
                             quipu_judging_call(j, claim->number).text);
    } else {
        quipu_judging_object(
            j, QUIPU_TOO_EARLY, claim->high + 1, proof, claim->number,
            "%s shows id %" PRId64 ", which %s began to append after that",
            quipu_judging_call(j, proof).text, claim->high + 1,
            quipu_judging_call(j, claim->number).text);
    }
}

static bool refuses(const struct quipu_operation *op)
{
    return op->call == QUIPU_HISTORY_APPEND && op->status != QUIPU_OK;
}

static int kind_of(const struct quipu_judging *j, const struct claim *claim,
                   bool by_append)
{
    const struct quipu_operation *op = &j->history->operations[claim->number];

    if (op->call == QUIPU_HISTORY_APPEND) {
        return refuses(op) ? QUIPU_CAUSELESS_REFUSAL : QUIPU_CAUSELESS_SUCCESS;
    }
    if (op->call == QUIPU_HISTORY_WAIT && op->status == QUIPU_TIMEOUT) {
        return QUIPU_LATE_WAKE;
    }
    return by_append ? QUIPU_STALE_READ : QUIPU_NON_MONOTONIC;
}

/* Of an append to both their sequences one shows the one half, and the other,
 * later, not the other half. */
static bool is_torn(const struct quipu_judging *j, const struct claim *claim,
                    size_t proof)
{
    const struct quipu_operation *a = &j->history->operations[proof];
    const struct quipu_operation *b = &j->history->operations[claim->number];

    return (a->call == QUIPU_HISTORY_READ || a->call == QUIPU_HISTORY_LAST) &&
           (b->call == QUIPU_HISTORY_READ || b->call == QUIPU_HISTORY_LAST) &&
           a->sequence != b->sequence &&
           quipu_ledger_last(&j->ledgers[a->log], claim->high + 1) ==
               j->sights[proof].low;
}

static void object_to_sight(struct quipu_judging *j, const struct claim *claim,
                            size_t proof, bool by_append)
{
    int kind = kind_of(j, claim, by_append);

    if (kind == QUIPU_LATE_WAKE) {
        quipu_judging_object(j, kind, claim->high + 1, proof, claim->number,
                             "a wait for id %" PRId64 " ended in vain, long "
                             "after the log had grown",
                             claim->high + 1);
        return;
    }
    if (by_append) {
        quipu_judging_object(j, kind, claim->high + 1, proof, claim->number,
                             "%s was acknowledged before %s began, which took "
                             "place without id %" PRId64,
                             quipu_judging_call(j, proof).text,
                             quipu_judging_call(j, claim->number).text,
                             claim->high + 1);
        return;
    }
    if (kind == QUIPU_NON_MONOTONIC && is_torn(j, claim, proof)) {
        kind = QUIPU_TORN_APPEND;
    }
    quipu_judging_object(j, kind, claim->high + 1, proof, claim->number,
                         "%s shows the log beyond id %" PRId64
                         ", and %s, which began after that, does not",
                         quipu_judging_call(j, proof).text, claim->high,
                         quipu_judging_call(j, claim->number).text);
}

static void check(struct quipu_judging *j, uint32_t log,
                  const struct claim *claim)
{
    const struct quipu_proof *proof;
    bool by_append;
    size_t other;

    if (claim->high < 0 || claim->high >= j->ledgers[log].head) {
        return;
    }
    proof = &j->proofs[log][claim->high + 1];
    by_append = proof->append_end < claim->begin;
    if (!by_append && proof->read_end >= claim->begin) {
        return;
    }
    other = by_append ? proof->append : proof->read;
    if (claim->append) {
        object_to_append(j, claim, other, by_append);
    } else {
        object_to_sight(j, claim, other, by_append);
    }
}

/* A wait ends soon after the log has grown. */
static void check_wake(struct quipu_judging *j, size_t number)
{
    const struct quipu_operation *op = &j->history->operations[number];
    const struct quipu_proof *proof;
    int64_t grown;

    if (op->call != QUIPU_HISTORY_WAIT || op->status != QUIPU_OK ||
        j->history->wake == 0 || op->track < 0 ||
        op->track >= j->ledgers[op->log].head) {
        return;
    }
    proof = &j->proofs[op->log][op->track + 1];
    grown = proof->append_end < proof->read_end ? proof->append_end
                                                : proof->read_end;
    grown = grown > op->begin ? grown : op->begin;
    if (grown != QUIPU_HISTORY_NEVER && op->end - grown > j->history->wake) {
        quipu_judging_object(
            j, QUIPU_LATE_WAKE, op->track + 1, number,
            proof->append_end < proof->read_end ? proof->append : proof->read,
            "a wait went on for %" PRId64 " ms after the log had grown",
            (op->end - grown) / 1000000);
    }
}

/* ---------------------------------------------------------- all of them */

/* What an operation claims: where an append is stored, what another saw. */
static bool claim_of(const struct quipu_judging *j, size_t number,
                     struct claim *claim)
{
    const struct quipu_operation *op = &j->history->operations[number];
    const struct quipu_fate *fate = &j->fates[number];

    *claim = (struct claim){ .number = number };
    if (j->sights[number].valid) {
        claim->low = j->sights[number].low;
        claim->high = j->sights[number].high;
        claim->begin = j->sights[number].begin;
        claim->end = j->sights[number].end;
        return true;
    }
    if (op->call != QUIPU_HISTORY_APPEND || fate->first == 0 ||
        !fate->allowed) {
        return false;
    }
    *claim = (struct claim){
        .number = fate->storer,
        .append = true,
        .low = quipu_ledger_last(&j->ledgers[op->log], fate->first),
        .high = fate->first - 1,
        .begin = fate->begin,
        .end = fate->end,
    };
    return true;
}

static void make_proofs(struct quipu_judging *j)
{
    size_t logs = j->history->logs.count;

    j->proofs = calloc(logs + 1, sizeof(*j->proofs));
    CHECK(j->proofs, "no memory to check a history");
    for (size_t i = 0; i < logs; i++) {
        size_t count = (size_t)j->ledgers[i].head + 2;

        j->proofs[i] = calloc(count, sizeof(*j->proofs[i]));
        CHECK(j->proofs[i], "no memory to check a history");
        for (size_t id = 0; id < count; id++) {
            j->proofs[i][id] =
                (struct quipu_proof){ QUIPU_HISTORY_NEVER, QUIPU_HISTORY_NEVER,
                                      QUIPU_NOBODY, QUIPU_NOBODY };
        }
    }
}

void quipu_judging_check_time(struct quipu_judging *j)
{
    const struct quipu_history *h = j->history;
    struct claim claim;

    make_proofs(j);
    for (size_t i = 0; i < h->operation_count; i++) {
        if (claim_of(j, i, &claim)) {
            prove(j, h->operations[i].log, &claim);
        }
    }
    for (uint32_t i = 0; i < h->logs.count; i++) {
        hand_down(j, i);
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        if (claim_of(j, i, &claim)) {
            check(j, h->operations[i].log, &claim);
        }
        check_wake(j, i);
    }
}
