/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of the PostgreSQL driver, each of one or a few calls.  The recorder
 * runs them with a server, the fuzz target with answers of its own.  A session
 * that fails ends early; the driver must stay sound. */
#ifndef FUZZ_POSTGRES_TOUR_H
#define FUZZ_POSTGRES_TOUR_H

#include <quipu/driver.h>

enum tour_session {
    SESSION_OPEN, /* and make the store */
    SESSION_SETUP,
    SESSION_APPEND,
    SESSION_APPEND_NEXT,
    SESSION_APPEND_CONFLICT, /* both passes */
    SESSION_APPEND_REPEAT,   /* as commit recovery finds it */
    SESSION_APPEND_SPARSE,
    SESSION_APPEND_BATCH, /* two schemas, guards, tracking */
    SESSION_TRANSACT,
    SESSION_READ,
    SESSION_READ_LARGE,
    SESSION_LIST,
    SESSION_POINT_READS,
    SESSION_ENTRIES, /* conditions, filters and event ids, too */
    SESSION_ERASE,
    SESSION_TEARDOWN,
    SESSION_COUNT
};

#define TOUR_WHOLE (-1)
#define TOUR_PARTS 16

/* Opens a store and binds its schemas, runs a session, and closes all.
 * `begin` is called before the session, which may be the opening itself.
 * `part` chooses one of the reads of a session that reads, and the schema
 * (even, odd) of one that sets up or tears down; TOUR_WHOLE: all of them.
 * `time` is that of each call, in nanoseconds. */
void tour_run(enum tour_session session, int part, int64_t time,
              void (*begin)(void));

/* Opens a store and binds its schemas.  From here on all sessions but
 * SESSION_OPEN share it, which saves nine tenths of their time.  Each gets it
 * with a new connection and all else as after opening. */
void tour_share_store(int64_t time);

#endif
