/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Benchmarks: the same work in several ways, in turn, in one program; figures
 * are ratios of medians.  docs/benchmarks.md says what is measured and how.
 *
 * A *side* does the work in one way: it appends, reads a sequence, scans the
 * log.  A *workload* is generic over sides.  Each function here ends the
 * program with a message if something fails: a benchmark that half works
 * measures nothing.
 */
#ifndef BENCH_H
#define BENCH_H

#include <quipu/quipu.h>

#include <stddef.h>
#include <stdint.h>

#define BENCH_STATE_SIZE 200
#define BENCH_TOPIC "ledger.account:Credited"
#define BENCH_URI_SIZE 1024
#define BENCH_BATCH_MAX 1000 /* items of an append */

/* ------------------------------------------------------------------ stores */

struct bench_driver;

/* Where a run makes its stores. */
struct bench_place {
    char folder[512];
    const char *server; /* a libpq URI; NULL: there is none */
    char run[9];        /* what tells it from others on the server */
    int lock;           /* a file in the folder, locked */
    void *held;         /* a connection to the server, with a lock, or NULL */
};

/* One store. */
struct bench_store {
    const struct bench_driver *driver;
    const struct bench_place *place;
    char name[560]; /* a path, or a schema on the server; not there yet */
    bool relaxed;   /* durability=relaxed */
    size_t group;   /* appends a commit at most; 0: what quipu has by default */
};

/* One event to fill a store with. */
struct bench_event {
    quipu_uuid sequence;
    int64_t position;
};

/* One way to do the work.  `append` commits `count` events of one sequence at
 * once, at the positions from `first` on; `fill` stores events of any sequences
 * with one commit, and need not check anything; `read` and `scan` touch each
 * item's topic and state, and return the number of items seen. */
struct bench_side {
    const char *name;
    void *(*open)(const struct bench_store *store);
    void (*append)(void *side, const quipu_uuid *sequence, int64_t first,
                   size_t count);
    void (*fill)(void *side, const struct bench_event *events, size_t count);
    size_t (*read)(void *side, const quipu_uuid *sequence);
    size_t (*scan)(void *side);
    void (*close)(void *side);
};

/* A side of the functions that each file of a side has. */
#define BENCH_SIDE(label)                                                   \
    {                                                                       \
        .name = (label), .open = open_side, .append = append, .fill = fill, \
        .read = read_sequence, .scan = scan, .close = close_side            \
    }

/* Appends by a side's `fill`, where this checks as much as `append` must. */
void bench_append_by(void (*fill)(void *side, const struct bench_event *events,
                                  size_t count),
                     void *side, const quipu_uuid *sequence, int64_t first,
                     size_t count);

/* A driver, the same by hand, and what has to be known of its stores. */
struct bench_driver {
    const char *name;
    const struct bench_side *hand;
    bool on_server;
    /* The store's URI without options, and what begins the options. */
    void (*uri)(const struct bench_store *store, char *uri, size_t size);
    void (*remove)(const struct bench_store *store);
    /* Bytes on disk. */
    uint64_t (*size)(const struct bench_store *store);
};

extern const struct bench_driver *const bench_drivers[]; /* NULL ends them */
extern const struct bench_side bench_records;
extern const struct bench_side bench_events;

/* A store that is not there yet; `label` tells it from others. */
void bench_store_init(struct bench_store *store,
                      const struct bench_driver *driver,
                      const struct bench_place *place, const char *label);
/* Its URI, with all options. */
void bench_store_uri(const struct bench_store *store, char *uri, size_t size);
/* Opens it, with quipu's stored events set up. */
quipu_datastore *bench_store_open(const struct bench_store *store);

/* Makes the place, in a folder and on a server or NULL, and removes what runs
 * left there that were killed. */
void bench_place_make(struct bench_place *place, const char *parent,
                      const char *server);
/* Removes all that the run has made. */
void bench_place_clear(struct bench_place *place);
/* Bytes that are free in its folder. */
double bench_place_free(const struct bench_place *place);

