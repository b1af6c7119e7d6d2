/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of a projection in some back end: a child process creates version 1,
 * promotes it, creates version 2, promotes that, and retires version 1; and
 * readers look at it in one snapshot each (P6).
 */
#ifndef QUIPU_TESTS_VERSIONS_FIXTURE_H
#define QUIPU_TESTS_VERSIONS_FIXTURE_H

#include "consumer_fixture.h"

enum {
    VERSIONS_EVENTS = 8,
    VERSIONS_PARKED = 3 /* notification id; parked if a context says so */
};

/* The context of a version. */
struct version {
    uint32_t number;
    bool parks; /* refuses the event VERSIONS_PARKED */
    int shown;  /* calls of `show` */
};

/* The rows of a read model, each of which has the notification id of an event
 * and the number of the version that wrote it. */
struct version_rows {
    bool exists;
    int64_t count;
    int64_t last;           /* notification id */
    uint32_t first_version; /* smallest and largest number in a row */
    uint32_t last_version;
};

/* The functions of a back end.  Those in a transaction get a struct version. */
struct versions_backend {
    const char *driver;
    quipu_projection_apply apply; /* adds a row */
    quipu_projection_model create;
    quipu_projection_model drop;
    quipu_projection_model show;
    /* Removes the store of the round before, and writes the name of the new
     * one, for open_log. */
    void (*prepare)(int round, char name[96]);
    /* Reads, each in one snapshot and without quipu, the rows of a version, or
     * those that readers are shown. */
    void (*read)(const char *name, uint32_t number, struct version_rows *rows);
    void (*read_shown)(const char *name, struct version_rows *rows);
};

extern const struct versions_backend versions_sqlite;
extern const struct versions_backend versions_lmdb;
extern const struct versions_backend versions_postgres;

/* The event of VERSIONS_PARKED is refused; otherwise OK. */
int version_check_event(const struct version *version, const quipu_item *item,
                        quipu_error *error);

/* Kills the child at its n-th driver call, for each n until it is not killed
 * any more; checks the store after each kill.  From each state that a kill has
 * left, a second child completes the work. */
void kill_versions_at_each_call(const struct versions_backend *tested);

/* Builds, promotes and retires a version in each round, while two processes
 * append and one reads 50 times a second or more; the child is killed at a
 * later call in each round.  Fails if a reader finds an empty or mixed
 * answer. */
void promote_under_load(const struct versions_backend *tested);

#endif
