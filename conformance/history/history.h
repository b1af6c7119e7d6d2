/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A history: the operations of sessions that worked on a store at the same
 * time, each with its request, its response and the times of both.
 *
 * On disk it is a folder of text files.  `run` describes the run; each
 * session, which is one thread of one process, has a file `session-N`.  Each
 * file begins with the line "quipu-history 1".  Lines that begin with # are
 * comments.
 *
 *   run:
 *     quipu-history 1
 *     workload groups-and-guards
 *     store sqlite:///x.db
 *     seed 42
 *     wake 3000                 milliseconds by which a wait may return late
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
 * An operation has two lines: "TIME NUMBER request" and "TIME NUMBER
 * response".  The first is written before the call and the second after it,
 * each with one write(), so that a session that is killed leaves whole lines.
 * An operation without a response was running when its process was killed; its
 * outcome is unknown.  Times are nanoseconds of one monotonic clock that all
 * processes share; the numbers of a session's operations are 1, 2, 3 ...
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
 *   ITEM    SEQUENCE@POSITION/ORIGIN/HASH
 *           The position + means that the store chooses it.
 *   ENTRY   ID/SEQUENCE@POSITION/ORIGIN/HASH
 *   ORIGIN  SESSION.NUMBER.INDEX: the append that first requested the item,
 *           and the item's index in it.  An append whose items all have the
 *           origins of an earlier one repeats it; an append with a single item
 *           of another origin uses the event id of that item a second time.
 *           "?" followed by anything: an item that no session appended.
 *   HASH    of topic and state, hexadecimal
 *
 * A log is one schema of one namespace; sequences belong to a log.  The last
 * `final` read of each log, made when all other sessions had ended, gives the
 * order of commits that the checker starts from.
 */
#ifndef QUIPU_HISTORY_H
#define QUIPU_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUIPU_HISTORY_VERSION 1
#define QUIPU_HISTORY_NEXT INT64_MIN /* the store chooses the position */
#define QUIPU_HISTORY_NEVER INT64_MAX
#define QUIPU_HISTORY_UNANSWERED (-1) /* status of an unanswered operation */

enum quipu_history_call {
    QUIPU_HISTORY_APPEND,
    QUIPU_HISTORY_READ,
    QUIPU_HISTORY_LOG,
    QUIPU_HISTORY_LAST,
    QUIPU_HISTORY_HEAD,
    QUIPU_HISTORY_WAIT,
    QUIPU_HISTORY_TRACK
};

/* The append that first requested an item, and the item's index in it.  Session
 * 0: no session of the history requested it. */
struct quipu_history_origin {
    uint32_t session, number, index;
};

/* An item of an append (id 0), or an item that was read. */
struct quipu_history_entry {
    struct quipu_history_origin origin;
    uint32_t sequence; /* index into history.sequences */
    int64_t id;
    int64_t position; /* or QUIPU_HISTORY_NEXT */
    uint64_t hash;
};

struct quipu_history_guard {
    uint32_t sequence;
    int32_t demand; /* enum quipu_demand */
    int64_t position;
};

/* Ranges such as `entries`, `count` are indexes into the arrays of the history
 * with the same name. */
struct quipu_operation {
    int64_t begin;                  /* time of the request */
    int64_t opened;                 /* time when the cursor was open; for calls
                                       without a cursor the same as `end` */
    int64_t end;                    /* time of the response, or NEVER */
    const char *request, *response; /* its lines, each up to its \n, or NULL */
    uint32_t session;               /* index into history.sessions */
    uint32_t number;                /* in its session, from 1 */
    uint32_t log;                   /* index into history.logs */
    uint32_t sequence;              /* of READ and LAST */
    uint32_t consumer;              /* of TRACK, and of an append that tracks */
    int16_t status; /* enum quipu_status, or QUIPU_HISTORY_UNANSWERED */
    uint8_t call;   /* enum quipu_history_call */
    uint8_t cause;  /* enum quipu_cause, of a conflict */
    bool descending, final, repeated, has_last, tracks;
    uint32_t index;   /* of the item or guard that the conflict names */
    int64_t from, to; /* of READ and LOG, inclusive; without a bound INT64_MIN,
                         INT64_MAX */
    int64_t limit;    /* INT64_MAX: no limit */
    int64_t result;   /* first id, last position, head or tracking record */
    int64_t tracking; /* of an append that tracks; of WAIT: after */
    size_t entries, count; /* appended or read */
    size_t guards, guard_count;
    size_t positions, position_count; /* in the response of an append */
};

struct quipu_history_session {
    uint32_t number; /* in origins, and in the name of its file */
    uint32_t process;
    size_t operations, count; /* operation number n is the n-th of them */
};

/* The name of a log, or of a sequence or consumer of one log. */
struct quipu_history_name {
    char *text;
    uint32_t log;
};

/* Names and a hash table over them (linear probing, entries from 1). */
struct quipu_history_names {
    struct quipu_history_name *at;
    size_t count, room;
    uint32_t *places;
    size_t place_count;
};

struct quipu_history {
    char workload[64];
    char store[256];
    uint64_t seed;
    int64_t wake_limit; /* nanoseconds; 0: late waits are no violation */
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
    struct quipu_history_file *files; /* mapped; operations point into them */
    char problem[512];                /* why the last load failed */
};

/* Loads a history from its folder.  Returns false if the folder holds no valid
 * history; `problem` then names the file, the line and the reason.  The caller
 * calls quipu_history_finish() in either case. */
bool quipu_history_load(struct quipu_history *history, const char *folder);
void quipu_history_finish(struct quipu_history *history);

/* Returns the append that the origin names and stores the address of the item
 * in *item; returns NULL if the history has no such append or item. */
const struct quipu_operation *quipu_history_find_append(
    const struct quipu_history *history, struct quipu_history_origin origin,
    const struct quipu_history_entry **item);

/* Returns true if both origins name the same item. */
bool quipu_history_same_origin(struct quipu_history_origin a,
                               struct quipu_history_origin b);

#endif