/* Stores on a PostgreSQL server, and the schemas of runs that are dead; a run
 * lives as long as it holds what it was given. */
void *bench_server_hold(const char *uri, const char *run);
void bench_server_release(void *held);
void bench_server_sweep(const char *uri);
void bench_server_name(const struct bench_place *place, const char *label,
                       char *name, size_t size);
void bench_server_uri(const struct bench_store *store, char *uri, size_t size);
void bench_server_remove(const struct bench_store *store);
uint64_t bench_server_size(const struct bench_store *store);

/* From here on signals that end the program wait until it is supervised. */
void bench_hold_signals(void);
/* Works in a child process, and then clears, however that has ended; the exit
 * status. */
int bench_supervise(void (*work)(void *context), void *context,
                    void (*clear)(void *context));

extern const struct bench_side bench_hand_sqlite;
extern const struct bench_side bench_hand_lmdb;
extern const struct bench_side bench_hand_postgres;

/* ------------------------------------------------------------------- works */

#define BENCH_ROUNDS_MAX 32

/* A piece of work, done again and again. */
struct bench_work {
    const char *name; /* "append.1" */
    /* Does it for the n-th time; returns the number of events. */
    size_t (*run)(const struct bench_work *work, const struct bench_side *side,
                  void *opened, size_t n);
    /* Prepares a store before the clock starts, or NULL. */
    void (*prepare)(const struct bench_work *work,
                    const struct bench_side *side, void *opened);
    size_t batch; /* events a commit, or items a sequence */
    size_t times; /* how often between two looks at the clock */
    bool relaxed;
};

extern const struct bench_work bench_works[];
extern const size_t bench_work_count;

/* Measures `work` by hand, by records and by events, in turn, `rounds` times,
 * each time in fresh stores. */
void bench_measure(const struct bench_work *work,
                   const struct bench_driver *driver,
                   const struct bench_place *place, size_t rounds);

/* Threads that append to one datastore, sharing commits or not, in turn. */
void bench_groups(const struct bench_driver *driver,
                  const struct bench_place *place, size_t rounds,
                  const char *const *patterns, size_t pattern_count);

/* How appends, replays, scans, the store's size and the memory of a scan grow
 * up to `most` items. */
void bench_growth(const struct bench_driver *driver,
                  const struct bench_place *place, size_t most);

/* ------------------------------------------------------------------ reports */

/* One figure; what is 0 is left out. */
struct bench_figure {
    const char *driver;
    const char *name;
    const char *suffix; /* ".events", or "" */
    const char *unit;
    double quipu;
    double baseline;
    double low, high;        /* the smallest and the largest ratio of a round */
    double longest;          /* milliseconds that one call took at most */
    double baseline_longest; /* the same of the baseline */
};

/* Lines of JSON go to that file, too. */
void bench_report_to(const char *file);
void bench_report(const struct bench_figure *figure);

/* Reports a figure with the medians of its rounds, and how far apart the ratios
 * of the rounds were. */
void bench_report_rounds(struct bench_figure figure, const double *rates,
                         const double *baselines, size_t rounds);

/* Whether there are no patterns, or "driver.name" contains one. */
bool bench_wanted(const char *driver, const char *name,
                  const char *const *patterns, size_t count);

/* -------------------------------------------------------------------- tools */

/* A state of BENCH_STATE_SIZE bytes, the same for all sides. */
extern const unsigned char bench_state[BENCH_STATE_SIZE];

/* The id of the n-th sequence: spread over the key space as random ids are. */
quipu_uuid bench_sequence(size_t n);

/* Uses bytes so that no compiler leaves the reading out. */
void bench_touch(const void *data, size_t size);

/* Processes that want a processor, the mean of the last minute. */
double bench_load(void);

/* Seconds of a clock that only goes on. */
double bench_now(void);

/* Zeroed memory; never NULL. */
void *bench_allocate(size_t size);

/* Ends the program with what went wrong, unless `status` is QUIPU_OK. */
void bench_need(int status, const quipu_error *error, const char *what);
_Noreturn void bench_die(const char *what, const char *why);

#endif
