/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A history: what each of many sessions asked of a store at once, and what it
 * was told, with the times at which it asked and was answered.
 *
 * It is a folder of text files.  `run` says what was run; each session, which
 * is one thread of one process, has a file `session-N` of its own.  Both begin
 * with the line "quipu-history 1".  Lines that begin with # are comments.
 *
 *   run:
 *     quipu-history 1
 *     workload groups-and-guards
 *     store sqlite:///x.db
 *     seed 42
 *     wake 3000                 a wait may be late by so many milliseconds
 *
 *   session-3:
 *     quipu-history 1
 *     session 3 process 1
 *     120394 1 append a h1@5/3.1.0/9c41d2 h2@+/3.1.1/77ab guard:h0=4
 *     121377 1 OK ids=41 at=5,0
 *     121410 2 read a h1 from=3 limit=2 desc
 *     121502 2 OK opened=121477 41/h1@5/3.1.0/9c41d2 40/h1@4/2.7.0/1f
 *     121511 3 append a h1@6/3.3.0/5d
 *
 * An operation is two lines: TIME NUMBER and what is asked, TIME NUMBER and
 * what it was told.  The first is written before the call.  Where the second
 * is missing the session was killed, and the outcome is unknown.  Times are
 * nanoseconds of one monotonic clock; numbers are 1, 2, 3 ... in a session.
 *
 *   append LOG ITEM... [guard:SEQUENCE=empty|filled|POSITION]... [track:C=ID]
 *       OK [ids=FIRST at=POSITION,...] [repeated]
 *       CONFLICT cause=event-id|guard|tracking|position|item index=I [last=P]
 *       ALREADY, BUSY, UNKNOWN_OUTCOME ...
 *   read LOG SEQUENCE [from=P] [to=P] [limit=N] [desc]
 *   log LOG [from=ID] [to=ID] [limit=N] [desc] [final]
 *       OK opened=TIME ENTRY...
 *   last LOG SEQUENCE       OK last=P, or NOT_FOUND
 *   head LOG                OK head=ID
 *   wait LOG after=ID       OK head=ID, or TIMEOUT
 *   track LOG CONSUMER      OK at=ID, or NOT_FOUND
 *
 *   ITEM    SEQUENCE@POSITION/MARK/HASH    POSITION + leaves it to the store
 *   ENTRY   ID/SEQUENCE@POSITION/MARK/HASH
 *   MARK   SESSION.NUMBER.INDEX: which item of which append it was first; an
 *           append with the mark of another is a repeat, or steals an item's
 *           event id.  "?" and anything: no item that was ever appended.
 *   HASH    of topic and state, hexadecimal
 *
 * A log is one schema of one namespace, and its sequences are its own.  Its
 * last `final` read, made when all else had ended, is the order in which the
 * checker believes.
 */
#ifndef QUIPU_HISTORY_H
#define QUIPU_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUIPU_HISTORY_VERSION 1
#define QUIPU_HISTORY_NEXT INT64_MIN /* a position left to the store */
#define QUIPU_HISTORY_NEVER INT64_MAX
#define QUIPU_HISTORY_UNANSWERED (-1) /* as a status */

enum quipu_history_call {
    QUIPU_HISTORY_APPEND,
    QUIPU_HISTORY_READ,
    QUIPU_HISTORY_LOG,
    QUIPU_HISTORY_LAST,
    QUIPU_HISTORY_HEAD,
    QUIPU_HISTORY_WAIT,
    QUIPU_HISTORY_TRACK
};

/* Which item of which append; session 0: of none. */
struct quipu_mark {
    uint32_t session, number, index;
};

/* An item, as it is appended (id 0) or as it is read. */
struct quipu_history_entry {
    struct quipu_mark mark;
    uint32_t sequence; /* of the history's */
    int64_t id;
    int64_t position; /* or QUIPU_HISTORY_NEXT */
    uint64_t hash;
};

struct quipu_history_guard {
    uint32_t sequence;
    int32_t demand; /* enum quipu_demand */
    int64_t position;
};

struct quipu_operation {
    int64_t begin;
    int64_t opened;               /* the cursor; a call that has none: end */
    int64_t end;                  /* or QUIPU_HISTORY_NEVER */
    const char *asked, *answered; /* its lines, each up to its \n, or NULL */
    uint32_t session;             /* of the history's, from 0 */
    uint32_t number;
    uint32_t log;
    uint32_t sequence; /* of READ, LAST */
    uint32_t consumer; /* of TRACK, or of an append that tracks */
    int16_t status;    /* enum quipu_status, or QUIPU_HISTORY_UNANSWERED */
    uint8_t call;      /* enum quipu_history_call */
    uint8_t cause;     /* enum quipu_cause */
    bool descending, final, repeated, has_last, tracks;
    uint32_t index;        /* with `cause` */
    int64_t from, to;      /* of READ, LOG; INT64_MIN, INT64_MAX: no bound */
    int64_t limit;         /* INT64_MAX: none */
    int64_t told;          /* first id, last position, head, tracking */
    int64_t track;         /* asked; of WAIT: after */
    size_t entries, count; /* of the history's: appended, or read */
    size_t guards, guard_count;
    size_t positions, position_count; /* told */
};

struct quipu_history_session {
    uint32_t number; /* in marks, and in the name of its file */
    uint32_t process;
    size_t operations, count; /* of the history's; number n is the n-th */
};

/* A sequence or a consumer: a name, in one log. */
struct quipu_history_name {
    char *text;
    uint32_t log;
};

struct quipu_history_names {
    struct quipu_history_name *at;
    size_t count, room;
    uint32_t *places; /* a hash table of the above */
    size_t place_count;
};

struct quipu_history {
    char workload[64];
    char store[256];
    uint64_t seed;
    int64_t wake; /* nanoseconds; 0: lateness is not judged */
    struct quipu_history_session *sessions;
    size_t session_count, session_room;
    struct quipu_operation *operations;
    size_t operation_count, operation_room;
    struct quipu_history_entry *entries;
    size_t entry_count, entry_room;
    struct quipu_history_guard *guards;
    size_t guard_count, guard_room;
    int64_t *positions;
    size_t position_count, position_room;
    struct quipu_history_names logs, sequences, consumers;
    struct quipu_history_file *files; /* whose lines the operations show */
    char problem[512];                /* of the last load that failed */
};

/* Loads a folder.  False: it is no history, and `problem` says where and why.
 * Finish it in either case. */
bool quipu_history_load(struct quipu_history *history, const char *folder);
void quipu_history_finish(struct quipu_history *history);

/* The append whose item the mark names, or NULL; with `item` its item. */
const struct quipu_operation *quipu_history_origin(
    const struct quipu_history *history, struct quipu_mark mark,
    const struct quipu_history_entry **item);

/* "append" ... */
const char *quipu_history_call_name(int call);
/* "position" ... */
const char *quipu_history_cause_name(int cause);

bool quipu_mark_same(struct quipu_mark a, struct quipu_mark b);

#endif
