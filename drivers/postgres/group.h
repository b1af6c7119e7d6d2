/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An append under way: the requests that are stored together.
 *
 * append.c   makes attempts until there is an answer
 * planned.c  an attempt by a plan: one round trip
 * plan.c     guesses that all are accepted, and what must hold for that
 * careful.c  an attempt with care: looks, judges, stores
 * looks.c    what the server has of what the group speaks of: questions.c and
 *            answers.c
 * judge.c    says which requests are accepted, with repeats.c and positions.c
 * store.c    sends what is to be stored
 * doubt.c    what became of an attempt that was not answered
 */
#ifndef POSTGRES_DRIVER_GROUP_H
#define POSTGRES_DRIVER_GROUP_H

#include "entries.h"
#include "postgres.h"

#define SECTIONS_MAX 16
#define PLACES_FEW 4
#define TRACKS_FEW 2

/* A schema of the group; they are in the order of their numbers, in which their
 * heads are locked. */
struct section {
    quipu_driver_schema *bound;
    bool sparse;
    bool there;    /* it has a head: it was not torn down */
    bool guarded;  /* a request has guards */
    bool repeated; /* something was stored before */
    bool has_refs; /* positions count from where a sequence ends */
    int32_t demands;
    size_t items; /* to be stored */
    int64_t head; /* before them */
};

/* An item to be stored. */
struct place {
    const quipu_item *item;
    int64_t position; /* counted from the end of sequence `ref`, if not 0 */
    int32_t ref;
    uint32_t section;
};

/* A tracking record to be stored: the last of the group, if the first is
 * accepted. */
struct track {
    const quipu_tracking *last;
    uint32_t section;
    bool found; /* it is there, standing at `stands` */
    bool write; /* there is something to be stored */
    int64_t stands;
    int64_t above; /* it has to stand below this */
};

struct group {
    quipu_driver_datastore *datastore;
    const quipu_request *requests;
    quipu_result *results;
    size_t count;
    size_t item_count; /* of all requests */
    int64_t deadline;
    int64_t patience; /* nanoseconds beyond it, for a long message to travel */
    struct section sections[SECTIONS_MAX];
    uint32_t section_count;
    uint32_t *section_of; /* the requests'; NULL: all are of the first */
    struct entries sequences;
    struct place *places;
    size_t place_count;
    struct track *tracks;
    size_t track_count;
    bool *doubtful; /* requests that a lost attempt may have stored, or NULL */
    bool accepted;  /* there is something to commit */
    bool refused;   /* a request was, or was repeated */
    struct place few_places[PLACES_FEW];
    struct track few_tracks[TRACKS_FEW];
};

static inline uint32_t group_section(const struct group *group, size_t request)
{
    return group->section_of ? group->section_of[request] : 0;
}

/* When an answer must be here.  Locks are not waited for beyond the deadline;
 * then an answer comes. */
int64_t quipu_postgres_group_latest(const struct group *group);

/* Takes in as many requests as fit together; group->count says how many.
 * NO_MEMORY. */
int quipu_postgres_group_init(struct group *group, quipu_error *error);
void quipu_postgres_group_finish(struct group *group);
/* Forgets what was planned or judged. */
void quipu_postgres_group_clear(struct group *group);

/* The track of a record's key, made if it is new. */
struct track *quipu_postgres_group_track(struct group *group,
                                         const quipu_tracking *tracking,
                                         uint32_t section);
/* Enters an item to be stored. */
void quipu_postgres_group_place(struct group *group, const quipu_item *item,
                                int64_t position, int32_t ref,
                                uint32_t section);

/* Supposes that all requests are accepted.  *possible false: they are not, or
 * it depends on more than a plan can say. */
int quipu_postgres_plan(struct group *group, bool *possible,
                        quipu_error *error);

/* Sends what raises the heads and stores places and tracks; so many answers
 * are due. */
unsigned quipu_postgres_send_store(struct group *group,
                                   struct connection *connection);
/* Receives one of those, in turn, and takes in what it tells. */
void quipu_postgres_take_store(struct group *group, unsigned turn,
                               PGresult *result);
/* Tells results from what was stored. */
void quipu_postgres_tell_stored(struct group *group);

/* Begins a transaction with the heads locked, looks, and decides on all
 * requests: results, places and tracks.  NOT_FOUND: torn down. */
int quipu_postgres_judge(struct group *group, struct connection *connection,
                         quipu_error *error);

#endif
