/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the checker share: the ledger, which is the log at the
 * end, and what operations say of the log's head. */
#ifndef QUIPU_JUDGING_H
#define QUIPU_JUDGING_H

#include "checker.h"

#include <quipu/types.h>

#define QUIPU_NOBODY SIZE_MAX /* as an operation's number */

/* The ids of a sequence's items, by position; the ids and values of a
 * consumer's tracking records, which grow. */
struct quipu_ledger_line {
    struct {
        int64_t id, value;
    } * at;
    size_t count, room;
};

/* The log at the end. */
struct quipu_ledger {
    uint32_t log;
    size_t final;                          /* the operation that read it */
    int64_t head;                          /* the last id */
    const struct quipu_history_entry **at; /* by id, 1 .. head; NULL in a gap */
    size_t *appender; /* by id: the append that made it first */
};

/* What became of an append, of the one that made its items first. */
struct quipu_fate {
    int64_t first;      /* id of its first item; 0: not in the log */
    size_t storer;      /* the operation that stored it */
    int64_t begin, end; /* when it may have been stored */
    bool unknown;       /* one that stored it was not told so */
    bool allowed;       /* one may have stored it */
};

/* The earliest end of an operation which shows that the head was at an id, or
 * above: an append's, and another's. */
struct quipu_proof {
    int64_t append_end, read_end;
    size_t append, read;
};

struct quipu_judging {
    const struct quipu_history *history;
    struct quipu_violations *violations;
    struct quipu_ledger *ledgers;        /* by log */
    struct quipu_ledger_line *sequences; /* by sequence */
    struct quipu_ledger_line *consumers;
    struct quipu_fate *fates;    /* by operation */
    size_t *origins;             /* by operation: whose items it appends */
    struct quipu_proof **proofs; /* by log, by id 1 .. head + 1 */
    /* Between which heads an operation that appended nothing took place. */
    struct quipu_sight {
        int64_t low, high;
        int64_t begin, end;
        bool valid;
    } * sights;
};

/* ------------------------------------------------------------- violations */

/* Notes a violation: the operations that take part, QUIPU_NOBODY for none. */
void quipu_judging_object(struct quipu_judging *j, int kind, int64_t id,
                          size_t first, size_t second, const char *format, ...)
    QUIPU_PRINTF(6, 7);

/* Calls an operation "3.17". */
struct quipu_called {
    char text[48];
};
struct quipu_called quipu_judging_call(const struct quipu_judging *j,
                                       size_t operation);
size_t quipu_judging_number(const struct quipu_judging *j,
                            const struct quipu_operation *op);
const char *quipu_judging_sequence(const struct quipu_judging *j,
                                   uint32_t sequence);

/* ------------------------------------------------------------- the ledger */

/* Reads the log at the end, and judges it as it stands. */
void quipu_judging_read_ledgers(struct quipu_judging *j);
/* Finds out what became of each append, and judges what it was told. */
void quipu_judging_find_fates(struct quipu_judging *j);
void quipu_judging_check_appends(struct quipu_judging *j);
/* Compares an entry that was read with the ledger, and with the append. */
void quipu_judging_compare(struct quipu_judging *j, size_t reader,
                           const struct quipu_history_entry *entry);

/* The ids of the first and the last item of the commit that the id is of. */
int64_t quipu_ledger_first(const struct quipu_ledger *ledger, int64_t id);
int64_t quipu_ledger_last(const struct quipu_ledger *ledger, int64_t id);

/* Where the ledger has the item; 0: nowhere. */
int64_t quipu_judging_stored(const struct quipu_judging *j,
                             struct quipu_mark mark);

/* How many records of a consumer are below the value. */
size_t quipu_ledger_below(const struct quipu_ledger_line *line, int64_t value);

/* How many items the sequence had when the log ended with that id. */
size_t quipu_ledger_length(const struct quipu_ledger_line *line, int64_t id);

/* ------------------------------------------------- between which two heads */

/* What refusals and reads say. */
void quipu_judging_see_refusals(struct quipu_judging *j);
void quipu_judging_see_reads(struct quipu_judging *j);

/* Each for one operation of the kind. */
void quipu_judging_see_last(struct quipu_judging *j, size_t number);
void quipu_judging_see_head(struct quipu_judging *j, size_t number);
void quipu_judging_see_track(struct quipu_judging *j, size_t number);
void quipu_judging_see_timeout(struct quipu_judging *j, size_t number);

/* Notes it; an empty interval is a violation of that kind. */
void quipu_judging_see(struct quipu_judging *j, size_t operation, int64_t low,
                       int64_t high, int kind);

/* Judges what all of them say of time. */
void quipu_judging_check_time(struct quipu_judging *j);

#endif
